"""A node as the doors see it: asking, people, projects, permits and outputs over one data folder."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, final

from amana.catalog.schema import Dataset, Version, expired
from amana.node.answers import Answered, Preview, Simulated
from amana.node.ask import Node
from amana.node.asking import Leave
from amana.node.outputs import Outputs
from amana.node.people import People
from amana.node.permits import Permits
from amana.node.projects import Projects
from amana.node.repeats import Repeats
from amana.node.sign_in import cut_off
from amana.node.spending import ProjectSpending, spent_by_project
from amana.policy.people import Asker
from amana.policy.permit import Permit
from amana.policy.rights import Action, check
from amana.policy.things import Node as Place
from amana.policy.transitions import PermitEvent
from amana.terms.ids import PermitId
from amana.terms.refusal import Fault, Refusal

if TYPE_CHECKING:
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
        self.settings, self.database = wired.settings, wired.database
        self.node = Node(wired)
        self.people = People(wired.database, self.now, cut_off=cut_off)
        self.projects = Projects(wired.database, self.now, datasets=self.datasets)
        self.permits = Permits(wired.database, self.now, ledger=wired.ledger, datasets=self.datasets)
        self.outputs = Outputs(wired.database, self.now)
        self.repeats = Repeats(
            wired.database, self.now, worker=wired.worker.name, alive=wired.worker.alive, digest_key=wired.store.digest_key
        )
        self.sign_in = wired.sign_in()

    def begin(self) -> None:
        """At start: finish what a crash left half done, and note what has ended meanwhile."""
        self.tend()
        self.permits.activate()

    def tend(self) -> None:
        """Now and then: close charges of processes that ended, and projects and permits whose day has come."""
        self._wired.recover()
        self.projects.expire()
        self.permits.expire()
        self.repeats.purge(older_than=timedelta(hours=self.settings.http_key_hours))

    def datasets(self) -> tuple[Dataset, ...]:
        """Those that serve now."""
        return tuple(version.dataset for version in self.versions())

    def versions(self) -> tuple[Version, ...]:
        """The version of each dataset that serves now."""
        return tuple(opened.version for opened in self._wired.opened())

    def spending(self, population: str) -> tuple[ProjectSpending, ...]:
        """Who spent a population's budget."""
        return spent_by_project(self.database, self._wired.ledger, population=population)

    def ask(self, asker: Asker | None, *, asked: Asked) -> Answered:
        """Answer a question under a permit; what the ledger says of the permit is noted in its state."""
        try:
            return self.node.ask(asked.sql, within=asked.within, share=asked.share, leave=self._leave(asker, asked))
        except Refusal as refusal:
            event = {"budget.permit_paused": PermitEvent.PAUSE, "budget.permit_exhausted": PermitEvent.EXHAUST}.get(refusal.code)
            if event is not None and refusal.parameters.get("left", 0) == 0:
                self.permits.note_spending(PermitId(str(refusal.parameters["permit"])), event=event)
            raise

    def ask_again(self, asker: Asker | None, *, asked: Asked, since: datetime) -> Answered:
        """Answer a question whose first attempt, begun at that moment, was cut off: it is never paid twice.

        Errors: Fault when the first attempt had paid and its rows were lost; else as `ask`.
        """
        self._wired.recover()  # what the process that ended left open is closed first, or it would be waited for
        if self.node.lost(asked.sql, within=asked.within, share=asked.share, leave=self._leave(asker, asked), since=since):
            raise Fault(id=secrets.token_hex(8))
        return self.ask(asker, asked=asked)

    def dry_run(self, asker: Asker | None, *, asked: Asked) -> Answered:
        """The question over invented rows: for everybody."""
        check(Action.DRY_RUN, asker, on=Place(), now=self.now())
        return self.node.dry_run(asked.sql, within=asked.within, share=asked.share)

    def preview(self, asker: Asker | None, *, asked: Asked) -> Preview:
        """What it would cost and how precise it would be: for anybody who signed in, whether or not she has a permit."""
        check(Action.PREVIEW, asker, on=Place(), now=self.now())
        if asked.permit is None:
            return self.node.preview(asked.sql, within=asked.within, share=asked.share)
        return self.node.preview(asked.sql, within=asked.within, share=asked.share, leave=self._leave(asker, asked))

    def simulate(self, asker: Asker | None, *, asked: Asked, draws: int) -> Simulated:
        """Redraws of an answer that was given before."""
        return self.node.simulate(asked.sql, within=asked.within, share=asked.share, draws=draws, leave=self._leave(asker, asked))

    def close(self) -> None:
        """Give everything back."""
        self._wired.close()

    def _leave(self, asker: Asker | None, asked: Asked) -> Leave:
        def leave(dataset: Dataset) -> Permit:
            if expired(dataset, self.now().date()):
                raise Refusal("node.retention_over", dataset=dataset.name, date=dataset.retention.isoformat())
            allowance = asked.allowance or self._allowance(asker)
            return self.permits.leave(asker, dataset=dataset, permit=asked.permit, allowance=allowance)

        return leave

    def _allowance(self, asker: Asker | None) -> tuple[str, Fraction] | None:
        """What the token that speaks for the asker may spend, where it was given a share of its own."""
        if asker is None or asker.token is None:
            return None
        share = self.sign_in.tokens.allowance(asker.token.id)
        return None if share is None else (asker.token.id, share)


def open_service(folder: Path) -> Service:
    """The node of a data folder, for doors that know who asks."""
    from amana.node.wiring import wire  # the one place where real parts are made; it needs this floor's types

    service = Service(wire(folder))
    service.begin()
    return service
