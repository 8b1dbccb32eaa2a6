"""`amana publish`: a custodian's tables, under her rules."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from amana.cli.show import tell, working, write_table
from amana.client.explain import describe
from amana.client.figures import number
from amana.client.text import Catalogue
from amana.local.publishing import check_files, publish_files, read_text
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.catalog.domains import Domain
    from amana.catalog.schema import Dataset


def publish(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Check the rules and tables, and publish them unless only a check was asked for."""
    rules = read_text(Path(options.rules))
    options.sql = rules  # refusals point into the rules
    _tell_problems(rules, catalogue)
    files = tuple(map(Path, options.files))
    if options.check:
        _write_public(check_files(files, rules), catalogue)
        tell(catalogue.say("publish.checked"))
        return
    with working(catalogue.say("publish.working")):
        done = publish_files(files, rules, folder=options.folder)
    columns = tuple(catalogue.say(f"publish.{name}") for name in ("table", "rows_read", "rows_kept", "units", "largest"))
    rows = [
        (each.table, *(number(count, 0) for count in (each.rows_read, each.rows_kept, each.units, each.rows_per_unit_largest)))
        for each in done.reports
    ]
    write_table(columns, rows, numbers=(False, True, True, True, True))
    for report in done.reports:
        for count in report.counts:
            event = catalogue.say(f"publish.event.{count.event.replace(' ', '_')}")
            outcome = catalogue.say("publish.left_out" if count.dropped else "publish.kept")
            place = f"{report.table}.{count.column}" if count.column else report.table
            tell(catalogue.count("publish.count", count.rows, place=place, event=event, outcome=outcome))
    dataset = done.published.version.dataset
    tell(catalogue.say("publish.true_counts"))
    tell(catalogue.say("publish.done", dataset=dataset.name, version=done.published.version.id))


def _tell_problems(rules: str, catalogue: Catalogue) -> None:
    """All but the first problem of the rules, which the publishing itself refuses: so that one reading mends them all."""
    from amana.catalog.rules import problems_of

    problems: tuple[Refusal, ...] = problems_of(rules)
    for problem in problems[1:]:
        tell(describe(problem, asked=rules, catalogue=catalogue))


def _write_public(dataset: "Dataset", catalogue: Catalogue) -> None:
    """Every public fact that a researcher would see."""
    columns = tuple(catalogue.say(f"publish.{name}") for name in ("table", "column", "holds", "source"))
    rows = [(table.name, column.name, holds(column.domain), column.source) for table in dataset.schema.tables for column in table.columns]
    write_table(columns, rows, numbers=(False, False, False, False))


def holds(domain: "Domain") -> str:
    """A domain in the words of the rules file."""
    from amana.catalog import domains

    match domain:
        case domains.NumberDomain():
            kind = f"number {domain.low / 10**domain.scale:.{domain.scale}f} … {domain.high / 10**domain.scale:.{domain.scale}f}"
        case domains.DateDomain():
            kind = f"date {domain.low} … {domain.high}"
        case domains.MomentDomain():
            kind = f"moment {domain.low} … {domain.high}"
        case domains.ChoiceDomain():
            kind = f"choice of {len(domain.members)}"
        case domains.BooleanDomain():
            kind = "boolean"
        case domains.TextDomain():
            kind = f"text of at most {domain.length_max}"
        case domains.KeyDomain():
            kind = "key"
        case _:
            assert_never(domain)
    return f"{kind}, nullable" if domain.nullable else kind
