"""Records for the regulator and the public, from the node's own machine."""

import json
from pathlib import Path
from typing import Literal

from amana.local.people import service_in


def export_record(record: str, *, folder: str | Path | None, shape: Literal["json", "csv"]) -> str:
    """That record of every dataset in that folder, as text."""
    service = service_in(folder)
    try:
        from amana.node.records import PUBLIC, as_csv, as_json, processing_record, public_register

        made = public_register(service) if record == PUBLIC else processing_record(service)
        return as_csv(made) if shape == "csv" else json.dumps(as_json(made), ensure_ascii=False, indent=2) + "\n"
    finally:
        service.close()
