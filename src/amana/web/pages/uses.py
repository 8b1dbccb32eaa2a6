"""The register in words: what was done with the data."""

from dataclasses import dataclass
from typing import final

from fastapi import Response
from markupsafe import Markup

from amana.log.look import entries_between
from amana.policy.rights import Action
from amana.web.access import doing
from amana.web.pages.log import reader_of, size_of, undamaged
from amana.web.pages.projects import Number, Work, entries_told, populations_of, rows_done, work_of
from amana.web.pages.render import page
from amana.web.pages.route import Read, public_pages
from amana.web.pages.told import isolated, known_of, members_of, project_named, purposes_named

ROWS_SHOWN = 50
ENTRIES_LOOKED_MAX = 256
USES_SHOWN = 15
QUESTIONS = frozenset({"ask", "recall", "train", "synthesise"})
"""What people ask for. A dataset's profile, which is measured column by column before anybody asks, is in the sums."""
router = public_pages()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one project, or the custodian herself, did with one dataset."""

    who: Markup
    purposes: Markup
    work: Work


@router.get("/uses", openapi_extra=doing(Action.SEE_PUBLIC))
def uses(reader: Read, number: Number = 1) -> Response:
    """By dataset and project, and the latest uses one by one."""
    service = reader.service
    rows = rows_done(service)
    shown = rows[(number - 1) * ROWS_SHOWN : number * ROWS_SHOWN]
    known, populations = known_of(service, shown), populations_of(service)
    lines = tuple(
        Line(
            who=project_named(reader, str(row["project"]), known=known) if row["project"] else isolated(row["custodian"]),
            purposes=purposes_named(reader, row["purposes"]),
            work=work_of(reader, row, known=known, populations=populations),
        )
        for row in shown
    )
    files = reader_of(service)
    size = size_of(files)
    low = max(0, size - ENTRIES_LOOKED_MAX)
    with undamaged():
        entries = entries_between(files, low=low, high=size, size=size)
    latest = [index for index, each in enumerate(entries, start=low) if members_of(each).get("verb") in QUESTIONS]
    return page(
        reader, "uses.html", lines=lines, latest=entries_told(reader, latest[-USES_SHOWN:]), number=number,
        more=len(rows) > number * ROWS_SHOWN,
    )  # fmt: skip
