"""The witnesses of a log, and the quorum that must have seen a checkpoint before it counts, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import final

from markupsafe import Markup, escape

from amana.log.cosignature import cosigned_by
from amana.log.note import Note, NoteError
from amana.log.quorum import NONE, Policy, WitnessKey
from amana.web.pages.reader import Reader
from amana.web.pages.render import comma_of
from amana.web.pages.told import isolated
from amana.web.pages.words import hour_of

SECONDS_MAX = 2**37
"""A cosignature claims some time: here at most a year of four digits."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A witness and when it cosigned the checkpoint that is published now. `state`: signed, absent, wrong."""

    name: str
    key: str
    state: str
    at: str


def quorum_told(reader: Reader, policy: Policy) -> Markup:
    """Who must have seen a checkpoint. Each group names only what stands before it, so one pass is enough."""
    say = reader.catalogue.say
    if policy.quorum == NONE:
        return escape(say("page.log.quorum.none"))
    known = {each.name: isolated(each.name) for each in policy.witnesses}
    for group in policy.groups:
        members = comma_of(reader, (known[member] for member in group.members))
        known[group.name] = reader.tell("page.log.quorum.group", least=group.least, number=len(group.members), members=members)
    return reader.tell("page.log.quorum", who=known[policy.quorum])


def witnesses_seen(note: Note, policy: Policy) -> Iterator[Seen]:
    """Every witness of the policy."""
    for witness in policy.witnesses:
        state, at = _seen(note, witness)
        yield Seen(name=witness.name, key=witness.key.text, state=state, at=at)


def _seen(note: Note, witness: WitnessKey) -> tuple[str, str]:
    try:
        found = cosigned_by(note, (witness.key,))
    except NoteError:
        return "wrong", ""
    if not found:
        return "absent", ""
    return "signed", hour_of(datetime.fromtimestamp(min(max(each.time_s for each in found), SECONDS_MAX), UTC))
