"""A map is read as TopoJSON, or refused with what is wrong and where."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amana.client.text import LANGUAGES
from amana.programme.outline import outline_of
from amana.programme.topology import ARCS_MAX, BYTES_MAX, POINTS_MAX, REGIONS_MAX, Topology, read_topology
from amana.terms.refusal import Refusal
from tests.topologies import ARCS, OWN, document, geometry, real, written


def refused(content: bytes, labels: dict[str, dict[str, str]] | None = None) -> Refusal:
    with pytest.raises(Refusal) as found:
        read_topology(content, labels)
    return found.value


def of(**changed: object) -> dict[str, Any]:
    return document(geometries=[geometry("a", [[0, 1]], **changed)])


def names(properties: object, labels: dict[str, dict[str, str]] | None = None) -> dict[str, str]:
    return dict(read_topology(written(of(properties=properties)), labels).regions[0].names)


def test_a_map_without_transform_is_read_as_it_is_written() -> None:
    found = read_topology(written(document()))
    assert [region.id for region in found.regions] == ["a", "b"]
    assert found.rings(found.regions[0]) == (((0, 0), (0, 2), (2, 2), (2, 0), (0, 0)),)


def test_a_negative_arc_is_gone_along_from_its_end() -> None:
    found = read_topology(written(document()))
    assert found.arc(-2) == found.arcs[1][::-1]
    assert found.rings(found.regions[1]) == (((2, 2), (4, 2), (4, 0), (0, 0), (2, 0), (2, 2)),)


def test_a_transform_turns_steps_into_the_same_places() -> None:
    steps = [[[-5, 10], [0, 4], [4, 0]], [[-1, 14], [0, -4], [-4, 0]], [[-1, 14], [4, 0], [0, -4], [-8, 0]]]
    found = read_topology(written(document(steps, transform={"scale": [0.5, 0.5], "translate": [2.5, -5]})))
    assert found.arcs == read_topology(written(document())).arcs


def test_islands_and_holes_are_rings_of_their_region() -> None:
    rings = [[[0, 1]], [[2, -2]]]
    (region,) = read_topology(written(document(geometries=[geometry("a", rings, type="MultiPolygon")]))).regions
    assert region.rings == ((0, 1), (2, -2))


def test_a_whole_number_may_be_an_id() -> None:
    assert read_topology(written(of(id=7))).regions[0].id == "7"


def test_names_are_found_in_each_form_that_is_documented() -> None:
    assert names({"name": "Sud"}) == {"und": "Sud"}
    assert names({"name": "Sud – Est ⴰⴳⴰⴼⴰ الجنوب الشرقي"}) == {"und": "Sud – Est", "zgh": "ⴰⴳⴰⴼⴰ", "ar": "الجنوب الشرقي"}
    assert names({"name": {"ar": "جنوب", "fr": "Sud", "xx": "?"}}) == {"ar": "جنوب", "fr": "Sud"}
    assert names({"name": "Sud", "name:ar": "جنوب", "name_en": " South \n coast "}) == {"und": "Sud", "ar": "جنوب", "en": "South coast"}


def test_labels_go_before_the_names_of_the_file() -> None:
    assert names({"name": {"fr": "Sud"}}, {"a": {"fr": "Midi", "en": "South"}, "z": {"fr": "Nord"}}) == {"fr": "Midi", "en": "South"}
    assert names(None, {"a": {"en": "South"}}) == {"en": "South"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "programme.topology_not_json"),
        (b"\xff\xfe{}", "programme.topology_not_json"),
        (b"[" * 200_000, "programme.topology_not_json"),
        (b'{"type": NaN}', "programme.topology_not_json"),
        (b'{"type": ' + b"9" * 10_000 + b"}", "programme.topology_not_json"),
        (b" " * (BYTES_MAX + 1), "programme.topology_large"),
        (b"null", "programme.topology_wrong"),
        (b'{"type": "FeatureCollection"}', "programme.topology_wrong"),
        (written(document([])), "programme.topology_wrong"),
        (written(document([[[0, 0]]])), "programme.topology_wrong"),
        (written(document(objects={})), "programme.topology_wrong"),
        (written(document(geometries=[])), "programme.topology_wrong"),
        (written(of(type="Point")), "programme.topology_wrong"),
        (written(of(type=None)), "programme.topology_wrong"),
        (written(of(arcs=[])), "programme.topology_wrong"),
        (written(of(arcs=[[]])), "programme.topology_wrong"),
        (written(of(arcs=[[0, 3]])), "programme.topology_wrong"),
        (written(of(arcs=[[-4, 1]])), "programme.topology_wrong"),
        (written(of(arcs=[[True, 1]])), "programme.topology_wrong"),
        (written(of(arcs=[[0, -2]])), "programme.topology_wrong"),
        (written(of(arcs=[[0]])), "programme.topology_wrong"),
        (written(document()).replace(b"[4, 2]", b"[1e999, 2]"), "programme.topology_wrong"),
        (written(document()).replace(b"[4, 2]", b"[1e10, 2]"), "programme.topology_wrong"),
        (written(document()).replace(b"[4, 2]", b"[1" + b"0" * 400 + b", 2]"), "programme.topology_wrong"),
        (written(document()).replace(b"[4, 2]", b"[true, 2]"), "programme.topology_wrong"),
        (written(document()).replace(b"[4, 2]", b"[2]"), "programme.topology_wrong"),
        (written(document(transform={"scale": [0, 1], "translate": [0, 0]})), "programme.topology_wrong"),
        (written(document(transform={"scale": [1e9, 1], "translate": [0, 0]})), "programme.topology_wrong"),
        (written(document(transform={"scale": [1, 1]})), "programme.topology_wrong"),
        (written(document(transform=[1])), "programme.topology_wrong"),
        (written(document(transform={"scale": [1, 1], "translate": [0, 0]})).replace(b"[4, 2]", b"[4.5, 2]"), "programme.topology_wrong"),
        (written(of(id=None)), "programme.topology_names"),
        (written(of(id="")), "programme.topology_names"),
        (written(of(id="a\u202eb")), "programme.topology_wrong"),
        (written(of(properties={})), "programme.topology_names"),
        (written(of(properties={"name": "\ud800"})), "programme.topology_wrong"),
        (written(of(properties={"name": "x" * 201})), "programme.topology_wrong"),
        (written(of(properties={"name": 3})), "programme.topology_wrong"),
        (written(document(geometries=[geometry("a", [[0, 1]])] * 2)), "programme.topology_names"),
    ],
)
def test_what_is_no_map_is_refused(content: bytes, code: str) -> None:
    assert refused(content).code == code


def test_a_refusal_names_the_place() -> None:
    assert refused(written(document()).replace(b"[4, 0]", b'["4", 0]')).parameters["path"] == "$.arcs[2][2]"
    assert refused(written(of(arcs=[[0, 9]]))).parameters["path"] == "$.objects.*.geometries[0].arcs"
    assert refused(written(of()), {"a": {"en": "\x00"}}).parameters["path"] == "labels.a.en"


@pytest.mark.parametrize(
    ("made", "what"),
    [
        (document([*ARCS, [[0, 0]] * 1_000_000]), "word.topology.bytes"),
        (document([*ARCS, [0] * POINTS_MAX]), "word.topology.points"),
        (document([[0]] * (ARCS_MAX + 1)), "word.topology.arcs"),
        (document(geometries=[0] * (REGIONS_MAX + 1)), "word.topology.regions"),
        (document([[[0, 0]] * 1_000], [geometry("a", [[0] * 201])]), "word.topology.points"),
    ],
)
def test_what_is_too_large_is_refused_by_its_limit(made: object, what: str) -> None:
    content = json.dumps(made, separators=(",", ":")).encode()
    found = refused(content)
    assert (found.code, found.parameters["what"]) == ("programme.topology_large", what)


def total(content: bytes) -> None:
    """A topology that can be drawn, or a refusal."""
    try:
        found = read_topology(content)
    except Refusal:
        return
    assert isinstance(found, Topology)
    assert all(shape.path for shape in outline_of(found).shapes)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes_give_a_map_or_a_refusal(content: bytes) -> None:
    total(content)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.integers(-4, 4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["type", "arcs", "id", "name"]), inner, max_size=3),
    max_leaves=6,
)


def places(found: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    inner = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    return [path, *(each for key, value in inner for each in places(value, (*path, key)))]


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_any_changed_map_gives_a_map_or_a_refusal(data: st.DataObject) -> None:
    made: Any = document(transform={"scale": [0.5, 2], "translate": [1, 1]}) if data.draw(st.booleans()) else document()
    for _ in range(data.draw(st.integers(1, 3))):
        made = copy.deepcopy(made)
        path = data.draw(st.sampled_from(places(made)))
        value = data.draw(ANYTHING)
        if not path:
            made = value
            break
        inside = made
        for step in path[:-1]:
            inside = inside[step]
        inside[path[-1]] = value
    total(json.dumps(made).encode())


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(*[st.floats(-1e9, 1e9) | st.integers(-3, 3)] * 2), min_size=1, max_size=12))
def test_a_ring_of_any_points_is_drawn(points: list[tuple[float, float]]) -> None:
    total(written(document([[*points, points[0]]], [geometry("a", [[0]])])))


@pytest.mark.parametrize(("name", "regions", "least"), [("regions.json", 12, 1.0), ("provinces.json", 75, 0.9)])
def test_a_real_map_is_read_with_its_names(name: str, regions: int, least: float) -> None:
    found = read_topology(real(name))
    assert len(found.regions) == regions
    assert sum({"ar", "und"} <= dict(region.names).keys() for region in found.regions) >= least * regions


def test_the_invented_country_has_the_regions_of_the_demo_named_in_four_languages() -> None:
    found = read_topology(OWN.read_bytes())
    known = "Adrar Agadez Anzar Asif Ayyur Azru Ighzar Itri Tamda Targa Tifawt Tizi"
    assert " ".join(region.id for region in found.regions) == known
    assert all([language for language, _ in region.names] == list(LANGUAGES) for region in found.regions)
