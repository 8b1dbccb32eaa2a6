"""The map that a setting names: read at the start, refused there where it is none, drawn once."""

import json
from pathlib import Path

import pytest

from amana.node.regions import Regions
from amana.node.settings import read_settings
from amana.terms.refusal import Refusal

REGIONS = Path(__file__).parents[2] / "examples" / "programme" / "regions.json"


def settings_in(folder: Path, *, regions: str = "", names: str | None = None) -> Regions:
    written = f'programme_regions = "{regions}"\n'
    if names is not None:
        (folder / "names.json").write_text(names, "utf-8")
        written += 'programme_region_names = "names.json"\n'
    (folder / "settings.toml").write_text(written, "utf-8")
    return Regions(read_settings(folder, {}))


def test_without_a_setting_there_is_no_map(tmp_path: Path) -> None:
    assert settings_in(tmp_path).outline() is None


def test_a_map_may_lie_in_the_data_folder_or_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "map.json").write_bytes(REGIONS.read_bytes())
    inside, outside = settings_in(tmp_path, regions="map.json").outline(), settings_in(tmp_path, regions=str(REGIONS)).outline()
    assert inside is not None and inside == outside and len(inside.shapes) == 12


def test_names_of_another_file_go_before_those_of_the_map(tmp_path: Path) -> None:
    found = settings_in(tmp_path, regions=str(REGIONS), names=json.dumps({"Adrar": {"en": "Mountain"}})).outline()
    assert found is not None
    shape = next(each for each in found.shapes if each.id == "Adrar")
    assert dict(shape.names)["en"] == "Mountain" and dict(shape.names)["ar"] == "أدرار"


@pytest.mark.parametrize("names", ["", "[]", '{"Adrar": "Mountain"}', '{"Adrar": {"de": "Berg"}}', '{"Adrar": {"en": 1}}', "[" * 100_000])
def test_names_that_are_none_stop_the_start(tmp_path: Path, names: str) -> None:
    with pytest.raises(Refusal) as refused:
        settings_in(tmp_path, regions=str(REGIONS), names=names)
    assert refused.value.code == "settings.bad_value" and refused.value.parameters["key"] == "programme_region_names"


@pytest.mark.parametrize(("content", "code"), [("{", "programme.topology_not_json"), ('{"type": "Feature"}', "programme.topology_wrong")])
def test_a_file_that_is_no_map_stops_the_start(tmp_path: Path, content: str, code: str) -> None:
    (tmp_path / "map.json").write_text(content, "utf-8")
    with pytest.raises(Refusal) as refused:
        settings_in(tmp_path, regions="map.json")
    assert refused.value.code == code


def test_a_file_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        settings_in(tmp_path, regions="nothing.json")
    assert refused.value.code == "settings.bad_value" and refused.value.parameters["key"] == "programme_regions"
