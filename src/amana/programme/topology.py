"""A map as TopoJSON: regions whose borders are arcs that neighbours share. Somebody else may have written the file: every field that
is used is checked, and everything has a limit.

One object is read, a GeometryCollection of Polygon and MultiPolygon, each with an `id` (a text or a whole number). Names are found in
`properties`, later ones of this list first: a text `name`, where Arabic and Tifinagh words are told from the rest, which is in a
language that nobody says (`und`); an object `name` of texts by language; texts `name:ar` or `name_ar`, for each language.
Source: The TopoJSON Format Specification, 1.0.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Never, TypeAlias, cast, final

from amana.client.text import LANGUAGES
from amana.terms.refusal import Refusal

BYTES_MAX: Final = 2 * 2**20
ARCS_MAX: Final = 10_000
POINTS_MAX: Final = 100_000
"""Of all arcs together; along all rings together, which go over most arcs twice, two times as many."""
REGIONS_MAX: Final = 200
ID_CHARACTERS_MAX: Final = 64
NAME_CHARACTERS_MAX: Final = 200
COORDINATE_ABS_MAX: Final = 1e9
"""Units: of the map; metres of any projection are less."""
UNKNOWN_LANGUAGE: Final = "und"
ARABIC, TIFINAGH = re.compile(r"[\u0600-\u06ff\u0750-\u077f]"), re.compile(r"[\u2d30-\u2d7f]")
Point: TypeAlias = tuple[float, float]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """`names`: pairs of language and text. `rings`: outlines and holes, each of arcs; -1 is arc 0 from its end, -2 arc 1."""

    id: str
    names: tuple[tuple[str, str], ...]
    rings: tuple[tuple[int, ...], ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """A map. Shapes: each arc has two points or more, each ring is closed. Units: degrees, or those of a plane; y grows northwards."""

    arcs: tuple[tuple[Point, ...], ...]
    regions: tuple[Region, ...]

    def arc(self, reference: int) -> tuple[Point, ...]:
        """An arc in the direction in which a ring goes along it."""
        return self.arcs[reference] if reference >= 0 else self.arcs[~reference][::-1]

    def rings(self, region: Region) -> tuple[tuple[Point, ...], ...]:
        """The points of a region's rings; the last point of each is its first."""
        return tuple(tuple(self._along(ring)) for ring in region.rings)

    def _along(self, ring: Sequence[int]) -> Iterator[Point]:
        yield self.arc(ring[0])[0]
        for reference in ring:
            yield from self.arc(reference)[1:]


def read_topology(content: bytes, labels: Mapping[str, Mapping[str, str]] | None = None) -> Topology:
    """A map from TopoJSON. `labels`: names by id and language, which go before those of the file; ids that it lacks may be among them.

    Errors: Refusal programme.topology_large, programme.topology_not_json, programme.topology_wrong, programme.topology_names.
    """
    _within(len(content), BYTES_MAX, "word.topology.bytes")
    try:
        held = cast("object", json.loads(content.decode("utf-8-sig"), parse_constant=_no_number))
    except (ValueError, RecursionError) as error:
        raise Refusal("programme.topology_not_json") from error
    document = _object(held, "$")
    if document.get("type") != "Topology":
        raise _wrong("$.type", "word.one_of", known="Topology")
    arcs = _arcs(document)
    objects = _object(document.get("objects"), "$.objects")
    if len(objects) != 1:
        raise _wrong("$.objects", "word.topology.one_object")
    layer = _object(next(iter(objects.values())), "$.objects.*")
    if layer.get("type") != "GeometryCollection":
        raise _wrong("$.objects.*.type", "word.one_of", known="GeometryCollection")
    path = "$.objects.*.geometries"
    geometries = _list(layer.get("geometries"), path)
    _within(len(geometries), REGIONS_MAX, "word.topology.regions")
    if not geometries:
        raise _wrong(path, "word.items_at_least", number=1)
    regions = tuple(_region(each, f"{path}[{place}]", arcs, labels or {}) for place, each in enumerate(geometries))
    _each_once(regions)
    points = sum(len(arcs[max(arc, ~arc)]) for region in regions for ring in region.rings for arc in ring)
    _within(points, 2 * POINTS_MAX, "word.topology.points")
    topology = Topology(arcs=arcs, regions=regions)
    for place, region in enumerate(regions):
        _check_closed(topology, region, f"{path}[{place}].arcs")
    return topology


def _arcs(document: Mapping[str, object]) -> tuple[tuple[Point, ...], ...]:
    """Every arc in units of the map. A transform turns whole steps from point to point into places."""
    arcs = [_list(arc, f"$.arcs[{place}]") for place, arc in enumerate(_list(document.get("arcs"), "$.arcs"))]
    _within(len(arcs), ARCS_MAX, "word.topology.arcs")
    _within(sum(map(len, arcs)), POINTS_MAX, "word.topology.points")
    transform = document.get("transform")
    if transform is None:
        return tuple(tuple(_points(arc, f"$.arcs[{place}]", whole=False)) for place, arc in enumerate(arcs))
    told = _object(transform, "$.transform")
    scale = _pair(told.get("scale"), "$.transform.scale", whole=False)
    translate = _pair(told.get("translate"), "$.transform.translate", whole=False)
    if 0 in scale:
        raise _wrong("$.transform.scale", "word.topology.scale")
    return tuple(tuple(_placed(arc, f"$.arcs[{place}]", scale, translate)) for place, arc in enumerate(arcs))


def _points(arc: Sequence[object], path: str, *, whole: bool) -> Iterator[Point]:
    if len(arc) < 2:
        raise _wrong(path, "word.items_at_least", number=2)
    for place, each in enumerate(arc):
        yield _pair(each, f"{path}[{place}]", whole=whole)


def _placed(arc: Sequence[object], path: str, scale: Point, translate: Point) -> Iterator[Point]:
    x, y = 0.0, 0.0  # whole numbers below 2⁵³, so that sums are exact and shared ends equal
    for place, (right, up) in enumerate(_points(arc, path, whole=True)):
        x, y = x + right, y + up
        point = x * scale[0] + translate[0], y * scale[1] + translate[1]
        if not max(map(abs, point)) <= COORDINATE_ABS_MAX:
            raise _wrong(f"{path}[{place}]", "word.topology.coordinate")
        yield point


def _region(found: object, path: str, arcs: Sequence[object], labels: Mapping[str, Mapping[str, str]]) -> Region:
    geometry = _object(found, path)
    key = geometry.get("id")
    key = str(key) if type(key) is int and abs(key) < 2**53 else key
    if not isinstance(key, str) or not key:
        raise Refusal("programme.topology_names", region=path, reason="word.topology.no_id")
    key = _text(key, f"{path}.id", most=ID_CHARACTERS_MAX)
    properties = geometry.get("properties")
    names = _names({} if properties is None else _object(properties, f"{path}.properties"), f"{path}.properties")
    names |= {language: _text(text, f"labels.{key}.{language}", most=NAME_CHARACTERS_MAX) for language, text in labels.get(key, {}).items()}
    if not names:
        raise Refusal("programme.topology_names", region=key, reason="word.topology.no_name")
    match geometry.get("type"):
        case "Polygon":
            polygons: Sequence[object] = [geometry.get("arcs")]
        case "MultiPolygon":
            polygons = _list(geometry.get("arcs"), f"{path}.arcs")
        case _:
            raise _wrong(f"{path}.type", "word.one_of", known="Polygon, MultiPolygon")
    rings = tuple(_ring(ring, f"{path}.arcs", len(arcs)) for polygon in polygons for ring in _list(polygon, f"{path}.arcs"))
    if not rings:
        raise _wrong(f"{path}.arcs", "word.items_at_least", number=1)
    # Who reads neither her own language nor English there gets the first.
    order = {language: place for place, language in enumerate((UNKNOWN_LANGUAGE, *LANGUAGES))}
    named = tuple(sorted(names.items(), key=lambda each: (order.get(each[0], len(order)), each[0])))
    return Region(id=key, names=named, rings=rings)


def _names(properties: Mapping[str, object], path: str) -> dict[str, str]:
    """What the file calls a region, by language."""
    name = properties.get("name")
    names: dict[str, str] = {}
    if isinstance(name, str) and name.strip():
        names = _parted(_text(name, f"{path}.name", most=NAME_CHARACTERS_MAX))
    elif isinstance(name, dict):
        texts = cast("dict[str, object]", name)
        names = {each: _text(texts[each], f"{path}.name.{each}", most=NAME_CHARACTERS_MAX) for each in LANGUAGES if texts.get(each)}
    elif name is not None and not isinstance(name, str):
        raise _wrong(f"{path}.name", "word.text")
    for language in LANGUAGES:
        for key in (f"name_{language}", f"name:{language}"):
            if properties.get(key):
                names[language] = _text(properties[key], f"{path}.{key}", most=NAME_CHARACTERS_MAX)
    return names


def _parted(name: str) -> dict[str, str]:
    """A name that was written in several scripts, by language; what has no letters stays with the words before it.

    >>> _parted("Sud – Est ⴰⴳⴰⴼⴰ الجنوب الشرقي")
    {'und': 'Sud – Est', 'zgh': 'ⴰⴳⴰⴼⴰ', 'ar': 'الجنوب الشرقي'}
    """
    parts: dict[str, list[str]] = {}
    language = UNKNOWN_LANGUAGE
    for word in name.split():
        if any(letter.isalpha() for letter in word):
            language = "ar" if ARABIC.search(word) else "zgh" if TIFINAGH.search(word) else UNKNOWN_LANGUAGE
        parts.setdefault(language, []).append(word)
    return {language: " ".join(words) for language, words in parts.items()}


def _ring(found: object, path: str, arcs: int) -> tuple[int, ...]:
    ring = _list(found, path)
    if not ring:
        raise _wrong(path, "word.items_at_least", number=1)
    if any(type(each) is not int or not -arcs <= each < arcs for each in ring):
        raise _wrong(path, "word.whole", low=-arcs, high=arcs - 1)
    return tuple(cast("Sequence[int]", ring))


def _check_closed(topology: Topology, region: Region, path: str) -> None:
    """Each arc begins where the one before it ends, and the first where the last ends."""
    for ring in region.rings:
        ends = [topology.arc(reference) for reference in (*ring, ring[0])]
        if any(before[-1] != after[0] for before, after in pairwise(ends)):
            raise _wrong(path, "word.topology.closed")


def _each_once(regions: Sequence[Region]) -> None:
    seen: set[str] = set()
    for region in regions:
        if region.id in seen:
            raise Refusal("programme.topology_names", region=region.id, reason="word.topology.id_twice")
        seen.add(region.id)


def _pair(found: object, path: str, *, whole: bool) -> Point:
    """A position: what stands behind its two numbers is not of a map."""
    pair = _list(found, path)
    if len(pair) < 2:
        raise _wrong(path, "word.items_at_least", number=2)
    kinds = (int,) if whole else (int, float)
    if any(type(each) not in kinds or not abs(cast("float", each)) <= COORDINATE_ABS_MAX for each in pair[:2]):
        raise _wrong(path, "word.topology.steps" if whole else "word.topology.coordinate")
    x, y = cast("Sequence[float]", pair[:2])
    return float(x), float(y)


def _object(found: object, path: str) -> Mapping[str, object]:
    if not isinstance(found, dict):
        raise _wrong(path, "word.object")
    return cast("dict[str, object]", found)


def _list(found: object, path: str) -> Sequence[object]:
    if not isinstance(found, list):
        raise _wrong(path, "word.list")
    return cast("list[object]", found)


def _text(found: object, path: str, *, most: int) -> str:
    """A text in one line, its white space as single spaces."""
    text = " ".join(found.split()) if isinstance(found, str) else ""
    if not text or len(text) > most or not text.isprintable():
        raise _wrong(path, "word.printable", number=most)
    return text


def _within(count: int, most: int, what: str) -> None:
    if count > most:
        raise Refusal("programme.topology_large", count=count, most=most, what=what)


def _wrong(path: str, wanted: str, **parameters: str | int) -> Refusal:
    return Refusal("programme.topology_wrong", where=None, path=path, wanted=wanted, **parameters)


def _no_number(word: str) -> Never:
    """NaN and Infinity, which Python reads, are no JSON."""
    raise ValueError(word)
