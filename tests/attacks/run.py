"""Known attacks on an invented dataset, through the real kernel and engine: what they find, beside what chance alone would.

`make attacks` writes src/amana/web/pages/attacks.json, which the page about privacy shows; a test attacks anew and compares. Each attack
is also led against the true figures, where it must succeed: an attack that never works shows nothing.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np

import amana
from amana.node.asking import Constants, Open, answered, asking_of
from amana.node.wiring import Wired, publish
from amana.privacy.price import RhoCap
from amana.query.parse import parse
from amana.terms.ids import NanoRho

PLACE = Path(__file__).parent.parent.parent / "src" / "amana" / "web" / "pages" / "attacks.json"
NRHO = 1_000_000_000
LOSSES = (NRHO // 50, 2 * NRHO)
"""What one attack may spend, in all its questions together: a share of one in a hundred of the demonstration's budget, and all of it."""
CODES = 2_000
BEYOND = 500_000
"""No code is as large, so that a condition about it changes no answer and makes another question."""
GUISES = 5
GROUP, SUBSETS = 32, 128
RULES = """
[dataset]
name = "attacked"
custodian = "Nobody"
controller = "Nobody, 1 Street, nobody@example.org"
legal_basis = "None needed: every row is invented"
purposes = ["GRU"]
retention = "2099-12-31"
title = { en = "Attacked", fr = "Attaquée", ar = "مهاجَمة", zgh = "ⵜⴻⵜⵜⵓⵀⵓⵊⴻⵎ" }
[population]
name = "invented"
unit = "person"
cap_rho = "1000"
cap_delta = "1e-9"
profile_share = "0.001"
[[table]]
name = "people"
private = true
unit = "who"
rows_per_unit_max = 1
out_of_bounds = "clamp"
[table.columns]
who = { kind = "key", holds = "text" }
code = { kind = "number", grid = "1", low = 0, high = 1000000, source = "Invented" }
secret = { kind = "boolean" }
"""


class Attacked:
    """An invented dataset that is asked. `noise`: False to answer with the true figures, as a system without protection does."""

    def __init__(self, folder: Path, *, noise: bool = True) -> None:
        draw = random.Random(20270101)  # the people are invented; the noise is not drawn from here
        chosen = draw.sample(range(CODES), CODES // 2)
        self.secrets = {code: draw.random() < 0.5 for code in chosen}
        self._noise, self._folder, self._wired = noise, folder, cast("Wired | None", None)
        if noise:
            rows = folder / "people.csv"
            folder.mkdir(parents=True, exist_ok=True)
            rows.write_text("who,code,secret\n" + "".join(f"p{code},{code},{str(held).lower()}\n" for code, held in self.secrets.items()))
            (folder / "node").mkdir()
            publish(folder / "node", [rows], RULES)
            self._wired = Wired(folder / "node")
            found = self._wired.opened()[0]
            self._opened = replace(found, kernel=replace(found.kernel, clock=_Still()))

    def count(self, where: str, holds: Callable[[int, bool], bool], *, nrho: int) -> float:
        """How many people a condition holds of; `where` and `holds` say the same."""
        if not self._noise:
            return float(sum(holds(code, held) for code, held in self.secrets.items()))
        return _figure(self._opened, f"SELECT COUNT(*) AS n FROM people WHERE {where}", nrho)

    def close(self) -> None:
        if self._wired is not None:
            self._wired.close()


class _Still:
    """Answers leave at a time fixed beforehand, for which nobody waits here."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def elapsed(self) -> float:
        return 0.0

    def sleep_until(self, elapsed: float) -> None:
        """At once."""


def _figure(opened: Open, sql: str, nrho: int) -> float:
    constants = Constants(within="10%", target=RhoCap(nano_rho=NanoRho(nrho)), sql=sql)
    _, asking = asking_of(parse(sql, opened.version.dataset.schema), opened, constants)
    cell = cast("Any", answered(asking, opened, constants).table.rows[0][0])
    return float(cell.value)


# --- the attacks: every guess is between two, so that chance is right every other time; each spends at most `nrho` on one guess, or on
# one group of them; they tell how many were right ---


def membership(asked: Attacked, *, nrho: int, trials: int) -> int:
    """Is she in the data? Whoever knows what only she has asks for it, with all that may be spent."""
    right = 0
    for code in random.sample(range(CODES), trials):
        seen = asked.count(f"code = {code}", lambda one, _, code=code: one == code, nrho=nrho)
        right += (seen > 0.5) == (code in asked.secrets)
    return right


def averaging(asked: Attacked, *, nrho: int, trials: int) -> int:
    """The same in many guises, so that the noise of one cancels that of another."""
    right = 0
    for code in random.sample(range(CODES), trials):
        seen = [
            asked.count(f"code = {code} AND code < {BEYOND + guise}", lambda one, _, code=code: one == code, nrho=nrho // GUISES)
            for guise in range(GUISES)
        ]
        right += (sum(seen) / GUISES > 0.5) == (code in asked.secrets)
    return right


def differencing(asked: Attacked, *, nrho: int, trials: int) -> int:
    """What is her secret? How many have it, less how many have it without her."""
    right = 0
    for guise, code in enumerate(random.sample(sorted(asked.secrets), trials)):
        every = asked.count(f"secret AND code < {BEYOND + guise}", lambda _, held: held, nrho=nrho // 2)
        others = asked.count(f"secret AND code <> {code}", lambda one, held, code=code: held and one != code, nrho=nrho // 2)
        right += (every - others > 0.5) == asked.secrets[code]
    return right


def reconstruction(asked: Attacked, *, nrho: int, trials: int) -> int:
    """What are the secrets of a whole group? Counts over many random parts of it, and the least squares that fit them.

    Source: Dinur and Nissim 2003, "Revealing information while preserving privacy".
    """
    right = 0
    for _ in range(trials // GROUP):
        group = random.sample(sorted(asked.secrets), GROUP)
        parts = np.array([[random.random() < 0.5 for _ in group] for _ in range(SUBSETS)])
        parts[:, 0] |= ~parts.any(axis=1)
        seen = [
            asked.count(
                f"secret AND code IN ({', '.join(str(code) for code in chosen)})",
                lambda one, held, chosen=chosen: held and one in chosen,
                nrho=nrho // SUBSETS,
            )
            for chosen in ([code for code, taken in zip(group, part, strict=True) if taken] for part in parts)
        ]
        fitted = np.linalg.lstsq(parts.astype(float), np.array(seen), rcond=None)[0]
        right += sum(bool(value > 0.5) == asked.secrets[code] for code, value in zip(group, fitted, strict=True))
    return right


ATTACKS: dict[str, Callable[..., int]] = {
    "membership": membership,
    "averaging": averaging,
    "differencing": differencing,
    "reconstruction": reconstruction,
}


@contextmanager
def attacked() -> Iterator[Attacked]:
    """A new dataset, with a budget of its own."""
    with tempfile.TemporaryDirectory() as folder:
        asked = Attacked(Path(folder))
        try:
            yield asked
        finally:
            asked.close()


def measure(*, trials: int, losses: Sequence[int] = LOSSES) -> list[dict[str, Any]]:
    """Every attack, at each loss. Shapes: one row for each attack; `right` as `losses`."""
    bare, rows = Attacked(Path(), noise=False), list[dict[str, Any]]()
    for name, attack in ATTACKS.items():
        unprotected = attack(bare, nrho=max(losses), trials=trials)
        right = list[int]()
        for nrho in losses:
            with attacked() as asked:
                right.append(attack(asked, nrho=nrho, trials=trials))
        rows.append({"attack": name, "right": right, "chance": trials // 2, "right_without_protection": unprotected})
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=256, help=f"guesses of each attack, a multiple of {GROUP}")
    trials = parser.parse_args().trials // GROUP * GROUP
    found = {
        "version": amana.__version__, "on": datetime.now(UTC).date().isoformat(), "losses_nrho": list(LOSSES), "guesses": trials,
        "attacks": measure(trials=trials),
    }  # fmt: skip
    PLACE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
