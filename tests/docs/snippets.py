"""What the pages tell a reader to type, found by the comment `<!-- executed -->` above a block.

`<!-- executed: folder=demo-data -->` runs where the demo is published; `file=name` saves the block; `refused` expects refusals.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
_BLOCK = re.compile(r"^<!-- executed(?::(?P<how>[^>]*?))? -->\n```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Snippet:
    kind: str
    text: str
    line: int
    how: dict[str, str]

    def commands(self) -> list[str]:
        """The lines after a `$`, one command each."""
        return [line.removeprefix("$ ") for line in self.text.splitlines() if line.startswith("$ ")]


def pages() -> list[Path]:
    """Every page with a block to execute."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [page for page in found if page.exists() and "<!-- executed" in page.read_text(encoding="utf-8")]


def snippets(page: Path) -> list[Snippet]:
    """The blocks to execute, in the order of the page."""
    text = page.read_text(encoding="utf-8")
    made = []
    for match in _BLOCK.finditer(text):
        how = dict(part.partition("=")[::2] for part in (match["how"] or "").split())
        made.append(Snippet(kind=match["kind"], text=match["text"], line=text[: match.start()].count("\n") + 1, how=how))
    assert len(made) == text.count("<!-- executed"), f"{page}: a comment without its block"
    return made
