"""A KMS for tests: a program with keys of its own, told what to do by a file beside it."""

import os
import sys
from pathlib import Path

from amana.node.key_source import KeyMeans
from amana.node.keys import KeyRing
from amana.terms.refusal import Refusal

KMS = """#!{python}
import base64, json, os, sys, time
from pathlib import Path
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
home = Path({home!r})
told = json.loads((home / "told.json").read_text())
keys = sorted(home.glob("*.kek"))
if told.get("sleep"):
    os.system("sleep 60")
if told.get("exit"):
    print("a reason with a secret", file=sys.stderr)
    sys.exit(told["exit"])
if sys.argv[1] == "id":
    print(told.get("id", "hsm-7/node"))
    sys.exit()
given = base64.b64decode(sys.stdin.read())
with (home / "asked.log").open("a") as log:
    log.write(" ".join(sys.argv[1:]) + "\\n")
if told.get("answer"):
    print(told["answer"])
elif sys.argv[1] == "wrap":
    nonce = os.urandom(12)
    print(base64.b64encode(bytes([len(keys) - 1]) + nonce + AESGCM(keys[-1].read_bytes()).encrypt(nonce, given, None)).decode())
else:
    print(base64.b64encode(AESGCM(keys[given[0]].read_bytes()).decrypt(given[1:13], given[13:], None)).decode())
"""


def make_kms(home: Path) -> Path:
    """The program, with a first key; it binds no names, as the weakest KMS would."""
    home.mkdir()
    (home / "1.kek").write_bytes(os.urandom(32))
    (home / "told.json").write_text("{}")
    command = home / "kms"
    command.write_text(KMS.format(python=sys.executable, home=str(home)))
    command.chmod(0o755)
    return command


def ring(folder: Path, *, key_file: Path | None = None, kms: Path | None = None, wait_ms: int = 10_000) -> KeyRing:
    """A ring over that folder, opened."""
    for each in (folder / "keys", folder / "versions"):
        each.mkdir(parents=True, exist_ok=True)
    means = KeyMeans(key_file=key_file or folder / "keys" / "node.key", kms_command=kms, kms_wait_ms_max=wait_ms)
    made = KeyRing(folder, means=means)
    made.open()
    return made


def refused(code: str, refusal: Refusal) -> Refusal:
    """The refusal, seen to be that one."""
    assert refusal.code == code, refusal
    return refusal
