"""The commands and their options, in the reader's language."""

import argparse
from collections.abc import Sequence

from amana.cli.parser_data import OFFLINE, add_data, add_model, add_predict
from amana.cli.parser_govern import ACTIONS, GOVERNED, add_governing
from amana.cli.parser_log import add_log, add_receipt
from amana.cli.parser_programme import add_programme
from amana.cli.parser_train import add_forecast, add_synthesise, add_train
from amana.client.precision import WITHIN
from amana.client.text import LANGUAGES, Catalogue

COMMANDS = (
    "publish", "ask", "train", "synthesise", "forecast", "explain", "budget", "datasets", "profile", "sample", "jobs", "login", "logout",
    "people",
    "project", "permit", "output", "system", "export", "log", "receipt", "register", "settings", "keys", "serve", "mcp", "data", "model",
    "predict", "programme", "help",
)  # fmt: skip


class _Help(argparse.HelpFormatter):
    """Wide enough for a sentence, the same on every terminal."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=100)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Line by line: a list of actions stays a list."""
        return "\n".join(
            super(_Help, self)._fill_text(line, width, indent) if line[:1] != " " else indent + line for line in text.split("\n")
        )


def build(catalogue: Catalogue, *, version: str) -> argparse.ArgumentParser:
    """The parser of `amana`. Its own words ("usage:", "options", errors) come from the catalogue too."""
    _translate_argparse(catalogue)
    say = catalogue.say
    parser = argparse.ArgumentParser(prog="amana", description=say("cli.description"), epilog=say("cli.epilog"), formatter_class=_Help)
    parser.add_argument("--version", action="version", version=f"amana {version}", help=_option(say("cli.option.version")))
    parser.add_argument("--lang", choices=LANGUAGES, metavar="LANG", help=_option(say("cli.option.lang")))
    commands = parser.add_subparsers(dest="command", metavar=say("word.metavar.command"), required=True)
    made = {
        name: commands.add_parser(name, help=_option(purpose), description=purpose, formatter_class=_Help)
        for name in COMMANDS
        for purpose in (say(f"cli.{name}.purpose"),)
    }
    for command in made.values():
        # The language is chosen before parsing; the option is accepted on either side of the command.
        command.add_argument("--lang", choices=LANGUAGES, metavar="LANG", help=argparse.SUPPRESS, default=argparse.SUPPRESS)
    _publish(made["publish"], catalogue)
    _ask(made["ask"], catalogue)
    add_train(made["train"], catalogue)
    add_synthesise(made["synthesise"], catalogue)
    add_forecast(made["forecast"], catalogue)
    made["explain"].add_argument("sql", metavar="SQL", help=_option(say("cli.option.sql")))
    _within(made["explain"], catalogue, default=WITHIN)
    for name in ("budget", "profile", "sample"):
        made[name].add_argument("name", metavar=say("word.metavar.name"), help=_option(say("cli.option.dataset")))
    made["profile"].add_argument("--json", action="store_true", help=_option(say("cli.option.profile_json")))
    _sample(made["sample"], catalogue)
    _jobs(made["jobs"], catalogue)
    made["login"].add_argument("link", metavar=say("word.metavar.link"), help=_option(say("cli.option.link")))
    made["login"].add_argument("--assistant", nargs="?", const="10%", metavar="10%", help=_option(say("cli.option.assistant")))
    add_governing(made, catalogue)
    made["settings"].add_argument("action", choices=("explain",), help=_option(say("cli.option.settings_action")))
    add_log(made["log"], catalogue)
    _keys(made["keys"], catalogue)
    add_receipt(made["receipt"], catalogue)
    _serve(made["serve"], catalogue)
    add_data(made["data"], catalogue)
    add_model(made["model"], catalogue)
    add_predict(made["predict"], catalogue)
    add_programme(made["programme"], catalogue)
    made["help"].add_argument("code", metavar="AMA-nnn", nargs="?", help=_option(say("cli.option.code")))
    for name in (each for each in COMMANDS[:-1] if each not in (*GOVERNED, "mcp", *OFFLINE)):
        made[name].add_argument("--folder", metavar=say("word.metavar.folder"), help=_option(say("cli.option.folder")))
    for name in (
        "ask",
        "train",
        "synthesise",
        "forecast",
        "budget",
        "datasets",
        "profile",
        "sample",
        "jobs",
        "login",
        "logout",
        "mcp",
        *GOVERNED,
        "export",
        "receipt",
        "register",
    ):
        made[name].add_argument("--node", metavar="URL", help=_option(say("cli.option.node")))
    for name in ("jobs", "login", "logout", "mcp", *GOVERNED):
        made[name].set_defaults(folder=None)
    return parser


def _option(text: str) -> str:
    """argparse fills in %(name)s in help texts, so a per cent sign is written twice."""
    return text.replace("%", "%%")


def _publish(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    command.add_argument("files", metavar=catalogue.say("word.metavar.file"), nargs="+", help=_option(catalogue.say("cli.option.files")))
    command.add_argument("--rules", metavar="TOML", required=True, help=_option(catalogue.say("cli.option.rules")))
    command.add_argument("--check", action="store_true", help=_option(catalogue.say("cli.option.check")))


def _ask(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    command.add_argument("sql", metavar="SQL", help=_option(catalogue.say("cli.option.sql")))
    _within(command, catalogue, default=None)
    command.add_argument("--share", metavar="1%", help=_option(catalogue.say("cli.option.share")))
    command.add_argument("--permit", metavar="ID", help=_option(catalogue.say("cli.option.permit")))
    before = command.add_mutually_exclusive_group()
    for name in ("preview", "dry-run"):
        before.add_argument(f"--{name}", action="store_true", help=_option(catalogue.say(f"cli.option.{name.replace('-', '_')}")))
    shape = command.add_mutually_exclusive_group()
    for name in ("json", "csv", "arrow"):
        shape.add_argument(f"--{name}", dest="shape", action="store_const", const=name, help=_option(catalogue.say(f"cli.option.{name}")))


def _jobs(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    say = catalogue.say
    command.add_argument(
        "action",
        choices=ACTIONS["jobs"],
        metavar=say("word.metavar.action"),
        nargs="?",
        default="list",
        help=_option(say("cli.option.action")),
    )
    command.add_argument("job", metavar=say("word.metavar.job"), nargs="?", help=_option(say("cli.option.job")))


def _keys(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    say = catalogue.say
    command.add_argument("action", choices=ACTIONS["keys"], metavar=say("word.metavar.action"), help=_option(say("cli.option.action")))
    command.add_argument("--data", action="store_true", help=_option(catalogue.say("cli.option.keys_data")))
    command.add_argument("--to", choices=("file", "kms"), metavar="SOURCE", help=_option(catalogue.say("cli.option.keys_to")))


def _serve(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    say = catalogue.say
    command.add_argument("--host", default="127.0.0.1", metavar=say("word.metavar.address"), help=_option(say("cli.option.host")))
    command.add_argument("--port", default=8321, type=int, metavar=say("word.metavar.port"), help=_option(say("cli.option.port")))
    command.add_argument("--workers", default=1, type=int, metavar=say("word.metavar.number"), help=_option(say("cli.option.workers")))


def _sample(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    say = catalogue.say
    command.add_argument("--table", metavar=say("word.metavar.name"), help=_option(say("cli.option.sample_table")))
    shape = command.add_mutually_exclusive_group()
    for name in ("csv", "parquet"):
        shape.add_argument(f"--{name}", dest="form", action="store_const", const=name, help=_option(say(f"cli.option.sample_{name}")))
    command.add_argument("-o", "--output", metavar=say("word.metavar.folder"), help=_option(say("cli.option.output")))


def _within(command: argparse.ArgumentParser, catalogue: Catalogue, *, default: str | None) -> None:
    command.add_argument("--within", metavar="5%|±15", default=default, help=_option(catalogue.say("cli.option.within")))


def language_asked(arguments: Sequence[str]) -> str | None:
    """The value of --lang, found before parsing because the parser itself speaks that language."""
    for index, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
        if argument == "--lang" and index + 1 < len(arguments):
            return arguments[index + 1]
    return None


def _translate_argparse(catalogue: Catalogue) -> None:
    """Give argparse our catalogue. It calls `_` and `ngettext` of its own module, which know compiled files only."""

    def translate(english: str) -> str:
        found = catalogue.messages.get(english)
        return found.forms[0] if found else english

    def translate_count(singular: str, plural: str, number: int) -> str:
        found = catalogue.messages.get(singular)
        return found.forms[catalogue.plural(number)] if found else (singular if number == 1 else plural)

    argparse._ = translate  # type: ignore[attr-defined]  # imported from gettext there, which its stubs do not tell
    argparse.ngettext = translate_count  # type: ignore[attr-defined]  # likewise
