"""`/datasets`: what is public of each dataset, for everybody."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date, datetime
from io import BufferedReader
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, Domain, KeyDomain, MomentDomain, NumberDomain, TextDomain
from amana.catalog.profile import Histogram, TableProfile
from amana.catalog.schema import Column, Table, Version
from amana.node.service import Service
from amana.policy.rights import Action
from amana.register.listing import FORMS
from amana.terms.refusal import Refusal
from amana.terms.summary import ColumnSummary, Quantile, TableSummary
from amana.web.access import doing
from amana.web.context import Here
from amana.web.lists import Paged, listed
from amana.web.questions import Limited
from amana.web.routing import new_router
from amana.web.shapes import BudgetOut, CardsOut, DatasetOut

router: APIRouter = new_router("datasets")
CHUNK_BYTES = 2**16
BINARY = {"schema": {"type": "string", "format": "binary"}}
SAMPLED: dict[int | str, dict[str, object]] = {
    200: {"description": "The file", "content": {FORMS["csv"]: {"schema": {"type": "string"}}, FORMS["parquet"]: BINARY}}
}
TableName = Annotated[str, Query(max_length=80, description="which table")]
Form = Annotated[Literal["csv", "parquet"] | None, Query(description="what the file is; otherwise what `Accept` names, else CSV")]


@router.get("/datasets", response_model=CardsOut, openapi_extra=doing(Action.SEE_PUBLIC))
def datasets(here: Here, page: Paged) -> Mapping[str, object]:
    """The datasets published here, by name."""
    later = sorted((each for each in here.versions() if each.dataset.name > page.after), key=lambda each: each.dataset.name)
    shown = later[: page.limit]
    last = shown[-1].dataset.name if len(later) > len(shown) else None
    return listed([_card(each) for each in shown], page=page, last=last)


@router.get("/datasets/{name}", response_model=DatasetOut, openapi_extra=doing(Action.SEE_PUBLIC))
def dataset(here: Here, name: str) -> Mapping[str, object]:
    """All that is public of one dataset: titles, custodian, legal basis, purposes, promise, tables, columns and what they hold."""
    version = _version(here, name)
    budget, found = here.node.budget(version.dataset.name), version.dataset
    population = found.population
    return {
        "name": found.name,
        "title": dict(found.title),
        "custodian": found.custodian,
        "controller": found.controller,
        "legal_basis": found.legal_basis,
        "purposes": list(found.purposes),
        "retention": found.retention.isoformat(),
        "checklist": [dict(question) for question in found.checklist],
        "version": version.id,
        "promise": {
            "population": population.name,
            "unit": population.unit,
            "period": budget.period,
            "cap_nrho": population.cap_nrho,
            "cap_delta_units": population.cap_delta,
            "epsilon": budget.epsilon_of_cap,
            "delta": budget.delta_shown,
        },
        "tables": [_table(table) for table in found.schema.tables],
    }


@router.get("/datasets/{name}/profile", openapi_extra=doing(Action.SEE_PUBLIC))
def profile(here: Here, name: str) -> Mapping[str, object]:
    """The private profile: noisy histograms of every column, and the same as missing shares, quantiles and members with intervals."""
    found = _version(here, name).dataset.name
    summaries = {each.table: each for each in here.node.profile_summary(found)}
    return {"dataset": found, "tables": [_profiled(each, summaries[each.table]) for each in here.node.profile(found)]}


@router.get("/datasets/{name}/sample", response_class=StreamingResponse, responses=SAMPLED, openapi_extra=doing(Action.SEE_PUBLIC))
async def sample(
    here: Here,
    limits: Limited,
    name: str,
    table: TableName,
    form: Form = None,
    accept: Annotated[str, Header(include_in_schema=False)] = FORMS["csv"],
) -> StreamingResponse:
    """One table of the invented sample as a CSV or Parquet file: the form of the real table, no row about anybody."""
    chosen = form or ("parquet" if FORMS["parquet"] in accept else "csv")
    file, tag = await limits.dry_runs.run(lambda: _sampled(here, name, table=table, form=chosen))
    return StreamingResponse(_chunks(file), media_type=FORMS[chosen], headers={"ETag": f'"{tag}"'})


@router.get("/datasets/{name}/budget", response_model=BudgetOut, openapi_extra=doing(Action.SEE_PUBLIC))
def budget(here: Here, name: str) -> Mapping[str, object]:
    """What its population may lose, what it has lost, what is left, and which project took it."""
    found = here.node.budget(_version(here, name).dataset.name)
    spent = here.spending(found.population)
    return {
        **asdict(found),
        "left_nrho": found.cap_nrho - found.spent_nrho,
        "left_delta_units": found.cap_delta_units - found.spent_delta_units,
        "by": [{"project": each.project, "loss_nrho": each.nano_rho, "delta_units": each.delta_units} for each in spent],
    }


def _version(here: Service, name: str) -> Version:
    """Errors: Refusal node.unknown_dataset."""
    versions = {each.dataset.name: each for each in here.versions()}
    if name not in versions:
        raise Refusal("node.unknown_dataset", name=name[:80], names=", ".join(versions))
    return versions[name]


def _card(version: Version) -> Mapping[str, object]:
    dataset = version.dataset
    return {
        "name": dataset.name,
        "title": dict(dataset.title),
        "unit": dataset.population.unit,
        "tables": [table.name for table in dataset.schema.tables],
        "custodian": dataset.custodian,
        "version": version.id,
    }


def _table(table: Table) -> Mapping[str, object]:
    return {
        "name": table.name,
        "private": table.private,
        "title": dict(table.title),
        "key": list(table.key),
        "parent": None if table.path is None else table.path.parent,
        "rows_per_unit_max": table.rows_per_unit_max if table.private else None,
        "multiplicity": None if table.private else table.multiplicity,
        "columns": [_column(column) for column in table.columns],
        "source": table.source,
    }


def _column(column: Column) -> Mapping[str, object]:
    kind = type(column.domain).__name__.removesuffix("Domain").lower()
    held = {"kind": kind, "nullable": column.domain.nullable, **_held(column.domain)}
    return {"name": column.name, "domain": held, "source": column.source}


def _held(domain: Domain) -> Mapping[str, object]:
    """What a column of that kind may hold; numbers in their own unit."""
    match domain:
        case NumberDomain():
            grid = 10**domain.scale
            return {"low": domain.low / grid, "high": domain.high / grid, "step": domain.step / grid}
        case DateDomain():
            return {"low": domain.low.isoformat(), "high": domain.high.isoformat(), "step": domain.step.value}
        case MomentDomain():
            return {"low": domain.low.isoformat(), "high": domain.high.isoformat()}
        case ChoiceDomain():
            return {"members": list(domain.members)}
        case TextDomain():
            return {"length_max": domain.length_max}
        case BooleanDomain() | KeyDomain():
            return {}


def _sampled(here: Service, name: str, *, table: str, form: str) -> tuple[BufferedReader, str]:
    """The file, and what tells it from others."""
    file = here.node.sample_file(_version(here, name).dataset.name, table=table, form=form)
    tag = hashlib.file_digest(file, "sha256").hexdigest()[:32]
    file.seek(0)
    return file, tag


def _chunks(file: BufferedReader) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _profiled(profile: TableProfile, summary: TableSummary) -> Mapping[str, object]:
    told = {each.name: each for each in summary.columns}
    columns = [*profile.columns, *profile.presence]
    return {
        "table": profile.table,
        "units": profile.units,
        "rows": profile.rows,
        "units_interval": [summary.units.low, summary.units.high],
        "rows_interval": [summary.rows.low, summary.rows.high],
        "rows_per_unit": [_quantile(each) for each in summary.rows_per_unit],
        "groups_per_unit": [{"column": name, **asdict(mean)} for name, mean in summary.groups_per_unit],
        "columns": [{**_histogram(name, histogram), **_summary(told.get(name))} for name, histogram in columns],
    }


def _histogram(name: str, histogram: Histogram) -> Mapping[str, object]:
    return {
        "name": name,
        "low": histogram.low,
        "width": histogram.width,
        "counts": list(histogram.counts),
        "missing": histogram.missing,
    }


def _summary(summary: ColumnSummary | None) -> Mapping[str, object]:
    if summary is None:
        return {}
    return {
        "kind": summary.kind,
        "decimals": summary.decimals,
        "missing_share": asdict(summary.missing),
        "quantiles": [_quantile(each) for each in summary.quantiles],
        "members": [{"value": member, "share": asdict(share)} for member, share in summary.members],
    }


def _quantile(quantile: Quantile) -> Mapping[str, object]:
    written = {name: _text(value) for name, value in asdict(quantile).items()}
    return {**written, "half_width": quantile.half_width}


def _text(value: object) -> object:
    return value.isoformat() if isinstance(value, date | datetime) else value
