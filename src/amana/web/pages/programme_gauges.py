"""An indicator as its commitment's page shows it, and on a page of its own with everything that it was measured by."""

from dataclasses import dataclass
from typing import Annotated, final

from fastapi import Query, Response
from markupsafe import Markup

from amana.log.look import find_entry
from amana.log.tree import leaf_hash
from amana.policy.rights import Action
from amana.programme.evaluate import Evaluation
from amana.programme.evidence import EvidenceError, Shown, read_evidence
from amana.programme.fold import Fold, Share, digest_of, written_query
from amana.programme.plan import Document, PrivateFigure
from amana.programme.status import Measure, Observation
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.pages.log import INDEX_MAX, reader_of, size_of, undamaged
from amana.web.pages.programme_chart import drawn_way
from amana.web.pages.programme_queries import query_told
from amana.web.pages.programme_words import against_told, figure_told, measured, reason_of, value_told
from amana.web.pages.projects import entries_told
from amana.web.pages.reader import Reader
from amana.web.pages.render import ltr, page
from amana.web.pages.route import Read, public_pages
from amana.web.pages.told import dataset_named, isolated, known_of

OBSERVATIONS_SHOWN = 6
ENTRIES_SHOWN = 4
router = public_pages()
Entry = Annotated[int | None, Query(ge=0, le=INDEX_MAX)]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """`now`: the figure that counts, with its unit, None where none does; `reason`: why none does; `claims`: figures that were only
    claimed, the latest first, with their days; `wanted`: what is to be reached next, and until when."""

    id: str
    title: Markup
    current: Observation | None
    now: Markup | None
    reason: str
    claims: tuple[tuple[Markup, str], ...]
    wanted: Markup
    until: str
    baseline: Markup
    since: str
    picture: Markup


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An observation in words. `against`: why it weighs nothing, or empty; `use`: the entry of the use whose answer it is, or empty;
    `shown`: the document that the figure is in; `organisation`, `verifier`: who brought it, and who judged it."""

    observation: Observation
    figure: Markup
    against: str
    use: str
    shown: Shown | None
    organisation: Markup
    verifier: Markup


@router.get("/programme/indicators/{name}", openapi_extra=doing(Action.SEE_PUBLIC))
def indicator(reader: Read, name: str, entry: Entry = None) -> Response:
    """One indicator: how it is measured, and every piece of evidence. `entry`: which entry of the log is to be checked here; otherwise the
    last that counts. Errors: Refusal node.not_found, programme.none_adopted."""
    evaluation = reader.service.programme_state.evaluation()
    places = [(standing, each) for standing in evaluation.standings for each in standing.measures if each.indicator.id == name]
    if not places:
        raise Refusal("node.not_found", thing="word.thing.indicator", name=name[:80])
    standing, measure = places[0]
    method = measure.indicator.method
    known = known_of(reader.service, [])
    checkable = _entries(measure)
    if entry is not None and entry not in checkable:
        raise Refusal("node.not_found", thing="word.thing.evidence", name=str(entry))
    checked = entry if entry is not None else _main_entry(measure)
    counted = measure.observations[-1].entries if isinstance(method, Fold | Share) and measure.observations else ()
    return page(
        reader,
        "programme_indicator.html",
        commitment=standing.commitment,
        indicator=measure.indicator,
        gauge=gauge_of(reader, evaluation, measure),
        query=query_told(reader, method) if isinstance(method, Fold | Share) else (),
        query_json=written_query(method) if isinstance(method, Fold | Share) else "",
        query_digest=digest_of(method) if isinstance(method, Fold | Share) else "",
        private=method if isinstance(method, PrivateFigure) else None,
        dataset=dataset_named(reader, method.dataset, known=known) if isinstance(method, PrivateFigure) else "",
        document=method if isinstance(method, Document) else None,
        seen=tuple(_seen(reader, measure, each) for each in reversed(measure.observations[-OBSERVATIONS_SHOWN:])),
        more=len(measure.observations) > OBSERVATIONS_SHOWN,
        targets=tuple(
            (each.period.last.isoformat(), measured(reader, value_told(each.value), measure)) for each in measure.indicator.targets
        ),
        entries=entries_told(reader, counted[-ENTRIES_SHOWN:]),
        index=checked,
        leaf=None if checked is None else _leaf(reader, checked),
        entry=Markup() if checked is None else Markup('<a href="{}">{}</a>').format(reader.at(f"/log/{checked}"), ltr(checked)),
    )


def gauge_of(reader: Reader, evaluation: Evaluation, measure: Measure) -> Gauge:
    """An indicator in words, with its drawing."""
    indicator = measure.indicator
    ahead = measure.next if measure.next is not None else indicator.targets[-1]
    now = None if measure.current is None else measured(reader, figure_told(measure.current), measure)
    wanted = measured(reader, value_told(ahead.value), measure)
    baseline = measured(reader, value_told(indicator.baseline), measure)
    reason = "" if now is not None else reason_of(reader, measure)
    claims = [each for each in measure.observations if each.basis == "E4" and each.value is not None]
    told = {
        "title": reader.pick(indicator.title), "baseline": baseline, "since": ltr(indicator.baseline_on.isoformat()),
        "wanted": wanted, "until": ltr(ahead.period.last.isoformat()), "now": reason if now is None else now,
    }  # fmt: skip
    return Gauge(
        id=indicator.id,
        title=reader.pick(indicator.title),
        current=measure.current,
        now=now,
        reason=reason,
        claims=tuple((measured(reader, figure_told(each), measure), each.on.isoformat()) for each in reversed(claims[-2:])),
        wanted=wanted,
        until=ahead.period.last.isoformat(),
        baseline=baseline,
        since=indicator.baseline_on.isoformat(),
        picture=drawn_way(measure, today=evaluation.today, label=reader.tell("page.programme.drawn", **told).striptags()),
    )


def _seen(reader: Reader, measure: Measure, observation: Observation) -> Seen:
    service = reader.service
    brought = service.programme_state.brought().evidence.get(observation.evidence)
    shown = None
    if observation.basis == "E3" and (content := service.programme_state.document(observation.document)) is not None:
        try:
            shown = read_evidence(content).shown
        except EvidenceError:
            shown = None  # why it weighs nothing says so
    return Seen(
        observation=observation,
        figure=measured(reader, figure_told(observation), measure),
        against=against_told(reader, observation),
        use="" if brought is None else brought[1].use,
        shown=shown,
        organisation=isolated(observation.organisation),
        verifier=isolated(observation.verifier),
    )


def _entries(measure: Measure) -> frozenset[int]:
    """The entries of the log that an indicator rests on."""
    own = {each.entry for each in measure.observations if each.entry is not None}
    return frozenset(own | {index for each in measure.observations for index in each.entries})


def _main_entry(measure: Measure) -> int | None:
    """The entry of the figure that counts, of a count the last that it was made of; else the latest there is."""
    chosen = measure.current if measure.current is not None else measure.observations[-1] if measure.observations else None
    if chosen is None:
        return None
    return chosen.entry if chosen.entry is not None else chosen.entries[-1] if chosen.entries else None


def _leaf(reader: Reader, index: int) -> str | None:
    """The hash of an entry; None where it is not published yet."""
    files = reader_of(reader.service)
    if index >= size_of(files):
        return None
    with undamaged():
        found = find_entry(files, index=index)
    return None if found is None else leaf_hash(found.entry).hex()
