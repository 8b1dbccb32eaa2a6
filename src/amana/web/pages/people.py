"""People on a node: who there is, in which roles, until when accredited; and what deciders and operators do about it."""

from collections.abc import Mapping
from datetime import timedelta

from fastapi import Request, Response

from amana.policy.people import Person, Role
from amana.policy.rights import Action, check, offered
from amana.policy.things import Node, RoleOf
from amana.terms.ids import AccreditationId, PersonId
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.pages.forms import Form
from amana.web.pages.reader import Reader
from amana.web.pages.render import page
from amana.web.pages.route import Filled, Mine, gone_to, personal_pages
from amana.web.pages.words import day_of
from amana.web.problems import status_of

router = personal_pages()
PATH = "/desk/people"
LINES = 50
CHANGES = (
    Action.DISABLE_PERSON, Action.ENABLE_PERSON, Action.GIVE_ROLE, Action.REVOKE_ROLE, Action.ACCREDIT, Action.REVOKE_ACCREDITATION,
)  # fmt: skip


@router.get(PATH, openapi_extra=doing(Action.SEE_PEOPLE))
def people(reader: Mine, request: Request) -> Response:
    """A page of everybody."""
    service = reader.service
    check(Action.SEE_PEOPLE, reader.who, on=Node(), now=service.now())
    found = service.people.people(after=request.query_params.get("after", "")[:80], limit=LINES + 1)
    shown = found[:LINES]
    ends = service.desks.accredited_until(shown)
    return page(
        reader,
        "people.html",
        people=[(each, day_of(ends[each.id]) if each.id in ends else "") for each in shown],
        organisations=_organisations(reader),
        after=shown[-1].id if len(found) > LINES else "",
    )


@router.get(f"{PATH}/{{person}}", openapi_extra=doing(Action.SEE_PEOPLE))
def one(reader: Mine, person: str) -> Response:
    """One person."""
    return _person_page(reader, PersonId(person))


@router.post(f"{PATH}/{{person}}", openapi_extra=doing(*CHANGES))
def change(reader: Mine, form: Filled, person: str) -> Response:
    """What is done about her, by the field `do`."""
    try:
        _change(reader, form, PersonId(person))
    except Refusal as refusal:
        return _person_page(reader, PersonId(person), refusal=refusal)
    return gone_to(reader, f"{PATH}/{person}")


def _change(reader: Reader, form: Form, person: PersonId) -> None:
    """Errors: Refusal, as of `People`, and http.bad_request."""
    people, asker = reader.service.people, reader.who
    match form.text("do", most=20, needed=True):
        case "disable":
            people.disable(asker, person=person)
        case "enable":
            people.enable(asker, person=person)
        case "give":
            people.give_role(asker, person=person, role=_role(form))
        case "take":
            people.revoke_role(asker, person=person, role=_role(form))
        case "accredit":
            people.accredit(asker, person=person, valid_until=form.day("until") + timedelta(days=1, seconds=-1))
        case "end":
            people.revoke_accreditation(asker, accreditation=AccreditationId(form.text("accreditation", most=80, needed=True)))
        case _:
            raise Refusal("http.bad_request", field="do", where=None, wanted="word.present")


def _role(form: Form) -> Role:
    """Errors: Refusal http.bad_request."""
    try:
        return Role(form.text("role", most=20, needed=True))
    except ValueError:
        known = ", ".join(each.value for each in Role)
        raise Refusal("http.bad_request", field="role", where=None, wanted="word.one_of", known=known) from None


def _person_page(reader: Reader, person: PersonId, *, refusal: Refusal | None = None) -> Response:
    service, asker, now = reader.service, reader.who, reader.service.now()
    check(Action.SEE_PEOPLE, asker, on=Node(), now=now)
    found = service.people.person(person)
    held = service.people.accreditations(person)
    return page(
        reader,
        "person.html",
        status=200 if refusal is None else status_of(refusal.code),
        refusal=refusal,
        person=found,
        organisation=_organisations(reader).get(found.organisation, ""),
        accreditations=[
            (each, day_of(each.valid_until), each.valid(now), Action.REVOKE_ACCREDITATION in offered(asker, on=each, now=now))
            for each in held
        ],
        may={each.value for each in offered(asker, on=found, now=now)},
        gives=[role for role in Role if role not in found.roles and _may(reader, Action.GIVE_ROLE, found, role)],
        takes={role for role in found.roles if _may(reader, Action.REVOKE_ROLE, found, role)},
        sees_audit=Action.SEE_AUDIT in offered(asker, on=Node(), now=now),
    )


def _may(reader: Reader, action: Action, person: Person, role: Role) -> bool:
    return action in offered(reader.who, on=RoleOf(person=person, role=role), now=reader.service.now())


def _organisations(reader: Reader) -> Mapping[str, str]:
    return {each.id: each.name for each in reader.service.people.organisations()}
