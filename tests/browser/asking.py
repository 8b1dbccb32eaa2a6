"""A served portal with a dataset whose custodian asks questions, for tests of applications."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from amana.node.wiring import publish
from tests.browser.portal import Portal, portal

RULES = """
[dataset]
name = "clinic"
custodian = "Tests"
controller = "Tests, 1 Street, tests@example.org"
legal_basis = "None needed"
purposes = ["HMB", "dpv:ScientificResearch", "NPUNCU", "IRB"]
retention = "2099-12-31"
themes = ["health"]
title = { en = "Visits to clinics", fr = "Visites dans les cliniques", ar = "زيارات العيادات", zgh = "ⵜⵉⵔⵣⴰⴼ ⵖⵔ ⵜⴳⵏⴰⵡⵉⵏ" }
[[dataset.checklist]]
en = "Who will work with the answers?"
fr = "Qui travaillera avec les réponses ?"
ar = "مَن سيعمل بالأجوبة؟"
zgh = "ⵎⴰ ⵔⴰⴷ ⵉⵙⵡⵓⵔⵉ ⵙ ⵜⵎⵔⴰⵔⵓⵜⵉⵏ?"
[[dataset.checklist]]
en = "Which smallest groups will you ask about?"
fr = "Sur quels plus petits groupes poserez-vous des questions ?"
ar = "ما أصغر المجموعات التي ستسألون عنها؟"
zgh = "ⵎⴰⵏ ⵜⵔⵓⴱⴱⴰ ⵜⵉⵎⵥⵥⵢⴰⵏⵉⵏ ⵖⴼ ⵔⴰⴷ ⵜⵙⵇⵙⴰⵎ?"
[population]
name = "residents"
unit = "patient"
cap_rho = "2.0"
cap_delta = "1e-9"
profile_share = "0.05"
[[table]]
name = "calls"
private = true
unit = "person"
rows_per_unit_max = 20
out_of_bounds = "clamp"
[table.columns]
person = { kind = "key", holds = "text" }
cost = { kind = "number", grid = "0.1", low = 0, high = 100, source = "Tariff", nullable = true }
"""


@contextmanager
def asking_portal(folder: Path, *, settings: str = "") -> Iterator[Portal]:
    """The portal, where `clinic` asks two questions of whoever applies."""
    with portal(folder, settings=settings) as served:
        file = folder / "calls.csv"
        file.write_text("person,cost\n" + "\n".join(f"u{number},{number % 90}" for number in range(600)) + "\n", "utf-8")
        publish(served.folder, [file], RULES)
        yield served
