"""A governed node whose transitions and uses go to a log in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from amana.node.models import Models
from amana.node.openings import Vault
from amana.node.outbox import Flushing, Outbox
from amana.node.permits import Permits
from amana.node.projects import Projects
from amana.node.public_record import PublicRecord
from amana.policy.permit import Permit
from amana.privacy.kernel import Answer
from amana.privacy.price import RhoCap
from amana.privacy.release import answer
from amana.query.parse import parse
from amana.terms.ids import NanoRho
from tests.governed import Governed, governed
from tests.log_entries import MemoryLog
from tests.parts import SCHEMA, FakeEngine, asking, kernel

SQL = "SELECT COUNT(*) FROM visits WHERE note = 'her secret'"
VAULT = Vault(bytes(32))


@dataclass
class Told:
    """A governed node whose transitions go to a log in memory."""

    node: Governed
    log: MemoryLog
    box: Outbox
    record: PublicRecord

    def all(self) -> str:
        return "\n".join(each.decode() for each in self.log.kept)


@contextmanager
def telling(folder: Path) -> Iterator[Told]:
    folder.mkdir(exist_ok=True)
    with governed(folder / "node.sqlite") as node:
        log = MemoryLog()
        box = Outbox(node.database, log, lock=folder / "outbox.lock")
        flushing = Flushing(node.database, box)
        node.projects = Projects(flushing, node.clock.now, datasets=node.datasets)
        node.permits = Permits(flushing, node.clock.now, ledger=node.ledger, datasets=node.datasets)
        node.models = Models(flushing, node.clock.now)
        yield Told(node=node, log=log, box=box, record=PublicRecord(node.database, log, box=box, vault=VAULT))


def member(told: Told) -> Permit:
    (of,) = told.node.versions
    return told.node.permits.leave(told.node.asker("member"), dataset=of.dataset, permit=None)


def ask(told: Told, given: Permit, engine: FakeEngine, *, cost: int = 1, about: int = 0) -> Answer:
    """`about`: which of several questions."""
    (of,) = told.node.versions
    plan = parse(f"SELECT COUNT(*) AS n FROM visits WHERE stay > {about}", SCHEMA)
    with told.record.sealing(person=told.node.ids["member"], sql=SQL) as sealed:
        put = replace(asking(of, plan, target=RhoCap(nano_rho=NanoRho(1_000 * cost))), permit=given, sealed=sealed)
        return answer(put, replace(kernel(told.node.ledger, engine, clock=told.node.clock), log=told.record))
