"""Plants each bug of `mutants.py`, or those made by rule, in a copy of the sources and runs its tests:
`python -m tests.mutation.run [--generated] [part of a name]`."""

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutation.generate import generated
from tests.mutation.mutants import MUTANTS, Mutant
from tests.mutation.survivors import SURVIVORS

SECONDS_MAX = 120
"""For one mutant made by rule: several times what its tests take. A loop that never ends is seen by whoever waits for it."""

ROOT = Path(__file__).parents[2]


def planted(mutant: Mutant, folder: Path) -> Path:
    """A copy of the sources with the bug in it."""
    source = folder / "src"
    shutil.copytree(ROOT / "src", source)
    file = source / "amana" / mutant.file
    text = file.read_text(encoding="utf-8")
    assert text.count(mutant.old) == 1, f"{mutant.name}: the text to change stands {text.count(mutant.old)} times in {mutant.file}"
    file.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    return source


def caught_by(mutant: Mutant, *, seconds_max: float = 600, late: str = "") -> str:
    """The first test that fails, or an empty text when the bug survives; `late` when the suite does not end."""
    with tempfile.TemporaryDirectory() as folder:
        source = planted(mutant, Path(folder))
        options = ["-x", "-q", "-p", "no:cacheprovider", "--no-header", "-o", f"pythonpath={source} {ROOT}"]
        environment = {**os.environ, "PYTHONPATH": str(source), "HYPOTHESIS_PROFILE": "full", "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "pytest", *options, *mutant.tests]
        try:
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=seconds_max)
        except subprocess.TimeoutExpired:
            return late
    if done.returncode == 0:
        return ""
    assert done.returncode == 1, done.stdout + done.stderr
    return next((line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))), "caught")


def seen(mutant: Mutant) -> str:
    """What notices a mutant made by rule; a loop that never ends is noticed too."""
    return caught_by(mutant, seconds_max=SECONDS_MAX, late="does not end")


def main() -> int:
    """Run all mutants whose name holds the argument; the number of survivors."""
    wanted = [word for word in sys.argv[1:] if word != "--generated"]
    by_rule = "--generated" in sys.argv
    mutants = [one for one in (generated() if by_rule else MUTANTS) if all(word in one.name for word in wanted)]
    found = seen if by_rule else caught_by
    survivors = 0
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for mutant, caught in zip(mutants, pool.map(found, mutants), strict=True):
            survivors += not caught
            explained = SURVIVORS.get(mutant.name, "") if not caught else ""
            print(f"{mutant.name}\n    {caught or 'SURVIVES'} {explained}", flush=True)
    print(f"{survivors} of {len(mutants)} survive")
    return survivors


if __name__ == "__main__":
    sys.exit(main())
