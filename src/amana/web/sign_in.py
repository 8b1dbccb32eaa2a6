"""Signing in over HTTP: one-time links, passkeys, the identity provider, and API tokens. The secrets of sessions travel in a cookie
that no script reads; what is begun with the identity provider, in another one."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ConfigDict, Field, JsonValue, StringConstraints

from amana.node.links import LinkKind
from amana.node.oidc import Sent
from amana.node.passkeys import Begun, PasskeyId
from amana.node.secret import Secret
from amana.node.service import Service
from amana.node.tokens import DEMO_LASTS, Held, read_allowance
from amana.policy.people import ASSISTANT_SCOPES, SESSION_LASTS, Scope
from amana.policy.rights import Action, check
from amana.policy.things import Node
from amana.terms.ids import TokenId
from amana.terms.refusal import Refusal
from amana.web.access import doing, open_because
from amana.web.bodies import Closed, Id
from amana.web.context import COOKIE, Caller, Here, SessionSecret
from amana.web.people import required
from amana.web.route import Heeding
from amana.web.routing import BASE
from amana.web.shown import moment_shown

# Not as other routes: what is answered here are secrets, which are never kept for a request that is sent again; and whoever is still
# registering is nobody yet.
router = APIRouter(tags=["sign-in"], route_class=Heeding)
callback = APIRouter(tags=["sign-in"])
"""The one address outside the API: where the identity provider sends the browser back to, with parameters of its own besides ours."""

VISIT = "amana_visit"
VISIT_LASTS_S = 300
NO_STORE = {"Cache-Control": "no-store"}
HOW = open_because("it is how somebody whom the node does not know yet becomes known; the use case checks what she brings")
OWN = open_because("it concerns the browser's own session alone, whose secret is checked")
HERS = open_because("it concerns the owner of the browser's session alone, whose secret is checked", signed_in=("session",))

Answer = Annotated[str, StringConstraints(min_length=2, max_length=65_536)]
ShortSecret = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class LinkGiven(Closed):
    """A one-time link, whole or its last part."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"link": "https://node.example/sign-in#nTRc3…"}]})
    link: Annotated[str, StringConstraints(min_length=1, max_length=2_000)]

    def secret(self) -> str:
        return self.link.rpartition("#")[2]


class Exchanged(LinkGiven):
    """A link that is exchanged. `allowance`: for an AI assistant, which may read and ask, and spend that share of each permit."""

    allowance: Annotated[str, StringConstraints(max_length=40)] | None = None


class Answered(Closed):
    """What the device signed: `secret` as `begin` gave it, `answer` the JSON text of the credential."""

    secret: ShortSecret
    answer: Answer


class Registered(Closed):
    """A new passkey, and what its owner calls it."""

    secret: ShortSecret
    answer: Answer
    label: Label


class Visit(Closed):
    """Why somebody goes to the identity provider."""

    purpose: Literal["sign-in", "step-up", "link"] = Field(default="sign-in", examples=["sign-in"])


TOKEN: dict[str, JsonValue] = {"label": "laptop", "scopes": ["read", "ask"], "days": 30, "allowance": None}


class NewToken(Closed):
    """A token narrows what its owner may; `allowance`: the share of each of her permits that may be spent with it."""

    model_config = ConfigDict(json_schema_extra={"examples": [TOKEN]})
    label: Label
    scopes: Annotated[list[Literal["read", "ask", "apply", "review", "govern", "publish", "operate"]], Field(min_length=1, max_length=7)]
    days: int = Field(default=30, ge=1, le=366)
    allowance: Annotated[str, StringConstraints(max_length=40)] | None = None


# --- one-time links ---


@router.post("/sign-in/link", openapi_extra=HOW)
def exchange(body: Exchanged, response: Response, service: Here) -> dict[str, object]:
    """A token for a program, in exchange for a link that opens a whole session (a demonstration's); such a link holds once."""
    allowance = body.allowance
    if allowance is not None:
        read_allowance(allowance)  # before the link is used up
    now, sign_in = service.now(), service.sign_in
    opened = sign_in.links.open(body.secret(), now=now, only=LinkKind.DEMO)
    session = opened.session.reveal()
    try:
        asker = sign_in.by_session(session, now=now)
        scopes, label = (tuple(Scope), "demonstration link") if allowance is None else (ASSISTANT_SCOPES, "assistant")
        made = sign_in.tokens.make(
            asker, label=label, scopes=scopes, days=DEMO_LASTS.days, allowance=allowance, now=now, for_link=allowance is None
        )
    finally:
        sign_in.sessions.sign_out(session, now=now)
    response.headers.update(NO_STORE)
    return {"token": made.secret.reveal(), "expires_at": moment_shown(made.held.token.expires_at)}


@router.post("/sign-in/open", openapi_extra=HOW)
def open_link(body: LinkGiven, response: Response, service: Here, session: SessionSecret) -> dict[str, str]:  # noqa: ARG001 - checked
    """A session for a browser: a whole one, or one in which nothing but registering is possible."""
    opened = service.sign_in.links.open(body.secret(), now=service.now())
    remember(response, opened.session, service=service)
    return {"kind": opened.kind.value}


# --- the browser's session ---


@router.get("/sign-in", openapi_extra=OWN)
def state(service: Here, session: SessionSecret, response: Response) -> dict[str, object]:
    """What this browser is: a stranger, somebody who is registering, or signed in; and which ways in there are."""
    response.headers.update(NO_STORE)
    ways = {"identity_provider": bool(service.settings.oidc_issuer), "secure": service.settings.public_url.startswith("https://")}
    now = service.now()
    for name, read in (("signed-in", service.sign_in.by_session), ("registering", service.sign_in.enrolment)):
        try:
            found = read(session, now=now)
        except Refusal:
            continue
        return {**ways, "state": name, "name": found.person.name, "language": found.person.language}
    return {**ways, "state": "stranger", "name": None, "language": None}


@router.post("/sign-out", status_code=204, openapi_extra=OWN)
def sign_out(service: Here, session: SessionSecret) -> Response:
    """End this browser's session."""
    service.sign_in.sessions.sign_out(session, now=service.now())
    return _forgotten()


@router.post("/sign-out/everywhere", status_code=204, openapi_extra=HERS)
def sign_out_everywhere(service: Here, session: SessionSecret) -> Response:
    """End all sessions of this person, on every device."""
    service.sign_in.sessions.sign_out_everywhere(session, now=service.now())
    return _forgotten()


# --- passkeys ---


@router.post("/sign-in/passkey/begin", openapi_extra=HOW)
def begin_passkey(service: Here, session: SessionSecret, response: Response) -> dict[str, str]:  # noqa: ARG001 - as above
    """A challenge for the device; no name is asked."""
    return _begun(service.sign_in.passkeys.begin_sign_in(now=service.now()), response)


@router.post("/sign-in/passkey/finish", status_code=204, openapi_extra=HOW)
def finish_passkey(body: Answered, service: Here, session: SessionSecret) -> Response:  # noqa: ARG001 - as above
    """A session, in exchange for the signed challenge."""
    made = service.sign_in.passkeys.finish_sign_in(body.secret, body.answer, now=service.now())
    return _remembered(made, service=service)


@router.post("/sign-in/step-up/begin", openapi_extra=HERS)
def begin_step_up(service: Here, session: SessionSecret, response: Response) -> dict[str, str]:
    """A challenge for somebody who is signed in and is about to do something grave."""
    return _begun(service.sign_in.passkeys.begin_step_up(session, now=service.now()), response)


@router.post("/sign-in/step-up/finish", status_code=204, openapi_extra=HERS)
def finish_step_up(body: Answered, service: Here, session: SessionSecret) -> Response:
    """Ten minutes in which grave things may be done."""
    made = service.sign_in.passkeys.finish_step_up(session, body.secret, body.answer, now=service.now())
    return _remembered(made, service=service)


@router.get("/passkeys", openapi_extra=HERS)
def passkeys(service: Here, session: SessionSecret, response: Response) -> dict[str, object]:
    """Your passkeys."""
    response.headers.update(NO_STORE)
    held = service.sign_in.passkeys.held(service.sign_in.by_session(session, now=service.now()))
    shown = [
        {"id": each.id, "label": each.label, "created_at": moment_shown(each.created_at), "used_at": moment_shown(each.used_at)}
        for each in held
    ]
    return {"items": shown, "next": None}


@router.post("/passkeys/begin", openapi_extra=HERS)
def begin_registration(service: Here, session: SessionSecret, response: Response) -> dict[str, str]:
    """For somebody who came with an enrolment link, or has just signed in strongly."""
    return _begun(service.sign_in.passkeys.begin_registration(session, now=service.now()), response)


@router.post("/passkeys", status_code=201, openapi_extra=HERS)
def register(body: Registered, response: Response, service: Here, session: SessionSecret) -> dict[str, str]:
    """Keep a new passkey. Whoever came with an enrolment link signs in with it next."""
    made = service.sign_in.passkeys.finish_registration(session, body.secret, body.answer, label=body.label, now=service.now())
    response.headers["Location"] = f"{BASE}/passkeys/{made}"
    return {"id": made}


@router.delete("/passkeys/{passkey}", status_code=204, openapi_extra=HERS)
def remove_passkey(passkey: Id, service: Here, session: SessionSecret) -> Response:
    """Take one away, never the last way to sign in."""
    service.sign_in.passkeys.remove(session, PasskeyId(passkey), now=service.now())
    return Response(status_code=204)


# --- the identity provider ---


@router.post("/sign-in/oidc", openapi_extra=HOW)
def visit(body: Visit, response: Response, service: Here, session: SessionSecret) -> dict[str, str]:
    """Where the browser goes to sign in with the organisation's identity provider."""
    now, oidc = service.now(), service.sign_in.oidc
    sent: Sent
    match body.purpose:
        case "sign-in":
            sent = oidc.begin_sign_in(now=now)
        case "step-up":
            sent = oidc.begin_step_up(session, now=now)
        case "link":
            sent = oidc.begin_link(session, now=now)
    begin_visit(response, sent.secret, service=service)
    return {"address": sent.address}


@callback.get("/sign-in/oidc", include_in_schema=False, openapi_extra=HOW)
def back(request: Request, service: Here, state: str = "", code: str = "") -> Response:
    """The browser is back from the identity provider."""
    secret, session = request.cookies.get(VISIT, ""), request.cookies.get(COOKIE, "")
    came = service.sign_in.oidc.finish(secret, state=state, code=code, session=session, now=service.now())
    response = RedirectResponse("/sign-in", status_code=303, headers=NO_STORE)
    response.delete_cookie(VISIT, path="/sign-in/oidc")
    if came.session is not None:
        remember(response, came.session, service=service)
    return response


# --- tokens ---


@router.get("/tokens", openapi_extra=doing(Action.MAKE_TOKEN))
def tokens(service: Here, caller: Caller, response: Response) -> dict[str, object]:
    """Your tokens; their secrets were shown once."""
    response.headers.update(NO_STORE)
    check(Action.MAKE_TOKEN, caller, on=Node(), now=service.now())
    held = service.sign_in.tokens.held(required(caller, Action.MAKE_TOKEN))
    return {"items": [_token_shown(each) for each in held], "next": None}


@router.post("/tokens", status_code=201, openapi_extra=doing(Action.MAKE_TOKEN))
def make_token(body: NewToken, response: Response, service: Here, caller: Caller) -> dict[str, object]:
    """A token for a program. Its secret is shown this once; a token makes no tokens."""
    now = service.now()
    check(Action.MAKE_TOKEN, caller, on=Node(), now=now)
    made = service.sign_in.tokens.make(
        required(caller, Action.MAKE_TOKEN),
        label=body.label,
        scopes=tuple(Scope(scope) for scope in body.scopes),
        days=body.days,
        allowance=body.allowance,
        now=now,
    )
    response.headers.update({**NO_STORE, "Location": f"{BASE}/tokens/{made.held.token.id}"})
    return {**_token_shown(made.held), "token": made.secret.reveal()}


@router.delete("/tokens/{token}", status_code=204, openapi_extra=doing(Action.REVOKE_TOKEN))
def revoke_token(token: Id, service: Here, caller: Caller) -> Response:
    """End one of your tokens, from the next request on; an operator, anybody's."""
    service.sign_in.tokens.revoke(required(caller, Action.REVOKE_TOKEN), TokenId(token), now=service.now())
    return Response(status_code=204)


def _token_shown(held: Held) -> dict[str, object]:
    return {
        "id": held.token.id,
        "label": held.label,
        "scopes": [scope.value for scope in held.token.scopes],
        "allowance": None if held.allowance is None else str(held.allowance),
        "created_at": moment_shown(held.created_at),
        "expires_at": moment_shown(held.token.expires_at),
        "revoked_at": moment_shown(held.token.revoked_at),
    }


def _begun(begun: Begun, response: Response) -> dict[str, str]:
    response.headers.update(NO_STORE)
    return {"options": begun.options, "secret": begun.secret.reveal()}


def _remembered(made: Secret, *, service: Service) -> Response:
    response = Response(status_code=204, headers=NO_STORE)
    remember(response, made, service=service)
    return response


def remember(response: Response, made: Secret, *, service: Service) -> None:
    """Give the browser the secret of its session."""
    _put(response, COOKIE, made, path="/", seconds=int(SESSION_LASTS.total_seconds()), service=service)


def begin_visit(response: Response, made: Secret, *, service: Service) -> None:
    """Give the browser what it brings back from the identity provider."""
    _put(response, VISIT, made, path="/sign-in/oidc", seconds=VISIT_LASTS_S, service=service)


def _put(response: Response, name: str, made: Secret, *, path: str, seconds: int, service: Service) -> None:
    secure = service.settings.public_url.startswith("https://")
    response.set_cookie(name, made.reveal(), max_age=seconds, path=path, httponly=True, secure=secure, samesite="lax")
    response.headers.update(NO_STORE)


def _forgotten() -> Response:
    response = Response(status_code=204, headers=NO_STORE)
    response.delete_cookie(COOKIE, path="/")
    return response
