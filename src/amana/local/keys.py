"""The keys of a node, for a custodian on the node's own machine: to look at and to rotate; no secret leaves."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, final

from amana.local.door import find_folder
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.node.rotate import Rotated


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One key as it may be shown. `wrapped_by`: the id of the key that wraps it, or where that key itself is."""

    name: str
    made_at: datetime
    age_days: int
    wrapped_by: str


def list_keys(*, folder: str | Path | None = None) -> Sequence[Shown]:
    """The key-encryption key first, then the data keys. Works beside a running server. Errors: a refusal."""
    from amana.node.keys import KeyRing, means_of
    from amana.node.settings import read_settings

    found = find_folder(folder)
    if not (found / "keys").is_dir():
        raise Refusal("node.no_folder", folder=str(found))
    ring = KeyRing(found, means=means_of(read_settings(found, os.environ)))
    wrapped, now = ring.read(), ring.now()
    name = f"{wrapped.source} {wrapped.kek}"
    place = ring.means.key_file if wrapped.source == "file" else ring.means.kms_command
    first = Shown(name=name, made_at=wrapped.made_at, age_days=(now - wrapped.made_at).days, wrapped_by=str(place or "–"))
    others = (Shown(name=each.name, made_at=each.made_at, age_days=(now - each.made_at).days, wrapped_by=name) for each in wrapped.keys)
    return (first, *others)


def rotate_keys(*, folder: str | Path | None = None, to: str | None = None, data: Literal["keep", "encrypt anew"] = "keep") -> "Rotated":
    """A new key-encryption key; with `encrypt anew`, new keys and files of the published versions too. Errors: a refusal."""
    from amana.node.wiring import rotate_keys as rotate

    return rotate(find_folder(folder), to=to, data=data)
