"""PRIVACY 10: version ids are random; digests of questions need the node's secret; no SQL and nobody's value lies in log or ledger."""

import hashlib
import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from amana.node.ask import Node, open_node
from amana.node.wiring import publish
from amana.privacy.combine import digests
from amana.privacy.release import plan_release
from amana.query.parse import parse
from amana.terms.ids import VersionId
from amana.terms.refusal import Refusal
from tests.parts import SCHEMA, FakeEngine, asking, kernel, ledger_at, version

RULES = """
[dataset]
name = "clinic"
custodian = "Tests"
controller = "Tests, 1 Street, tests@example.org"
legal_basis = "None needed"
purposes = ["GRU"]
retention = "2099-12-31"
title = { en = "Clinic", fr = "Clinique", ar = "عيادة", zgh = "ⵜⴰⴳⵏⴰⵡⵜ" }
[population]
name = "residents"
unit = "patient"
cap_rho = "2.0"
cap_delta = "1e-9"
profile_share = "0.05"
[[table]]
name = "visits"
private = true
unit = "person"
rows_per_unit_max = 5
out_of_bounds = "clamp"
[table.columns]
person = { kind = "key", holds = "text" }
cost = { kind = "number", grid = "0.01", low = 0, high = 100000, source = "Tariff", nullable = true }
ward = { kind = "choice", members = ["eye", "heart"], source = "Law" }
note = { kind = "text", length_max = 40, nullable = true }
"""
VALUES = ("Zaynab-bint-Hilal", "8765.43", "kept secret by Zaynab")
SQL = "SELECT COUNT(*) AS tally_of_mine FROM visits WHERE note = 'pancreatitis' AND cost < 76543.21"
ROWS = [("Zaynab-bint-Hilal", "8765.43", "eye", "kept secret by Zaynab")] + [(f"p{i}", str(i), "heart", "flu") for i in range(300)]


def csv(rows: list[tuple[str, ...]]) -> str:
    return "person,cost,ward,note\n" + "".join(",".join(row) + "\n" for row in rows)


def published(folder: Path, rows: list[tuple[str, ...]]) -> Node:
    """A node whose folder holds these rows, published now."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder.parent / "visits.csv").write_text(csv(rows), "utf-8")
    publish(folder, [folder.parent / "visits.csv"], RULES)
    return open_node(folder)


def test_two_publishings_of_the_same_files_have_names_that_tell_nothing(tmp_path: Path) -> None:
    names = []
    for place in ("one", "one", "two"):
        node = published(tmp_path / place, ROWS)
        names.append(node.ask(SQL, within="±500").version)
        node.close()
    held = [csv(ROWS), RULES, *("".join(row) for row in ROWS)]
    known = {make(text.encode()).hexdigest() for text in held for make in (hashlib.sha256, hashlib.md5, hashlib.sha1, hashlib.blake2b)}
    assert len(set(names)) == 3 and all(re.fullmatch("[0-9a-f]{32}", name) for name in names)
    assert not any(digest.startswith(name) for name in names for digest in known)


def test_neither_log_nor_ledger_nor_the_nodes_own_log_holds_a_literal_or_a_value(tmp_path: Path) -> None:
    node = published(tmp_path / "data", ROWS)
    node.ask(SQL, within="±500")
    node.ask(SQL, within="±500")
    with pytest.raises(Refusal):
        node.ask("SELECT COUNT(*) FROM visits WHERE person = 'Zaynab-bint-Hilal'", within="±500")
    node.close()
    written = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert b'"recall"' in written and b'"verb":"ask"' in written, "there is something to look through"
    for word in (*VALUES, "876543", "pancreatitis", "76543", "7654321", "tally_of_mine", "SELECT"):
        assert word.encode() not in written, word
    for text in (*VALUES, SQL):
        for make in (hashlib.sha256, hashlib.sha1, hashlib.md5, partial(hashlib.blake2b, digest_size=32)):
            assert make(text.encode()).hexdigest().encode() not in written, "a bare digest can be guessed"


def test_every_digest_of_a_question_is_another_under_another_key() -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        one = kernel(ledger, FakeEngine(cells={}))
        private = plan_release(asking(of), one)
        plan = asking(of).plan
        first, again, other = (digests(plan, of.id, private, key=key) for key in (b"one key", b"one key", b"another"))
    assert first == again, "else nothing would ever be recalled"
    shown = [{digest.question, digest.digest, digest.bounds} for digest in (first, other)]
    assert len(shown[0] | shown[1]) == 6, "nothing of one node can be looked up in another"


@pytest.mark.parametrize("change", ["version", "plan", "precision"])
def test_the_digest_of_another_question_is_another(change: str) -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        parts = kernel(ledger, FakeEngine(cells={}))
        asked = asking(of, parse("SELECT COUNT(*) AS n FROM visits WHERE stay > 1", SCHEMA))
        private = plan_release(asked, parts)
        first = digests(asked.plan, of.id, private, key=b"key")
        second = {
            "version": digests(asked.plan, VersionId("later"), private, key=b"key"),
            "plan": digests(parse("SELECT COUNT(*) AS n FROM visits WHERE stay > 2", SCHEMA), of.id, private, key=b"key"),
            "precision": digests(asked.plan, of.id, replace(private, scales=(2 * private.scales[0],)), key=b"key"),
        }[change]
    assert first.digest != second.digest
    assert (first.question == second.question) is (change == "precision")


def test_a_node_makes_its_digests_with_a_key_that_no_other_node_has(tmp_path: Path) -> None:
    asked = []
    for place in ("one", "two"):
        node = published(tmp_path / place, ROWS)
        asked.append(node.ask(SQL, within="±500").digest)
        assert asked[-1] == node.ask(SQL, within="±500").digest
        node.close()
        for name in ("node.key", "wrapped.json"):
            assert (tmp_path / place / "keys" / name).stat().st_mode & 0o077 == 0
    assert asked[0] != asked[1]
