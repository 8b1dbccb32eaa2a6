"""A plan as the public document that the log names: canonical JSON with the fields of the plan file (`plan_file.py` reads it again)."""

import json

from amana.programme.fold import Fold, Query, Share, digest_of, plain_of
from amana.programme.plan import (
    Agreement,
    Commitment,
    Document,
    Event,
    Indicator,
    Method,
    Milestone,
    Plan,
    PrivateFigure,
    SourceSpan,
    written_of,
)


def write_document(plan: Plan) -> bytes:
    """The document of a plan."""
    return canonical(document_of(plan))


def document_of(plan: Plan) -> dict[str, object]:
    """The same as JSON holds it."""
    return {
        "plan": plan.id,
        "version": plan.version,
        "title": dict(plan.title),
        "source": [{"id": each.id, "sha256": each.sha256, "title": dict(each.title), "date": each.on.isoformat()} for each in plan.sources],
        "theme": [{"id": each.id, "title": dict(each.title)} for each in plan.themes],
        "event": [_event(each) for each in plan.events],
        "agreement": [_agreement(each) for each in plan.agreements],
        "commitment": [commitment_of(each) for each in plan.commitments],
    }


def canonical(value: object) -> bytes:
    """Canonical JSON (RFC 8785) of what holds texts, whole numbers, lists, and objects with names in ASCII."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def queries_of(plan: Plan) -> tuple[tuple[str, Query], ...]:
    """The queries over the log, each with the indicator that it is of."""
    return tuple((each.id, each.method) for _, each in plan.indicators() if isinstance(each.method, Fold | Share))


def query_digests(plan: Plan) -> tuple[str, ...]:
    """Their digests, each once, in order."""
    return tuple(dict.fromkeys(digest_of(query) for _, query in queries_of(plan)))


def commitment_of(commitment: Commitment) -> dict[str, object]:
    """A commitment as JSON holds it."""
    return {
        "id": commitment.id,
        "title": dict(commitment.title),
        "summary": dict(commitment.summary),
        "theme": commitment.theme,
        "owner": commitment.owner,
        "partners": list(commitment.partners),
        "due": commitment.due.isoformat(),
        "sdg": list(commitment.goals),
        **_named(agreement=commitment.agreement, event=commitment.event),
        "span": _span(commitment.span),
        "indicator": [_indicator(each) for each in commitment.indicators],
        "milestone": [_milestone(each) for each in commitment.milestones],
    }


def _named(**names: str) -> dict[str, object]:
    return {key: name for key, name in names.items() if name}


def _span(span: SourceSpan) -> dict[str, object]:
    return {"source": span.source, "from": span.start, "to": span.end, "sha256": span.sha256}


def _event(event: Event) -> dict[str, object]:
    figures = [
        {
            "category": each.category,
            "count": each.count,
            "at_least": each.at_least,
            **({} if each.span is None else {"span": _span(each.span)}),
        }
        for each in event.figures
    ]
    return {
        "id": event.id,
        "kind": event.kind,
        "title": dict(event.title),
        "first": event.first.isoformat(),
        "last": event.last.isoformat(),
        "figure": figures,
    }


def _agreement(agreement: Agreement) -> dict[str, object]:
    return {
        "id": agreement.id,
        "kind": agreement.kind,
        "title": dict(agreement.title),
        "party": [dict(each) for each in agreement.parties],
        "signed_on": agreement.signed_on.isoformat(),
        **_named(event=agreement.event, document=agreement.document),
        "span": _span(agreement.span),
    }


def _indicator(indicator: Indicator) -> dict[str, object]:
    return {
        "id": indicator.id,
        "title": dict(indicator.title),
        "unit": dict(indicator.unit),
        "direction": indicator.direction,
        "baseline": {"value": written_of(indicator.baseline), "on": indicator.baseline_on.isoformat()},
        "targets": [{"period": each.period.name, "value": written_of(each.value)} for each in indicator.targets],
        "method": _method(indicator.method),
    }


def _method(method: Method) -> dict[str, object]:
    match method:
        case PrivateFigure():
            named = _named(figure=method.figure, part=method.part, whole=method.whole, by=method.by)
            row = {"row": dict(method.row)} if method.row else {}
            return {"private": {"dataset": method.dataset, "sql": method.sql, "within": method.within, **named, **row}}
        case Document():
            return {"document": dict(method.shows)}
        case _:
            return {"log": plain_of(method)}


def _milestone(milestone: Milestone) -> dict[str, object]:
    return {
        "id": milestone.id,
        "title": dict(milestone.title),
        "due": milestone.due.isoformat(),
        "done_when": {"indicator": milestone.indicator, "value": written_of(milestone.value)},
    }
