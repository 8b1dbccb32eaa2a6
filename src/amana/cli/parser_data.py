"""The options of the commands that need no node: data."""

import argparse

from amana.cli.parser_govern import ACTIONS
from amana.client.text import Catalogue


def add_data(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    """Give the command its actions and options."""
    say, folder = catalogue.say, catalogue.say("word.metavar.folder")
    command.add_argument("action", choices=ACTIONS["data"], metavar=say("word.metavar.action"), help=_help(catalogue, "action"))
    command.add_argument("name", metavar=say("word.metavar.name"), nargs="?", help=_help(catalogue, "data_name"))
    command.add_argument("--from", dest="mirror", metavar=folder, help=_help(catalogue, "data_from"))
    command.add_argument("--to", metavar=folder, help=_help(catalogue, "data_to"))


def _help(catalogue: Catalogue, name: str) -> str:
    return catalogue.say(f"cli.option.{name}").replace("%", "%%")
