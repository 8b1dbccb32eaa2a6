"""Her desk: what awaits her, whatever her parts are, her applications, permits and notices, and the way to the desks that she has."""

from datetime import datetime

from fastapi import Response

from amana.policy.people import Role
from amana.policy.rights import Action
from amana.web.access import doing
from amana.web.pages.reader import Reader
from amana.web.pages.render import page
from amana.web.pages.route import Filled, Mine, gone_to, personal_pages
from amana.web.pages.words import days_between

router = personal_pages()
DESKS = (
    ("/desk/work", "work", Role.RESEARCHER),
    ("/desk/applications", "applications", Role.RESEARCHER),
    ("/desk/models", "models", Role.RESEARCHER),
    ("/desk/models", "models", Role.CUSTODIAN),
    ("/desk/models", "models", Role.DECIDER),
    ("/desk/models", "models", Role.AUDITOR),
    ("/desk/custodian", "custodian", Role.CUSTODIAN),
    ("/desk/programme", "programme", Role.PLANNER),
    ("/desk/programme", "programme", Role.DECIDER),
    ("/desk/verify", "verify", Role.VERIFIER),
    ("/desk/oversight", "oversight", Role.AUDITOR),
    ("/desk/oversight", "oversight", Role.DECIDER),
)


@router.get("/desk", openapi_extra=doing(Action.SEE_NOTICES))
def desk(reader: Mine) -> Response:
    """The first page of whoever is signed in."""
    service, who, now = reader.service, reader.who, reader.service.now()

    def days(since: datetime) -> int:
        return days_between(since, now)

    researcher = Role.RESEARCHER in who.person.roles
    return page(
        reader, "desk.html", person=who.person, roles=[reader.catalogue.word("role", role.value) for role in who.person.roles],
        awaiting=service.desk.awaiting(who), researcher=researcher,
        applications=service.desk.applications(who) if researcher else (),
        permits=service.desk.permits(who) if researcher else (), titles={each.name: each.title for each in service.datasets()},
        notices=service.notices.latest(who, unread=True), desks=desks_of(reader), days=days,
    )  # fmt: skip


@router.post("/desk/notices", openapi_extra=doing(Action.SEE_NOTICES))
def read(reader: Mine, form: Filled) -> Response:  # noqa: ARG001 - the form holds its token only
    """She has seen all her notices."""
    reader.service.notices.read(reader.who)
    return gone_to(reader, "/desk")


def desks_of(reader: Reader) -> tuple[tuple[str, str], ...]:
    """The desks that she has: paths, and the codes of their names."""
    roles = reader.who.person.roles
    everybody = (("/desk/consultation", "consultation"), ("/desk/settings", "settings"))
    return (*dict.fromkeys((path, code) for path, code, role in DESKS if role in roles), *everybody)
