"""One dataset on its custodian's desk: how its budget is spent over time, and by whom."""

from dataclasses import dataclass
from typing import final

from fastapi import Response

from amana.node.permits import dataset_of
from amana.node.service import Service
from amana.policy.rights import Action, check
from amana.register.over_time import Spent
from amana.terms.ids import ProjectId
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.pages.render import page
from amana.web.pages.route import Mine, personal_pages
from amana.web.pages.spending_chart import Chart, chart_of
from amana.web.pages.words import day_of

router = personal_pages()
PROJECTS_MAX = 50


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a project spent. `title`: empty for the custodian's own uses. `line`: the number of its line in the drawing, if it has one."""

    project: str
    title: tuple[tuple[str, str], ...]
    share: float
    last: str
    dash: str | None


@router.get("/desk/custodian/datasets/{name}", openapi_extra=doing(Action.EXPORT_RECORD))
def dataset(reader: Mine, name: str) -> Response:
    """The budget over time, drawn and as a table."""
    service, known = reader.service, {each.name: each for each in reader.service.datasets()}
    if name not in known:
        raise Refusal("node.unknown_dataset", name=name[:80], names=", ".join(known))
    with service.database.reading() as run:
        owned = dataset_of(run, known[name])
    check(Action.EXPORT_RECORD, reader.who, on=owned, now=service.now())
    population = known[name].population
    spent = service.desks.spent(population.name)
    chart = None if spent is None else chart_of(spent, today=day_of(service.now()))
    sharing = [each for each in known.values() if each.population.name == population.name and each.name != name]
    return page(
        reader,
        "custodian_dataset.html",
        dataset=known[name],
        budget=service.node.budget(name),
        promised=service.desks.promised_nrho(population.name) / population.cap_nrho,
        spent=spent,
        chart=chart,
        rows=() if spent is None or chart is None else _rows(service, spent, chart),
        sharing=sharing,
    )


def _rows(service: Service, spent: Spent, chart: Chart) -> tuple[Row, ...]:
    dashes = {each.project: each.dash for each in chart.lines}
    return tuple(
        Row(project=project, title=_title(service, project), share=days[-1][1], last=days[-1][0], dash=dashes.get(project))
        for project, days in spent.projects[:PROJECTS_MAX]
    )


def _title(service: Service, project: str) -> tuple[tuple[str, str], ...]:
    try:
        return service.projects.place(ProjectId(project)).title if project else ()
    except Refusal:
        return (("en", project),)
