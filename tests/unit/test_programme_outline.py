"""A map made small: neighbours keep their border, proportions stay, nothing vanishes, and it has few bytes."""

import re
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from amana.programme.outline import PATH_BYTES_EACH, Outline, area_of, outline_of, path_of
from amana.programme.topology import read_topology
from tests.topologies import OWN, ROOT, document, geometry, real, written

Ring = list[tuple[int, int]]


def drawn(content: bytes) -> Outline:
    return outline_of(read_topology(content))


def rings(path: str) -> list[Ring]:
    """What a path draws, read again."""
    x, y, found = 0, 0, []
    for part in re.findall(r"m([^z]*)z", path):
        numbers = [int(each) for each in re.findall(r"-?\d+", part)]
        ring: Ring = []
        for right, down in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = x + right, y + down
            ring.append((x, y))
        x, y = ring[0]
        found.append(ring)
    return found


def sides(path: str) -> set[tuple[tuple[int, int], tuple[int, int]]]:
    return {side for ring in rings(path) for side in pairwise((*ring, ring[0]))}


def box(arcs: list[list[list[float]]]) -> Outline:
    return drawn(written(document(arcs, [geometry("a", [[0]])])))


def rectangle(left: float, low: float, right: float, high: float) -> list[list[float]]:
    return [[left, low], [left, high], [right, high], [right, low], [left, low]]


def test_a_path_says_what_was_drawn() -> None:
    shown = [((2, 2), (12, 2), (12, 7)), ((100, 0), (90, -5), (90, 3))]
    assert rings(path_of(shown)) == [list(ring) for ring in shown]


@pytest.mark.parametrize("content", [OWN.read_bytes(), "regions.json", "provinces.json"], ids=["own", "regions", "provinces"])
def test_neighbours_keep_a_common_border(content: bytes | str) -> None:
    """Each side is the end of the country, or its neighbour has it too, in the other direction."""
    topology = read_topology(real(content) if isinstance(content, str) else content)
    shapes = {shape.id: sides(shape.path) for shape in outline_of(topology).shapes}
    uses: dict[int, set[str]] = {}
    for region in topology.regions:
        for ring in region.rings:
            for arc in ring:
                uses.setdefault(max(arc, ~arc), set()).add(region.id)
    neighbours = {tuple(sorted(both)) for both in uses.values() if len(both) == 2}
    assert len(neighbours) > len(shapes)
    for one, other in neighbours:
        back = {(end, start) for start, end in shapes[other]}
        borders = [arc for arc, both in uses.items() if both == {one, other}]
        if any(len(topology.arcs[arc]) > 20 for arc in borders):
            assert shapes[one] & back, (one, other)
    assert all(not shapes[one] & shapes[other] for one in shapes for other in shapes if one < other), "no side twice in one direction"


@pytest.mark.parametrize("content", [OWN.read_bytes(), "regions.json", "provinces.json"], ids=["own", "regions", "provinces"])
def test_a_map_has_few_bytes_and_a_path_for_each_region(content: bytes | str) -> None:
    topology = read_topology(real(content) if isinstance(content, str) else content)
    outline = outline_of(topology)
    assert {shape.id for shape in outline.shapes} == {region.id for region in topology.regions}
    assert sum(len(shape.path) for shape in outline.shapes) <= PATH_BYTES_EACH * len(outline.shapes)
    for shape in outline.shapes:
        assert max(abs(area_of(ring)) for ring in rings(shape.path)) >= 1
        assert all(0 <= x <= outline.width and 0 <= y <= outline.height for ring in rings(shape.path) for x, y in ring)
    assert [shape.number for shape in outline.shapes] == list(range(1, len(outline.shapes) + 1))
    assert [shape.id for shape in outline.shapes] == sorted(shape.id for shape in outline.shapes)


def test_a_simpler_map_has_about_the_area_of_the_whole() -> None:
    topology = read_topology(real("regions.json"))
    outline = outline_of(topology)
    area = {region.id: sum(area_of(ring[:-1]) for ring in topology.rings(region)) for region in topology.regions}
    shown = {shape.id: shape.area for shape in outline.shapes}
    for one in area:
        # A degree of longitude is shorter in the north, which the drawing leaves out as these areas do.
        assert shown[one] / sum(shown.values()) == pytest.approx(abs(area[one]) / abs(sum(area.values())), rel=0.03, abs=0.003)


def test_degrees_are_drawn_with_the_middle_parallel_in_true_proportion_and_planes_as_they_are() -> None:
    north = box([rectangle(0, 55, 10, 65)])
    assert north.width / north.height == pytest.approx(0.5, abs=0.02)
    plane = box([rectangle(0, 5_500, 1_000, 6_500)])
    assert plane.width == plane.height


def test_north_is_up() -> None:
    outline = drawn(written(document([rectangle(0, 0, 9, 4), rectangle(0, 5, 9, 9)], [geometry("s", [[0]]), geometry("n", [[1]])])))
    north, south = ({y for ring in rings(shape.path) for _, y in ring} for shape in outline.shapes)
    assert max(north) < min(south)


def test_a_region_too_small_to_be_seen_is_a_small_square() -> None:
    outline = drawn(
        written(document([rectangle(0, 0, 900, 900), rectangle(500, 500, 500.01, 500.01)], [geometry("a", [[0]]), geometry("b", [[1]])]))
    )
    ((ring,), spot) = rings(outline.shapes[1].path), outline.shapes[1].spot
    assert abs(area_of(ring)) == 9 and spot is None


def test_small_islands_are_left_out_but_a_region_of_small_islands_keeps_its_largest() -> None:
    specks = [rectangle(x, 950, x + size, 950 + size) for x, size in ((100, 3), (200, 4), (300, 3))]
    regions = [geometry("a", [[[0]], [[1]]], type="MultiPolygon"), geometry("b", [[[2]], [[3]]], type="MultiPolygon")]
    outline = drawn(written(document([rectangle(0, 0, 900, 900), *specks], regions)))
    assert [len(rings(shape.path)) for shape in outline.shapes] == [1, 1]
    assert abs(rings(outline.shapes[1].path)[0][0][0] - 80) <= 3, "the larger of the two"


def test_a_number_stands_inside_its_region_and_not_in_its_hole() -> None:
    ring = [rectangle(0, 0, 300, 300), rectangle(60, 60, 240, 240)[::-1]]
    spot = drawn(written(document(ring, [geometry("a", [[0], [1]])]))).shapes[0].spot
    assert spot is not None
    x, y = spot
    assert not (70 < x < 290 and 70 < y < 290)


def test_the_same_map_is_drawn_the_same() -> None:
    assert drawn(OWN.read_bytes()) == drawn(OWN.read_bytes())


def test_the_invented_country_is_made_by_its_script(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(ROOT / "examples" / "programme" / "make_regions.py"), str(tmp_path)], check=True)
    assert (tmp_path / "regions.json").read_bytes() == OWN.read_bytes()
    assert len(OWN.read_bytes()) <= 8_000


def test_the_regions_of_the_invented_country_are_those_of_the_demo() -> None:
    rules = (ROOT / "examples" / "demo" / "clinic.toml").read_text("utf-8")
    columns = [table["columns"].get("region", {}) for table in tomllib.loads(rules)["table"]]
    assert sorted(next(column["members"] for column in columns if "members" in column)) == [
        region.id for region in read_topology(OWN.read_bytes()).regions
    ]
