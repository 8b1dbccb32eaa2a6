"""A whole copy of the public log, verified in every byte, and what it says of a plan (`amana programme evaluate`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import final

from amana.log.documents import read_document as read_public
from amana.log.entries import entry_of, read_bundle
from amana.log.look import entries_between, published_now
from amana.log.programme_kinds import PlanEntry
from amana.log.quorum import Policy
from amana.log.read import LogReader
from amana.log.verify import Replay, Verified
from amana.programme.evaluate import Evaluation, Evaluator
from amana.programme.plan import Plan
from amana.programme.plan_file import read_document
from amana.terms.refusal import Refusal

PART = 4_096
"""So many entries are looked through at once."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What a copy says. `verified`: the log that it was read from."""

    evaluation: Evaluation
    verified: Verified


def evaluate_copy(reader: LogReader, *, policy: Policy, today: date, name: str = "", plan: Plan | None = None) -> Copied:
    """Verify a log and evaluate the plan that it adopted last. `name`: which plan, where there are several; `plan`: one to be tried.

    Entries after `today` do not count. Errors: Refusal programme.no_plan, programme.no_document; Violation; OSError.
    """
    adopted = None if plan is not None else adopted_at(reader, name=name, until=today)[1]
    chosen = plan if plan is not None else _document(reader, adopted)
    evaluator = Evaluator(chosen, read=lambda digest: read_public(reader, digest=digest))

    def tell(index: int, entry: bytes) -> None:
        evaluator.add(index, entry, until=today)

    replay = Replay(reader, policy=policy, tell=tell)
    verified = replay.advance(since=None, progress=lambda _done, _total: None)
    found = evaluator.brought.adopted
    if adopted is not None and (found is None or found[1].digest != adopted.digest):
        raise Refusal("programme.no_plan", names=adopted.plan)  # the log grew meanwhile
    return Copied(evaluation=evaluator.evaluation(today=today, policy=policy), verified=verified)


def adopted_at(reader: LogReader, *, name: str, until: date = date.max) -> tuple[int, PlanEntry]:
    """The last adoption that a log tells of, and its index, unproved. `until`: entries from the first one after that day on do not count.

    Errors: Refusal programme.no_plan; Violation; OSError.
    """
    size, found = published_now(reader)[1].size, dict[str, tuple[int, PlanEntry]]()
    for low in range(0, size, PART):
        for index, content in enumerate(entries_between(reader, low=low, high=low + PART, size=size), start=low):
            if _day_of(content) > until.isoformat():
                return _chosen(found, name=name)
            if b'"kind":"plan"' in content:
                entry = entry_of(read_bundle([content])[0])
                if isinstance(entry, PlanEntry) and entry.event == "adopt":
                    found[entry.plan] = index, entry
    return _chosen(found, name=name)


def _day_of(content: bytes) -> str:
    """The day of an entry. No text inside it holds these marks: in JSON, a quote in a text is written otherwise."""
    return content.partition(b'"hour":"')[2][:10].decode("ascii", "replace")


def _chosen(found: Mapping[str, tuple[int, PlanEntry]], *, name: str) -> tuple[int, PlanEntry]:
    if (name and name not in found) or len(found) != 1 and not name:
        raise Refusal("programme.no_plan", names=", ".join(sorted(found)) or "–")
    return found[name or next(iter(found))]


def _document(reader: LogReader, entry: PlanEntry | None) -> Plan:
    assert entry is not None
    content = read_public(reader, digest=entry.digest)
    if content is None:
        raise Refusal("programme.no_document", digest=entry.digest)
    return read_document(content)
