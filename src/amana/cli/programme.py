"""`amana programme`: from a source text to a plan, what people do with it on a node, and from a copy of the public log to where every
commitment stands."""

import argparse

from amana.cli.programme_act import EXAMPLES, act
from amana.cli.programme_check import check, evaluate
from amana.cli.programme_import import begin, read_text
from amana.client.text import Catalogue

ACTIONS = {"import": read_text, "begin": begin, "check": check, "evaluate": evaluate, **dict.fromkeys(EXAMPLES, act)}


def programme(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """One action. Errors: Refusal programme.*, log.*."""
    ACTIONS[options.action](options, catalogue)
