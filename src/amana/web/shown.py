"""People, projects, permits, outputs and models as responses show them, each with what its reader may do with it."""

import json
from collections.abc import Callable
from datetime import datetime

from amana.node.audit import Note
from amana.node.comments import Comment
from amana.node.evidence_facts import Facts
from amana.node.models import Shown as ShownModel
from amana.node.outputs import Shown
from amana.policy.people import Accreditation, Asker, Organisation, Person
from amana.policy.projects import Decision, Project, Reply, Review, Vote
from amana.policy.purposes import Match
from amana.policy.rights import Action, may, offered
from amana.policy.things import ModelOf, OutputOf, PermitOf, Thing
from amana.privacy.ledger import Balance
from amana.programme.plan import written_of
from amana.terms.model_card import write_card
from amana.terms.training_facts import write_facts


def may_shown(asker: Asker | None, *, on: Thing, now: datetime) -> list[str]:
    """What the reader may do with a thing; with a session, also what a fresh strong sign-in would allow."""
    return [] if asker is None else [action.value for action in offered(asker, on=on, now=now)]


def changed(action: Action, asker: Asker | None, *, on: Thing, now: datetime, shown: Callable[[], dict[str, object]]) -> dict[str, object]:
    """What somebody is told of a thing that she has just changed: all of it, or its id and state where she may not read it."""
    if may(action, asker, on=on, now=now):
        return shown()
    match on:
        case Project():
            return {"id": on.id, "state": on.state.value}
        case PermitOf():
            return {"id": on.record.id, "state": on.record.state.value}
        case OutputOf():
            return {"id": on.output.id, "state": on.output.state.value}
        case ModelOf():
            return {"id": on.model.id, "state": on.model.state.value}
        case _:
            return {}


def person_shown(person: Person) -> dict[str, object]:
    """Nothing about how she signs in."""
    return {
        "id": person.id,
        "name": person.name,
        "organisation": person.organisation,
        "language": person.language,
        "roles": [role.value for role in person.roles],
        "disabled_at": moment_shown(person.disabled_at),
    }


def organisation_shown(organisation: Organisation) -> dict[str, object]:
    """An organisation."""
    return {"id": organisation.id, "name": organisation.name, "kind": organisation.kind.value}


def accreditation_shown(accreditation: Accreditation) -> dict[str, object]:
    """An accreditation, also one that is over."""
    return {
        "id": accreditation.id,
        "granted_by": accreditation.granted_by,
        "valid_from": moment_shown(accreditation.valid_from),
        "valid_until": moment_shown(accreditation.valid_until),
        "revoked_at": moment_shown(accreditation.revoked_at),
    }


def project_shown(project: Project, *, to: Asker | None, now: datetime) -> dict[str, object]:
    """A project with its reviews."""
    return {
        "id": project.id,
        "version": project.version,
        "state": project.state.value,
        "title": dict(project.title),
        "lay_summary": dict(project.lay_summary),
        "purposes": [str(term) for term in project.purposes],
        "datasets": list(project.datasets),
        "ends_on": moment_shown(project.ends_on),
        "ethics_reference": project.ethics_reference,
        "answers": [_answer_shown(answer) for answer in project.answers],
        "applicant": project.applicant,
        "organisation": project.organisation,
        "members": list(project.members),
        "decisions": [_decision_shown(decision) for decision in project.decisions],
        "reviews": [_review_shown(review) for review in project.reviews],
        "may": may_shown(to, on=project, now=now),
    }


def permit_shown(permit: PermitOf, *, cap_nrho: int | None, to: Asker | None, now: datetime) -> dict[str, object]:
    """A permit; its caps are zero until it is granted. `cap_nrho`: of its population, None where the dataset does not serve now."""
    record = permit.record
    return {
        "id": record.id,
        "project": record.project,
        "project_version": record.project_version,
        "dataset": record.dataset,
        "population": record.population,
        "custodian": record.custodian,
        "state": record.state.value,
        "share_asked": str(record.share_asked),
        "share_granted": record.cap_nrho / cap_nrho if record.granted_by is not None and cap_nrho else None,
        "cap_nrho": record.cap_nrho,
        "cap_delta_units": record.cap_delta,
        "valid_until": moment_shown(record.valid_until),
        "granted_by": record.granted_by,
        "reasons": record.told,
        "match": _match_shown(record.match),
        "may": may_shown(to, on=permit, now=now),
    }


def balance_shown(balance: Balance) -> dict[str, object]:
    """What may be spent and what was. Units: nano-ρ, 2**-64."""
    return {
        "cap_nrho": balance.cap_nrho,
        "spent_nrho": balance.spent_nrho,
        "cap_delta_units": balance.cap_delta,
        "spent_delta_units": balance.spent_delta,
    }


def output_shown(shown: Shown, *, on: OutputOf, to: Asker | None, now: datetime) -> dict[str, object]:
    """An output with the votes that its reader may see."""
    output = shown.output
    return {
        "id": output.id,
        "project": output.project,
        "kind": output.kind.value,
        "author": output.author,
        "title": shown.title,
        "body": shown.body,
        "digest": output.digest,
        "state": output.state.value,
        "round": output.round,
        "votes": [_vote_shown(vote) for vote in shown.votes],
        "may": may_shown(to, on=on, now=now),
    }


def model_shown(shown: ShownModel, *, to: Asker | None, now: datetime) -> dict[str, object]:
    """A model with what is known and said of it. Who described and who assessed it are told to those who may see more than its card."""
    record, inside = shown.record, may(Action.SEE_MODEL, to, on=shown.place, now=now)
    return {
        "id": record.id,
        "project": record.project,
        "permit": record.permit,
        "dataset": record.dataset,
        "version": record.version,
        "custodian": shown.custodian,
        "state": record.state.value,
        "public": record.public,
        "described_by": record.described_by if inside else None,
        "assessed_by": record.assessed_by if inside else None,
        "made_at": moment_shown(shown.made_at),
        "since": moment_shown(shown.since),
        "reasons": shown.reasons if inside else "",
        "facts": json.loads(write_facts(shown.facts)),
        "card": None if shown.card is None else json.loads(write_card(shown.card)),
        "may": may_shown(to, on=shown.place, now=now),
    }


def note_shown(note: Note) -> dict[str, object]:
    """One line of the audit."""
    return {
        "id": note.id,
        "at": moment_shown(note.at),
        "actor": note.actor,
        "action": note.action,
        "thing": note.thing,
        "subject": note.subject,
        "was": note.was,
        "now_is": note.now_is,
    }


def moment_shown(at: datetime | None) -> str | None:
    """A moment as it travels."""
    return None if at is None else at.isoformat()


def comment_shown(comment: Comment) -> dict[str, object]:
    """Something that was said about a project. `part`: what who said it was to the project."""
    about = {"id": comment.id, "person": comment.person, "part": comment.part}
    return {**about, "words": comment.words, "written_at": moment_shown(comment.written_at)}


def evidence_shown(facts: Facts) -> dict[str, object]:
    """Evidence as everybody may see it. `against`: why it weighs nothing, by the words of statuses; who acted in person stays sealed."""
    found, held, observed, judged = facts.found, facts.evidence, facts.observed, facts.judged
    figures = {"value": held.value, "low": None, "high": None}
    if observed is not None:
        figures = {"value": observed.value, "low": observed.low, "high": observed.high}
    document = None if held.shown is None else {"sha256": held.shown.sha256, "title": held.shown.title, "link": held.shown.link}
    return {
        "id": found.id,
        "plan": held.plan,
        "version": held.version,
        "commitment": found.commitment,
        "indicator": found.indicator,
        "on": found.on.isoformat(),
        "basis": found.basis,
        "organisation": held.organisation,
        **{name: None if value is None else written_of(value) for name, value in figures.items()},
        "document": document,
        "note": held.note,
        "digest": found.document,
        "entry": facts.entry,
        "verdict": found.verdict,
        "verifier": "" if judged is None else judged.organisation,
        "reasons": "" if judged is None else judged.reasons,
        "verdict_entry": facts.verdict_entry,
        "against": "" if observed is None else observed.against,
    }


def _answer_shown(answer: Reply) -> dict[str, object]:
    return {"dataset": answer.dataset, "question": dict(answer.question), "answer": answer.text}


def _decision_shown(decision: Decision) -> dict[str, object]:
    """Who decided is not told: the audit holds it."""
    about = {"version": decision.version, "event": decision.event.value, "reasons": decision.reasons}
    return {**about, "decided_at": moment_shown(decision.decided_at)}


def _review_shown(review: Review) -> dict[str, object]:
    return {
        "id": review.id,
        "reviewer": review.reviewer,
        "version": review.version,
        "verdict": review.verdict.value,
        "reasons": review.reasons,
    }


def _vote_shown(vote: Vote) -> dict[str, object]:
    return {"voter": vote.voter, "round": vote.round, "verdict": vote.verdict.value, "reasons": vote.reasons}


def _match_shown(match: Match) -> dict[str, object]:
    """Each reason is a code of the message catalogues, with what fills its message."""
    reasons = [
        {"code": reason.code, "term": reason.term, "parameters": dict(reason.parameters), "outcome": reason.outcome.name.lower()}
        for reason in match.reasons
    ]
    return {"outcome": match.outcome.name.lower(), "reasons": reasons}
