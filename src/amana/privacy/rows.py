"""Noisy rows as the ledger keeps them: every figure comes back to the last bit."""

import json
from typing import cast

from amana.query.plan import KeyValue
from amana.query.released import NoiseKind, NoisyCell, NoisyTable, SumNoise


def write_rows(released: NoisyTable) -> str:
    """As a column of the ledger holds them."""
    noise = [[n.kind.value, n.scale, n.decimals] for n in released.noise]
    return json.dumps({"keys": released.keys, "cells": released.cells, "noise": noise}, separators=(",", ":"))


def read_rows(text: str) -> NoisyTable:
    """The rows of such a column."""
    stored = cast("dict[str, list[list[object]]]", json.loads(text))
    noise = tuple(SumNoise(kind=NoiseKind(n[0]), scale=cast("float", n[1]), decimals=cast("int", n[2])) for n in stored["noise"])
    return NoisyTable(
        keys=tuple(tuple(cast("list[KeyValue]", key)) for key in stored["keys"]),
        cells=tuple(tuple(_cell(cell) for cell in row) for row in stored["cells"]),
        noise=noise,
    )


def _cell(cell: object) -> NoisyCell:
    if isinstance(cell, list):
        return tuple(tuple(level) for level in cast("list[list[float | None]]", cell))
    return cast("float", cell)
