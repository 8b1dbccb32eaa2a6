"""Projects as everybody may read them: from their approval on, and nothing of who applied, judged or decided.

The statements below read no column that names a person or a reason, so no page can show one.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast, final

from amana.node.project_rows import read_terms
from amana.policy.people import Asker
from amana.policy.rights import Action, check
from amana.policy.things import Node
from amana.policy.transitions import ProjectState
from amana.terms.database import Database, Row, text, text_or_none
from amana.terms.ids import ProjectId
from amana.terms.refusal import Refusal

_COLUMNS = """SELECT project.id, project.state, project.title, project.lay_summary, project.purposes, project.datasets, project.ends_on,
organisation.name, (SELECT MAX(audit.at) FROM audit WHERE audit.thing = 'project' AND audit.subject = project.id
AND audit.now_is = project.state AND audit.was <> audit.now_is) FROM project JOIN organisation ON organisation.id = project.organisation"""
_PUBLIC = """(project.state IN ('approved', 'active', 'suspended', 'expired', 'revoked') OR (project.state = 'closed' AND EXISTS (
SELECT 1 FROM audit WHERE audit.thing = 'project' AND audit.subject = project.id AND audit.action = 'close'
AND audit.was IN ('approved', 'active', 'suspended'))))"""
"""A project is closed in two ways: as one that was approved, or before, and then its words were never judged."""
LIST = f"{_COLUMNS} WHERE {_PUBLIC} ORDER BY project.made_at DESC, project.id LIMIT :limit OFFSET :skipped"
ONE = f"{_COLUMNS} WHERE project.id = :id AND {_PUBLIC}"
TITLE = f"SELECT project.title FROM project WHERE project.id = :id AND {_PUBLIC}"  # noqa: S608 - constants
LISTED_MAX = 1_000


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PublicProject:
    """`title`, `lay_summary`: pairs (language, text). `purposes`: without what somebody wrote freely, as the log tells them. `since`:
    when it came into its state."""

    id: ProjectId
    state: ProjectState
    title: tuple[tuple[str, str], ...]
    lay_summary: tuple[tuple[str, str], ...]
    organisation: str
    purposes: tuple[str, ...]
    datasets: tuple[str, ...]
    ends_on: datetime
    since: datetime | None


@final
class PublicProjects:
    """The projects of this node for everybody. Errors: every method raises the refusals of `policy.rights.check`."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now

    def projects(self, asker: Asker | None, *, skipped: int = 0, limit: int) -> tuple[PublicProject, ...]:
        """A page of them, the newest first."""
        check(Action.SEE_PUBLIC, asker, on=Node(), now=self._now())
        with self._database.reading() as run:
            return tuple(_read(row) for row in run.rows(LIST, {"skipped": skipped, "limit": min(limit, LISTED_MAX)}))

    def project(self, asker: Asker | None, *, project: ProjectId) -> PublicProject:
        """One of them. Errors: Refusal node.not_found, also for one that is not public."""
        check(Action.SEE_PUBLIC, asker, on=Node(), now=self._now())
        with self._database.reading() as run:
            found = run.rows(ONE, {"id": project})
            if not found:
                raise Refusal("node.not_found", thing="word.thing.project", name=project[:80])
            return _read(found[0])

    def titles(self, asker: Asker | None, *, projects: frozenset[str]) -> dict[str, tuple[tuple[str, str], ...]]:
        """The titles of those among these projects that are public."""
        check(Action.SEE_PUBLIC, asker, on=Node(), now=self._now())
        with self._database.reading() as run:
            found = {name: run.rows(TITLE, {"id": name}) for name in projects}
        return {name: _texts(text(rows[0][0])) for name, rows in found.items() if rows}


def _read(row: Row) -> PublicProject:
    name, state, title, lay_summary, purposes, datasets, ends_on, organisation, since = row
    at = text_or_none(since)
    terms = read_terms(tuple(cast("list[str]", json.loads(text(purposes)))))
    return PublicProject(
        id=ProjectId(text(name)),
        state=ProjectState(text(state)),
        title=_texts(text(title)),
        lay_summary=_texts(text(lay_summary)),
        organisation=text(organisation),
        purposes=tuple(dict.fromkeys(term.closed for term in terms)),
        datasets=tuple(dict.fromkeys(cast("list[str]", json.loads(text(datasets))))),
        ends_on=datetime.fromisoformat(text(ends_on)),
        since=None if at is None else datetime.fromisoformat(at),
    )


def _texts(held: str) -> tuple[tuple[str, str], ...]:
    return tuple(cast("dict[str, str]", json.loads(held)).items())
