"""The projects that everybody may read of: those that were approved once. What they tell names no person."""

from dataclasses import dataclass
from typing import Final, final

from amana.node.project_rows import PROJECTS, read_project
from amana.node.service import Service
from amana.policy.transitions import ProjectState
from amana.terms.database import text
from amana.terms.ids import ProjectId

PUBLIC: Final = frozenset(
    {
        ProjectState.APPROVED, ProjectState.ACTIVE, ProjectState.SUSPENDED, ProjectState.CLOSED, ProjectState.EXPIRED,
        ProjectState.REVOKED,
    }
)  # fmt: skip
PROJECTS_MAX = 1_000


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PublicProject:
    """`title`, `lay_summary`: pairs (language, text). `purposes`: terms as they are written."""

    id: str
    state: str
    title: tuple[tuple[str, str], ...]
    lay_summary: tuple[tuple[str, str], ...]
    purposes: tuple[str, ...]
    datasets: tuple[str, ...]


def public_projects(service: Service) -> tuple[PublicProject, ...]:
    """The projects that were approved, whatever became of them, by id."""
    with service.database.reading() as run:
        names = [text(name) for (name,) in run.rows(PROJECTS, {"after": "", "limit": PROJECTS_MAX})]
        found = [read_project(run, ProjectId(name)) for name in names]
    return tuple(
        PublicProject(
            id=each.id,
            state=each.state.value,
            title=each.title,
            lay_summary=each.lay_summary,
            purposes=tuple(term.closed for term in each.purposes),
            datasets=each.datasets,
        )
        for each in found
        if each.state in PUBLIC
    )
