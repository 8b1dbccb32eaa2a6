"""Whom a reader trusts: the key of a log, or a policy of keys and witnesses, from the command line."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.log.quorum import Policy

KEY_BYTES_MAX = 2**16


def policy_asked(options: argparse.Namespace) -> "Policy":
    """What `--policy FILE` or `--key` (a verifier key, or a file of one) says.

    Errors: Refusal trust.no_key, trust.not_a_key, trust.library_missing, cli.file_unreadable.
    """
    with_library()
    from amana.log.note import NoteError, read_verifier_key
    from amana.log.quorum import POLICY_BYTES_MAX, policy_of, read_policy

    try:
        if options.policy is not None:
            return read_policy(read_file(options.policy, bytes_max=POLICY_BYTES_MAX))
        if options.key is None:
            raise Refusal("trust.no_key")
        text = str(options.key)
        if "+" not in text or Path(text).exists():
            text = read_file(text, bytes_max=KEY_BYTES_MAX).decode("utf-8", "replace")
        return policy_of(*(read_verifier_key(line) for line in text.split("\n") if line.strip()))
    except NoteError:
        raise Refusal("trust.not_a_key", given=str(options.policy or options.key)[:200]) from None


def with_library() -> None:
    """Return if signatures can be checked here. Errors: Refusal trust.library_missing."""
    try:
        import cryptography.hazmat.primitives.asymmetric.mldsa as _  # noqa: F401
    except ImportError:
        raise Refusal("trust.library_missing") from None


def read_file(name: str, *, bytes_max: int) -> bytes:
    """A file of the command line, or stdin for `-`. Errors: Refusal cli.file_unreadable, cli.file_too_long."""
    try:
        with open(0, "rb", closefd=False) if name == "-" else Path(name).open("rb") as opened:
            content = opened.read(bytes_max + 1)
    except OSError:
        raise Refusal("cli.file_unreadable", file=name[:200]) from None
    if len(content) > bytes_max:
        raise Refusal("cli.file_too_long", file=name[:200], most=bytes_max)
    return content
