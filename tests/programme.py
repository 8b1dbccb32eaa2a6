"""A small plan for tests, and a node that carries it out: its owner is the University, an Inspectorate verifies."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path

from amana.node.statements import Stated
from amana.policy.people import Asker, OrganisationKind, Role
from amana.programme.evidence import Shown
from amana.programme.plan import LANGUAGES
from amana.terms.ids import EvidenceId, PersonId
from tests.doors.http_node import SQL, HttpNode, http_node, session_of

SOURCE = (
    "We open our data. We count the people whom we see. We train young people: forty of them.\n"
    "All of this is written in the plan of the country, and it is for everybody to see how far we are with it.\n"
)
MORE: dict[str, tuple[str, Role]] = {
    "planner": ("University", Role.PLANNER),
    "verifier": ("Inspectorate", Role.VERIFIER),
    "insider": ("University", Role.VERIFIER),
    "stranger": ("Inspectorate", Role.PLANNER),
}
"""People beside those of `http_node.ROLES`: `insider` verifies in the owner's own house, `stranger` owns no commitment."""
SHA = hashlib.sha256(b"a report").hexdigest()
IN_SCRIPT = {"ar": "نص", "fr": "texte", "zgh": "ⴰⴹⵕⵉⵚ", "en": "text"}


def words(english: str) -> str:
    """A table of TOML with a text in each language."""
    return "{ " + ", ".join(f'{language} = "{IN_SCRIPT[language]} {english}"' for language in LANGUAGES) + " }"


def span(sentence: str, *, text: str = SOURCE) -> str:
    """Where a sentence stands in the source."""
    start = text.index(sentence)
    digest = hashlib.sha256(sentence.encode()).hexdigest()
    return f'{{ source = "speech", from = {start}, to = {start + len(sentence)}, sha256 = "{digest}" }}'


LOG = '{ fold = "count_distinct", member = "dataset", of = "dataset", with = [{ of = "use", on = { dataset = "dataset" }, where = { verb = ["profile"] } }] }'


def plan_text(
    *, version: int = 1, owner: str = "University", open_target: str = "1", log: str = LOG, sql: str = SQL, extra: str = ""
) -> str:
    """The plan: open data (E1), people seen (E2), young people trained (E3, with a milestone)."""
    return f"""
plan = "small"
version = {version}
title = {words("plan")}
[[source]]
id = "speech"
sha256 = "{hashlib.sha256(SOURCE.encode()).hexdigest()}"
date = 2025-07-02
title = {words("speech")}
[[theme]]
id = "data"
title = {words("data")}
[[theme]]
id = "people"
title = {words("people")}
[[event]]
id = "day"
kind = "conference"
first = 2025-07-01
last = 2025-07-02
title = {words("day")}
figure = [ {{ category = "speakers", count = 40, at_least = true, span = {span("forty")} }} ]
[[agreement]]
id = "accord"
kind = "agreement"
signed_on = 2025-07-02
event = "day"
span = {span("We open our data.")}
title = {words("accord")}
party = [ {words("one")}, {words("two")} ]
[[commitment]]
id = "open-data"
theme = "data"
owner = "{owner}"
due = 2099-12-31
sdg = [9, 16]
agreement = "accord"
event = "day"
span = {span("We open our data.")}
title = {words("open data")}
summary = {words("open data, in short")}
[[commitment.indicator]]
id = "datasets"
direction = "up"
title = {words("datasets")}
unit = {words("sets")}
baseline = {{ value = "0", on = 2025-07-02 }}
targets = [ {{ period = "2098", value = "{open_target}" }} ]
method = {{ log = {log} }}
[[commitment]]
id = "people-seen"
theme = "people"
owner = "{owner}"
partners = ["Tests"]
due = 2099-12-31
span = {span("We count the people whom we see.")}
title = {words("people seen")}
summary = {words("people seen, in short")}
[[commitment.indicator]]
id = "seen"
direction = "up"
title = {words("seen")}
unit = {words("visits")}
baseline = {{ value = "0", on = 2025-07-02 }}
targets = [ {{ period = "2098", value = "1000" }} ]
[commitment.indicator.method.private]
dataset = "test"
sql = "{sql}"
within = "10%"
figure = "visits"
by = "region"
[[commitment]]
id = "training"
theme = "people"
owner = "{owner}"
due = 2099-12-31
event = "day"
span = {span("We train young people: forty of them.")}
title = {words("training")}
summary = {words("training, in short")}
[[commitment.indicator]]
id = "trained"
direction = "up"
title = {words("trained")}
unit = {words("people")}
baseline = {{ value = "0", on = 2025-07-02 }}
targets = [ {{ period = "2097", value = "20" }}, {{ period = "2098", value = "40" }} ]
method = {{ document = {words("a report of who was trained")} }}
[[commitment.milestone]]
id = "half"
due = 2097-06-30
title = {words("half of them")}
done_when = {{ indicator = "trained", value = "20" }}
{extra}
"""


@dataclass
class Carried:
    """A node with its people; `asker` gives one who has just stepped up, as a demo link does."""

    node: HttpNode
    ids: dict[str, PersonId] = field(default_factory=dict)

    def asker(self, who: str) -> Asker:
        service = self.node.service
        return service.sign_in.by_session(session_of(service, self.ids[who]), now=service.now())

    def adopt(self, text: str = "", *, who: str = "decider") -> None:
        self.node.service.programme.adopt(self.asker(who), content=(text or plan_text()).encode())

    def state(
        self, value: int, *, who: str = "planner", on: date | None = None, shown: bool = True, indicator: str = "trained"
    ) -> EvidenceId:
        """Evidence for the training, with a document or as a claim."""
        service = self.node.service
        document = Shown(sha256=SHA, title="A report", link="") if shown else None
        stated = Stated(indicator=indicator, on=on or service.now().date(), value=Fraction(value), shown=document, note="")
        return service.programme.state(self.asker(who), stated=stated)

    def verify(self, evidence: EvidenceId, *, who: str = "verifier", verdict: str = "confirm", sha256: str = SHA) -> None:
        self.node.service.programme.verify(self.asker(who), evidence=evidence, verdict=verdict, reasons="I compared them.", sha256=sha256)

    def measure(self, *, who: str = "planner") -> EvidenceId:
        """The private figure, by a plan owner who is in the permit's project."""
        return self.node.service.private_figures.measure(self.asker(who), indicator="seen", permit=self.node.permit)

    def statuses(self) -> dict[str, str]:
        found = self.node.service.programme_state.evaluation()
        return {each.commitment.id: each.status.value for each in found.standings}


@contextmanager
def carried(folder: Path, *, settings: str = "") -> Iterator[Carried]:
    """The node. Its planner is a researcher too, and a member of the project that holds the permit."""
    with http_node(folder, settings=settings) as node:
        people = node.service.people
        people.add_organisation(None, name="Inspectorate", kind=OrganisationKind.AUTHORITY)
        made = Carried(node=node, ids=dict(node.people))
        for name, (organisation, role) in MORE.items():
            made.ids[name] = people.add_person(None, name=name.title(), organisation=organisation, language="en")
            people.give_role(None, person=made.ids[name], role=role)
        people.give_role(None, person=made.ids["planner"], role=Role.RESEARCHER)
        people.accredit(None, person=made.ids["planner"], valid_until=in_year(node.service.now(), 2090))
        node.service.projects.add_member(made.asker("applicant"), project=node.project, person=made.ids["planner"])
        yield made


def in_year(at: datetime, year: int) -> datetime:
    """The first day of that month in another year."""
    return at.replace(year=year, day=1)
