"""The invented sample of a dataset for programs that load tables to learn from: Croissant 1.1, as JSON-LD.

Source: Croissant format specification 1.1 (MLCommons); names of schema.org begin with https, and a reference names its `field`, as
MLCommons' own reader has them. What is described are the files that the node gives out: invented rows in the form of the real ones, and
public tables as they are published. The private rows are no part of it.
"""

from collections.abc import Mapping, Sequence
from typing import Final, assert_never

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, Domain, KeyDomain, MomentDomain, NumberDomain, TextDomain
from amana.catalog.schema import Column, Table
from amana.client.text import LANGUAGES, load
from amana.register.listing import FORMS, Json, Listed, Place, SampleFile
from amana.register.purposes import purpose_about, purpose_iri

VERSION: Final = "http://mlcommons.org/croissant/1.1"
MEDIA: Final = f'application/ld+json; profile="{VERSION}"'
_OWN = (
    "annotation", "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "excludes", "extract", "field",
    "fileObject", "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5",
    "parentField", "path", "readLines", "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "sdVersion",
    "separator", "source", "subField", "transform", "unArchive", "value",
)  # fmt: skip
CONTEXT: Final[Mapping[str, object]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    **{name: f"cr:{name}" for name in _OWN},
}


def croissant(place: Place, listed: Listed, files: Sequence[SampleFile]) -> Json:
    """The description. `files`: all that the node gives out of the sample of this version; a table without one has no records."""
    dataset, at = listed.dataset, place.of(listed.dataset.name)
    terms: list[Json] = [
        {"@type": "sc:DefinedTerm", "name": purpose_about(each), "termCode": each, "url": purpose_iri(each)} for each in dataset.purposes
    ]
    whole = {each.table: each.whole for each in files if each.form == "csv"}
    return {
        "@context": dict(CONTEXT),
        "@type": "sc:Dataset",
        "conformsTo": VERSION,
        "name": dict(dataset.title) or dataset.name,
        "alternateName": dataset.name,
        "description": {language: load(language).say("register.croissant.about", name=dataset.name) for language in LANGUAGES},
        "url": at,
        # No licence is declared: what stands here says where it is told what the data may be used for.
        "license": {"@type": "sc:CreativeWork", "name": ", ".join(dataset.purposes), "url": at},
        "usageInfo": terms,
        "creator": {"@type": "sc:Organization", "name": dataset.custodian},
        "datePublished": listed.modified_at.date().isoformat(),
        "identifier": listed.version.id,
        "isLiveDataset": False,
        "distribution": [_file(place, dataset.name, each) for each in files],
        "recordSet": [_records(table, whole=whole[table.name]) for table in dataset.schema.tables if table.name in whole],
    }


def _file(place: Place, dataset: str, file: SampleFile) -> Json:
    other = [form for form in FORMS if form != file.form]
    return {
        "@type": "cr:FileObject",
        "@id": _file_id(file.table, form=file.form),
        "name": _file_id(file.table, form=file.form),
        "contentUrl": place.of(dataset, "/sample", table=file.table, form=file.form),
        "contentSize": f"{file.size_bytes} B",
        "encodingFormat": FORMS[file.form],
        "sha256": file.sha256,
        "sameAs": [place.of(dataset, "/sample", table=file.table, form=form) for form in other],
    }


def _records(table: Table, *, whole: Sequence[str]) -> Json:
    found: Json = {"@type": "cr:RecordSet", "@id": table.name, "name": table.name}
    if table.title:
        found["description"] = dict(table.title)
    if table.key:
        found["key"] = [{"@id": _field_id(table.name, column=column)} for column in table.key]
    return {**found, "field": [_field(table, column, whole=column.name in whole) for column in table.columns]}


def _field(table: Table, column: Column, *, whole: bool) -> Json:
    found: Json = {
        "@type": "cr:Field",
        "@id": _field_id(table.name, column=column.name),
        "name": column.name,
        "dataType": "sc:Integer" if whole else _kind(column.domain),
        "source": {"fileObject": {"@id": _file_id(table.name, form="csv")}, "extract": {"column": column.name}},
    }
    told = "; ".join(part for part in (_bounds(column.domain), column.source) if part)
    if told:
        found["description"] = told
    if table.path is not None and len(table.path.on) == 1 and table.path.on[0][0] == column.name:
        # Two columns that refer together would be read as two references, each of which finds too many rows.
        found["references"] = {"field": {"@id": _field_id(table.path.parent, column=table.path.on[0][1])}}
    return found


def _kind(domain: Domain) -> str:
    match domain:
        case NumberDomain():
            return "sc:Integer" if domain.scale == 0 else "sc:Float"
        case DateDomain():
            return "sc:Date"
        case MomentDomain():
            return "sc:DateTime"
        case BooleanDomain():
            return "sc:Boolean"
        case ChoiceDomain() | TextDomain() | KeyDomain():
            return "sc:Text"
        case _:
            assert_never(domain)


def _bounds(domain: Domain) -> str:
    """The declared bounds of what has an order."""
    match domain:
        case NumberDomain():
            unit = 10**domain.scale
            return f"{domain.low / unit:g} … {domain.high / unit:g}"
        case DateDomain() | MomentDomain():
            return f"{domain.low.isoformat()} … {domain.high.isoformat()}"
        case BooleanDomain() | ChoiceDomain() | TextDomain() | KeyDomain():
            return ""
        case _:
            assert_never(domain)


def _file_id(table: str, *, form: str) -> str:
    return f"{table}.{form}"


def _field_id(table: str, *, column: str) -> str:
    return f"{table}/{column}"
