"""The questions of the benchmark: for us, for plain DuckDB on the custodian's tables, and in a flat form for the peers.

Every peer is asked for the same figures. What most peers cannot do themselves (joins, derived columns, aggregation inside
a unit) is done for them beforehand in `flat`, outside the clock: always to their advantage, and said in the report.
"""

from dataclasses import dataclass

REVENUE = "l_extendedprice * (1 - l_discount)"
OWNED = "lineitem JOIN orders ON o_orderkey = l_orderkey"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of a question over a column of `flat`. `low`, `high`: the declared bounds. `other`: for corr."""

    kind: str  # count | sum | mean | variance | quantile | units | corr | ratio
    column: str = ""
    low: float = 0.0
    high: float = 0.0
    other: str = ""
    other_low: float = 0.0
    other_high: float = 0.0
    level: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """`plain` gives `keys` key columns, then one column for each figure. `flat` has the unit as `u`, the keys under the
    names in `key_columns` and the columns of the figures; `where` filters it inside the clock of the peers that can."""

    name: str
    title: str
    amana: str
    plain: str
    flat: str
    figures: tuple[Figure, ...]
    where: str = ""
    key_columns: tuple[str, ...] = ()
    unknown_keys: bool = False
    family: str = "table"  # table: the nine of the comparison | tpch | own

    @property
    def keys(self) -> int:
        return len(self.key_columns)


COUNT = Figure(kind="count")
PRICE = {"low": 800.0, "high": 800_000.0}
EXTENDED = {"low": 900.0, "high": 104_950.0}
SOLD = {"low": 810.0, "high": 104_950.0}
"""The declared bounds, as in examples/tpch/tpch.toml: of o_totalprice, of l_extendedprice and of the revenue of a row."""


def _sql(text: str) -> str:
    return " ".join(text.split())


def _any(*containers: str) -> str:
    """OR in place of IN, which not every peer has."""
    return " OR ".join(f"p_container = '{container}'" for container in containers)


TABLE = (
    Query(
        name="count_filter",
        title="count with filter",
        amana="SELECT COUNT(*) AS n FROM orders WHERE o_orderpriority = '1-URGENT' AND o_orderdate >= DATE '1995-01-01'",
        plain="SELECT COUNT(*) FROM orders WHERE o_orderpriority = '1-URGENT' AND o_orderdate >= DATE '1995-01-01'",
        flat="SELECT o_custkey AS u, o_orderpriority, o_orderdate FROM orders",
        where="o_orderpriority = '1-URGENT' AND o_orderdate >= DATE '1995-01-01'",
        figures=(COUNT,),
    ),
    Query(
        name="sum_4_keys",
        title="sum by 4 public keys, all of lineitem",
        amana="SELECT l_shipinstruct, SUM(l_extendedprice) AS total FROM lineitem GROUP BY l_shipinstruct",
        plain="SELECT l_shipinstruct, SUM(l_extendedprice) FROM lineitem GROUP BY l_shipinstruct",
        flat=f"SELECT o_custkey AS u, l_shipinstruct, l_extendedprice::DOUBLE AS x FROM {OWNED}",
        key_columns=("l_shipinstruct",),
        figures=(Figure(kind="sum", column="x", **EXTENDED),),
    ),
    Query(
        name="avg_5_keys",
        title="average by 5 keys",
        amana="SELECT o_orderpriority, AVG(o_totalprice) AS mean FROM orders GROUP BY o_orderpriority",
        plain="SELECT o_orderpriority, AVG(o_totalprice) FROM orders GROUP BY o_orderpriority",
        flat="SELECT o_custkey AS u, o_orderpriority, o_totalprice::DOUBLE AS x FROM orders",
        key_columns=("o_orderpriority",),
        figures=(Figure(kind="mean", column="x", **PRICE),),
    ),
    Query(
        name="unknown_keys",
        title="1,000 unknown keys per scale factor",
        amana="SELECT o_clerk, COUNT(*) AS n FROM orders GROUP BY o_clerk",
        plain="SELECT o_clerk, COUNT(*) FROM orders GROUP BY o_clerk",
        flat="SELECT o_custkey AS u, o_clerk FROM orders",
        key_columns=("o_clerk",),
        unknown_keys=True,
        figures=(COUNT,),
    ),
    Query(
        name="distinct_units",
        title="count distinct units",
        amana="SELECT COUNT(DISTINCT customer) AS n FROM orders",
        plain="SELECT COUNT(DISTINCT o_custkey) FROM orders",
        flat="SELECT o_custkey AS u FROM orders",
        figures=(Figure(kind="units"),),
    ),
    Query(
        name="join_nation",
        title="3-way join, revenue by nation",
        amana=_sql(f"""SELECT n_name, SUM({REVENUE}) AS revenue FROM lineitem JOIN orders ON o_orderkey = l_orderkey
            JOIN customer ON c_custkey = o_custkey JOIN nation ON n_nationkey = c_nationkey GROUP BY n_name"""),
        plain=_sql(f"""SELECT n_name, SUM({REVENUE}) FROM lineitem JOIN orders ON o_orderkey = l_orderkey
            JOIN customer ON c_custkey = o_custkey JOIN nation ON n_nationkey = c_nationkey GROUP BY n_name"""),
        flat=_sql(f"""SELECT o_custkey AS u, n_name, ({REVENUE})::DOUBLE AS x FROM {OWNED}
            JOIN customer ON c_custkey = o_custkey JOIN nation ON n_nationkey = c_nationkey"""),
        key_columns=("n_name",),
        figures=(Figure(kind="sum", column="x", **SOLD),),
    ),
    Query(
        name="join_customer",
        title="join on customer",
        amana=_sql("""SELECT c_mktsegment, SUM(o_totalprice) AS total FROM orders JOIN customer ON c_custkey = o_custkey
            GROUP BY c_mktsegment"""),
        plain=_sql("""SELECT c_mktsegment, SUM(o_totalprice) FROM orders JOIN customer ON c_custkey = o_custkey
            GROUP BY c_mktsegment"""),
        flat=_sql("""SELECT o_custkey AS u, c_mktsegment, o_totalprice::DOUBLE AS x FROM orders
            JOIN customer ON c_custkey = o_custkey"""),
        key_columns=("c_mktsegment",),
        figures=(Figure(kind="sum", column="x", **PRICE),),
    ),
    Query(
        name="median",
        title="median",
        amana="SELECT MEDIAN(o_totalprice) AS m FROM orders",
        plain="SELECT MEDIAN(o_totalprice) FROM orders",
        flat="SELECT o_custkey AS u, o_totalprice::DOUBLE AS x FROM orders",
        figures=(Figure(kind="quantile", column="x", **PRICE),),
    ),
    Query(
        name="histogram_months",
        title="80-month histogram",
        amana="SELECT DATE_TRUNC('month', o_orderdate) AS month, COUNT(*) AS n FROM orders GROUP BY DATE_TRUNC('month', o_orderdate)",
        plain="SELECT DATE_TRUNC('month', o_orderdate) AS month, COUNT(*) FROM orders GROUP BY month",
        flat="SELECT o_custkey AS u, (YEAR(o_orderdate) * 10000 + MONTH(o_orderdate) * 100 + 1)::BIGINT AS mon FROM orders",
        key_columns=("mon",),
        figures=(COUNT,),
    ),
)

TPCH = (
    Query(
        name="q1",
        title="TPC-H Q1",
        family="tpch",
        amana=_sql(f"""SELECT l_returnflag, l_linestatus, SUM(l_quantity) AS sum_qty, SUM(l_extendedprice) AS sum_base,
            SUM({REVENUE}) AS sum_disc, SUM({REVENUE} * (1 + l_tax)) AS sum_charge, AVG(l_quantity) AS avg_qty,
            AVG(l_extendedprice) AS avg_price, AVG(l_discount) AS avg_disc, COUNT(*) AS n FROM lineitem
            WHERE l_shipdate <= DATE '1998-09-02' GROUP BY l_returnflag, l_linestatus"""),
        plain=_sql(f"""SELECT l_returnflag, l_linestatus, SUM(l_quantity), SUM(l_extendedprice), SUM({REVENUE}),
            SUM({REVENUE} * (1 + l_tax)), AVG(l_quantity), AVG(l_extendedprice), AVG(l_discount), COUNT(*) FROM lineitem
            WHERE l_shipdate <= DATE '1998-09-02' GROUP BY l_returnflag, l_linestatus"""),
        flat=_sql(f"""SELECT o_custkey AS u, l_returnflag, l_linestatus, l_shipdate, l_quantity::DOUBLE AS qty,
            l_extendedprice::DOUBLE AS base, ({REVENUE})::DOUBLE AS disc_price, ({REVENUE} * (1 + l_tax))::DOUBLE AS charge,
            l_discount::DOUBLE AS disc FROM {OWNED}"""),
        where="l_shipdate <= DATE '1998-09-02'",
        key_columns=("l_returnflag", "l_linestatus"),
        figures=(
            Figure(kind="sum", column="qty", low=1, high=50),
            Figure(kind="sum", column="base", **EXTENDED),
            Figure(kind="sum", column="disc_price", **SOLD),
            Figure(kind="sum", column="charge", low=810, high=113_346),
            Figure(kind="mean", column="qty", low=1, high=50),
            Figure(kind="mean", column="base", **EXTENDED),
            Figure(kind="mean", column="disc", low=0, high=0.1),
            COUNT,
        ),
    ),
    Query(
        name="q4",
        title="TPC-H Q4",
        family="tpch",
        amana=_sql("""SELECT o_orderpriority, COUNT(*) AS n FROM orders WHERE o_orderdate >= DATE '1993-07-01'
            AND o_orderdate < DATE '1993-10-01' AND EXISTS (SELECT 1 FROM lineitem WHERE l_orderkey = o_orderkey
            AND l_commitdate < l_receiptdate) GROUP BY o_orderpriority"""),
        plain=_sql("""SELECT o_orderpriority, COUNT(*) FROM orders WHERE o_orderdate >= DATE '1993-07-01'
            AND o_orderdate < DATE '1993-10-01' AND EXISTS (SELECT 1 FROM lineitem WHERE l_orderkey = o_orderkey
            AND l_commitdate < l_receiptdate) GROUP BY o_orderpriority"""),
        flat=_sql("""SELECT o_custkey AS u, o_orderpriority, o_orderdate FROM orders WHERE EXISTS (SELECT 1 FROM lineitem
            WHERE l_orderkey = o_orderkey AND l_commitdate < l_receiptdate)"""),
        where="o_orderdate >= DATE '1993-07-01' AND o_orderdate < DATE '1993-10-01'",
        key_columns=("o_orderpriority",),
        figures=(COUNT,),
    ),
    Query(
        name="q5",
        title="TPC-H Q5",
        family="tpch",
        amana=_sql(f"""SELECT n_name, SUM({REVENUE}) AS revenue FROM lineitem JOIN orders ON o_orderkey = l_orderkey
            JOIN customer ON c_custkey = o_custkey JOIN supplier ON s_suppkey = l_suppkey
            JOIN nation ON n_nationkey = s_nationkey JOIN region ON r_regionkey = n_regionkey
            WHERE c_nationkey = s_nationkey AND r_name = 'ASIA' AND o_orderdate >= DATE '1994-01-01'
            AND o_orderdate < DATE '1995-01-01' GROUP BY n_name"""),
        plain=_sql(f"""SELECT n_name, SUM({REVENUE}) AS revenue FROM lineitem JOIN orders ON o_orderkey = l_orderkey
            JOIN customer ON c_custkey = o_custkey JOIN supplier ON s_suppkey = l_suppkey
            JOIN nation ON n_nationkey = s_nationkey JOIN region ON r_regionkey = n_regionkey
            WHERE c_nationkey = s_nationkey AND r_name = 'ASIA' AND o_orderdate >= DATE '1994-01-01'
            AND o_orderdate < DATE '1995-01-01' GROUP BY n_name"""),
        flat=_sql(f"""SELECT o_custkey AS u, n_name, o_orderdate, ({REVENUE})::DOUBLE AS x FROM {OWNED}
            JOIN customer ON c_custkey = o_custkey JOIN supplier ON s_suppkey = l_suppkey AND c_nationkey = s_nationkey
            JOIN nation ON n_nationkey = s_nationkey JOIN region ON r_regionkey = n_regionkey AND r_name = 'ASIA'"""),
        where="o_orderdate >= DATE '1994-01-01' AND o_orderdate < DATE '1995-01-01'",
        key_columns=("n_name",),
        figures=(Figure(kind="sum", column="x", **SOLD),),
    ),
    Query(
        name="q6",
        title="TPC-H Q6",
        family="tpch",
        amana=_sql("""SELECT SUM(l_extendedprice * l_discount) AS revenue FROM lineitem WHERE l_shipdate >= DATE '1994-01-01'
            AND l_shipdate < DATE '1995-01-01' AND l_discount BETWEEN 0.05 AND 0.07 AND l_quantity < 24"""),
        plain=_sql("""SELECT SUM(l_extendedprice * l_discount) FROM lineitem WHERE l_shipdate >= DATE '1994-01-01'
            AND l_shipdate < DATE '1995-01-01' AND l_discount BETWEEN 0.05 AND 0.07 AND l_quantity < 24"""),
        flat=_sql(f"""SELECT o_custkey AS u, l_shipdate, (l_discount * 100)::INTEGER AS percent, l_quantity::INTEGER AS qty,
            (l_extendedprice * l_discount)::DOUBLE AS x FROM {OWNED}"""),
        where="l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1995-01-01' AND percent >= 5 AND percent <= 7 AND qty < 24",
        figures=(Figure(kind="sum", column="x", low=0, high=10_495),),
    ),
    Query(
        name="q12",
        title="TPC-H Q12",
        family="tpch",
        amana=_sql("""SELECT l_shipmode, SUM(CASE WHEN o_orderpriority IN ('1-URGENT', '2-HIGH') THEN 1 ELSE 0 END) AS high,
            SUM(CASE WHEN o_orderpriority IN ('1-URGENT', '2-HIGH') THEN 0 ELSE 1 END) AS low FROM lineitem
            JOIN orders ON o_orderkey = l_orderkey WHERE l_shipmode IN ('MAIL', 'SHIP') AND l_commitdate < l_receiptdate
            AND l_shipdate < l_commitdate AND l_receiptdate >= DATE '1994-01-01' AND l_receiptdate < DATE '1995-01-01'
            GROUP BY l_shipmode HAVING l_shipmode IN ('MAIL', 'SHIP')"""),
        plain=_sql("""SELECT l_shipmode, SUM(CASE WHEN o_orderpriority IN ('1-URGENT', '2-HIGH') THEN 1 ELSE 0 END),
            SUM(CASE WHEN o_orderpriority IN ('1-URGENT', '2-HIGH') THEN 0 ELSE 1 END) FROM lineitem
            JOIN orders ON o_orderkey = l_orderkey WHERE l_shipmode IN ('MAIL', 'SHIP') AND l_commitdate < l_receiptdate
            AND l_shipdate < l_commitdate AND l_receiptdate >= DATE '1994-01-01' AND l_receiptdate < DATE '1995-01-01'
            GROUP BY l_shipmode"""),
        flat=_sql(f"""SELECT o_custkey AS u, l_shipmode, l_receiptdate,
            (o_orderpriority IN ('1-URGENT', '2-HIGH'))::DOUBLE AS high,
            (o_orderpriority NOT IN ('1-URGENT', '2-HIGH'))::DOUBLE AS low FROM {OWNED}
            WHERE l_shipmode IN ('MAIL', 'SHIP') AND l_commitdate < l_receiptdate AND l_shipdate < l_commitdate"""),
        where="l_receiptdate >= DATE '1994-01-01' AND l_receiptdate < DATE '1995-01-01'",
        key_columns=("l_shipmode",),
        figures=(Figure(kind="sum", column="high", low=0, high=1), Figure(kind="sum", column="low", low=0, high=1)),
    ),
    Query(
        name="q13",
        title="TPC-H Q13",
        family="tpch",
        amana=_sql("""SELECT n, COUNT(*) AS customers FROM (SELECT c_custkey, COUNT(o_orderkey) AS n FROM customer
            LEFT JOIN orders ON o_custkey = c_custkey AND o_comment NOT LIKE '%special%requests%' GROUP BY c_custkey) AS per
            GROUP BY n"""),
        plain=_sql("""SELECT n, COUNT(*) FROM (SELECT c_custkey, COUNT(o_orderkey) AS n FROM customer
            LEFT JOIN orders ON o_custkey = c_custkey AND o_comment NOT LIKE '%special%requests%' GROUP BY c_custkey)
            GROUP BY n"""),
        flat=_sql("""SELECT c_custkey AS u, COUNT(o_orderkey)::BIGINT AS n FROM customer
            LEFT JOIN orders ON o_custkey = c_custkey AND o_comment NOT LIKE '%special%requests%' GROUP BY c_custkey"""),
        key_columns=("n",),
        unknown_keys=True,
        figures=(COUNT,),
    ),
    Query(
        name="q14",
        title="TPC-H Q14",
        family="tpch",
        amana=_sql(f"""SELECT 100 * SUM(CASE WHEN p_type LIKE 'PROMO%' THEN {REVENUE} ELSE 0 END) / SUM({REVENUE}) AS promo
            FROM lineitem JOIN part ON p_partkey = l_partkey WHERE l_shipdate >= DATE '1995-09-01'
            AND l_shipdate < DATE '1995-10-01'"""),
        plain=_sql(f"""SELECT 100 * SUM(CASE WHEN p_type LIKE 'PROMO%' THEN {REVENUE} ELSE 0 END) / SUM({REVENUE})
            FROM lineitem JOIN part ON p_partkey = l_partkey WHERE l_shipdate >= DATE '1995-09-01'
            AND l_shipdate < DATE '1995-10-01'"""),
        flat=_sql(f"""SELECT o_custkey AS u, l_shipdate, ({REVENUE})::DOUBLE AS y,
            (CASE WHEN p_type LIKE 'PROMO%' THEN {REVENUE} ELSE 0 END)::DOUBLE AS x
            FROM {OWNED} JOIN part ON p_partkey = l_partkey"""),
        where="l_shipdate >= DATE '1995-09-01' AND l_shipdate < DATE '1995-10-01'",
        figures=(Figure(kind="ratio", column="x", low=0, high=104_950, other="y", other_low=810, other_high=104_950, level=100),),
    ),
    Query(
        name="q18",
        title="TPC-H Q18-like: large orders",
        family="tpch",
        amana=_sql("""SELECT COUNT(*) AS orders, SUM(quantity) AS quantity FROM (SELECT o_custkey, o_orderkey,
            SUM(l_quantity) AS quantity FROM lineitem JOIN orders ON o_orderkey = l_orderkey GROUP BY o_custkey, o_orderkey)
            AS per WHERE quantity > 200"""),
        plain=_sql("""SELECT COUNT(*), SUM(quantity) FROM (SELECT o_custkey, o_orderkey, SUM(l_quantity) AS quantity
            FROM lineitem JOIN orders ON o_orderkey = l_orderkey GROUP BY o_custkey, o_orderkey) WHERE quantity > 200"""),
        flat=f"SELECT o_custkey AS u, SUM(l_quantity)::DOUBLE AS x FROM {OWNED} GROUP BY o_custkey, o_orderkey",
        where="x > 200",
        figures=(COUNT, Figure(kind="sum", column="x", low=0, high=350)),
    ),
    Query(
        name="q19",
        title="TPC-H Q19",
        family="tpch",
        amana=_sql(f"""SELECT SUM({REVENUE}) AS revenue FROM lineitem JOIN part ON p_partkey = l_partkey
            WHERE l_shipmode IN ('AIR', 'REG AIR') AND l_shipinstruct = 'DELIVER IN PERSON' AND (
            (p_brand = 'Brand#12' AND p_container IN ('SM CASE', 'SM BOX', 'SM PACK', 'SM PKG') AND l_quantity BETWEEN 1 AND 11
            AND p_size BETWEEN 1 AND 5) OR (p_brand = 'Brand#23' AND p_container IN ('MED BAG', 'MED BOX', 'MED PKG', 'MED PACK')
            AND l_quantity BETWEEN 10 AND 20 AND p_size BETWEEN 1 AND 10) OR (p_brand = 'Brand#34' AND p_container IN
            ('LG CASE', 'LG BOX', 'LG PACK', 'LG PKG') AND l_quantity BETWEEN 20 AND 30 AND p_size BETWEEN 1 AND 15))"""),
        plain="",
        flat=_sql(f"""SELECT o_custkey AS u, l_shipmode, l_shipinstruct, p_brand, p_container, l_quantity::INTEGER AS qty,
            p_size::INTEGER AS size, ({REVENUE})::DOUBLE AS x FROM {OWNED} JOIN part ON p_partkey = l_partkey
            WHERE l_shipmode IN ('AIR', 'REG AIR') AND l_shipinstruct = 'DELIVER IN PERSON'"""),
        where=(
            f"(p_brand = 'Brand#12' AND ({_any('SM CASE', 'SM BOX', 'SM PACK', 'SM PKG')}) AND qty >= 1 AND qty <= 11"
            " AND size >= 1 AND size <= 5)"
            f" OR (p_brand = 'Brand#23' AND ({_any('MED BAG', 'MED BOX', 'MED PKG', 'MED PACK')}) AND qty >= 10 AND qty <= 20"
            " AND size >= 1 AND size <= 10)"
            f" OR (p_brand = 'Brand#34' AND ({_any('LG CASE', 'LG BOX', 'LG PACK', 'LG PKG')}) AND qty >= 20 AND qty <= 30"
            " AND size >= 1 AND size <= 15)"
        ),
        figures=(Figure(kind="sum", column="x", **SOLD),),
    ),
)

OWN = (
    Query(
        name="mean_per_unit",
        title="orders per customer, on average",
        family="own",
        amana="SELECT AVG(n) AS mean FROM (SELECT o_custkey, COUNT(*) AS n FROM orders GROUP BY o_custkey) AS per",
        plain="SELECT AVG(n) FROM (SELECT o_custkey, COUNT(*) AS n FROM orders GROUP BY o_custkey)",
        flat="SELECT o_custkey AS u, COUNT(*)::DOUBLE AS x FROM orders GROUP BY o_custkey",
        figures=(Figure(kind="mean", column="x", low=0, high=60),),
    ),
    Query(
        name="variance_keys",
        title="variance by 5 keys",
        family="own",
        amana="SELECT o_orderpriority, VARIANCE(o_totalprice) AS v FROM orders GROUP BY o_orderpriority",
        plain="SELECT o_orderpriority, VARIANCE(o_totalprice) FROM orders GROUP BY o_orderpriority",
        flat="SELECT o_custkey AS u, o_orderpriority, o_totalprice::DOUBLE AS x FROM orders",
        key_columns=("o_orderpriority",),
        figures=(Figure(kind="variance", column="x", **PRICE),),
    ),
    Query(
        name="correlation",
        title="correlation of quantity and price",
        family="own",
        amana="SELECT CORR(l_quantity, l_extendedprice) AS r FROM lineitem",
        plain="SELECT CORR(l_quantity, l_extendedprice) FROM lineitem",
        flat=f"SELECT o_custkey AS u, l_quantity::DOUBLE AS x, l_extendedprice::DOUBLE AS y FROM {OWNED}",
        figures=(Figure(kind="corr", column="x", low=1, high=50, other="y", other_low=900, other_high=104_950),),
    ),
    Query(
        name="quantile_segment",
        title="90 % quantile by segment",
        family="own",
        amana="SELECT c_mktsegment, QUANTILE_CONT(c_acctbal, 0.9) AS q FROM customer GROUP BY c_mktsegment",
        plain="SELECT c_mktsegment, QUANTILE_CONT(c_acctbal, 0.9) FROM customer GROUP BY c_mktsegment",
        flat="SELECT c_custkey AS u, c_mktsegment, c_acctbal::DOUBLE AS x FROM customer",
        key_columns=("c_mktsegment",),
        figures=(Figure(kind="quantile", column="x", low=-999.99, high=9_999.99, level=0.9),),
    ),
    Query(
        name="exists_unit",
        title="customers with an urgent order, by segment",
        family="own",
        amana=_sql("""SELECT c_mktsegment, COUNT(*) AS n FROM customer WHERE EXISTS (SELECT 1 FROM orders
            WHERE o_custkey = c_custkey AND o_orderpriority = '1-URGENT') GROUP BY c_mktsegment"""),
        plain=_sql("""SELECT c_mktsegment, COUNT(*) FROM customer WHERE EXISTS (SELECT 1 FROM orders
            WHERE o_custkey = c_custkey AND o_orderpriority = '1-URGENT') GROUP BY c_mktsegment"""),
        flat=_sql("""SELECT c_custkey AS u, c_mktsegment FROM customer WHERE EXISTS (SELECT 1 FROM orders
            WHERE o_custkey = c_custkey AND o_orderpriority = '1-URGENT')"""),
        key_columns=("c_mktsegment",),
        figures=(COUNT,),
    ),
    Query(
        name="union_quarters",
        title="orders and shipments by quarter (UNION ALL)",
        family="own",
        amana=_sql("""SELECT DATE_TRUNC('quarter', day) AS quarter, COUNT(*) AS n FROM (SELECT o_orderdate AS day FROM orders
            UNION ALL SELECT l_shipdate AS day FROM lineitem) AS events GROUP BY DATE_TRUNC('quarter', day)"""),
        plain=_sql("""SELECT DATE_TRUNC('quarter', day) AS quarter, COUNT(*) FROM (SELECT o_orderdate AS day FROM orders
            UNION ALL SELECT l_shipdate AS day FROM lineitem) AS events GROUP BY quarter"""),
        flat=_sql(f"""SELECT u, (YEAR(day) * 10000 + (QUARTER(day) * 3 - 2) * 100 + 1)::BIGINT AS qtr FROM (
            SELECT o_custkey AS u, o_orderdate AS day FROM orders UNION ALL
            SELECT o_custkey AS u, l_shipdate AS day FROM {OWNED})"""),
        key_columns=("qtr",),
        figures=(COUNT,),
    ),
)

QUERIES: tuple[Query, ...] = TABLE + TPCH + OWN


def plain_sql(query: Query) -> str:
    """The question as plain DuckDB is asked it."""
    return query.plain or query.amana
