"""The description of a dataset's invented sample: valid for MLCommons' own reader, which reads the tables by it."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlcroissant import Dataset, ValidationError

from amana.register.croissant import VERSION, croissant
from amana.register.listing import FORMS, SampleFile
from tests.register_parts import PLACE, TITLE, files_of, listed

PATIENTS = "id,region,born,name\n1,north,1970-01-01,xx\n2,south,,yy\n"
VISITS = "visit,patient_id,ward,note,cost,stay,urgent\nv1,1,a,,1.50,2,true\nv2,2,,z,,3,\n"
TYPES = {
    "patients/id": "sc:Text", "patients/region": "sc:Text", "patients/born": "sc:Date", "visits/cost": "sc:Float",
    "visits/stay": "sc:Integer", "visits/urgent": "sc:Boolean", "wards/floor": "sc:Integer",
}  # fmt: skip


def read(document: dict[str, object], **files: Path) -> Dataset:
    return Dataset(jsonld=json.loads(json.dumps(document)), mapping={f"{name}.csv": file for name, file in files.items()})


def described(**changes: Any) -> dict[str, Any]:
    one = listed(**changes)
    found: dict[str, Any] = croissant(PLACE, one, files_of(one))
    return found


def test_it_is_valid_croissant_1_1() -> None:
    found = read(described()).metadata
    assert found.ctx.is_v1_1() and found.conforms_to == [VERSION]
    assert not found.issues.errors
    assert {each.partition('"')[2].partition('"')[0].rpartition("/")[2] for each in found.issues.warnings} == {"citeAs", "version"}


def test_it_has_every_property_that_the_specification_requires() -> None:
    required = {
        "@context", "@type", "conformsTo", "description", "license", "name", "url", "creator", "datePublished", "distribution",
    }  # fmt: skip
    assert required <= described().keys()


@pytest.mark.parametrize("mandatory", ["@type", "distribution"])
def test_without_what_its_reader_needs_it_is_not_valid(mandatory: str) -> None:
    with pytest.raises((ValidationError, ValueError)):
        read({name: value for name, value in described().items() if name != mandatory})


@pytest.mark.parametrize("mandatory", ["contentUrl", "encodingFormat", "sha256"])
def test_a_file_without_address_form_or_digest_is_not_valid(mandatory: str) -> None:
    maimed = described()
    del maimed["distribution"][0][mandatory]
    with pytest.raises(ValidationError):
        read(maimed)


def test_a_reference_to_no_field_is_not_valid() -> None:
    maimed = described()
    (field,) = [each for each in maimed["recordSet"][1]["field"] if "references" in each]
    field["references"]["field"]["@id"] = "patients/nothing"
    with pytest.raises(ValidationError):
        read(maimed)


def test_every_table_is_a_set_of_records_with_its_types_keys_and_parent() -> None:
    found = described()
    assert [each["@id"] for each in found["recordSet"]] == ["patients", "visits", "wards", "areas"]
    fields = {field["@id"]: field for records in found["recordSet"] for field in records["field"]}
    assert {name: fields[name]["dataType"] for name in TYPES} == TYPES
    assert {name: field["references"]["field"]["@id"] for name, field in fields.items() if "references" in field} == {
        "visits/patient_id": "patients/id"
    }
    assert [each["key"] for each in found["recordSet"]] == [
        [{"@id": "patients/id"}], [{"@id": "visits/visit"}], [{"@id": "wards/ward"}], [{"@id": "areas/region"}],
    ]  # fmt: skip
    assert fields["visits/cost"]["description"] == "0 … 500" and fields["patients/born"]["description"] == "1920-01-01 … 2024-12-31"
    assert found["name"] == dict(TITLE) and set(found["description"]) == set(dict(TITLE))


def test_a_parent_that_two_columns_name_together_is_no_reference_of_either() -> None:
    schema = listed().dataset.schema
    tables = [
        replace(table, path=replace(table.path, on=(*table.path.on, ("ward", "region")))) if table.path else table
        for table in schema.tables
    ]
    found = described(schema=replace(schema, tables=tuple(tables)))
    assert [field for records in found["recordSet"] for field in records["field"] if "references" in field] == []
    assert not read(found).metadata.issues.errors


def test_every_file_is_named_with_its_size_and_digest_in_both_forms() -> None:
    found = described()
    assert len(found["distribution"]) == len(FORMS) * len(found["recordSet"])
    for file in found["distribution"]:
        assert file["sha256"] == "a" * 64 and file["contentSize"] == "10 B"
        assert file["contentUrl"].startswith("https://node.example/api/v1/datasets/clinic/sample?table=")


def test_a_table_of_which_no_file_is_given_out_has_no_records() -> None:
    one = listed()
    found: Any = croissant(PLACE, one, files_of(one)[:2])
    assert [each["@id"] for each in found["recordSet"]] == ["patients"]


def test_what_the_data_may_be_used_for_is_told_in_terms_of_ontologies() -> None:
    terms = {each["termCode"]: each for each in described()["usageInfo"]}
    assert terms["GRU"]["url"] == "http://purl.obolibrary.org/obo/DUO_0000042"
    assert terms["DS:MONDO:0005148"]["name"] == "research on one disease (DUO:0000007): MONDO:0005148"
    assert described()["license"]["name"] == "GRU, DS:MONDO:0005148, dpv:AcademicResearch, TS:12, NPUNCU"


def test_records_are_read_and_joined_by_it(tmp_path: Path) -> None:
    files = {"patients": tmp_path / "patients.csv", "visits": tmp_path / "visits.csv"}
    for file, text in zip(files.values(), (PATIENTS, VISITS), strict=True):
        file.write_text(text, "utf-8")
    one = listed()
    given = tuple(
        replace(each, sha256=hashlib.sha256(files[each.table].read_bytes()).hexdigest(), whole=("id", "patient_id"))
        for each in files_of(one)
        if each.table in files and each.form == "csv"
    )
    found = read(croissant(PLACE, one, given), **files)
    patients, visits = list(found.records("patients")), list(found.records("visits"))
    assert [each["patients/id"] for each in patients] == [each["visits/patient_id"] for each in visits] == [1, 2]
    assert [each["visits/cost"] for each in visits] == [1.5, None] and visits[0]["visits/urgent"] is True


def test_a_file_that_is_not_the_one_described_is_found(tmp_path: Path) -> None:
    file = tmp_path / "patients.csv"
    file.write_text(PATIENTS, "utf-8")
    one = listed()
    wrong = SampleFile(table="patients", form="csv", sha256=hashlib.sha256(b"another").hexdigest(), size_bytes=7)
    with pytest.raises(Exception, match="Download"):
        list(read(croissant(PLACE, one, [wrong]), patients=file).records("patients"))
