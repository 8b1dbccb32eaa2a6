"""This node as a witness of other nodes' logs: which ones, and with what key (c2sp.org/tlog-witness)."""

import os
import secrets
import stat
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from amana.log.durable import sync, write_durably
from amana.log.note import SECRET_BYTES, KeyKind, NoteError, SigningKey, read_signing_key
from amana.log.witness import Witness
from amana.node.open_log import read_policy_file
from amana.node.settings import Settings
from amana.terms.refusal import Refusal

FOLDER = "witness"
"""What it has seen of each log, inside the data folder: without it, it would sign anything once more."""
KEY = "witness.key"
KEY_BYTES_MAX = 2**16


def open_witness(folder: Path, settings: Settings, *, now: Callable[[], datetime]) -> Witness | None:
    """The witness that this node is; None where no policy says whose. Its key is made once.

    Errors: Refusal settings.bad_value, log.witness_forgot, log.key_malformed, keys.readable_by_others.
    """
    policy = read_policy_file(settings.witness_policy_file, key="witness_policy_file")
    if policy is None:
        return None
    path, seen = folder / "keys" / KEY, folder / FOLDER
    if path.exists() and not seen.is_dir():  # it would sign anything once more, another history too
        raise Refusal("log.witness_forgot", folder=str(seen), key=str(path))
    seen.mkdir(parents=True, exist_ok=True, mode=0o700)
    sync(folder)
    key = _key(path, name=f"{urlsplit(settings.public_url).netloc}/witness")
    return Witness(folder / FOLDER, policy=policy, keys=(key,), now_s=lambda: int(now().timestamp()))


def _key(path: Path, *, name: str) -> SigningKey:
    """The key in that file, made where there is none: once a name is in the policies of others, it stays."""
    if not path.exists():
        made = SigningKey(name=name, kind=KeyKind.COSIGNATURE, secret=secrets.token_bytes(SECRET_BYTES))
        write_durably(path, f"{made.text}\n".encode())
    with path.open("rb") as opened:
        mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
        if mode & 0o077:
            raise Refusal("keys.readable_by_others", file=str(path), mode=f"{mode:04o}")
        content = opened.read(KEY_BYTES_MAX)
    try:
        key = read_signing_key(content.decode("utf-8", "replace"))
    except NoteError:
        raise Refusal("log.key_malformed", file=str(path)) from None
    if key.kind is KeyKind.ED25519:
        raise Refusal("log.key_malformed", file=str(path))
    return key
