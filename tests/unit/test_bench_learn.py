"""The benchmark of learners: its page follows from its results, and a peer that gave nothing says why."""

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


def bench(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    return importlib.import_module(name)


def row(**more: Any) -> dict[str, Any]:
    return {
        "data": "heart", "learner": "auto", "who": "ours", "splits": "tuned", "epsilon": 1.0, "metric": "auc", "score_mean": 0.87,
        "score_sd": 0.02, "seeds": 5, "cpu_s": 2.0,
    } | more  # fmt: skip


def test_the_page_about_quality_is_made_from_the_results_of_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    report = bench("learn_report", monkeypatch)
    rows, audits, attacks = (json.loads(path.read_text(encoding="utf-8")) for path in (report.RESULTS, report.AUDITS, report.ATTACKS))
    assert report.PAGE.read_text(encoding="utf-8") == report.page(rows, audits=audits, attacks=attacks)


def test_both_attackers_find_the_copies_and_next_to_nothing_in_our_table(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = json.loads(bench("learn_report", monkeypatch).ATTACKS.read_text(encoding="utf-8"))
    assert {row["by"] for row in rows} == {"ours", "anonymeter"} and len(rows) == 18
    for row in rows:
        assert row["low"] <= 0.02 and row["high"] < 0.1 if row["table"].startswith("ours") else row["low"] > 0.2, row


def test_the_bound_of_our_audits_claims_too_much_no_more_than_one_time_in_twenty(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = [row for row in json.loads(bench("learn_report", monkeypatch).AUDITS.read_text(encoding="utf-8")) if row["by"] == "ours"]
    assert ours and all(row["above_share"] <= 0.05 + 3 * (0.05 * 0.95 / row["times"]) ** 0.5 for row in ours)
    assert all(row["epsilon_lower_mean"] > 0.5 * row["epsilon_lost"] for row in ours if row["mu"] >= 1)


def test_a_peer_without_a_result_stands_on_the_page_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    report = bench("learn_report", monkeypatch)
    none = {"who": "peer", "score_mean": None, "score_sd": None, "seeds": 0, "cpu_s": None, "reason": "no answer in 10 minutes"}
    few = row(learner="diffprivlib", who="peer", score_mean=0.88, seeds=2, reason="no answer in 10 minutes")
    wide = row(data="adult", learner="opendp AIM", metric="total_variation_1_way") | none
    page = report.page([row(), row(learner="interpret") | none, few, wide])
    assert "none, see below" in page
    assert "- interpret's private EBM, heart: no score: no answer in 10 minutes." in page
    assert "- diffprivlib, regression, heart: 2 runs only: no answer in 10 minutes." in page
    assert "- OpenDP AIM, adult: no score: no answer in 10 minutes." in page
    assert "diffprivlib, regression is better than `auto`, 0.880 against 0.870; less than one standard deviation." in page


def test_each_maker_of_tables_has_a_line_with_its_options_and_its_way_to_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    report = bench("learn_report", monkeypatch)

    def of(learner: str, *scores: float, **more: Any) -> list[dict[str, Any]]:
        named = zip(report.SYNTHETIC, scores, strict=True)
        return [row(data="adult", learner=learner, metric=metric, score_mean=score) | more for (metric, *_), score in named]

    rows = [*of("synthetic", 0.005, 0.02, 0.06, who="ours"), *of("opendp AIM, queries=2, sampled", 0.01, 0.02, 0.06, who="peer")]
    page = report.page([row(), *rows])
    assert "| *target* | ≤ 0.007 | ≤ 0.03 | ≤ 0.065 | ≤ 60 |  |  |" in page
    assert "| Amana | 0.0050 | 0.0200 | 0.0600 | 2.0 | 5 | yes |" in page
    assert "| OpenDP AIM, queries=2, sampled | 0.0100 | 0.0200 | 0.0600 | 2.0 | 5 | no |" in page


def test_opendp_gets_a_loss_whose_shares_add_up_and_refuses_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "bench" / "peers"))
    opendp = importlib.import_module("opendp_shares")
    of_adult = {"columns": 15, "measure_split": 0.9}
    assert opendp.shares(0.030552742, **of_adult) == (0.0015276370999999993, 0.0015276371000000003)  # as its refusal says
    assert opendp.loss_that_fits(30_552_742, **of_adult) == 0.03055274
    may, spent = opendp.shares(0.03055274, **of_adult)
    assert 0.999_999 * may < spent <= may


def test_the_page_says_how_far_auto_is_from_the_best_and_what_fell_short(monkeypatch: pytest.MonkeyPatch) -> None:
    report = bench("learn_report", monkeypatch)
    ours = [row(learner=name, score_mean=score) for name, score in (("auto", 0.85), ("linear", 0.85), ("glass-box", 0.88))]
    page = report.page([*ours, row(splits="fresh", score_mean=0.84, seeds=10)])
    assert "at most 0.030 below" in page and "more than the 0.005 that it should be at most" in page
    assert "- heart disease, four hospitals, AUC: 0.850 is short of 0.86." in page
    assert "## Splits that nobody had looked at" in page and "So here are 10 other splits" in page
    assert "trees on heart" in page


def test_a_run_that_dies_or_takes_too_long_is_kept_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    peers = bench("learn_peers", monkeypatch)
    script = tmp_path / "peers" / "it.py"
    script.parent.mkdir()
    for name, value in {"HOUSE": tmp_path, "WORK": tmp_path / "work", "python_of": lambda _: sys.executable}.items():
        monkeypatch.setattr(peers, name, value)
    peer = peers.peer_of("it", "it.py", "it", "none")

    def said(code: str) -> dict[str, Any]:
        script.write_text(code, encoding="utf-8")
        done: dict[str, Any] = peers.serve(peer, {"runs": 1}, name=str(abs(hash(code))))
        assert done["done"]
        return done

    assert said("raise SystemExit('it needs a key')")["unsupported"] == "died with code 1: it needs a key"
    assert said("import os, signal\nos.kill(os.getpid(), signal.SIGXCPU)")["unsupported"] == "no answer in 10 minutes"
    one = 'import sys\nopen(sys.argv[2], \'w\').write(\'{"rows": [1], "done": true, "unsupported": null}\')'
    assert said(one)["rows"] == [1] and said(one)["unsupported"] is None


def test_scores_are_what_their_names_say(monkeypatch: pytest.MonkeyPatch) -> None:
    learn = bench("learn", monkeypatch)
    yes = np.array([True, True, False, False])
    assert learn.auc_of(yes, np.array([4.0, 2.0, 3.0, 1.0])) == 0.75
    assert learn.auc_of(yes, np.zeros(4)) == 0.5
    assert learn.r2_of(np.array([1, 2, 3]), np.array([1.0, 2.0, 3.0])) == 1.0
    assert learn.r2_of(np.array([1, 2, 3]), np.array([2.0, 2.0, 2.0])) == 0.0


def test_fresh_splits_are_none_of_those_that_were_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    learn = bench("learn", monkeypatch)
    assert not {seed // 5 for seed in learn.seeds_of("fresh", 10)} & {seed // 5 for seed in learn.seeds_of("tuned", 100)}
