"""What has been measured so far, one file for each piece, so that a run that was cut goes on where it stopped."""

import json
import os
from typing import Any

from environment import WORK, scale_name

Record = dict[str, Any]
_folders = ["state"]


def use(folder: str) -> None:
    """Keep quick trials apart from the measurements that are published."""
    _folders[0] = folder


def _path(scale: float, kind: str, engine: str, query: str):
    return WORK / _folders[0] / scale_name(scale) / f"{kind}-{engine}-{query}.json"


def read(scale: float, kind: str, engine: str, query: str) -> Record | None:
    path = _path(scale, kind, engine, query)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def write(scale: float, kind: str, engine: str, query: str, record: Record) -> None:
    path = _path(scale, kind, engine, query)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(record), encoding="utf-8")
    os.replace(part, path)
