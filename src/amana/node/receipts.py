"""Receipts: the entry of a use or decision, its proof, and the openings that belong to whoever asks for it.

Entry and proof are public. What was sealed is told to the person who put the question or decided; the reasons of a decision also to
those who may see its project. Whoever holds the data folder sees all: she keeps the openings.
"""

import secrets
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias, cast, final

from amana.log.entries import read_entry
from amana.log.look import Found, find_entry
from amana.log.note import Note
from amana.log.read import LogReader
from amana.log.receipt import Opening, Receipt, Rows, commit_rows, rows_of, write_receipt
from amana.log.seal import SALT_BYTES, read_salt, write_salt
from amana.log.violation import Violation
from amana.node import openings
from amana.policy.people import Asker
from amana.terms.database import Database, Row, Value, text, whole
from amana.terms.ids import ProjectId
from amana.terms.refusal import Fault, Refusal

KEEP = "INSERT INTO released_rows (entry, salt, csv_hmac) VALUES (:entry, :salt, :hmac) ON CONFLICT DO NOTHING"
OF = "SELECT entry FROM told_of WHERE subject = :subject ORDER BY entry LIMIT :limit"
ENTRIES_MAX = 1_000
KEPT = "SELECT salt, csv_hmac FROM released_rows WHERE entry = :entry"
Holder: TypeAlias = Asker | Literal["machine"] | None
"""Who asks for a receipt: a person, whoever holds the data folder, or a stranger."""


@final
class Receipts:
    """The receipts of one node. `state`: signs a statement with the log's key."""

    def __init__(self, database: Database, reader: LogReader, *, vault: openings.Vault, state: Callable[[str], Note]) -> None:
        self._database, self._reader, self._vault, self._state = database, reader, vault, state

    def keep(self, entry: int, *, csv: bytes) -> None:
        """Commit to what leaves under that entry, before it does. `csv`: the answer or the synthetic table as CSV, or the text of a model
        file."""
        salt = secrets.token_bytes(SALT_BYTES)
        values: dict[str, Value] = {"entry": entry, "salt": write_salt(salt), "hmac": commit_rows(csv, salt=salt).hex()}
        with self._database.transaction() as run:
            run.change(KEEP, values)

    def entries_of(self, subject: str) -> tuple[int, ...]:
        """The entries of the log that tell of that project, permit or job, in order: each decision has its own receipt."""
        with self._database.reading() as run:
            return tuple(whole(entry) for (entry,) in run.rows(OF, {"subject": subject, "limit": ENTRIES_MAX}))

    def sign(self, index: int, content: bytes) -> str:
        """The receipt of a training as it stands in a file that goes from hand to hand: it commits to what was made, and who asked stays
        sealed. As JSON. Errors: Fault when the log cannot be read.
        """
        self.keep(index, csv=content)
        found = self._found(index)
        assert found is not None, "a use is in the log before its result is there"
        with self._database.reading() as run:
            kept = run.rows(KEPT, {"entry": index})
        return write_receipt(Receipt(entry=found.entry, proof=found.proof, rows=self._rows(found, index, kept)))

    def receipt(self, index: int, *, holder: Holder, sees: Callable[[ProjectId], bool]) -> Receipt:
        """The receipt of that entry. `sees`: whether the holder may see that project.

        Errors: Refusal receipt.no_entry; Fault when the log cannot be read.
        """
        found = self._found(index)
        if found is None:
            raise Refusal("receipt.no_entry", index=index)
        entry, proof = found.entry, found.proof
        sealed = cast("tuple[tuple[str, str], ...]", getattr(read_entry(entry), "sealed", ()))
        with self._database.reading() as run:
            opened = [openings.get(run, commitment, vault=self._vault) for _, commitment in sealed]
            kept = run.rows(KEPT, {"entry": index})
        known = {each.field: each for each in opened if each is not None}
        project = ProjectId(getattr(read_entry(entry), "project", ""))
        shown = _belonging(known, holder=holder) or ({"reasons"} & known.keys() if project and sees(project) else set[str]())
        rows = self._rows(found, index, kept) if "sql" in shown else None
        told = tuple(Opening(field=name, salt=known[name].salt, value=known[name].value) for name in sorted(shown))
        return Receipt(entry=entry, proof=proof, openings=told, rows=rows)

    def _found(self, index: int) -> Found | None:
        try:
            return find_entry(self._reader, index=index)
        except (Violation, OSError):
            raise Fault(id=secrets.token_hex(8)) from None

    def _rows(self, found: Found, index: int, kept: Sequence[Row]) -> Rows | None:
        """The commitment to what left under that entry, stated by the log; None where nothing was kept."""
        if not kept:
            return None
        salt, committed = (text(each) for each in kept[0])
        origin = found.proof.checkpoint.text.partition("\n")[0]
        return rows_of(bytes.fromhex(committed), salt=read_salt(salt), entry=found.entry, index=index, origin=origin, state=self._state)


def _belonging(known: dict[str, openings.Opening], *, holder: Holder) -> set[str]:
    """The sealed fields that are the holder's own."""
    if holder == "machine":
        return set(known)
    who = known.get("person") or known.get("actor")
    return set(known) if holder is not None and who is not None and who.value == holder.person.id else set()
