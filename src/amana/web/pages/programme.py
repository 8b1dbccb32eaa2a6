"""The national programme for everybody: what was promised, where it stands and by what evidence, and what it came from."""

from dataclasses import dataclass
from itertools import groupby
from typing import Annotated, Literal, TypeAlias, TypeVar, final
from urllib.parse import urlencode

from fastapi import Query, Response

from amana.log.programme_kinds import CommitmentEntry, EvidenceEntry, PlanEntry, VerificationEntry
from amana.node.consultation_rows import Opened
from amana.policy.rights import Action
from amana.programme.evaluate import Brought
from amana.programme.plan import Agreement, Event, SourceText, Words
from amana.programme.status import Standing, Status
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.pages.programme_gauges import gauge_of
from amana.web.pages.programme_words import Tally, lines_of, missing, since_of, tallies_of, why
from amana.web.pages.projects import Number, entries_told
from amana.web.pages.reader import Reader
from amana.web.pages.render import page
from amana.web.pages.route import Read, public_pages
from amana.web.pages.words import day_of

SHOWN = 12
HISTORY_SHOWN = 8
NAME_CHARACTERS_SHOWN = 80
router = public_pages()
Theme = Annotated[str, Query(max_length=40)]
Owner = Annotated[str, Query(max_length=200)]
State = Literal["", "no_evidence", "started", "on_track", "late", "done", "dropped"]
HistoryEntry: TypeAlias = PlanEntry | EvidenceEntry | VerificationEntry | CommitmentEntry
_Named = TypeVar("_Named", Agreement, Event)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which commitments a list shows; empty: all of them."""

    theme: str = ""
    status: str = ""
    owner: str = ""

    def holds(self, standing: Standing) -> bool:
        """Whether a commitment is among them."""
        pairs = (
            (self.theme, standing.commitment.theme), (self.status, standing.status.value), (self.owner, standing.commitment.owner)
        )  # fmt: skip
        return all(not wanted or wanted == given for wanted, given in pairs)

    def query(self, **other: object) -> str:
        """The query of an address with that choice, some of it changed."""
        named = {"theme": self.theme, "status": self.status, "owner": self.owner, **other}
        return "?" + urlencode({name: value for name, value in named.items() if value})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Where a plan stands, for one line of another page."""

    title: Words
    tallies: tuple[Tally, ...]
    number: int


@router.get("/programme", openapi_extra=doing(Action.SEE_PUBLIC))
def programme(reader: Read, number: Number = 1, theme: Theme = "", status: State = "", owner: Owner = "") -> Response:
    """The plan, and where its commitments stand; some of them where a theme, a status or an owner is named. Errors: Refusal
    node.not_found for a theme or an owner that the plan does not name, and beyond the last page."""
    state = reader.service.programme_state
    if state.plan() is None:
        return page(reader, "programme.html", plan=None)
    evaluation = state.evaluation()
    plan, chosen = evaluation.plan, Chosen(theme=theme, status=status, owner=owner)
    order = {each.id: place for place, each in enumerate(plan.themes)}
    if theme not in {"", *order} or owner not in {"", *(each.owner for each in plan.commitments)}:
        raise _unknown(theme if theme not in {"", *order} else owner)
    found = sorted((each for each in evaluation.standings if chosen.holds(each)), key=lambda each: order[each.commitment.theme])
    here = found[(number - 1) * SHOWN : number * SHOWN]
    if number > 1 and not here:
        raise _unknown(str(number))
    return page(
        reader,
        "programme.html",
        plan=plan,
        evaluation=evaluation,
        tallies=tallies_of(evaluation.standings),
        chosen=chosen,
        groups=tuple((theme, tuple(lines)) for theme, lines in groupby(lines_of(reader, evaluation, here), key=lambda each: each.theme)),
        owners=sorted({each.owner for each in plan.commitments}),
        number=number,
        more=len(found) > number * SHOWN,
        asked=_asked(reader),
        address=reader.service.settings.public_url,
    )


@router.get("/programme/commitments/{name}", openapi_extra=doing(Action.SEE_PUBLIC))
def commitment(reader: Read, name: str) -> Response:
    """One commitment. Errors: Refusal node.not_found, programme.none_adopted."""
    state = reader.service.programme_state
    evaluation = state.evaluation()
    standing = evaluation.standing(name)
    if standing is None:
        raise Refusal("node.not_found", thing="word.thing.commitment", name=name[:NAME_CHARACTERS_SHOWN])
    plan, found = evaluation.plan, standing.commitment
    changes = [each for each in state.changes(plan.id) if each.commitment == name]
    brought = state.brought()
    entries = [index for index, each in brought.history if commitment_of(each, brought) == name]
    return page(
        reader,
        "programme_commitment.html",
        plan=plan,
        evaluation=evaluation,
        standing=standing,
        commitment=found,
        theme=next(each.title for each in plan.themes if each.id == found.theme),
        source=_source(plan.sources, found.span.source),
        agreement=next((each for each in plan.agreements if each.id == found.agreement), None),
        event=next((each for each in plan.events if each.id == found.event), None),
        since=since_of(reader, evaluation).get((found.id, standing.status.value), ""),
        why=why(reader, evaluation, standing),
        gauges=tuple(gauge_of(reader, evaluation, each) for each in standing.measures),
        missing=missing(reader, standing),
        over=standing.status in {Status.DONE, Status.DROPPED},
        changes=tuple((day_of(each.at), each.status, each.size) for each in changes[:HISTORY_SHOWN]),
        entries=entries_told(reader, entries[-HISTORY_SHOWN:]),
        address=reader.service.settings.public_url,
    )


@router.get("/programme/agreements", openapi_extra=doing(Action.SEE_PUBLIC))
def agreements(reader: Read) -> Response:
    """What was signed. Errors: Refusal programme.none_adopted."""
    evaluation = reader.service.programme_state.evaluation()
    counts = {
        each.id: tallies_of([one for one in evaluation.standings if one.commitment.agreement == each.id])
        for each in evaluation.plan.agreements
    }
    return page(reader, "programme_agreements.html", plan=evaluation.plan, counts=counts)


@router.get("/programme/agreements/{name}", openapi_extra=doing(Action.SEE_PUBLIC))
def agreement(reader: Read, name: str) -> Response:
    """One agreement, and what was promised in it. Errors: Refusal node.not_found, programme.none_adopted."""
    evaluation = reader.service.programme_state.evaluation()
    found = _named(evaluation.plan.agreements, name)
    return page(
        reader,
        "programme_agreement.html",
        agreement=found,
        source=_source(evaluation.plan.sources, found.span.source),
        event=next((each for each in evaluation.plan.events if each.id == found.event), None),
        lines=lines_of(reader, evaluation, [each for each in evaluation.standings if each.commitment.agreement == name]),
    )


@router.get("/programme/events/{name}", openapi_extra=doing(Action.SEE_PUBLIC))
def event(reader: Read, name: str, number: Number = 1) -> Response:
    """A conference or a consultation, and what came of it. Errors: Refusal node.not_found, programme.none_adopted."""
    evaluation = reader.service.programme_state.evaluation()
    found = _named(evaluation.plan.events, name)
    outcomes = [each for each in evaluation.standings if each.commitment.event == name]
    here = outcomes[(number - 1) * SHOWN : number * SHOWN]
    if number > 1 and not here:
        raise _unknown(str(number))
    return page(
        reader,
        "programme_event.html",
        event=found,
        agreements=tuple(each for each in evaluation.plan.agreements if each.event == name),
        lines=lines_of(reader, evaluation, here),
        number=number,
        more=len(outcomes) > number * SHOWN,
    )


def overview(reader: Reader) -> Overview | None:
    """Where the adopted plan stands; None before the first."""
    state = reader.service.programme_state
    if state.plan() is None:
        return None
    evaluation = state.evaluation()
    return Overview(title=evaluation.plan.title, tallies=tallies_of(evaluation.standings), number=len(evaluation.standings))


def _named(every: tuple[_Named, ...], name: str) -> _Named:
    found = next((each for each in every if each.id == name), None)
    if found is None:
        raise _unknown(name)
    return found


def _source(sources: tuple[SourceText, ...], name: str) -> SourceText:
    return next(each for each in sources if each.id == name)


def commitment_of(entry: HistoryEntry, brought: Brought) -> str:
    """Of which commitment an entry of the log tells, or of whose evidence; empty where of the whole plan."""
    match entry:
        case PlanEntry():
            return ""
        case EvidenceEntry() | CommitmentEntry():
            return entry.commitment
        case VerificationEntry():
            return brought.evidence[entry.evidence][1].commitment


def _unknown(name: str) -> Refusal:
    return Refusal("node.not_found", thing="word.thing.part_of_plan", name=name[:NAME_CHARACTERS_SHOWN])


def _asked(reader: Reader) -> Opened | None:
    """The consultation in which everybody is asked now, if there is one."""
    today = reader.service.now().date()
    found = (opened for opened, _ in reader.service.consultations.consultations())
    return next((each for each in found if each.answers is None and each.until >= today), None)
