"""Small maps for tests: hand-made, and those that stand in the project or beside it."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OWN = ROOT / "examples" / "programme" / "regions.json"
REAL = ROOT.parent / "shared" / "data" / "geography" / "morocco_map_topojson"
ARCS = [[[0, 0], [0, 2], [2, 2]], [[2, 2], [2, 0], [0, 0]], [[2, 2], [4, 2], [4, 0], [0, 0]]]
"""Two squares: the border between them is arc 1, which the right one goes along backwards."""


def geometry(key: object, rings: object, **changed: object) -> dict[str, object]:
    return {"type": "Polygon", "id": key, "properties": {"name": f"Region {key}"}, "arcs": rings, **changed}


def document(arcs: object = None, geometries: object = None, **changed: object) -> dict[str, object]:
    """A map of two squares, or of what is given."""
    shown = [geometry("a", [[0, 1]]), geometry("b", [[2, -2]])] if geometries is None else geometries
    layer = {"type": "GeometryCollection", "geometries": shown}
    return {"type": "Topology", "objects": {"regions": layer}, "arcs": ARCS if arcs is None else arcs, **changed}


def written(made: object) -> bytes:
    return json.dumps(made).encode()


def real(name: str) -> bytes:
    """A map of a real country; skipped where it is absent."""
    if not (REAL / name).exists():
        pytest.skip(f"the shared data are not here: {name}")
    return (REAL / name).read_bytes()
