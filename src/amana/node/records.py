"""Records for the regulator and the public, made of what the node holds: nothing in them is typed a second time.

What stands in each field: `node/record_fields.py`. Persons are in no record: recipients are organisations.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, final

from amana.catalog.schema import Dataset
from amana.node.record_fields import EHDS, FIELDS, LANGUAGE_OF, NONE, Facts
from amana.node.service import Service
from amana.policy.people import Asker
from amana.policy.rights import Action, check, may
from amana.policy.things import DatasetOf, Node
from amana.terms.ids import OrganisationId
from amana.terms.table import write_csv

PROCESSING, PUBLIC = "processing-record", "public-register"
FORMATS: Final = {PROCESSING: "amana processing record 1", PUBLIC: "amana public register 1"}
COLUMNS: Final = ("regulation", "field", "dataset", "value")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One field of one dataset."""

    regulation: str
    field: str
    dataset: str
    values: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """`name`: PROCESSING or PUBLIC."""

    name: str
    made_at: datetime
    entries: tuple[Entry, ...]


def processing_record(service: Service) -> Record:
    """The record of every dataset that serves: for whoever holds the data folder."""
    return _record(service, service.datasets())


def public_register(service: Service) -> Record:
    """What everybody may read of every dataset that serves: the fields of EHDS article 58(1)."""
    return _record(service, service.datasets(), name=PUBLIC)


def processing_record_for(service: Service, asker: Asker | None) -> Record:
    """The record of the datasets that this person answers for; of all of them, for an auditor.

    Errors: Refusal rights.* for anybody else.
    """
    at, every = service.now(), service.datasets()
    if may(Action.EXPORT_RECORD, asker, on=Node(), now=at):
        return _record(service, every)
    own = tuple(each for each in every if may(Action.EXPORT_RECORD, asker, on=_owned(service, each), now=at))
    if not own:
        check(Action.EXPORT_RECORD, asker, on=Node(), now=at)
    return _record(service, own)


def as_json(record: Record) -> dict[str, object]:
    """Datasets, then regulations, then fields, each a list of values."""
    datasets: dict[str, dict[str, dict[str, list[str]]]] = {}
    for entry in record.entries:
        datasets.setdefault(entry.dataset, {}).setdefault(entry.regulation, {})[entry.field] = list(entry.values)
    return {"format": FORMATS[record.name], "made_at": record.made_at.isoformat(timespec="seconds"), "datasets": datasets}


def as_csv(record: Record) -> str:
    """One line for each value."""
    return write_csv(COLUMNS, ((each.regulation, each.field, each.dataset, value) for each in record.entries for value in each.values))


def _record(service: Service, datasets: tuple[Dataset, ...], *, name: str = PROCESSING) -> Record:
    fields = [each for each in FIELDS if name == PROCESSING or each[0] == EHDS]
    return Record(
        name=name,
        made_at=service.now(),
        entries=tuple(
            Entry(regulation=regulation, field=field, dataset=each.dataset.name, values=make(_told(each, regulation)) or (NONE,))
            for each in (_facts(service, dataset) for dataset in datasets)
            for regulation, field, make in fields
        ),
    )


def _told(facts: Facts, regulation: str) -> Facts:
    return replace(facts, language=LANGUAGE_OF.get(regulation, facts.language))


def _facts(service: Service, dataset: Dataset) -> Facts:
    permits = service.permits.granted(dataset.name)
    projects = dict.fromkeys(permit.project.id for permit in permits)
    settings = service.settings
    return Facts(
        dataset=dataset,
        budget=service.node.budget(dataset.name),
        permits=permits,
        organisations={each.id: each.name for each in service.people.organisations()},
        published=tuple(each for project in projects for each in service.outputs.published(project)),
        keys="file" if settings.kms_command is None else "kms",
        address=settings.public_url,
        access_body=(settings.access_body, settings.access_body_contact),
    )


def _owned(service: Service, dataset: Dataset) -> DatasetOf:
    found = service.people.organisation(dataset.custodian)
    return DatasetOf(name=dataset.name, custodian=OrganisationId("") if found is None else found.id)
