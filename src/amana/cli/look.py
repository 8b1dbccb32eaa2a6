"""Commands that only look: datasets, budgets, settings, and what a refusal's number means."""

import argparse
from typing import TYPE_CHECKING

from amana.cli.reach import reach
from amana.cli.show import tell, write_table
from amana.client.figures import percent
from amana.client.odds import odds, odds_percent
from amana.client.text import WORD, Catalogue
from amana.local.door import find_folder, open_folder
from amana.terms.codes import CODES
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.client.facts import Spent


def datasets(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """One line for each dataset published in the folder."""
    with reach(options, catalogue, open_folder=open_folder) as door:
        cards = door.datasets()
    columns = tuple(catalogue.say(f"datasets.{name}") for name in ("name", "title", "unit", "tables"))
    rows = [
        (card.name, card.title.get(catalogue.language) or card.title.get("en", ""), card.unit, ", ".join(card.tables)) for card in cards
    ]
    write_table(columns, rows, numbers=(False, False, False, False))


def budget(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """The guarantee, what of it is used, what is left of one's own permits, and what it means in odds."""
    from amana.client.connect import Connection

    with reach(options, catalogue, open_folder=open_folder) as door:
        left = door.budget(options.name)
        permits = door.permit_budgets(options.name) if isinstance(door, Connection) else ()
    write_table(
        tuple(catalogue.say(f"budget.{name}") for name in ("population", "unit", "spent", "left")),
        [(left.population, left.unit, percent(left.share), percent(1 - left.share))],
        numbers=(False, False, True, True),
    )
    if left.by:
        own = catalogue.say("budget.own")
        spent = [
            (each.project or own, percent(max(each.nano_rho / left.cap_nrho, each.delta_units / max(1, left.cap_delta_units))))
            for each in left.by
        ]
        write_table((catalogue.say("budget.by"), catalogue.say("budget.spent")), spent, numbers=(False, True))
    if permits:
        heads = tuple(catalogue.say(f"budget.{name}") for name in ("permit", "spent", "left", "allowance_spent", "allowance_left"))
        mine = [(each.permit, *_spent(each.spent), *_spent(each.allowance)) for each in permits]
        write_table(heads, mine, numbers=(False, True, True, True, True))
    period = catalogue.say(f"public.period.{left.period}")
    promise = {"epsilon": f"{left.epsilon_of_cap:.2f}", "delta": f"{left.delta_shown:g}", "period": period}
    tell(catalogue.say("budget.promise", **promise, **odds(odds_percent(left.epsilon_of_cap))))


def _spent(spent: "Spent | None") -> tuple[str, str]:
    return ("–", "–") if spent is None else (percent(spent.share), percent(1 - spent.share))


def settings(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Every setting, its value and where the value came from."""
    from amana.node.settings import explain

    columns = tuple(catalogue.say(f"settings.{name}") for name in ("name", "value", "origin"))
    rows = [
        (name, value, catalogue.say(origin) if origin.startswith(WORD) else origin)
        for name, value, origin in explain(find_folder(options.folder))
    ]
    write_table(columns, rows, numbers=(False, False, False))


def help_code(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """What a refusal's number means; without a number, all of them."""
    numbers = {f"AMA-{code.number}": name for name, code in CODES.items()}
    if options.code is None:
        columns = (catalogue.say("help.code"), catalogue.say("help.exit"), catalogue.say("help.name"))
        rows = [(shown, str(int(CODES[name].exit)), name) for shown, name in numbers.items()]
        write_table(columns, rows, numbers=(False, True, False))
        return
    asked = str(options.code).upper()
    name = numbers.get(asked if asked.startswith("AMA-") else f"AMA-{asked}")
    if name is None:
        raise Refusal("cli.unknown_code", number=str(options.code))
    print(catalogue.say("refusal.head", code=f"AMA-{CODES[name].number}", message=catalogue.template(name)))
    print(catalogue.say("help.shown", name=name, exit=int(CODES[name].exit)))
