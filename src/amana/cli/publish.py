"""`amana publish`: a custodian's tables, under her rules."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from amana.cli.public import write_public
from amana.cli.show import INTERRUPTED, stages, tell, write_table
from amana.client.explain import describe
from amana.client.figures import number, percent
from amana.client.text import Catalogue
from amana.local.publishing import check_files, publish_files, read_text
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amana.node.publish import Stage, TableReport

TABLE_FIGURES = ("table", "rows_read", "rows_kept", "units", "largest")
COLUMN_FIGURES = ("column", "missing", "wrong", "outside", "clamped", "undeclared", "members")


def publish(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Check the rules and tables, and publish them unless only a check was asked for."""
    rules = read_text(Path(options.rules))
    options.sql = rules  # refusals point into the rules
    _tell_problems(rules, catalogue)
    files = tuple(map(str, options.files))
    if options.check:
        dataset = check_files(files, rules, folder=options.folder)
        write_public(dataset, catalogue)
        from amana.register.holds import promise_in_words

        tell(promise_in_words(dataset.population, catalogue))
        tell(catalogue.say("publish.checked"))
        return

    def say(stage: "Stage") -> str:
        return catalogue.say(f"publish.step.{stage.step.value}", table=stage.table)

    try:
        with stages(say, catalogue.say("publish.working")) as progress:
            done = publish_files(files, rules, folder=options.folder, progress=progress)
    except KeyboardInterrupt:
        tell(catalogue.say("publish.interrupted"))
        raise SystemExit(INTERRUPTED) from None
    _write_reports(done.reports, catalogue)
    dataset = done.published.version.dataset
    tell(catalogue.say("publish.true_counts"))
    tell(catalogue.say("publish.done", dataset=dataset.name, version=done.published.version.id))
    tell(catalogue.say("publish.took", share=percent(done.profile_nrho / dataset.population.cap_nrho)))


def _tell_problems(rules: str, catalogue: Catalogue) -> None:
    """Every problem of the rules in the order of reading, the cause before what hangs on it, so that one reading mends them all.

    Errors: the last of them, which ends the command.
    """
    from amana.catalog.rules import problems_of

    problems: tuple[Refusal, ...] = problems_of(rules)
    for problem in problems[:-1]:
        tell(describe(problem, asked=rules, catalogue=catalogue))
    if problems:
        raise problems[-1]


def _write_reports(reports: "Sequence[TableReport]", catalogue: Catalogue) -> None:
    """The quality of the rows and columns, for the custodian alone."""
    rows = [
        (each.table, *(number(count, 0) for count in (each.rows_read, each.rows_kept, each.units, each.rows_per_unit_largest)))
        for each in reports
    ]
    _write(TABLE_FIGURES, rows, catalogue)
    print()
    rows = [
        (f"{report.table}.{each.column}", *(number(getattr(each, name), 0) for name in COLUMN_FIGURES[1:]))
        for report in reports
        for each in report.columns
    ]
    _write(COLUMN_FIGURES, rows, catalogue)
    for report in reports:
        for count in report.counts:
            event = catalogue.say(f"publish.event.{count.event.replace(' ', '_')}")
            outcome = catalogue.say("publish.left_out" if count.dropped else "publish.kept")
            place = f"{report.table}.{count.column}" if count.column else report.table
            tell(catalogue.count("publish.count", count.rows, place=place, event=event, outcome=outcome))


def _write(names: "Sequence[str]", rows: "Sequence[Sequence[str]]", catalogue: Catalogue) -> None:
    write_table([catalogue.say(f"publish.{name}") for name in names], rows, numbers=[False, *[True] * (len(names) - 1)])
