"""Entries of the log in plain words: one sentence that says what happened, and each public member with its name."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast, final

from markupsafe import Markup, escape

from amana.client.figures import number
from amana.node.service import Service
from amana.web.pages.purposes import purpose
from amana.web.pages.reader import Reader
from amana.web.pages.render import comma_of, ltr, share

Members: TypeAlias = Mapping[str, object]
"""Of an entry, as JSON holds them."""
Texts: TypeAlias = tuple[tuple[str, str], ...]
OPENED_CHARACTERS_MAX = 2_000
CUSTODIANS = "custodian:"
_SKIPPED = frozenset({"amana", "kind", "pad", "sealed", "event"})
_BUDGETS = frozenset({"cap_nrho", "cost_nrho", "left_nrho", "cap_delta", "cost_delta", "left_delta"})
_ORDER = (
    "hour", "project", "dataset", "datasets", "custodian", "purposes", "verb", "state", "cost_nrho", "left_nrho", "cap_nrho", "unit",
    "period", "until", "ends", "retention", "index", "field", "value", "code", "mechanism", "population", "training", "permit", "model",
    "run", "version", "organisation", "category", "themes", "plan", "commitment", "indicator", "on", "basis", "verdict", "evidence", "use",
    "release", "languages", "findings", "accreditation", "digest", "queries", "vkey", "replaces", "salt",
)  # fmt: skip
"""What people ask first stands first; what only programs compare comes last."""
_WORDS: Mapping[str, str] = {"state": "state", "period": "log.period", "verb": "log.verb", "field": "log.sealed"}
"""Members whose values are words of the catalogue, by the name of the words."""
_ISOLATED = frozenset({"custodian", "organisation", "unit", "population", "value"})
"""What people wrote, in whatever language: its direction is its own."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the node knows of the names in some entries. `caps`: of populations, in nano-rho, of the datasets that serve."""

    projects: Mapping[str, Texts]
    datasets: Mapping[str, Texts]
    caps: Mapping[str, int]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An entry in words."""

    index: int
    hour: str
    sentence: Markup


def members_of(entry: bytes) -> Members:
    """The members of an entry as JSON holds them."""
    return cast("dict[str, object]", json.loads(entry))


def known_of(service: Service, entries: Iterable[Members]) -> Known:
    """What these entries name."""
    listed = service.listed()
    projects = frozenset(str(each["project"]) for each in entries if each.get("project"))
    return Known(
        projects=service.public_projects.titles(None, projects=projects),
        datasets={each.dataset.name: each.dataset.title for each in listed},
        caps={each.dataset.population.name: each.dataset.population.cap_nrho for each in listed},
    )


def told(reader: Reader, entries: Sequence[Members], *, first: int) -> tuple[Told, ...]:
    """Entries that stand one after another, the newest first. `first`: the index of the first."""
    known = known_of(reader.service, entries)
    found = [
        Told(index=index, hour=hour_of_entry(each), sentence=sentence(reader, each, known=known, linked=False))
        for index, each in enumerate(entries, start=first)
    ]
    return tuple(reversed(found))


def sentence(reader: Reader, entry: Members, *, known: Known, linked: bool = True) -> Markup:
    """What happened, in a sentence. `linked`: the names lead to their own pages."""
    parts = {
        "project": project_named(reader, str(entry.get("project", "")), known=known, linked=linked),
        "dataset": dataset_named(reader, str(entry.get("dataset", "")), known=known, linked=linked),
        "custodian": isolated(entry.get("custodian", "")),
        "purposes": purposes_named(reader, entry.get("purposes", ())),
    }
    match entry["kind"]:
        case "use":
            return _use(reader, entry, parts, known=known)
        case "project":
            return reader.tell("page.entry.project", event=_event(reader, entry), state=_state(reader, entry), **parts)
        case "permit":
            return reader.tell("page.entry.permit", event=_event(reader, entry), state=_state(reader, entry), **parts)
        case "model":
            code = "page.entry.model" if entry["project"] else "page.entry.model.custodian"
            return reader.tell(code, event=_event(reader, entry), state=_state(reader, entry), **parts)
        case "run":
            return reader.tell("page.entry.run", event=_event(reader, entry), **parts)
        case "refused":
            return reader.tell("page.entry.refused", code=ltr(f"AMA-{entry['code']}"), **parts)
        case "population":
            period = reader.catalogue.word("log.period", str(entry["period"]))
            return reader.tell(
                "page.entry.population", population=isolated(entry["population"]), unit=isolated(entry["unit"]), period=period
            )
        case "dataset":
            return reader.tell("page.entry.version" if entry["replaces"] else "page.entry.dataset", **parts)
        case "team" | "listing" | "accreditation" | "release" | "plan" | "evidence" | "verification" | "commitment":
            return _of_programme(reader, entry, parts)
        case "key":
            return reader.tell("page.entry.new_key" if entry["replaces"] else "page.entry.key")
        case _:
            field = reader.catalogue.word("log.sealed", str(entry["field"]))
            return reader.tell("page.entry.open", entry=ltr(entry["index"]), field=field)


def rows_of(reader: Reader, entry: Members, *, known: Known) -> tuple[tuple[str, Markup], ...]:
    """Every public member but those that the sentence is made of: its name in words, and its value."""
    names = sorted((name for name in entry if name not in _SKIPPED), key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))
    return tuple((reader.catalogue.say(f"page.entry.member.{name}"), _value(reader, entry, name, known=known)) for name in names)


def sealed_of(entry: Members) -> tuple[str, ...]:
    """The names of what the entry commits to without telling it."""
    return tuple(cast("dict[str, str]", entry.get("sealed", {})))


def hour_of_entry(entry: Members) -> str:
    """Such as 2026-11-28 20:00 UTC: the log tells the hour and nothing finer."""
    day, _, hour = str(entry["hour"]).partition("T")
    return f"{day} {hour.removesuffix('Z')}:00 UTC"


def project_named(reader: Reader, project: str, *, known: Known, linked: bool = True) -> Markup:
    """A project by its title where that is public, else by its name in the log."""
    if project not in known.projects:
        return ltr(project)
    title = isolated(reader.pick(known.projects[project]))
    return Markup('<a href="{}">{}</a>').format(reader.at(f"/projects/{project}"), title) if linked else title


def dataset_named(reader: Reader, dataset: str, *, known: Known, linked: bool = True) -> Markup:
    """A dataset by its title where it serves, else by its name."""
    if dataset not in known.datasets:
        return ltr(dataset)
    title = isolated(reader.pick(known.datasets[dataset]))
    return Markup('<a href="{}">{}</a>').format(reader.at(f"/datasets/{dataset}"), title) if linked else title


def purposes_named(reader: Reader, purposes: object) -> Markup:
    """Terms of permitted use in words; of one with a parameter, such as a disease, the parameter stands after it."""
    return comma_of(reader, (purpose(reader, each) for each in cast("Sequence[str]", purposes)))


def isolated(text: object) -> Markup:
    """Words that people wrote, in whatever language, which must not turn those around them."""
    return Markup("<bdi>{}</bdi>").format(text)


def budget_part(amount_nrho: int, population: str, *, known: Known) -> Markup:
    """An amount as a share of the population's promise; as it is, where the promise is not known any more."""
    cap = known.caps.get(population, 0)
    return share(amount_nrho / cap) if cap else _nano_rho(amount_nrho)


def _use(reader: Reader, entry: Members, parts: Mapping[str, Markup], *, known: Known) -> Markup:
    population, cost = str(entry["population"]), int(str(entry["cost_nrho"]))
    free = cost == 0 and str(entry["cost_delta"]) == "0"
    own = not entry["project"]
    verb = str(entry["verb"])
    code = verb if verb == "profile" else f"{'recall' if free else verb}{'.custodian' if own else ''}"
    return reader.tell(
        f"page.entry.{code}",
        cost=budget_part(cost, population, known=known),
        left=budget_part(int(str(entry["left_nrho"])), population, known=known),
        **parts,
    )


def _of_programme(reader: Reader, entry: Members, parts: Mapping[str, Markup]) -> Markup:
    kind, words = str(entry["kind"]), reader.catalogue.word
    told = {
        name: ltr(entry[name]) for name in ("version", "until", "plan", "commitment", "evidence", "release", "findings") if name in entry
    }
    told |= {"organisation": isolated(entry.get("organisation", ""))}
    told |= {
        name: escape(words(group, str(entry[name]))) for name, group in (("category", "category"), ("basis", "basis")) if name in entry
    }
    told |= {"themes": _several(reader, entry, "themes", group="theme"), "languages": _several(reader, entry, "languages", group="")}
    step = entry.get("event", entry.get("verdict")) if kind != "evidence" else None
    return reader.tell(f"page.entry.{kind}.{step}" if step else f"page.entry.{kind}", **{**parts, **told})


def _several(reader: Reader, entry: Members, name: str, *, group: str) -> Markup:
    """A list of words of the catalogue, or of names."""
    found = cast("Sequence[str]", entry.get(name, ()))
    return comma_of(reader, (reader.catalogue.word(group, each) if group else ltr(each) for each in found)) if found else ltr("–")


def _state(reader: Reader, entry: Members) -> str:
    return reader.catalogue.word("state", str(entry["state"]))


def _event(reader: Reader, entry: Members) -> str:
    """What happened to a project, a permit, a run or a model, as a sentence of its own."""
    kind, event = str(entry["kind"]), str(entry["event"])
    if event in {"create", "receive"}:
        return reader.catalogue.say(f"page.entry.{event}")
    return reader.catalogue.say("lifecycle.project.request_permit" if event == "request" else f"lifecycle.{kind}.{event}")


def _value(reader: Reader, entry: Members, name: str, *, known: Known) -> Markup:
    value = entry[name]
    match name:
        case "hour":
            return ltr(hour_of_entry(entry))
        case "project":
            return project_named(reader, str(value), known=known) if value else escape(reader.catalogue.say("page.entry.own_machine"))
        case "dataset":
            return dataset_named(reader, str(value), known=known)
        case "datasets":
            return comma_of(reader, (dataset_named(reader, each, known=known) for each in cast("Sequence[str]", value)))
        case "purposes":
            return purposes_named(reader, value)
        case "themes" | "languages" | "queries":
            return _several(reader, entry, name, group="theme" if name == "themes" else "")
        case "category" | "basis":
            return escape(reader.catalogue.word(name, str(value)))
        case "verdict":
            return escape(reader.catalogue.say(f"page.entry.verdict.{value}"))
        case "use" if not value:
            return ltr("–")
        case "index" | "training" | "use":
            return Markup('<a href="{}">{}</a>').format(reader.at(f"/log/{value}"), ltr(value))
        case "code":
            return ltr(f"AMA-{value}" if value else "–")
        case "permit" if str(value).startswith(CUSTODIANS):
            return escape(reader.catalogue.say("page.entry.own_machine"))
        case _ if name in _BUDGETS:
            return _budget(entry, name, known=known)
        case _ if name in _WORDS:
            return escape(reader.catalogue.word(_WORDS[name], str(value)))
        case _ if name in _ISOLATED:
            return isolated(str(value)[:OPENED_CHARACTERS_MAX])
        case _:
            return ltr(value or "–")


def _budget(entry: Members, name: str, *, known: Known) -> Markup:
    whole = int(str(entry[name]))
    if name.endswith("_delta"):
        return Markup('<bdi dir="ltr">{} × 2<sup>−64</sup></bdi>').format(number(whole, 0)) if whole else ltr(0)
    shown = _nano_rho(whole)
    population = str(entry["population"])
    return Markup("{} ({})").format(share(whole / known.caps[population]), shown) if known.caps.get(population) else shown


def _nano_rho(whole: int) -> Markup:
    return Markup('<bdi dir="ltr">{} nano-ρ</bdi>').format(number(whole, 0))
