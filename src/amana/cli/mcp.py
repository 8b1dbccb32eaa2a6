"""`amana mcp`: a node for an AI assistant, whose program starts this one and speaks to it on stdin and stdout."""

import argparse
import os
import signal

import amana
from amana.cli.reach import node_of
from amana.cli.show import INTERRUPTED, tell
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
    door = server.open_door(node, catalogue=catalogue, version=amana.__version__)

    def stop(number: int, frame: object) -> None:  # noqa: ARG001 - as signals are told
        tell(catalogue.say("cli.interrupted"))
        os._exit(INTERRUPTED)  # a thread waits for a line of stdin, and nothing wakes it

    signal.signal(signal.SIGINT, stop)
    server.serve(door)
