"""The options of `amana log`."""

import argparse

from amana.cli.parser_govern import ACTIONS
from amana.client.text import Catalogue


def add_log(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    """Give the command its actions and options."""

    def say(name: str) -> str:
        return catalogue.say(name).replace("%", "%%")

    command.add_argument("action", choices=ACTIONS["log"], metavar=say("word.metavar.action"), help=say("cli.option.action"))
    command.add_argument("what", metavar="DIR|URL|INDEX", nargs="?", help=say("cli.option.log_what"))
    command.add_argument("--of", metavar="DIR|URL", help=say("cli.option.log_of"))
    command.add_argument("--from", dest="since", metavar=say("word.metavar.file"), help=say("cli.option.log_from"))
    trusted = command.add_mutually_exclusive_group()
    trusted.add_argument("--key", metavar=f"VKEY|{say('word.metavar.file')}", help=say("cli.option.log_key"))
    trusted.add_argument("--policy", metavar=say("word.metavar.file"), help=say("cli.option.log_policy"))
    command.add_argument("--json", action="store_true", help=say("cli.option.log_json"))
