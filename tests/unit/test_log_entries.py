"""Entries of the log: one way to write each, no other bytes are read, and the published schemas say the same as the reader."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from amana.log.entries import (
    SIZES_BYTES,
    BundleError,
    Entry,
    EntryError,
    entry_of,
    json_schema,
    places,
    read_bundle,
    read_entry,
    write_entry,
)
from amana.log.entry_kinds import KINDS, OpenEntry, PopulationEntry
from amana.log.seal import SealError, check_seal, read_salt, seal, write_salt
from tests.log_entries import any_entry

ROOT = Path(__file__).parent.parent.parent
PROMISE = PopulationEntry(
    hour=datetime(2026, 11, 29, 5, tzinfo=UTC), population="residents", unit="patient", period="year", cap_nrho=2 * 10**9, cap_delta=7
)


@given(any_entry)
def test_an_entry_is_read_as_what_was_written(entry: Entry) -> None:
    written = write_entry(entry)
    assert read_entry(written) == entry
    assert [entry_of(line) for line in read_bundle([written])] == [entry]


@given(any_entry)
def test_an_entry_is_written_in_the_canonical_form(entry: Entry) -> None:
    written = write_entry(entry)
    again = json.dumps(json.loads(written), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert again == written  # of texts and whole numbers, this is RFC 8785; its rules for fractions are not needed


@given(any_entry)
def test_the_length_of_an_entry_is_a_size_class_and_the_smallest(entry: Entry) -> None:
    written = write_entry(entry)
    assert len(written) in SIZES_BYTES
    bare = len(re.sub(rb'"pad":"0*"', b'"pad":""', written))
    assert all(size < bare for size in SIZES_BYTES if size < len(written))


@given(any_entry, st.data())
def test_a_changed_byte_is_refused_or_makes_another_entry(entry: Entry, data: st.DataObject) -> None:
    written = bytearray(write_entry(entry))
    at = data.draw(st.integers(0, len(written) - 1))
    written[at] ^= data.draw(st.integers(1, 255))
    try:
        read = read_entry(bytes(written))
    except EntryError:
        return
    assert read != entry and write_entry(read) == bytes(written)


@pytest.mark.parametrize("bit", range(8))
def test_no_byte_of_an_entry_is_free(bit: int) -> None:
    """Not in the padding, not in a name, not in the marks between them."""
    written = write_entry(PROMISE)
    for at in range(len(written)):
        changed = written[:at] + bytes([written[at] ^ 1 << bit]) + written[at + 1 :]
        try:
            assert read_entry(changed) != PROMISE
        except EntryError:
            continue


WRONG: dict[str, tuple[bytes, bytes, str, str]] = {
    "an amount that is a number": (b'"cap_delta":"7"', b'"cap_delta":777', "member_wrong", "cap_delta"),
    "an amount with a zero before it": (b'"2000000000"', b'"0200000000"', "member_wrong", "cap_nrho"),
    "another version": (b'"amana":1', b'"amana":2', "version", "amana"),
    "the version as a truth": (b'"amana":1,', b'"amana":true,', "member_wrong", "amana"),
    "an unknown kind": (b'"population",', b'"populating",', "kind", "kind"),
    "an unknown period": (b'"year"', b'"week"', "member_wrong", "period"),
    "an hour that no day has": (b"T05Z", b"T24Z", "member_wrong", "hour"),
    "a day that no year has": (b"2026-11-29", b"2026-02-29", "member_wrong", "hour"),
    "a member under another name": (b'"unit"', b'"units"', "member_missing", "unit"),
    "a member more": (b'"unit":', b'"more":"","unit":', "member_unknown", "more"),
    "a member twice": (b'"unit":', b'"unit":"x","unit":', "not_json", ""),
    "members in another order": (b'"amana":1,"cap_delta":"7"', b'"cap_delta":"7","amana":1', "not_canonical", ""),
    "white space": (b'"unit":', b'"unit": ', "not_canonical", ""),
    "an escape that is not needed": (b'"residents"', b'"\\u0072esidents"', "not_canonical", ""),
    "other padding": (b'"pad":"000', b'"pad":"010', "member_wrong", "pad"),
    "no text": (b"residents", b"resident\xff", "not_text", ""),
    "no JSON": (b'{"amana"', b'["amana"', "not_json", ""),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_entry_is_refused_and_the_reason_told(wrong: str) -> None:
    was, now, reason, member = WRONG[wrong]
    written = write_entry(PROMISE)
    assert was in written
    content = written.replace(was, now, 1)
    content = content.replace(b'"pad":"' + b"0" * max(0, len(now) - len(was)), b'"pad":"', 1)
    content = content.replace(b'"pad":"', b'"pad":"' + b"0" * max(0, len(was) - len(now)), 1)
    assert len(content) == len(written)
    with pytest.raises(EntryError) as refused:
        read_entry(content)
    assert (refused.value.reason, refused.value.member) == (reason, member)


@pytest.mark.parametrize("length", [0, 1, 511, 513, 1023, 65_025])
def test_a_length_that_is_no_size_class_is_refused(length: int) -> None:
    with pytest.raises(EntryError, match="size"):
        read_entry(write_entry(PROMISE)[:length].ljust(length, b" "))


def test_padding_to_a_larger_class_than_needed_is_refused() -> None:
    larger = write_entry(PROMISE).replace(b'"pad":"', b'"pad":"' + b"0" * 512)
    assert len(larger) == 1024
    with pytest.raises(EntryError, match="size"):
        read_entry(larger)


@given(st.binary(max_size=600) | st.binary(min_size=512, max_size=512))
@example(b"[" * 512)
@example(b"9" * 65_024)
@example(b'{"kind":"use' + b" " * 500)
def test_any_bytes_are_an_entry_or_an_error_of_ours(content: bytes) -> None:
    with pytest.raises(EntryError):
        read_entry(content)


@given(st.lists(any_entry, min_size=1, max_size=9), st.data())
def test_the_first_wrong_entry_among_many_is_named(several: list[Entry], data: st.DataObject) -> None:
    written = [write_entry(entry) for entry in several]
    at = data.draw(st.integers(0, len(written) - 1))
    for place in {at, len(written) - 1}:
        written[place] = written[place].replace(b'"amana":1', b'"amana":3')
    with pytest.raises(BundleError) as refused:
        read_bundle(written)
    assert (refused.value.place, refused.value.reason, refused.value.member) == (at, "version", "amana")


def test_members_of_many_entries_are_found_by_their_places() -> None:
    (kind, members), *_ = read_bundle([write_entry(PROMISE)])
    assert kind == "population"
    assert [members[place] for place in places(kind, "cap_nrho", "period")] == ["2000000000", "year"]


def test_an_entry_that_no_tile_can_hold_is_not_written() -> None:
    opened = OpenEntry(hour=PROMISE.hour, index=7, field="sql", salt=write_salt(bytes(32)), value="é" * 40_000)
    with pytest.raises(EntryError, match="size"):
        write_entry(opened)
    assert len(write_entry(replace(opened, value="e" * 60_000))) == 65_024


def test_half_a_character_is_not_written() -> None:
    with pytest.raises(EntryError, match="not_text"):
        write_entry(OpenEntry(hour=PROMISE.hour, index=7, field="sql", salt=write_salt(bytes(32)), value="\ud800"))


# --- the published schemas ---


def _accepts(kind: str, content: bytes) -> bool:
    schema = json.loads((ROOT / "docs" / "reference" / "log" / f"{kind}.schema.json").read_text("utf-8"))
    return bool(jsonschema.Draft202012Validator(schema).is_valid(json.loads(content)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_published_schema_is_a_schema_and_closed(kind: str) -> None:
    schema = json.loads((ROOT / "docs" / "reference" / "log" / f"{kind}.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False and schema["required"] == sorted(schema["properties"])
    assert schema == json.loads(json.dumps(json_schema(kind), default=dict))


@given(any_entry)
def test_a_validator_of_schemas_accepts_what_we_write(entry: Entry) -> None:
    written = write_entry(entry)
    kind = json.loads(written)["kind"]
    assert _accepts(kind, written)
    assert not any(_accepts(other, written) for other in KINDS if other != kind)


BAD = st.sampled_from(
    [
        "",
        " ",
        "\n",
        "x",
        "0",
        "00",
        "-1",
        "1.5",
        0,
        1,
        7,
        -1,
        10**15,
        10**16,
        None,
        True,
        [],
        {},
        ["x y"],
        [""],
        ["HMB"],
        ["HMB\n"],
        "life",
        "life\n",
        "2026",
        "2026-13",
        "2026-Q5",
        "2026-11-31",
        "2026-11-29T05Z\n",
        "ask",
        "Ask",
        "m-0",
        "p-" + "0" * 12,
        "custodian:x y",
    ]
)


@given(any_entry, st.data())
def test_validator_and_reader_agree_on_members_that_were_changed(entry: Entry, data: st.DataObject) -> None:
    members = json.loads(write_entry(entry))
    kind = members["kind"]
    name = data.draw(st.sampled_from(sorted({*members} - {"amana", "kind", "pad"})))
    if data.draw(st.booleans()):
        members[name] = data.draw(BAD)
    elif isinstance(members[name], str) and data.draw(st.booleans()):
        members[name] += data.draw(st.sampled_from(["\n", "x", " ", "\u2028", "é", "0"]))
    elif data.draw(st.booleans()):
        del members[name]
    else:
        members[name + "s"] = members[name]
    content = _padded(members)
    try:
        read_entry(content)
    except EntryError:
        assert not _accepts(kind, content)
    else:
        assert _accepts(kind, content)


def _padded(members: dict[str, object]) -> bytes:
    def written() -> bytes:
        return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    members["pad"] = ""
    bare = len(written())
    members["pad"] = "0" * (next(size for size in SIZES_BYTES if size >= bare) - bare)
    return written()


# --- seals ---


def test_a_seal_is_opened_by_its_text_and_salt_alone() -> None:
    salt = bytes(range(32))
    made = seal("SELECT 1", salt=salt)
    assert check_seal(made, value="SELECT 1", salt=salt)
    assert not check_seal(made, value="SELECT 2", salt=salt)
    assert not check_seal(made, value="SELECT 1", salt=bytes(32))
    assert not check_seal(made, value="SELECT 1", salt=salt[:31])


def test_a_seal_is_what_another_tool_makes_of_the_same() -> None:
    """As docs/reference/log.md says: openssl dgst -sha256 -mac HMAC -macopt hexkey:… over the JSON of the text."""
    import base64
    import hashlib
    import hmac

    salt = bytes(range(32))
    wanted = base64.b64encode(hmac.new(salt, '"a \\"é\\" \\n"'.encode(), hashlib.sha256).digest()).decode()
    assert seal('a "é" \n', salt=salt) == wanted


@pytest.mark.parametrize("wrong", ["", "x", "AAAA", write_salt(bytes(32)) + "\n", write_salt(bytes(32))[:-2] + "B=", "é" * 44])
def test_what_is_no_salt_is_refused(wrong: str) -> None:
    with pytest.raises(SealError):
        read_salt(wrong)
    assert read_salt(write_salt(bytes(32))) == bytes(32)
