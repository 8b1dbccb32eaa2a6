"""The options of the commands of the public log: log, receipt."""

import argparse

from amana.cli.parser_govern import ACTIONS
from amana.client.text import Catalogue

SEALED = ("actor", "person", "reasons", "sql")


def add_log(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    """Give the command its actions and options."""
    command.add_argument("action", choices=ACTIONS["log"], metavar=catalogue.say("word.metavar.action"), help=_help(catalogue, "action"))
    command.add_argument("what", metavar="DIR|URL|INDEX", nargs="?", help=_help(catalogue, "log_what"))
    command.add_argument("--field", choices=SEALED, help=_help(catalogue, "log_field"))
    command.add_argument("--of", metavar="DIR|URL", help=_help(catalogue, "log_of"))
    command.add_argument("--from", dest="since", metavar=catalogue.say("word.metavar.file"), help=_help(catalogue, "log_from"))
    add_trust(command, catalogue)
    command.add_argument("--json", action="store_true", help=_help(catalogue, "log_json"))
    command.add_argument("--once", action="store_true", help=_help(catalogue, "log_once"))
    command.add_argument("--every", default="60", metavar=catalogue.say("word.metavar.number"), help=_help(catalogue, "log_every"))
    command.add_argument("--webhook", metavar="URL", help=_help(catalogue, "log_webhook"))
    command.add_argument("--state", metavar=catalogue.say("word.metavar.folder"), help=_help(catalogue, "log_state"))


def add_receipt(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    """Give the command its actions and options."""
    say = catalogue.say
    command.add_argument("action", choices=ACTIONS["receipt"], metavar=say("word.metavar.action"), help=_help(catalogue, "action"))
    thing = f"{say('word.metavar.number')}|{say('word.metavar.file')}"
    command.add_argument("thing", metavar=thing, nargs="?", help=_help(catalogue, "receipt_thing"))
    add_trust(command, catalogue)
    command.add_argument("--rows", metavar="CSV", help=_help(catalogue, "receipt_rows"))
    command.add_argument("--json", action="store_true", help=_help(catalogue, "receipt_json"))
    command.add_argument("-o", "--output", metavar=say("word.metavar.file"), help=_help(catalogue, "receipt_output"))


def add_trust(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    """Whose signatures count."""
    trusted, file = command.add_mutually_exclusive_group(), catalogue.say("word.metavar.file")
    trusted.add_argument("--key", metavar=f"VKEY|{file}", help=_help(catalogue, "trust_key"))
    trusted.add_argument("--policy", metavar=file, help=_help(catalogue, "trust_policy"))


def _help(catalogue: Catalogue, name: str) -> str:
    return catalogue.say(f"cli.option.{name}").replace("%", "%%")
