"""`amana login` and `amana logout`: the token of a node, kept for this user."""

import argparse
import os
import sys
from fractions import Fraction

from amana.cli.reach import node_of
from amana.cli.show import tell
from amana.client.figures import percent
from amana.client.text import Catalogue
from amana.terms.refusal import Refusal

PREFIX = "amana_"
"""How the tokens of every node begin."""
LINK_CHARACTERS_MAX = 8_192


def login(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Keep a token, once the node has said whose it is; a one-time link is exchanged for one first."""
    from amana.client.connect import connect
    from amana.client.link import sign_in
    from amana.client.tokens import ASSISTANT, checked, keep_token

    given = (sys.stdin.read(LINK_CHARACTERS_MAX) if options.link == "-" else str(options.link)).strip()
    if given.startswith(PREFIX):
        node, token = _node(options), checked(given)
    else:  # AMANA_NODE says where a link leads that names no node itself; it sends none elsewhere
        named = options.node or (None if "#" in given else node_of(options))
        node, token = sign_in(given, node=named, allowance=options.assistant, language=catalogue.language)
    with connect(node, token, language=catalogue.language) as connection:
        assistant = connection.assistant()
        if options.assistant is not None and assistant is None:
            raise Refusal("mcp.token_too_strong", node=node)
        who = os.environ.get("AMANA_AS") or ("" if assistant is None else ASSISTANT)
        file = keep_token(connection.address, token, environment={**os.environ, "AMANA_AS": who})
    if assistant is None:
        tell(catalogue.say("login.done", node=node, file=str(file)))
        return
    until = assistant.expires_at[:10]
    tell(catalogue.say("login.assistant", node=node, file=str(file), share=percent(float(Fraction(assistant.allowance))), until=until))


def logout(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Forget the token of a node on this machine."""
    from amana.client.address import read_address
    from amana.client.tokens import forget_token

    address = read_address(_node(options))
    forgotten = forget_token(address, environment=os.environ)
    tell(catalogue.say("login.forgotten" if forgotten else "login.none", node=str(address)))


def _node(options: argparse.Namespace) -> str:
    node = node_of(options)
    if node is None:
        raise Refusal("client.no_node")
    return node
