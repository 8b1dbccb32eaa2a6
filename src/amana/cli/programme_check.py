"""`amana programme check` and `evaluate`: what a plan says against its sources and a log, and where every commitment stands.

None of them needs a node: a plan file, its sources, a copy of the public log.
"""

import argparse
import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from amana.cli.log import policy_of_options, refusal_of
from amana.cli.show import tell, working, write_table
from amana.cli.trust import read_file, with_library
from amana.cli.words import needed
from amana.client.explain import describe
from amana.client.text import Catalogue
from amana.local.door import find_folder
from amana.terms.refusal import Refusal, cause_of

if TYPE_CHECKING:
    from amana.log.read import LogReader
    from amana.programme.check import Text
    from amana.programme.copy import Copied
    from amana.programme.status import Measure, Standing

LOG = "log"


def check(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Whether a plan file is right, says where everything comes from, and is what a log adopted. Every fault is told.

    Errors: Refusal programme.*.
    """
    with_library()
    from amana.programme.check import check_adopted, check_sources
    from amana.programme.plan_file import PLAN_BYTES_MAX, problems_of, read_plan

    content = read_file(needed(options.what, word="PLAN", example="amana programme check plan.toml"), bytes_max=PLAN_BYTES_MAX)
    _raise_all(problems_of(content), catalogue)
    plan = read_plan(content)
    found = list(check_sources(plan, {each.sha256: each for each in map(_text, options.source or ())}))
    adopted = None
    if options.log:
        from amana.programme.copy import adopted_at

        with _reading(options.log):
            adopted = adopted_at(_reader(options.log), name=plan.id)
        found += check_adopted(plan, adopted[1])
    _raise_all(found, catalogue)
    counts = {"commitments": len(plan.commitments), "indicators": len(plan.indicators()), "spans": len(plan.spans())}
    tell(catalogue.say("programme.checked", **{name: str(count) for name, count in counts.items()}))
    if adopted is not None:
        tell(catalogue.say("programme.checked_adopted", index=str(adopted[0])))


def evaluate(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Where every commitment stands, from a copy of the log that is verified first. Errors: Refusal programme.*, log.*."""
    copied = _evaluated(options, catalogue)
    found = copied.evaluation
    if options.shape == "json":
        from amana.programme.iati import evaluation_as_json

        origin = copied.verified.checkpoint.origin
        print(json.dumps({**evaluation_as_json(found), "log-origin": origin}, ensure_ascii=False, indent=2))
    elif options.shape == "csv":
        from amana.programme.iati import evaluation_as_csv

        print(evaluation_as_csv(found), end="")
    else:
        heads = tuple(catalogue.say(f"list.{name}") for name in ("commitment", "status", "indicator", "actual", "target"))
        rows = [row for standing in found.standings for row in _rows(standing, catalogue)]
        write_table(heads, rows, numbers=(False, False, False, True, True))
    checkpoint = copied.verified.checkpoint
    named = {"size": str(found.size), "origin": checkpoint.origin, "root": found.root, "day": found.today.isoformat()}
    tell(catalogue.say("programme.evaluated", **named))


def _rows(standing: "Standing", catalogue: Catalogue) -> Sequence[tuple[str, ...]]:
    status = catalogue.word("status", standing.status.value)
    return [
        (
            standing.commitment.id if first == 0 else "",
            status if first == 0 else "",
            measure.indicator.id,
            _actual(measure),
            _target(measure),
        )
        for first, measure in enumerate(standing.measures)
    ]


def _actual(measure: "Measure") -> str:
    from amana.client.figures import number

    current = measure.current
    if current is None or current.value is None:
        return "–"
    shown = number(float(current.value), 0 if current.value.denominator == 1 else 1)
    if current.low is None or current.high is None:
        return shown
    return f"{shown} ({number(float(current.low), 1)} – {number(float(current.high), 1)})"


def _target(measure: "Measure") -> str:
    from amana.client.figures import number

    target = measure.next or measure.due
    assert target is not None, "an indicator has a target"
    return f"{number(float(target.value), 0 if target.value.denominator == 1 else 1)} ({target.period.name})"


def _evaluated(options: argparse.Namespace, catalogue: Catalogue) -> "Copied":
    with_library()
    from amana.programme.copy import evaluate_copy
    from amana.programme.plan_file import PLAN_BYTES_MAX, read_plan

    plan = read_plan(read_file(options.what, bytes_max=PLAN_BYTES_MAX)) if options.what else None
    place = options.log or str(find_folder(options.folder) / LOG)
    options.of, at = place, _day(options.at)
    with _reading(place), working(catalogue.say("log.working")):
        policy = policy_of_options(place, options, catalogue)
        return evaluate_copy(_reader(place), policy=policy, today=at, name=options.plan or "", plan=plan)


def _day(written: str | None) -> date:
    try:
        return datetime.now(UTC).date() if written is None else date.fromisoformat(written)
    except ValueError:
        raise Refusal("cli.bad_date", text=str(written)[:40]) from None


def _text(name: str) -> "Text":
    """A source text, as its spans count in it. Errors: Refusal programme.source_*, cli.file_unreadable."""
    from amana.programme.check import Text
    from amana.programme.source import BYTES_MAX, read_source

    source = read_source(read_file(name, bytes_max=BYTES_MAX))
    return Text(sha256=source.sha256, text=source.text)


def _raise_all(found: Sequence[Refusal], catalogue: Catalogue) -> None:
    """Tell all but the first of what is wrong, and raise that. Errors: Refusal."""
    for refusal in found[1:]:
        tell(describe(refusal, asked="", catalogue=catalogue))
    if found:
        raise found[0]


def _reader(place: str) -> "LogReader":
    from amana.log.read import reader_of

    return reader_of(place)


@contextmanager
def _reading(place: str) -> Generator[None]:
    """Errors: Refusal log.* for what is wrong with the log, or keeps it from being read."""
    from amana.log.violation import Violation

    try:
        yield
    except Violation as error:
        raise refusal_of(error) from None
    except OSError as error:
        raise Refusal("log.unreadable", place=place[:200], reason=cause_of(error)) from None
