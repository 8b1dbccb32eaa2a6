"""Small faults made by rule from the sources of the kernel's proofs: one operator, one number, one condition, one statement changed.

Nobody chose them, so they show what the suite sees and not what its writers thought of. Those that no test can see stand in
`survivors.py`, each with its reason.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.mutation.mutants import Mutant

SOURCES = Path(__file__).parents[2] / "src" / "amana"
SUITES = {
    "privacy/bound.py": (
        "tests/unit/test_bound.py",
        "tests/property/test_rule_05_joins.py",
        "tests/property/test_attacks.py",
        "tests/property/test_rule_06_bounds.py",
        "tests/unit/test_price.py",
        "tests/noise/test_released_noise_door.py",
        "tests/property/test_sensitivity.py",
        "tests/spec",
    ),
    "privacy/noise.py": (
        "tests/property/test_rule_18_fixed_point.py",
        "tests/property/test_rule_17_selection.py",
        "tests/property/test_rule_12_one_draw.py",
        "tests/property/test_rule_11_more_precise.py",
        "tests/noise/test_released_noise.py",
    ),
    "privacy/loss.py": (
        "tests/unit/test_loss.py",
        "tests/unit/test_price.py",
        "tests/property/test_rule_02_currencies.py",
        "tests/property/test_rule_18_fixed_point.py",
    ),
    "privacy/ledger.py": (
        "tests/unit/test_ledger.py",
        "tests/property/test_rule_12_one_draw.py",
        "tests/property/test_rule_12_lost_database.py",
        "tests/property/test_rule_02_currencies.py",
        "tests/property/test_rule_11_more_precise.py",
        "tests/property/test_rule_13_recall.py",
        "tests/property/test_rule_01_lineage.py",
        "tests/crash/test_ledger_machine.py",
    ),
}
"""The tests that each file answers to, quick ones first."""
COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult, ast.Pow: ast.Mult,
}  # fmt: skip
CALLED = {"min": "max", "max": "min", "any": "all", "all": "any", "abs": "int", "sorted": "list"}
WORDS = ((" <= ", " < "), (" + ", " - "), (" AND ", " OR "), (" = ", " <> "), (" <> ", " = "))
"""Changes inside SQL."""


def _changed(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """(what stands, what stands there instead), one pair for each way to break this node alone."""
    match node:
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            for at, op in enumerate(ops):
                yield node, ast.Compare(left, [*ops[:at], COMPARED[type(op)](), *ops[at + 1 :]], comparators)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in COMPUTED:
            yield node, ast.BinOp(left, COMPUTED[type(op)](), right)
        case ast.BoolOp(op=op, values=values):
            yield node, ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield node, operand
        case ast.Constant(value=bool(value)):
            yield node, ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield node, ast.Constant(value + 1)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in CALLED:
            yield node, ast.Call(ast.Name(CALLED[name]), args, keywords)
        case ast.If(test=test):
            yield test, ast.Constant(False)
            yield test, ast.Constant(True)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield node, body
            yield node, orelse
        case ast.Expr(value=ast.Call(func=ast.Name(id="assert_never"))):
            pass  # what no value reaches
        case ast.Expr(value=ast.Call()) | ast.Raise() | ast.Continue():
            yield node, ast.Pass()
        case _:
            pass


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    """What runs: no annotations, decorators, assertions or sentences."""
    yield node
    if isinstance(node, ast.FunctionDef):
        children: list[ast.AST] = [*node.body]
    elif isinstance(node, ast.AnnAssign):
        children = [node.value] if node.value else []
    elif isinstance(node, ast.Assert | ast.arguments):
        children = []
    else:
        children = [*ast.iter_child_nodes(node)]
    for child in children:
        yield from _nodes(child)


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{each.name}", each) for each in node.body if isinstance(each, ast.FunctionDef))


def _mutants(file: str) -> Iterator[Mutant]:
    text = (SOURCES / file).read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)

    def offset(line: int, column: int) -> int:
        return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())

    def span(node: ast.AST) -> tuple[int, int]:
        assert isinstance(node, ast.expr | ast.stmt) and node.end_lineno is not None and node.end_col_offset is not None
        return offset(node.lineno, node.col_offset), offset(node.end_lineno, node.end_col_offset)

    tree = ast.parse(text)
    for name, function in _functions(tree):
        begin, end = span(function)
        whole = text[begin:end]
        for node in _nodes(function):
            for old, new in _changed(node):
                low, high = span(old)
                put = ast.unparse(ast.fix_missing_locations(new))
                put = f"({put})" if isinstance(new, ast.expr) else put
                shown = f"{' '.join(text[low:high].split())} -> {put}"
                yield Mutant(
                    name=f"{file}: {name}, {shown}", file=file, old=whole, new=text[begin:low] + put + text[high:end], tests=SUITES[file]
                )
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(sql))) if name.isupper():
                low, high = span(statement)
                whole = text[low:high]
                for word, other in WORDS:
                    for found in re.finditer(re.escape(word), whole.partition(" = ")[2]):
                        at = found.start() + len(name) + len(" = ")
                        shown = f"{sql.split()[0]} …{' '.join(whole[at - 12 : at + 12].split())}… ->{other}"
                        new = whole[:at] + other + whole[at + len(word) :]
                        yield Mutant(name=f"{file}: {name}, {shown}", file=file, old=whole, new=new, tests=SUITES[file])
            case _:
                pass


def generated() -> tuple[Mutant, ...]:
    """Every mutant, in the order of the sources; equal names are numbered."""
    made: list[Mutant] = []
    seen: dict[str, int] = {}
    for mutant in (each for file in SUITES for each in _mutants(file)):
        seen[mutant.name] = seen.get(mutant.name, 0) + 1
        again = seen[mutant.name]
        made.append(mutant if again == 1 else Mutant(
            name=f"{mutant.name} ({again})", file=mutant.file, old=mutant.old, new=mutant.new, tests=mutant.tests,
        ))  # fmt: skip
    return tuple(made)
