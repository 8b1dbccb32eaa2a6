"""Where a command goes: to a data folder on this machine, or to a node."""

import argparse
import os
from typing import TYPE_CHECKING, Protocol

from amana.client.text import Catalogue
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.client.connect import Connection
    from amana.local.door import Door


class FolderOpener(Protocol):
    """`amana.local.door.open_folder`."""

    def __call__(self, folder: str | None, *, language: str) -> "Door": ...


def node_of(options: argparse.Namespace) -> str | None:
    """The node that is meant: of `--node`, else of AMANA_NODE unless a folder is named; None for a folder."""
    if options.node:
        return str(options.node)
    return None if options.folder else os.environ.get("AMANA_NODE") or None


def open_node(node: str | None, catalogue: Catalogue) -> "Connection":
    """A connection to the node. Errors: Refusal, also client.no_node."""
    if node is None:
        raise Refusal("client.no_node")
    from amana.client.connect import connect  # what speaks HTTP is loaded only by who needs it

    return connect(node, language=catalogue.language)


def reach(options: argparse.Namespace, catalogue: Catalogue, *, open_folder: FolderOpener) -> "Door | Connection":
    """The folder or the node, for what both answer alike."""
    node = node_of(options)
    return open_folder(options.folder, language=catalogue.language) if node is None else open_node(node, catalogue)
