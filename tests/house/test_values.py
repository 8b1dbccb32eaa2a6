"""Values are frozen, final and, from five fields on, built by name."""

import ast

from tests.house.tree import sources

POSITIONAL_FIELDS_MAX = 4
FLOORS = ("terms/", "catalog/", "query/", "policy/", "privacy/", "client/", "register/", "programme/")


def test_every_dataclass_of_the_inner_floors_is_final_frozen_and_slotted() -> None:
    loose = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in sources().items()
        if path.startswith(FLOORS) and not path.startswith("query/parse/")  # the parser collects as it reads
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "dataclass" and not _strict(node, decorator)
    ]
    # A Fault is an exception, which Python itself must be able to change.
    assert [name for name in loose if name.split()[-1] != "Fault"] == []


def _strict(node: ast.ClassDef, decorator: ast.Call) -> bool:
    given = {keyword.arg for keyword in decorator.keywords if isinstance(keyword.value, ast.Constant) and keyword.value.value is True}
    final = any(isinstance(other, ast.Name) and other.id == "final" for other in node.decorator_list)
    fields = sum(1 for line in node.body if isinstance(line, ast.AnnAssign))
    needed = {"frozen", "slots"} | ({"kw_only"} if fields > POSITIONAL_FIELDS_MAX else set[str]())
    return final and needed <= given
