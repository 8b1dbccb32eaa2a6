"""Plants each bug of `mutants.py` in a copy of the sources and runs its tests: `python -m tests.mutation.run [part of a name]`."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.mutation.mutants import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]


def planted(mutant: Mutant, folder: Path) -> Path:
    """A copy of the sources with the bug in it."""
    source = folder / "src"
    shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
    file = source / "amana" / mutant.file
    text = file.read_text(encoding="utf-8")
    assert text.count(mutant.old) == 1, f"{mutant.name}: the text to change stands {text.count(mutant.old)} times in {mutant.file}"
    file.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    return source


def caught_by(mutant: Mutant, *, seconds_max: float = 600) -> str:
    """The first test that fails, or an empty text when the bug survives."""
    with tempfile.TemporaryDirectory() as folder:
        source = planted(mutant, Path(folder))
        options = ["-x", "-q", "-p", "no:cacheprovider", "--no-header", "-o", f"pythonpath={source} {ROOT}"]
        environment = {**os.environ, "PYTHONPATH": str(source), "HYPOTHESIS_PROFILE": "full", "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "pytest", *options, *mutant.tests]
        try:
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=seconds_max)
        except subprocess.TimeoutExpired:
            return ""  # a suite that never ends has caught nothing
    if done.returncode == 0:
        return ""
    assert done.returncode == 1, done.stdout + done.stderr
    return next((line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))), "caught")


def main() -> int:
    """Run all mutants whose name holds the argument; the number of survivors."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    survivors = 0
    for mutant in (one for one in MUTANTS if wanted in one.name):
        found = caught_by(mutant)
        survivors += not found
        print(f"{mutant.name:60} {found or 'SURVIVES'}", flush=True)
    print(f"{survivors} survive")
    return survivors


if __name__ == "__main__":
    sys.exit(main())
