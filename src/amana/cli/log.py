"""`amana log`: where the log is, its key, an entry with its proof, and whether all of it holds."""

import argparse
import json
import sys
from typing import TYPE_CHECKING, cast

from amana.cli.log_keep import KEPT, keep
from amana.cli.show import tell, working, write_table
from amana.cli.trust import read_file, trusted, with_library
from amana.cli.words import needed
from amana.client.figures import percent
from amana.client.text import Catalogue
from amana.local.door import find_folder
from amana.terms.refusal import Refusal, cause_of

if TYPE_CHECKING:
    from amana.log.note import VerifierKey
    from amana.log.quorum import Policy
    from amana.log.read import LogReader
    from amana.log.verify import Replay, Verified

LOG_FOLDER = "log"
"""What is published of a node, inside its data folder."""


def log(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """One action on a log. Errors: Refusal log.*, client.library_missing."""
    if options.action == "path":
        print(find_folder(options.folder).absolute() / LOG_FOLDER)
        return
    if options.action in KEPT:
        keep(options, catalogue)
        return
    with_library()
    from amana.log.verify import Replay
    from amana.log.violation import Violation

    place = str((options.what if options.action in {"verify", "watch"} else None) or options.of or find_folder(options.folder) / LOG_FOLDER)
    try:
        match options.action:
            case "verify":
                policy = policy_of_options(place, options, catalogue)
                _verify(Replay(_reader(place), policy=policy), policy, options, catalogue)
            case "key":
                print(_named_key(_reader(place)).text)
            case "show" | "proof":
                _entry(place, options, catalogue)
            case _:
                from amana.cli.log_watch import watch

                watch(place, policy_of_options(place, options, catalogue), options, catalogue)
    except Violation as error:
        if options.json:
            print(json.dumps({"holds": False, "file": error.path, "entry": error.index, "reason": error.reason}))
            sys.stdout.flush()
        raise refusal_of(error) from None
    except OSError as error:
        inner = getattr(error, "reason", None)  # of what urllib raises
        raise Refusal("log.unreadable", place=place[:200], reason=cause_of(inner if isinstance(inner, OSError) else error)) from None


def refusal_of(error: "Exception") -> Refusal:
    """A violation for people."""
    from amana.log.violation import Violation

    assert isinstance(error, Violation)
    reason = f"word.log.{error.reason}"
    if error.index is None:
        return Refusal("log.file_wrong", path=error.path, reason=reason)
    return Refusal("log.entry_wrong", path=error.path, index=error.index, reason=reason)


def policy_of_options(place: str, options: argparse.Namespace, catalogue: Catalogue) -> "Policy":
    """Whom the reader trusts to sign: as told, else the key that the log itself names. Errors: Refusal log.given_wrong, Violation."""
    from amana.log.quorum import policy_of

    told = trusted(options)
    if told is not None:
        return told
    key = _named_key(_reader(place))
    if options.what or options.of:
        tell(catalogue.say("log.own_key"))
    return policy_of(key)


def _verify(replay: "Replay", policy: "Policy", options: argparse.Namespace, catalogue: Catalogue) -> None:
    from amana.log.checkpoint import read_checkpoint
    from amana.log.note import NoteError, read_note
    from amana.log.quorum import Policy, check_note

    since = None
    if options.since:
        try:
            note = read_note(read_file(options.since))
            check_note(note, Policy(logs=policy.logs))
            since = read_checkpoint(note.text)
        except NoteError as error:
            raise Refusal("log.given_wrong", file=str(options.since)[:200], reason=f"word.log.{error.reason}") from None
    with working(catalogue.say("log.working")):
        found = replay.advance(since=since, progress=_quiet)
    if options.json:
        print(json.dumps(_facts(found), ensure_ascii=False))
    else:
        _write(found, catalogue)


def _quiet(_done: int, _total: int) -> None:
    """How far it is goes nowhere yet."""


def _write(found: "Verified", catalogue: Catalogue) -> None:
    facts = _facts(found)
    rows = [(catalogue.say(f"log.{name}"), str(facts[name])) for name in ("origin", "size", "root", "latest")]
    rows += [(catalogue.say("log.signed"), each.text) for each in found.checked.signed]
    rows += [
        (catalogue.say("log.witnesses"), ", ".join(found.checked.cosigned) or "–"),
        (catalogue.say("log.archived"), str(len(found.archived))),
    ]
    write_table(tuple(catalogue.say(f"public.{name}") for name in ("field", "value")), rows, numbers=(False, False))
    if found.totals:
        print()
        columns = tuple(catalogue.say(f"log.{name}") for name in ("population", "period", "uses", "spent"))
        spent = [
            (
                each.population,
                each.period,
                str(each.uses),
                percent(max(each.spent_nrho / max(1, each.cap_nrho), each.spent_delta / max(1, each.cap_delta))),
            )
            for each in found.totals
        ]
        write_table(columns, spent, numbers=(False, False, True, True))
    tell(catalogue.say("log.holds"))
    if found.hour_back is not None:
        tell(catalogue.say("log.hour_back", index=str(found.hour_back)))
    if found.missing:
        tell(catalogue.say("log.archive_missing", days=", ".join(found.missing)[:500]))


def _facts(found: "Verified") -> dict[str, object]:
    import base64

    return {
        "holds": True,
        "origin": found.checkpoint.origin,
        "size": found.checkpoint.size,
        "root": base64.b64encode(found.checkpoint.root).decode("ascii"),
        "latest": found.latest,
        "signed": [each.text for each in found.checked.signed],
        "witnesses": {name: each.time_s for name, each in found.checked.cosigned.items()},
        "archived": list(found.archived),
        "archive_missing": list(found.missing),
        "hour_back": found.hour_back,
        "totals": [
            {
                "population": each.population,
                "period": each.period,
                "uses": each.uses,
                **{name: str(getattr(each, name)) for name in ("spent_nrho", "spent_delta", "cap_nrho", "cap_delta")},
            }
            for each in found.totals
        ],
    }


def _entry(place: str, options: argparse.Namespace, catalogue: Catalogue) -> None:
    from amana.log.look import find_entry, published_now
    from amana.log.proof import check_proof
    from amana.log.violation import Violation

    written = needed(options.what, word="INDEX", example=f"amana log {options.action} 0")
    if not (written.isascii() and written.isdigit()) or len(written) > 18:
        raise Refusal("log.no_entry", index=written[:40], size=published_now(_reader(place))[1].size)
    policy = policy_of_options(place, options, catalogue)
    found = find_entry(_reader(place), index=int(written))
    if found is None:
        raise Refusal("log.no_entry", index=int(written), size=published_now(_reader(place))[1].size)
    from amana.log.note import NoteError

    try:
        check_proof(found.proof, entry=found.entry, policy=policy)
    except NoteError as error:
        raise Violation("checkpoint", reason=error.reason) from None
    if options.action == "proof":
        sys.stdout.write(found.proof.text)
        return
    if options.json:
        print(json.dumps(found.members, ensure_ascii=False))
        return
    rows = [(name, _shown(value)) for name, value in found.members.items()]
    write_table(tuple(catalogue.say(f"public.{name}") for name in ("field", "value")), rows, numbers=(False, False))


def _shown(value: object) -> str:
    match value:
        case list():
            return ", ".join(map(str, cast("list[object]", value)))
        case dict():
            return "; ".join(f"{name} {each}" for name, each in cast("dict[str, object]", value).items())
        case _:
            return str(value)


def _named_key(reader: "LogReader") -> "VerifierKey":
    """The key that a log names as its own. Errors: Violation."""
    from amana.log.note import NoteError, read_verifier_key
    from amana.log.published import KEY_BYTES_MAX
    from amana.log.read import KEY_FILE
    from amana.log.violation import Violation

    content = reader.file(KEY_FILE, bytes_max=KEY_BYTES_MAX)
    if content is None:
        raise Violation(KEY_FILE, reason="missing")
    try:
        return read_verifier_key(content.decode("utf-8", "replace"))
    except NoteError as error:
        raise Violation(KEY_FILE, reason=error.reason) from None


def _reader(place: str) -> "LogReader":
    from amana.log.read import reader_of

    return reader_of(place)
