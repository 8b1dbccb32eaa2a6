"""Attacks on the programme: what makes a status better without evidence, breaks the log, or makes a copy say something else."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from amana.log.documents import DOCUMENT_BYTES_MAX, digest_of
from amana.log.entries import read_entry, write_entry
from amana.log.entry_kinds import Entry
from amana.log.look import entries_between, published_now
from amana.log.programme_kinds import EvidenceEntry, ReleaseEntry, VerificationEntry
from amana.log.quorum import policy_of
from amana.log.read import FolderReader
from amana.log.tree import Frontier, leaf_hash
from amana.log.verify import verify
from amana.node.clocks import SystemClock
from amana.node.programme import Stated
from amana.node.programme_record import note_release
from amana.node.release import Release
from amana.programme.check import Text, check_sources
from amana.programme.copy import evaluate_copy
from amana.programme.evaluate import Evaluation, Evaluator
from amana.programme.evidence import EvidenceError, Shown, read_evidence, read_reasons, write_evidence, write_reasons
from amana.programme.plan import Plan
from amana.programme.plan_document import write_document
from amana.programme.plan_file import PLAN_BYTES_MAX, problems_of, read_document, read_plan
from amana.terms.refusal import Refusal
from amana.terms.use import UseEntry
from tests.programme import SOURCE, Carried, carried, plan_text, span, words


@pytest.fixture
def world(tmp_path: Path):
    with carried(tmp_path / "node") as made:
        yield made


@dataclass
class Shift:
    """How far the machine's clock is from the truth."""

    by: timedelta = timedelta(0)

    def pass_(self, *, days: int) -> None:
        self.by += timedelta(days=days)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Shift:
    """Before `world`: everything that asks for the time asks this."""
    shift, truth = Shift(), SystemClock.now
    monkeypatch.setattr(SystemClock, "now", lambda self: truth(self) + shift.by)
    return shift


@dataclass
class Forgery:
    """The entries and documents of a node, as a dishonest one could have written them."""

    entries: list[bytes]
    documents: dict[str, bytes]
    plan: Plan
    today: date
    world: Carried

    def change(self, kind: type[Entry], change: Callable[[Entry], Entry]) -> None:
        for index, content in enumerate(self.entries):
            entry = read_entry(content)
            if isinstance(entry, kind):
                self.entries[index] = write_entry(change(entry))

    def keep(self, content: bytes) -> str:
        self.documents[digest_of(content)] = content
        return digest_of(content)

    def evaluation(self, *, today: date | None = None) -> Evaluation:
        evaluator = Evaluator(self.plan, read=self.documents.get)
        for index, entry in enumerate(self.entries):
            evaluator.add(index, entry, until=date.max)
        policy = policy_of(*self.world.node.service._wired.log.signed_by)
        return evaluator.evaluation(today=today or self.today, policy=policy)

    def found(self, commitment: str, *, today: date | None = None) -> tuple[str, list[str]]:
        standing = self.evaluation(today=today).standing(commitment)
        assert standing is not None
        return standing.status.value, [each.against for each in standing.measures[0].observations]


def forgery(world: Carried, *, text: str = "") -> Forgery:
    service = world.node.service
    folder = service.settings.folder / "log" / "document"
    return Forgery(
        entries=list(service._wired.log.entries(0)),
        documents={each.name: each.read_bytes() for each in folder.iterdir()},
        plan=read_plan((text or plan_text()).encode()),
        today=service.now().date(),
        world=world,
    )


def verified(world: Carried) -> None:
    policy = policy_of(*world.node.service._wired.log.signed_by)
    verify(FolderReader(world.node.service.settings.folder / "log"), policy=policy, since=None, progress=lambda _done, _total: None)


def refusal(attempt: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as refused:
        attempt()
    return refused.value.code


def test_evidence_for_a_version_that_was_replaced_meanwhile_never_reaches_the_log(world: Carried) -> None:
    world.adopt()
    programme = world.node.service.programme
    kept = programme.place

    def place(indicator: str):
        found = kept(indicator)
        world.adopt(plan_text(version=2))  # just before the evidence is entered
        return found

    programme.place = place
    assert refusal(lambda: world.state(25)) == "node.changed_meanwhile"
    programme.place = kept
    world.verify(world.state(25))
    verified(world)


def test_a_plan_whose_document_would_be_too_long_is_refused_before_it_is_adopted() -> None:
    long = "'" + '"' * 1490 + "'"  # JSON writes each of these with a backslash
    quotes = "{ " + ", ".join(f"{language} = {long}" for language in ("ar", "fr", "zgh", "en")) + " }"
    first, _, part, _ = plan_text().split("[[commitment]]")
    text = first + "".join(
        f"[[commitment]]{part}".replace('"people-seen"', f'"c{number}"').replace('"seen"', f'"i{number}"').replace(
            words("people seen, in short"), quotes
        )
        for number in range(190)
    )  # fmt: skip
    assert len(text.encode()) < PLAN_BYTES_MAX
    assert refusal(lambda: read_plan(text.encode())) == "programme.plan_too_long"
    assert [each.code for each in problems_of(text.encode())] == ["programme.plan_too_long"]
    whole = read_plan(text.replace(quotes, words("short")).encode())
    assert read_document(write_document(whole)) == whole


def test_evidence_too_long_to_be_published_is_refused(world: Carried) -> None:
    world.adopt()
    world.measure()
    entry = next(entry for _, entry in world.node.service.programme_state.brought().evidence.values())
    evidence = read_evidence(world.node.service.programme_state.document(entry.digest) or b"")
    long = replace(evidence, answer="x" * DOCUMENT_BYTES_MAX)
    bring = world.node.service.programme.bring
    assert refusal(lambda: bring(world.asker("planner"), long, use=int(entry.use))) == "programme.evidence_wrong"
    world.state(20)
    verified(world)


@pytest.mark.parametrize("sha256", ["", "f" * 63, "F" * 64, "x" * 3_000_000])
def test_a_document_is_named_by_a_digest_and_by_nothing_else(world: Carried, sha256: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world.adopt()
    monkeypatch.setattr("tests.programme.SHA", sha256)
    assert refusal(lambda: world.state(25)) == "node.bad_value"
    verified(world)


def test_a_figure_that_a_document_cannot_hold_is_refused(world: Carried) -> None:
    world.adopt()
    assert refusal(lambda: world.state(10**18)) == "node.bad_value"


def test_an_owner_is_named_as_the_log_names_it(world: Carried) -> None:
    with world.node.service.database.reading() as run:
        ((owner,),) = run.rows("SELECT id FROM organisation WHERE name = 'University'", {})
    assert refusal(lambda: world.adopt(plan_text(owner=str(owner)))) == "programme.owner_unknown"


def test_a_confirmation_without_the_very_file_in_hand_weighs_nothing(world: Carried) -> None:
    world.adopt()
    world.verify(world.state(40))
    honest = forgery(world)
    assert honest.found("training") == ("done", [""])
    (said,) = (entry for each in honest.entries if isinstance(entry := read_entry(each), VerificationEntry))
    reasons = read_reasons(honest.documents[said.digest])
    for wrong in ({"sha256": ""}, {"sha256": "0" * 64}, {"subject": "e-1"}, {"event": "reject"}, {"organisation": "University"}):
        forged = forgery(world)
        digest = forged.keep(write_reasons(replace(reasons, **wrong)))
        forged.change(VerificationEntry, lambda entry, digest=digest: replace(entry, digest=digest))
        assert forged.found("training") == ("no_evidence", ["differs"])
    del honest.documents[said.digest]
    assert honest.found("training") == ("no_evidence", ["absent"])


def test_a_document_that_another_program_could_read_otherwise_weighs_nothing(world: Carried) -> None:
    world.adopt()
    world.verify(world.state(40))
    (entry,) = (entry for each in forgery(world).entries if isinstance(entry := read_entry(each), EvidenceEntry))
    whole = forgery(world).documents[entry.digest]
    changes: Mapping[str, bytes] = {
        "twice": whole.replace(b'"value":"40"', b'"value":"2","value":"40"'),
        "blank": whole.replace(b",", b", "),
        "text": whole.replace(b'"version":1', b'"version":"1"'),
        "float": whole.replace(b'"version":1', b'"version":1.0'),
        "infinite": whole.replace(b'"version":1', b'"version":1e999'),
        "truth": whole.replace(b'"amana_evidence":1', b'"amana_evidence":true'),
        "zeros": whole.replace(b'"value":"40"', b'"value":"0040"'),
        "more": whole.replace(b"{", b'{"zzz":1,', 1),
        "utf16": whole.decode().encode("utf-16"),
        "surrogate": whole.replace(b'"note":""', b'"note":"\\ud800"'),
        "day": whole.replace(str(entry.on).encode(), str(entry.on).replace("-", "").encode()),
    }
    for name, changed in changes.items():
        assert changed != whole, name
        with pytest.raises(EvidenceError):
            read_evidence(changed)
        forged = forgery(world)
        digest = forged.keep(changed)
        forged.change(EvidenceEntry, lambda each, digest=digest: replace(each, digest=digest))
        assert forged.found("training") == ("no_evidence", ["form"]), name
    document = write_document(read_plan(plan_text().encode()))
    for other in (document.replace(b'"version":1', b'"version":2,"version":1'), document + b"\n"):
        assert refusal(lambda other=other: read_document(other)) == "programme.not_toml"


def test_evidence_of_a_day_after_its_entry_never_weighs_not_even_when_that_day_has_come(world: Carried) -> None:
    world.adopt()
    world.verify(world.state(40))
    forged = forgery(world)
    (entry,) = (entry for each in forged.entries if isinstance(entry := read_entry(each), EvidenceEntry))
    later = entry.on + timedelta(days=200)
    digest = forged.keep(write_evidence(replace(read_evidence(forged.documents[entry.digest]), on=later)))
    forged.change(EvidenceEntry, lambda each: replace(each, on=later, digest=digest))
    for today in (forged.today, later, later + timedelta(days=300)):
        assert forged.found("training", today=today) == ("no_evidence", ["future"])


def test_an_old_answer_is_no_figure_of_a_later_day(world: Carried) -> None:
    world.adopt()
    world.measure()
    forged = forgery(world)
    assert forged.found("people-seen") == ("done", [""])
    (entry,) = (entry for each in forged.entries if isinstance(entry := read_entry(each), EvidenceEntry))
    later = entry.on + timedelta(days=500)
    digest = forged.keep(write_evidence(replace(read_evidence(forged.documents[entry.digest]), on=later)))
    forged.change(EvidenceEntry, lambda each: replace(each, on=later, digest=digest, hour=each.hour + timedelta(days=500)))
    assert forged.found("people-seen", today=later) == ("no_evidence", ["differs"])


def test_a_receipt_counts_for_the_entry_of_this_log_and_for_no_other(world: Carried) -> None:
    world.adopt()
    world.measure()
    forged = forgery(world)
    forged.change(UseEntry, lambda each: replace(each, version="e" * 32) if each.verb == "ask" else each)
    assert forged.found("people-seen") == ("no_evidence", ["receipt"]), "its proof holds, but of another tree"


def test_half_a_character_is_refused(world: Carried) -> None:
    world.adopt()
    programme = world.node.service.programme
    shown = Shown(sha256="0" * 64, title="A report", link="")
    for wrong in (replace(shown, title="\ud800"), replace(shown, link="https://x.example/\udfff")):
        stated = Stated(indicator="trained", on=world.node.service.now().date(), value=Fraction(1), shown=wrong, note="")
        assert refusal(lambda stated=stated: programme.state(world.asker("planner"), stated=stated)) == "node.bad_value"
    drop = programme.drop
    assert refusal(lambda: drop(world.asker("decider"), commitment="training", reasons="no \ud800")) == "node.bad_value"


def test_a_document_weighs_for_a_later_version_only_while_its_indicator_means_the_same(world: Carried) -> None:
    world.adopt()
    world.verify(world.state(40))
    same = plan_text(version=2).replace(words("young people trained"), words("young people"))
    world.adopt(same)
    assert world.statuses()["training"] == "done"
    for version, old, new in ((3, words("people"), words("thousands")), (4, words("a report of who was trained"), words("any report"))):
        text = plan_text(version=version)
        head, found, rest = text.partition('id = "trained"')
        world.adopt(head + found + rest.replace(old, new))
        standing = world.node.service.programme_state.evaluation().standing("training")
        assert standing is not None and standing.status.value == "no_evidence"
        assert [each.against for each in standing.measures[0].observations] == ["other_basis"]
    world.adopt(plan_text(version=5))
    assert world.statuses()["training"] == "done", "it means again what it meant"


def test_a_span_that_reaches_beyond_its_text_is_found() -> None:
    plan = read_plan(plan_text().encode())
    texts = {plan.sources[0].sha256: Text(sha256=plan.sources[0].sha256, text=SOURCE)}
    assert check_sources(plan, texts) == ()
    whole = span(SOURCE[SOURCE.index("We train") :])
    text = plan_text().replace(span("We train young people: forty of them."), whole.replace(f"to = {len(SOURCE)}", "to = 99999"))
    assert [each.code for each in check_sources(read_plan(text.encode()), texts)] == ["programme.span_differs"]


def test_the_status_of_a_past_day_is_that_of_the_version_adopted_then(clock: Shift, world: Carried) -> None:
    service = world.node.service
    world.adopt()
    policy, today = policy_of(*service._wired.log.signed_by), service.now().date()
    before = evaluate_copy(FolderReader(service.settings.folder / "log"), policy=policy, today=today).evaluation
    clock.pass_(days=3)
    world.adopt(plan_text(version=2, open_target="2"))
    reader = FolderReader(service.settings.folder / "log")
    past = evaluate_copy(reader, policy=policy, today=today).evaluation
    assert (past.plan.version, past.standings) == (1, before.standings)
    assert evaluate_copy(reader, policy=policy, today=today + timedelta(days=3)).evaluation.plan.version == 2


def test_a_plan_that_was_altered_is_not_called_adopted(world: Carried) -> None:
    world.adopt()
    forged = forgery(world)
    assert forged.evaluation().adopted is not None
    forged.plan = read_plan(plan_text().replace('value = "40"', 'value = "30"').encode())
    assert forged.evaluation().adopted is None


def test_a_node_shows_what_a_copy_shows_also_while_its_log_is_ahead_of_its_clock(clock: Shift, world: Carried) -> None:
    service = world.node.service
    world.adopt()
    clock.pass_(days=2)
    world.verify(world.state(40, on=service.now().date() - timedelta(days=2)))
    clock.pass_(days=-2)
    policy, reader = policy_of(*service._wired.log.signed_by), FolderReader(service.settings.folder / "log")
    for days in (0, 1, 1):
        clock.pass_(days=days)
        copy = evaluate_copy(reader, policy=policy, today=service.now().date()).evaluation
        assert service.programme_state.evaluation() == copy
        tree = Frontier()
        for entry in entries_between(reader, low=0, high=copy.size, size=published_now(reader)[1].size):
            tree.add(leaf_hash(entry))
        assert base64.b64decode(copy.root) == tree.root(), "of the entries that count"
    assert world.statuses()["training"] == "done"


def test_nothing_is_charged_for_a_commitment_that_was_dropped(world: Carried) -> None:
    world.adopt()
    world.node.service.programme.drop(world.asker("decider"), commitment="people-seen", reasons="No money was found.")
    spent = world.node.spent()
    assert refusal(world.measure) == "programme.dropped"
    assert world.node.spent() == spent


def test_a_hostile_plan_file_is_refused_soon() -> None:
    deep = ".".join("a" for _ in range(300_000))
    begun = time.monotonic()
    for text in (f"[{deep}]\n", f"{deep} = 1\n", '"a" . ' * 40 + "b = 1\n"):
        assert refusal(lambda text=text: read_plan(text.encode())) == "programme.not_toml"
    faults = problems_of(("[[commitment]]\n" + "[[commitment.indicator]]\n" * 8).encode() * 200)
    assert len(faults) > 10_000 and faults[-1].where is not None
    assert time.monotonic() - begun < 20
    assert json.loads(write_document(read_plan(plan_text().encode())))["plan"] == "small"


def test_questions_do_not_make_pages_count_a_long_log_again_and_again(world: Carried, monkeypatch: pytest.MonkeyPatch) -> None:
    state = world.node.service.programme_state
    world.adopt()
    monkeypatch.setattr("amana.node.programme_state.LONG", timedelta(seconds=-1))
    monkeypatch.setattr("amana.node.programme_state.REST", 10**6)
    known = state.evaluation()
    service = world.node.service
    service.ask(world.asker("member"), asked=service.asked("SELECT COUNT(*) AS visits FROM visits", within="20%", permit=world.node.permit))
    assert state.evaluation() is known
    world.state(25)
    assert state.evaluation().size > known.size, "what people do with the plan is seen at once"
    known = state.evaluation()
    service.ask(
        world.asker("member"), asked=service.asked("SELECT COUNT(*) AS all_visits FROM visits", within="20%", permit=world.node.permit)
    )
    monkeypatch.setattr("amana.node.programme_state.REST", 0)
    assert state.evaluation().size > known.size, "and all else after a while"


def test_a_node_that_goes_back_to_an_old_release_does_not_keep_the_figures_of_the_new_one(world: Carried) -> None:
    service = world.node.service
    old = Release(version="0.1.0", digest="a" * 64, languages=("en",), findings=9)
    new = replace(old, version="0.2.0", digest="b" * 64, findings=0)
    for each in (old, old, new, new, old):
        with service.database.transaction() as run:
            note_release(run, each, at=service.now())
    told = [entry.findings for each in service._wired.log.entries(0) if isinstance(entry := read_entry(each), ReleaseEntry)]
    assert told == [9, 0, 9]


def test_a_release_is_told_when_a_node_begins_to_run_it(world: Carried, monkeypatch: pytest.MonkeyPatch) -> None:
    service = world.node.service
    service.begin()
    told = [entry.findings for each in service._wired.log.entries(0) if isinstance(entry := read_entry(each), ReleaseEntry)]
    assert told == [], "no plan counts them yet"
    world.adopt()
    later = Release(version="0.2.0", digest="b" * 64, languages=("en",), findings=77)
    monkeypatch.setattr("amana.node.programme.release", lambda: later)
    for _ in range(2):
        service.begin()
    told = [entry.findings for each in service._wired.log.entries(0) if isinstance(entry := read_entry(each), ReleaseEntry)]
    assert len(told) == 2 and told[1] == 77
