"""What a rules file says of the whole dataset: titles, who answers for it, what it may be used for, until when, and the promise."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_FLOOR, Decimal
from typing import final

from amana.catalog.purposes import TERMS, TermKind, read_term
from amana.catalog.rules_fields import Fields
from amana.catalog.rules_processing import read_processing
from amana.catalog.schema import Period, Population, Processing
from amana.catalog.themes import THEMES
from amana.terms.ids import DeltaUnits, NanoRho, PopulationName

LANGUAGES = ("en", "fr", "ar", "zgh")
CHECKLIST_MAX = 20
FOR_LIFE = "life"
"""How rules write a promise without a period."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The fields of [dataset], all of them true."""

    name: str
    title: tuple[tuple[str, str], ...]
    custodian: str
    controller: str
    legal_basis: str
    purposes: tuple[str, ...]
    retention: date
    processing: Processing
    themes: tuple[str, ...]
    checklist: tuple[tuple[tuple[str, str], ...], ...]


def read_heading(fields: Fields | None) -> Heading | None:
    """The heading, or None once a problem is noted."""
    if fields is None:
        return None
    before = len(fields.problems.found)
    name = fields.name("name", example="clinic")
    custodian = fields.text("custodian", example="Ministry of Health")
    controller = fields.text("controller", example="Ministry of Health, 1 Main Street, data-protection@health.example", length_max=1000)
    basis = fields.text("legal_basis", example="Law 09-08, article 21", length_max=2000)
    title = read_title(fields, required=True)
    purposes = _purposes(fields)
    retention = _retention(fields)
    processing = read_processing(fields.part("processing", required=False))
    themes = _themes(fields)
    checklist = tuple(_titles(each, example="Who will read the answers?") for each in fields.parts("checklist", most=CHECKLIST_MAX))
    fields.close()
    if len(fields.problems.found) > before:
        return None
    assert name and custodian and controller and basis and retention is not None
    return Heading(
        name=name,
        title=title,
        custodian=custodian,
        controller=controller,
        legal_basis=basis,
        purposes=purposes,
        retention=retention,
        processing=processing,
        themes=themes,
        checklist=checklist,
    )


def read_title(fields: Fields, *, required: bool) -> tuple[tuple[str, str], ...]:
    """The title in each of the four languages; empty if it is not required and not written, or once a problem is noted."""
    part = fields.part("title", required=required)
    if part is None:
        return ()
    return _titles(part, example="Visits to clinics")


def _titles(part: Fields, *, example: str) -> tuple[tuple[str, str], ...]:
    titles = [(language, part.text(language, example=example)) for language in LANGUAGES]
    part.close()
    return tuple((language, title) for language, title in titles if title is not None)


def _themes(fields: Fields) -> tuple[str, ...]:
    themes = fields.texts("themes")
    if not set(themes) <= set(THEMES):
        fields.bad("themes", "word.one_of", known=", ".join(f'"{word}"' for word in THEMES))
        return ()
    return themes


def _purposes(fields: Fields) -> tuple[str, ...]:
    purposes = fields.texts("purposes", required=True)
    if not purposes:
        if fields.has("purposes"):
            fields.bad("purposes", "word.rules.purposes")
        return ()
    uses = [read_term(text) for text in purposes]
    path = fields.at("purposes")
    for text, use in zip(purposes, uses, strict=True):
        if use is None:
            code = text.partition(":")[0]
            if code == "DS":
                fields.problems.add("rules.term_disease", path, term=text)
            elif code == "TS":
                fields.bad("purposes", "word.rules.months")
            else:
                fields.problems.add("rules.unknown_term", path, term=text, known=", ".join(TERMS))
    if None not in uses and not any(use is not None and TERMS[use.code].kind is TermKind.PERMISSION for use in uses):
        known = ", ".join(term.code for term in TERMS.values() if term.kind is TermKind.PERMISSION)
        fields.problems.add("rules.no_permission", path, written=", ".join(purposes), known=known)
    return purposes


def _retention(fields: Fields) -> date | None:
    value = fields.raw("retention")
    if value is None:
        fields.missing("retention", '"2035-12-31"')
        return None
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, date) or isinstance(value, datetime):
        fields.bad("retention", "word.rules.retention")
        return None
    return value


def read_population(fields: Fields | None) -> Population | None:
    """The people and what is promised to them, or None once a problem is noted."""
    if fields is None:
        return None
    name = fields.name("name", example="residents")
    unit = fields.name("unit", example="patient")
    rho = _share(fields, "cap_rho", example='"2.0"', low=Decimal("1e-6"), high=Decimal(1000))
    delta = _share(fields, "cap_delta", example='"1e-9"', low=Decimal("1e-15"), high=Decimal("1e-3"))
    profile = _share(fields, "profile_share", example='"0.05"', low=Decimal("0.001"), high=Decimal("0.5"))
    # Without a period the caps are for life, which is the stronger promise.
    period = fields.word("period", (FOR_LIFE, *(each.value for each in Period)), default=FOR_LIFE)
    fields.close()
    if name is None or unit is None or rho is None or delta is None or profile is None or period is None:
        return None
    cap_nrho = int((rho * 10**9).to_integral_value(ROUND_FLOOR))
    return Population(
        name=PopulationName(name),
        unit=unit,
        cap_nrho=NanoRho(cap_nrho),
        # Rounded down: a cap is a promise, never exceeded by rounding.
        cap_delta=DeltaUnits(int((delta * 2**64).to_integral_value(ROUND_FLOOR))),
        profile_nrho=NanoRho(int((cap_nrho * profile).to_integral_value(ROUND_FLOOR))),
        period=None if period == FOR_LIFE else Period(period),
    )


def promise_of(population: Population) -> dict[str, str]:
    """The fields of [population] that may never change, as a rules file writes them."""
    delta, share = _shortest(population.cap_delta, of=2**64), _shortest(population.profile_nrho, of=population.cap_nrho)
    return {
        "name": str(population.name),
        "unit": population.unit,
        "cap_rho": f"{Decimal(population.cap_nrho) / 10**9:f}",
        "cap_delta": f"{delta:e}",
        "profile_share": f"{share:f}",
        "period": FOR_LIFE if population.period is None else population.period.value,
    }


def _shortest(part: int, *, of: int) -> Decimal:
    """The share with the fewest digits of which the whole, rounded down, is that part."""
    share = Decimal(part) / of
    return next(found for n in range(29) if int((found := Decimal(f"{share:.{n}e}")) * of) == part)


def _share(fields: Fields, key: str, *, example: str, low: Decimal, high: Decimal) -> Decimal | None:
    value = fields.decimal(key, example=example)
    if value is None or low <= value <= high:
        return value
    fields.bad(key, "word.rules.between", low=str(low), high=str(high), example=example)
    return None
