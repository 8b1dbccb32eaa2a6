"""The options of `train`, `synthesise` and `forecast`."""

import argparse

from amana.client.text import Catalogue
from amana.terms.training import AUTO, LEARNERS, SEQUENCES


def add_train(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    """Give the command its options."""
    say = catalogue.say
    column, columns = say("word.metavar.column"), say("word.metavar.columns")
    command.add_argument("name", metavar=say("word.metavar.name"), help=_help(catalogue, "dataset"))
    command.add_argument("--target", metavar=column, required=True, help=_help(catalogue, "train_target"))
    command.add_argument("--positive", metavar=say("word.metavar.member"), help=_help(catalogue, "train_positive"))
    command.add_argument("--features", metavar=columns, help=_help(catalogue, "train_features"))
    command.add_argument("--groups", metavar=columns, help=_help(catalogue, "train_groups"))
    command.add_argument("--within", metavar="2%", help=_help(catalogue, "train_within"))
    command.add_argument("--learner", choices=(AUTO, *LEARNERS, SEQUENCES), default=AUTO, help=_help(catalogue, "train_learner"))
    command.add_argument("--skill", metavar=column, default="", help=_help(catalogue, "train_skill"))
    command.add_argument("--order", metavar=column, default="", help=_help(catalogue, "train_order"))
    _shared(command, catalogue)


def add_synthesise(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    """Give the command its options."""
    say = catalogue.say
    command.add_argument("name", metavar=say("word.metavar.name"), help=_help(catalogue, "dataset"))
    command.add_argument("--columns", metavar=say("word.metavar.columns"), help=_help(catalogue, "synthesise_columns"))
    command.add_argument("--target", metavar=say("word.metavar.column"), help=_help(catalogue, "synthesise_target"))
    command.add_argument("--rows", type=int, default=0, metavar=say("word.metavar.number"), help=_help(catalogue, "synthesise_rows"))
    command.add_argument("--format", dest="form", choices=("csv", "parquet"), help=_help(catalogue, "synthesise_format"))
    _shared(command, catalogue)


def add_forecast(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    """Give the command its options."""
    say = catalogue.say
    column, numbers = say("word.metavar.column"), say("word.metavar.numbers")
    command.add_argument("name", metavar=say("word.metavar.name"), help=_help(catalogue, "dataset"))
    command.add_argument("--value", metavar=column, required=True, help=_help(catalogue, "forecast_value"))
    command.add_argument("--time", metavar=column, required=True, help=_help(catalogue, "forecast_time"))
    command.add_argument("--horizons", metavar=numbers, type=_steps, required=True, help=_help(catalogue, "forecast_horizons"))
    command.add_argument("--season", metavar=say("word.metavar.number"), type=int, required=True, help=_help(catalogue, "forecast_season"))
    command.add_argument("--lags", metavar=numbers, type=_steps, default=(), help=_help(catalogue, "forecast_lags"))
    _shared(command, catalogue, rows="forecast_rows", seed=False)


def _steps(text: str) -> tuple[int, ...]:
    """Whole numbers separated by commas. Errors: ValueError, which argparse tells."""
    return tuple(int(each) for each in text.split(","))


def _shared(command: argparse.ArgumentParser, catalogue: Catalogue, *, rows: str = "train_rows", seed: bool = True) -> None:
    say = catalogue.say
    command.add_argument("--table", metavar=say("word.metavar.name"), help=_help(catalogue, "train_table"))
    command.add_argument("--rows-of", dest="sql", default="", metavar="SQL", help=_help(catalogue, "train_sql"))
    command.add_argument("--share", metavar="5%", default="5%", help=_help(catalogue, "train_share"))
    command.add_argument("--rows-per-unit", type=int, default=0, metavar=say("word.metavar.number"), help=_help(catalogue, rows))
    if seed:
        command.add_argument("--seed", type=int, default=0, metavar=say("word.metavar.number"), help=_help(catalogue, "train_seed"))
    command.add_argument("--preview", action="store_true", help=_help(catalogue, "preview"))
    command.add_argument("--permit", metavar="ID", help=_help(catalogue, "permit"))
    command.add_argument("-o", "--output", metavar=say("word.metavar.file"), help=_help(catalogue, "train_output"))


def _help(catalogue: Catalogue, name: str) -> str:
    return catalogue.say(f"cli.option.{name}").replace("%", "%%")
