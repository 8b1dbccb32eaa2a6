"""The catalogue for data portals: it has what DCAT-AP makes mandatory, says what the node knows, and nothing else."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pyshacl import validate
from rdflib import DCAT, DCTERMS, FOAF, RDF, BNode, Graph, Literal, URIRef
from rdflib.compare import isomorphic

from amana.catalog.purposes import TERMS
from amana.client.text import LANGUAGES
from amana.register.dcat import as_turtle, catalogue
from amana.register.listing import Place
from amana.register.purposes import purpose_iri
from tests.parts import version
from tests.register_parts import PLACE, listed

OWN_SHAPES = Path(__file__).parent / "dcat_ap_mandatory.ttl"
OFFICIAL = os.environ.get("AMANA_TEST_DCAT_AP_SHAPES", "")
CLINIC = URIRef("https://node.example/api/v1/datasets/clinic")
MANDATORY = [
    (DCAT.Catalog, DCTERMS.title), (DCAT.Catalog, DCTERMS.description), (DCAT.Catalog, DCTERMS.publisher), (DCAT.Dataset, DCTERMS.title),
    (DCAT.Dataset, DCTERMS.description), (DCAT.Distribution, DCAT.accessURL), (DCAT.DataService, DCTERMS.title),
    (DCAT.DataService, DCAT.endpointURL), (DCAT.CatalogRecord, DCTERMS.modified), (DCAT.CatalogRecord, FOAF.primaryTopic),
    (FOAF.Agent, FOAF.name), (URIRef("http://www.w3.org/2004/02/skos/core#Concept"), URIRef("http://www.w3.org/2004/02/skos/core#prefLabel")),
]  # fmt: skip
EXPECTED_CLASSES = [
    (DCTERMS.language, DCTERMS.LinguisticSystem), (DCTERMS.accessRights, DCTERMS.RightsStatement), (DCTERMS.publisher, FOAF.Agent),
    (DCTERMS.conformsTo, DCTERMS.Standard), (DCAT.mediaType, DCTERMS.MediaType), (FOAF.page, FOAF.Document),
    (DCTERMS.provenance, DCTERMS.ProvenanceStatement), (DCTERMS.format, DCTERMS.MediaTypeOrExtent),
]  # fmt: skip


def graph_of(document: dict[str, object]) -> Graph:
    return Graph().parse(data=json.dumps(document), format="json-ld")


def conforms(graph: Graph, shapes: Path) -> tuple[bool, str]:
    found, _, told = validate(graph, shacl_graph=Graph().parse(shapes, format="turtle"), inference="none")
    return bool(found), str(told)


@pytest.fixture(scope="module")
def whole() -> Graph:
    return graph_of(catalogue(PLACE, [listed()]))


def test_a_catalogue_has_all_that_is_mandatory(whole: Graph) -> None:
    assert conforms(whole, OWN_SHAPES) == (True, conforms(whole, OWN_SHAPES)[1])


def test_so_has_one_without_datasets_or_of_a_node_that_says_nothing_of_itself() -> None:
    for document in (catalogue(PLACE, []), catalogue(Place(address="http://localhost:8321"), [listed(title=(), legal_basis="")])):
        found, told = conforms(graph_of(document), OWN_SHAPES)
        assert found, told


@pytest.mark.parametrize(("kind", "mandatory"), MANDATORY, ids=lambda each: str(each).rpartition("/")[2])
def test_a_catalogue_without_a_mandatory_property_does_not_pass(whole: Graph, kind: URIRef, mandatory: URIRef) -> None:
    maimed = Graph() + whole
    one = min(maimed.subjects(RDF.type, kind))
    assert (one, mandatory, None) in maimed
    maimed.remove((one, mandatory, None))
    assert not conforms(maimed, OWN_SHAPES)[0]


@pytest.mark.parametrize(("leads_by", "kind"), EXPECTED_CLASSES, ids=lambda each: str(each).rpartition("/")[2])
def test_what_a_property_leads_to_bears_its_class_and_without_it_does_not_pass(whole: Graph, leads_by: URIRef, kind: URIRef) -> None:
    maimed = Graph() + whole
    for reached in set(maimed.objects(None, leads_by)):
        assert (reached, RDF.type, kind) in maimed, reached
        maimed.remove((reached, RDF.type, kind))
    assert not conforms(maimed, OWN_SHAPES)[0]


def test_the_official_shapes_are_kept_where_they_are_at_hand(whole: Graph) -> None:
    if not OFFICIAL:
        pytest.skip("AMANA_TEST_DCAT_AP_SHAPES names no file with the official shapes of DCAT-AP 3.0.1")
    found, told = conforms(whole, Path(OFFICIAL))
    assert found, told


def test_turtle_says_the_same_in_the_same_way_each_time(whole: Graph) -> None:
    document = catalogue(PLACE, [listed()])
    assert isomorphic(Graph().parse(data=as_turtle(document), format="turtle"), whole)
    assert as_turtle(document) == as_turtle(document)
    assert not any(isinstance(each, BNode) for statement in whole for each in statement), (
        "what has no name is written in another way each time"
    )


def test_titles_and_descriptions_are_in_the_four_languages(whole: Graph) -> None:
    for kind in (DCAT.Catalog, DCAT.Dataset, DCAT.Distribution, DCAT.DataService):
        for subject in whole.subjects(RDF.type, kind):
            told = {each.language for each in whole.objects(subject, DCTERMS.title) if isinstance(each, Literal)}
            assert told == set(LANGUAGES), subject
    assert Literal("Clinic visits", lang="en") in set(whole.objects(CLINIC, DCTERMS.title))


def test_the_facts_of_a_dataset_are_those_of_the_catalogue(whole: Graph) -> None:
    one = listed()
    values = {name: {str(each) for each in whole.objects(CLINIC, name)} for name in set(whole.predicates(CLINIC))}
    assert values[URIRef("http://www.w3.org/ns/dcat#version")] == {one.version.id} and values[DCTERMS.issued] == {
        "2026-01-02T09:00:00+00:00"
    }
    assert values[DCTERMS.modified] == {"2026-03-04T10:00:00+00:00"}
    assert values[DCTERMS.accessRights] == {"http://publications.europa.eu/resource/authority/access-right/RESTRICTED"}
    (publisher,) = whole.objects(CLINIC, DCTERMS.publisher)
    assert str(whole.value(publisher, FOAF.name)) == "Ministry of Health"
    (contact,) = whole.objects(CLINIC, DCAT.contactPoint)
    mail = whole.value(contact, URIRef("http://www.w3.org/2006/vcard/ns#hasEmail"))
    assert mail == URIRef("mailto:data-protection@health.example")
    (law,) = whole.objects(CLINIC, URIRef("http://data.europa.eu/r5r/applicableLegislation"))
    assert str(whole.value(law, URIRef("http://www.w3.org/2000/01/rdf-schema#label"))) == one.dataset.legal_basis, "whatever people wrote"
    purposes = set(whole.objects(CLINIC, URIRef("https://w3id.org/dpv#hasPurpose")))
    assert URIRef("https://w3id.org/dpv#AcademicResearch") in purposes and URIRef("http://purl.obolibrary.org/obo/DUO_0000042") in purposes
    assert len(purposes) == len(one.dataset.purposes)


def test_invented_rows_are_samples_and_the_answers_are_what_the_dataset_gives(whole: Graph) -> None:
    samples = {str(each) for each in whole.objects(CLINIC, URIRef("http://www.w3.org/ns/adms#sample"))}
    given = {str(each) for each in whole.objects(CLINIC, DCAT.distribution)}
    assert given == {f"{CLINIC}#answers", f"{CLINIC}#profile"} and len(samples) == 2 * len(listed().dataset.schema.tables)
    (service,) = whole.objects(URIRef(f"{CLINIC}#answers"), DCAT.accessService)
    ends = {str(each).partition("/questions")[2] for each in whole.objects(service, DCAT.endpointURL)}
    assert ends == {"", "/preview", "/dry-run"} and set(whole.objects(service, DCAT.servesDataset)) == {CLINIC}


def test_what_the_node_does_not_know_is_left_out() -> None:
    bare = graph_of(catalogue(Place(address="http://localhost:8321"), [listed(controller="nobody@", legal_basis="")]))
    guessed = {DCAT.theme, DCTERMS.spatial, DCTERMS.temporal, DCTERMS.license, DCTERMS.accrualPeriodicity, DCAT.landingPage}
    assert guessed & set(bare.predicates()) == set()
    assert URIRef("http://data.europa.eu/r5r/applicableLegislation") not in set(bare.predicates())
    assert URIRef("http://www.w3.org/2006/vcard/ns#hasEmail") not in set(bare.predicates()), "no address stands in that line"
    (publisher,) = bare.objects(next(bare.subjects(RDF.type, DCAT.Catalog)), DCTERMS.publisher)
    assert str(bare.value(publisher, FOAF.name)) == "http://localhost:8321", "the node itself, where nobody says who it is"


def test_every_term_of_use_has_a_name_on_the_web() -> None:
    parameters: dict[str, str] = {"DS": "DS:MONDO:1", "TS": "TS:3"}
    names = [purpose_iri(parameters.get(code, code)) for code in TERMS]
    assert len(set(names)) == len(names) and all(
        name.startswith(("http://purl.obolibrary.org/obo/DUO_0", "https://w3id.org/dpv#")) for name in names
    )
    assert purpose_iri("COL:Institute of Health") == purpose_iri("COL")


def test_a_version_of_old_without_titles_goes_by_its_name() -> None:
    old: Any = listed(title=())
    titles = graph_of(catalogue(PLACE, [old])).objects(CLINIC, DCTERMS.title)
    assert [str(each) for each in titles] == [version().dataset.name]
