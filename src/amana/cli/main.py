"""`amana`: reads the command, calls the node, writes the answer. stdout is data, stderr is for people."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

import amana
from amana.cli import (
    ask,
    data,
    export,
    forecast,
    govern,
    jobs,
    keys,
    log,
    look,
    mcp,
    model,
    people,
    predict,
    profile,
    programme,
    publish,
    receipt,
    register,
    serve,
    sign,
    systems,
    train,
)
from amana.cli.parser import build, language_asked
from amana.cli.show import INTERRUPTED, tell
from amana.client.explain import describe
from amana.client.text import Catalogue, choose_language, load
from amana.terms.code import Exit
from amana.terms.codes import CODES
from amana.terms.refusal import Fault, Refusal

COMMANDS: dict[str, Callable[[argparse.Namespace, Catalogue], None]] = {
    "publish": publish.publish,
    "ask": ask.ask,
    "train": train.train,
    "synthesise": train.synthesise,
    "forecast": forecast.forecast,
    "explain": ask.explain,
    "budget": look.budget,
    "datasets": look.datasets,
    "profile": profile.profile,
    "sample": profile.sample,
    "jobs": jobs.jobs,
    "login": sign.login,
    "logout": sign.logout,
    "people": people.people,
    "project": govern.project,
    "permit": govern.permit,
    "output": govern.output,
    "system": systems.system,
    "export": export.export,
    "log": log.log,
    "receipt": receipt.receipt,
    "register": register.register,
    "settings": look.settings,
    "keys": keys.keys,
    "serve": serve.serve,
    "mcp": mcp.mcp,
    "data": data.data,
    "model": model.model,
    "predict": predict.predict,
    "programme": programme.programme,
    "help": look.help_code,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code (`amana.terms.code.Exit`)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    catalogue = load(choose_language(language_asked(words), os.environ))
    options = build(catalogue, version=amana.__version__).parse_args(words)
    try:
        COMMANDS[options.command](options, catalogue)
        sys.stdout.flush()
    except Refusal as refusal:
        tell(describe(refusal, asked=getattr(options, "sql", ""), catalogue=catalogue))
        return CODES[refusal.code].exit
    except Fault as fault:
        tell(catalogue.say("cli.fault", id=fault.id))
        return Exit.FAULT
    except BrokenPipeError:
        # The reader of our output left (`amana ask … | head`): nothing is wrong. Python would still flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FINE
    except KeyboardInterrupt:
        tell(catalogue.say("cli.interrupted"))
        return INTERRUPTED
    return Exit.FINE
