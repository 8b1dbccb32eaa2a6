"""A file is at most 400 lines, a function at most 70, the kernel at most 1,200."""

import ast

from tests.house.tree import ROOT, SOURCE, sources, text_of, tracked

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
KERNEL_LINES_MAX = 1_200
RELEASE_LINES_MAX = 120


def test_no_file_is_longer_than_a_person_reads_at_once() -> None:
    sizes = {str(path.relative_to(ROOT)): len(text_of(path).splitlines()) for path in tracked() if path.suffix == ".py"}
    assert {name: lines for name, lines in sizes.items() if lines > FILE_LINES_MAX} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{path}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None
    }
    assert {name: lines for name, lines in long.items() if lines > FUNCTION_LINES_MAX} == {}


def test_the_kernel_can_be_read_in_an_hour() -> None:
    assert sum(code_lines(text_of(path)) for path in (SOURCE / "privacy").rglob("*.py")) <= KERNEL_LINES_MAX


def test_the_order_of_the_steps_is_one_page() -> None:
    assert len(text_of(SOURCE / "privacy" / "release.py").splitlines()) <= RELEASE_LINES_MAX


def code_lines(text: str) -> int:
    """Lines that are neither blank nor comment nor docstring."""
    tree = ast.parse(text)
    documented = ast.Module | ast.ClassDef | ast.FunctionDef
    words: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            first = node.body[0]
            words |= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    lines = enumerate(text.splitlines(), start=1)
    return sum(1 for number, line in lines if line.strip() and not line.strip().startswith("#") and number not in words)
