"""`amana login` and `amana logout`: the token of a node, kept for this user."""

import argparse
import os
import sys

from amana.cli.reach import node_of
from amana.cli.show import tell
from amana.client.text import Catalogue
from amana.terms.refusal import Refusal

PREFIX = "amana_"
"""How the tokens of every node begin."""
LINK_CHARACTERS_MAX = 8_192


def login(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Keep a token, once the node has said whose it is; a one-time link is exchanged for one first."""
    from amana.client.connect import connect, sign_in
    from amana.client.tokens import checked, keep_token

    node = _node(options)
    given = (sys.stdin.read(LINK_CHARACTERS_MAX) if options.link == "-" else str(options.link)).strip()
    token = checked(given if given.startswith(PREFIX) else sign_in(node, given, language=catalogue.language))
    with connect(node, token, language=catalogue.language) as connection:
        connection.me()
        file = keep_token(connection.address, token, environment=os.environ)
    tell(catalogue.say("login.done", node=str(connection.address), file=str(file)))


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
