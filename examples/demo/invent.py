"""Invents a country. No row is about anybody: every value is computed from a seed and a row number.

Writes to a folder, in less than a minute: 12 regions and 75 provinces with census totals, 300,000 people with
1.5 million visits to clinics, 60,000 pupils with marks, 40,000 households with readings of electricity meters.

    python examples/demo/invent.py demo-files
"""

import argparse
from pathlib import Path

import duckdb

PEOPLE = 300_000
VISITS = 1_500_000
PUPILS = 60_000
MARKS_PER_PUPIL = 12
HOUSEHOLDS = 40_000
MONTHS = 24
REGIONS = (
    ("Anzar", 8), ("Tamda", 7), ("Ighzar", 7), ("Azru", 6), ("Tifawt", 6), ("Adrar", 6),
    ("Asif", 6), ("Tizi", 6), ("Agadez", 6), ("Targa", 6), ("Ayyur", 6), ("Itri", 5),
)  # fmt: skip
"""Names of invented regions and how many provinces each has: 75 in all."""

SQL = """
-- h(text): a number in [0, 1) that depends on the seed and the text only
CREATE MACRO h(t) AS CAST(('0x' || left(md5(getvariable('seed') || '/' || t), 12)) AS BIGINT) / 281474976710656.0;
CREATE TABLE provinces AS
  SELECT region || ' ' || n AS province, region, CAST(40000 + 900000 * pow(h('p' || region || n), 2) AS INTEGER) AS population,
         row_number() OVER (ORDER BY region, n) - 1 AS i
  FROM regions, range(1, 9) t(n) WHERE n <= provinces;
CREATE TABLE shares AS
  SELECT i, province, region, coalesce(sum(population) OVER (ORDER BY i ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
         / sum(population) OVER () AS low, sum(population) OVER (ORDER BY i) / sum(population) OVER () AS high FROM provinces;
CREATE TABLE people AS
  SELECT p.id AS person, province, region, CAST(floor(95 * pow(p.a, 1.4)) AS INTEGER) AS age_2022,
         CASE WHEN h('s' || p.id) < 0.507 THEN 'female' ELSE 'male' END AS sex, h('f' || p.id) AS frailty
  FROM (SELECT range AS id, h('a' || range) AS a, h('w' || range) AS w FROM range($people)) p JOIN shares ON p.w >= low AND p.w < high;
CREATE TABLE visits AS
  SELECT v.id AS visit, p.person, DATE '2022-01-01' + CAST(floor(1461 * v.d) AS INTEGER) AS date, p.region, p.province,
         ['circulation', 'breathing', 'infection', 'injury', 'diabetes', 'pregnancy', 'teeth', 'mind', 'check']
           [CASE WHEN v.g < 0.14 + 0.0018 * p.age_2022 THEN 1 WHEN v.g < 0.36 THEN 2 WHEN v.g < 0.52 THEN 3 WHEN v.g < 0.64 THEN 4
                 WHEN v.g < 0.75 THEN 5 WHEN v.g < 0.80 THEN CASE WHEN p.sex = 'female' THEN 6 ELSE 7 END WHEN v.g < 0.88 THEN 7
                 WHEN v.g < 0.93 THEN 8 ELSE 9 END] AS diagnosis,
         ['general', 'emergency', 'specialist', 'laboratory', 'hospital'][1 + CAST(floor(5 * pow(v.s, 1.8)) AS INTEGER)] AS service,
         round(least(20000, 60 + 140 * exp(2.1 * v.c * v.c + 1.4 * pow(v.s, 3))), 2) AS cost,
         p.age_2022, p.sex, CAST(least(365, floor(-18 * ln(1 - v.w) * (1 + (p.age_2022 % 3)))) AS INTEGER) AS waiting_days
  FROM (SELECT range AS id, h('vd' || range) AS d, h('vg' || range) AS g, h('vs' || range) AS s, h('vc' || range) AS c,
               h('vw' || range) AS w, h('vp' || range) AS o FROM range($visits)) v
  JOIN people p ON p.person = (CAST(floor($people * (0.3 * v.o + 0.7 * pow(v.o, 1.6))) AS BIGINT) * 7919) % $people;
CREATE TABLE schools AS
  SELECT range AS school, province, region, CASE WHEN h('k' || range) < 0.55 THEN 'rural' ELSE 'urban' END AS setting
  FROM range(600) JOIN shares ON h('kw' || range) >= low AND h('kw' || range) < high;
CREATE TABLE pupils AS
  SELECT n.id AS pupil, s.school, s.region, s.setting, CASE WHEN h('us' || n.id) < 0.5 THEN 'girl' ELSE 'boy' END AS sex,
         CAST(7 + floor(6 * h('ug' || n.id)) AS INTEGER) AS grade, h('ut' || n.id) AS talent,
         CAST(floor(60 * pow(h('ua' || n.id), 3)) AS INTEGER) AS absent_days,
         h('ur' || n.id) < 1 / (1 + exp(3.2 - 0.08 * floor(60 * pow(h('ua' || n.id), 3))
           - CASE s.setting WHEN 'rural' THEN 0.7 ELSE 0 END + 3 * (h('ut' || n.id) - 0.5))) AS repeats
  FROM (SELECT range AS id, CAST(floor(600 * h('uk' || range)) AS BIGINT) AS school FROM range($pupils)) n JOIN schools s USING (school);
CREATE TABLE marks AS
  SELECT p.pupil * $marks + m.n AS mark_id, p.pupil,
         DATE '2024-09-15' + CAST(floor(270 * h('md' || p.pupil || '/' || m.n)) AS INTEGER) AS date,
         ['mathematics', 'Arabic', 'Amazigh', 'French', 'science', 'history'][1 + m.n % 6] AS subject,
         round(least(20, greatest(0, 4 + 9 * p.talent + 9 * h('mm' || p.pupil || '/' || m.n)
           - CASE p.setting WHEN 'rural' THEN 1 ELSE 0 END)) * 4) / 4 AS mark
  FROM pupils p, range($marks) m(n);
CREATE TABLE households AS
  SELECT n.id AS household, region, province, CAST(1 + floor(8 * pow(h('hm' || n.id), 1.5)) AS INTEGER) AS members,
         CASE WHEN h('hs' || n.id) < 0.12 THEN true ELSE false END AS solar,
         CASE WHEN h('hv' || n.id) < 0.4 THEN 'rural' ELSE 'urban' END AS setting,
         h('ho' || n.id) < CASE WHEN h('hv' || n.id) < 0.4 THEN 0.36 ELSE 0.68 END AS online_services
  FROM (SELECT range AS id, h('hw' || range) AS w FROM range($households)) n JOIN shares ON n.w >= low AND n.w < high;
CREATE TABLE readings AS
  SELECT h2.household, CAST(DATE '2024-01-01' + to_months(CAST(m.n AS INTEGER)) AS DATE) AS month, h2.region,
         round(least(2000, (40 + 28 * h2.members) * (0.5 + h('rk' || h2.household || '/' || m.n))
           * (1 + 0.35 * cos(m.n * 0.5236)) * CASE WHEN h2.solar THEN 0.6 ELSE 1 END), 1) AS energy_kwh
  FROM households h2, range($months) m(n);
"""
FILES = {
    "provinces": "SELECT province, region, population FROM provinces ORDER BY i",
    "visits": "SELECT visit, person, date, CAST(year(date) AS INTEGER) AS year, region, province, diagnosis, service, cost, "
    "age_2022 + year(date) - 2022 AS age, sex, waiting_days FROM visits ORDER BY visit",
    "schools": "SELECT school, province, setting FROM schools ORDER BY school",
    "pupils": "SELECT pupil AS pupil_id, school, region, setting, sex, grade, absent_days, repeats FROM pupils ORDER BY pupil",
    "marks": "SELECT mark_id, pupil AS pupil_id, date, subject, mark FROM marks ORDER BY mark_id",
    "homes": "SELECT household AS household_id, region, province, setting, members, solar, online_services FROM households "
    "ORDER BY household",
    "readings": "SELECT household AS household_id, month, region, energy_kwh FROM readings ORDER BY household, month",
}


def invent(folder: Path, *, seed: int = 2025, share: float = 1.0) -> dict[str, Path]:
    """Write the Parquet files and name them by table. `share` makes a smaller country of the same shape."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {"people": PEOPLE, "visits": VISITS, "pupils": PUPILS, "households": HOUSEHOLDS}
    values = {name: max(100, round(size * share)) for name, size in sizes.items()} | {"marks": MARKS_PER_PUPIL, "months": MONTHS}
    connection = duckdb.connect(":memory:")
    connection.execute(f"SET VARIABLE seed = '{seed}'")
    connection.execute("CREATE TABLE regions (region VARCHAR, provinces INTEGER)")
    connection.executemany("INSERT INTO regions VALUES (?, ?)", list(REGIONS))
    text = SQL
    for name, value in values.items():
        text = text.replace("$" + name, str(value))
    connection.execute(text)
    paths: dict[str, Path] = {}
    for name, query in FILES.items():
        paths[name] = folder / f"{name}.parquet"
        connection.execute(f"COPY ({query}) TO '{paths[name]}' (FORMAT parquet, COMPRESSION zstd)")
    connection.close()
    return paths


def main() -> None:
    """Invent the country into the folder named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=2025)
    parser.add_argument("--share", type=float, default=1.0, help="size of the country, 1 for all of it")
    options = parser.parse_args()
    for name, path in invent(options.folder, seed=options.seed, share=options.share).items():
        print(f"{name}: {path}")


if __name__ == "__main__":
    main()
