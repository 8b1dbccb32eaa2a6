"""A bar on stderr while a question runs, where a person watches: by schedule, as the node tells it, never by data (PRIVACY 8)."""

import sys
from typing import TextIO, final

_WIDTH = 30


@final
class Bar:
    """Draws over itself on one line; silent where nobody watches."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out if out is not None else sys.stderr
        self._shown = 0
        self._watched = is_watched(self._out)

    def update(self, share: float, stage: str) -> None:
        """Show how far it is, 0 to 1, and in which stage."""
        if not self._watched:
            return
        share = min(max(share, 0.0), 1.0)
        full = round(share * _WIDTH)
        words = "".join(letter for letter in stage if letter.isprintable())[:30]
        line = f"[{'#' * full}{'.' * (_WIDTH - full)}] {share:4.0%} {words}"
        self._out.write("\r" + line.ljust(self._shown))
        self._out.flush()
        self._shown = len(line)

    def clear(self) -> None:
        """Leave the line as it was."""
        if self._shown:
            self._out.write("\r" + " " * self._shown + "\r")
            self._out.flush()
            self._shown = 0


def is_watched(out: TextIO) -> bool:
    """Whether a person reads that stream: a terminal, or a notebook, whose streams are no terminals."""
    return out.isatty() or "ipykernel" in sys.modules
