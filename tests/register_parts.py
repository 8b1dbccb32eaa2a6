"""What the tests of the registers share: a dataset of which everything is known, and entries of the log as JSON holds them."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from amana.catalog.schema import Dataset, Period, Version
from amana.log.entries import write_entry
from amana.log.entry_kinds import DatasetEntry, Entry, PermitEntry, ProjectEntry, RefusedEntry
from amana.register.listing import FORMS, Listed, Place, SampleFile
from amana.terms.ids import DeltaUnits, NanoRho, PermitId, PopulationName, VersionId
from amana.terms.use import UseEntry
from tests.parts import version

PLACE = Place(address="https://node.example", body="Access Office", contact="1 Palm Street, access@office.example")
TITLE = (("en", "Clinic visits"), ("fr", "Visites en clinique"), ("ar", "زيارات العيادات"), ("zgh", "ⵜⵉⵔⵣⴰⴼ ⵖⵔ ⵜⴰⵙⴳⵏⴰⴼⵜ"))
SEALED = (("person", "A" * 43 + "="), ("sql", "A" * 43 + "="))
DECIDED = (("actor", "A" * 43 + "="), ("reasons", "A" * 43 + "="))
PROJECT, OTHER = "p-51dbe5481a9f", "p-0000000000aa"
PERMIT, LATER_PERMIT = "m-b9ce12104e36", "m-b9ce12104e37"


def listed(**changes: Any) -> Listed:
    """The clinic of `tests.parts`, with all that rules can declare. `changes`: of the dataset."""
    bare = version()
    tables = tuple(replace(table, title=TITLE, source="" if table.private else "Map of 2024") for table in bare.dataset.schema.tables)
    dataset: Dataset = replace(
        bare.dataset,
        title=TITLE,
        custodian="Ministry of Health",
        controller='Ministry of "Health", 1 Cedar Street, data-protection@health.example',
        legal_basis='Law 09-08, art. 21 <"\\\n> "',
        purposes=("GRU", "DS:MONDO:0005148", "dpv:AcademicResearch", "TS:12", "NPUNCU"),
        schema=replace(bare.dataset.schema, tables=tables),
    )
    return Listed(
        version=Version(id=VersionId("f" * 32), dataset=replace(dataset, **changes)),
        issued_at=datetime(2026, 1, 2, 9, tzinfo=UTC),
        modified_at=datetime(2026, 3, 4, 10, tzinfo=UTC),
    )


def files_of(one: Listed) -> tuple[SampleFile, ...]:
    return tuple(
        SampleFile(table=table.name, form=form, sha256="a" * 64, size_bytes=10) for table in one.dataset.schema.tables for form in FORMS
    )


def monthly(one: Listed) -> Listed:
    population = replace(one.dataset.population, period=Period.MONTH)
    return replace(one, version=replace(one.version, dataset=replace(one.dataset, population=population)))


def read(entry: Entry) -> dict[str, Any]:
    """The entry as a reader of the log finds it."""
    found: dict[str, Any] = json.loads(write_entry(entry))
    return found


def hour(of: int) -> datetime:
    return datetime(2026, 11, 29, of, tzinfo=UTC)


def project(event: str = "create", *, state: str = "draft", name: str = PROJECT, purposes: tuple[str, ...] = ("HMB",)) -> dict[str, Any]:
    return read(
        ProjectEntry(
            hour=hour(1), project=name, event=event, state=state, datasets=("clinic",), purposes=purposes, ends=date(2027, 1, 1),
            sealed=DECIDED,
        )
    )  # fmt: skip


def permit(event: str = "grant", *, state: str = "granted", name: str = PERMIT, of: str = PROJECT, cap: int = 100) -> dict[str, Any]:
    return read(
        PermitEntry(
            hour=hour(2), permit=name, project=of, dataset="clinic", population="residents", custodian="=Ministry", event=event,
            state=state, cap_nrho=cap, cap_delta=7, until=date(2027, 1, 1), sealed=DECIDED,
        )
    )  # fmt: skip


def use(verb: str = "ask", *, at: int = 3, cost: int = 10, delta: int = 0, of: str = PROJECT, dataset: str = "clinic") -> dict[str, Any]:
    return read(
        UseEntry(
            verb=verb, hour=hour(at), population=PopulationName("residents"), period="life", dataset=dataset, version=VersionId("f" * 32),
            custodian="=Ministry", project=of, permit=PermitId(PERMIT if of else "custodian:residents"), purposes=("GRU",) if of else (),
            mechanism="gaussian", cost_nrho=NanoRho(cost), cost_delta=DeltaUnits(delta), left_nrho=NanoRho(2**60), left_delta=DeltaUnits(5),
            sealed=SEALED,
        )
    )  # fmt: skip


def refused() -> dict[str, Any]:
    return read(RefusedEntry(hour=hour(4), dataset="clinic", project=PROJECT, permit=PERMIT, code=401, sealed=SEALED))


def published() -> dict[str, Any]:
    return read(
        DatasetEntry(
            hour=hour(0), dataset="clinic", version="f" * 32, replaces="", population="residents", custodian="=Ministry", purposes=("GRU",),
            retention=date(2049, 1, 1),
        )
    )  # fmt: skip
