"""A node that serves rows already laid down, so that a test may choose schema, rows and budget freely."""

from datetime import UTC, date, datetime
from pathlib import Path

from amana.catalog.profile import Profile
from amana.catalog.schema import Dataset, Population, Schema
from amana.engines.reference import ReferenceTables
from amana.node.ask import Node, open_node
from amana.node.wiring import Wired
from amana.terms.ids import DeltaUnits, NanoRho, PopulationName, VersionId
from tests.databases import write_store
from tests.parts import store_at

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def dataset(schema: Schema, *, cap_nrho: int, profile_nrho: int) -> Dataset:
    population = Population(
        name=PopulationName("people"),
        unit=schema.unit,
        cap_nrho=NanoRho(cap_nrho),
        cap_delta=DeltaUnits(2**50),
        profile_nrho=NanoRho(profile_nrho),
    )
    return Dataset(
        name="clinic",
        title=(("en", "Clinic"),),
        custodian="Tests",
        controller="Tests",
        legal_basis="None",
        purposes=("GRU",),
        retention=date(2099, 12, 31),
        population=population,
        schema=schema,
    )


def serve(
    folder: Path,
    schema: Schema,
    tables: ReferenceTables,
    *,
    cap_nrho: int = 10**15,
    profile_nrho: int = 10**12,
    version_id: str | None = None,
    profile: Profile | None = None,
) -> Node:
    """A node over these rows. Without a profile, one is released and paid for."""
    store = store_at(folder)
    version = store.new_version(dataset(schema, cap_nrho=cap_nrho, profile_nrho=profile_nrho))
    if version_id is not None:
        version = type(version)(id=VersionId(version_id), dataset=version.dataset)
        store.keys.add_version(version.id)
    write_store(tables, store.version_file(version.id), key=store.version_key(version.id), schema=schema)
    (folder / "versions" / "spill-made").rmdir()
    if profile is None:
        wired = Wired(folder)
        profile, _ = wired.profile_of(version)
        wired.close()
    store.switch(version, profile, now=NOW)
    return open_node(folder)
