"""Signing in with a one-time link: what a node gives for it."""

import os

from amana.client.address import read_link
from amana.client.connect import TIMEOUT_S
from amana.client.explain import speaking
from amana.client.http import Channel
from amana.client.text import choose_language, load
from amana.client.wire import a_text, an_object
from amana.terms.refusal import Refusal


def sign_in(link: str, *, node: str | None = None, allowance: str | None = None, language: str | None = None) -> tuple[str, str]:
    """The node that a one-time link is for, and a token for the link; `allowance`: one for an AI assistant, which may read and ask and
    spend that share of each permit ("10%"). The link is shown to its own node only; `node` is needed where it names none.

    Errors: Refusal as of `read_link`, and of the node when the link is used or too old.
    """
    chosen = choose_language(language, os.environ)
    with speaking("", catalogue=load(chosen)):
        address, secret = read_link(link, node=node)
        channel = Channel(address, token=None, language=chosen, timeout_s=TIMEOUT_S)
        if not address.keeps_secrets:  # a link is as good as a token
            raise Refusal("client.token_unprotected", node=str(address))
        try:
            body = {"link": secret} if allowance is None else {"link": secret, "allowance": allowance}
            return str(address), a_text(an_object(channel.post("/sign-in/link", body).json(), "token").get("token"), "token")
        finally:
            channel.close()
