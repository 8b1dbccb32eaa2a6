"""A node with one person of each part, and things in every state, for the matrix of roles and routes."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from amana.node.projects import Application
from amana.node.service import Asked, Service, open_service
from amana.node.statements import Stated
from amana.policy.people import Asker, OrganisationKind, Role, Scope
from amana.policy.projects import Job, OutputKind, Verdict
from amana.policy.things import MemberOf, RoleOf, Thing
from amana.policy.transitions import ModelEvent, OutputEvent, PermitEvent, ProjectEvent
from amana.programme.evidence import Shown
from amana.terms.ids import PermitId, PersonId, ProjectId
from amana.terms.refusal import Refusal
from amana.web.app import build
from amana.web.context import COOKIE
from tests.doors.http_node import SQL, lay_down, session_of
from tests.doors.matrix_people import PEOPLE, STATE
from tests.models import card, new_model
from tests.programme import SHA, plan_text


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A request. `id`: of the thing that it is about; `thing`: as the rules of policy see it."""

    path: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] | None = None
    id: str = ""
    thing: Thing | None = None


class World:
    def __init__(self, service: Service, client: TestClient) -> None:
        self.service, self.client = service, client
        self.until = (service.now() + timedelta(days=60)).isoformat()
        self.ids: dict[str, PersonId] = {}
        self._cookies: dict[str, str] = {}
        self._bearers: dict[tuple[str, Scope], str] = {}
        for name in ("University", "Ministry", "Centre", "Tests", "Inspectorate"):
            service.people.add_organisation(None, name=name, kind=OrganisationKind.RESEARCH)
        for name, (organisation, role) in PEOPLE.items():
            self.ids[name] = service.people.add_person(None, name=name, organisation=organisation, language="en")
            service.people.give_role(None, person=self.ids[name], role=role)
            if name in {"applicant", "member", "outsider"}:
                service.people.accredit(None, person=self.ids[name], valid_until=service.now() + timedelta(days=60))
            self._cookies[name] = session_of(service, self.ids[name])
        service.people.give_role(None, person=self.ids["member"], role=Role.PLANNER)
        service.people.disable(None, person=self.ids["gone"])
        self._version = 0
        service.programme.adopt(self.known("decider"), content=self.plan()["plan"].encode())
        self._asking = self._held(self._active())

    # --- who asks ---

    def asker(self, who: str) -> Asker | None:
        if who in {"anonymous", "gone"}:
            return None
        return self.service.sign_in.by_session(self._cookies[who], now=self.service.now())

    def cookie(self, who: str) -> dict[str, str]:
        return {} if who == "anonymous" else {"Cookie": f"{COOKIE}={self._cookies[who]}"}

    def bearer(self, who: str, scope: Scope) -> dict[str, str]:
        """A token of that scope alone; of a demo link, so that it is stepped up as her session is."""
        if (who, scope) not in self._bearers:
            asker, now = self.known(who), self.service.now()
            made = self.service.sign_in.tokens.make(asker, label="x", scopes=(scope,), days=1, allowance=None, now=now, for_link=True)
            self._bearers[who, scope] = made.secret.reveal()
        return {"Authorization": f"Bearer {self._bearers[who, scope]}"}

    def known(self, who: str) -> Asker:
        found = self.asker(who)
        assert found is not None
        return found

    def request(self, name: str, sent: Sent, who: Mapping[str, str]) -> tuple[int, Any]:
        method, path = name.split(" ")
        self.client.cookies.clear()
        body = {} if sent.body is None and method in {"POST", "PUT"} else sent.body
        headers = {**sent.headers, **who}
        reply = self.client.request(method, path.format(**sent.path), params=sent.query, json=body, headers=headers, follow_redirects=False)
        found = reply.json() if "json" in reply.headers.get("content-type", "") else reply.text
        if isinstance(found, dict) and found.get("next"):
            more = replace(sent, path={**sent.path, "cursor": found["next"]})
            path, _, _ = name.partition("?")
            found = {"items": [*found["items"], *self.request(f"{path}?cursor={{cursor}}", more, who)[1]["items"]]}
        return reply.status_code, found

    def listed(self, found: Any) -> set[str]:
        return {each["id"] for each in found["items"]}

    def state(self) -> list[object]:
        """What a refused request must leave as it is."""
        with self.service.database.reading() as run:
            return [run.rows(sql, {}) for sql in STATE]

    # --- the programme ---

    def adopted(self) -> Sent:
        """One of the commitments of a plan that the decider has adopted."""
        if self.service.programme_state.plan() is None:
            self.service.programme.adopt(self.known("decider"), content=plan_text().encode())
        return Sent(path={"name": "training"})

    # --- words ---

    def fresh(self) -> str:
        return f"Organisation {secrets.token_hex(4)}"

    def application(self) -> dict[str, Any]:
        words = {"title": {"en": "Visits"}, "lay_summary": {"en": "We count visits."}, "purposes": ["HMB"], "datasets": ["test"]}
        return {**words, "ends_on": self.until}

    def wish(self) -> dict[str, Any]:
        return {"dataset": "test", "share": "1%", "valid_until": self.until}

    def grant(self) -> dict[str, Any]:
        return {"share": "1%", "valid_until": self.until}

    def words(self, **more: str) -> dict[str, Any]:
        return {"title": "Visits by region", "body": "Most visits are on the coast.", **more}

    # --- questions ---

    def question(self) -> Sent:
        return Sent(body={"sql": SQL, "within": "20%"})

    def asked(self) -> Sent:
        body = {"sql": SQL, "within": "20%", "permit": self._asking}
        return Sent(body=body, headers={"Idempotency-Key": secrets.token_hex(8)}, id=self._asking, thing=self._permit(self._asking))

    def learned(self) -> Sent:
        rows = "SELECT cost, cost > 50 AS dear FROM visits"
        body = {"dataset": "test", "sql": rows, "target": "dear", "learner": "linear", "share": "1%", "permit": self._asking}
        return replace(self.asked(), body=body)

    def made_up(self) -> Sent:
        return replace(self.asked(), body={"dataset": "test", "rows": 9, "share": "1%", "permit": self._asking})

    def forecast(self) -> Sent:
        rows = "SELECT cost, DATE '2025-01-01' AS day FROM visits"
        body = {"dataset": "test", "sql": rows, "value": "cost", "time": "day", "horizons": [1], "season": 2, "share": "1%"}
        return replace(self.asked(), body={**body, "permit": self._asking})

    def redraws(self) -> Sent:
        asked = Asked(sql=SQL, within="20%", permit=self._asking)
        self.service.ask(self.known("member"), asked=asked)
        return Sent(
            body={"sql": SQL, "within": "20%", "permit": self._asking, "draws": 2}, thing=self._permit(self._asking), id=self._asking
        )

    def job(self, *, cancelled: bool = False) -> Sent:
        asked = Asked(sql=f"SELECT COUNT(*) AS n{secrets.token_hex(4)} FROM visits", within="20%", permit=self._asking)
        made = self.service.jobs.submit(self.known("member"), asked, dataset="test", seconds=60).record
        if cancelled:
            made = self.service.jobs.cancel(self.known("member"), job=made.id).record
        return Sent(path={"job": made.id}, id=made.id, thing=Job(id=made.id, owner=made.owner, state=made.state))

    # --- projects ---

    def draft(self, *, path: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None) -> Sent:
        sent = self._project(self._draft(), body)
        if path is None and (body is None or "person" not in body):
            return sent
        whom = "member" if path else "outsider"
        project = self.service.projects.project(self.known("applicant"), project=ProjectId(sent.id))
        return replace(sent, path={**sent.path, **(path or {})}, thing=MemberOf(person=self.known(whom).person, project=project))

    def submitted(self, *, body: Mapping[str, Any] | None = None) -> Sent:
        return self._project(self._submitted(), body)

    def reviewed(self, *, body: Mapping[str, Any] | None = None) -> Sent:
        return self._project(self._reviewed(), body)

    def approved(self, *, body: Mapping[str, Any] | None = None) -> Sent:
        project = self._approved()
        return self._project(project, {**body, "project": project} if body and "share" in body else body)

    def active(self) -> Sent:
        return self._project(self._active(), None)

    def suspended(self) -> Sent:
        project = self._active()
        self.service.projects.decide(self.known("decider"), project=project, event=ProjectEvent.SUSPEND, reasons="")
        return self._project(project, None)

    # --- permits ---

    def requested(self, *, body: Mapping[str, Any] | None = None) -> Sent:
        return self._of_permit(self._requested(self._approved()), body)

    def returned(self) -> Sent:
        permit = self._requested(self._approved())
        self.service.permits.act(self.known("custodian"), permit=permit, event=PermitEvent.RETURN, reasons="Which months?")
        return self._of_permit(permit, self.grant())

    def held(self, *, suspended: bool = False) -> Sent:
        permit = self._held(self._approved())
        if suspended:
            self.service.permits.act(self.known("custodian"), permit=permit, event=PermitEvent.SUSPEND)
        return self._of_permit(permit, None)

    # --- outputs ---

    def written(self, *, body: Mapping[str, Any] | None = None) -> Sent:
        member = self.known("member")
        made = self.service.outputs.add(member, project=self._approved(), kind=OutputKind.TEXT, title="Visits", body="Many.")
        place = self.service.outputs.place(made)
        return Sent(path={"output": made, "project": place.project.id}, body=body, id=made, thing=place)

    def proposed(self, *, body: Mapping[str, Any] | None = None) -> Sent:
        sent = self.written(body=body)
        assert sent.thing is not None
        output = self.service.outputs.output(self.known("member"), output=sent.thing.output.id).output.id  # type: ignore[union-attr]
        self.service.outputs.act(self.known("member"), output=output, event=OutputEvent.PROPOSE)
        return replace(sent, thing=self.service.outputs.place(output))

    def voted(self, *, published: bool = False) -> Sent:
        sent = self.proposed()
        output = sent.thing.output.id  # type: ignore[union-attr]
        for who in ("reviewer", "second"):
            self.service.outputs.vote(self.known(who), output=output, verdict=Verdict.APPROVE, reasons="")
        if published:
            self.service.outputs.act(self.known("decider"), output=output, event=OutputEvent.PUBLISH)
        return replace(sent, thing=self.service.outputs.place(output))

    # --- models ---

    def trained(self, *steps: ModelEvent, described: bool = True, body: Mapping[str, Any] | None = None) -> Sent:
        """A model of the project that may ask, after these steps."""
        of = self.service.versions()[0]
        made = self.service.models.add(
            new_model(
                project=self._permit(self._asking).project.id,  # type: ignore[union-attr]
                permit=self._asking,
                dataset="test",
                version=of.id,
                custodian=of.dataset.custodian,
                entry=0,
            )
        )
        if described:
            self.service.models.describe(self.known("member"), model=made, card=card())
        for event in steps:
            team = event in {ModelEvent.REGISTER, ModelEvent.REVISE}
            self.service.models.act(self.known("member" if team else "custodian"), model=made, event=event)
        return Sent(path={"model": made}, body=body, id=made, thing=self.service.models.place(made))

    # --- the programme ---

    def plan(self) -> dict[str, str]:
        """A version that nobody has adopted."""
        self._version += 1
        return {"plan": plan_text(version=self._version)}

    def commitment(self, *, dropped: bool = False, body: Mapping[str, Any] | None = None) -> Sent:
        """The one that is measured by documents."""
        name, programme = "training", self.service.programme
        act = programme.drop if dropped else programme.resume
        with suppress(Refusal):  # it is so already
            act(self.known("deputy"), commitment=name, reasons="We begin anew.")
        return Sent(path={"commitment": name}, body=body, id=name, thing=programme.commitment(name)[1])

    def stated(self) -> Sent:
        document = {"sha256": SHA, "title": "A report", "link": "https://university.example/report"}
        return self.commitment(body={"indicator": "trained", "on": "2025-09-01", "value": "12.5", "document": document})

    def measured(self) -> Sent:
        headers = {"Idempotency-Key": secrets.token_hex(8)}
        return Sent(path={"commitment": "people-seen"}, body={"indicator": "seen", "permit": self._asking}, headers=headers)

    def evidence(self, *, body: Mapping[str, Any] | None = None) -> Sent:
        """A document of the University that waits."""
        self.commitment()
        shown = Shown(sha256=SHA, title="A report", link="")
        stated = Stated(indicator="trained", on=self.service.now().date(), value=Fraction(12), shown=shown, note="")
        made = self.service.programme.state(self.known("planner"), stated=stated)
        return Sent(path={"evidence": made}, body=body, id=made, thing=self.service.programme.one(made).place)

    # --- people ---

    def newcomer(self, *, thing: Thing | None = None, path: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None) -> Sent:
        made = self.service.people.add_person(None, name="Newcomer", organisation="University", language="en")
        if path:
            self.service.people.give_role(None, person=made, role=Role.REVIEWER)
        found = self.service.people.person(made)
        about_role = path is not None or (body is not None and "role" in body)
        about: Thing = RoleOf(person=found, role=Role.REVIEWER) if about_role else found
        return Sent(path={"person": made, **(path or {})}, body=body, id=made, thing=thing or about)

    def accreditation(self) -> Sent:
        made = self.service.people.add_person(None, name="Newcomer", organisation="University", language="en")
        held = self.service.people.accredit(None, person=made, valid_until=self.service.now() + timedelta(days=1))
        return Sent(path={"accreditation": held}, id=held, thing=self.service.people.accreditations(made)[0])

    def token_of(self, who: str) -> Sent:
        asker, now = self.known(who), self.service.now()
        held = self.service.sign_in.tokens.make(asker, label="x", scopes=(Scope.READ,), days=1, allowance=None, now=now).held
        return Sent(path={"token": held.token.id}, thing=held.token)

    # --- making ---

    def _project(self, project: ProjectId, body: Mapping[str, Any] | None) -> Sent:
        found = self.service.projects.project(self.known("applicant"), project=project)
        return Sent(path={"project": project}, body=body, id=project, thing=found)

    def _of_permit(self, permit: PermitId, body: Mapping[str, Any] | None) -> Sent:
        return Sent(path={"permit": permit}, body=body, id=permit, thing=self._permit(permit))

    def _permit(self, permit: PermitId) -> Thing:
        return self.service.permits.permit(self.known("custodian"), permit=permit)

    def _draft(self) -> ProjectId:
        until = self.service.now() + timedelta(days=60)
        application = Application(
            title=(("en", "Visits"),), lay_summary=(("en", "We count visits."),), purposes=("HMB",), datasets=("test",), ends_on=until
        )
        project = self.service.projects.create(self.known("applicant"), application=application)
        for name in ("member", "lapsed"):
            self.service.projects.add_member(self.known("applicant"), project=project, person=self.ids[name])
        with self.service.database.transaction() as run:  # she was disabled long ago, so that nobody could add her now
            run.change(
                "INSERT INTO project_member (project, person) VALUES (:project, :person)", {"project": project, "person": self.ids["gone"]}
            )
        return project

    def _submitted(self) -> ProjectId:
        project = self._draft()
        self.service.projects.act(self.known("applicant"), project=project, event=ProjectEvent.SUBMIT)
        return project

    def _reviewed(self) -> ProjectId:
        """By two who are no part of the matrix: those of the matrix may still review."""
        project = self._submitted()
        for name in ("reviewer", "second"):
            self.service.projects.review(self.known(name), project=project, verdict=Verdict.APPROVE, reasons="")
        return project

    def _approved(self) -> ProjectId:
        project = self._reviewed()
        self.service.projects.decide(self.known("decider"), project=project, event=ProjectEvent.APPROVE, reasons="")
        return project

    def _active(self) -> ProjectId:
        project = self._approved()
        self._held(project)
        return project

    def _requested(self, project: ProjectId) -> PermitId:
        until = self.service.now() + timedelta(days=60)
        return self.service.permits.request(
            self.known("applicant"), project=project, dataset="test", share=Fraction(1, 2), valid_until=until
        )

    def _held(self, project: ProjectId) -> PermitId:
        held = [each.record.id for each in self.service.permits.granted("test") if each.project.id == project]
        if held:
            return held[0]
        permit, until = self._requested(project), self.service.now() + timedelta(days=60)
        self.service.permits.grant(self.known("custodian"), permit=permit, share=Fraction(1, 2), valid_until=until)
        return permit


@contextmanager
def world_in(folder: Path) -> Iterator[World]:
    lay_down(folder, settings="http_address_per_minute_max = 1000000\nhttp_person_per_minute_max = 1000000\n")
    service = open_service(folder)
    with TestClient(build(service), raise_server_exceptions=False) as client:
        yield World(service, client)
    service.close()
