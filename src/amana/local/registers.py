"""The public registers, from the node's own machine."""

import json
from pathlib import Path

from amana.local.people import service_in
from amana.register.ai_systems import as_csv, as_json


def write_register(register: str, *, folder: str | Path | None, name: str, shape: str, part: str) -> str:
    """That register of the node in that folder, as text: dcat, croissant, uses, privacy or ai.

    `name`: of the dataset, for croissant and privacy. `shape`: json, turtle or csv. `part`, of uses: `projects`, or `uses` for one
    after the other. Errors: Refusal, also node.unknown_dataset.
    """
    service = service_in(folder)
    try:
        made = service.registers
        match register, shape, part:
            case "dcat", "turtle", _:
                return made.catalogue_turtle()
            case "uses", "csv", "uses":
                return made.every_use_csv()
            case "uses", "csv", _:
                return made.uses_csv()
            case "ai", "csv", _:
                return as_csv(service.ai_register.every(None))
            case "ai", _, _:
                found = as_json(service.ai_register.every(None))
            case "dcat", _, _:
                found = made.catalogue()
            case "croissant", _, _:
                found = made.croissant(name)
            case "privacy", _, _:
                found = made.promise(name)
            case _, _, "uses":
                found = made.every_use()
            case _:
                found = made.uses()
        return json.dumps(found, ensure_ascii=False, indent=2) + "\n"
    finally:
        service.close()
