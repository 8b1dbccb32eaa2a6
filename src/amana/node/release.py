"""The release of the program that runs: its version, the digest of its files, the languages that it covers, its open findings.

Anybody who has the same release computes the same digest: SHA-256 over one line `<SHA-256 of the file>  <path>` for each file, by path.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import final

from amana.client.text import LANGUAGES, load
from amana.register.findings import findings_count

ROOT = Path(__file__).parent.parent
LEFT_OUT = frozenset({"__pycache__"})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """`languages`: those in which every message stands; `findings`: known vulnerabilities."""

    version: str
    digest: str
    languages: tuple[str, ...]
    findings: int


@cache
def release() -> Release:
    """This one."""
    return Release(version=version("amana"), digest=digest_of(ROOT), languages=covered(), findings=findings_count())


def digest_of(root: Path) -> str:
    """The digest of the files below a folder."""
    names = sorted(each.relative_to(root).as_posix() for each in root.rglob("*") if each.is_file() and LEFT_OUT.isdisjoint(each.parts))
    lines = (f"{hashlib.sha256((root / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def covered() -> tuple[str, ...]:
    """The languages that have every message of English, none of them empty."""
    wanted = load("en").messages
    return tuple(
        language
        for language in sorted(LANGUAGES)
        if all(code in load(language).messages and all(load(language).messages[code].forms) for code in wanted)
    )
