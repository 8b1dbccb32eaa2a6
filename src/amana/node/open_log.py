"""The public log of a data folder, opened: what it is called, and whose witnesses it asks."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from amana.log.note import NoteError
from amana.log.quorum import POLICY_BYTES_MAX, Policy, read_policy
from amana.log.sequencer import KEYS, LOG
from amana.log.signer import origin_in
from amana.log.witnesses import Witnesses, post_http
from amana.log.writer import TiledLog
from amana.node.settings import Settings
from amana.terms.refusal import Refusal, cause_of

OLD_LOG = "log.jsonl"
"""Of versions before the log was public."""


def open_log(folder: Path, settings: Settings, *, now: Callable[[], datetime]) -> TiledLog:
    """The log of that folder, made where there is none.

    Errors: Refusal log.*, keys.*, node.file_not_writable, settings.bad_value.
    """
    if (folder / OLD_LOG).exists() and not (folder / LOG).exists():
        raise Refusal("log.old_form", file=str(folder / OLD_LOG))
    policy = read_policy_file(settings.log_witnesses_file, key="log_witnesses_file")
    witnesses = None if policy is None else Witnesses(policy, post=post_http, wait_s=settings.log_witness_wait_ms_max / 1e3)
    return TiledLog(
        folder,
        origin=origin_in(folder / KEYS) or settings.log_origin or _origin(settings.public_url),
        now=now,
        cosign=None if witnesses is None else witnesses.cosign,
        policy=policy,
        tell=_told,
    )


def read_policy_file(file: str, *, key: str) -> Policy | None:
    """The policy that a setting names; None where it names none. Errors: Refusal settings.bad_value."""
    if not file:
        return None
    try:
        with Path(file).open("rb") as opened:
            return read_policy(opened.read(POLICY_BYTES_MAX + 1))
    except OSError as error:
        raise Refusal("settings.bad_value", key=key, value=file[:60], wanted="word.setting.policy", origin=cause_of(error)) from None
    except NoteError:
        raise Refusal("settings.bad_value", key=key, value=file[:60], wanted="word.setting.policy", origin=file) from None


def _origin(public_url: str) -> str:
    """A name without a scheme, as tlog-checkpoint advises. It stays as it is when the node moves."""
    return f"{urlsplit(public_url).netloc}/log"


def _told(reason: str) -> None:
    """Loudly: there are no answers while the log stands still."""
    log = structlog.get_logger("amana.node")
    if reason:
        log.error("log_stopped", reason=reason)
    else:
        log.info("log_goes_on")
