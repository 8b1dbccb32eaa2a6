"""The tokens of this user, one for each node (and each AMANA_AS), in a file that nobody else can read."""

import json
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from amana.client.address import Address
from amana.terms.refusal import Refusal

ASSISTANT = "assistant"
"""Whose token is meant where an AI assistant's is and AMANA_AS names nobody."""


def token_file(environment: Mapping[str, str]) -> Path:
    """Where tokens are kept: `amana/tokens.json` in the folder of settings (XDG Base Directory Specification)."""
    given = environment.get("XDG_CONFIG_HOME", "")
    folder = Path(given) if Path(given).is_absolute() else Path(environment.get("HOME") or Path.home()) / ".config"
    return folder / "amana" / "tokens.json"


def find_token(address: Address, *, given: str | None, environment: Mapping[str, str]) -> str | None:
    """The token for that node: the one given, else AMANA_TOKEN, else the kept one; None to go without, where AMANA_AS names nobody.

    AMANA_TOKEN is not for a node other than AMANA_NODE, where one is set. Errors: Refusal client.tokens_damaged,
    client.token_malformed, client.no_token_as.
    """
    if given:
        return checked(given)
    meant = environment.get("AMANA_NODE", "").rstrip("/")
    if environment.get("AMANA_TOKEN") and meant in ("", str(address)):
        return checked(environment["AMANA_TOKEN"])
    kept = _read(token_file(environment)).get(_name(address, environment))
    if kept is None and environment.get("AMANA_AS"):  # she would be taken for a stranger without a word
        raise Refusal("client.no_token_as", name=environment["AMANA_AS"][:80], node=str(address))
    return None if kept is None else checked(kept)


def checked(token: str) -> str:
    """The token without white space around it. Errors: Refusal client.token_malformed (which does not show it)."""
    token = token.strip()
    if not re.fullmatch(r"[\x21-\x7e]{1,4096}", token):
        raise Refusal("client.token_malformed")
    return token


def keep_token(address: Address, token: str, *, environment: Mapping[str, str]) -> Path:
    """Keep the token of a node, in place of an earlier one. Gives the file."""
    file = token_file(environment)
    _write(file, {**_read(file), _name(address, environment): checked(token)})
    return file


def forget_token(address: Address, *, environment: Mapping[str, str]) -> bool:
    """Forget the token of a node; whether there was one."""
    file = token_file(environment)
    tokens = dict(_read(file))
    if tokens.pop(_name(address, environment), None) is None:
        return False
    _write(file, tokens)
    return True


def _name(address: Address, environment: Mapping[str, str]) -> str:
    """Of the kept token: the node's address, and AMANA_AS where one user of a machine is several people at a node."""
    who = environment.get("AMANA_AS", "")
    return f"{address} {who}" if who else str(address)


def _read(file: Path) -> Mapping[str, str]:
    try:
        held: object = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise Refusal("client.tokens_damaged", file=str(file)) from None
    if not isinstance(held, dict):
        raise Refusal("client.tokens_damaged", file=str(file))
    return {node: token for node, token in cast("dict[str, object]", held).items() if isinstance(token, str)}


def _write(file: Path, tokens: Mapping[str, str]) -> None:
    """All or nothing, and never readable by others, not even for a moment (mkstemp makes files of mode 0600)."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, made = tempfile.mkstemp(dir=file.parent, prefix=".tokens-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(tokens, out, indent=2, sort_keys=True)
            out.write("\n")
        Path(made).replace(file)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise
