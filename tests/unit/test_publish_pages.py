"""The reference page of settings says what the code says."""

from pathlib import Path

from amana.node.settings import describe

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


def test_every_setting_is_on_its_page_with_its_default() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert rows == [f"| `{name}` | {default} | {accepted} | {about} |" for name, default, accepted, about in describe()]
