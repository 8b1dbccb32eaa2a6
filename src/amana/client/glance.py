"""How a notebook shows a preview and a budget: a short table, in the language of the environment."""

import os
from collections.abc import Sequence

from amana.client.figures import digits_after, number, percent
from amana.client.table import text_table
from amana.client.text import choose_language, load


def preview_text(figures: Sequence[tuple[str, float, float | None]], *, share: float) -> str:
    """The intervals to expect, and what asking would cost."""
    say = load(choose_language(None, os.environ)).say
    rows = [(name, f"± {number(half, digits_after(half))}", "–" if part is None else percent(part)) for name, half, part in figures]
    heads = [say(f"preview.{name}") for name in ("figure", "interval", "relative")]
    return "\n".join([*text_table(heads, rows, numbers=(False, True, True)), say("preview.cost", share=percent(share))])


def budget_text(population: str, unit: str, *, spent: float) -> str:
    """Whose it is, and how much of it is used. `spent`: of whichever is scarcer, 0 to 1."""
    say = load(choose_language(None, os.environ)).say
    heads = [say(f"budget.{name}") for name in ("population", "unit", "spent", "left")]
    return "\n".join(text_table(heads, [(population, unit, percent(spent), percent(1 - spent))], numbers=(False, False, True, True)))
