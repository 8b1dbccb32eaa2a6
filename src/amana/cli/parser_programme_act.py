"""The options of those actions of `amana programme` that a person does on a node, in her own name."""

import argparse

from amana.client.text import Catalogue

VERDICTS = ("confirm", "reject")


def add_acting(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    """Give the command their options."""
    say, text = catalogue.say, catalogue.say("word.metavar.text")
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
    command.add_argument("--until", metavar=say("word.metavar.date"), help=_help(catalogue, "programme_until"))
    command.add_argument("--node", metavar="URL", help=_help(catalogue, "node"))


def _help(catalogue: Catalogue, name: str) -> str:
    return catalogue.say(f"cli.option.{name}").replace("%", "%%")
