"""A map made small enough to be written into a page: fewer points, whole coordinates, a path for each region.

Arcs are thinned, not rings, so that neighbours keep a common border. How much is left out is decided by how many bytes may be written.
A map of degrees is drawn with the middle parallel in true proportion, any other as it is; north is up. A country on both sides of the
meridian of 180° needs a plane.
Source: Visvalingam & Whyatt (1993), Line generalisation by repeated elimination of points.
"""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias, final

from amana.programme.topology import Point, Region, Topology

WIDTH_MAX: Final = 360
HEIGHT_MAX: Final = 400
MARGIN: Final = 2
"""Units of all three: of the drawing, as those of the portal's other drawings."""
PATH_BYTES_EACH: Final = 250
"""For each region, on average; what one does not need, others may use."""
PATH_BYTES_MIN: Final = 1_500
"""A map of few regions may use so much."""
AREA_MIN: Final = 0.4
"""A point whose triangle with its neighbours is smaller is not seen. Units: squares of the drawing's."""
ISLAND_AREA_MIN: Final = 3.0
"""A smaller ring is left out, but for the largest of its region: where that is none, a square of three units stands for it."""
LABEL_ROOM_MIN: Final = 8.0
"""A number of two digits stands in a circle of this radius."""
GRID: Final = 6
REFINED: Final = 3
EXTENT_MIN: Final = 1e-6
Place: TypeAlias = tuple[int, int]
Ring: TypeAlias = tuple[Place, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A region as it is drawn. `number`: its place in the order of ids, from 1. `path`: in the language of SVG, to be filled by the rule
    `evenodd`. `spot`: where its number has room, None where it has none. Units: of the drawing."""

    id: str
    number: int
    names: tuple[tuple[str, str], ...]
    path: str
    area: float
    spot: Place | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A whole map, its regions by their ids. Units: of the drawing; y grows downwards."""

    width: int
    height: int
    shapes: tuple[Shape, ...]


def outline_of(topology: Topology) -> Outline:
    """The drawing of a map without its figures. It takes a part of a second for a large one: it is made once."""
    width, height, placed = _on_paper(topology)
    weights = tuple(_weights(arc) for arc in placed)
    regions = sorted(topology.regions, key=lambda region: region.id)
    shapes = _thinned(regions, placed, weights)
    return Outline(
        width=width,
        height=height,
        shapes=tuple(
            Shape(
                id=region.id, number=number, names=region.names, path=path_of(rings), area=abs(sum(map(area_of, rings))), spot=_spot(rings)
            )
            for number, (region, rings) in enumerate(zip(regions, shapes, strict=True), start=1)
        ),
    )


def _on_paper(topology: Topology) -> tuple[int, int, tuple[tuple[Point, ...], ...]]:
    """The size of the drawing, and every arc in its units."""
    used = {max(arc, ~arc) for region in topology.regions for ring in region.rings for arc in ring}
    xs = [x for arc in used for x, _ in topology.arcs[arc]]
    ys = [y for arc in used for _, y in topology.arcs[arc]]
    left, right, low, high = min(xs), max(xs), min(ys), max(ys)
    degrees = max(abs(left), abs(right)) <= 180 and max(abs(low), abs(high)) <= 90
    narrow = max(math.cos(math.radians((low + high) / 2)), 0.05) if degrees else 1.0
    across, up = max((right - left) * narrow, EXTENT_MIN), max(high - low, EXTENT_MIN)
    scale = min((WIDTH_MAX - 2 * MARGIN) / across, (HEIGHT_MAX - 2 * MARGIN) / up)
    arcs = tuple(
        tuple((MARGIN + (x - left) * narrow * scale, MARGIN + (high - y) * scale) for x, y in arc) if place in used else ()
        for place, arc in enumerate(topology.arcs)
    )
    return math.ceil(across * scale) + 2 * MARGIN, math.ceil(up * scale) + 2 * MARGIN, arcs


def _weights(arc: Sequence[Point]) -> tuple[float, ...]:
    """For each point, the area that is lost when it is left out after all that matter less; its ends stay, and of a ring two more."""
    count = len(arc)
    found = [math.inf] * count
    before, after = list(range(-1, count - 1)), list(range(1, count + 1))
    current = [_triangle(arc[place - 1], arc[place], arc[place + 1]) if 0 < place < count - 1 else math.inf for place in range(count)]
    heap = [(area, place) for place, area in enumerate(current) if area < math.inf]
    heapq.heapify(heap)
    left, least, lost = len(heap), 2 if count > 3 and arc[0] == arc[-1] else 0, 0.0
    while heap and left > least:
        area, place = heapq.heappop(heap)
        if area != current[place] or found[place] < math.inf:
            continue
        lost = max(lost, area)
        found[place] = lost
        left -= 1
        one, other = before[place], after[place]
        after[one], before[other] = other, one
        for each in (one, other):
            if 0 < each < count - 1:
                current[each] = _triangle(arc[before[each]], arc[each], arc[after[each]])
                heapq.heappush(heap, (current[each], each))
    return tuple(found)


def _thinned(regions: Sequence[Region], arcs: Sequence[Sequence[Point]], weights: Sequence[Sequence[float]]) -> Sequence[tuple[Ring, ...]]:
    """The rings of each region, with the points that are worth their bytes. A border is thinned once, for both sides."""
    most = max(PATH_BYTES_MIN, PATH_BYTES_EACH * len(regions))

    def at(area: float) -> list[tuple[Ring, ...]]:
        thinned = tuple(_rounded(arc, each, area) for arc, each in zip(arcs, weights, strict=True))
        return [_rings(region.rings, thinned, max(ISLAND_AREA_MIN, area)) for region in regions]

    low, high = AREA_MIN, float(WIDTH_MAX * HEIGHT_MAX)
    best = at(low)
    if _written(best) <= most:
        return best
    best = at(high)
    while high / low > 1.02:
        middle = math.sqrt(low * high)
        found = at(middle)
        if _written(found) <= most:
            high, best = middle, found
        else:
            low = middle
    return best


def _written(shapes: Sequence[Sequence[Ring]]) -> int:
    return sum(len(path_of(rings)) for rings in shapes)


def _rounded(arc: Sequence[Point], weights: Sequence[float], area: float) -> Ring:
    places = [(round(x), round(y)) for (x, y), weight in zip(arc, weights, strict=True) if weight >= area]
    return tuple(place for index, place in enumerate(places) if index == 0 or place != places[index - 1])


def _rings(rings: Sequence[Sequence[int]], arcs: Sequence[Ring], area: float) -> tuple[Ring, ...]:
    """The rings of a region that are seen, without the last point, which is the first. There is always one."""
    joined = [_along(ring, arcs) for ring in rings]
    largest = max(joined, key=lambda ring: abs(area_of(ring)))
    if abs(area_of(largest)) < 1:
        x, y = largest[0]
        return (((x - 1, y - 1), (x + 2, y - 1), (x + 2, y + 2), (x - 1, y + 2)),)
    return tuple(ring for ring in joined if ring is largest or abs(area_of(ring)) >= area)


def _along(ring: Sequence[int], arcs: Sequence[Ring]) -> Ring:
    joined = [place for each in ring for place in (arcs[each] if each >= 0 else arcs[~each][::-1])[:-1]]
    return tuple(joined) or arcs[max(ring[0], ~ring[0])]


def path_of(rings: Sequence[Ring]) -> str:
    """Rings as the shortest path: from each point to the next, no sign or space more than needed.

    >>> path_of([((2, 2), (12, 2), (12, 7))])
    'm2 2 10 0 0 5z'
    """
    parts: list[str] = []
    x, y = 0, 0
    for ring in rings:
        steps = [(to_x - from_x, to_y - from_y) for (from_x, from_y), (to_x, to_y) in pairwise(((x, y), *ring))]
        numbers = [str(each) for step in steps for each in step]
        parts.append("m" + numbers[0] + "".join(each if each.startswith("-") else f" {each}" for each in numbers[1:]) + "z")
        x, y = ring[0]
    return "".join(parts)


def area_of(ring: Sequence[Point]) -> float:
    """Signed, of a ring whose last point is joined to its first."""
    return sum(x * to_y - to_x * y for (x, y), (to_x, to_y) in pairwise((*ring, ring[0]))) / 2


def _triangle(one: Point, two: Point, three: Point) -> float:
    return abs((two[0] - one[0]) * (three[1] - one[1]) - (three[0] - one[0]) * (two[1] - one[1])) / 2


def _spot(rings: Sequence[Ring]) -> Place | None:
    """The place farthest from every border: sought on a grid, then on a finer one around the best."""
    sides = [side for ring in rings for side in pairwise((*ring, ring[0]))]
    main = max(rings, key=lambda ring: abs(area_of(ring)))
    left, right = min(x for x, _ in main), max(x for x, _ in main)
    top, bottom = min(y for _, y in main), max(y for _, y in main)
    room, x, y = 0.0, (left + right) / 2, (top + bottom) / 2
    across, down = (right - left) / 2, (bottom - top) / 2
    for _ in range(REFINED):
        tried = [(x + across * i / GRID, y + down * j / GRID) for i in range(-GRID, GRID + 1) for j in range(-GRID, GRID + 1)]
        room, x, y = max((_room(place, sides), *place) for place in tried)
        across, down = across * 2 / GRID, down * 2 / GRID
    return (round(x), round(y)) if room >= LABEL_ROOM_MIN else None


def _room(place: Point, sides: Sequence[tuple[Point, Point]]) -> float:
    """How far a place is from every side; negative outside."""
    x, y = place
    inside, nearest = False, math.inf
    for (from_x, from_y), (to_x, to_y) in sides:
        if (from_y > y) != (to_y > y) and x < (to_x - from_x) * (y - from_y) / (to_y - from_y) + from_x:
            inside = not inside
        right, down = to_x - from_x, to_y - from_y
        along = max(0.0, min(1.0, ((x - from_x) * right + (y - from_y) * down) / (right * right + down * down or 1)))
        nearest = min(nearest, (x - from_x - along * right) ** 2 + (y - from_y - along * down) ** 2)
    return math.sqrt(nearest) * (1 if inside else -1)
