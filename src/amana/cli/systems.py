"""`amana system`: a team's models on their way into the public register, each in her own name, by her token."""

import argparse

from amana.cli.export import put
from amana.cli.govern import act, show_list, show_thing, thing, told, word_of
from amana.cli.parser_govern import SYSTEM_FORMS
from amana.cli.reach import node_of, open_node
from amana.cli.words import read_project
from amana.client.text import Catalogue


def system(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Look at them, export one of the register, describe, assess, register, put in service, stop, retire."""
    with open_node(node_of(options), catalogue) as node:
        match options.action:
            case "list":
                show_list(node.models(), ("id", "state", "dataset", "project"), catalogue)
            case "show":
                show_thing(node.read("models", thing(options)))
            case "export":
                put(node.ai_system(thing(options), form=SYSTEM_FORMS[options.format]), catalogue, output=options.output)
            case "describe":
                told(node.rewrite("models", thing(options), read_project(word_of(options, "file")), part="/card"), catalogue)
            case _:
                act(node, "models", options, catalogue)
