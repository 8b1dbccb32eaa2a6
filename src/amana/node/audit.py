"""The audit: every change of state, written in the transaction that makes it."""

from datetime import datetime

from amana.privacy.ledger import moment
from amana.terms.database import Transaction

INSERT = """INSERT INTO audit (number, at, actor, action, thing, subject, was, now_is)
VALUES ((SELECT COALESCE(MAX(number), 0) + 1 FROM audit), :at, :actor, :action, :thing, :subject, :was, :now_is)"""


def note(run: Transaction, *, at: datetime, actor: str, action: str, thing: str, subject: str, was: str, now_is: str) -> None:
    """One change of state. `actor` did it to `thing`; `subject` is whom it concerns."""
    row = {"at": moment(at), "actor": actor, "action": action, "thing": thing, "subject": subject, "was": was, "now_is": now_is}
    run.change(INSERT, row)
