"""What each route may refuse, with an example of each: from the actions that it declares, its path and its body."""

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from amana.client.text import load
from amana.policy.people import Who
from amana.policy.rights import RULES, Action, Rule, unfit
from amana.policy.transitions import RunEvent
from amana.terms.codes import CODES
from amana.terms.refusal import Fault, Place, Refusal
from amana.web.access import SPENDS
from amana.web.operations import Json, Operation, resolved
from amana.web.problems import fault_of, problem_of, status_of

Failure: TypeAlias = Refusal | Fault
STATUSES: Final[Mapping[str, str]] = {
    "401": "Whoever asks has to sign in first",
    "403": "Whoever asks may not do this, or not in this way",
    "404": "There is no such thing, or whoever asks may not see it",
    "409": "This is not possible as things stand now: look again",
    "413": "The request is too large",
    "422": "The request cannot be understood or done as it is written",
    "429": "Too many requests: come again later",
    "4XX": "Any other refusal: nothing was done",
    "500": "A fault: whoever runs the node finds it by its id",
    "503": "The node cannot answer now",
}
ENGLISH: Final = load("en")
NAME: Final = "nothing"
"""Of a thing that is not there."""
TOKEN: Final = "4e4e10eef2924843e32f7a4d84ffc233"  # noqa: S105 - the name of one


def refusals(operation: Operation, found: Json) -> dict[str, list[Refusal]]:
    """By status; what every route may answer is not among them."""
    by_status: dict[str, list[Refusal]] = {}
    for each in (*_of_rights(operation), *_of_things(operation, found), *_of_changes(operation), *_of_requests(operation, found)):
        by_status.setdefault(str(status_of(each.code)), []).append(each)
    return by_status


def shown(failure: Failure) -> Json:
    """As a reader of English gets it."""
    return fault_of(failure, catalogue=ENGLISH) if isinstance(failure, Fault) else problem_of(failure, catalogue=ENGLISH)


def _of_rights(operation: Operation) -> Iterator[Refusal]:
    if operation.public:
        return
    rules = [RULES[Action(action)] for action in operation.actions]
    yield Refusal("rights.sign_in_needed", action=rules[0].action.word) if rules else Refusal("sign_in.needed")
    told = {each.code: each for each in map(_of_rule, rules)}
    yield from told.values()
    if operation.method != "GET":
        yield Refusal("http.cross_site")


def _of_rule(rule: Rule) -> Refusal:
    """What whoever is not the one for it is told; where everybody is, or another's is as if it were not there, what her token is told."""
    if not {Who.PERSON, Who.OWNER} & set(rule.who):
        return unfit(rule)
    if rule.scope is None:
        own = Who.OWNER in rule.who
        return Refusal("token.not_by_token") if own else Refusal("rights.no_token", action=rule.action.word)
    return Refusal("rights.token_scope", token=TOKEN, scope=rule.scope.value, action=rule.action.word)


def _of_things(operation: Operation, found: Json) -> Iterator[Refusal]:
    body = _body(operation, found).get("properties", {})
    named = body if "sql" not in body else ("dataset",) if "dataset" in body else ()  # a question finds its permit by other refusals
    for field in (*operation.fields, *named):
        thing = f"word.thing.{field}"
        if (operation.group, field) in {("datasets", "name"), ("registers", "name"), ("models", "dataset")}:
            yield Refusal("node.unknown_dataset", name=NAME, names="clinic")
        elif f"{field}.unknown" in CODES:
            unknown: dict[str, str | int] = {field: NAME}
            yield Refusal(f"{field}.unknown", where=None, **unknown)
        elif ENGLISH.has(thing):
            yield Refusal("node.not_found", thing=thing, name=NAME)
            return


def _of_changes(operation: Operation) -> Iterator[Refusal]:
    if operation.method == "GET":
        return
    events = [rule.event for rule in (RULES[Action(action)] for action in operation.actions) if rule.event is not None]
    if operation.written.get(SPENDS):
        yield Refusal("budget.population_exhausted", population="residents", percent=112, dataset="clinic")
    elif any(isinstance(event, RunEvent) for event in events):
        yield Refusal("job.begun", job="j-4be1")
    elif events:
        yield Refusal("node.changed_meanwhile")
    if any(each["name"] == "Idempotency-Key" for each in operation.written["parameters"]):
        yield Refusal("http.still_running", seconds=2)


def _of_requests(operation: Operation, found: Json) -> Iterator[Refusal]:
    body = _body(operation, found)
    if body:
        yield Refusal("http.body_too_large", bytes_max=1_000_000)
    fields = body.get("properties", {})
    if "link" in fields:
        yield Refusal("sign_in.link_void")
    if "answer" in fields:
        yield Refusal("passkey.not_accepted", url="https://node.example")
    if Action.ASK.value in operation.actions and "sql" in fields:
        yield Refusal("permit.none", dataset="clinic")
    if "sql" in fields:
        where = Place(line=1, column=40, length=5)
        yield Refusal("sql.unknown_table", where=where, table="visit", tables="visits")
    if operation.group == "programme" and operation.method == "POST" and "indicator" in fields:
        yield Refusal("programme.none_adopted")
    if operation.written.get(SPENDS):
        yield Refusal("http.key_needed")
    if operation.group == "health":  # it heeds no parameters
        return
    limits = {each["name"]: each["schema"]["maximum"] for each in operation.written["parameters"] if "maximum" in each["schema"]}
    if body.get("required"):
        yield Refusal("http.bad_request", field=body["required"][0], wanted="word.present")
    elif limits:
        field, most = next(iter(limits.items()))
        yield Refusal("http.bad_request", field=field, wanted="word.at_most", number=most)
    else:
        yield Refusal("http.bad_request", field="colour", wanted="word.absent")


def _body(operation: Operation, found: Json) -> Json:
    """The schema of what is sent; empty where nothing is."""
    sent = operation.written.get("requestBody", {}).get("content", {}).get("application/json")
    return {} if sent is None else resolved(sent["schema"], found)
