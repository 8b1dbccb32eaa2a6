"""What import contracts cannot see: how modules are loaded, and where the three earned values are built."""

import ast
import re

import pytest

from tests.house.tree import ROOT, called_name, sources, text_of, tracked

BUILT_ONLY_IN = {
    "Answer": "privacy/release.py",
    "Permit": "policy/permit.py",
    "Charge": "privacy/ledger.py",
    "CourseTaken": "privacy/rounds.py",
}
DYNAMIC = {"__import__", "import_module", "exec", "eval", "compile"}
SEEDED = {"random", "numpy", "uuid", "time"}
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|root|Users|work|opt)/[\w.]|[A-Z]:\\\\Users")
INDEX_ADDRESS = re.compile(r"--(?:extra-)?index-url|--find-links|--trusted-host|files\.pythonhosted|pypi\.org/simple", re.IGNORECASE)
LATER = "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK"))
"""Put together from parts, so that this file does not find itself."""


@pytest.mark.parametrize(("value", "home"), BUILT_ONLY_IN.items())
def test_an_earned_value_is_built_only_where_it_is_earned(value: str, home: str) -> None:
    elsewhere = [
        f"{path}:{node.lineno}"
        for path, tree in sources().items()
        if path != home
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called_name(node) == value
    ]
    assert elsewhere == []


def test_no_module_is_loaded_by_a_computed_name() -> None:
    found = [
        f"{path}:{node.lineno} {called_name(node)}"
        for path, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute) and called_name(node) in DYNAMIC
        if not (called_name(node) == "compile" and isinstance(node.func, ast.Attribute))  # re.compile and our own compiler
    ]
    assert found == []


def test_the_kernel_imports_no_generator_and_no_clock() -> None:
    found = []
    for path, tree in sources().items():
        if not path.startswith("privacy/"):
            continue
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{path}:{node.lineno} {name}" for name in names if name.split(".")[0] in SEEDED]
    assert found == []


def test_the_base_install_imports_only_the_standard_library() -> None:
    import sys

    found = []
    for path, tree in sources().items():
        if not path.startswith(("terms/", "client/")):
            continue
        for node in tree.body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{path} {name}" for name in names if name.split(".")[0] not in {*sys.stdlib_module_names, "amana"}]
    assert found == []


def test_no_file_names_a_machine_or_an_index() -> None:
    found = []
    for path in tracked():
        for number, line in enumerate(text_of(path).splitlines(), start=1):
            if path.name in {"test_rooms.py", "LICENSE"}:
                continue
            if MACHINE_PATH.search(line) or INDEX_ADDRESS.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    assert found == []


def test_nothing_is_left_for_later() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked()
        if path.suffix in {".py", ".sql", ".md", ".toml", ".po", ".txt", ""}
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if re.search(rf"\b(?:{LATER})\b", line)
    ]
    assert found == []
