"""Publishing for a program, or a custodian, on the node's own machine."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from amana.local.door import find_folder
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.catalog.schema import Dataset
    from amana.node.publish import Publication


def publish_files(files: Sequence[Path], rules: str, *, folder: str | Path | None = None) -> "Publication":
    """Publish the files under the rules. Errors: a refusal; the version that served before then serves on."""
    from amana.node.wiring import publish

    return publish(find_folder(folder), files, rules)


def check_files(files: Sequence[Path], rules: str) -> "Dataset":
    """The public facts that publishing would show; no row is read. Errors: a refusal."""
    from amana.node.publish import check

    return check(files, rules).dataset


def read_text(path: Path) -> str:
    """The text of a rules file. Errors: a refusal for a file that is not there or is no UTF-8."""
    try:
        held = path.read_bytes()
    except OSError:
        raise Refusal("files.missing", file=str(path)) from None
    try:
        return held.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refusal("files.not_utf8", file=path.name, line=held.count(b"\n", 0, error.start) + 1) from None
