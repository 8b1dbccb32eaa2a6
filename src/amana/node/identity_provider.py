"""The organisation's own identity provider (OpenID Connect), as far as we ask it: two documents, one exchange, one signed answer.

Source: OpenID Connect Core 1.0, sections 3.1.2, 3.1.3 and 5.5; RFC 7636 (PKCE); RFC 8725 (algorithms are ours to choose, not the token's).
What it sends is bounded in size and time, and believed only where its signature covers it.
"""

# authlib's values have no types: they are given ours where they enter.
# pyright: reportUnknownMemberType=false

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast, final
from urllib.parse import quote_plus, urlsplit

import httpx
from authlib.oauth2.rfc6749 import parameters
from authlib.oauth2.rfc7636 import challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import ClaimError, JoseError
from joserfc.jwk import KeySet, KeySetSerialization
from joserfc.jws import JWSRegistry

from amana.terms.refusal import Refusal

ALGORITHMS = ("RS256", "ES256")
BODY_BYTES_MAX = 262_144
CONNECT_S = 5.0
READ_S = 5.0
WHOLE_S = 10.0
LEEWAY_S = 60
"""How far the provider's clock may be from ours."""

Said = Mapping[str, object]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What this node is to the provider. `secret` is "" for a public client, which proves itself by PKCE alone."""

    issuer: str
    id: str
    redirect: str
    secret: str = field(default="", repr=False)
    step_up_acr: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What one visit to the provider is bound to; all of it is derived from the browser's own secret."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Whom the provider vouches for, and when it last made her prove it."""

    subject: str
    authenticated_at: datetime | None
    acr: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Endpoints:
    authorization: str
    token: str
    keys: str
    basic: bool


@final
class IdentityProvider:
    """One provider. It keeps nothing between calls: keys that it changed are known at once."""

    def __init__(self, client: Client, network: httpx.Client, *, elapsed: Callable[[], float]) -> None:
        """`elapsed`: seconds since some start, for the limit on a whole answer."""
        self._client, self._network, self._elapsed = client, network, elapsed

    @property
    def issuer(self) -> str:
        """The name of the provider; with the subject it names a person."""
        return self._client.issuer

    def address(self, visit: Visit, *, fresh: bool) -> str:
        """Where the browser goes. `fresh`: she must prove herself again, whatever the provider remembers.

        Errors: Refusal oidc.provider_lost, oidc.not_accepted.
        """
        more = {"prompt": "login", "max_age": "0", "acr_values": self._client.step_up_acr or None} if fresh else {}
        prepare = cast("Callable[..., str]", parameters.prepare_grant_uri)
        digest = cast("Callable[[str], str]", challenge.create_s256_code_challenge)
        return prepare(
            self._endpoints().authorization,
            self._client.id,
            "code",
            redirect_uri=self._client.redirect,
            scope="openid",
            state=visit.state,
            nonce=visit.nonce,
            code_challenge=digest(visit.verifier),
            code_challenge_method="S256",
            **more,
        )

    def redeem(self, code: str, visit: Visit, *, now: datetime) -> Known:
        """Change the code for the signed answer and read it. Errors: Refusal oidc.provider_lost, oidc.not_accepted."""
        endpoints = self._endpoints()
        given = self._exchange(endpoints, code, visit)
        signed, access = given.get("id_token"), given.get("access_token")
        if not isinstance(signed, str):
            raise self._no("id_token")
        keys = self._ask("GET", endpoints.keys)
        try:
            found = KeySet.import_key_set(cast("KeySetSerialization", keys))
            registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
            token = jwt.decode(signed, found, registry=registry)
            claims = CodeIDToken(
                token.claims,
                token.header,
                {"iss": {"essential": True, "value": self._client.issuer}, "aud": {"essential": True, "value": self._client.id}},
                {"nonce": visit.nonce, "client_id": self._client.id, "access_token": access if isinstance(access, str) else None},
            )
            claims.validate(now=int(now.timestamp()), leeway=LEEWAY_S)
        except ClaimError as error:
            raise self._no(error.claim) from error
        except JoseError as error:
            raise self._no(error.error) from error
        except Exception as error:  # whatever an answer makes the libraries raise, it is not accepted
            raise self._no("malformed") from error
        return self._known(cast("Said", dict(claims)))

    def _known(self, claims: Said) -> Known:
        subject, at, acr = claims.get("sub"), claims.get("auth_time"), claims.get("acr")
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:  # Core, section 2
            raise self._no("sub")
        if at is not None and (not isinstance(at, int | float) or isinstance(at, bool) or not 0 <= at < 2**33):
            raise self._no("auth_time")
        return Known(
            subject=subject,
            authenticated_at=None if at is None else datetime.fromtimestamp(at, UTC),
            acr=acr if isinstance(acr, str) else "",
        )

    def _exchange(self, endpoints: _Endpoints, code: str, visit: Visit) -> Said:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._client.redirect, "code_verifier": visit.verifier}
        who = (quote_plus(self._client.id), quote_plus(self._client.secret))  # RFC 6749, section 2.3.1
        if self._client.secret and endpoints.basic:
            return self._ask("POST", endpoints.token, form=form, auth=who)
        form["client_id"] = self._client.id
        if self._client.secret:
            form["client_secret"] = self._client.secret
        return self._ask("POST", endpoints.token, form=form)

    def _endpoints(self) -> _Endpoints:
        document = self._ask("GET", f"{self._client.issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != self._client.issuer:
            raise self._no("issuer")
        methods = document.get("token_endpoint_auth_methods_supported")
        return _Endpoints(
            authorization=self._place(document, "authorization_endpoint"),
            token=self._place(document, "token_endpoint"),
            keys=self._place(document, "jwks_uri"),
            basic=not isinstance(methods, list) or "client_secret_basic" in methods,
        )

    def _place(self, document: Said, name: str) -> str:
        """An address of the document: encrypted on the way, unless the provider is on this machine."""
        place = document.get(name)
        if not isinstance(place, str) or not is_safe(place):
            raise self._no(name)
        return place

    def _ask(self, method: str, url: str, *, form: Mapping[str, str] | None = None, auth: tuple[str, str] | None = None) -> Said:
        """A JSON object, within limits of size and time. A redirection is none."""
        until = self._elapsed() + WHOLE_S
        body = bytearray()
        limits = httpx.Timeout(READ_S, connect=CONNECT_S)
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        try:
            with self._network.stream(
                method, url, data=form, auth=auth, headers=headers, timeout=limits, follow_redirects=False
            ) as response:
                for piece in response.iter_raw():
                    body += piece
                    if len(body) > BODY_BYTES_MAX or self._elapsed() > until:
                        raise Refusal("oidc.provider_lost", issuer=self._client.issuer)
                status = response.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Refusal("oidc.provider_lost", issuer=self._client.issuer) from error
        if status >= 500:
            raise Refusal("oidc.provider_lost", issuer=self._client.issuer)
        try:
            said = cast("object", json.loads(body)) if status == 200 else None
        except (ValueError, RecursionError) as error:
            raise self._no("malformed") from error
        if not isinstance(said, dict):
            raise self._no("malformed" if status == 200 else f"http_{status}")
        return cast("Said", said)

    def _no(self, reason: str) -> Refusal:
        return Refusal("oidc.not_accepted", issuer=self._client.issuer, reason=reason[:40])


def is_safe(url: str) -> bool:
    """Whether what is sent there cannot be read on the way."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1", "::1"})
