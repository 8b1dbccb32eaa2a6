"""The two schemas that the manual speaks of: a clinic, and TPC-H with the customer as the privacy unit."""

from collections.abc import Callable
from datetime import date, datetime

import pytest

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, Domain, KeyDomain, MomentDomain, NumberDomain, TextDomain
from amana.catalog.schema import Column, Path, Schema, Table
from amana.query.check import check, check_public
from amana.query.expr import Fixed
from amana.query.parse import parse
from amana.query.plan import Plan
from amana.query.tables import is_private
from amana.terms.refusal import Refusal

KEY = KeyDomain()
REGIONS = ("east", "north", "south", "west")
DRUGS = ("amoxil", "aspirin", "insulin")


def column(name: str, domain: Domain) -> Column:
    return Column(name=name, domain=domain)


def number(low: int, high: int, scale: int = 0, *, nullable: bool = False) -> NumberDomain:
    return NumberDomain(scale=scale, low=low, high=high, nullable=nullable)


def choice(*members: str, nullable: bool = False) -> ChoiceDomain:
    return ChoiceDomain(members=tuple(sorted(members)), nullable=nullable)


CLINIC = Schema(
    unit="patient",
    tables=(
        Table(
            name="patients",
            private=True,
            unit_column="patient",
            key=("patient",),
            columns=(
                column("patient", KEY),
                column("sex", choice("f", "m")),
                column("birth", DateDomain(low=date(1920, 1, 1), high=date(2024, 12, 31))),
                column("region", choice(*REGIONS)),
                column("weight", number(0, 2000, 1, nullable=True)),
            ),
        ),
        Table(
            name="visits",
            private=True,
            path=Path(parent="patients", on=(("patient", "patient"),)),
            key=("visit",),
            rows_per_unit_max=50,
            columns=(
                column("visit", KEY),
                column("patient", KEY),
                column("day", DateDomain(low=date(2020, 1, 1), high=date(2024, 12, 31))),
                column(
                    "arrived", MomentDomain(low=datetime.fromisoformat("2020-01-01"), high=datetime.fromisoformat("2024-12-31 23:59:59"))
                ),
                column("ward", choice("eye", "general", "heart")),
                column("region", choice(*REGIONS)),
                column("cost", number(0, 1_000_000, 2)),
                column("score", number(0, 10, nullable=True)),
                column("urgent", BooleanDomain()),
                column("note", TextDomain(length_max=200)),
            ),
        ),
        Table(
            name="prescriptions",
            private=True,
            path=Path(parent="visits", on=(("visit", "visit"),)),
            key=("prescription",),
            rows_per_unit_max=100,
            columns=(
                column("prescription", KEY),
                column("visit", KEY),
                column("drug", choice(*DRUGS)),
                column("doses", number(1, 100)),
            ),
        ),
        Table(
            name="regions",
            private=False,
            key=("region",),
            columns=(
                column("region", choice(*REGIONS)),
                column("country", choice("inland", "coast")),
                column("population", number(0, 10_000_000)),
            ),
        ),
        Table(
            name="drugs",
            private=False,
            key=("drug",),
            columns=(
                column("drug", choice(*DRUGS)),
                column("family", choice("antibiotic", "hormone", "painkiller")),
                column("price", number(0, 100_000, 2)),
            ),
        ),
    ),
)

_DAY = DateDomain(low=date(1992, 1, 1), high=date(1998, 12, 31))
_TEXT = TextDomain(length_max=200)
_MONEY = number(0, 60_000_000, 2)
_NATIONS = choice("ALGERIA", "BRAZIL", "CANADA", "CHINA", "FRANCE", "GERMANY", "INDIA", "SAUDI ARABIA")

TPCH = Schema(
    unit="customer",
    tables=(
        Table(
            name="customer",
            private=True,
            unit_column="c_custkey",
            key=("c_custkey",),
            columns=(
                column("c_custkey", KEY),
                column("c_name", _TEXT),
                column("c_address", _TEXT),
                column("c_nationkey", number(0, 24)),
                column("c_phone", _TEXT),
                column("c_acctbal", number(-99_999, 999_999, 2)),
                column("c_mktsegment", choice("AUTOMOBILE", "BUILDING", "FURNITURE", "HOUSEHOLD", "MACHINERY")),
                column("c_comment", _TEXT),
            ),
        ),
        Table(
            name="orders",
            private=True,
            path=Path(parent="customer", on=(("o_custkey", "c_custkey"),)),
            key=("o_orderkey",),
            rows_per_unit_max=60,
            columns=(
                column("o_orderkey", KEY),
                column("o_custkey", KEY),
                column("o_orderstatus", choice("F", "O", "P")),
                column("o_totalprice", _MONEY),
                column("o_orderdate", _DAY),
                column("o_orderpriority", choice("1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW")),
                column("o_clerk", _TEXT),
                column("o_shippriority", number(0, 0)),
                column("o_comment", _TEXT),
            ),
        ),
        Table(
            name="lineitem",
            private=True,
            path=Path(parent="orders", on=(("l_orderkey", "o_orderkey"),)),
            key=("l_orderkey", "l_linenumber"),
            rows_per_unit_max=300,
            columns=(
                column("l_orderkey", KEY),
                column("l_partkey", number(1, 200_000)),
                column("l_suppkey", number(1, 10_000)),
                column("l_linenumber", number(1, 7)),
                column("l_quantity", number(1, 50)),
                column("l_extendedprice", number(0, 11_000_000, 2)),
                column("l_discount", number(0, 10, 2)),
                column("l_tax", number(0, 8, 2)),
                column("l_returnflag", choice("A", "N", "R")),
                column("l_linestatus", choice("F", "O")),
                column("l_shipdate", _DAY),
                column("l_commitdate", _DAY),
                column("l_receiptdate", _DAY),
                column("l_shipinstruct", choice("COLLECT COD", "DELIVER IN PERSON", "NONE", "TAKE BACK RETURN")),
                column("l_shipmode", choice("AIR", "AIR REG", "FOB", "MAIL", "RAIL", "SHIP", "TRUCK")),
                column("l_comment", _TEXT),
            ),
        ),
        Table(
            name="nation",
            private=False,
            key=("n_nationkey",),
            columns=(
                column("n_nationkey", number(0, 24)),
                column("n_name", _NATIONS),
                column("n_regionkey", number(0, 4)),
                column("n_comment", _TEXT),
            ),
        ),
        Table(
            name="region",
            private=False,
            key=("r_regionkey",),
            columns=(
                column("r_regionkey", number(0, 4)),
                column("r_name", choice("AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST")),
                column("r_comment", _TEXT),
            ),
        ),
        Table(
            name="supplier",
            private=False,
            key=("s_suppkey",),
            columns=(
                column("s_suppkey", number(1, 10_000)),
                column("s_name", _TEXT),
                column("s_address", _TEXT),
                column("s_nationkey", number(0, 24)),
                column("s_phone", _TEXT),
                column("s_acctbal", number(-99_999, 999_999, 2)),
                column("s_comment", _TEXT),
            ),
        ),
        Table(
            name="part",
            private=False,
            key=("p_partkey",),
            columns=(
                column("p_partkey", number(1, 200_000)),
                column("p_name", _TEXT),
                column("p_mfgr", _TEXT),
                column("p_brand", choice("Brand#12", "Brand#23", "Brand#34", "Brand#45")),
                column("p_type", _TEXT),
                column("p_size", number(1, 50)),
                column(
                    "p_container",
                    choice(*(f"{size} {kind}" for size in ("JUMBO", "LG", "MED", "SM") for kind in ("BAG", "BOX", "CASE", "PACK", "PKG"))),
                ),
                column("p_retailprice", number(0, 210_000, 2)),
                column("p_comment", _TEXT),
            ),
        ),
        Table(
            name="partsupp",
            private=False,
            key=("ps_partkey", "ps_suppkey"),
            columns=(
                column("ps_partkey", number(1, 200_000)),
                column("ps_suppkey", number(1, 10_000)),
                column("ps_availqty", number(1, 9_999)),
                column("ps_supplycost", number(100, 100_000, 2)),
                column("ps_comment", _TEXT),
            ),
        ),
    ),
)

Ask = Callable[[str], Plan]
Refuse = Callable[[str], Refusal]


def _ask(schema: Schema) -> Ask:
    def ask(sql: str) -> Plan:
        return read(sql, schema)

    return ask


def read(sql: str, schema: Schema, *, constant: Fixed | None = Fixed(units=0)) -> Plan:  # noqa: B008 - frozen
    """The checked plan of a question; `constant` stands for each subquery that asks for one number."""

    def checked(plan: Plan) -> Plan:
        return (check if is_private(plan.source, schema) else check_public)(plan, schema)

    def scalar(plan: Plan) -> Fixed | None:
        checked(plan)
        return constant

    return checked(parse(sql, schema, scalar=scalar))


@pytest.fixture
def clinic() -> Ask:
    """Reads a question about the clinic and checks its plan as the kernel does."""
    return _ask(CLINIC)


@pytest.fixture
def tpch() -> Ask:
    return _ask(TPCH)


@pytest.fixture
def refusal() -> Refuse:
    """The refusal that a question about the clinic meets."""

    def refuse(sql: str) -> Refusal:
        with pytest.raises(Refusal) as caught:
            _ask(CLINIC)(sql)
        return caught.value

    return refuse
