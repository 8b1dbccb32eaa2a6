"""PRIVACY 20: an interval is for the noise only and says so; what bounds leave out is told beside it, in the reader's language."""

from collections.abc import Iterator
from dataclasses import replace
from math import isclose

import pytest

from amana.catalog.profile import Profile
from amana.cli import ask, main
from amana.client.text import LANGUAGES, load
from amana.node.ask import Node
from amana.privacy.keys import key_domains
from amana.privacy.ledger import Earlier
from amana.privacy.loss import NANO
from amana.privacy.price import RhoCap
from amana.privacy.release import answer
from amana.query.figures import figures
from amana.query.intervals import grain
from amana.query.parse import parse
from amana.terms.answer import Estimate
from amana.terms.ids import NanoRho
from tests.doors.stand_in import Answer, StandIn, door
from tests.parts import SCHEMA, FakeEngine, asking, kernel, ledger_at, version
from tests.property.test_rule_10_digests import ROWS, published
from tests.property.test_rule_17_selection import crowded, few, given_profile

NOISE = {"en": "noise", "fr": "bruit", "ar": "التشويش", "zgh": "ⵓⵙⵎⵔⴽⵙ"}
NOT_IN_IT = {"en": "does not include", "fr": "n'en tient pas compte", "ar": "لا يشمل", "zgh": "ⵓⵔ ⵜⵏ ⵙⵙⵉⵟⵉⵏⵏ"}
SQL = "SELECT region, COUNT(*) AS visits FROM visits GROUP BY region"

# --- what is said ---


@pytest.mark.parametrize("shape", [[], ["--json"], ["--csv"]])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_says_that_its_intervals_are_for_the_noise_and_tells_truncation_apart(
    language: str, shape: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    node = StandIn(answer=Answer(notes=(("note.truncation", (("percent", "3.7"),)), ("note.clamped", ()))))
    monkeypatch.setattr(ask, "open_folder", lambda folder, *, language: door(node))
    assert main.main(["--lang", language, "ask", SQL, *shape]) == 0
    out, err = capsys.readouterr()
    lines = err.splitlines()
    [of_noise] = [line for line in lines if NOISE[language] in line and "95" in line]
    apart = [line for line in lines if NOT_IN_IT[language] in line]
    assert len(apart) == 2 and of_noise not in apart and "3.7" in apart[0]
    assert "± 67" in out or "12278.4" in out, "the interval of the noise, and nothing added to it"


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_truncation_only_the_noise_is_spoken_of(
    language: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ask, "open_folder", lambda folder, *, language: door(StandIn()))
    main.main(["--lang", language, "ask", SQL])
    err = capsys.readouterr().err
    assert NOISE[language] in err and NOT_IN_IT[language] not in err


@pytest.mark.parametrize("code", ["ask.interval", "note.truncation", "note.clamped"])
def test_no_language_borrows_these_sentences_from_another(code: str) -> None:
    assert all(load(language).has(code) for language in LANGUAGES)
    assert len({load(language).template(code) for language in LANGUAGES}) == len(LANGUAGES)


# --- what is so ---


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    node = published(tmp_path_factory.mktemp("node") / "data", ROWS)
    yield node
    node.close()


def long_tail() -> Profile:
    """Nearly everybody has one row or two, and hardly anybody the five that the rules allow."""
    [visits] = crowded().tables
    return Profile(tables=(replace(visits, rows=1109.0, units_by_rows=(900.0, 90.0, 5.0, 3.0, 2.0)),))


@pytest.mark.parametrize("sql", ["SELECT SUM(cost) AS s FROM visits", "SELECT COUNT(*) AS s FROM visits"])
def test_rows_that_bounds_leave_out_are_predicted_beside_the_interval_and_never_widen_it(sql: str, clinic: Node) -> None:
    given_profile(clinic, long_tail())
    done = clinic.ask(sql, within="20%")
    [[cell]] = done.table.rows
    [(code, parameters)] = [note for note in done.notes if note[0] == "note.truncation"]
    assert 0.1 <= float(dict(parameters)["percent"]) < 100
    stored = clinic._wired.ledger.recall(done.digest)
    assert isinstance(stored, Earlier) and isinstance(cell, Estimate)
    [[released]], [of_sum] = stored.released.cells, stored.released.noise
    half = grain(of_sum, terms=1).half
    assert cell.value is not None and cell.low is not None and cell.high is not None and not isinstance(released, tuple)
    assert isclose(cell.value, released / 10**of_sum.decimals)
    assert isclose(cell.value - cell.low, half) and isclose(cell.high - cell.value, half)


def test_where_nothing_is_left_out_nothing_is_said_to_be(clinic: Node) -> None:
    given_profile(clinic, few(crowded()))
    assert not [
        note for note in clinic.preview("SELECT COUNT(*) AS n FROM visits WHERE cost > 1", within="20%").notes if "trunc" in note[0]
    ]


SHAPES = (
    "SELECT COUNT(*) AS n, SUM(cost) AS s FROM visits",
    "SELECT ward, AVG(cost) AS m, STDDEV(stay) AS d FROM visits GROUP BY ward",
    "SELECT ward, urgent, SUM(stay) AS s FROM visits GROUP BY ROLLUP (ward, urgent)",
    "SELECT SUM(cost) / SUM(stay) AS r FROM visits",
    "SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward HAVING COUNT(*) > 500 ORDER BY n DESC LIMIT 2",
)


@pytest.mark.parametrize("sql", SHAPES)
def test_every_end_of_an_interval_can_be_computed_again_from_the_released_sums_alone(sql: str) -> None:
    """What is stored for a retry (noisy sums, kinds and scales of noise) gives the whole answer: no end saw anything else."""
    of, plan = version(cap_nrho=2**60), parse(sql, SCHEMA)
    with ledger_at(":memory:", of) as ledger:
        wards = [(ward, urgent) if "urgent" in sql else (ward,) for ward in ("a", "b", "c", "d", None) for urgent in (True, False, None)]
        cells = {key if plan.keys else (): tuple(10**7 + 10 * i for i, _ in enumerate(plan.sums)) for key in wards}
        done = answer(asking(of, plan, target=RhoCap(nano_rho=NanoRho(NANO))), kernel(ledger, FakeEngine(cells=cells)))
        stored = ledger.recall(done.digest)
    assert isinstance(stored, Earlier)
    assert figures(plan, stored.released, key_domains(plan, SCHEMA)) == done.table
    shown = [cell for row in done.table.rows for cell in row if isinstance(cell, Estimate)]
    assert shown and any(cell.low is not None and cell.high is not None and cell.low < cell.high for cell in shown)


def test_the_width_of_a_total_is_the_same_whatever_the_data_are() -> None:
    widths = set()
    for value in (0, 17, 10**6, -5):
        of = version()
        with ledger_at(":memory:", of) as ledger:
            [[cell]] = answer(asking(of), kernel(ledger, FakeEngine(cells={(): (value,)}))).table.rows
        assert isinstance(cell, Estimate) and cell.high is not None and cell.low is not None
        widths.add(round(cell.high - cell.low, 6))
    assert len(widths) == 1 and widths.pop() > 0
