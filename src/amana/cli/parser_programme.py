"""The options of `amana programme`."""

import argparse

from amana.cli.parser_govern import ACTIONS
from amana.cli.parser_log import add_trust
from amana.cli.parser_programme_act import add_acting
from amana.client.text import Catalogue


def add_programme(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    """Give the command its actions and options."""
    say, file = catalogue.say, catalogue.say("word.metavar.file")
    command.add_argument("action", choices=ACTIONS["programme"], metavar=say("word.metavar.action"), help=_help(catalogue, "action"))
    what = f"{file}|{say('word.metavar.name')}"
    command.add_argument("what", metavar=what, nargs="?", help=_help(catalogue, "programme_file"))
    add_acting(command, catalogue)
    shape = command.add_mutually_exclusive_group()
    for name in ("json", "csv"):
        shape.add_argument(f"--{name}", dest="shape", action="store_const", const=name, help=_help(catalogue, f"programme_{name}"))
    command.add_argument("-o", "--output", metavar=file, help=_help(catalogue, "programme_output"))
    command.add_argument("--source", metavar=file, action="append", help=_help(catalogue, "plan_source"))
    command.add_argument("--log", metavar="DIR|URL", help=_help(catalogue, "plan_log"))
    command.add_argument("--plan", metavar=say("word.metavar.name"), help=_help(catalogue, "plan_name"))
    command.add_argument("--at", metavar=say("word.metavar.date"), help=_help(catalogue, "plan_at"))
    command.add_argument("--folder", metavar=say("word.metavar.folder"), help=_help(catalogue, "folder"))
    add_trust(command, catalogue)


def _help(catalogue: Catalogue, name: str) -> str:
    return catalogue.say(f"cli.option.{name}").replace("%", "%%")
