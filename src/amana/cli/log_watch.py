"""`amana log watch`: each new entry in a line that people read, and the alarm when something is wrong."""

import argparse
import hashlib
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from amana.cli.show import tell
from amana.client.explain import clean
from amana.client.text import Catalogue
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.log.quorum import Policy
    from amana.log.verify import Verified

EVERY_S_MIN, EVERY_S_MAX = 1, 86_400
LOOKS_MISSED_MAX = 10
"""After so many looks in vain, the silence itself is an alarm."""
SILENT_S_MIN = 600
STATES = {"receive": "received", "admit": "admitted", "refuse": "refused", "cancel": "cancelled"}
VALUE_CHARACTERS_MAX = 200


def watch(place: str, policy: "Policy", options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Look at a log, once or again and again, until something is wrong. Errors: Violation, Refusal log.unreadable."""
    from amana.log.read import reader_of
    from amana.log.violation import Violation
    from amana.log.watch import Watch, alarm_of, raise_alarm
    from amana.log.witnesses import post_json

    every_s = _seconds(options.every)
    followed = Watch(
        reader_of(place),
        policy=policy,
        folder=_folder(place, options.state),
        tell=lambda index, entry: _show(index, entry, options, catalogue),
        now=lambda: datetime.now(UTC),
        silent_s_max=max(SILENT_S_MIN, LOOKS_MISSED_MAX * every_s),
    )
    first = True
    try:
        while True:
            found = followed.look()
            if found is None and options.once:
                raise Refusal("log.unreadable", place=place[:200], reason="word.log.silent")
            if found is not None and first:
                _begin(found, catalogue)
                first = False
            if options.once:
                return
            time.sleep(every_s)
    except Violation as error:
        if options.webhook:
            log = policy.logs[0].key.name if policy.logs else ""
            body = alarm_of(error, log=log, at=datetime.now(UTC))
            if not raise_alarm(str(options.webhook), body, send=post_json, sleep=time.sleep):
                tell(catalogue.say("log.alarm_unheard"))
        raise


def _begin(found: "Verified", catalogue: Catalogue) -> None:
    tell(catalogue.say("log.watching", log=found.checkpoint.origin, size=str(found.checkpoint.size)))


def _show(index: int, entry: bytes, options: argparse.Namespace, catalogue: Catalogue) -> None:
    members: dict[str, object] = json.loads(entry)
    if options.json:
        print(
            json.dumps({"index": index, "entry": {name: value for name, value in members.items() if name != "pad"}}, ensure_ascii=False),
            flush=True,
        )
    else:
        print(line_of(index, members, catalogue), flush=True)


def line_of(index: int, members: dict[str, object], catalogue: Catalogue) -> str:
    """An entry in one line, in the reader's language."""
    kind = str(members["kind"])
    parameters = {name: _word(value) for name, value in members.items() if name not in {"amana", "kind", "pad", "sealed", "index"}}
    parameters |= {"number": str(index), "entry": str(members.get("index", ""))}
    state = members.get("state") or STATES.get(str(members.get("event", "")))
    if state is not None:
        parameters["state"] = f"word.state.{state}"
    if not parameters.get("project"):
        parameters["project"] = "–"
    return catalogue.say(f"log.line.{kind}", **parameters)


def _word(value: object) -> str:
    """Text of somebody moves no cursor, and is no code of a word of ours."""
    text = ", ".join(map(str, cast("list[object]", value))) if isinstance(value, list) else str(value)
    text = clean(text)[:VALUE_CHARACTERS_MAX]
    return f" {text}" if text.startswith("word.") else text


def _seconds(written: object) -> int:
    """Errors: Refusal log.bad_pause."""
    text = str(written)
    if not (text.isascii() and text.isdigit()) or len(text) > 6 or not EVERY_S_MIN <= int(text) <= EVERY_S_MAX:
        raise Refusal("log.bad_pause", text=text[:40], low=EVERY_S_MIN, high=EVERY_S_MAX)
    return int(text)


def _folder(place: str, given: str | None) -> Path:
    """Where the watcher keeps what it saw of that log."""
    if given:
        return Path(given)
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    named = place if place.startswith(("http://", "https://")) else str(Path(place).absolute())
    return Path(base) / "amana" / f"watch-{hashlib.sha256(named.encode()).hexdigest()[:16]}"
