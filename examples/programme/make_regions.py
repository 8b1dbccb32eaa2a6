"""Invents a country's map: twelve regions with shared borders, as TopoJSON. No border is anybody's: all come from a seed.

Land is cut into cells around places that were moved apart, on a grid that is bent a little; borders between cells are followed from
corner to corner, smoothed, and thinned. Writes the file beside this one, or to a folder.

    python examples/programme/make_regions.py
"""

import argparse
import json
import math
import random
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

SEED = 2027
WIDTH, HEIGHT, STEP = 960, 800, 8
"""Units: kilometres of a plane; more than 180, so that nobody takes them for degrees."""
RELAXATIONS = 12
SMOOTHINGS = 2
TOLERANCE = 3.0
PIECE_SQUARES_MIN = 20
SEA = -1
REGIONS = {
    "Adrar": ("أدرار", "ⴰⴷⵔⴰⵔ"),
    "Agadez": ("أكاديز", "ⴰⴳⴰⴷⵉⵣ"),
    "Anzar": ("أنزار", "ⴰⵏⵥⴰⵔ"),
    "Asif": ("أسيف", "ⴰⵙⵉⴼ"),
    "Ayyur": ("أيور", "ⴰⵢⵢⵓⵔ"),
    "Azru": ("أزرو", "ⴰⵥⵔⵓ"),
    "Ighzar": ("إغزار", "ⵉⵖⵣⴰⵔ"),
    "Itri": ("إتري", "ⵉⵜⵔⵉ"),
    "Tamda": ("تامدا", "ⵜⴰⵎⴷⴰ"),
    "Targa": ("تاركا", "ⵜⴰⵔⴳⴰ"),
    "Tifawt": ("تيفاوت", "ⵜⵉⴼⴰⵡⵜ"),
    "Tizi": ("تيزي", "ⵜⵉⵣⵉ"),
}
"""As `invent.py` of the demo names them; in Arabic and in Tifinagh."""
Corner = tuple[int, int]


def waves(chance: random.Random, *, size: float, longest: float) -> list[tuple[float, float, float, float]]:
    """Gentle noise over the plane: each wave is height, two slopes and a beginning."""
    made = []
    for octave in range(4):
        for _ in range(3):
            turn, length = chance.uniform(0, math.tau), longest / 2**octave
            made.append((size / 1.6**octave, math.cos(turn) / length, math.sin(turn) / length, chance.uniform(0, math.tau)))
    return made


def at(noise: list[tuple[float, float, float, float]], x: float, y: float) -> float:
    """The noise at a place."""
    return sum(height * math.sin(math.tau * (x * right + y * up) + begin) for height, right, up, begin in noise)


def country(chance: random.Random) -> list[Corner]:
    """The squares of the grid that are land: a main part and an island, without lakes."""
    shore = waves(chance, size=0.075, longest=500.0)
    squares = [(column, row) for column in range(WIDTH // STEP) for row in range(HEIGHT // STEP)]
    land: set[Corner] = set()
    for column, row in squares:
        x, y = (column + 0.5) * STEP, (row + 0.5) * STEP
        main = math.hypot((x - 430) / 330, (y - 400) / 270 - 0.25 * (x - 430) / 330)
        isle = math.hypot((x - 850) / 60, (y - 160) / 50)
        if min(main, isle) + at(shore, x, y) < 1:
            land.add((column, row))
    sea, coming = {(0, 0)}, [(0, 0)]
    while coming:
        column, row = coming.pop()
        around = {(column - 1, row), (column + 1, row), (column, row - 1), (column, row + 1)}
        found = {each for each in around if 0 <= each[0] < WIDTH // STEP and 0 <= each[1] < HEIGHT // STEP} - land - sea
        sea |= found
        coming += found
    return [square for square in squares if square not in sea]


def cells(chance: random.Random) -> dict[Corner, int]:
    """For each square of land, the number of its region."""
    land = country(chance)
    bent_x, bent_y = waves(chance, size=8.0, longest=220.0), waves(chance, size=8.0, longest=220.0)
    bent = {(c, r): ((c + 0.5) * STEP + at(bent_x, c * STEP, r * STEP), (r + 0.5) * STEP + at(bent_y, c * STEP, r * STEP)) for c, r in land}
    sites = [bent[place] for place in chance.sample(land, len(REGIONS))]
    nearest: dict[Corner, int] = {}
    for _ in range(RELAXATIONS):
        members: dict[int, list[tuple[float, float]]] = defaultdict(list)
        for square, (x, y) in bent.items():
            nearest[square] = min(range(len(sites)), key=lambda each: (x - sites[each][0]) ** 2 + (y - sites[each][1]) ** 2)
            members[nearest[square]].append((x, y))
        sites = [
            (sum(x for x, _ in members[each]) / len(members[each]), sum(y for _, y in members[each]) / len(members[each]))
            for each in range(len(sites))
        ]
    return tidied(nearest)


def tidied(region: dict[Corner, int]) -> dict[Corner, int]:
    """Each small piece that is cut off from its region goes to the neighbour that it touches most, or to the sea."""
    made, seen = dict(region), set[Corner]()
    for square, own in region.items():
        if square in seen:
            continue
        piece, coming, touched = {square}, [square], Counter[int]()
        while coming:
            column, row = coming.pop()
            for each in ((column - 1, row), (column + 1, row), (column, row - 1), (column, row + 1)):
                if region.get(each, SEA) != own:
                    touched[region.get(each, SEA)] += 1
                elif each not in piece:
                    piece.add(each)
                    coming.append(each)
        seen |= piece
        if len(piece) < PIECE_SQUARES_MIN:
            made |= dict.fromkeys(piece, max(touched, key=lambda each: (touched[each], each)))
    return {square: number for square, number in made.items() if number != SEA}


def borders(region: dict[Corner, int]) -> list[tuple[list[Corner], int, int]]:
    """Lines from corner to corner where more than two regions meet, with the regions on their left and right."""
    sides: dict[Corner, dict[Corner, tuple[int, int]]] = defaultdict(dict)

    def side(one: Corner, other: Corner, left: int, right: int) -> None:
        if left != right:
            sides[one][other], sides[other][one] = (left, right), (right, left)

    for column in range(WIDTH // STEP + 1):
        for row in range(HEIGHT // STEP + 1):
            here = region.get((column, row), SEA)
            side((column, row), (column + 1, row), here, region.get((column, row - 1), SEA))
            side((column, row), (column, row + 1), region.get((column - 1, row), SEA), here)
    ends = {corner for corner, ways in sides.items() if len(ways) > 2}
    lines = []
    for start in sorted(ends) + sorted(set(sides) - ends):  # then the rings that meet no other border
        for way in sorted(sides[start]):
            if way not in sides[start]:
                continue
            left, right = sides[start][way]
            line = [start]
            place = way
            while True:
                del sides[line[-1]][place], sides[place][line[-1]]
                line.append(place)
                if place in ends or place == start:
                    break
                place = next(iter(sides[place]))
            lines.append((line, left, right))
    return lines


def smoothed(line: list[Corner]) -> list[Corner]:
    """The line with its steps rounded off and its ends in place, in whole kilometres."""
    points = [(float(x * STEP), float(y * STEP)) for x, y in line]
    ring = line[0] == line[-1]
    for _ in range(SMOOTHINGS):
        around = [points[-2], *points, points[1]] if ring else [points[0], *points, points[-1]]
        middle = [
            ((a[0] + 2 * b[0] + c[0]) / 4, (a[1] + 2 * b[1] + c[1]) / 4) for a, b, c in zip(around, around[1:], around[2:], strict=False)
        ]
        points = middle if ring else [points[0], *middle[1:-1], points[-1]]
    if ring:
        half = len(points) // 2
        points = thinned(points[: half + 1])[:-1] + thinned(points[half:])
    else:
        points = thinned(points)
    return [(round(x), round(y)) for x, y in points]


def thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Fewer points, none of the others farther away than the tolerance. Source: Douglas & Peucker (1973)."""
    (x, y), (to_x, to_y) = points[0], points[-1]
    length = math.hypot(to_x - x, to_y - y)
    far = [abs((to_x - x) * (py - y) - (px - x) * (to_y - y)) / length if length else math.hypot(px - x, py - y) for px, py in points]
    worst = max(range(len(points)), key=lambda place: far[place])
    if far[worst] <= TOLERANCE:
        return [points[0], points[-1]]
    return thinned(points[: worst + 1])[:-1] + thinned(points[worst:])


def rings(lines: list[tuple[list[Corner], int, int]], region: int) -> list[list[int]]:
    """The rings around a region, as references to lines: ~i is line i from its end."""
    ways = {place: line for place, (line, left, _) in enumerate(lines) if left == region}
    ways |= {~place: line[::-1] for place, (line, _, right) in enumerate(lines) if right == region}
    found = []
    while ways:
        ring = [min(ways)]
        line = ways.pop(ring[0])
        while line[-1] != lines_start(lines, ring[0]):
            following = min(way for way, other in ways.items() if other[0] == line[-1])
            ring.append(following)
            line = ways.pop(following)
        found.append(ring)
    return found


def lines_start(lines: list[tuple[list[Corner], int, int]], way: int) -> Corner:
    """Where a reference begins."""
    return lines[way][0][0] if way >= 0 else lines[~way][0][-1]


def topology() -> dict[str, object]:
    """The whole document."""
    chance = random.Random(SEED)
    lines = borders(cells(chance))
    order = list(REGIONS)
    chance.shuffle(order)
    number = {name: place for place, name in enumerate(order)}
    geometries = []
    for name, (arabic, tifinagh) in REGIONS.items():
        around = rings(lines, number[name])
        labels = {"ar": arabic, "en": name, "fr": name, "zgh": tifinagh}
        form = {"type": "Polygon", "arcs": around} if len(around) == 1 else {"type": "MultiPolygon", "arcs": [[ring] for ring in around]}
        geometries.append({"id": name, "properties": {"name": labels}, **form})
    arcs = []
    for line, _, _ in lines:
        places = smoothed(line)
        arcs.append([places[0], *((to_x - x, to_y - y) for (x, y), (to_x, to_y) in pairwise(places) if (x, y) != (to_x, to_y))])
    return {
        "type": "Topology",
        "transform": {"scale": [1, 1], "translate": [0, 0]},
        "objects": {"regions": {"type": "GeometryCollection", "geometries": geometries}},
        "arcs": arcs,
    }


def main() -> None:
    """Write regions.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    text = json.dumps(topology(), ensure_ascii=False, separators=(",", ":"))
    (parser.parse_args().folder / "regions.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
