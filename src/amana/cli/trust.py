"""Whom a reader trusts: the key of a log, or a policy of keys and witnesses, from the command line."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.log.quorum import Policy

FILE_BYTES_MAX = 2**20


def trusted(options: argparse.Namespace) -> "Policy | None":
    """What `--policy FILE` or `--key` (a verifier key, or a file of some) says; None where neither is given.

    Errors: Refusal log.given_wrong, client.library_missing, cli.file_unreadable.
    """
    with_library()
    from amana.log.note import NoteError, read_verifier_key
    from amana.log.quorum import policy_of, read_policy

    given = str(options.policy or options.key or "")
    try:
        if options.policy:
            return read_policy(read_file(options.policy))
        if options.key:
            text = given if "+" in given and not Path(given).exists() else read_file(given).decode("utf-8", "replace")
            return policy_of(*(read_verifier_key(line) for line in text.splitlines() if line.strip()))
    except NoteError as error:
        raise Refusal("log.given_wrong", file=given[:200], reason=f"word.log.{error.reason.partition(' ')[0]}") from None
    return None


def with_library() -> None:
    """Return if signatures can be checked here. Errors: Refusal client.library_missing."""
    try:
        import amana.log.note as _  # noqa: F401 - only whether it can be loaded
    except ImportError as missing:
        raise Refusal("client.library_missing", library=missing.name or "cryptography", extra="log") from None


def read_file(name: str, *, bytes_max: int = FILE_BYTES_MAX) -> bytes:
    """A file of the command line, or stdin for `-`. Errors: Refusal cli.file_unreadable, cli.file_too_long."""
    try:
        with open(0, "rb", closefd=False) if name == "-" else Path(name).open("rb") as opened:
            content = opened.read(bytes_max + 1)
    except (OSError, ValueError):
        raise Refusal("cli.file_unreadable", file=name[:200]) from None
    if len(content) > bytes_max:
        raise Refusal("cli.file_too_long", file=name[:200], most=bytes_max)
    return content
