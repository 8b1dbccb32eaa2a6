"""The words of the benchmark page around its tables."""

HEAD = """# Benchmarks: private SQL against plain DuckDB and against other engines

`make bench` measures and writes this page and `bench/results/sql.json`; nothing in it is typed by hand. A run that was cut goes on where
it stopped; `rm -r .bench/state` starts afresh. Data: TPC-H at scale factor {scale} (and {large} for ours and plain DuckDB), privacy unit =
customer, the bounds of `examples/tpch/tpch.toml` for every engine.

- Machine: {machine}
- Amana: {packages}
{engines}

Times are wall seconds, medians; CPU seconds count all threads of the process. Ours and plain DuckDB (same version, the custodian's
original tables in a plain unencrypted file) alternate in one process, each after one run that is not counted; the peers follow, each in
a process of its own environment, 20 runs for each question unless its ten minutes were over before; fewer in this
record: {patience}. Ours is timed from the SQL text to rows ready to leave, ledger and log written durably; the moment of
release, which is fixed before the run and hides the true time, comes later and is not work.
"""

SPEED = """
## Speed

Multiples of plain DuckDB's median wall time (less is better); in our column, in brackets, the CPU multiple and the spread (least to most).
In a peer's column the first figure counts what was done for it before its clock (joins, tests and sums inside a customer; filters for
PipelineDP and diffprivlib), at the speed of plain DuckDB; in brackets without. Ours does all of it inside the clock.
"""

ACCURACY = """
## Accuracy

Median relative error over runs, groups and figures. Where errors are compared, those below 0.01 % count as equal. A group that is not released counts as 100 %. Ours: at least 30,000 noise draws on
one exact bounded result, so what truncation costs is in it, and shown alone as well. Peers: the runs named above, `n` of each in the
JSON; a median over 20 runs or fewer is itself off by a tenth or two, and the best of four such medians is a little too good. *Pure*: ε-differential privacy (δ = 1e-7 for unknown keys only). *δ*: (ε, 1e-7). At (ε, δ) we may use either mechanism.
"""

NOTES = """
## Where a target is missed, and why

- **The worst multiple** is met by questions that plain DuckDB answers in three or four milliseconds. Of the time for unknown keys a quarter
  is noise (5 µs of OpenDP for each of 1,000 keys), a sixth figures and intervals, the rest the scan, the ledger's two durable writes, the
  log's and reading the question. A quantile for each of five groups draws some 500 noisy counts and reads 20,000 bins.
- **Twenty times faster:** SmartNoise and Qrlew leave most of the work to the same DuckDB. The gain is largest on whole tables, and least where a
  join or a sum inside a customer, which takes everyone the same time, is most of the work (Q4, Q5, Q13, Q18, Q19).
- **Accuracy.** For a lone quantile OpenDP's exponential mechanism is better: it spends the whole loss on that one place, while here only
  noisy sums leave, and the tree of counts holds every quantile at once. Elsewhere the differences are those of bounds: the peers'
  are the best of a grid that was found with the exact data, ours are chosen from a private profile.

## What is not like for like

- ¹ Refused, unsupported, failed or out of time: the reasons stand below.
- The peers get one flat table for each question: joins, derived columns and aggregation inside a customer are done for them before the
  clock starts. OpenDP, PipelineDP and diffprivlib also have their frames in memory before it; PipelineDP and diffprivlib get them filtered.
  Every one of these is to the peer's advantage. Ours reads its encrypted file and does all joins inside the clock.
- The peers' contribution caps are the best of a grid by their own expected error, found with the exact data (`bench/caps.py`): better than a
  user could choose, and not private. Ours are chosen from public facts.
- The loss is split evenly over the sums that a question needs, each asked for once, also where the peer itself would ask twice.
- SmartNoise runs on DuckDB through its PostgreSQL reader. It refuses noise of a large scale, so values are given as shares of their bound.
- Qrlew knows no DuckDB: it reads the schema from an empty SQLite database, its PostgreSQL output is translated by sqlglot. It samples noise with
  the database's `random()` in floating point. Its COUNT(DISTINCT unit) counts rows unless each unit's weight is clipped to one, as it is here.
- OpenDP-Polars, PipelineDP and SmartNoise have no variance or correlation of their own here (or one that asks for more sums): computed from
  sums of squares and products. Its quantiles choose from 6,001 candidates.
- Ours, SmartNoise and Qrlew were run question by question on an idle machine. Part of the runs of OpenDP and PipelineDP
  shared the two cores with each other and with other work, so their multiples may be too high; none of these is the fastest on its
  question.
- diffprivlib protects a row, not a customer: its numbers are context, not rivals; it is left out of every comparison.
- Tumult Analytics needs Spark and Java, minutes for each question: left out. The DuckDB extension cwida/privacy has no wheel; by its own
  published figures (SF30, 16 cores) Q1 takes 11.2 ×, Q5 1.8 ×, Q6 2.8 ×, Q14 3.1 ×, Q19 1.9 × plain DuckDB.

## Why a question has no figure
"""
