"""`amana people`: on the node's own machine, whoever holds its folder enters the first people. All of it is noted as the machine's."""

import argparse
from typing import TYPE_CHECKING

from amana.cli.show import tell, write_table
from amana.cli.words import needed, read_until
from amana.client.text import Catalogue
from amana.local.people import open_registry

if TYPE_CHECKING:
    from amana.local.people import Registry

EXAMPLES = {
    "add-organisation": 'amana people add-organisation "University of Rabat" --kind research',
    "add": 'amana people add Amal --organisation "University of Rabat" --language ar',
    "role": "amana people role u-0f3a5c7d9b1e --role researcher",
    "accredit": "amana people accredit u-0f3a5c7d9b1e --until 2027-12-31",
    "disable": "amana people disable u-0f3a5c7d9b1e",
    "enable": "amana people enable u-0f3a5c7d9b1e",
    "link": "amana people link u-0f3a5c7d9b1e",
}


def people(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Enter, change or list people."""
    with open_registry(options.folder) as registry:
        if options.action == "list":
            _list(registry, catalogue)
            return
        name = _needed(options, "name", "word.metavar.name")
        match options.action:
            case "add-organisation":
                print(registry.add_organisation(name, kind=_needed(options, "kind")))
            case "add":
                person = registry.add_person(name, organisation=_needed(options, "organisation"), language=options.language)
                if options.role:
                    registry.give_role(person, role=options.role)
                print(person)
            case "role":
                registry.give_role(name, role=_needed(options, "role"))
            case "accredit":
                registry.accredit(name, until=read_until(_needed(options, "until")))
            case "disable":
                registry.disable(name)
            case "enable":
                registry.enable(name)
            case _:
                link = registry.link(name, demo=bool(options.demo))
                tell(catalogue.say("people.link", name=link.name, hours=link.hours))
                print(link.address)


def _needed(options: argparse.Namespace, name: str, shown: str = "") -> str:
    return needed(getattr(options, name), word=shown or f"--{name}", example=EXAMPLES[options.action])


def _list(registry: "Registry", catalogue: Catalogue) -> None:
    columns = tuple(catalogue.say(f"list.{name}") for name in ("id", "name", "organisation", "roles", "state"))
    rows = [
        (
            each.id,
            each.name,
            each.organisation,
            ", ".join(catalogue.word("role", role) for role in each.roles),
            catalogue.word("enabled", "yes" if each.enabled else "no"),
        )
        for each in registry.list()
    ]
    write_table(columns, rows, numbers=(False,) * len(columns))
