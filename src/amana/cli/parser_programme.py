"""The options of `amana programme`."""

import argparse

from amana.cli.parser_govern import ACTIONS
from amana.client.text import Catalogue


def add_programme(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    """Give the command its actions and options."""
    say, file = catalogue.say, catalogue.say("word.metavar.file")
    command.add_argument("action", choices=ACTIONS["programme"], metavar=say("word.metavar.action"), help=_help(catalogue, "action"))
    command.add_argument("file", metavar=file, help=_help(catalogue, "programme_file"))
    command.add_argument("--json", action="store_true", help=_help(catalogue, "programme_json"))
    command.add_argument("-o", "--output", metavar=file, help=_help(catalogue, "programme_output"))


def _help(catalogue: Catalogue, name: str) -> str:
    return catalogue.say(f"cli.option.{name}").replace("%", "%%")
