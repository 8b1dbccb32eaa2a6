"""The process of a publishing that was begun from a page: reads what to publish from stdin, writes how it ended to stdout."""

import json
import os
import stat
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from amana.node.publish_apart import Stage
from amana.node.wiring import publish
from amana.terms.refusal import Refusal


def main() -> None:
    """Publish, and say how it ended; an unexpected end says nothing."""
    told = cast("dict[str, object]", json.loads(sys.stdin.buffer.read()))
    with TemporaryDirectory() as place:
        try:
            files = [held(Path(each), place=Path(place)) for each in cast("list[str]", told["files"])]
            done = publish(Path(str(told["folder"])), files, str(told["rules"]))
        except Refusal as refusal:
            print(json.dumps({"stage": Stage.REFUSED.value, "number": refusal.number}))
            return
    version = done.published.version
    took = done.profile_nrho / version.dataset.population.cap_nrho
    print(json.dumps({"stage": Stage.DONE.value, "version": version.id, "took": took}))


def held(file: Path, *, place: Path) -> Path:
    """The file as it is now, under its name in a place of our own: whatever is put in its stead later is not read.

    Errors: Refusal publish.file_not_offered for what is no plain file any more.
    """
    try:
        opened = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        raise Refusal("publish.file_not_offered", name=file.name) from None
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        raise Refusal("publish.file_not_offered", name=file.name)
    link = place / file.name
    link.symlink_to(f"/dev/fd/{opened}")
    return link


if __name__ == "__main__":
    main()
