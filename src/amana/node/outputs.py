"""Outputs: texts, code and derivations of released answers that a team wants to publish. Two blinded votes come before.

Nothing un-noised is ever in one: what is voted on was private when it was released (PRIVACY 14).
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import final

from amana.node.audit import NODE, note
from amana.node.notices import tell_of_output
from amana.node.project_rows import HOLD_BY_OUTPUT, OUTPUT, OUTPUTS, PUBLISHED, hold_project, read_output, read_project, swapped
from amana.policy.people import Asker
from amana.policy.projects import Output, OutputKind, Verdict, Vote, event_of_votes, output_after, votes_shown
from amana.policy.rights import Action, check, may
from amana.policy.things import OutputOf
from amana.policy.transitions import OUTPUT as MACHINE
from amana.policy.transitions import OutputEvent, OutputState
from amana.terms.database import Database, DuplicateError, Transaction, Value, moment, text
from amana.terms.ids import OutputId, ProjectId
from amana.terms.refusal import Refusal

ADD = """INSERT INTO output (id, project, kind, author, title, body, digest, state, round, made_at)
VALUES (:id, :project, :kind, :author, :title, :body, :digest, :state, 0, :at)"""
WORDS = "SELECT title, body FROM output WHERE id = :id"
REWRITE = "UPDATE output SET title = :title, body = :body, digest = :digest WHERE id = :id AND state IN ('released', 'returned')"
MOVE = "UPDATE output SET state = :to, round = :next WHERE id = :id AND state = :was AND round = :round"
VOTE = """INSERT INTO vote (output, author, round, place, voter, verdict, reasons, given_at)
VALUES (:output, :author, :round, :place, :voter, :verdict, :reasons, :at)"""
OUTPUTS_MAX = 200
"""Of one project, in whatever state."""
BODY_LENGTH_MAX = 1_000_000
ACTIONS = {
    OutputEvent.PROPOSE: Action.PROPOSE_OUTPUT,
    OutputEvent.PUBLISH: Action.PUBLISH_OUTPUT,
    OutputEvent.RETRACT: Action.RETRACT_OUTPUT,
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An output as one person may see it: `votes` leaves out those that are still blind to her."""

    output: Output
    title: str
    body: str
    votes: tuple[Vote, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What everybody may read of an output."""

    id: OutputId
    title: str


@final
class Outputs:
    """The outputs of this node. Errors: every method raises the refusals of `policy.rights.check`, and node.not_found."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now

    def add(self, asker: Asker | None, *, project: ProjectId, kind: OutputKind, title: str, body: str) -> OutputId:
        """Something that the team made of released answers. Errors: Refusal node.bad_value for one that is too long, output.too_many."""
        at, made = self._now(), OutputId(f"x-{secrets.token_hex(6)}")
        _short(body)
        with self._database.transaction() as run:
            check(Action.ADD_OUTPUT, asker, on=hold_project(run, project), now=at)
            assert asker is not None
            if len(run.rows(OUTPUTS, {"project": project})) >= OUTPUTS_MAX:
                raise Refusal("output.too_many", project=project, most=OUTPUTS_MAX)
            values: dict[str, Value] = {"id": made, "project": project, "kind": kind.value, "author": asker.person.id, "at": moment(at)}
            run.change(ADD, {**values, **_words(title, body), "state": MACHINE.start.value})
            _note(run, made, at=at, actor=asker.person.id, action="add", was="", now_is=MACHINE.start.value)
        return made

    def rewrite(self, asker: Asker | None, *, output: OutputId, title: str, body: str) -> None:
        """Change its words before it is proposed, or after it came back: who may propose it may."""
        at = self._now()
        _short(body)
        with self._database.transaction() as run:
            found = _hold(run, output)
            check(Action.PROPOSE_OUTPUT, asker, on=found, now=at)
            assert asker is not None
            swapped(run.change(REWRITE, {"id": output, **_words(title, body)}))
            state = found.output.state.value
            _note(run, output, at=at, actor=asker.person.id, action="rewrite", was=state, now_is=state)

    def output(self, asker: Asker | None, *, output: OutputId) -> Shown:
        """One that the asker may see; what is published, everybody may, without the votes."""
        at = self._now()
        with self._database.reading() as run:
            found = _read(run, output)
            if found.output.state is not OutputState.PUBLISHED:
                check(Action.SEE_OUTPUT, asker, on=found, now=at)
            return _shown(run, found, to=asker, now=at)

    def place(self, output: OutputId) -> OutputOf:
        """The output in its project, as the rules of policy see it, for whoever has just changed it. Errors: Refusal node.not_found."""
        with self._database.reading() as run:
            return _read(run, output)

    def outputs(self, asker: Asker | None, *, project: ProjectId) -> tuple[Shown, ...]:
        """Those of a project that the asker may see."""
        at = self._now()
        with self._database.reading() as run:
            owner = read_project(run, project)
            found = [OutputOf(output=read_output(run, row), project=owner) for row in run.rows(OUTPUTS, {"project": project})]
            seen = [each for each in found if each.output.state is OutputState.PUBLISHED or may(Action.SEE_OUTPUT, asker, on=each, now=at)]
            return tuple(_shown(run, each, to=asker, now=at) for each in seen)

    def published(self, project: ProjectId) -> tuple[Published, ...]:
        """What a project published and did not take back."""
        with self._database.reading() as run:
            return tuple(Published(id=OutputId(text(name)), title=text(title)) for name, title in run.rows(PUBLISHED, {"project": project}))

    def act(self, asker: Asker | None, *, output: OutputId, event: OutputEvent) -> Output:
        """Propose, publish or retract."""
        at = self._now()
        with self._database.transaction() as run:
            found = _hold(run, output)
            check(ACTIONS[event], asker, on=found, now=at)
            assert asker is not None
            _move(run, found.output, event, actor=asker.person.id, at=at)
            tell_of_output(run, found.project, event=event, actor=asker.person.id, at=at)
            return _read(run, output).output

    def vote(self, asker: Asker | None, *, output: OutputId, verdict: Verdict, reasons: str) -> Output:
        """One of two votes, blind until both are cast; the second decides. Errors: Refusal output.voted, output.votes_full."""
        at = self._now()
        with self._database.transaction() as run:
            found = _hold(run, output)
            check(Action.VOTE_OUTPUT, asker, on=found, now=at)
            assert asker is not None
            place = len(found.output.votes_now()) + 1
            values: dict[str, Value] = {"output": output, "author": found.output.author, "round": found.output.round, "place": place}
            given: dict[str, Value] = {"voter": asker.person.id, "verdict": verdict.value, "reasons": reasons, "at": moment(at)}
            try:
                run.change(VOTE, {**values, **given})
            except DuplicateError:
                raise Refusal("node.changed_meanwhile") from None
            _note(run, output, at=at, actor=asker.person.id, action="vote", was=found.output.state.value, now_is=found.output.state.value)
            voted = _read(run, output).output
            event = event_of_votes(voted, project=found.project)
            if event is not None:
                _move(run, voted, event, actor=NODE, at=at)
            return _read(run, output).output


def _read(run: Transaction, output: OutputId) -> OutputOf:
    found = run.rows(OUTPUT, {"id": output})
    if not found:
        raise Refusal("node.not_found", thing="word.thing.output", name=output[:80])
    held = read_output(run, found[0])
    return OutputOf(output=held, project=read_project(run, held.project))


def _hold(run: Transaction, output: OutputId) -> OutputOf:
    """The output, which nobody else changes until the transaction ends."""
    run.change(HOLD_BY_OUTPUT, {"id": output})
    return _read(run, output)


def _shown(run: Transaction, on: OutputOf, *, to: Asker | None, now: datetime) -> Shown:
    output = on.output
    title, body = run.rows(WORDS, {"id": output.id})[0]
    votes: tuple[Vote, ...] = ()  # who judged, and why, is not for the public
    if to is not None and may(Action.SEE_OUTPUT, to, on=on, now=now):
        votes = votes_shown(output, project=on.project, to=to.person.id)
    return Shown(output=output, title=text(title), body=text(body), votes=votes)


def _move(run: Transaction, output: Output, event: OutputEvent, *, actor: str, at: datetime) -> None:
    after = output_after(output, event=event)
    values: dict[str, Value] = {"id": output.id, "was": output.state.value, "round": output.round}
    swapped(run.change(MOVE, {**values, "to": after.state.value, "next": after.round}))
    _note(run, output.id, at=at, actor=actor, action=event.value, was=output.state.value, now_is=after.state.value)


def _words(title: str, body: str) -> dict[str, Value]:
    return {"title": title, "body": body, "digest": hashlib.sha256(f"{title}\n{body}".encode()).hexdigest()}


def _short(body: str) -> None:
    if len(body) > BODY_LENGTH_MAX:
        raise Refusal("node.bad_value", field="body", wanted="word.characters_at_most", number=BODY_LENGTH_MAX)


def _note(run: Transaction, output: OutputId, *, at: datetime, actor: str, action: str, was: str, now_is: str) -> None:
    note(run, at=at, actor=actor, action=action, thing="output", subject=output, was=was, now_is=now_is)
