"""What the keeper of a log does by hand, on the node's own machine: opens a sealed fact to all, forgets one for ever, changes keys."""

import json
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import cast, final

from amana.log.entry_kinds import OpenEntry
from amana.log.look import find_entry
from amana.log.read import LogReader
from amana.log.seal import write_salt
from amana.log.violation import Violation
from amana.log.writer import TiledLog
from amana.node import openings, outbox
from amana.node.audit import MACHINE, note
from amana.node.outbox import hour_of
from amana.node.public_record import PublicRecord
from amana.terms.database import Database
from amana.terms.refusal import Fault, Refusal

OPENED_CHARACTERS_MAX = 60_000
"""What an entry can hold."""


@final
class LogKeeper:
    """The keeper of one node's log. `database`: one that sends entries to the log after each change.

    Errors: Refusal log.*, receipt.no_entry; Fault.
    """

    def __init__(
        self, database: Database, log: TiledLog, reader: LogReader, *, record: PublicRecord, vault: openings.Vault,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._database, self._log, self._reader = database, log, reader
        self._record, self._vault, self._now = record, vault, now

    def open(self, index: int, *, field: str) -> None:
        """Tell everybody, in an entry, what was sealed in that field of an entry: for ever. Errors: Refusal log.nothing_sealed."""
        commitment, now = self._sealed(index, field=field)[0], self._now()
        with self._database.transaction() as run:
            found = openings.get(run, commitment, vault=self._vault)
            if found is None or len(found.value) > OPENED_CHARACTERS_MAX:
                raise Refusal("log.nothing_sealed", index=index, field=field)
            told = OpenEntry(hour=hour_of(now), index=index, field=field, salt=write_salt(found.salt), value=found.value)
            outbox.put(run, told)
            note(run, at=now, actor=MACHINE, action="open", thing="log", subject=str(index), was="sealed", now_is=f"{field} opened")

    def erase(self, index: int, *, field: str) -> int:
        """Forget what was sealed in that field of an entry, or ("") in all: what stands in the log then means nothing, for ever.

        Gives how many were forgotten. Errors: Refusal log.nothing_sealed.
        """
        commitments, now = self._sealed(index, field=field), self._now()
        with self._database.transaction() as run:
            count = sum(openings.erase(run, commitment) for commitment in commitments)
            if not count:
                raise Refusal("log.nothing_sealed", index=index, field=field or "–")
            note(
                run, at=now, actor=MACHINE, action="erase", thing="log", subject=str(index), was="sealed", now_is=f"{field or 'all'} erased"
            )
        return count

    def rotate(self) -> str:
        """Sign with a new key from now on, and with the old one beside it until `retire`. Gives the new verifier key."""
        old, new = self._log.rotate()
        self._record.introduce((new, old), now=self._now())
        self._told("rotate", was=old.text, now_is=new.text)
        return new.text

    def retire(self) -> None:
        """End the time of two signatures: the old private key is removed, and stays known in the policy."""
        self._log.retire()
        self._told("retire", was="two keys", now_is=self._log.verifier.text)

    def strengthen(self) -> str:
        """A second signature line, in a way that a quantum computer cannot forge (ML-DSA-44). Gives its verifier key."""
        key = self._log.strengthen()
        self._told("strengthen", was="", now_is=key.text[:200])
        return key.text

    def _sealed(self, index: int, *, field: str) -> list[str]:
        """The commitments of that field of an entry, or of all. Errors: Refusal receipt.no_entry, log.nothing_sealed; Fault."""
        try:
            found = find_entry(self._reader, index=index)
        except (Violation, OSError):
            raise Fault(id=secrets.token_hex(8)) from None
        if found is None:
            raise Refusal("receipt.no_entry", index=index)
        sealed = cast("dict[str, str]", json.loads(found.entry).get("sealed", {}))
        chosen = [commitment for name, commitment in sealed.items() if field in {"", name}]
        if not chosen:
            raise Refusal("log.nothing_sealed", index=index, field=field or "–")
        return chosen

    def _told(self, action: str, *, was: str, now_is: str) -> None:
        with self._database.transaction() as run:
            note(run, at=self._now(), actor=MACHINE, action=action, thing="log key", subject="log", was=was, now_is=now_is)
