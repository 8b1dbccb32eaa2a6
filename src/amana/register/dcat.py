"""The catalogue of a node for data portals: DCAT-AP 3.0.1, as JSON-LD and as Turtle.

Source: DCAT-AP 3.0.1 (SEMIC recommendation), DCAT 3 (W3C). What the node does not know is left out: no licence, no place and no
period is guessed. Every thing that a property leads to bears its class, for validators infer none; and a name, so that the same
catalogue is written in the same way.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final
from urllib.parse import quote

from amana.catalog.schema import Table
from amana.catalog.themes import THEMES
from amana.client.text import LANGUAGES, load
from amana.register.listing import FORMS, Json, Listed, Place
from amana.register.purposes import disease_iri, purpose_about, purpose_iri

CONTEXT: Final[Mapping[str, str]] = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "eli": "http://data.europa.eu/eli/ontology#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
PROFILE: Final = "https://semiceu.github.io/DCAT-AP/releases/3.0.1"
OPENAPI: Final = "https://spec.openapis.org/oas/v3.1.0"
_EU = "http://publications.europa.eu/resource/authority/"
DATA_THEME: Final = f"{_EU}data-theme/"
RESTRICTED: Final = f"{_EU}access-right/RESTRICTED"
"""Whoever wants an answer needs a permit."""
LANGUAGE_IRIS: Final = tuple(f"{_EU}language/{name}" for name in ("ENG", "FRA", "ARA", "ZGH"))
"""Of titles and descriptions; which language the rows are in, no rules tell."""
MEDIA: Final = "https://www.iana.org/assignments/media-types/"
_MAIL = re.compile(r"(?<![^\s,;:<(])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}(?![\w@])", re.ASCII)


def catalogue(place: Place, listed: Sequence[Listed]) -> Json:
    """The catalogue as a JSON-LD document with its context."""
    own = place.at("/catalog.jsonld")
    publisher = _agent(f"{own}#publisher", place.body or place.address)
    found: Json = {
        "@context": dict(CONTEXT),
        "@id": f"{own}#catalog",
        "@type": "dcat:Catalog",
        "dct:title": _said("register.catalogue.title", address=place.address),
        "dct:description": _said("register.catalogue.about"),
        "dct:publisher": publisher,
        "dct:language": [{"@id": iri, "@type": "dct:LinguisticSystem"} for iri in LANGUAGE_IRIS],
        "foaf:homepage": {"@id": f"{place.address}/", "@type": "foaf:Document"},
    }
    if listed:
        found |= {
            "dct:issued": _moment(min(each.issued_at for each in listed)),
            "dct:modified": _moment(max(each.modified_at for each in listed)),
            "dcat:dataset": [_dataset(place, each) for each in listed],
            "dcat:record": [_record(place, each) for each in listed],
        }
    return {**found, "dcat:service": _service(place, listed, publisher=publisher)}


def as_turtle(document: Json) -> str:
    """The same statements in Turtle."""
    from rdflib import Graph  # it takes time to load

    graph = Graph()
    graph.parse(data=json.dumps(document), format="json-ld")
    for prefix, iri in CONTEXT.items():
        graph.bind(prefix, iri, replace=True)
    return graph.serialize(format="turtle")


def _dataset(place: Place, listed: Listed) -> Json:
    dataset, iri = listed.dataset, place.of(listed.dataset.name)
    private = ", ".join(table.name for table in dataset.schema.tables if table.private)
    found: Json = {
        "@id": iri,
        "@type": ["dcat:Dataset", "dcat:Resource"],
        "dct:title": _title(listed),
        "dct:description": _said("register.dataset.about", title=partial(_titled, listed), tables=private, unit=dataset.population.unit),
        "dct:identifier": iri,
        "dct:publisher": _agent(f"{iri}#custodian", dataset.custodian),
        "dcat:contactPoint": _contact(f"{iri}#contact", name=dataset.custodian, reached=dataset.controller),
        "dct:issued": _moment(listed.issued_at),
        "dct:modified": _moment(listed.modified_at),
        "dcat:version": listed.version.id,
        "dcat:keyword": sorted({dataset.population.unit, *(table.name for table in dataset.schema.tables)}),
        "dct:accessRights": {"@id": RESTRICTED, "@type": "dct:RightsStatement"},
        "dpv:hasPurpose": [_purpose(iri, each) for each in dataset.purposes],
        "foaf:page": [{"@id": place.of(dataset.name, each), "@type": "foaf:Document"} for each in ("/croissant.json", "/privacy.json")],
        "dcat:distribution": [_answers(place, listed), _profile(place, listed)],
        "adms:sample": [_sample(place, listed, table, form=form) for table in dataset.schema.tables for form in FORMS],
    }
    if dataset.themes:
        found["dcat:theme"] = [{"@id": f"{DATA_THEME}{THEMES[each]}", "@type": "skos:Concept"} for each in dataset.themes]
    if dataset.legal_basis:
        law: Json = {"@id": f"{iri}#legal-basis", "@type": "eli:LegalResource", "rdfs:label": dataset.legal_basis}
        found["dcatap:applicableLegislation"] = law
    sources = [table for table in dataset.schema.tables if table.source]
    if sources:
        found["dct:provenance"] = [_provenance(iri, table) for table in sources]
    return found


def _provenance(iri: str, table: Table) -> Json:
    return {"@id": f"{iri}#source-{quote(table.name)}", "@type": "dct:ProvenanceStatement", "rdfs:label": f"{table.name}: {table.source}"}


def _purpose(dataset: str, written: str) -> Json:
    """A term of an ontology; with a parameter, a narrower one of the dataset's own."""
    iri, about = purpose_iri(written), purpose_about(written)
    if ":" not in written.removeprefix("dpv:"):
        return {"@id": iri, "@type": "skos:Concept", "skos:prefLabel": about}
    own: Json = {"@id": f"{dataset}#purpose-{quote(written, safe='')}", "@type": "skos:Concept", "skos:prefLabel": about}
    own["skos:broader"] = {"@id": iri}
    disease = disease_iri(written)
    return own if disease is None else {**own, "dct:relation": {"@id": disease}}


def _record(place: Place, listed: Listed) -> Json:
    iri = place.of(listed.dataset.name)
    return {
        "@id": f"{iri}#record",
        "@type": "dcat:CatalogRecord",
        "foaf:primaryTopic": {"@id": iri},
        "dct:issued": _moment(listed.issued_at),
        "dct:modified": _moment(listed.modified_at),
        "dct:conformsTo": {"@id": PROFILE, "@type": "dct:Standard"},
    }


def _answers(place: Place, listed: Listed) -> Json:
    """What the dataset gives: private answers, by a service."""
    return {
        **_distribution(f"{place.of(listed.dataset.name)}#answers", at=place.at("/questions"), media="application/json"),
        "dct:title": _said("register.answers.title", title=partial(_titled, listed)),
        "dcat:accessService": {"@id": f"{place.at('/questions')}#service"},
    }


def _profile(place: Place, listed: Listed) -> Json:
    at = place.of(listed.dataset.name, "/profile")
    return {
        **_distribution(f"{place.of(listed.dataset.name)}#profile", at=at, media="application/json"),
        "dct:title": _said("register.profile.title", title=partial(_titled, listed)),
        "dcat:downloadURL": {"@id": at},
    }


def _sample(place: Place, listed: Listed, table: Table, *, form: str) -> Json:
    at = place.of(listed.dataset.name, "/sample", table=table.name, form=form)
    return {
        **_distribution(f"{place.of(listed.dataset.name)}#sample-{quote(table.name)}-{form}", at=at, media=FORMS[form]),
        "dct:title": _said("register.sample.title" if table.private else "register.public.title", table=table.name, form=form),
        "dct:format": {"@id": f"{_EU}file-type/{form.upper()}", "@type": "dct:MediaTypeOrExtent"},
        "dcat:downloadURL": {"@id": at},
    }


def _distribution(iri: str, *, at: str, media: str) -> Json:
    typed: Json = {"@id": f"{MEDIA}{media}", "@type": "dct:MediaType"}
    return {"@id": iri, "@type": "dcat:Distribution", "dcat:accessURL": {"@id": at}, "dcat:mediaType": typed}


def _service(place: Place, listed: Iterable[Listed], *, publisher: Json) -> Json:
    """SQL questions: asked, previewed, and tried on invented rows."""
    questions = place.at("/questions")
    found: Json = {
        "@id": f"{questions}#service",
        "@type": "dcat:DataService",
        "dct:title": _said("register.service.title", address=place.address),
        "dct:description": _said("register.service.about"),
        "dct:publisher": {"@id": publisher["@id"]},
        "dct:accessRights": {"@id": RESTRICTED, "@type": "dct:RightsStatement"},
        "dct:conformsTo": {"@id": OPENAPI, "@type": "dct:Standard"},
        "dcat:endpointURL": [{"@id": f"{questions}{each}"} for each in ("", "/preview", "/dry-run")],
        "dcat:endpointDescription": {"@id": place.at("/openapi.json")},
        "dcat:servesDataset": [{"@id": place.of(each.dataset.name)} for each in listed],
    }
    if place.contact:
        found["dcat:contactPoint"] = _contact(f"{questions}#contact", name=place.body or place.address, reached=place.contact)
    return found


def _agent(iri: str, name: str) -> Json:
    return {"@id": iri, "@type": "foaf:Agent", "foaf:name": name}


def _contact(iri: str, *, name: str, reached: str) -> Json:
    """`reached`: the line in which people wrote how; a mail address in it is told to programs too."""
    found: Json = {"@id": iri, "@type": ["vcard:Kind", "vcard:Organization"], "vcard:fn": name, "vcard:note": reached}
    mail = _MAIL.search(reached)
    return found if mail is None else {**found, "vcard:hasEmail": {"@id": f"mailto:{mail[0]}"}}


def _title(listed: Listed) -> object:
    """In each language; a dataset of old, without titles, goes by its name."""
    titles = [{"@value": text, "@language": language} for language, text in listed.dataset.title]
    return titles or listed.dataset.name


def _titled(listed: Listed, language: str) -> str:
    return dict(listed.dataset.title).get(language, listed.dataset.name)


def _said(code: str, **parameters: object) -> list[Json]:
    """A sentence in the four languages. A parameter may be a function of the language."""
    return [
        {"@value": load(language).say(code, **{name: _in(language, each) for name, each in parameters.items()}), "@language": language}
        for language in LANGUAGES
    ]


def _in(language: str, parameter: object) -> object:
    return parameter(language) if callable(parameter) else parameter


def _moment(at: datetime) -> Json:
    return {"@value": at.isoformat(timespec="seconds"), "@type": "xsd:dateTime"}
