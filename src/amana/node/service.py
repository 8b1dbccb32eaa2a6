"""A node as the doors see it: asking, people, projects, permits and outputs over one data folder."""

import json
import secrets
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, final

import structlog

from amana.catalog.schema import Dataset, Version, expired
from amana.log.quorum import Policy, policy_of
from amana.log.receipt import write_receipt
from amana.node.ai_register import AiRegister
from amana.node.answers import Answered, Preview, Simulated
from amana.node.ask import Node
from amana.node.askers import read_asker
from amana.node.asking import Leave
from amana.node.audit import MACHINE
from amana.node.comments import Comments
from amana.node.consultations import Consultations
from amana.node.contacts import Contacts
from amana.node.desk import Desk
from amana.node.desks import Desks
from amana.node.history import History
from amana.node.job_rows import JobRecord
from amana.node.job_runs import JobRuns
from amana.node.jobs import Jobs, JobView
from amana.node.lengthy import LongerError
from amana.node.log_keeper import LogKeeper
from amana.node.models import Models
from amana.node.notices import Notices
from amana.node.outputs import Outputs
from amana.node.people import People
from amana.node.permits import Permits
from amana.node.post import Post
from amana.node.private_figures import PrivateFigures
from amana.node.programme import Programme
from amana.node.programme_state import ProgrammeState
from amana.node.projects import Projects
from amana.node.public_projects import PublicProjects
from amana.node.public_record import is_told
from amana.node.publish_apart import PublishApart
from amana.node.receipts import Holder
from amana.node.regions import Regions
from amana.node.registers import Registers
from amana.node.repeats import Repeats
from amana.node.sign_in import cut_off
from amana.node.spending import ProjectSpending, spent_by_project
from amana.node.tokens import read_token
from amana.node.trainings import Trainings
from amana.node.verification import Verification
from amana.node.witnessing import open_witness
from amana.policy.people import ASSISTANT_SCOPES, Asker
from amana.policy.permit import Permit
from amana.policy.rights import Action, check
from amana.policy.things import Node as Place
from amana.policy.things import PermitOf
from amana.policy.transitions import PermitEvent
from amana.privacy.ledger import Balance
from amana.register.listing import Listed
from amana.terms.code import Exit
from amana.terms.codes import CODES
from amana.terms.ids import PermitId, ProjectId
from amana.terms.refusal import Fault, Refusal

if TYPE_CHECKING:
    from amana.node.job_queue import JobQueue
    from amana.node.wiring import Wired


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as somebody puts it. `permit`: which one pays, where several could. `allowance`: of an assistant's token, as a
    share of the permit, with the token's name."""

    sql: str
    within: str
    share: str | None = None
    permit: PermitId | None = None
    allowance: tuple[str, Fraction] | None = None


@final
class Service:
    """Everything that a door of the node can call. Errors: Refusal or Fault only."""

    def __init__(self, wired: "Wired") -> None:
        self._wired = wired
        self.now: Callable[[], datetime] = wired.clock.now
        self.settings, self.database = wired.settings, wired.recorded
        self.node = Node(wired)
        self.people = People(self.database, self.now, cut_off=cut_off)
        self.projects = Projects(self.database, self.now, datasets=self.datasets)
        self.public_projects = PublicProjects(wired.database, self.now)
        self.permits = Permits(self.database, self.now, ledger=wired.ledger, datasets=self.datasets)
        self.outputs, self.models = Outputs(wired.database, self.now), Models(self.database, self.now)
        self.comments, self.notices = Comments(self.database, self.now), Notices(self.database, self.now)
        self.contacts = Contacts(self.database, self.now, digest_key=wired.store.digest_key, mails=bool(self.settings.mail_host))
        self.desk = Desk(self)
        self.registers, self.ai_register = Registers(self), AiRegister(self)
        self.repeats = Repeats(
            wired.database, self.now, worker=wired.worker.name, alive=wired.worker.alive, digest_key=wired.store.digest_key
        )
        self.sign_in = wired.sign_in()
        self.trainings = Trainings(self)
        self.programme_state = ProgrammeState(self.database, self.now, entries=wired.log.entries, policy=self.log_policy)
        self.programme, self.private_figures = Programme(self), PrivateFigures(self)
        self.regions, self.consultations = Regions(self.settings), Consultations(self, digest_key=wired.store.digest_key)
        self.jobs = Jobs(self, now=self.now)
        self.history = History(self, now=self.now)
        self.witness = open_witness(wired.settings.folder, wired.settings, now=self.now)
        """None where this node is nobody's witness."""
        self.desks, self.publishing = Desks(self, now=self.now), PublishApart(self, store=wired.store, now=self.now)
        self.verification = Verification(
            wired.settings.folder, now=self.now, policy=lambda: policy_of(*wired.log.signed_by),
            minutes=wired.settings.log_verify_minutes,
        )  # fmt: skip
        self._runs = JobRuns(self, worker=wired.worker.name, alive=wired.worker.alive, now=self.now)
        others = self.consultations.comments.letters
        self._post = Post(self.database, self.settings, self.now, code_of=self.contacts.code_of, others=others)
        self._queue: JobQueue | None = None

    def work(self) -> None:
        """Run jobs from now on, those too that an earlier process left. Without it every question is answered at once."""
        from amana.node.job_queue import JobQueue  # it takes seconds, and only a server has the time

        self._queue = JobQueue(
            self._wired.job_place(), worker=self._wired.worker.name, running_max=self.settings.jobs_running_max, run=self._runs.run,
            open_jobs=self.jobs.open, alive=self._wired.worker.alive,
        )  # fmt: skip
        self.jobs.on_submit = self._queue.put

    def begin(self) -> None:
        """At start: finish what a crash left half done, and note what has ended meanwhile."""
        self._close_what_ended()
        self.permits.activate()
        self.programme.begin()

    def tend(self) -> None:
        """Now and then: what a lost process or database left open is closed, and so are versions that were replaced, and projects and
        permits whose day has come; the programme's figures are computed anew; then e-mail that waits is sent.

        Errors: Refusal node.database_lost."""
        self._close_what_ended()
        self.private_figures.measure_again()
        self.programme_state.note_changes()
        self._post.send()

    def _close_what_ended(self) -> None:
        self._wired.recover()
        self._runs.recover()
        self.repeats.recover()
        self._wired.retire()
        self.projects.expire()
        self.permits.expire()
        self.repeats.purge(older_than=timedelta(hours=self.settings.http_key_hours))
        self._wired.box.try_flush()
        self.jobs.purge(older_than=timedelta(days=self.settings.job_days))
        self.notices.purge(older_than=timedelta(days=self.settings.notice_days))
        self.consultations.comments.purge()

    def check(self) -> None:
        """Return if requests can be answered. Errors: Refusal node.database_lost, node.file_not_writable."""
        self._wired.log.check()
        with self.database.reading() as run:
            run.rows("SELECT 1", {})

    def datasets(self) -> tuple[Dataset, ...]:
        """Those that serve now."""
        return tuple(version.dataset for version in self.versions())

    def versions(self) -> tuple[Version, ...]:
        """The version of each dataset that serves now."""
        return tuple(opened.version for opened in self._wired.opened())

    def listed(self) -> tuple[Listed, ...]:
        """The same, as registers list them."""
        first = self._wired.store.first_published()
        return tuple(
            Listed(version=each.version, issued_at=first[each.version.dataset.name], modified_at=each.published_at)
            for each in self._wired.store.current()
        )

    def entries(self, *, start: int = 0) -> Iterator[Mapping[str, object]]:
        """The entries of the public log from that index on, as JSON holds them."""
        for entry in self._wired.log.entries(start):
            yield cast("dict[str, object]", json.loads(entry))

    def log_policy(self) -> Policy:
        """Whose signatures of this node's log count, and which witnesses it asks."""
        return self._wired.log.policy

    def spending(self, population: str) -> tuple[ProjectSpending, ...]:
        """Who spent a population's budget."""
        return spent_by_project(self.database, self._wired.ledger, population=population)

    def recover(self) -> None:
        """Close charges of processes that ended."""
        self._wired.recover()

    def put(self, asker: Asker | None, *, asked: Asked, since: datetime | None = None) -> Answered | JobView:
        """Answer a question at once if that takes no longer than `job_after_ms`, else make it a job. `since`: as of `ask_again`."""
        if self._queue is None or asker is None:
            return self.ask(asker, asked=asked) if since is None else self.ask_again(asker, asked=asked, since=since)
        if since is not None:
            job = self.jobs.same(asker, asked, since=since)
            if job is not None:
                return job
            self._check_paid_once(asker, asked, since=since)
        try:
            return self.ask(asker, asked=asked, seconds_max=self.settings.job_after_ms / 1e3)
        except LongerError as longer:
            asked = replace(asked, permit=longer.permit)
            return self.jobs.submit(asker, asked, dataset=longer.dataset, seconds=longer.seconds)

    def asked(self, sql: str, *, within: str, permit: PermitId) -> Asked:
        """A question of the programme as anybody puts one."""
        return Asked(sql=sql, within=within, permit=permit)

    def ask(
        self, asker: Asker | None, *, asked: Asked, seconds_max: float | None = None, on_charge: Callable[[], None] | None = None
    ) -> Answered:
        """Answer a question under a permit; what the ledger says of the permit is noted in its state. `seconds_max`, `on_charge`: as
        of `Node.ask`."""
        try:
            with self.telling(asker, asked, told_otherwise=on_charge is not None) as leave:
                return self.node.ask(
                    asked.sql, within=asked.within, share=asked.share, leave=leave, seconds_max=seconds_max, on_charge=on_charge
                )
        except Refusal as refusal:
            event = {"budget.permit_paused": PermitEvent.PAUSE, "budget.permit_exhausted": PermitEvent.EXHAUST}.get(refusal.code)
            if event is not None and refusal.parameters.get("left", 0) == 0:
                self.permits.note_spending(PermitId(str(refusal.parameters["permit"])), event=event)
            raise
        except Fault as fault:
            structlog.get_logger("amana.node").error("ask", fault=fault.id)
            raise

    def ask_again(self, asker: Asker | None, *, asked: Asked, since: datetime) -> Answered:
        """Answer a question whose first attempt, begun at that moment, was cut off: it is never paid twice.

        Errors: Fault when the first attempt had paid and its rows were lost; else as `ask`.
        """
        self._check_paid_once(asker, asked, since=since)
        return self.ask(asker, asked=asked)

    def dry_run(self, asker: Asker | None, *, asked: Asked) -> Answered:
        """The question over invented rows: for everybody."""
        check(Action.DRY_RUN, asker, on=Place(), now=self.now())
        return self.node.dry_run(asked.sql, within=asked.within, share=asked.share)

    def preview(self, asker: Asker | None, *, asked: Asked) -> Preview:
        """What it would cost and how precise it would be: for anybody who signed in. With a permit, what was asked before counts."""
        check(Action.PREVIEW, asker, on=Place(), now=self.now())
        try:
            return self.node.preview(asked.sql, within=asked.within, share=asked.share, leave=self._leave(asker, asked))
        except Refusal as refusal:
            if asked.permit is not None or CODES[refusal.code].exit is not Exit.PERMISSION:
                raise
        return self.node.preview(asked.sql, within=asked.within, share=asked.share, known="nothing")  # not what others asked

    def recall(self, asker: Asker | None, *, asked: Asked) -> Answered:
        """An answer that was given before. Errors: Refusal ask.not_answered."""
        with self.telling(asker, asked) as leave:
            return self.node.recall(asked.sql, within=asked.within, share=asked.share, leave=leave)

    def asked_of(self, record: JobRecord) -> Asked:
        """The question of a job, as it was put."""
        return Asked(sql=record.sql, within=record.within, share=record.share, permit=record.permit, allowance=record.allowance)

    def check_job(self, record: JobRecord) -> Asker:
        """Who asks in a job, as she is now; she was signed in when she put it in the queue.

        Errors: Refusal, as of whoever asks now: she is disabled, her accreditation or permit ended, the dataset serves no more.
        """
        with self.database.reading() as run:
            token = None if record.token is None else read_token(run, record.token, owner=record.owner)
            asker = read_asker(run, record.owner, signed_in_at=self.now(), stepped_up_at=None, token=token)
        if asker is None:
            raise Refusal("rights.person_disabled")
        if record.token is not None and token is None:
            raise Refusal("rights.token_ended", token=record.token)
        serving = {dataset.name: dataset for dataset in self.datasets()}
        if record.dataset not in serving:
            raise Refusal("node.unknown_dataset", name=record.dataset, names=", ".join(serving))
        self._leave(asker, self.asked_of(record)).find(serving[record.dataset])
        return asker

    def simulate(self, asker: Asker | None, *, asked: Asked, draws: int) -> Simulated:
        """Redraws of an answer that was given before."""
        with self.telling(asker, asked) as leave:
            return self.node.simulate(asked.sql, within=asked.within, share=asked.share, draws=draws, leave=leave)

    def left(self, asker: Asker | None, *, permit: PermitId) -> tuple[PermitOf, Balance, Balance | None]:
        """What was spent of a permit, and of the allowance of the token that asks. Errors: as `Permits.permit`."""
        return self.permits.left(asker, permit=permit, allowance=self._allowance(asker))

    def assistant(self, asker: Asker) -> Fraction | None:
        """The share of each permit that the asker's token may spend, where it is an AI assistant's: it reads and asks, and nothing else."""
        allowance = self._allowance(asker)
        only = asker.token is not None and set(asker.token.scopes) <= set(ASSISTANT_SCOPES)
        return allowance[1] if allowance is not None and only else None

    def keeper(self) -> LogKeeper:
        """For whoever holds the data folder."""
        wired = self._wired
        return LogKeeper(self.database, wired.log, wired.reader, record=wired.record, vault=wired.vault, now=self.now)

    def entries_of(self, subject: str) -> tuple[int, ...]:
        """The entries of the public log that tell of a project, a permit or a job."""
        return self._wired.receipts.entries_of(subject)

    def receipt(self, holder: Holder, *, index: int) -> str:
        """The receipt of an entry of the log as a file, with the openings that belong to its holder. Errors: Refusal receipt.no_entry."""

        def sees(project: ProjectId) -> bool:
            try:
                self.projects.project(None if holder == "machine" else holder, project=project)
            except Refusal:
                return False
            return True

        return write_receipt(self._wired.receipts.receipt(index, holder=holder, sees=sees))

    def sign(self, entry: int, content: bytes) -> str:
        """The receipt of a training, committed to what it left. Errors: Fault."""
        return self._wired.receipts.sign(entry, content)

    def close(self) -> int:
        """Take no more jobs, wait for those that run, give everything back. Gives how many jobs run on all the same: who ends the
        process then leaves their charges to the next start."""
        if self._queue is not None:
            self._runs.stop()
            self._queue.close(seconds_max=self.settings.http_stop_ms_max / 1e3)
        left = self._runs.running()
        self.verification.close()
        self._wired.close()
        return left

    def lost(self, asker: Asker | None, *, asked: Asked, since: datetime) -> bool:
        """Whether this question was charged since then and its rows were lost: asking it again pays again."""
        self.recover()  # what the process that ended left open is closed first, or it would be waited for
        return self.node.lost(asked.sql, within=asked.within, share=asked.share, leave=self._leave(asker, asked), since=since)

    def _check_paid_once(self, asker: Asker | None, asked: Asked, *, since: datetime) -> None:
        if self.lost(asker, asked=asked, since=since):
            raise Fault(id=secrets.token_hex(8))

    @contextmanager
    def telling(self, asker: Asker | None, asked: Asked, *, told_otherwise: bool = False) -> Generator[Leave]:
        """The leave to ask; if right or budget refuse what is asked under a permit, the public log is told. `told_otherwise`: as of a
        job, whose own entry says so."""
        leave, held = self._leave(asker, asked), list[PermitId]()

        def found(dataset: Dataset) -> Permit:
            permit = leave.find(dataset)
            held.append(permit.id)
            return permit

        try:
            yield replace(leave, find=found)
        except Refusal as refusal:
            permit = refusal.parameters.get("permit") or asked.permit or (held[0] if held else None)
            if permit is not None and not told_otherwise and is_told(refusal):
                code = refusal.number
                self._wired.record.refused(permit=PermitId(str(permit)), code=code, person=leave.person, sql=asked.sql, at=self.now())
            raise

    def _leave(self, asker: Asker | None, asked: Asked) -> Leave:
        def leave(dataset: Dataset) -> Permit:
            if expired(dataset, self.now().date()):
                raise Refusal("node.retention_over", dataset=dataset.name, date=dataset.retention.isoformat())
            allowance = asked.allowance or self._allowance(asker)
            return self.permits.leave(asker, dataset=dataset, permit=asked.permit, allowance=allowance)

        return Leave(person=MACHINE if asker is None else asker.person.id, find=leave)

    def _allowance(self, asker: Asker | None) -> tuple[str, Fraction] | None:
        """What the token that speaks for the asker may spend, where it was given a share of its own."""
        if asker is None or asker.token is None:
            return None
        share = self.sign_in.tokens.allowance(asker.token.id)
        return None if share is None else (asker.token.id, share)


def open_service(folder: Path, *, absent: Literal["refuse", "make"] = "refuse") -> Service:
    """The node of a data folder, for doors that know who asks. `absent`: what to do where there is no node yet."""
    from amana.node.wiring import wire  # the one place where real parts are made; it needs this floor's types

    service = Service(wire(folder, absent=absent))
    service.begin()
    return service
