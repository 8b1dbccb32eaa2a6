"""What others wrote is what is noted of it."""

import hashlib

from tests.house.tree import ROOT, SOURCE


def test_the_editor_is_the_one_that_is_noted() -> None:
    digest = hashlib.sha256((SOURCE / "web" / "vendor" / "editor.js").read_bytes()).hexdigest()
    assert digest in (ROOT / "vendor" / "README.md").read_text("utf-8"), "run `make editor`, and note its SHA-256 in vendor/README.md"


def test_the_lock_of_the_editor_names_no_registry_and_every_part_has_its_digest() -> None:
    lock = (ROOT / "vendor" / "editor" / "package-lock.json").read_text("utf-8")
    assert '"resolved"' not in lock and lock.count('"integrity"') >= 12
