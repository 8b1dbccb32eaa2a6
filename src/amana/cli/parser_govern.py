"""The options of the governing commands, and of records and registers: people, project, permit, output, system,
export, register."""

import argparse

from amana.client.text import LANGUAGES, Catalogue

ACTIONS = {
    "people": ("list", "add-organisation", "add", "role", "accredit", "disable", "enable", "link"),
    "project": (
        "list", "show", "new", "edit", "submit", "withdraw", "change-purpose", "close", "add-member", "remove-member", "review", "return",
        "approve", "reject", "suspend", "resume", "revoke",
    ),
    "permit": ("list", "show", "request", "return", "revise", "grant", "refuse", "suspend", "resume", "revoke"),
    "output": ("list", "show", "add", "rewrite", "propose", "vote", "publish", "retract"),
    "system": ("list", "show", "export", "describe", "assess", "revise", "register", "serve", "suspend", "resume", "retire"),
    "jobs": ("list", "show", "cancel", "answer"),
    "keys": ("show", "rotate"),
    "log": ("verify", "watch", "path", "key", "show", "proof", "open", "erase", "rotate-key", "retire-key", "second-key"),
    "export": ("processing-record", "public-register"),
    "receipt": ("get", "show", "verify", "crate"),
    "register": ("dcat", "croissant", "uses", "privacy", "ai"),
    "data": ("list", "get"),
    "model": ("show", "export", "verify"),
    "programme": ("import", "begin", "check", "evaluate", "adopt", "consult", "submit", "measure", "evidence", "judge", "drop", "resume"),
}  # fmt: skip
KINDS = ("custodian", "research", "company", "authority", "operator")
ROLES = ("researcher", "reviewer", "decider", "custodian", "operator", "auditor", "planner", "verifier")
VERDICTS = ("approve", "return", "reject")
GOVERNED = ("project", "permit", "output", "system")
SYSTEM_FORMS = {
    "json": "", "csv": "csv", "cyclonedx": "cyclonedx", "huggingface": "hub", "algoritmeregister": "algoritmeregister", "atrs": "atrs",
    "ai-act": "ai-act",
}  # fmt: skip
"""In what a registered system is exported, and what the node calls it; a system itself has no name."""
LIVES = {"system": "model"}
"""Commands whose things have another name in the tables of transitions."""


def add_governing(made: dict[str, argparse.ArgumentParser], catalogue: Catalogue) -> None:
    """Give each of these commands its options."""

    def option(name: str, flag: str, text: str, *, metavar: str | None = None, choices: tuple[str, ...] | None = None) -> None:
        made[name].add_argument(
            flag, metavar=metavar or ("|".join(choices) if choices else None), choices=choices, help=_help(catalogue, text)
        )

    say = catalogue.say
    for name, actions in ACTIONS.items():
        made[name].epilog = _actions(name, actions, catalogue)
    for name in ("people", *GOVERNED):
        option(name, "action", "action", metavar=say("word.metavar.action"), choices=ACTIONS[name])
    made["people"].add_argument("name", metavar=say("word.metavar.name"), nargs="?", help=_help(catalogue, "people_name"))
    option("people", "--kind", "organisation_kind", choices=KINDS)
    option("people", "--organisation", "organisation", metavar=say("word.metavar.name"))
    option("people", "--language", "person_language", choices=LANGUAGES)
    made["people"].set_defaults(language="en")
    option("people", "--role", "role", choices=ROLES)
    option("people", "--until", "until", metavar=say("word.metavar.date"))
    made["people"].add_argument("--demo", action="store_true", help=_help(catalogue, "demo_link"))
    for name in GOVERNED:
        made[name].add_argument(
            "thing", metavar=f"{say('word.metavar.id')}|{say('word.metavar.file')}", nargs="?", help=_help(catalogue, "thing")
        )
        option(name, "--reasons", "reasons", metavar=say("word.metavar.text"))
    for name in ("project", "output"):
        option(name, "--verdict", "verdict", choices=VERDICTS)
        option(name, "--file", "govern_file", metavar=say("word.metavar.file"))
    option("system", "--file", "card_file", metavar=say("word.metavar.file"))
    option("system", "--format", "system_format", choices=tuple(SYSTEM_FORMS))
    made["system"].set_defaults(format="json")
    made["system"].add_argument("-o", "--output", metavar=say("word.metavar.file"), help=_help(catalogue, "record_file"))
    option("project", "--person", "member", metavar=say("word.metavar.id"))
    for name in ("permit", "output"):
        option(name, "--project", "of_project", metavar=say("word.metavar.id"))
    option("permit", "--dataset", "permit_dataset", metavar=say("word.metavar.name"))
    option("permit", "--share", "permit_share", metavar="5%")
    option("permit", "--until", "until", metavar=say("word.metavar.date"))
    option("output", "--kind", "output_kind", choices=("text", "code", "derivation"))
    made["output"].set_defaults(kind="text")
    option("output", "--title", "output_title", metavar=say("word.metavar.text"))
    made["export"].add_argument("record", choices=ACTIONS["export"], metavar=say("word.metavar.record"), help=_help(catalogue, "record"))
    shape = made["export"].add_mutually_exclusive_group()
    for name in ("json", "csv"):
        shape.add_argument(f"--{name}", dest="shape", action="store_const", const=name, help=_help(catalogue, f"record_{name}"))
    made["export"].set_defaults(shape="json")
    made["export"].add_argument("-o", "--output", metavar=say("word.metavar.file"), help=_help(catalogue, "record_file"))
    _register(made["register"], catalogue)


def _register(command: argparse.ArgumentParser, catalogue: Catalogue) -> None:
    say = catalogue.say
    command.add_argument("register", choices=ACTIONS["register"], metavar=say("word.metavar.register"), help=_help(catalogue, "register"))
    command.add_argument("name", metavar=say("word.metavar.name"), nargs="?", help=_help(catalogue, "register_name"))
    shape = command.add_mutually_exclusive_group()
    for name in ("json", "turtle", "csv"):
        shape.add_argument(f"--{name}", dest="shape", action="store_const", const=name, help=_help(catalogue, f"register_{name}"))
    command.set_defaults(shape="json")
    command.add_argument("--each", action="store_true", help=_help(catalogue, "register_each"))
    command.add_argument("-o", "--output", metavar=say("word.metavar.file"), help=_help(catalogue, "record_file"))


def _actions(command: str, actions: tuple[str, ...], catalogue: Catalogue) -> str:
    """One line for each action: its own words, or those of the transition that it makes."""
    width = max(map(len, actions)) + 2
    word = catalogue.say({"export": "word.metavar.record", "register": "word.metavar.register"}.get(command, "word.metavar.action"))
    lines = [catalogue.say("cli.actions", action=word)]
    for action in actions:
        transition = f"lifecycle.{LIVES.get(command, command)}.{action.replace('-', '_')}"
        own = f"cli.action.{command}.{action}"
        lines.append(f"  {action:{width}}{catalogue.say(own if catalogue.has(own) else transition)}")
    return "\n".join(lines)


def _help(catalogue: Catalogue, name: str) -> str:
    return catalogue.say(f"cli.option.{name}").replace("%", "%%")
