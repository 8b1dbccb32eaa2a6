"""Parts of the tests of sign-in: three people, a clock that is told, and the rooms over one database."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from amana.node.database import NodeDatabase
from amana.node.identity_provider import IdentityProvider
from amana.node.links import LinkKind
from amana.node.sessions import Method
from amana.node.settings import Settings
from amana.node.sign_in import SignIn
from amana.policy.people import Asker
from amana.terms.database import Row, Value
from amana.terms.ids import PersonId
from tests.parts import connect

URL = "https://data.example.org"
T0 = datetime(2025, 7, 1, 9, 0, tzinfo=UTC)
AMAL, BADR, OTMAN = PersonId("amal"), PersonId("badr"), PersonId("otman")


def at(*, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
    """So long after the start."""
    return T0 + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


@dataclass
class Desk:
    """A node's sign-in, with what tests look at underneath."""

    database: NodeDatabase
    sign_in: SignIn

    def session(self, person: PersonId = AMAL, *, now: datetime = T0) -> str:
        """The secret of a session that a passkey has just begun."""
        with self.database.transaction() as run:
            return self.sign_in.sessions.open(run, person, method=Method.PASSKEY, stepped_up=now, now=now).reveal()

    def demo(self, person: PersonId = AMAL, *, now: datetime = T0) -> str:
        """The secret of a session of the demo, which counts as stepped up."""
        link = self.sign_in.links.invite(person, kind=LinkKind.DEMO, actor="node", now=now)
        return self.sign_in.links.open(link.reveal(), now=now).session.reveal()

    def enrolment(self, person: PersonId = AMAL, *, now: datetime = T0) -> str:
        """The secret of a session that may only enrol."""
        link = self.sign_in.links.invite(person, kind=LinkKind.ENROL, actor="node", now=now)
        return self.sign_in.links.open(link.reveal(), now=now).session.reveal()

    def asker(self, person: PersonId = AMAL, *, now: datetime = T0) -> Asker:
        """Somebody signed in and stepped up."""
        return self.sign_in.by_session(self.session(person, now=now), now=now)

    def change(self, sql: str, values: dict[str, Value] | None = None) -> int:
        """What somebody else changes in the database."""
        with self.database.transaction() as run:
            return run.change(sql, values or {})

    def rows(self, sql: str) -> list[Row]:
        """What stands there."""
        with self.database.reading() as run:
            return run.rows(sql, {})


def settings_of(folder: Path = Path("none"), **changes: object) -> Settings:
    """A node with a public address."""
    return replace(Settings(folder=folder, public_url=URL, sign_in_links="demo"), **changes)  # type: ignore[arg-type]


def desk_at(place: Path | str, *, provider: IdentityProvider | None = None, **changes: object) -> Desk:
    """A node with Amal and Badr, who research, and Otman, who operates."""
    database = connect(place)
    with database.transaction() as run:
        if not run.rows("SELECT id FROM person WHERE id = 'amal'", {}):
            run.change("INSERT INTO organisation (id, name, kind) VALUES ('lab', 'The lab', 'research')", {})
            for person, role in ((AMAL, "researcher"), (BADR, "reviewer"), (OTMAN, "operator")):
                who = {"id": person, "role": role}
                run.change("INSERT INTO person (id, name, organisation, language) VALUES (:id, :id, 'lab', 'ar')", {"id": person})
                run.change("INSERT INTO person_role (person, role) VALUES (:id, :role)", who)
    return Desk(database=database, sign_in=SignIn(database, settings_of(**changes), provider=provider))
