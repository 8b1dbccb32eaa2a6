"""Publishing from a page: files that lie on the node's machine, in a process of its own, one at a time.

Each organisation has a folder of its own there, named by its id. Rows stay where they are, and so does what was found in them: of a
refusal a page shows the number only. A process that ends in between leaves the version that served before. Progress, which follows the
rows, is shown to nobody (PRIVACY 8).
"""

import fcntl
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from pathlib import Path
from threading import Thread
from typing import IO, TYPE_CHECKING, cast, final

from amana.catalog.rules import read_rules
from amana.catalog.schema import Dataset
from amana.log.durable import write_durably
from amana.node.audit import note
from amana.node.permits import dataset_of
from amana.node.store import Store
from amana.policy.people import Asker
from amana.policy.rights import Action, check
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.node.service import Service

STATE = "publishing.state"
LOCK = "publishing.lock"
FILES_MAX = 200
NAME = re.compile(r"[^\x00-\x1f/\\\x7f.][^\x00-\x1f/\\\x7f]{0,199}")
FORMS = frozenset({".csv", ".parquet"})
HOURS_MAX = 12
COMMAND = (sys.executable, "-m", "amana.node.publish_process")


class Stage(Enum):
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    LOST = "lost"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """The last publishing from a page. `organisation`: of whoever began it; `took`: the share of the budget that the profile took;
    `number`: of the refusal, which alone is told, for what a refusal says may be of rows."""

    stage: Stage
    organisation: str
    dataset: str
    at: datetime
    version: str = ""
    took: float = 0.0
    number: int = 0


@final
class PublishApart:
    """Errors: as of `policy.rights.check`, and of the rules."""

    def __init__(self, service: "Service", *, store: Store, now: Callable[[], datetime]) -> None:
        self._service, self._store, self._now = service, store, now
        self._settings = service.settings

    def folder(self, asker: Asker) -> Path | None:
        """Where files of her organisation may lie that a page may publish; None where none may."""
        named = self._settings.publish_folder
        return Path(named) / asker.person.organisation if named else None

    def files(self, asker: Asker) -> tuple[str, ...]:
        """The names of the files that she may choose: plain files of that folder itself, no links."""
        folder = self.folder(asker)
        if folder is None:
            return ()
        try:
            found = sorted(each.name for each in folder.iterdir() if _offered(each))
        except OSError:
            return ()
        return tuple(found[:FILES_MAX])

    def check(self, asker: Asker, dataset: Dataset) -> None:
        """Return if the asker may publish that dataset: it is her organisation's, and so is whatever it replaces or whose budget it
        spends. Errors: Refusal rights.*."""
        at, population = self._now(), dataset.population.name
        served = self._service.datasets()
        with self._service.database.reading() as run:
            for each in (dataset, *(old for old in served if old.name == dataset.name or old.population.name == population)):
                check(Action.PUBLISH_DATASET, asker, on=dataset_of(run, each), now=at)

    def check_against(self, dataset: Dataset) -> None:
        """Return if what was published before allows it. Errors: Refusal publish.population_changed, publish.table_name_taken,
        publish.retention_over."""
        from amana.node.publish import check_against  # it loads the engines

        check_against(dataset, self._store, today=self._now().date())

    def begin(self, asker: Asker, *, rules: str, names: Iterable[str]) -> None:
        """Publish those files of the folder under the rules, in the background.

        Errors: Refusal publish.folder_off, publish.file_not_offered, publish.already_running, rights.*, rules.*.
        """
        folder, chosen = self.folder(asker), tuple(dict.fromkeys(names))
        if folder is None:
            raise Refusal("publish.folder_off")
        dataset = read_rules(rules).dataset
        self.check(asker, dataset)
        self.check_against(dataset)
        offered = self.files(asker)
        for name in chosen:
            if not NAME.fullmatch(name) or name not in offered:
                raise Refusal("publish.file_not_offered", name=name[:80])
        if not chosen:
            raise Refusal("publish.file_not_offered", name="–")
        told = {"folder": str(self._settings.folder), "files": [str(folder / name) for name in chosen], "rules": rules}
        held = (self._settings.folder / LOCK).open("w")
        try:
            process, running = self._start(asker, dataset.name, held=held)
        except BaseException:
            held.close()
            raise
        following = Thread(target=self._follow, args=(process, json.dumps(told).encode(), running, held), name="publishing", daemon=True)
        following.start()

    def last(self, asker: Asker) -> Publishing | None:
        """The last publishing that was begun from a page, where her organisation began it; else None."""
        found = self._looked()
        return found if found is not None and found.organisation == asker.person.organisation else None

    def _looked(self) -> Publishing | None:
        found = self._kept()
        if found is None or found.stage is not Stage.RUNNING or self._running():
            return found
        again = self._kept()  # it may have ended between the two looks
        return replace(again, stage=Stage.LOST) if again is not None and again.stage is Stage.RUNNING else again

    def _kept(self) -> Publishing | None:
        try:
            held = cast("dict[str, object]", json.loads((self._settings.folder / STATE).read_bytes()))
            return Publishing(
                stage=Stage(held["stage"]), organisation=str(held["organisation"]), dataset=str(held["dataset"]),
                at=datetime.fromisoformat(str(held["at"])), version=str(held["version"]), took=float(str(held["took"])),
                number=int(str(held["number"])),
            )  # fmt: skip
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _running(self) -> bool:
        with (self._settings.folder / LOCK).open("a") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def _start(self, asker: Asker, dataset: str, *, held: IO[str]) -> "tuple[subprocess.Popen[bytes], Publishing]":
        """The process, which holds the lock too: if we end before it does, until it ends, however it ends.

        Errors: Refusal publish.already_running."""
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refusal("publish.already_running", folder="–") from None
        at = self._now()
        with self._service.database.transaction() as run:
            note(run, at=at, actor=asker.person.id, action="publish", thing="dataset", subject=dataset, was="", now_is="begun")
        running = Publishing(stage=Stage.RUNNING, organisation=asker.person.organisation, dataset=dataset, at=at)
        self._keep(running)
        process = subprocess.Popen(  # noqa: S603 - our own program
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, pass_fds=(held.fileno(),)
        )
        return process, running

    def _follow(self, process: "subprocess.Popen[bytes]", told: bytes, running: Publishing, held: IO[str]) -> None:
        """Until it ends and what it said is kept. Without a word of it, whoever looks finds that it is lost."""
        with held:
            try:
                said, _ = process.communicate(told, timeout=HOURS_MAX * 3600)
                words = cast("dict[str, object]", json.loads(said or b"{}"))
                stage = Stage(words["stage"])
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                return
            except (ValueError, KeyError, OSError):
                process.wait()
                return
            self._keep(
                replace(
                    running, stage=stage, version=str(words.get("version", "")), took=float(str(words.get("took", 0))),
                    number=int(str(words.get("number", 0))),
                )
            )  # fmt: skip

    def _keep(self, found: Publishing) -> None:
        held = {
            "stage": found.stage.value, "organisation": found.organisation, "dataset": found.dataset, "at": found.at.isoformat(),
            "version": found.version, "took": found.took, "number": found.number,
        }  # fmt: skip
        write_durably(self._settings.folder / STATE, json.dumps(held).encode())


def _offered(file: Path) -> bool:
    return NAME.fullmatch(file.name) is not None and file.suffix in FORMS and not file.is_symlink() and file.is_file()
