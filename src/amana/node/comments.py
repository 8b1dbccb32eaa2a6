"""What applicant, members, reviewers, deciders and custodians say to each other about a project: never changed, never taken back."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, cast, final

from amana.node.audit import note
from amana.node.notices import tell_of_comment
from amana.node.people import read_person
from amana.node.project_rows import hold_project, read_project
from amana.policy.people import Asker, Who
from amana.policy.rights import RULES, Action, check
from amana.policy.things import stands
from amana.terms.database import Database, Value, moment, text, whole
from amana.terms.ids import PersonId, ProjectId
from amana.terms.refusal import Refusal

ADD = """INSERT INTO comment (id, project, person, part, words, key, written_at)
VALUES (:id, :project, :person, :part, :words, :key, :at) ON CONFLICT DO NOTHING"""
COUNT = "SELECT COUNT(*) FROM comment WHERE project = :project"
SAME = "SELECT 1 FROM comment WHERE project = :project AND person = :person AND key = :key"
COMMENTS = "SELECT id, person, part, words, written_at FROM comment WHERE project = :project ORDER BY written_at, id"
WRITERS = "SELECT DISTINCT person FROM comment WHERE project = :project ORDER BY person"
COMMENTS_MAX = 500
"""Of one project."""
CHARACTERS_MAX = 4_000
KEY_CHARACTERS_MAX = 64
Part: TypeAlias = Literal["member", "reviewer", "decider", "custodian"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """`part`: what its writer was to the project when she wrote. `name`: of a person of the team; what others are called is their part."""

    id: str
    person: PersonId
    part: Part
    name: str
    words: str
    written_at: datetime


@final
class Comments:
    """Whoever may see a project reads them. Errors: as `policy.rights.check`, and node.not_found."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now

    def comments(self, asker: Asker | None, *, project: ProjectId) -> tuple[Comment, ...]:
        """All of them, the first one first."""
        with self._database.reading() as run:
            check(Action.SEE_PROJECT, asker, on=read_project(run, project), now=self._now())
            found: list[Comment] = []
            for name, person, part, words, at in run.rows(COMMENTS, {"project": project}):
                writer, held = PersonId(text(person)), cast("Part", text(part))
                found.append(
                    Comment(
                        id=text(name), person=writer, part=held, name=read_person(run, writer).name if held == "member" else "",
                        words=text(words), written_at=datetime.fromisoformat(text(at)),
                    )
                )  # fmt: skip
        return tuple(found)

    def add(self, asker: Asker | None, *, project: ProjectId, words: str, key: str = "") -> None:
        """Say something. `key`: of the form it was written in; the same again changes nothing.

        Errors: Refusal node.bad_value, comment.too_many.
        """
        at, said = self._now(), words.strip()
        _fit(said, key)
        with self._database.transaction() as run:
            found = hold_project(run, project)
            check(Action.COMMENT_PROJECT, asker, on=found, now=at)
            assert asker is not None
            values: dict[str, Value] = {"project": project, "person": asker.person.id, "key": key or secrets.token_hex(16)}
            if run.rows(SAME, values):
                return
            if whole(run.rows(COUNT, {"project": project})[0][0]) >= COMMENTS_MAX:
                raise Refusal("comment.too_many", project=project, most=COMMENTS_MAX)
            part = next(who for who in RULES[Action.COMMENT_PROJECT].who if stands(who, asker, on=found))
            run.change(ADD, {**values, "id": f"c-{secrets.token_hex(6)}", "part": part.value, "words": said, "at": moment(at)})
            state = found.state.value
            note(run, at=at, actor=asker.person.id, action="comment", thing="project", subject=project, was=state, now_is=state)
            others = [PersonId(text(person)) for (person,) in run.rows(WRITERS, {"project": project})]
            reviewers = found.reviewers() if part is Who.MEMBER else ()
            tell_of_comment(run, found, others=(*others, *reviewers), actor=asker.person.id, at=at)


def _fit(words: str, key: str) -> None:
    if not words or "\0" in words:
        raise Refusal("node.bad_value", field="words", wanted="word.present")
    if len(words) > CHARACTERS_MAX:
        raise Refusal("node.bad_value", field="words", wanted="word.characters_at_most", number=CHARACTERS_MAX)
    if len(key) > KEY_CHARACTERS_MAX:
        raise Refusal("node.bad_value", field="key", wanted="word.characters_at_most", number=KEY_CHARACTERS_MAX)
