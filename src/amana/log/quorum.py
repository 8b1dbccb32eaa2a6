"""Which logs a reader trusts, and which witnesses must have seen a checkpoint before it counts. Source: c2sp.org/tlog-policy."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import final

from amana.log.checkpoint import read_checkpoint
from amana.log.cosignature import COSIGNING, Cosigned, cosigned_by
from amana.log.note import KeyKind, Note, NoteError, VerifierKey, read_verifier_key, signed_by

POLICY_BYTES_MAX = 2**20
LINES_MAX = 1_000
NONE = "none"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LogKey:
    """A log that is trusted to sign, and where it is found (or nothing)."""

    key: VerifierKey
    url: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessKey:
    """A witness under the name that the policy gives it, and where it takes checkpoints (or nothing)."""

    name: str
    key: VerifierKey
    url: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """It has seen a checkpoint when at least `least` of its members have."""

    name: str
    least: int
    members: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`quorum`: the name of a witness or group, or "none"."""

    logs: tuple[LogKey, ...] = ()
    witnesses: tuple[WitnessKey, ...] = ()
    groups: tuple[Group, ...] = ()
    quorum: str = NONE

    @property
    def text(self) -> str:
        """The policy as a file."""
        logs = [f"log {each.key.text} {each.url}".rstrip() for each in self.logs]
        witnesses = [f"witness {each.name} {each.key.text} {each.url}".rstrip() for each in self.witnesses]
        groups = [f"group {each.name} {each.least} {' '.join(each.members)}" for each in self.groups]
        return "".join(f"{line}\n" for line in (*logs, *witnesses, *groups, f"quorum {self.quorum}"))

    def met(self, seen: Collection[str]) -> bool:
        """Whether the quorum has seen a checkpoint when the witnesses of these names have."""
        state: dict[str, bool] = {each.name: each.name in seen for each in self.witnesses}
        for group in self.groups:  # each names only what stands before it
            state[group.name] = sum(state[member] for member in group.members) >= group.least
        return self.quorum == NONE or state[self.quorum]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A checkpoint that a policy accepts: who signed it, and who has seen it."""

    signed: tuple[VerifierKey, ...]
    cosigned: Mapping[str, Cosigned]
    """By the witness's name in the policy."""


def policy_of(*keys: VerifierKey) -> Policy:
    """The policy of who knows only the keys of a log."""
    return Policy(logs=tuple(LogKey(key=key) for key in keys))


def check_note(note: Note, policy: Policy) -> Checked:
    """Return if the policy accepts this checkpoint.

    A log may sign with a plain Ed25519 key, by the name of its origin, or in the way of a cosignature (ML-DSA-44).
    Errors: NoteError.
    """
    origin = read_checkpoint(note.text).origin
    keys = [each.key for each in policy.logs if each.key.name == origin]
    if not keys:
        raise NoteError("origin_unknown")
    signed = signed_by(note, (key for key in keys if key.kind is KeyKind.ED25519))
    signed += tuple(each.key for each in cosigned_by(note, (key for key in keys if key.kind in COSIGNING)))
    if not signed:
        raise NoteError("not_signed")
    seen = {each.name: found for each in policy.witnesses for found in cosigned_by(note, (each.key,))}
    if not policy.met(seen):
        raise NoteError("quorum_missed")
    return Checked(signed=signed, cosigned=MappingProxyType(seen))


def read_policy(content: bytes) -> Policy:
    """Errors: NoteError, with the number of the line."""
    if len(content) > POLICY_BYTES_MAX or any(byte < 32 and byte not in b"\t\n" or byte == 127 for byte in content):
        raise NoteError("policy_form")
    reading = _Reading()
    for number, line in enumerate(content.decode("utf-8", "surrogateescape").split("\n"), start=1):
        words = line.replace("\t", " ").split(" ")
        words = [word for word in words if word]
        if words and not words[0].startswith("#"):
            try:
                reading.line(words)
            except (NoteError, ValueError, KeyError, IndexError):
                raise NoteError(f"policy_line {number}") from None
    if reading.quorum is None or len(reading.members) > LINES_MAX:
        raise NoteError("policy_form")
    return Policy(logs=tuple(reading.logs), witnesses=tuple(reading.witnesses), groups=tuple(reading.groups), quorum=reading.quorum)


@final
class _Reading:
    """A policy half read."""

    def __init__(self) -> None:
        self.logs, self.witnesses, self.groups = list[LogKey](), list[WitnessKey](), list[Group]()
        self.members: dict[str, bool] = {}
        """Names defined so far, and whether a group has them already."""
        self.keys = set[bytes]()
        self.quorum: str | None = None

    def line(self, words: list[str]) -> None:
        match words:
            case ["log", key, *url] if len(url) <= 1:
                self.logs.append(LogKey(key=self._key(key, kinds=set(KeyKind)), url="".join(url)))
            case ["witness", name, key, *url] if len(url) <= 1:
                self._name(name)
                self.witnesses.append(WitnessKey(name=name, key=self._key(key, kinds=set(COSIGNING)), url="".join(url)))
            case ["group", name, least, *members] if members:
                counts = {"any": 1, "all": len(members)}
                count = counts[least] if least in counts else int(least)
                if not 1 <= count <= len(members) or (least not in counts and str(count) != least):
                    raise ValueError(least)
                for member in members:
                    if self.members[member]:
                        raise ValueError(member)
                    self.members[member] = True
                self._name(name)
                self.groups.append(Group(name=name, least=count, members=tuple(members)))
            case ["quorum", name] if self.quorum is None and (name == NONE or name in self.members):
                self.quorum = name
            case _:
                raise ValueError(words[0])

    def _name(self, name: str) -> None:
        if name == NONE or name in self.members:
            raise ValueError(name)
        self.members[name] = False

    def _key(self, text: str, *, kinds: set[KeyKind]) -> VerifierKey:
        key = read_verifier_key(text)
        if key.kind not in kinds or key.public in self.keys:
            raise ValueError(text)
        self.keys.add(key.public)
        return key
