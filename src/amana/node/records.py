"""Records for the regulator, made of what the node holds: nothing in them is typed a second time.

Sources: Regulation (EU) 2016/679 (GDPR), articles 30(1) and 35(7); Regulation (EU) 2025/327 (EHDS), article 58(1); Moroccan Law 09-08,
the fields of a notification. Facts are given as they are held (`epsilon<=1.4`), not as sentences: the record has no language. Persons
are in no record: recipients are organisations.
"""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final

from amana.catalog.purposes import TERMS, read_term
from amana.catalog.schema import Dataset
from amana.client.odds import odds_percent
from amana.node.answers import Budget
from amana.node.outputs import Published
from amana.node.service import Service
from amana.policy.people import SESSION_LASTS, STEP_UP_LASTS, Asker
from amana.policy.projects import REVIEWS_NEEDED, VOTES_NEEDED
from amana.policy.rights import Action, check, may
from amana.policy.things import DatasetOf, Node, PermitOf
from amana.terms.ids import OrganisationId

FORMAT: Final = "amana processing record 1"
ENCRYPTION: Final = "encryption_at_rest=AES-256-GCM"
NO_TRANSFER: Final = ("personal_data_leaving_the_node=none", "figures_leaving_the_node=differentially_private")
COLUMNS: Final = ("regulation", "field", "dataset", "value")
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet would run a value that begins so."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the node holds about one dataset."""

    dataset: Dataset
    budget: Budget
    permits: tuple[PermitOf, ...]
    organisations: Mapping[OrganisationId, str]
    published: tuple[Published, ...]
    keys: str
    address: str

    def controller(self) -> tuple[str, ...]:
        return (self.dataset.controller, f"custodian={self.dataset.custodian}")

    def contact(self) -> tuple[str, ...]:
        return (self.dataset.controller,)

    def legal_basis(self) -> tuple[str, ...]:
        return (self.dataset.legal_basis,)

    def purposes(self) -> tuple[str, ...]:
        return tuple(_purpose(written) for written in self.dataset.purposes)

    def subjects(self) -> tuple[str, ...]:
        return (f"population={self.dataset.population.name}", f"unit={self.dataset.population.unit}")

    def data(self) -> tuple[str, ...]:
        private = (table for table in self.dataset.schema.tables if table.private)
        return tuple(f"{table.name}.{column.name}" for table in private for column in table.columns)

    def recipients(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._organisation(permit) for permit in self.permits))

    def transfers(self) -> tuple[str, ...]:
        return NO_TRANSFER

    def retention(self) -> tuple[str, ...]:
        return (f"until={self.dataset.retention.isoformat()}",)

    def measures(self) -> tuple[str, ...]:
        rows = (f"rows_of_one_unit_max.{table.name}={table.rows_per_unit_max}" for table in self.dataset.schema.tables if table.private)
        duties = (f"reviews_before_a_decision={REVIEWS_NEEDED}", f"votes_before_publication={VOTES_NEEDED}")
        signing_in = (
            f"session_hours_max={_hours(SESSION_LASTS.total_seconds())}",
            f"strong_sign_in_minutes_max={STEP_UP_LASTS.seconds // 60}",
        )
        return (ENCRYPTION, f"keys_wrapped_by={self.keys}", *self.promise(), *rows, *duties, *signing_in)

    def promise(self) -> tuple[str, ...]:
        population, budget = self.dataset.population, self.budget
        return (
            f"differential_privacy_unit={population.unit}",
            f"epsilon<={budget.epsilon_of_cap:.4g}",
            f"delta<={budget.delta_shown:g}",
            f"promise_lasts={self.budget.period}",
            f"cap_nano_rho={budget.cap_nrho}",
            f"spent_nano_rho={budget.spent_nrho}",
        )

    def risks(self) -> tuple[str, ...]:
        """What the promise means for somebody who guesses whether one unit is in the data, with even odds before."""
        return (*self.promise(), f"even_odds_become_at_most_percent={odds_percent(self.budget.epsilon_of_cap)}")

    def description(self) -> tuple[str, ...]:
        kinds = (f"table={table.name}; {'protected' if table.private else 'public'}" for table in self.dataset.schema.tables)
        return (f"operation=SQL questions answered by noisy sums over {self.dataset.population.unit}", *kinds, *self.legal_basis())

    def necessity(self) -> tuple[str, ...]:
        """Why each permit's purposes were found to be those of the dataset."""
        return tuple(
            f"permit={permit.record.id}; outcome={permit.record.match.outcome.name.lower()}; {reason.code}={reason.term or '-'}"
            for permit in self.permits
            for reason in permit.record.match.reasons
        )

    def access(self) -> tuple[str, ...]:
        """Who may ask what, for what and until when."""
        return tuple(
            "; ".join((
                f"permit={permit.record.id}",
                f"organisation={self._organisation(permit)}",
                f"dataset={permit.record.dataset}",
                f"title={_title(permit)}",
                f"purposes={', '.join(map(str, permit.project.purposes))}",
                f"until={permit.record.valid_until.date().isoformat()}",
                f"permit_is={permit.record.state.value}",
                f"project_is={permit.project.state.value}",
            ))
            for permit in self.permits
        )  # fmt: skip

    def results(self) -> tuple[str, ...]:
        return tuple(f"{each.title}: {self.address}/api/v1/outputs/{each.id}" for each in self.published)

    def _organisation(self, permit: PermitOf) -> str:
        return self.organisations[permit.project.organisation]


Maker = Callable[[_Facts], tuple[str, ...]]
FIELDS: Final[tuple[tuple[str, str, Maker], ...]] = (
    ("GDPR", "30(1)(a) controller", _Facts.controller),
    ("GDPR", "30(1)(b) purposes", _Facts.purposes),
    ("GDPR", "30(1)(c) categories of data subjects", _Facts.subjects),
    ("GDPR", "30(1)(c) categories of personal data", _Facts.data),
    ("GDPR", "30(1)(d) recipients", _Facts.recipients),
    ("GDPR", "30(1)(e) transfers to third countries", _Facts.transfers),
    ("GDPR", "30(1)(f) time limits for erasure", _Facts.retention),
    ("GDPR", "30(1)(g) security measures", _Facts.measures),
    ("GDPR", "35(7)(a) description of the processing", _Facts.description),
    ("GDPR", "35(7)(a) purposes", _Facts.purposes),
    ("GDPR", "35(7)(b) necessity and proportionality", _Facts.necessity),
    ("GDPR", "35(7)(c) risks", _Facts.risks),
    ("GDPR", "35(7)(d) measures", _Facts.measures),
    ("Loi 09-08", "responsable du traitement", _Facts.controller),
    ("Loi 09-08", "finalité", _Facts.purposes),
    ("Loi 09-08", "catégories de personnes", _Facts.subjects),
    ("Loi 09-08", "catégories de données", _Facts.data),
    ("Loi 09-08", "destinataires", _Facts.recipients),
    ("Loi 09-08", "durée de conservation", _Facts.retention),
    ("Loi 09-08", "mesures de sécurité", _Facts.measures),
    ("Loi 09-08", "transferts à l'étranger", _Facts.transfers),
    ("Loi 09-08", "service du droit d'accès", _Facts.contact),
    ("EHDS", "58(1)(a) legal basis", _Facts.legal_basis),
    ("EHDS", "58(1)(b) technical and organisational measures", _Facts.measures),
    ("EHDS", "58(1)(d) where natural persons exercise their rights", _Facts.contact),
    ("EHDS", "58(1)(f) access granted", _Facts.access),
    ("EHDS", "58(1)(g) results", _Facts.results),
)
"""Regulation, field, and the facts that fill it."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One field of one dataset; no value at all where the node holds none."""

    regulation: str
    field: str
    dataset: str
    values: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    made_at: datetime
    entries: tuple[Entry, ...]


def processing_record(service: Service) -> Record:
    """The record of every dataset that serves: for whoever holds the data folder."""
    return _record(service, service.datasets())


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
    return {"format": FORMAT, "made_at": record.made_at.isoformat(timespec="seconds"), "datasets": datasets}


def as_csv(record: Record) -> str:
    """One line for each value; a field without one has an empty line, so that what is missing is seen."""
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\r\n")  # RFC 4180
    lines.writerow(COLUMNS)
    for entry in record.entries:
        for value in entry.values or ("",):
            lines.writerow((entry.regulation, entry.field, entry.dataset, f"'{value}" if value.startswith(FORMULA) else value))
    return written.getvalue()


def _record(service: Service, datasets: tuple[Dataset, ...]) -> Record:
    facts = [_facts(service, dataset) for dataset in datasets]
    return Record(
        made_at=service.now(),
        entries=tuple(
            Entry(regulation=regulation, field=field, dataset=each.dataset.name, values=tuple(filter(None, make(each))))
            for each in facts
            for regulation, field, make in FIELDS
        ),
    )


def _facts(service: Service, dataset: Dataset) -> _Facts:
    permits = service.permits.granted(dataset.name)
    projects = dict.fromkeys(permit.project.id for permit in permits)
    return _Facts(
        dataset=dataset,
        budget=service.node.budget(dataset.name),
        permits=permits,
        organisations={each.id: each.name for each in service.people.organisations()},
        published=tuple(each for project in projects for each in service.outputs.published(project)),
        keys="file" if service.settings.kms_command is None else "kms",
        address=service.settings.public_url,
    )


def _owned(service: Service, dataset: Dataset) -> DatasetOf:
    found = service.people.organisation(dataset.custodian)
    return DatasetOf(name=dataset.name, custodian=OrganisationId("") if found is None else found.id)


def _purpose(written: str) -> str:
    term = read_term(written)
    return written if term is None else f"{written}: {TERMS[term.code].about}"


def _title(permit: PermitOf) -> str:
    titles = dict(permit.project.title)
    return titles.get("en") or next(iter(titles.values()), "")


def _hours(seconds: float) -> int:
    return int(seconds // 3600)
