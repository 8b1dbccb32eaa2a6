"""The data folder: secret keys, an exact catalogue, a switch that is all or nothing."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.catalog.domains import (
    BooleanDomain,
    ChoiceDomain,
    DateDomain,
    DateStep,
    KeyDomain,
    MomentDomain,
    NumberDomain,
    TextDomain,
)
from amana.catalog.profile import Histogram, Profile, TableProfile
from amana.catalog.rules import read_rules
from amana.catalog.schema import Column, Dataset, Period, Population, Processing, Schema, Table
from amana.catalog.schema import Path as Step
from amana.catalog.written import read_dataset, read_profile, write_dataset, write_profile
from amana.node.settings import Settings, describe, explain, read_settings
from amana.node.store import Store
from amana.terms.ids import DeltaUnits, NanoRho, PopulationName
from amana.terms.refusal import Refusal
from tests.parts import connect, store_at
from tests.unit.publishing import HEAD, VISITS

NOW = datetime(2026, 1, 2, tzinfo=UTC)
texts = st.text(max_size=8)
names = st.tuples(texts, texts)
whole = st.integers(-(2**62), 2**62)
domains = st.one_of(
    st.builds(lambda scale, ends, null, step: NumberDomain(scale=scale, low=min(ends), high=max(ends), nullable=null, step=step),
              st.integers(0, 18), st.tuples(whole, whole), st.booleans(), st.integers(1, 9)),
    st.builds(lambda ends, null, step: DateDomain(low=min(ends), high=max(ends), nullable=null, step=step),
              st.tuples(st.dates(), st.dates()), st.booleans(), st.sampled_from(DateStep)),
    st.builds(lambda at: MomentDomain(low=at, high=at), st.datetimes().map(lambda at: at.replace(microsecond=0))),
    st.builds(lambda members: ChoiceDomain(members=tuple(sorted(members))), st.sets(texts)),
    st.builds(BooleanDomain, nullable=st.booleans()),
    st.builds(TextDomain, length_max=st.integers(1, 99), nullable=st.booleans()),
    st.builds(KeyDomain, nullable=st.booleans()),
)  # fmt: skip
tables = st.builds(
    Table,
    name=texts,
    private=st.booleans(),
    columns=st.lists(st.builds(Column, name=texts, domain=domains, source=texts), max_size=4).map(tuple),
    unit_column=st.none() | texts,
    path=st.none() | st.builds(Step, parent=texts, on=st.lists(names, max_size=2).map(tuple)),
    key=st.lists(texts, max_size=2).map(tuple),
    multiplicity=st.integers(1, 5),
    occurrence=st.lists(texts, max_size=2).map(tuple),
    rows_per_unit_max=st.integers(1, 99),
    title=st.lists(names, max_size=2).map(tuple),
    source=texts,
)
declared = st.none() | st.lists(texts, max_size=2).map(tuple)
populations = st.builds(
    Population,
    name=texts.map(PopulationName),
    unit=texts,
    cap_nrho=st.integers(0, 2**62).map(NanoRho),
    cap_delta=st.integers(0, 2**62).map(DeltaUnits),
    profile_nrho=st.integers(0, 2**62).map(NanoRho),
    period=st.none() | st.sampled_from(Period),
)
datasets = st.builds(
    Dataset,
    name=texts,
    title=st.lists(names, max_size=2).map(tuple),
    custodian=texts,
    controller=texts,
    legal_basis=texts,
    purposes=st.lists(texts, max_size=2).map(tuple),
    retention=st.dates(),
    population=populations,
    schema=st.builds(Schema, unit=texts, tables=st.lists(tables, max_size=2).map(tuple)),
    processing=st.builds(Processing, processors=declared, sensitive=declared, representative=st.none() | texts),
)
figures = st.floats(allow_nan=False, allow_infinity=False)
histograms = st.builds(Histogram, low=whole, width=st.integers(1, 99), counts=st.lists(figures, max_size=3).map(tuple), missing=figures)
profiles = st.builds(
    TableProfile,
    table=texts,
    units=figures,
    rows=figures,
    rows_edges=st.lists(st.integers(0, 99), max_size=3).map(tuple),
    units_by_rows=st.lists(figures, max_size=3).map(tuple),
    columns=st.lists(st.tuples(texts, histograms), max_size=2).map(tuple),
    groups_per_unit=st.lists(st.tuples(texts, figures), max_size=2).map(tuple),
)


@given(datasets)
def test_a_dataset_written_before_the_record_of_processing_had_fields_of_its_own_declares_none_of_them(dataset: Dataset) -> None:
    written = json.loads(write_dataset(dataset))
    del written["processing"]
    assert read_dataset(json.dumps(written)) == replace(dataset, processing=Processing())


@given(datasets)
def test_a_dataset_is_read_as_it_was_written(dataset: Dataset) -> None:
    assert read_dataset(write_dataset(dataset)) == dataset


@given(st.lists(profiles, max_size=2).map(lambda each: Profile(tables=tuple(each))))
def test_a_profile_is_read_as_it_was_written(profile: Profile) -> None:
    assert read_profile(write_profile(profile)) == profile


def test_only_values_of_the_catalogue_can_be_read() -> None:
    for text in ('{"is":"Popen","args":["true"]}', '{"is":"Profile","tables":[],"more":1}', "{}", "[]", "null", '{"date":"2020-01-01"}'):
        with pytest.raises((KeyError, TypeError, ValueError)):
            read_dataset(text)


def test_keys_are_secret_stay_the_same_and_differ_between_nodes(tmp_path: Path) -> None:
    first, again, other = store_at(tmp_path / "a"), store_at(tmp_path / "a"), store_at(tmp_path / "b")
    assert first.rank_key == again.rank_key != other.rank_key
    assert len({first.rank_key, first.digest_key}) == 2
    keys = [file for file in (tmp_path / "a" / "keys").iterdir() if file.name != "lock"]
    assert {file.stat().st_mode & 0o777 for file in keys} == {0o600}
    assert sorted(file.name for file in keys) == ["node.key", "wrapped.json"]
    assert (tmp_path / "a" / "keys").stat().st_mode & 0o777 == 0o700


def test_the_last_version_of_a_dataset_serves_and_older_files_are_removed(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    dataset = read_rules(HEAD + VISITS).dataset
    served: list[str] = []
    for _ in range(2):
        version = store.new_version(dataset)
        store.version_file(version.id).write_bytes(b"rows")
        store.switch(version, Profile(tables=()), now=NOW)
        served.append(version.id)
    [current] = store_at(tmp_path).current()
    assert (current.version.id, current.version.dataset, current.published_at) == (served[1], dataset, NOW)
    assert store.remove_orphans() == 1
    assert [file.stem for file in (tmp_path / "versions").iterdir()] == [served[1]]
    assert store.populations() == (dataset.population, dataset.population)


def test_a_version_file_opens_with_its_own_key_only(tmp_path: Path) -> None:
    from tests.unit.publishing import make

    made = make(tmp_path, HEAD + VISITS, {"visits.csv": "person,cost\nzaynab-bint-hilal,1\n"})
    assert made.tables["visits"]
    assert b"zaynab" not in (tmp_path / "version.duckdb").read_bytes()
    for options in ("", "(ENCRYPTION_KEY 'QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=')"):
        with pytest.raises(duckdb.Error):
            duckdb.connect().execute(f"ATTACH '{tmp_path / 'version.duckdb'}' AS x {options}")


def test_settings_come_from_the_environment_then_the_file_then_the_default(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('threads = 3\nmemory_bytes_max = 1073741824\nlanguage = "ar"\n')
    settings = read_settings(tmp_path, {"AMANA_THREADS": "5", "AMANA_FOLDER": "x", "HOME": "/"})
    assert (settings.threads, settings.memory_bytes_max, settings.language) == (5, 2**30, "ar")
    assert settings.origins["threads"] == "AMANA_THREADS"
    assert settings.origins["language"] == "settings.toml"
    assert settings.origins["groups_count_max"] == "word.origin.default"
    assert replace(settings, threads=1) != settings


@pytest.mark.parametrize(
    ("text", "environment", "code"),
    [
        ("thread = 3", {}, "settings.unknown_key"),
        ("folder = 'x'", {}, "settings.unknown_key"),
        ("", {"AMANA_NOISE": "off"}, "settings.unknown_key"),
        ("threads = 0", {}, "settings.bad_value"),
        ("threads = true", {}, "settings.bad_value"),
        ("threads = 1.5", {}, "settings.bad_value"),
        ("", {"AMANA_THREADS": "many"}, "settings.bad_value"),
        ("language = 'xx'", {}, "settings.bad_value"),
        ("log_origin = 'two words'", {}, "settings.bad_value"),
        ("key_file = 'node.key'", {}, "settings.bad_value"),
        ("key_file = 7", {}, "settings.bad_value"),
        ("", {"AMANA_KMS_COMMAND": "kms"}, "settings.bad_value"),
        ("threads =", {}, "settings.bad_value"),
    ],
)
def test_a_setting_that_is_unknown_or_wrong_stops_the_start(tmp_path: Path, text: str, environment: dict[str, str], code: str) -> None:
    (tmp_path / "settings.toml").write_text(text)
    with pytest.raises(Refusal) as refused:
        read_settings(tmp_path, environment)
    assert refused.value.code == code


def test_no_setting_touches_noise_and_each_is_described(tmp_path: Path) -> None:
    described = {name for name, *_ in describe()}
    assert described == {field for field in Settings.__dataclass_fields__ if field not in ("folder", "origins")}
    assert not any(word in name for name in described for word in ("noise", "epsilon", "seed", "rho", "delta"))
    assert {name for name, _, _ in explain(tmp_path)} == described | {"folder"}


def test_days_keep_their_class() -> None:
    domain = DateDomain(low=date(2020, 1, 1), high=date(2020, 1, 2))
    dataset = read_rules(HEAD + VISITS).dataset
    table = replace(dataset.schema.tables[0], columns=(Column(name="d", domain=domain),))
    again = read_dataset(write_dataset(replace(dataset, schema=Schema(unit="x", tables=(table,)))))
    assert type(again.schema.tables[0].columns[0].domain.low) is date  # type: ignore[union-attr]


def test_a_folder_and_a_database_of_another_folder_are_refused(tmp_path: Path) -> None:
    one, two = store_at(tmp_path / "one"), store_at(tmp_path / "two")
    with pytest.raises(Refusal, match="other_database"):
        Store(tmp_path / "one", two._database, keys=one.keys)
    fresh = connect(tmp_path / "fresh.sqlite")
    with pytest.raises(Refusal, match="other_database"):
        Store(tmp_path / "one", fresh, keys=one.keys)
    assert Store(tmp_path / "one", one._database, keys=one.keys).current() == ()
