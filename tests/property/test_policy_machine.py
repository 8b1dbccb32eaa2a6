"""Any order of acts by anybody: nobody judges her own, nobody asks without leave, more rights never take one away."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from amana.catalog.purposes import UseTerm
from amana.client.text import load
from amana.policy.models import model_after
from amana.policy.people import Accreditation, Asker, Person, Role, Scope, Token, compatible
from amana.policy.permit import leave, permits_of
from amana.policy.projects import Job, Project, Review, Verdict, Vote, event_of_votes, output_after, project_after, votes_shown
from amana.policy.rights import RULES, Action, allowed, check, may
from amana.policy.things import DatasetOf, MemberOf, ModelOf, Node, OutputOf, PermitOf, RoleOf, Thing
from amana.policy.transitions import (
    PERMIT,
    ModelEvent,
    ModelState,
    OutputEvent,
    OutputState,
    PermitEvent,
    PermitState,
    ProjectEvent,
    ProjectState,
    RunState,
    move,
)
from amana.terms.ids import AccreditationId, JobId, PersonId, PopulationName, ReviewId, TokenId
from amana.terms.refusal import Refusal
from tests.parts import version
from tests.people import CLINIC, NOW, model, output, project, record
from tests.property.promises import NAMES, Promises, names

APPLICANT = NAMES[0]
PUBLISHED = version(cap_nrho=10_000_000, cap_delta=10_000).dataset
DATASET = replace(PUBLISHED, name="clinic", population=replace(PUBLISHED.population, name=PopulationName("patients")))
JUDGING = {
    *(Action.REVIEW_PROJECT, Action.RETURN_PROJECT, Action.APPROVE_PROJECT, Action.REJECT_PROJECT, Action.SUSPEND_PROJECT),
    *(Action.RESUME_PROJECT, Action.REVOKE_PROJECT, Action.RETURN_PERMIT, Action.GRANT_PERMIT, Action.REFUSE_PERMIT, Action.WIDEN_PERMIT),
    *(Action.SUSPEND_PERMIT, Action.RESUME_PERMIT, Action.REVOKE_PERMIT, Action.VOTE_OUTPUT, Action.PUBLISH_OUTPUT),
    *(Action.ASSESS_MODEL, Action.SERVE_MODEL, Action.SUSPEND_MODEL, Action.RESUME_MODEL),
}
PEOPLE = {Action.GIVE_ROLE, Action.REVOKE_ROLE, Action.DISABLE_PERSON, Action.ACCREDIT}
ENDS = {
    *(Action.CLOSE_PROJECT, Action.REVOKE_PROJECT, Action.REJECT_PROJECT, Action.SUSPEND_PROJECT),
    *(Action.REVOKE_PERMIT, Action.REFUSE_PERMIT, Action.SUSPEND_PERMIT, Action.RETRACT_OUTPUT),
    *(Action.SUSPEND_MODEL, Action.RETIRE_MODEL),
}
"""Chosen rarely, for most stories would end with the first of them."""
roles = st.sampled_from(Role)
ENGLISH = load("en")


class Society(Promises):
    """Holds the true facts beside the values: who ever was a member, who voted, who granted."""

    def __init__(self) -> None:
        super().__init__()
        self.accreditations = {name: (self.accreditation(name, NOW),) for name in NAMES}
        self.project: Project = replace(
            project(ProjectState.DRAFT), applicant=APPLICANT, members=(APPLICANT,), ends_on=NOW + timedelta(days=200)
        )
        self.record = record(PermitState.REQUESTED)
        self.output = replace(output(OutputState.RELEASED), author=APPLICANT, round=0)
        self.model = replace(model(), described_by=None)
        self.insiders = {APPLICANT}
        self.texts: dict[int, tuple[UseTerm, ...]] = {}

    @staticmethod
    def accreditation(name: PersonId, now: datetime) -> Accreditation:
        return Accreditation(
            id=AccreditationId(f"for-{name}"), person=name, granted_by=NAMES[2], valid_from=now, valid_until=now + timedelta(days=60)
        )

    def asker(self, name: PersonId, scopes: tuple[Scope, ...] | None = None) -> Asker:
        token = None
        if scopes is not None:
            token = Token(id=TokenId(f"of-{name}"), owner=name, scopes=scopes, expires_at=NOW + timedelta(days=30))
        return Asker(
            person=self.people[name],
            accreditations=self.accreditations[name],
            signed_in_at=self.now,
            stepped_up_at=self.now,
            token=token,
        )

    def things(self, name: PersonId, role: Role) -> tuple[Thing, ...]:
        """Everything that can be acted on; `name` and `role` are those that the act is about."""
        about = self.people[name]
        return (
            *(Node(), DatasetOf(name="clinic", custodian=CLINIC), self.project),
            *(PermitOf(record=self.record, project=self.project), OutputOf(output=self.output, project=self.project)),
            ModelOf(model=self.model, project=self.project),
            *(MemberOf(person=about, project=self.project), about, RoleOf(person=about, role=role)),
            *(self.commitment, *(() if self.evidence is None else (self.evidence,))),
            *(self.accreditation(name, self.now), Job(id=JobId("job-1"), owner=name, state=RunState.RECEIVED)),
            Token(id=TokenId(f"of-{name}"), owner=name, scopes=(Scope.READ,), expires_at=NOW),
        )

    @initialize(
        stage=st.sampled_from(("draft", "submitted", "running", "checking")),
        reviewers=st.sets(st.sampled_from(NAMES[1:5])),
        decider=names,
        granter=names,
        days=st.lists(st.integers(1, 400), min_size=len(NAMES) + 2, max_size=len(NAMES) + 2),
    )
    def start_somewhere(self, stage: str, reviewers: set[PersonId], decider: PersonId, granter: PersonId, days: list[int]) -> None:
        """A life that is already under way, so that each short story meets its later chapters too."""
        ends = [NOW + timedelta(days=each) for each in days]
        self.accreditations = {
            name: (replace(self.accreditation(name, NOW), valid_until=end),) for name, end in zip(NAMES, ends[2:], strict=True)
        }
        self.project = replace(self.project, ends_on=ends[0])
        if stage == "draft":
            return
        reviews = tuple(self.review(name) for name in sorted(reviewers))
        self.project = replace(self.project, state=ProjectState.SUBMITTED, reviews=reviews)
        if stage == "submitted":
            return
        deciders = (decider,) if decider != APPLICANT else ()
        self.project = replace(self.project, state=ProjectState.ACTIVE, deciders=deciders)
        self.record = replace(record(PermitState.ACTIVE), valid_until=ends[1], granted_by=granter if granter != APPLICANT else NAMES[5])
        if stage == "checking":
            self.output = replace(self.output, state=OutputState.CHECKING, round=1)

    @staticmethod
    def review(name: PersonId, *, version: int = 1) -> Review:
        return Review(id=ReviewId(f"by-{name}"), reviewer=name, version=version, verdict=Verdict.APPROVE, reasons="")

    @rule(days=st.integers(0, 40))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule(acts=st.lists(st.tuples(names, names, roles, st.integers(0, 10_000)), min_size=1, max_size=6))
    def people_do_what_they_may(self, acts: list[tuple[PersonId, PersonId, Role, int]]) -> None:
        for actor, about, role, choice in acts:
            who = self.asker(actor)
            open_to_her = [
                (action, on)
                for on in self.things(about, role)
                for action in allowed(who, on=on, now=self.now)
                if (RULES[action].event is not None or action in PEOPLE) and action not in {Action.CANCEL_JOB, *ENDS}
            ]
            if open_to_her:
                self.do(*open_to_her[choice % len(open_to_her)], actor=actor)

    @rule(actor=names, wish=st.sampled_from(sorted(ENDS, key=lambda each: each.value)))
    def somebody_ends_something(self, actor: PersonId, wish: Action) -> None:
        for on in self.things(actor, Role.AUDITOR):
            if may(wish, self.asker(actor), on=on, now=self.now):
                self.do(wish, on, actor=actor)

    @rule()
    def the_node_does_its_part(self) -> None:
        decided = event_of_votes(self.output, project=self.project)
        if self.output.state is OutputState.CHECKING and decided is not None:
            self.output = output_after(self.output, event=decided)
        if self.record.state is PermitState.GRANTED:
            self.record = replace(self.record, state=move(PERMIT, self.record.state, event=PermitEvent.ACTIVATE))
            if self.project.state is ProjectState.APPROVED:
                self.project = project_after(self.project, event=ProjectEvent.ACTIVATE)

    @invariant()
    def nobody_asks_without_leave(self) -> None:
        for name in NAMES:
            for scopes in (None, (Scope.ASK,), tuple(each for each in Scope if each is not Scope.ASK)):
                self.ask(self.asker(name, scopes))

    def ask(self, who: Asker) -> None:
        now, scopes = self.now, who.token.scopes if who.token is not None else (Scope.ASK,)
        listed = permits_of(who, projects={self.project.id: self.project}, records=(self.record,), now=now)
        try:
            given = leave(who, project=self.project, record=self.record, dataset=DATASET, now=now)
        except Refusal as refusal:
            self.read(refusal)
            assert listed == ()
            return
        assert listed == (self.record,)
        assert given.dataset == self.record.dataset and given.cap_nrho == self.record.cap_nrho
        assert self.project.state is ProjectState.ACTIVE and now < self.project.ends_on
        assert self.record.state is PermitState.ACTIVE and now < self.record.valid_until
        assert self.record.project_version == self.project.version
        assert self.record.granted_by not in self.insiders
        assert who.person.id in self.project.members and Role.RESEARCHER in who.person.roles and who.person.disabled_at is None
        assert any(each.revoked_at is None and each.valid_from <= now < each.valid_until for each in who.accreditations)
        assert Scope.ASK in scopes and (who.token is None or now < who.token.expires_at)

    @invariant()
    def nobody_judges_her_own(self) -> None:
        things = (
            *(self.project, PermitOf(record=self.record, project=self.project), OutputOf(output=self.output, project=self.project)),
            ModelOf(model=self.model, project=self.project),
        )
        able = [
            (name, action) for on in things for name in NAMES for action in JUDGING if may(action, self.asker(name), on=on, now=self.now)
        ]
        here = {each.reviewer for each in self.project.reviews if each.version == self.project.version}
        voted = {vote.voter for vote in self.output.votes if vote.round == self.output.round}
        for name, action in able:
            assert name not in self.insiders, action
            if action in {Action.APPROVE_PROJECT, Action.REJECT_PROJECT}:
                assert len(here - self.insiders) >= 2 and name not in {each.reviewer for each in self.project.reviews}
            if action is Action.ASSESS_MODEL:
                assert self.model.described_by not in {None, name}
            if action is Action.VOTE_OUTPUT:
                assert name not in voted and len(voted - self.insiders) < 2
            if RULES[action].step_up:
                assert not may(action, replace(self.asker(name), stepped_up_at=None), on=things[1], now=self.now)

    @rule(
        actor=st.none() | names,
        about=names,
        role=roles,
        stepped_up=st.booleans(),
        scopes=st.none() | st.lists(st.sampled_from(Scope), unique=True).map(tuple),
    )
    def page_and_enforcement_agree(
        self, actor: PersonId | None, about: PersonId, role: Role, stepped_up: bool, scopes: tuple[Scope, ...] | None
    ) -> None:
        who = None if actor is None else self.asker(actor, scopes)
        if who is not None and not stepped_up:
            who = replace(who, stepped_up_at=None)
        for on in self.things(about, role):
            listed = allowed(who, on=on, now=self.now)
            for action in Action:
                try:
                    check(action, who, on=on, now=self.now)
                    passed = True
                except Refusal as refusal:
                    self.read(refusal)
                    passed = False
                assert passed == may(action, who, on=on, now=self.now) == (action in listed)

    @rule(
        actor=names,
        about=names,
        role=roles,
        more=st.sets(st.sampled_from(Role)),
        scopes=st.lists(st.sampled_from(Scope), unique=True).map(tuple),
        scope=st.sampled_from(Scope),
    )
    def more_rights_take_none_away(
        self, actor: PersonId, about: PersonId, role: Role, more: set[Role], scopes: tuple[Scope, ...], scope: Scope
    ) -> None:
        plain, narrow = self.asker(actor), self.asker(actor, scopes)
        wider = [replace(plain, accreditations=(*plain.accreditations, self.accreditation(actor, self.now)))]
        grown = tuple(dict.fromkeys((*plain.person.roles, *sorted(more, key=lambda each: each.value))))
        if compatible(grown):
            wider.append(replace(plain, person=replace(plain.person, roles=grown)))
        longer = replace(self.record, cap_nrho=self.record.cap_nrho * 2, valid_until=self.record.valid_until + timedelta(days=9))
        for on in self.things(about, role):
            had = set(allowed(plain, on=on, now=self.now))
            for each in wider:
                assert had <= set(allowed(each, on=on, now=self.now))
            by_token = set(allowed(narrow, on=on, now=self.now))
            assert by_token <= had
            assert by_token <= set(allowed(self.asker(actor, (*scopes, scope)), on=on, now=self.now))
            if isinstance(on, PermitOf):
                assert had <= set(allowed(plain, on=replace(on, record=longer), now=self.now))

    @invariant()
    def who_judged_was_never_in_the_project(self) -> None:
        judges = {*self.project.deciders, *(each.reviewer for each in self.project.reviews)}
        assert not judges & self.insiders

    @invariant()
    def votes_are_blind(self) -> None:
        for name in NAMES:
            shown = votes_shown(self.output, project=self.project, to=name)
            now_cast = [vote for vote in self.output.votes if vote.round == self.output.round]
            if len(now_cast) < 2:
                assert all(vote.voter == name for vote in shown if vote.round == self.output.round)

    @staticmethod
    def read(refusal: Refusal) -> None:
        """Every refusal fills its message, so that a stranger can mend it."""
        assert not re.search(r"\{\w+\}", ENGLISH.say(refusal.code, **refusal.parameters)), refusal

    def do(self, action: Action, on: Thing, *, actor: PersonId) -> None:
        """What a node does once `check` has let an action pass."""
        event = RULES[action].event
        match event:
            case ProjectEvent():
                self.move_project(event, on, actor=actor)
            case PermitEvent():
                granter = actor if event is PermitEvent.GRANT else self.record.granted_by
                self.record = replace(self.record, state=move(PERMIT, self.record.state, event=event), granted_by=granter)
                if event is PermitEvent.REVISE:  # asked anew for what the project wants now
                    self.record = replace(self.record, project_version=self.project.version)
            case OutputEvent():
                self.move_output(event, actor=actor)
            case ModelEvent():
                self.model = model_after(self.model, event=event, actor=actor)
            case _:
                self.change_people(action, on)

    def move_project(self, event: ProjectEvent, on: Thing, *, actor: PersonId) -> None:
        held = self.project
        held = project_after(held, event=event)
        match event:
            case ProjectEvent.ADD_MEMBER:
                assert isinstance(on, MemberOf)
                self.insiders.add(on.person.id)
                held = replace(held, members=tuple(dict.fromkeys((*held.members, on.person.id))))
            case ProjectEvent.REMOVE_MEMBER:
                assert isinstance(on, MemberOf)
                left = tuple(each for each in held.members if each != on.person.id)
                held = replace(held, members=left, former=(*held.former, on.person.id))
            case ProjectEvent.REVIEW:
                held = replace(held, reviews=(*held.reviews, self.review(actor, version=held.version)))
            case ProjectEvent.APPROVE | ProjectEvent.REJECT | ProjectEvent.RETURN:
                held = replace(held, deciders=(*held.deciders, actor))
            case ProjectEvent.EDIT | ProjectEvent.CHANGE_PURPOSE:
                held = replace(held, purposes=(UseTerm(code="COL", parameter=f"{len(held.purposes)}"), *held.purposes))
            case ProjectEvent.REQUEST_PERMIT:
                self.record = replace(record(PermitState.REQUESTED), project_version=held.version)
            case _:
                pass
        if held.state is ProjectState.SUBMITTED:
            assert self.texts.setdefault(held.version, held.purposes) == held.purposes, "one version, one text"
        self.project = held

    def move_output(self, event: OutputEvent, *, actor: PersonId) -> None:
        held = output_after(self.output, event=event)
        if event is OutputEvent.VOTE:
            held = replace(held, votes=(*held.votes, Vote(voter=actor, round=held.round, verdict=Verdict.APPROVE, reasons="")))
        self.output = held

    def change_people(self, action: Action, on: Thing) -> None:
        match on:
            case RoleOf() if action is Action.GIVE_ROLE:
                self.people[on.person.id] = replace(on.person, roles=(*on.person.roles, on.role))
            case RoleOf():
                self.people[on.person.id] = replace(on.person, roles=tuple(each for each in on.person.roles if each is not on.role))
            case Person() if action is Action.DISABLE_PERSON and on.id != APPLICANT:
                self.people[on.id] = replace(on, disabled_at=self.now)
            case Person() if action is Action.ACCREDIT:
                self.accreditations[on.id] = (self.accreditation(on.id, self.now),)
            case _:
                pass


TestSociety = Society.TestCase
TestSociety.settings = settings(stateful_step_count=30)


def test_the_society_can_get_a_question_answered_and_a_text_published() -> None:
    """The machine above is not empty: its rules lead all the way, in an order that somebody chooses."""
    world = Society()
    ada, bil, cyd, dan, eve, fay, *_ = NAMES
    steps: tuple[tuple[PersonId, Action], ...] = (
        (ada, Action.SUBMIT_PROJECT),
        (bil, Action.REVIEW_PROJECT),
        (eve, Action.REVIEW_PROJECT),
        (cyd, Action.APPROVE_PROJECT),
        (ada, Action.REQUEST_PERMIT),
        (fay, Action.GRANT_PERMIT),
    )
    for actor, action in steps:
        perform(world, actor, action)
    world.the_node_does_its_part()
    assert leave(world.asker(ada), project=world.project, record=world.record, dataset=DATASET, now=NOW).id == "permit-1"
    for actor, action in ((ada, Action.PROPOSE_OUTPUT), (bil, Action.VOTE_OUTPUT), (dan, Action.VOTE_OUTPUT)):
        perform(world, actor, action)
    world.the_node_does_its_part()
    perform(world, cyd, Action.PUBLISH_OUTPUT)
    assert world.output.state is OutputState.PUBLISHED
    for actor, action in (
        (ada, Action.DESCRIBE_MODEL),
        (dan, Action.ASSESS_MODEL),
        (ada, Action.REGISTER_MODEL),
        (fay, Action.SERVE_MODEL),
    ):
        perform(world, actor, action)
    assert (world.model.state, world.model.public) == (ModelState.IN_SERVICE, True)


def perform(world: Society, actor: PersonId, action: Action) -> None:
    (on,) = (each for each in world.things(actor, Role.AUDITOR) if isinstance(each, RULES[action].on))
    check(action, world.asker(actor), on=on, now=world.now)
    world.do(action, on, actor=actor)
