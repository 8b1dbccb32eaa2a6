"""Publishing for a program, or a custodian, on the node's own machine."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from amana.local.door import find_folder
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.catalog.schema import Dataset
    from amana.node.publish import Publication, Stage


def publish_files(
    files: Sequence[str | Path], rules: str, *, folder: str | Path | None = None, progress: "Callable[[Stage], None] | None" = None
) -> "Publication":
    """Publish the files, or the tables of a PostgreSQL database (by its address), under the rules. `progress` is told of every
    stage. Errors: a refusal; the version that served before then serves on."""
    from amana.node.publish import quiet
    from amana.node.wiring import publish

    return publish(find_folder(folder), files, rules, progress=progress or quiet)


def check_files(files: Sequence[str | Path], rules: str, *, folder: str | Path | None = None) -> "Dataset":
    """The public facts that publishing would show; no row is read. Errors: a refusal."""
    from amana.node.wiring import check

    return check(find_folder(folder), files, rules)


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
