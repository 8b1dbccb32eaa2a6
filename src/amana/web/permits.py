"""Permits over HTTP: request, return and request anew, grant, stop."""

from collections.abc import Callable, Mapping

from fastapi import Response

from amana.node.permits import ACTIONS
from amana.node.service import Service
from amana.policy.rights import Action
from amana.policy.things import PermitOf
from amana.policy.transitions import PermitEvent
from amana.terms.ids import PermitId, ProjectId
from amana.web.access import doing
from amana.web.bodies import Closed, Id, Moment, Name, Reasons, Share, Word, read_share
from amana.web.context import Caller, Here
from amana.web.lists import Paged, listed
from amana.web.routing import BASE, new_router
from amana.web.shown import balance_shown, changed, permit_shown

router = new_router("permits")


class Requested(Closed):
    """What a project asks of a custodian."""

    project: Id
    dataset: Name
    share: Share
    valid_until: Moment


class Revised(Closed):
    """What a project asks for anew."""

    share: Share
    valid_until: Moment


class Granted(Closed):
    """What a custodian signs."""

    share: Share
    valid_until: Moment
    reasons: Reasons = ""


@router.get("/permits", openapi_extra=doing(Action.SEE_PERMIT))
def permits(page: Paged, service: Here, caller: Caller) -> dict[str, object]:
    """The permits that you may see."""
    found = service.permits.permits(caller, after=page.after, limit=page.limit)
    caps = _caps(service)
    return listed([_shown(each, service, caller, caps=caps) for each in found], page=page, last=found[-1].record.id if found else None)


@router.post("/permits", status_code=201, openapi_extra=doing(Action.REQUEST_PERMIT))
def request(body: Requested, response: Response, service: Here, caller: Caller) -> dict[str, object]:
    """Ask the custodian of a dataset for a share of its budget."""
    made = service.permits.request(
        caller, project=ProjectId(body.project), dataset=body.dataset, share=read_share(body.share), valid_until=body.valid_until
    )
    response.headers["Location"] = f"{BASE}/permits/{made}"
    return _changed(service.permits.place(made), service, caller)


@router.get("/permits/{permit}/budget", openapi_extra=doing(Action.SEE_PERMIT))
def budget(permit: Id, service: Here, caller: Caller) -> dict[str, object]:
    """What is left of a permit; for the token of an assistant, also of what it may spend."""
    found, spent, allowance = service.left(caller, permit=PermitId(permit))
    record = found.record
    about: dict[str, object] = {"permit": record.id, "project": record.project, "dataset": record.dataset}
    return {**about, **balance_shown(spent), "allowance": None if allowance is None else balance_shown(allowance)}


@router.get("/permits/{permit}", openapi_extra=doing(Action.SEE_PERMIT))
def permit(permit: Id, service: Here, caller: Caller) -> dict[str, object]:
    """One permit, with why its purposes match those of the dataset, or not."""
    return _shown(service.permits.permit(caller, permit=PermitId(permit)), service, caller)


@router.post("/permits/{permit}/revise", openapi_extra=doing(Action.REVISE_PERMIT))
def revise(permit: Id, body: Revised, service: Here, caller: Caller) -> dict[str, object]:
    """Ask anew for a permit that its custodian returned, for another share or time."""
    revised = service.permits.revise(caller, permit=PermitId(permit), share=read_share(body.share), valid_until=body.valid_until)
    return _changed(revised, service, caller)


@router.post("/permits/{permit}/grant", openapi_extra=doing(Action.GRANT_PERMIT, Action.WIDEN_PERMIT))
def grant(permit: Id, body: Granted, service: Here, caller: Caller) -> dict[str, object]:
    """Sign a permit, for a share of the budget and a time; one that is held already becomes wider, never narrower."""
    granted = service.permits.grant(
        caller, permit=PermitId(permit), share=read_share(body.share), valid_until=body.valid_until, reasons=body.reasons
    )
    return _changed(granted, service, caller)


def _acting(event: PermitEvent) -> Callable[..., dict[str, object]]:
    def act(permit: Id, body: Word, service: Here, caller: Caller) -> dict[str, object]:
        return _changed(service.permits.act(caller, permit=PermitId(permit), event=event, reasons=body.reasons), service, caller)

    act.__doc__ = f"What the custodian does: {event.value}."
    return act


def _caps(service: Service) -> Mapping[str, int]:
    """What the population of each dataset may lose in all, by dataset. Units: nano-ρ."""
    return {each.dataset.name: each.dataset.population.cap_nrho for each in service.versions()}


def _shown(found: PermitOf, service: Here, caller: Caller, *, caps: Mapping[str, int] | None = None) -> dict[str, object]:
    known = _caps(service) if caps is None else caps
    return permit_shown(found, cap_nrho=known.get(found.record.dataset), to=caller, now=service.now())


def _changed(found: PermitOf, service: Here, caller: Caller) -> dict[str, object]:
    return changed(Action.SEE_PERMIT, caller, on=found, now=service.now(), shown=lambda: _shown(found, service, caller))


for _event, _action in ACTIONS.items():
    router.add_api_route(
        f"/permits/{{permit}}/{_event.value}",
        _acting(_event),
        methods=["POST"],
        name=f"{_event.value}_permit",
        openapi_extra=doing(_action),
    )
