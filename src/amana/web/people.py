"""Who there is: oneself, organisations, people, their roles and accreditations."""

from typing import Literal

from fastapi import Response
from pydantic import ConfigDict

from amana.node.service import Service
from amana.policy.people import Asker, OrganisationKind, Role
from amana.policy.rights import Action, check
from amana.policy.things import Node
from amana.terms.ids import AccreditationId, PersonId
from amana.terms.refusal import Refusal
from amana.web.access import doing, open_because
from amana.web.bodies import Closed, Id, Language, Moment, Name, Nothing
from amana.web.context import Caller, Here
from amana.web.lists import Paged, listed
from amana.web.routing import BASE, new_router
from amana.web.shown import accreditation_shown, may_shown, moment_shown, organisation_shown, person_shown

router = new_router("people")

ABOUT_HERSELF = open_because("it tells a person about herself and nobody else; a stranger is refused", signed_in=("token", "session"))
Kind = Literal["custodian", "research", "company", "authority", "operator"]
RoleName = Literal["researcher", "reviewer", "decider", "custodian", "operator", "auditor", "planner", "verifier"]


class NewOrganisation(Closed):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "University of Rabat", "kind": "research"}]})
    name: Name
    kind: Kind


class NewPerson(Closed):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Amal", "organisation": "University of Rabat", "language": "ar"}]})
    name: Name
    organisation: Name
    language: Language


class GivenRole(Closed):
    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "researcher"}]})
    role: RoleName


class NewAccreditation(Closed):
    valid_until: Moment


@router.get("/me", openapi_extra=ABOUT_HERSELF)
def me(service: Here, caller: Caller) -> dict[str, object]:
    """Who the node takes you for, and what you may do."""
    if caller is None:
        raise Refusal("sign_in.needed")
    organisation = service.people.organisation(caller.person.organisation)
    return {
        **person_shown(caller.person),
        "organisation_name": "" if organisation is None else organisation.name,
        "accreditations": [accreditation_shown(each) for each in caller.accreditations],
        "signed_in_by": "session" if caller.token is None else "token",
        "scopes": None if caller.token is None else [scope.value for scope in caller.token.scopes],
        "assistant": _assistant(caller, service=service),
        "stepped_up": caller.stepped_up(service.now()),
        "may": may_shown(caller, on=Node(), now=service.now()),
    }


@router.get("/organisations", openapi_extra=doing(Action.SEE_PUBLIC))
def organisations(service: Here, caller: Caller) -> dict[str, object]:
    """Every organisation that has a part on this node."""
    check(Action.SEE_PUBLIC, caller, on=Node(), now=service.now())
    return {"items": [organisation_shown(each) for each in service.people.organisations()], "next": None}


@router.post("/organisations", status_code=201, openapi_extra=doing(Action.ADD_ORGANISATION))
def add_organisation(body: NewOrganisation, service: Here, caller: Caller) -> dict[str, object]:
    """Enter an organisation."""
    made = service.people.add_organisation(required(caller, Action.ADD_ORGANISATION), name=body.name, kind=OrganisationKind(body.kind))
    return {"id": made, "name": body.name, "kind": body.kind}


@router.get("/people", openapi_extra=doing(Action.SEE_PEOPLE))
def people(page: Paged, service: Here, caller: Caller) -> dict[str, object]:
    """Everybody on this node."""
    check(Action.SEE_PEOPLE, caller, on=Node(), now=service.now())
    found = service.people.people(after=page.after, limit=page.limit)
    return listed([person_shown(each) for each in found], page=page, last=found[-1].id if found else None)


@router.post("/people", status_code=201, openapi_extra=doing(Action.ADD_PERSON))
def add_person(body: NewPerson, response: Response, service: Here, caller: Caller) -> dict[str, object]:
    """Enter a person. She has no role yet, and no way to sign in until whoever runs the node gives her a link."""
    asker = required(caller, Action.ADD_PERSON)
    made = service.people.add_person(asker, name=body.name, organisation=body.organisation, language=body.language)
    response.headers["Location"] = f"{BASE}/people/{made}"
    return person_shown(service.people.person(made))


@router.get("/people/{person}", openapi_extra=doing(Action.SEE_PEOPLE))
def one_person(person: Id, service: Here, caller: Caller) -> dict[str, object]:
    """One person with her accreditations."""
    check(Action.SEE_PEOPLE, caller, on=Node(), now=service.now())
    return _full(PersonId(person), service=service)


@router.post("/people/{person}/disable", openapi_extra=doing(Action.DISABLE_PERSON))
def disable(person: Id, body: Nothing, service: Here, caller: Caller) -> dict[str, object]:  # noqa: ARG001 - an empty body is a body
    """Stop a person from her next request on, also her sessions, tokens and queued runs."""
    service.people.disable(required(caller, Action.DISABLE_PERSON), person=PersonId(person))
    return _full(PersonId(person), service=service)


@router.post("/people/{person}/enable", openapi_extra=doing(Action.ENABLE_PERSON))
def enable(person: Id, body: Nothing, service: Here, caller: Caller) -> dict[str, object]:  # noqa: ARG001 - as above
    """Let a person in again. Her old sessions and tokens stay ended."""
    service.people.enable(required(caller, Action.ENABLE_PERSON), person=PersonId(person))
    return _full(PersonId(person), service=service)


@router.post("/people/{person}/roles", openapi_extra=doing(Action.GIVE_ROLE))
def give_role(person: Id, body: GivenRole, service: Here, caller: Caller) -> dict[str, object]:
    """Say what a person is on this node."""
    service.people.give_role(required(caller, Action.GIVE_ROLE), person=PersonId(person), role=Role(body.role))
    return _full(PersonId(person), service=service)


@router.delete("/people/{person}/roles/{role}", status_code=204, openapi_extra=doing(Action.REVOKE_ROLE))
def revoke_role(person: Id, role: RoleName, service: Here, caller: Caller) -> Response:
    """Take a role away."""
    service.people.revoke_role(required(caller, Action.REVOKE_ROLE), person=PersonId(person), role=Role(role))
    return Response(status_code=204)


@router.post("/people/{person}/accreditations", status_code=201, openapi_extra=doing(Action.ACCREDIT))
def accredit(person: Id, body: NewAccreditation, response: Response, service: Here, caller: Caller) -> dict[str, object]:
    """Answer for a person, until that moment."""
    made = service.people.accredit(required(caller, Action.ACCREDIT), person=PersonId(person), valid_until=body.valid_until)
    response.headers["Location"] = f"{BASE}/accreditations/{made}"
    return _full(PersonId(person), service=service)


@router.delete("/accreditations/{accreditation}", status_code=204, openapi_extra=doing(Action.REVOKE_ACCREDITATION))
def revoke_accreditation(accreditation: Id, service: Here, caller: Caller) -> Response:
    """Answer for her no longer."""
    asker = required(caller, Action.REVOKE_ACCREDITATION)
    service.people.revoke_accreditation(asker, accreditation=AccreditationId(accreditation))
    return Response(status_code=204)


def required(caller: Asker | None, action: Action) -> Asker:
    """Who asks, where a use case would take nobody for whoever sits at the machine. Errors: Refusal rights.sign_in_needed."""
    if caller is None:
        raise Refusal("rights.sign_in_needed", action=action.word)
    return caller


def _assistant(caller: Asker, *, service: Service) -> dict[str, object] | None:
    """What an AI assistant's token may spend, how much of an answer it is shown at once, and when it ends."""
    share = service.assistant(caller)
    if share is None or caller.token is None:
        return None
    return {"allowance": str(share), "rows_max": service.settings.assistant_rows_max, "expires_at": moment_shown(caller.token.expires_at)}


def _full(person: PersonId, *, service: Service) -> dict[str, object]:
    found = service.people.accreditations(person)
    return {**person_shown(service.people.person(person)), "accreditations": [accreditation_shown(each) for each in found]}
