"""What a command shows of other people's words cannot steer the terminal of its reader."""

import io
import sys

import pytest

from amana.cli.show import write_table

HOSTILE = "a\x1b[2J\x1b]0;owned\x07\u202e\x9bb\nc"


class Screen(io.StringIO):
    """What is written to a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("out", [io.StringIO, Screen])
def test_a_title_moves_no_cursor_and_breaks_no_line(out: type[io.StringIO], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")  # so that the drawing itself has no colours
    monkeypatch.setattr(sys, "stdout", out())
    write_table([HOSTILE], [[HOSTILE]], numbers=(False,))
    assert isinstance(sys.stdout, io.StringIO)
    shown = sys.stdout.getvalue()
    assert shown.count("owned") == 2
    assert all(letter.isprintable() or letter == "\n" for letter in shown)
    assert not any(line.startswith("c") for line in shown.splitlines())
