"""`make demo`: invents a country, publishes three datasets, invites its people, puts an AI system in
service, carries out a national plan, asks three questions, and serves until Ctrl-C.

Every command is shown as it is typed. python examples/demo/run.py --folder demo-data [--share 0.1] [--check]
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
import webbrowser
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from earlier import carry_out
from invent import invent
from national import carry_on
from people import PEOPLE, invite
from system import put_in_service

from amana.catalog.rules import read_rules

HERE = Path(__file__).parent
DATASETS = ("school", "clinic", "meters")
QUESTIONS = (
    ("SELECT region, COUNT(*) AS visits, AVG(cost) AS cost FROM visits WHERE year = 2024 GROUP BY region", "5%"),
    ("SELECT setting, subject, AVG(mark) AS mark FROM marks JOIN pupils USING (pupil_id) GROUP BY setting, subject", "3%"),
    ("SELECT MEDIAN(energy_kwh) AS middle, AVG(energy_kwh) AS mean FROM readings WHERE month >= DATE '2025-01-01'", "5%"),
)
WAITS = 60
MARK = ".made-by-the-demo"


def main() -> None:
    """Run the demo from an empty folder, each time anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("demo-data"))
    parser.add_argument("--share", type=float, default=1.0, help="size of the country, 1 for all of it")
    parser.add_argument("--port", type=int, default=8321)
    parser.add_argument("--check", action="store_true", help="ask and end, instead of serving until Ctrl-C")
    options = parser.parse_args()
    folder, address = options.folder, f"http://localhost:{options.port}"
    files = prepare(folder, share=options.share)
    first, *others = DATASETS
    publish(folder, files, dataset=first)
    links = invite(folder, address=address)
    earlier = carry_out(folder)
    print("\nA project that came before has asked three questions about schools: the portal shows what it did.")
    print("Now it trains a model, which goes through an assessment into the register of AI systems.", flush=True)
    with ThreadPoolExecutor(max_workers=1) as beside:  # a training waits most of its time
        system = beside.submit(put_in_service, folder, earlier)
        for dataset in others:
            publish(folder, files, dataset=dataset)
        print(f"\nThe model is in service: {address}/en/ai/{system.result()}")
    print("The national plan is adopted, measured by private figures, and verified by others.", flush=True)
    carry_on(folder, earlier)
    for sql, within in QUESTIONS:
        amana("ask", sql, "--within", within, "--folder", str(folder))
    amana("budget", "clinic", "--folder", str(folder))
    amana("programme", "evaluate", "--log", str(folder / "log"))
    print(f"\nThe portal, in the language of your browser: {address}/")
    print("One link for each of these people; it opens a session in a browser, or `amana login LINK` in a terminal, once:")
    for (name, person, organisation, _), link in zip(PEOPLE, links.values(), strict=True):
        print(f"  {name:16} {person:7} {organisation:28} {link}")
    print(
        f"""
Try next, in another terminal:
  export AMANA_FOLDER={folder} PATH="$PWD/.venv/bin:$PATH"
  amana ask "{QUESTIONS[0][0]}" --within 5%             # the same question again: the same figures, free
  amana ask "SELECT COUNT(DISTINCT patient) FROM visits" --within 1% --preview
  amana explain "SELECT diagnosis, COUNT(*) FROM visits GROUP BY diagnosis"
  amana ask "SELECT patient, cost FROM visits"                      # a refusal that says what to write instead
  amana --lang fr --help
Apply, review, permit and ask as these people: README.md, "From an application to an answer". The API: {address}/docs
"""
    )
    if not options.check:
        threading.Thread(target=show, args=(address,), daemon=True).start()
        amana("serve", "--folder", str(folder), "--port", str(options.port))


def show(address: str) -> None:
    """Open the portal once it answers, where there is a browser to open it in."""
    if not (sys.stdout.isatty() and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform != "linux")):
        return
    for _ in range(WAITS):
        time.sleep(1)
        try:
            urllib.request.urlopen(f"{address}/", timeout=5).close()
        except OSError:
            continue
        webbrowser.open(f"{address}/")
        return


def prepare(folder: Path, *, share: float) -> dict[str, Path]:
    """An empty folder with an invented country in it: its files, by table."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            sys.exit(f"{folder} holds something that the demo did not make. Name another: --folder other-data")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
    begun = time.monotonic()
    files = invent(folder / "files", share=share)
    print(f"Invented a country in {time.monotonic() - begun:.0f} s. No row is about anybody.", flush=True)
    return files


def publish(folder: Path, files: dict[str, Path], *, dataset: str) -> None:
    """Publish one of its datasets into the folder."""
    rules = HERE / f"{dataset}.toml"
    tables = read_rules(rules.read_text(encoding="utf-8")).dataset.schema.tables
    amana("publish", *(str(files[table.name]) for table in tables), "--rules", str(rules), "--folder", str(folder))


def amana(*words: str) -> None:
    """Show a command and run it; the demo ends where a command fails."""
    print(f"\n$ amana {shlex.join(words)}", flush=True)
    try:
        done = subprocess.run([sys.executable, "-m", "amana", *words], check=False)
    except KeyboardInterrupt:
        return  # the command ends by itself
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
