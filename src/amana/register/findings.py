"""What is known to be wrong or limited in this release, as it is published with it."""

from functools import cache
from importlib.resources import files

PAGE = "known-vulnerabilities.md"


@cache
def findings_text() -> str:
    """The page, in Markdown: one item of a list for each finding."""
    return files("amana.register").joinpath(PAGE).read_text("utf-8")


def findings_count() -> int:
    """How many findings are open."""
    return sum(1 for line in findings_text().splitlines() if line.startswith("- "))
