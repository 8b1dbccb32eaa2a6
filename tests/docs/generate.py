"""Pages that are made from the code, so that they cannot say anything else: `make docs` writes them, a test compares them."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import amana
from amana.catalog.purposes import TERMS
from amana.cli.parser import build
from amana.client.text import load
from amana.log.entry_kinds import KINDS
from amana.node.settings import describe
from amana.policy.rights import RULES
from amana.policy.transitions import MODEL, OUTPUT, PERMIT, PROJECT, RUN, Machine
from amana.terms.codes import CODES
from tests.docs.ai_systems_page import ai_systems_page
from tests.docs.audits_page import audits_page
from tests.docs.http_page import http_page
from tests.docs.log_page import log_page, schema_page

ROOT = Path(__file__).parent.parent.parent
BENCHMARKS = ROOT / "docs" / "explanation" / "benchmarks.md"
SHOWN = ROOT / "src" / "amana" / "register" / "known-vulnerabilities.md"
"""The page that the portal shows too: the package holds a copy."""
BEGIN, END = "<!-- benchmarks: made by `make docs` from docs/explanation/benchmarks.md -->", "<!-- end of benchmarks -->"

BAR = "\\|"
"""How a table of Markdown holds a bar."""


def pages() -> dict[Path, str]:
    """Each page that is made, and what it must hold."""
    reference = ROOT / "docs" / "reference"
    readme = ROOT / "README.md"
    return {
        reference / "cli.md": command_page(),
        reference / "purposes.md": purposes_page(),
        reference / "lifecycles.md": lifecycle_page(),
        reference / "http.md": http_page(),
        reference / "log.md": log_page(),
        **{reference / "log" / f"{kind}.schema.json": schema_page(kind) for kind in KINDS},
        reference / "ai-systems.md": ai_systems_page(),
        reference / "audits.md": audits_page(),
        reference / "refusals.md": refusal_page(),
        reference / "rights.md": rights_page(),
        reference / "settings.md": settings_page(),
        readme: with_benchmarks(readme.read_text(encoding="utf-8")),
        SHOWN: (ROOT / "docs" / "security" / SHOWN.name).read_text(encoding="utf-8"),
    }


def command_page() -> str:
    """Every command with its options, from the parser itself."""
    parser = build(load("en"), version=amana.__version__)
    lines = ["# Commands", "", "Made by `make docs` from the parser. In Arabic, French or Amazigh: `amana --lang ar --help`.", ""]
    lines += [str(parser.description), "", "```text", *_usage(parser), "```", "", *_options(parser)]
    for name, command in _commands(parser):
        lines += ["", f"## amana {name}", "", f"{_sentence(str(command.description))}", "", "```text", *_usage(command), "```", ""]
        lines += _options(command)
        lines += ["", *_actions(str(command.epilog))] if command.epilog else []
    lines += ["", "## Exit codes", "", "| code | class |", "|---|---|"]
    lines += [f"| {int(member)} | {member.name.lower()} |" for member in type(next(iter(CODES.values())).exit)]
    return "\n".join(lines) + "\n"


def refusal_page() -> str:
    """Every refusal: number, name, exit code and message."""
    catalogue = load("en")
    lines = [
        "# Refusals",
        "",
        "Made by `make docs` from `terms/codes.py` and the English catalogue. A number is never used again for another refusal.",
    ]
    lines += ["`amana help AMA-104` shows one of them in your language, also offline.", ""]
    for name, code in sorted(CODES.items(), key=lambda item: item[1].number):
        message = catalogue.template(name) if catalogue.has(name) else ""
        lines += [f"## AMA-{code.number} `{name}`", "", f"Exit code {int(code.exit)}.", "", "```text", message, "```", ""]
    return "\n".join(lines)


def purposes_page() -> str:
    """Every term of permitted use, from `catalog/purposes.py`."""
    lines = [
        "# Purposes",
        "",
        "Made by `make docs` from `catalog/purposes.py`: the closed list of terms for `[dataset] purposes`. A *permission* opens a use; who",
    ]
    lines += [
        "permits a term permits every narrower one. A *modifier* is a condition on every permission beside it. Sources: the Data Use",
        "Ontology of GA4GH and, with `dpv:`, the purposes of the W3C Data Privacy Vocabulary; `broader` is the order of this house.",
        "",
        "| term | kind | meaning | broader |",
        "|---|---|---|---|",
    ]
    for term in TERMS.values():
        written = {"DS": "DS:<disease>", "TS": "TS:<months>"}.get(term.code, term.code)
        lines.append(f"| `{written}` | {term.kind.value} | {term.about} | {', '.join(term.broader)} |")
    return "\n".join([*lines, "", "A disease is a vocabulary and an identifier in it: `DS:MONDO:0005148`."]) + "\n"


def lifecycle_page() -> str:
    """The life of a project, a permit, a run, an output and a model, from the tables of transitions."""
    lines = [
        "# Lifecycles",
        "",
        "Made by `make docs` from `policy/transitions.py`. What is not in a table cannot happen. `node` is the program itself: the",
        "clock, the ledger, the count of votes. A step-up is a strong sign-in of the last 10 minutes.",
    ]
    machines: tuple[Machine[Any, Any], ...] = (PROJECT, PERMIT, RUN, OUTPUT, MODEL)
    for machine in machines:
        lines += ["", f"## {machine.name.capitalize()}", "", "```mermaid", "stateDiagram-v2", f"    [*] --> {machine.start.value}"]
        steps = [(state, each) for each in machine.transitions for state in each.states if each.to is not None]
        lines += [f"    {state.value} --> {each.to.value}: {each.event.value}" for state, each in steps]
        lines += ["```", "", "| event | from | to | who | step-up | in words |", "|---|---|---|---|---|---|"]
        for each in machine.transitions:
            states, who = (", ".join(part.value for part in parts) for parts in (each.states, each.who))
            to, words = each.to.value if each.to is not None else "(stays)", load("en").say(machine.text(each.event))
            lines.append(f"| `{each.event.value}` | {states} | {to} | {who} | {_yes(each.step_up)} | {words} |")
    return "\n".join(lines) + "\n"


def rights_page() -> str:
    """Every action with its rule, from the table of rights."""
    lines = [
        "# Rights",
        "",
        "Made by `make docs` from `policy/rights.py`. What no rule allows is refused. Any one of `who` is enough. `aside`: whoever is or was",
        "in the project may not, whatever her roles. A token needs the scope named; without one, no token will do. Everything but what is",
        "for `anyone` needs an enabled person with a session or a token that still holds.",
        "",
        "| action | on | who | token scope | step-up | accredited | aside | further conditions |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for rule in RULES.values():
        on, who = ", ".join(kind.__name__ for kind in rule.on), ", ".join(each.value for each in rule.who)
        conditions = ", ".join(getattr(each, "__name__", "").replace("_", " ") for each in rule.conditions)
        marks = " | ".join(_yes(mark) for mark in (rule.step_up, rule.accredited, rule.aside))
        lines.append(f"| `{rule.action.value}` | {on} | {who} | {rule.scope.value if rule.scope else ''} | {marks} | {conditions} |")
    return "\n".join(lines) + "\n"


def _yes(mark: bool) -> str:
    return "yes" if mark else ""


def settings_page() -> str:
    """Every setting, from `node/settings.py`."""
    lines = [
        "# Settings",
        "",
        "Made by `make docs` from `node/settings.py`. A setting is read from the environment (`AMANA_` and its name in capitals), else",
    ]
    lines += [
        "from `settings.toml` in the data folder, else it has its default. None touches the noise. `amana settings explain` shows all.",
        "",
    ]
    lines += ["| setting | default | accepted | meaning |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {default} | {accepted} | {about} |" for name, default, accepted, about in describe()]
    return "\n".join(lines) + "\n"


def with_benchmarks(readme: str) -> str:
    """The README with the first table of the benchmark page between its marks."""
    table = "Not measured yet on this tree: `make bench` writes the table."
    if BENCHMARKS.exists():
        found = re.search(r"(?:^\|.*\n)+", BENCHMARKS.read_text(encoding="utf-8"), re.MULTILINE)
        table = found[0].rstrip() if found else table
    head, _, rest = readme.partition(BEGIN)
    return f"{head}{BEGIN}\n\n{table}\n\n{END}{rest.partition(END)[2]}"


def _commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _usage(parser: argparse.ArgumentParser) -> list[str]:
    # Not `format_usage`: its line breaks differ between versions of Python.
    words = [parser.prog]
    for action in parser._actions:
        if action.help == argparse.SUPPRESS or isinstance(action, argparse._HelpAction | argparse._VersionAction):
            continue
        words.append(_form(action) if action.required else f"[{_form(action)}]")
    return [" ".join(words)]


def _form(action: argparse.Action) -> str:
    value = str(action.metavar or action.dest.upper()) + ("…" if action.nargs in {"+", "*"} else "")
    if not action.option_strings:
        return value
    return action.option_strings[-1] if action.nargs == 0 else f"{action.option_strings[-1]} {value}"


def _options(parser: argparse.ArgumentParser) -> list[str]:
    shown = [action for action in parser._actions if action.help not in {None, argparse.SUPPRESS} and not _is_help(action)]
    rows = [f"| `{_form(action).replace('|', BAR)}` | {str(action.help).replace('%%', '%')} |" for action in shown]
    return ["| argument | meaning |", "|---|---|", *rows] if rows else []


def _actions(epilog: str) -> list[str]:
    """The actions of a command, each with its line."""
    title, *lines = epilog.splitlines()
    return [title, "", *(f"- `{name}`: {text.strip()}" for name, _, text in (line.strip().partition(" ") for line in lines))]


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _is_help(action: argparse.Action) -> bool:
    return isinstance(action, argparse._HelpAction | argparse._SubParsersAction)


if __name__ == "__main__":
    for path, text in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))
