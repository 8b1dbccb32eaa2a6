"""The process of a publishing that was begun from a page: reads what to publish from stdin, writes how it ended to stdout."""

import json
import sys
from pathlib import Path
from typing import cast

from amana.node.publish_apart import Stage, told_of
from amana.node.wiring import publish
from amana.terms.refusal import Refusal


def main() -> None:
    """Publish, and say how it ended; an unexpected end says nothing."""
    told = cast("dict[str, object]", json.loads(sys.stdin.buffer.read()))
    files = [Path(each) for each in cast("list[str]", told["files"])]
    try:
        done = publish(Path(str(told["folder"])), files, str(told["rules"]))
    except Refusal as refusal:
        print(json.dumps(told_of(refusal)))
        return
    version = done.published.version
    took = done.profile_nrho / version.dataset.population.cap_nrho
    print(json.dumps({"stage": Stage.DONE.value, "version": version.id, "took": took}))


if __name__ == "__main__":
    main()
