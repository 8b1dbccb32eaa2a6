"""A refusal in the reader's language: what was wrong, where in her own text, what to write instead."""

from collections.abc import Generator
from contextlib import contextmanager

from amana.client.text import Catalogue
from amana.terms.refusal import Place, Refusal

WIDTH_MAX = 100
"""Characters of the asker's line that are shown around the place."""


def describe(refusal: Refusal, *, asked: str, catalogue: Catalogue) -> str:
    """The refusal for people. `asked` is the text that `refusal.where` points into; empty when there is none."""
    parameters = {name: clean(value) if isinstance(value, str) else value for name, value in refusal.parameters.items()}
    lines = [catalogue.say("refusal.head", code=f"AMA-{refusal.number}", message=catalogue.say(refusal.code, **parameters))]
    if refusal.where is not None and asked:
        lines += point_at(refusal.where, asked=asked)
    lines.append(catalogue.say("refusal.more", code=f"AMA-{refusal.number}"))
    return "\n".join(lines)


@contextmanager
def speaking(asked: str, *, catalogue: Catalogue) -> Generator[None, None, None]:
    """A refusal carries its full message as a note, so that a traceback tells what to write instead."""
    try:
        yield
    except Refusal as refusal:
        if not getattr(refusal, "__notes__", None):
            refusal.add_note(describe(refusal, asked=asked, catalogue=catalogue))
        raise


def point_at(where: Place, *, asked: str) -> list[str]:
    """The line of the place and a row of carets under it."""
    before, marked, after = parted(where, asked=asked)
    margin = f"  {where.line} | "
    return [f"{margin}{before}{marked}{after}", " " * (len(margin) - 2) + "| " + " " * len(before) + "^" * max(1, len(marked))]


def parted(where: Place, *, asked: str) -> tuple[str, str, str]:
    """The line of the place in three: before it, the place, after it. A long line is cut around the place."""
    lines = asked.split("\n")
    line = clean(lines[min(where.line, len(lines)) - 1])
    start = min(max(where.column - 1, 0), len(line))
    cut = max(0, start - WIDTH_MAX // 2)
    end = min(cut + WIDTH_MAX, len(line))
    over = min(start + max(1, where.length), end)
    return ("…" if cut else "") + line[cut:start], line[start:over], line[over:end] + ("…" if len(line) > end else "")


def clean(text: str) -> str:
    """Without characters that would move the cursor or colour the terminal of the reader."""
    return "".join(letter if letter.isprintable() else " " if letter.isspace() else "\N{REPLACEMENT CHARACTER}" for letter in text)
