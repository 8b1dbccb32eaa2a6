"""A model as ONNX, for programs of others: columns come in as they are, `score` and `prediction` come out.

Inputs, one for each column, of shape [rows]: numbers as doubles in their own units, dates as doubles that count days since 1970,
both with NaN for what is missing; choices as strings; booleans as int64 0 or 1, anything else missing. `score` is the whole number
that every other form of the model gives. A number's cell is found by comparing doubles with doubles half a unit below each edge,
which is the same as rounding the decimal for numbers of up to 15 digits. The metadata hold the model in its own form and, where there
is one, the receipt of its training, so that `amana model verify` can make the file again and compare.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, final

from amana.client.fields import wrong
from amana.client.model_file import SignedModel, read_model, receipt_in, write_model
from amana.terms.model import UNIT, Effect, Feature, FeatureKind, Model, Task, Tree
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    import numpy

OPSET, ML_OPSET, IR = 18, 3, 8
"""Old enough for runtimes of some years ago."""
ROWS = "rows"
_TEXT, _RECEIPT = "amana", "amana_receipt"


def write_onnx(model: Model, *, receipt: str = "") -> bytes:
    """The model as the content of an `.onnx` file. `receipt`: of its training.

    Errors: Refusal model.text_not_in_onnx; ImportError where `onnx` is not installed.
    """
    onnx = _library()
    for feature in model.features:
        if feature.grams is not None:  # no operation of ONNX gives the code points of a text
            raise Refusal("model.text_not_in_onnx", column=feature.name)
    helper, types = onnx.helper, onnx.TensorProto
    graph = _Graph(onnx)
    cells = [graph.cell(feature) for feature in model.features]
    trees = [part for part in model.parts if isinstance(part, Tree)]
    sums = [graph.effect(part, cells, model.features) for part in model.parts if isinstance(part, Effect)]
    sums += [graph.forest(trees, cells, model.features)] if trees else []
    graph.add("Identity", [graph.total(sums, cells, intercept=model.intercept)], "score")
    graph.answer(model)
    names = dict.fromkeys(feature.name for feature in model.features)
    kinds = {feature.name: feature.kind for feature in model.features}
    held = {FeatureKind.NUMBER: types.DOUBLE, FeatureKind.CHOICE: types.STRING, FeatureKind.BOOLEAN: types.INT64}
    inputs = [helper.make_tensor_value_info(name, held[kinds[name]], [ROWS]) for name in names]
    outputs = [helper.make_tensor_value_info("score", types.INT64, [ROWS])]
    outputs += [helper.make_tensor_value_info("prediction", types.DOUBLE, [ROWS])]
    made = helper.make_model(
        helper.make_graph(graph.nodes, "amana", inputs, outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)],
        ir_version=IR,
        producer_name="amana",
    )
    about = {"task": model.task.value, "learner": model.learner, "target": model.target, "positive": model.positive}
    about |= {_TEXT: write_model(model), **({_RECEIPT: receipt} if receipt else {})}
    helper.set_model_props(made, about)
    onnx.checker.check_model(made, full_check=True)
    written: bytes = made.SerializeToString(deterministic=True)
    return written


def read_onnx(content: bytes) -> SignedModel:
    """The model that such a file of ours tells in its metadata, and its receipt, both unproved: the graph is not read.

    Errors: Refusal model.file_wrong, client.library_missing.
    """
    try:
        onnx = _library()
    except ImportError as missing:
        raise Refusal("client.library_missing", library=missing.name or "onnx", extra="learn") from None
    try:
        found = onnx.load_model_from_string(content)
        told = {str(each.key): str(each.value) for each in found.metadata_props}
    except Exception:  # noqa: BLE001 - that of Protocol Buffers has no public name
        raise wrong("", wanted="word.onnx") from None
    return SignedModel(model=read_model(told.get(_TEXT, "")), receipt=receipt_in(told.get(_RECEIPT, "")))


def _library() -> Any:
    """`onnx`, whose functions take and give messages of Protocol Buffers, of which no types are known."""
    import onnx

    return onnx


@final
class _Graph:
    """Nodes and constants as they come; every value of a node has a name of its own."""

    def __init__(self, onnx: Any) -> None:
        self._onnx = onnx
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, kind: str, inputs: Sequence[str], output: str = "", **attributes: object) -> str:
        """A node; the name of what it gives."""
        made = output or f"_{len(self.nodes)}"
        domain = {"domain": "ai.onnx.ml"} if kind == "LabelEncoder" else {}
        self.nodes.append(self._onnx.helper.make_node(kind, list(inputs), [made], **domain, **attributes))
        return made

    def constant(self, values: "numpy.ndarray[Any, Any]") -> str:
        name = f"_c{len(self.constants)}"
        self.constants.append(self._onnx.numpy_helper.from_array(values, name))
        return name

    def wholes(self, values: Sequence[int]) -> str:
        """A constant list of whole numbers."""
        import numpy

        return self.constant(numpy.array(values, dtype=numpy.int64))

    def whole(self, value: int) -> str:
        import numpy

        return self.constant(numpy.array(value, dtype=numpy.int64))

    def cell(self, feature: Feature) -> str:
        """The cell of a column's value, of shape [rows]."""
        missing = feature.cells - 1
        match feature.kind:
            case FeatureKind.CHOICE if not feature.members:
                return self.add("LabelEncoder", [feature.name], keys_strings=[""], values_int64s=[missing], default_int64=missing)
            case FeatureKind.CHOICE:
                members, places = list(feature.members), list(range(missing))
                return self.add("LabelEncoder", [feature.name], keys_strings=members, values_int64s=places, default_int64=missing)
            case FeatureKind.BOOLEAN:
                one = self.add("Equal", [feature.name, self.whole(1)])
                either = self.add("Or", [one, self.add("Equal", [feature.name, self.whole(0)])])
                return self.add("Where", [either, feature.name, self.whole(missing)])
            case FeatureKind.TEXT:
                raise AssertionError("refused before")
            case FeatureKind.NUMBER:
                there = self.add("Equal", [feature.name, feature.name])  # NaN is unequal to itself
                return self.add("Where", [there, self._passed(feature), self.whole(missing)])

    def _passed(self, feature: Feature) -> str:
        """How many edges a number has passed. Half away from zero: half below an edge above zero counts, at or below zero only more."""
        import numpy

        counts = [self.whole(0)]
        for kind, edges in (
            ("Greater", [edge for edge in feature.edges if edge <= 0]),
            ("GreaterOrEqual", [edge for edge in feature.edges if edge > 0]),
        ):
            if edges:
                halves = numpy.array([[float(Fraction(2 * edge - 1, 2 * 10**feature.decimals)) for edge in edges]])
                column = self.add("Unsqueeze", [feature.name, self.wholes([1])])
                passed = self.add("Cast", [self.add(kind, [column, self.constant(halves)])], to=7)
                counts.append(self.add("ReduceSum", [passed, self.wholes([1])], keepdims=0))
        return self._plus(counts)

    def _plus(self, parts: Sequence[str]) -> str:
        total = parts[0]
        for part in parts[1:]:
            total = self.add("Add", [total, part])
        return total

    def effect(self, part: Effect, cells: Sequence[str], features: Sequence[Feature]) -> str:
        """What the table says at the place of the cells."""
        place = cells[part.features[0]]
        for feature in part.features[1:]:
            place = self.add("Add", [self.add("Mul", [place, self.whole(features[feature].cells)]), cells[feature]])
        return self.add("Gather", [self.wholes(part.values), place])

    def forest(self, trees: Sequence[Tree], cells: Sequence[str], features: Sequence[Feature]) -> str:
        """All trees at once: for each level one look into a table of all trees, then one into all leaves."""
        columns = self.add("Concat", [self.add("Unsqueeze", [cell, self.wholes([1])]) for cell in cells], axis=1)
        depth = max(len(tree.splits) for tree in trees)
        starts: list[int] = []
        leaves: list[int] = []
        for tree in trees:
            starts.append(len(leaves))
            leaves += tree.leaves
        leaf = self.wholes(starts)
        for level in range(depth):
            asked: list[int] = []
            offsets: list[int] = []
            table = [0]
            for tree in trees:
                feature, yes = tree.splits[level] if level < len(tree.splits) else (0, ())
                asked.append(feature)
                offsets.append(len(table))
                table += [1 << level if cell in yes else 0 for cell in range(features[feature].cells)]
            looked = self.add("Gather", [columns, self.wholes(asked)], axis=1)
            leaf = self.add("Add", [leaf, self.add("Gather", [self.wholes(table), self.add("Add", [looked, self.wholes(offsets)])])])
        return self.add("ReduceSum", [self.add("Gather", [self.wholes(leaves), leaf]), self.wholes([1])], keepdims=0)

    def total(self, sums: Sequence[str], cells: Sequence[str], *, intercept: int) -> str:
        """The sum of all parts, of shape [rows] also where there is none."""
        nothing = self.add("Mul", [cells[0], self.whole(0)])
        return self._plus([self.add("Add", [nothing, self.whole(intercept)]), *sums])

    def answer(self, model: Model) -> None:
        """As `Model.answer`."""
        import numpy

        def double(value: float) -> str:
            return self.constant(numpy.array(value, dtype=numpy.float64))

        low, high = (0, UNIT) if model.task is Task.REGRESSION else (-700 * UNIT, 700 * UNIT)
        inside = self.add("Max", [self.add("Min", ["score", self.whole(high)]), self.whole(low)])
        if model.task is Task.CLASSIFICATION:
            logit = self.add("Div", [self.add("Cast", [inside], to=11), double(UNIT)])
            self.add("Sigmoid", [logit], "prediction")
            return
        wide = self.add("Cast", [self.add("Mul", [inside, self.whole(model.high - model.low)])], to=11)
        units = self.add("Add", [double(model.low), self.add("Div", [wide, double(UNIT)])])
        self.add("Div", [units, double(10**model.decimals)], "prediction")
