"""Who asks: everything about signing in, in one place for the doors. No passwords, and no account that is there from the start."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import final

import httpx

from amana.node.identity_provider import Client, IdentityProvider
from amana.node.links import Links, void_links
from amana.node.oidc import Oidc
from amana.node.passkeys import Passkeys
from amana.node.sessions import Enrolment, Sessions, end_all
from amana.node.settings import Settings
from amana.node.tokens import Tokens, revoke_all
from amana.policy.people import Asker
from amana.terms.database import Database, Transaction
from amana.terms.ids import PersonId
from amana.terms.refusal import Refusal

CALLBACK = "/sign-in/oidc"
"""Where the provider sends the browser back to, under the node's public address."""
SECRET_LENGTH_MAX = 4096


@final
class SignIn:
    """One node's sign-in: `sessions`, `tokens`, `links`, `passkeys` and `oidc` over one database."""

    def __init__(self, database: Database, settings: Settings, *, provider: IdentityProvider | None) -> None:
        demo = settings.sign_in_links == "demo"
        self.sessions = Sessions(database, idle=timedelta(seconds=settings.session_idle_s), demo=demo)
        self.tokens = Tokens(database, days_max=settings.token_days_max, demo=demo)
        self.links = Links(database, self.sessions, public_url=settings.public_url, demo=demo)
        self.passkeys = Passkeys(database, self.sessions, public_url=settings.public_url)
        self.oidc = Oidc(database, self.sessions, provider, step_up_acr=settings.oidc_step_up_acr)

    def by_session(self, secret: str, *, now: datetime) -> Asker:
        """Who asks from a browser. Errors: Refusal sign_in.needed."""
        return self.sessions.by_session(secret, now=now)

    def by_token(self, secret: str, *, now: datetime) -> Asker:
        """Who asks through a program. Errors: Refusal sign_in.needed."""
        return self.tokens.by_token(secret, now=now)

    def enrolment(self, secret: str, *, now: datetime) -> Enrolment:
        """Who came with an enrolment link. Errors: Refusal sign_in.needed."""
        return self.sessions.enrolment(secret, now=now)


def cut_off(run: Transaction, person: PersonId, *, actor: str, now: datetime) -> None:
    """End every session, token and open link of a person, in the transaction that disables her: enabling her later revives none."""
    end_all(run, person, actor=actor, now=now)
    revoke_all(run, person, actor=actor, now=now)
    void_links(run, person)


def open_provider(settings: Settings, network: httpx.Client, *, elapsed: Callable[[], float]) -> IdentityProvider | None:
    """The identity provider of the settings, None where they name none. Errors: Refusal settings.bad_value."""
    if not settings.oidc_issuer:
        return None
    client = Client(
        issuer=settings.oidc_issuer,
        id=settings.oidc_client_id,
        redirect=f"{settings.public_url}{CALLBACK}",
        secret=_read_secret(settings.folder / settings.oidc_client_secret_file) if settings.oidc_client_secret_file else "",
        step_up_acr=settings.oidc_step_up_acr,
    )
    return IdentityProvider(client, network, elapsed=elapsed)


def _read_secret(path: Path) -> str:
    try:
        read = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        read = ""
    if not 0 < len(read) <= SECRET_LENGTH_MAX:
        raise Refusal(
            "settings.bad_value",
            key="oidc_client_secret_file",
            value=path.name[:60],
            wanted="word.setting.secret_file",
            origin="word.origin.settings",
        )
    return read
