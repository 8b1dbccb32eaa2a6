"""A policy on its custodian's desk: checked as she writes it, and published from files that lie on the node's own machine."""

from collections.abc import Sequence
from pathlib import PurePath

from fastapi import Response

from amana.policy.people import Role
from amana.policy.rights import RULES, Action, unfit
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.pages.reader import Reader
from amana.web.pages.render import page
from amana.web.pages.route import Filled, Mine, gone_to, personal_pages
from amana.web.pages.rules_seen import Problem, Seen, problems, seen
from amana.web.pages.words import hour_of
from amana.web.problems import status_of

router = personal_pages()
PATH = "/desk/custodian/rules"
RULES_CHARACTERS_MAX = 300_000


@router.get(PATH, openapi_extra=doing(Action.PUBLISH_DATASET))
def rules(reader: Mine) -> Response:
    """An empty sheet, and how the last publishing ended."""
    _custodian(reader)
    return _sheet(reader, text="")


@router.post(PATH, openapi_extra=doing(Action.PUBLISH_DATASET))
def check_or_publish(reader: Mine, form: Filled) -> Response:
    """What is right and wrong with the rules or, with `do=publish`, the beginning of their publishing."""
    _custodian(reader)
    form.text("rules", most=RULES_CHARACTERS_MAX, needed=True)
    text, chosen = form.fields["rules"][0].replace("\r\n", "\n"), form.all("file")  # as it stands: empty lines count
    found, publishes = problems(reader, text), form.text("do", most=20) == "publish"
    if found:
        return _sheet(reader, text=text, found=found, status=422 if publishes else 200)  # a check that finds something is a good check
    shown = seen(reader, text)
    try:
        reader.service.publishing.check_against(shown.dataset)
        if not publishes:
            return _sheet(reader, text=text, shown=shown)
        reader.service.publishing.begin(reader.who, rules=text, names=chosen)
    except Refusal as refusal:
        return _sheet(reader, text=text, shown=shown, chosen=chosen, refusal=refusal, status=status_of(refusal.code))
    return gone_to(reader, PATH)


def _custodian(reader: Reader) -> None:
    """Errors: Refusal rights.custodian_needed."""
    if Role.CUSTODIAN not in reader.who.person.roles:
        raise unfit(RULES[Action.PUBLISH_DATASET])


def _stems(shown: Seen) -> frozenset[str]:
    """What the files of the tables are called, whatever their form."""
    return frozenset(PurePath(name).stem for name in shown.files)


def _sheet(
    reader: Reader, *, text: str, found: Sequence[Problem] = (), shown: Seen | None = None, chosen: Sequence[str] = (),
    refusal: Refusal | None = None, status: int = 200,
) -> Response:  # fmt: skip
    publishing = reader.service.publishing
    return page(
        reader,
        "custodian_rules.html",
        status=status,
        refusal=refusal,
        text=text,
        problems=found,
        seen=shown,
        folder=publishing.folder(reader.who) is not None,
        files=publishing.files(reader.who),
        chosen=chosen or [name for name in publishing.files(reader.who) if shown is not None and PurePath(name).stem in _stems(shown)],
        publishing=publishing.last(reader.who),
        hour=hour_of,
    )
