"""What the record of processing says in each field of each law, made of the facts that the node holds about one dataset.

Sources: Regulation (EU) 2016/679 (GDPR), articles 30(1) and 35(7); Regulation (EU) 2025/327 (EHDS), article 58(1); Moroccan Law 09-08,
articles 12 (prior authorisation) and 15 (what a notification holds). Facts are given as they are held (`epsilon<=1.4`), not as
sentences. What only the controller knows and the rules do not declare is `not declared`, never guessed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, final

from amana.catalog.purposes import TERMS, read_term
from amana.catalog.schema import Dataset, Table
from amana.client.odds import odds_percent
from amana.node.answers import Budget
from amana.node.outputs import Published
from amana.policy.people import SESSION_LASTS, STEP_UP_LASTS
from amana.policy.projects import REVIEWS_NEEDED, VOTES_NEEDED
from amana.policy.things import PermitOf
from amana.terms.ids import OrganisationId

GDPR, MOROCCAN, EHDS = "GDPR", "Loi 09-08", "EHDS"
LANGUAGE_OF: Final[Mapping[str, str]] = {MOROCCAN: "fr"}
"""The language of titles in the record of a law; English in the others."""
NOT_DECLARED: Final = "not declared"
NONE: Final = "none"
ENCRYPTION: Final = "encryption_at_rest=AES-256-GCM"
NO_TRANSFER: Final = ("personal_data_leaving_the_node=none", "figures_leaving_the_node=differentially_private")
RIGHTS: Final = (
    "GDPR 15 access", "GDPR 16 rectification", "GDPR 17 erasure", "GDPR 18 restriction", "GDPR 21 objection",
    "GDPR 77 complaint to the supervisory authority", "EHDS 71 opting out of secondary use",
)  # fmt: skip
RIGHTS_MOROCCAN: Final = ("7 accès", "8 rectification", "9 opposition")
OTHER_GROUNDS: Final = "other_grounds=use for another purpose, national identity number, interconnection; judged_by=controller"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the node holds about one dataset. `language`: of titles. `access_body`: its name and contact, from the settings."""

    dataset: Dataset
    budget: Budget
    permits: tuple[PermitOf, ...]
    organisations: Mapping[OrganisationId, str]
    published: tuple[Published, ...]
    keys: str
    address: str
    access_body: tuple[str, str]
    language: str = "en"

    def name(self) -> tuple[str, ...]:
        return tuple(f"title.{language}={title}" for language, title in self.dataset.title)

    def controller(self) -> tuple[str, ...]:
        return (self.dataset.controller,)

    def joint_controllers(self) -> tuple[str, ...]:
        return _said(self.dataset.processing.joint_controllers)

    def representative(self) -> tuple[str, ...]:
        return _said(self.dataset.processing.representative)

    def data_protection_officer(self) -> tuple[str, ...]:
        return _said(self.dataset.processing.data_protection_officer)

    def processors(self) -> tuple[str, ...]:
        return _said(self.dataset.processing.processors)

    def contact(self) -> tuple[str, ...]:
        return (*_said(self.dataset.processing.rights_contact), f"controller={self.dataset.controller}")

    def rights(self) -> tuple[str, ...]:
        return RIGHTS

    def rights_moroccan(self) -> tuple[str, ...]:
        return RIGHTS_MOROCCAN

    def body(self) -> tuple[str, ...]:
        name, contact = self.access_body
        return (f"name={name or NOT_DECLARED}", f"contact={contact or NOT_DECLARED}")

    def legal_basis(self) -> tuple[str, ...]:
        return (self.dataset.legal_basis,)

    def purposes(self) -> tuple[str, ...]:
        return tuple(_purpose(written) for written in self.dataset.purposes)

    def subjects(self) -> tuple[str, ...]:
        return (f"population={self.dataset.population.name}", f"unit={self.dataset.population.unit}")

    def data(self) -> tuple[str, ...]:
        """The categories that the controller declares, then the protected tables by their titles."""
        processing = self.dataset.processing
        categories = (f"category={each}" for each in _said(processing.data_categories))
        sensitive = (f"special_category={each}" for each in _said(processing.sensitive))
        tables = (f"table={self._called(each)}: {', '.join(column.name for column in each.columns)}" for each in self._tables(private=True))
        return (*categories, *sensitive, *tables)

    def recipients(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._organisation(permit) for permit in self.permits))

    def disclosures(self) -> tuple[str, ...]:
        """Recipients with the processors, who under GDPR article 4(9) are recipients too."""
        return (*(f"processor={each}" for each in self.processors()), *self.recipients())

    def transfers(self) -> tuple[str, ...]:
        return (*(f"recipient_abroad={each}" for each in _said(self.dataset.processing.recipients_abroad)), *NO_TRANSFER)

    def joins(self) -> tuple[str, ...]:
        """Which tables a question may bring together: inside this dataset only."""
        steps = (
            f"joined={self._called(table)}; to={table.path.parent}; by={', '.join(here for here, _ in table.path.on)}"
            for table in self._tables(private=True)
            if table.path is not None
        )
        public = (
            f"matched_with={self._called(table)}; by={', '.join(table.key)}; source={table.source or NOT_DECLARED}"
            for table in self._tables(private=False)
        )
        return (*steps, *public, "other_datasets=none")

    def authorisation(self) -> tuple[str, ...]:
        """Whether the data themselves ask for prior authorisation; the other grounds are the controller's to judge."""
        sensitive = self.dataset.processing.sensitive
        needed = NOT_DECLARED if sensitive is None else "required" if sensitive else "not required"
        grounds = (f"sensitive_data={each}" for each in _said(sensitive))
        return (
            f"prior_authorisation_for_sensitive_data={needed}", *grounds, OTHER_GROUNDS,
            *(f"authorisation_or_receipt={each}" for each in _said(self.dataset.processing.authorisation)),
        )  # fmt: skip

    def retention(self) -> tuple[str, ...]:
        return (f"until={self.dataset.retention.isoformat()}",)

    def measures(self) -> tuple[str, ...]:
        return (f"keys_wrapped_by={self.keys}", *self.protections())

    def protections(self) -> tuple[str, ...]:
        """The measures that everybody may read."""
        rows = (f"rows_of_one_unit_max.{table.name}={table.rows_per_unit_max}" for table in self._tables(private=True))
        duties = (f"reviews_before_a_decision={REVIEWS_NEEDED}", f"votes_before_publication={VOTES_NEEDED}")
        signing_in = (
            f"session_hours_max={_hours(SESSION_LASTS.total_seconds())}",
            f"strong_sign_in_minutes_max={STEP_UP_LASTS.seconds // 60}",
        )
        return (ENCRYPTION, *self.promise(), *rows, *duties, *signing_in)

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
        """What could go wrong for a person, through whom, and what bounds it; then the promise in figures."""
        unit = self.dataset.population.unit
        odds = f"even odds become at most {odds_percent(self.budget.epsilon_of_cap)} %"
        return (
            f"risk=singling out one {unit}; source=answers compared with each other; bound={odds}",
            f"risk=linking one {unit} to other data; source=a reader who holds them; bound={odds}, whatever the reader holds",
            "risk=inference about a group; source=any reader; bound=none: what is true of many is what is answered",
            f"risk=reading the tables themselves; source=an intruder, a lost disk; bound={ENCRYPTION}, keys_wrapped_by={self.keys}",
            "risk=use for another purpose; source=a permitted team; bound=purposes compared at each permit, each use in the log",
            "likelihood_and_severity=judged by the controller",
            *self.promise(),
        )

    def description(self) -> tuple[str, ...]:
        kinds = (f"table={self._called(each)}; {'protected' if each.private else 'public'}" for each in self.dataset.schema.tables)
        return (
            *self.name(), f"custodian={self.dataset.custodian}",
            f"operation=SQL questions answered by noisy sums over {self.dataset.population.unit}",
            *kinds, f"legal_basis={self.dataset.legal_basis}",
        )  # fmt: skip

    def necessity(self) -> tuple[str, ...]:
        """The controller's reasons, what is held and no more, and why each permit's purposes were found to be those of the dataset."""
        held = (f"columns_held.{table.name}={len(table.columns)}" for table in self._tables(private=True))
        permits = tuple(
            f"permit={permit.record.id}; outcome={permit.record.match.outcome.name.lower()}; {reason.code}={reason.term or '-'}"
            for permit in self.permits
            for reason in permit.record.match.reasons
        )
        return (
            *(f"necessity={each}" for each in _said(self.dataset.processing.necessity)),
            f"legal_basis={self.dataset.legal_basis}", *held, *self.retention(), "rows_shown_to_recipients=none",
            *(permits or (f"permits={NONE}",)),
        )  # fmt: skip

    def access(self) -> tuple[str, ...]:
        """Who may ask what, for what and until when."""
        return tuple(
            "; ".join((
                f"permit={permit.record.id}",
                f"organisation={self._organisation(permit)}",
                f"dataset={permit.record.dataset}",
                f"title={self._title(permit.project.title)}",
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

    def _tables(self, *, private: bool) -> tuple[Table, ...]:
        return tuple(table for table in self.dataset.schema.tables if table.private is private)

    def _called(self, table: Table) -> str:
        title = self._title(table.title)
        return f"{title} ({table.name})" if title else table.name

    def _title(self, titles: tuple[tuple[str, str], ...]) -> str:
        found = dict(titles)
        return found.get(self.language) or next(iter(found.values()), "")


Maker = Callable[[Facts], tuple[str, ...]]
FIELDS: Final[tuple[tuple[str, str, Maker], ...]] = (
    (GDPR, "30(1)(a) controller", Facts.controller),
    (GDPR, "30(1)(a) joint controllers", Facts.joint_controllers),
    (GDPR, "30(1)(a) representative", Facts.representative),
    (GDPR, "30(1)(a) data protection officer", Facts.data_protection_officer),
    (GDPR, "30(1)(b) purposes", Facts.purposes),
    (GDPR, "30(1)(c) categories of data subjects", Facts.subjects),
    (GDPR, "30(1)(c) categories of personal data", Facts.data),
    (GDPR, "30(1)(d) recipients", Facts.disclosures),
    (GDPR, "30(1)(e) transfers to third countries", Facts.transfers),
    (GDPR, "30(1)(f) time limits for erasure", Facts.retention),
    (GDPR, "30(1)(g) security measures", Facts.measures),
    (GDPR, "35(7)(a) description of the processing", Facts.description),
    (GDPR, "35(7)(a) purposes", Facts.purposes),
    (GDPR, "35(7)(b) necessity and proportionality", Facts.necessity),
    (GDPR, "35(7)(c) risks", Facts.risks),
    (GDPR, "35(7)(d) measures", Facts.measures),
    (MOROCCAN, "responsable du traitement", Facts.controller),
    (MOROCCAN, "représentant", Facts.representative),
    (MOROCCAN, "dénomination du traitement", Facts.name),
    (MOROCCAN, "caractéristiques du traitement", Facts.description),
    (MOROCCAN, "finalité", Facts.purposes),
    (MOROCCAN, "catégories de personnes", Facts.subjects),
    (MOROCCAN, "catégories de données", Facts.data),
    (MOROCCAN, "destinataires", Facts.recipients),
    (MOROCCAN, "sous-traitance", Facts.processors),
    (MOROCCAN, "interconnexions et rapprochements", Facts.joins),
    (MOROCCAN, "transferts à l'étranger", Facts.transfers),
    (MOROCCAN, "durée de conservation", Facts.retention),
    (MOROCCAN, "mesures de sécurité", Facts.measures),
    (MOROCCAN, "droits des personnes", Facts.rights_moroccan),
    (MOROCCAN, "service du droit d'accès", Facts.contact),
    (MOROCCAN, "autorisation préalable", Facts.authorisation),
    (EHDS, "58(1)(a) legal basis", Facts.legal_basis),
    (EHDS, "58(1)(b) technical and organisational measures", Facts.protections),
    (EHDS, "58(1)(c) rights of natural persons", Facts.rights),
    (EHDS, "58(1)(d) where natural persons exercise their rights", Facts.contact),
    (EHDS, "58(1)(e) access body", Facts.body),
    (EHDS, "58(1)(f) access granted", Facts.access),
    (EHDS, "58(1)(g) results", Facts.results),
)
"""Regulation, field, and the facts that fill it. The fields of the EHDS are for everybody."""


def _said(declared: str | tuple[str, ...] | None) -> tuple[str, ...]:
    if declared is None:
        return (NOT_DECLARED,)
    return (declared,) if isinstance(declared, str) else declared or (NONE,)


def _purpose(written: str) -> str:
    term = read_term(written)
    return written if term is None else f"{written}: {TERMS[term.code].about}"


def _hours(seconds: float) -> int:
    return int(seconds // 3600)
