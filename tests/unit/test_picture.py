"""A plan as text holds nothing that a terminal would act on."""

from dataclasses import replace

from amana.node.picture import picture
from amana.privacy.bound import Choice, bound
from amana.query.check import check
from amana.query.parse import parse
from tests.parts import SCHEMA


def test_the_kernels_own_numbering_is_shown_in_plain_words() -> None:
    plan = check(parse("SELECT COUNT(*) AS n FROM visits WHERE urgent", SCHEMA), SCHEMA)
    bounded = bound(plan, SCHEMA, choice=Choice(left=2), groups_max=10).plan
    shown = picture(bounded)
    assert "rows left <= 2" in shown and all(character.isprintable() or character == "\n" for character in shown)
    assert picture(replace(bounded, source=plan.source)) == picture(plan)
