"""The options of the commands that need no node: data, model, predict."""

import argparse

from amana.cli.parser_govern import ACTIONS
from amana.cli.parser_log import add_trust
from amana.client.text import Catalogue

OFFLINE = ("data", "model", "predict", "programme")
FORMS = ("json", "safetensors", "onnx")


def add_data(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    """Give the command its actions and options."""
    say, folder = catalogue.say, catalogue.say("word.metavar.folder")
    command.add_argument("action", choices=ACTIONS["data"], metavar=say("word.metavar.action"), help=_help(catalogue, "action"))
    command.add_argument("name", metavar=say("word.metavar.name"), nargs="?", help=_help(catalogue, "data_name"))
    command.add_argument("--from", dest="mirror", metavar=folder, help=_help(catalogue, "data_from"))
    command.add_argument("--to", metavar=folder, help=_help(catalogue, "data_to"))


def add_model(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    """Give the command its actions and options."""
    say, file = catalogue.say, catalogue.say("word.metavar.file")
    command.add_argument("action", choices=ACTIONS["model"], metavar=say("word.metavar.action"), help=_help(catalogue, "action"))
    command.add_argument("file", metavar=file, help=_help(catalogue, "model_file"))
    command.add_argument("--form", choices=FORMS, metavar="|".join(FORMS), default=FORMS[0], help=_help(catalogue, "model_form"))
    command.add_argument("-o", "--output", metavar=file, help=_help(catalogue, "model_output"))
    add_trust(command, catalogue)


def add_predict(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    """Give the command its options."""
    say, file = catalogue.say, catalogue.say("word.metavar.file")
    command.add_argument("model", metavar=say("word.metavar.model"), help=_help(catalogue, "model_file"))
    command.add_argument("rows", metavar="CSV", help=_help(catalogue, "predict_rows"))
    command.add_argument("-o", "--out", metavar=file, help=_help(catalogue, "predict_out"))
    command.add_argument("--column", metavar=say("word.metavar.name"), default="prediction", help=_help(catalogue, "predict_column"))


def _help(catalogue: Catalogue, name: str) -> str:
    return catalogue.say(f"cli.option.{name}").replace("%", "%%")
