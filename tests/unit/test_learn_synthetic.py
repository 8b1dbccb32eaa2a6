"""A synthetic table keeps what the data have: dependences, proportions, ranges, what is missing; from noisy counts alone."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations
from random import Random

import numpy as np
import pytest

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, DateStep, Domain, NumberDomain
from amana.client import invented as files
from amana.client.arrow import arrow_file, arrow_table
from amana.client.invented import InventedColumn, read_parquet, write_columns, write_parquet
from amana.learn.problem import EPOCH, feature_of
from amana.learn.synthesis import synthesis_of
from amana.learn.synthetic import Synthesiser
from amana.learn.synthetic_table import SyntheticTable
from amana.terms.answer import CellType
from amana.terms.ids import NanoRho
from amana.terms.refusal import Refusal
from tests.counted import Rows, counted, schema_of

ROWS = 8_000
MEMBERS = tuple("abcdefgh")
DOMAINS: Mapping[str, Domain] = {
    "kind": ChoiceDomain(members=MEMBERS),
    "size": NumberDomain(scale=2, low=-500, high=9_500, step=25, nullable=True),
    "born": DateDomain(low=date(1950, 3, 1), high=date(2005, 12, 31), step=DateStep.MONTH),
    "urgent": BooleanDomain(nullable=True),
    "yes": BooleanDomain(),
}
FEATURES = {name: feature_of(name, domain) for name, domain in DOMAINS.items()}  # type: ignore[arg-type]
RHO_LARGE = NanoRho(10**12)


def invented(seed: int = 1, rows: int = ROWS) -> Rows:
    """A chain: kind → size → born, and `yes` from all three; `urgent` is on its own, and every fifth is missing."""
    chance = Random(seed)
    columns: dict[str, list[object]] = {name: [] for name in DOMAINS}
    for _ in range(rows):
        kind = min(int(chance.expovariate(0.5)), 7)
        size = None if chance.random() < 0.1 else -500 + 25 * min(int(chance.gauss(40 * kind + 20, 15)) % 400, 400)
        place = 0.5 if size is None else (size + 500) / 10_000
        month = min(max(int((place + chance.gauss(0, 0.08)) * 660), 0), 660)
        columns["kind"].append(MEMBERS[kind])
        columns["size"].append(None if size is None else Decimal(size).scaleb(-2))
        columns["born"].append(date(1950 + (month + 2) // 12, (month + 2) % 12 + 1, 1))
        columns["urgent"].append(None if chance.random() < 0.2 else chance.random() < 0.3)
        columns["yes"].append(chance.random() < (0.85 if kind in (1, 4) else 0.15))
    return columns  # type: ignore[return-value]


def made(
    *,
    rho: NanoRho = RHO_LARGE,
    target: str | None = "yes",
    noise: float = 1.0,
    seed: int = 0,
    rows: int = ROWS,
    columns: tuple[str, ...] = (),
) -> SyntheticTable:
    named = columns or tuple(DOMAINS)
    schema = schema_of({name: DOMAINS[name] for name in named})
    learner = Synthesiser(synthesis=synthesis_of(schema.tables[0], target=target, nano_rho=rho))
    data = invented()
    done = counted(learner, schema, {name: data[name] for name in named}, noise=noise, seed=seed)
    return learner.finish(done, rows=rows, chance=np.random.default_rng(seed))


def cell_of(name: str, value: object) -> int:
    """The cell in which a value is counted."""
    match value:
        case Decimal():
            return FEATURES[name].cell(int(value.scaleb(2)))
        case date():
            return FEATURES[name].cell((value - EPOCH) // timedelta(days=1))
        case _:
            return FEATURES[name].cell(value)  # type: ignore[arg-type]


def variation(real: Rows, table: SyntheticTable, *columns: str) -> float:
    """Total variation of the joint table of these columns."""
    shares: dict[tuple[int, ...], float] = {}
    synthetic = dict(zip(table.names, table.columns, strict=True))
    for source, sign in ((real, 1.0), (synthetic, -1.0)):
        parts = [[cell_of(name, value) for value in source[name]] for name in columns]
        for key in zip(*parts, strict=True):
            shares[key] = shares.get(key, 0.0) + sign / len(parts[0])
    return sum(map(abs, shares.values())) / 2


@pytest.fixture(scope="module")
def data() -> Rows:
    return invented()


@pytest.mark.parametrize("target", ["yes", None, "size"])
def test_with_almost_no_noise_every_table_of_one_and_two_columns_is_that_of_the_data(data: Rows, target: str | None) -> None:
    table = made(target=target, noise=0.0)
    assert table.rows == ROWS
    assert max(variation(data, table, name) for name in DOMAINS) < 0.01
    assert max(variation(data, table, *pair) for pair in combinations(DOMAINS, 2)) < 0.06


def test_a_dependence_that_the_data_have_is_kept_and_none_is_made_up(data: Rows) -> None:
    table = made(rho=NanoRho(50_000_000))
    alone = {name: Random(name).sample(list(values), len(values)) for name, values in data.items()}
    for pair in (("kind", "size"), ("size", "born"), ("kind", "yes"), ("kind", "born")):
        independent = variation(alone, table, *pair)
        assert independent > 0.2 and variation(data, table, *pair) < independent / 3, pair
    for name in DOMAINS.keys() - {"urgent"}:
        assert variation(alone, table, "urgent", name) < 0.06


def test_what_three_columns_share_with_the_target_is_kept(data: Rows) -> None:
    """Kind and urgency tell `yes` together: a synthesis without the target in its pairs has no table of all three."""
    chance = Random(3)
    both = [
        (a == "a") != (b is True) if chance.random() < 0.95 else chance.random() < 0.5
        for a, b in zip(data["kind"], data["urgent"], strict=True)
    ]
    rows = {"kind": data["kind"], "urgent": data["urgent"], "yes": both}
    schema = schema_of({name: DOMAINS[name] for name in rows})
    found: dict[str | None, float] = {}
    for target in ("yes", None):
        learner = Synthesiser(synthesis=synthesis_of(schema.tables[0], target=target, nano_rho=NanoRho(50_000_000)))
        table = learner.finish(counted(learner, schema, rows), rows=ROWS, chance=np.random.default_rng(0))
        found[target] = variation(rows, table, "kind", "urgent", "yes")
    assert found["yes"] < 0.03 and found[None] > 0.1, "pairs alone cannot tell it"


def test_every_value_lies_in_its_domain_and_on_its_grid() -> None:
    table = made(rho=NanoRho(3_000_000), rows=2_000)  # so much noise that every cell would be filled if it could be
    columns = dict(zip(table.names, table.columns, strict=True))
    assert set(columns["kind"]) <= set(MEMBERS) and set(columns["yes"]) == {True, False} and set(columns["urgent"]) == {True, False, None}
    sizes = [value for value in columns["size"] if value is not None]
    assert all(isinstance(size, Decimal) and -5 <= size <= 95 and (size * 100 + 500) % 25 == 0 for size in sizes)
    assert len({str(size) for size in sizes}) > 100, "values are spread over their cells"
    assert all(isinstance(born, date) and date(1950, 3, 1) <= born <= date(2005, 12, 31) and born.day == 1 for born in columns["born"])


def test_values_are_missing_as_often_as_in_the_data_and_never_where_they_cannot_be(data: Rows) -> None:
    table = made(rho=NanoRho(50_000_000))
    for name, column in zip(table.names, table.columns, strict=True):
        there = sum(value is None for value in data[name]) / ROWS
        assert sum(value is None for value in column) / ROWS == pytest.approx(there, abs=0.01 if there else 0.0)


def test_the_same_counts_and_the_same_chance_give_the_same_table() -> None:
    schema = schema_of(DOMAINS)
    learner = Synthesiser(synthesis=synthesis_of(schema.tables[0], target="yes", nano_rho=NanoRho(50_000_000)))
    done = counted(learner, schema, invented(rows=500))
    first, again, other = (learner.finish(done, rows=300, chance=np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert first == again and first.columns != other.columns
    assert learner.propose(done[:2]) == learner.propose(done[:2])


@pytest.mark.parametrize("columns", [("kind",), ("kind", "yes"), ("yes", "size"), ("born", "yes", "urgent")])
@pytest.mark.parametrize("target", ["yes", None])
def test_few_columns_are_enough(data: Rows, columns: tuple[str, ...], target: str | None) -> None:
    if target is not None and target not in columns:
        columns = (target,)
    table = made(columns=columns, target=target, noise=0.0)
    assert variation(data, table, *columns) < 0.05


def test_all_of_the_loss_is_spent_and_no_more() -> None:
    schema = schema_of(DOMAINS)
    for target in ("yes", None, "size"):
        for named in (("kind", "yes", "size"), ("yes", "size"), ("kind", "yes", "size", "born", "urgent")):
            spec = synthesis_of(schema.tables[0], columns=named, target=target, nano_rho=NanoRho(1_234_567))
            course = Synthesiser(synthesis=spec).course
            assert sum(cap.nano_rho for cap in course.rounds) == 1_234_567
            assert all(cap.nano_rho > 0 and cap.cells_max > 0 for cap in course.rounds)


def test_the_report_expects_errors_of_the_size_that_there_are(data: Rows) -> None:
    rho = NanoRho(30_000_000)
    schema = schema_of(DOMAINS)
    learner = Synthesiser(synthesis=synthesis_of(schema.tables[0], target="yes", nano_rho=rho))
    table = learner.finish(counted(learner, schema, data, seed=11), rows=ROWS, chance=np.random.default_rng(0))
    assert table.utility.rows == pytest.approx(ROWS, rel=0.05)
    true: list[float] = []
    for agreement in table.utility.pairs:
        true.append(variation(data, table, *agreement.columns))
        assert true[-1] <= 1.5 * (agreement.noise + agreement.fit) + 0.01, agreement
    means = table.utility.mean
    assert len(true) == 10 and 0.6 * np.mean(true) < means["pairs_noise"] < 1.3 * np.mean(true)


def test_more_noise_gives_larger_errors(data: Rows) -> None:
    errors: list[float] = []
    for rho in (100_000_000, 1_000_000):
        table = made(rho=NanoRho(rho), seed=1)
        errors.append(float(np.mean([variation(data, table, *pair) for pair in combinations(DOMAINS, 2)])))
    assert errors[0] < errors[1] / 1.5


def test_the_files_say_what_the_table_says() -> None:
    table = made(rows=50, noise=0.0)
    lines = table.csv().splitlines()
    assert lines[0] == "kind,size,born,urgent,yes" and len(lines) == 51
    assert [line.split(",") for line in lines[1:]] == [
        ["" if cell is None else str(cell).lower() if isinstance(cell, bool) else str(cell) for cell in row]
        for row in zip(*table.columns, strict=True)
    ]
    file = write_parquet(table.csv(), table.header, about={"receipt": {"x": 1}})
    again, about = read_parquet(file)
    assert again == table.csv() and about["receipt"] == {"x": 1}
    pq = pytest.importorskip("pyarrow.parquet")
    pa = pytest.importorskip("pyarrow")
    read = pq.read_table(pa.BufferReader(file))
    assert read.column("born").to_pylist() == list(table.columns[2]) and read.column("urgent").to_pylist() == list(table.columns[3])
    assert read.column("size").to_pylist() == [None if size is None else float(size) for size in table.columns[1]]


HELD = (
    InventedColumn(name="n", type=CellType.NUMBER, decimals=2),
    InventedColumn(name="i", type=CellType.INTEGER),
    InventedColumn(name="b", type=CellType.BOOLEAN),
    InventedColumn(name="d", type=CellType.DATE),
    InventedColumn(name="t", type=CellType.TEXT),
)
CELLS: Mapping[str, object] = {"n": 1.25, "i": 5, "b": True, "d": date(2001, 2, 3), "t": "x"}


def file_of(**changed: tuple[CellType, object]) -> bytes:
    """One row, in which some cells are others than the CSV says."""
    cells = {each.name: (each.type, CELLS[each.name]) for each in HELD} | changed
    parts = [(name, kind, [cell]) for name, (kind, cell) in cells.items()]
    return arrow_file(arrow_table(parts, about={"columns": write_columns(HELD)}))


def test_a_parquet_file_says_no_more_than_its_csv() -> None:
    """What was rounded, or is of another type, is not what was proven."""
    assert read_parquet(file_of())[0] == "n,i,b,d,t\n1.25,5,true,2001-02-03,x\n"
    for changed in (
        file_of(n=(CellType.NUMBER, 1.254)),
        file_of(n=(CellType.TEXT, "1.25")),
        file_of(n=(CellType.NUMBER, float("nan"))),
        file_of(i=(CellType.NUMBER, 5.4)),
        file_of(i=(CellType.NUMBER, 5.0)),
        file_of(i=(CellType.TEXT, "5")),
        file_of(b=(CellType.TEXT, "true")),
        file_of(b=(CellType.INTEGER, 1)),
        file_of(d=(CellType.TEXT, "2001-02-03")),
        file_of(t=(CellType.TEXT, "")),
        file_of(t=(CellType.BOOLEAN, True)),
    ):
        with pytest.raises(Refusal, match=r"client\.not_understood"):
            read_parquet(changed)


def test_numbers_that_no_float_holds_come_back_as_they_were() -> None:
    text = 'n,i,b,d,t\n12345678901234567.89,5,true,2001-02-03,x\n,,,,\n-0.01,-5,false,1999-12-31,"a,b"\n'
    assert read_parquet(write_parquet(text, HELD, about={"x": 1}))[0] == text


def test_a_table_without_end_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    column = (InventedColumn(name="t", type=CellType.TEXT),)
    file = write_parquet("t\n" + "word\n" * 3_000, column, about={})
    assert len(read_parquet(file)[0]) == 15_002
    for limit in ("CELLS_MAX", "CHARACTERS_MAX"):
        with monkeypatch.context() as here:
            here.setattr(files, limit, 2_000, raising=False)
            with pytest.raises(Refusal, match=r"client\.not_understood"):
                read_parquet(file)
