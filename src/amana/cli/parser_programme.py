"""The options of `amana programme`."""

import argparse

from amana.cli.parser_govern import ACTIONS
from amana.client.text import Catalogue

VERDICTS = ("confirm", "reject")


def add_programme(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    """Give the command its actions and options."""
    say = catalogue.say
    command.add_argument("action", choices=ACTIONS["programme"], metavar=say("word.metavar.action"), help=_help(catalogue, "action"))
    add_acting(command, catalogue)


def add_acting(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    """The words of those actions that a person does on a node, in her own name."""
    say, text = catalogue.say, catalogue.say("word.metavar.text")
    thing = f"{say('word.metavar.id')}|{say('word.metavar.file')}"
    command.add_argument("thing", metavar=thing, nargs="?", help=_help(catalogue, "programme_thing"))
    command.add_argument("id", metavar=say("word.metavar.id"), nargs="?", help=_help(catalogue, "programme_id"))
    command.add_argument("--value", metavar="12.5", help=_help(catalogue, "programme_value"))
    command.add_argument("--on", metavar=say("word.metavar.date"), help=_help(catalogue, "programme_on"))
    command.add_argument("--document", metavar=say("word.metavar.file"), help=_help(catalogue, "programme_document"))
    command.add_argument("--title", metavar=text, help=_help(catalogue, "programme_title"))
    command.add_argument("--link", metavar="URL", help=_help(catalogue, "programme_link"))
    command.add_argument("--note", metavar=text, help=_help(catalogue, "programme_note"))
    command.add_argument("--permit", metavar="ID", help=_help(catalogue, "programme_permit"))
    command.add_argument("--verdict", choices=VERDICTS, metavar="|".join(VERDICTS), help=_help(catalogue, "programme_verdict"))
    command.add_argument("--reasons", metavar=text, help=_help(catalogue, "programme_reasons"))
    command.add_argument("--node", metavar="URL", help=_help(catalogue, "node"))
    command.set_defaults(folder=None)


def _help(catalogue: Catalogue, name: str) -> str:
    return catalogue.say(f"cli.option.{name}").replace("%", "%%")
