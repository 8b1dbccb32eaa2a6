"""Every public fact of a dataset: what a researcher will see of it, without a row."""

from dataclasses import fields
from typing import TYPE_CHECKING

from amana.cli.show import write_table
from amana.client.text import Catalogue

if TYPE_CHECKING:
    from amana.catalog.schema import Dataset, Population, Processing, Table


def write_public(dataset: "Dataset", catalogue: Catalogue) -> None:
    """The dataset, its tables, and their columns, as three tables."""
    from amana.register.holds import holds

    titles = tuple(catalogue.say(f"public.{name}") for name in ("field", "value"))
    write_table(titles, [(catalogue.say(f"public.{name}"), value) for name, value in _facts(dataset, catalogue)], numbers=(False, False))
    print()
    names = ("table", "table_title", "rows", "key", "largest", "groups", "table_source")
    write_table(
        tuple(catalogue.say(f"public.{name}") for name in names),
        [_table(table, dataset, catalogue) for table in dataset.schema.tables],
        numbers=(False, False, False, False, True, False, False),
    )
    print()
    rows = [
        (f"{table.name}.{column.name}", holds(column.domain, catalogue), column.source)
        for table in dataset.schema.tables
        for column in table.columns
    ]
    write_table(tuple(catalogue.say(f"publish.{name}") for name in ("column", "holds", "source")), rows, numbers=(False, False, False))


def _facts(dataset: "Dataset", catalogue: Catalogue) -> list[tuple[str, str]]:
    from amana.catalog.purposes import read_term

    uses = [(text, read_term(text)) for text in dataset.purposes]
    return [
        ("name", dataset.name),
        *(("title", f"{language}: {title}") for language, title in dataset.title),
        ("custodian", dataset.custodian),
        ("controller", dataset.controller),
        ("legal_basis", dataset.legal_basis),
        *(("purpose", f"{text}: {catalogue.say(f'term.{use.code}')}" if use else text) for text, use in uses),
        ("retention", dataset.retention.isoformat()),
        ("population", f"{dataset.population.name} ({dataset.population.unit})"),
        ("promise", _promise(dataset.population, catalogue)),
        *(("processing", f"{name}: {value}") for name, value in _declared(dataset.processing)),
    ]


def _declared(processing: "Processing") -> list[tuple[str, str]]:
    """Each field of [dataset.processing] that the rules write; a list that says there is none is `[]`."""
    held = [(each.name, getattr(processing, each.name)) for each in fields(processing)]
    return [(name, value if isinstance(value, str) else "; ".join(value) or "[]") for name, value in held if value is not None]


def _promise(population: "Population", catalogue: Catalogue) -> str:
    from amana.catalog.rules_heading import promise_of

    held = promise_of(population)
    period = catalogue.say(f"public.period.{held['period']}")
    return catalogue.say("public.caps", rho=held["cap_rho"], delta=held["cap_delta"], share=held["profile_share"], period=period)


def _table(table: "Table", dataset: "Dataset", catalogue: Catalogue) -> tuple[str, ...]:
    title = dict(table.title).get(catalogue.language, "")
    if not table.private:
        rows, largest = catalogue.say("public.rows_public"), table.multiplicity
    elif table.path is not None:
        pairs = ", ".join(f"{here} = {there}" for here, there in table.path.on)
        rows, largest = catalogue.say("public.rows_child", parent=table.path.parent, pairs=pairs), table.rows_per_unit_max
    else:
        rows = catalogue.say("public.rows_unit", unit=dataset.population.unit, column=table.unit_column or "·")
        largest = table.rows_per_unit_max
    return table.name, title, rows, ", ".join(table.key), str(largest), ", ".join(table.occurrence), table.source
