"""One application: its stages, what was said about it, and what each who has to do with it may do now."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, timedelta
from fractions import Fraction

from fastapi import Response

from amana.node.outputs import ACTIONS as OUTPUT_ACTIONS
from amana.node.projects import APPLICANT_EVENTS, DECISIONS
from amana.policy.projects import OutputKind, Project, Verdict
from amana.policy.rights import Action, may, offered
from amana.policy.things import OutputOf
from amana.policy.transitions import PROJECT, OutputEvent, ProjectEvent
from amana.terms.ids import OutputId, PermitId, PersonId, ProjectId
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.pages.forms import Form, read_percent
from amana.web.pages.models import lines_of
from amana.web.pages.reader import Reader
from amana.web.pages.render import page
from amana.web.pages.route import Filled, Mine, gone_to, personal_pages
from amana.web.problems import status_of

router = personal_pages()
ONE = "/desk/applications/{project}"
SHARES = ("1%", "5%", "20%")
REASONS_CHARACTERS_MAX = 10_000
PERMIT_DAYS = 365
BY_VALUE = {event.value: event for event in ProjectEvent}


@router.get(ONE, openapi_extra=doing(Action.SEE_PROJECT))
def application(reader: Mine, project: str) -> Response:
    """The page. Whoever sees it has seen the notices about it."""
    service = reader.service
    found = service.projects.project(reader.who, project=ProjectId(project))
    service.notices.read(reader.who, project=found.id)
    return _shown(reader, found)


@router.post(f"{ONE}/act", openapi_extra=doing(*APPLICANT_EVENTS.values()))
def act(reader: Mine, form: Filled, project: str) -> Response:
    """What the applicant does: submit, withdraw, change the purpose, close."""
    name, event = ProjectId(project), _event(form, tuple(APPLICANT_EVENTS))
    return _done(reader, form, name, lambda: reader.service.projects.act(reader.who, project=name, event=event))


@router.post(f"{ONE}/review", openapi_extra=doing(Action.REVIEW_PROJECT))
def review(reader: Mine, form: Filled, project: str) -> Response:
    """One of two opinions."""
    name = ProjectId(project)

    def given() -> None:
        reader.service.projects.review(reader.who, project=name, verdict=_verdict(form), reasons=_reasons(form))

    return _done(reader, form, name, given)


@router.post(f"{ONE}/decide", openapi_extra=doing(*DECISIONS.values()))
def decide(reader: Mine, form: Filled, project: str) -> Response:
    """What a decider does."""
    name, event = ProjectId(project), _event(form, tuple(DECISIONS))

    def decided() -> None:
        if event in {ProjectEvent.RETURN, ProjectEvent.REJECT}:
            form.text("reasons", needed=True)  # whoever gets it back is told what to change
        reader.service.projects.decide(reader.who, project=name, event=event, reasons=_reasons(form))

    return _done(reader, form, name, decided)


@router.post(f"{ONE}/comments", openapi_extra=doing(Action.COMMENT_PROJECT))
def comment(reader: Mine, form: Filled, project: str) -> Response:
    """Say something to all who have to do with it."""
    name = ProjectId(project)

    def said() -> None:
        reader.service.comments.add(reader.who, project=name, words=form.text("words"), key=form.text("key", most=64))

    return _done(reader, form, name, said, at="#comments")


@router.post(f"{ONE}/members", openapi_extra=doing(Action.ADD_MEMBER, Action.REMOVE_MEMBER))
def members(reader: Mine, form: Filled, project: str) -> Response:
    """Bring a researcher in, or let one go."""
    name, projects = ProjectId(project), reader.service.projects
    change = projects.remove_member if form.text("do") == "remove" else projects.add_member
    return _done(reader, form, name, lambda: change(reader.who, project=name, person=PersonId(form.text("person", most=80, needed=True))))


@router.post(f"{ONE}/permits", openapi_extra=doing(Action.REQUEST_PERMIT))
def request(reader: Mine, form: Filled, project: str) -> Response:
    """Ask a custodian for a share of a dataset's budget."""
    name = ProjectId(project)

    def requested() -> None:
        until, dataset = form.day("until"), form.text("of_dataset", most=200, needed=True)
        reader.service.permits.request(reader.who, project=name, dataset=dataset, share=_share(form), valid_until=until)

    return _done(reader, form, name, requested)


@router.post(f"{ONE}/permits/{{permit}}", openapi_extra=doing(Action.REVISE_PERMIT))
def revise(reader: Mine, form: Filled, project: str, permit: str) -> Response:
    """Ask anew for what a custodian returned."""

    def revised() -> None:
        record = reader.service.permits.permit(reader.who, permit=PermitId(permit)).record
        if record.project != project:
            raise Refusal("node.not_found", thing="word.thing.permit", name=permit[:80])
        share, until = form.text("share", most=40), form.day("until")
        reader.service.permits.revise(
            reader.who,
            permit=record.id,
            share=record.share_asked if share == percent_of(record.share_asked) else read_percent(share),
            valid_until=record.valid_until if until.date() == record.valid_until.astimezone(UTC).date() else until,
        )

    return _done(reader, form, ProjectId(project), revised, at="#permits")


@router.post(f"{ONE}/outputs", openapi_extra=doing(Action.ADD_OUTPUT))
def output(reader: Mine, form: Filled, project: str) -> Response:
    """Something that the team made of answers."""
    name = ProjectId(project)

    def added() -> None:
        kinds = {each.value: each for each in OutputKind}
        kind = kinds.get(form.text("kind"), OutputKind.TEXT)
        title, body = form.text("title", most=200, needed=True), form.text("body", needed=True)
        reader.service.outputs.add(reader.who, project=name, kind=kind, title=title, body=body)

    return _done(reader, form, name, added, at="#outputs")


@router.post(f"{ONE}/outputs/{{output}}", openapi_extra=doing(*OUTPUT_ACTIONS.values()))
def act_on_output(reader: Mine, form: Filled, project: str, output: str) -> Response:
    """Propose it, publish it, take it back."""
    events = {each.value: each for each in OUTPUT_ACTIONS}
    event, name = events.get(form.text("do"), OutputEvent.PROPOSE), ProjectId(project)
    return _done(reader, form, name, lambda: reader.service.outputs.act(reader.who, output=OutputId(output), event=event), at="#outputs")


@router.post(f"{ONE}/outputs/{{output}}/vote", openapi_extra=doing(Action.VOTE_OUTPUT))
def vote(reader: Mine, form: Filled, project: str, output: str) -> Response:
    """One of two votes, blind until both are cast."""
    name = ProjectId(project)

    def voted() -> None:
        reader.service.outputs.vote(reader.who, output=OutputId(output), verdict=_verdict(form), reasons=_reasons(form))

    return _done(reader, form, name, voted, at="#outputs")


def _done(reader: Reader, form: Form, project: ProjectId, change: Callable[[], object], *, at: str = "") -> Response:
    """Make a change, then show the page; or show it with why not, and with what was typed."""
    try:
        change()
    except Refusal as refusal:
        found = reader.service.projects.place(project)
        if not may(Action.SEE_PROJECT, reader.who, on=found, now=reader.service.now()):
            raise
        return _shown(reader, found, refusal=refusal, form=form)
    if not may(Action.SEE_PROJECT, reader.who, on=reader.service.projects.place(project), now=reader.service.now()):
        return gone_to(reader, "/desk")
    return gone_to(reader, f"/desk/applications/{project}{at}")


def _shown(reader: Reader, project: Project, *, refusal: Refusal | None = None, form: Form | None = None) -> Response:
    service, now, who = reader.service, reader.service.now(), reader.who
    here = replace(reader, path=f"/desk/applications/{project.id}")
    shown = service.outputs.outputs(who, project=project.id)
    outputs = [(each, offered(who, on=OutputOf(output=each.output, project=project), now=now)) for each in shown]
    permits = service.desk.permits_of(who, project=project.id)
    held = {each.record.dataset for each in permits if each.record.state.value not in {"refused", "expired", "revoked"}}
    titles = {each.name: each.title for each in service.datasets()}
    team = [service.people.person(each).name for each in project.members]

    def title_text(name: str) -> str:
        known = dict(titles.get(name, ()))
        return known.get(reader.language) or known.get("en") or name

    return page(
        here, "application.html", status=200 if refusal is None else status_of(refusal.code), project=project, refusal=refusal,
        typed=form or Form(), actions=offered(who, on=project, now=now), applied=service.desk.application(who, project=project.id),
        members=[(each, service.people.person(each).name) for each in project.members], permits=permits, outputs=outputs,
        models=lines_of(service.models.of_project(who, project=project.id, public=False)),
        comments=service.comments.comments(who, project=project.id), organisation=service.people.organisation(project.organisation),
        shares=SHARES, requestable=[each for each in project.datasets if each not in held],
        until=min(now + timedelta(days=PERMIT_DAYS), project.ends_on), key=secrets.token_hex(16), Action=Action,
        titles=titles, title_text=title_text, mine=who.person.id in project.members, team=team,
        percent_of=percent_of,
        revisable=[each.record.id for each in permits if Action.REVISE_PERMIT in offered(who, on=each, now=now)],
        addable=_membership(reader, Action.ADD_MEMBER, project), removable=_membership(reader, Action.REMOVE_MEMBER, project),
    )  # fmt: skip


def _membership(reader: Reader, action: Action, project: Project) -> bool:
    """Whether she may change who is in it, whoever that is."""
    event = {Action.ADD_MEMBER: ProjectEvent.ADD_MEMBER, Action.REMOVE_MEMBER: ProjectEvent.REMOVE_MEMBER}[action]
    return reader.who.person.id == project.applicant and event in PROJECT.possible(project.state)


def _event(form: Form, known: tuple[ProjectEvent, ...]) -> ProjectEvent:
    event = BY_VALUE.get(form.text("do", most=40))
    if event is None or event not in known:
        names = ", ".join(each.value for each in known)
        raise Refusal("http.bad_request", field="do", where=None, wanted="word.one_of", known=names)
    return event


def percent_of(share: Fraction) -> str:
    """As it stands in a field before anybody types."""
    return f"{float(100 * share):.9g}%"


def _share(form: Form) -> Fraction:
    """Of a budget: one of those offered, or another one."""
    return read_percent(form.text("other_share", most=40) or form.text("share", most=40))


def _verdict(form: Form) -> Verdict:
    found = next((each for each in Verdict if each.value == form.text("verdict", most=40)), None)
    if found is None:
        names = ", ".join(each.value for each in Verdict)
        raise Refusal("http.bad_request", field="verdict", where=None, wanted="word.one_of", known=names)
    return found


def _reasons(form: Form) -> str:
    return form.text("reasons", most=REASONS_CHARACTERS_MAX)
