"""`amana mcp`: a node for an AI assistant, whose program starts this one and speaks to it on stdin and stdout."""

import argparse

import amana
from amana.cli.reach import node_of
from amana.client.text import Catalogue
from amana.terms.refusal import Refusal


def mcp(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Serve the assistant until its host goes."""
    node = node_of(options)
    if node is None:
        raise Refusal("client.no_node")
    try:
        from amana.mcp import server
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("amana"):
            raise
        raise Refusal("client.library_missing", library=missing.name or "?", extra="mcp") from None
    server.serve(node, catalogue=catalogue, version=amana.__version__)
