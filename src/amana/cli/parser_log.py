"""The options of the commands of the public log: log, receipt."""

import argparse

from amana.cli.parser_govern import ACTIONS
from amana.client.text import Catalogue


def add_receipt(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    """Give the command its options."""
    say = catalogue.say
    command.add_argument("action", choices=ACTIONS["receipt"], metavar=say("word.metavar.action"), help=_help(catalogue, "action"))
    thing = f"{say('word.metavar.number')}|{say('word.metavar.file')}"
    command.add_argument("thing", metavar=thing, nargs="?", help=_help(catalogue, "receipt_thing"))
    add_trust(command, catalogue)
    command.add_argument("--rows", metavar="CSV", help=_help(catalogue, "receipt_rows"))
    command.add_argument("--json", action="store_true", help=_help(catalogue, "receipt_json"))
    command.add_argument("-o", "--output", metavar=say("word.metavar.file"), help=_help(catalogue, "receipt_output"))


def add_log(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    """Give the command its options."""
    say = catalogue.say
    command.add_argument("action", choices=ACTIONS["log"], metavar=say("word.metavar.action"), help=_help(catalogue, "action"))
    command.add_argument("what", metavar="DIR|URL|INDEX", nargs="?", help=_help(catalogue, "log_what"))
    command.add_argument("--of", metavar="DIR|URL", help=_help(catalogue, "log_of"))
    command.add_argument("--from", dest="since", metavar=say("word.metavar.file"), help=_help(catalogue, "log_from"))
    add_trust(command, catalogue)
    command.add_argument("--json", action="store_true", help=_help(catalogue, "log_json"))


def add_trust(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    """Whose signatures count."""
    whom = command.add_mutually_exclusive_group()
    for name in ("key", "policy"):
        whom.add_argument(f"--{name}", metavar=catalogue.say("word.metavar.file"), help=_help(catalogue, f"trust_{name}"))


def _help(catalogue: Catalogue, name: str) -> str:
    return catalogue.say(f"cli.option.{name}").replace("%", "%%")
