"""The metadata of a crate: every entity, and who points at whom. All of it is told by the public entry, or was opened by the holder."""

import base64
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import final

from amana.log.crate_phases import Phases
from amana.log.crate_words import (
    CHECK_VALUE,
    COMPLETED,
    DISCLOSURE,
    FIVE_SAFES,
    GENERATE,
    METADATA,
    RO_CRATE,
    ROOT,
    SIGN_OFF,
    WORKFLOW,
    WORKFLOW_CRATE,
    Node,
    contexts,
    ref,
    term,
)

ANSWER, QUESTION = "answer.csv", "question.sql"
_LICENCE, _PERSON, _ACTOR, _CUSTODIAN = "#licence", "#person", "#actor", "#custodian"
_PROJECT, _PERMIT, _GUARANTEE, _ROWS = "#project", "#permit", "#guarantee", "#rows"
_SHA512, _PROOF = "https://www.iana.org/assignments/named-information#sha-512", "https://c2sp.org/tlog-proof"
_FILES: Mapping[str, tuple[str, str]] = {
    "receipt.json": ("Receipt", "application/json"),
    "entry.json": ("Entry of the public log", "application/json"),
    "proof.tlog-proof": ("Proof that the entry stands in the log, under a signed checkpoint", "text/plain"),
    "log.vkey": ("Public key of the log", "text/plain"),
    "policy": ("Keys of the log and of its witnesses, and how many of them must have signed", "text/plain"),
    ANSWER: ("Rows that were released, all of them noisy", "text/csv"),
    QUESTION: ("Question", "application/sql"),
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Who packs the receipt. `url`: of the organisation, best its ROR; may be empty."""

    name: str
    url: str = ""

    @property
    def id(self) -> str:
        """What entities point at."""
        return self.url or "#publisher"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`sizes`: bytes of each file; `commitment`: to rows that left; `identity`: of the bag."""

    phases: Phases
    sizes: Mapping[str, int]
    origin: str
    index: int
    commitment: bytes | None
    identity: uuid.UUID
    publisher: Publisher
    made_at: datetime


def describe(case: Case) -> dict[str, object]:
    """The content of `ro-crate-metadata.json`."""
    inputs = _inputs(case)
    outputs = _outputs(case)
    run = _run(case, inputs=[str(each["@id"]) for each in inputs], outputs=outputs)
    actions = [run, _check(case), *_sign_off(case), *_disclosure(case), _update(case)]
    files = [_file(name, size=case.sizes[name]) for name in _FILES if name in case.sizes]
    graph: list[Node] = [
        {"@id": METADATA, "@type": "CreativeWork", "about": ref(ROOT), "conformsTo": [ref(each) for each in RO_CRATE]},
        _root(case, actions=actions),
        *files,
        {"@id": WORKFLOW, "@type": "Dataset", "name": "Protected SQL, as a Workflow RO-Crate", "conformsTo": ref(WORKFLOW_CRATE)},
        *actions,
        *(each for each in inputs if each["@id"] not in case.sizes),
        *_rows(case),
        *_people(case),
        *_context(case),
    ]
    return {"@context": contexts(), "@graph": graph}


def _name(case: Case, purpose: str) -> str:
    """An identifier of its own for each action, made from the bag's."""
    return f"#{purpose}-{uuid.uuid5(case.identity, purpose)}"


def _root(case: Case, *, actions: list[Node]) -> Node:
    return {
        "@id": ROOT,
        "@type": "Dataset",
        "identifier": f"urn:uuid:{case.identity}",
        "name": case.phases.title,
        "description": f"Entry {case.index} of the public log {case.origin}, with the proof that it stands there, and what its holder"
        " opened. Times of what the log tells are given to the hour.",
        "inLanguage": "en",
        "conformsTo": ref(FIVE_SAFES),
        "datePublished": case.made_at.isoformat(),
        "author": ref(case.publisher.id),
        "publisher": ref(case.publisher.id),
        "license": ref(_LICENCE),
        "hasPart": [*(ref(name) for name in _FILES if name in case.sizes), ref(WORKFLOW)],
        "mainEntity": ref(WORKFLOW),
        "mentions": [ref(str(each["@id"])) for each in actions],
        "sourceOrganization": ref(_PROJECT),
    }


def _file(name: str, *, size: int) -> Node:
    called, form = _FILES[name]
    return {"@id": name, "@type": "File", "name": called, "encodingFormat": form, "contentSize": str(size)}


def _inputs(case: Case) -> list[Node]:
    given: list[Node] = [
        {"@id": f"#input-{place}", "@type": "PropertyValue", "name": name, "value": value}
        for place, (name, value) in enumerate(case.phases.inputs, start=1)
    ]
    return [{"@id": QUESTION}, *given] if QUESTION in case.sizes else given


def _outputs(case: Case) -> list[str]:
    return [*([ANSWER] if ANSWER in case.sizes else []), *([_ROWS] if case.commitment is not None else [])]


def _run(case: Case, *, inputs: list[str], outputs: list[str]) -> Node:
    action: dict[str, object] = {
        "@id": _name(case, "use"),
        "@type": "CreateAction",
        "name": case.phases.run,
        "actionStatus": case.phases.status,
        "startTime": case.phases.hour.isoformat(),
        "agent": ref(_PERSON),
        "instrument": ref(WORKFLOW),
        "object": [ref(each) for each in inputs],
    }
    return {**action, "result": [ref(each) for each in outputs]} if outputs else action


def _check(case: Case) -> Node:
    return {
        "@id": _name(case, "check"),
        "@type": "AssessAction",
        "additionalType": ref(CHECK_VALUE),
        "name": "Signatures of the log, place of the entry, openings and rows: verified",
        "endTime": case.made_at.isoformat(),
        "object": ref(ROOT),
        "instrument": ref(_PROOF),
        "agent": ref(case.publisher.id),
        "actionStatus": COMPLETED,
    }


def _sign_off(case: Case) -> list[Node]:
    verdict = case.phases.verdict
    if verdict is None:
        return []
    agent = _ACTOR if verdict.actor is not None else _CUSTODIAN if case.phases.custodian else case.publisher.id
    action: dict[str, object] = {
        "@id": _name(case, "signoff"),
        "@type": "AssessAction",
        "additionalType": ref(SIGN_OFF),
        "name": verdict.name,
        "startTime": case.phases.hour.isoformat(),
        "object": [ref(ROOT), ref(WORKFLOW), ref(_PROJECT)],
        "agent": ref(agent),
        "actionStatus": verdict.status,
    }
    if verdict.permit:
        action["instrument"] = ref(_PERMIT)
    if verdict.reasons is not None:
        action["description"] = verdict.reasons
    return [action]


def _disclosure(case: Case) -> list[Node]:
    if not case.phases.guarantee:
        return []
    return [
        {
            "@id": _name(case, "disclosure"),
            "@type": "AssessAction",
            "additionalType": ref(DISCLOSURE),
            "name": f"Differential privacy: charged before the data was touched, mechanism {case.phases.mechanism}",
            "startTime": case.phases.hour.isoformat(),
            "object": ref(ROOT),
            "instrument": ref(_GUARANTEE),
            "agent": ref(_CUSTODIAN),
            "actionStatus": COMPLETED,
        }
    ]


def _update(case: Case) -> Node:
    return {
        "@id": _name(case, "bagit"),
        "@type": "UpdateAction",
        "additionalType": ref(GENERATE),
        "name": "Manifests of the bag written",
        "startTime": case.made_at.isoformat(),
        "object": ref(ROOT),
        "instrument": ref(_SHA512),
        "agent": ref(case.publisher.id),
        "actionStatus": COMPLETED,
    }


def _rows(case: Case) -> list[Node]:
    found: list[Node] = []
    if case.commitment is not None:
        committed = base64.b64encode(case.commitment).decode("ascii")
        name = "Commitment to the rows that were released, HMAC-SHA256"
        found.append({"@id": _ROWS, "@type": "PropertyValue", "name": name, "value": committed})
    if case.phases.guarantee:
        names = [f"{_GUARANTEE}-{place}" for place in range(1, len(case.phases.guarantee) + 1)]
        found.append(
            {
                "@id": _GUARANTEE,
                "@type": "CreativeWork",
                "name": "Guarantee of differential privacy: what the use cost, and what is left of the population's budget",
                "mentions": [ref(each) for each in names],
            }
        )
        for name, (called, value, unit) in zip(names, case.phases.guarantee, strict=True):
            found.append({"@id": name, "@type": "PropertyValue", "name": called, "value": value, "unitText": unit})
    return found


def _people(case: Case) -> list[Node]:
    phases = case.phases
    person: dict[str, object] = {"@id": _PERSON, "@type": "Person", "memberOf": ref(_PROJECT)}
    if phases.person is not None:
        person["name"] = phases.person
    project: dict[str, object] = {"@id": _PROJECT, "@type": "Project"}
    if phases.project:
        project |= {"name": f"Project {phases.project}", "identifier": ref("#project-name")}
    else:
        project |= {"name": "The custodian's own use, outside any project", "member": ref(_CUSTODIAN)}
    publisher: dict[str, object] = {"@id": case.publisher.id, "@type": "Organization", "name": case.publisher.name}
    if case.publisher.url:
        publisher["url"] = case.publisher.url
    found: list[Node] = [person, project, publisher]
    if phases.project:
        found.append({"@id": "#project-name", "@type": "PropertyValue", "name": case.origin, "value": phases.project})
    if phases.custodian:
        found.append({"@id": _CUSTODIAN, "@type": "Organization", "name": phases.custodian})
    if phases.verdict is not None and phases.verdict.actor is not None:
        found.append({"@id": _ACTOR, "@type": "Person", "name": phases.verdict.actor})
    return found


def _context(case: Case) -> list[Node]:
    words = {CHECK_VALUE: "Check phase", GENERATE: "Publishing phase"}
    found: list[Node] = [
        {"@id": FIVE_SAFES, "@type": ["CreativeWork", "Profile"], "name": "Five Safes RO-Crate profile 0.4"},
        {"@id": WORKFLOW_CRATE, "@type": "CreativeWork", "name": "Workflow RO-Crate 1.0"},
        *({"@id": each, "@type": "CreativeWork", "name": f"RO-Crate {each.rsplit('/', 1)[1]}"} for each in RO_CRATE),
        {
            "@id": _LICENCE,
            "@type": "CreativeWork",
            "name": "Conditions that the custodian has set",
            "description": "They are not told in the log. Whoever received the rows received them under these conditions.",
        },
        term(_SHA512, called="sha-512 algorithm"),
        term(_PROOF, called="Proof of a place in a transparency log (C2SP tlog-proof)"),
    ]
    if case.phases.verdict is not None:
        words[SIGN_OFF] = "Sign-off phase"
        if case.phases.verdict.permit:
            found.append({"@id": _PERMIT, "@type": "CreativeWork", "name": f"Permit {case.phases.verdict.permit}"})
    if case.phases.guarantee:
        words[DISCLOSURE] = "Disclosure phase"
    return [*found, *(term(name, called=called) for name, called in words.items())]
