"""A trained model as its reader gets it: the model, how good it is with intervals, and what it cost; and how it travels."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, final

from amana.client.cost import Cost
from amana.client.invented import InventedColumn, read_columns, write_columns, write_parquet
from amana.client.model_file import SignedModel, read_signed, write_content, write_json, write_model
from amana.client.use import TrainingUse, Use, read_training, read_use
from amana.client.wire import Json, a_list, a_number, a_text, a_whole, an_object, number_or_none, read_cost, write_cost
from amana.terms.model import Model
from amana.terms.training_facts import Attack, Audit, Metric


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """Before anything is spent: what it would cost, and after how many seconds it would be there. `learner`: the one that was chosen.
    `half`: of the 95 % interval that the first measure of a model's quality is foretold to have; None where nothing is."""

    cost: Cost
    seconds: float
    rounds: int
    learner: str
    half: float | None = None

    def to_wire(self) -> dict[str, object]:
        """As it travels."""
        said = {"seconds": self.seconds, "rounds": self.rounds, "learner": self.learner, "half": self.half}
        return {"cost": write_cost(self.cost), **said}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesised:
    """A synthetic table as CSV text. `report`: (columns, estimated error of their joint distribution, as total variation, 0 to 1).
    The receipt of its use commits to the CSV. `attacks`: what attacks on such tables found, on invented stand-ins; `audit`: what one on
    how they are made found."""

    csv: str
    columns: tuple[InventedColumn, ...]
    report: tuple[tuple[tuple[str, ...], float], ...]
    use: Use
    attacks: tuple[Attack, ...] = ()
    audit: Audit | None = None

    @property
    def cost(self) -> Cost:
        """What it took."""
        return self.use.cost

    def to_wire(self) -> dict[str, object]:
        """As it travels."""
        return {**self.about(), "csv": self.csv, "columns": write_columns(self.columns)}

    def about(self) -> dict[str, object]:
        """All that is known of it but its rows: its errors, what attacks find, its cost, its receipt."""
        report = [{"columns": list(columns), "error": error} for columns, error in self.report]
        attacks = [asdict(each) for each in self.attacks]
        found = {"attacks": attacks, "audit": write_audit(self.audit)}
        return {**self.use.to_wire(), **found, "report": report, "receipt": json.loads(self.use.receipt)}

    def parquet(self) -> bytes:
        """The table as a Parquet file that tells all of this in its metadata. Errors: Refusal client.library_missing."""
        return write_parquet(self.csv, self.columns, about=self.about())

    def save(self, path: str | Path, *, form: Literal["csv", "parquet"] | None = None) -> Path:
        """Write the table: as Parquet, which `form` or else the name tells, or as CSV with NAME.receipt.json and NAME.report.json beside
        it. Errors: Refusal client.library_missing."""
        target = Path(path)
        if (form or target.suffix.removeprefix(".")) == "parquet":
            target.write_bytes(self.parquet())
            return target
        target.write_text(self.csv, encoding="utf-8")
        report = {name: value for name, value in self.about().items() if name != "receipt"}
        target.with_suffix(".receipt.json").write_text(self.use.receipt, encoding="utf-8")
        target.with_suffix(".report.json").write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        return target


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedModel:
    """The receipt of its training stands in its file."""

    model: Model
    metrics: tuple[Metric, ...]
    training: TrainingUse

    @property
    def cost(self) -> Cost:
        """What it took."""
        return self.training.use.cost

    @property
    def receipt(self) -> str:
        """Of its training, as JSON."""
        return self.training.use.receipt

    @property
    def id(self) -> str:
        """In the node's register, empty where it keeps none of it."""
        return self.training.id

    @property
    def rows_per_unit(self) -> int:
        """How many rows of each privacy unit were used at most."""
        return self.training.rows_per_unit

    def save(self, path: str | Path) -> Path:
        """Write the model file with its receipt, in the form that its name tells (`.safetensors`, `.onnx`, else JSON). `amana predict`
        reads it without a network. Errors: Refusal client.library_missing."""
        target = Path(path)
        receipt = write_json(json.loads(self.receipt)) if self.receipt else ""
        target.write_bytes(write_content(SignedModel(model=self.model, receipt=receipt), suffix=target.suffix))
        return target

    def to_wire(self) -> dict[str, object]:
        """As it travels."""
        return {
            **self.training.to_wire(),
            "metrics": [write_metric(metric) for metric in self.metrics],
            "model": write_model(self.model, receipt=self.receipt),
        }


def read_foreseen(found: Json) -> Foreseen:
    """What is foreseen as it travelled. Errors: Refusal client.not_understood."""
    seconds, rounds = a_number(found.get("seconds"), "seconds"), a_whole(found.get("rounds"), "rounds")
    learner, half = a_text(found.get("learner"), "learner"), number_or_none(found.get("half"), "half")
    return Foreseen(cost=read_cost(found.get("cost")), seconds=seconds, rounds=rounds, learner=learner, half=half)


def read_synthesised(found: Json) -> Synthesised:
    """A synthetic table as it travelled. Errors: Refusal client.not_understood."""
    report = [an_object(each, "report") for each in a_list(found.get("report"), "report")]
    return Synthesised(
        csv=a_text(found.get("csv"), "csv"),
        columns=read_columns(found.get("columns")),
        report=tuple(
            (tuple(a_text(name, "columns") for name in a_list(each.get("columns"), "columns")), a_number(each.get("error"), "error"))
            for each in report
        ),
        use=read_use(found, receipt=json.dumps(an_object(found.get("receipt"), "receipt"), ensure_ascii=False, indent=2) + "\n"),
        attacks=tuple(_attack(an_object(each, "attacks")) for each in a_list(found.get("attacks", []), "attacks")),
        audit=read_audit(found.get("audit")),
    )


def _attack(found: Json) -> Attack:
    excess, low, high, control = (
        a_number(found.get(name), f"attacks.{name}") for name in ("excess", "excess_low", "excess_high", "control_low")
    )
    return Attack(
        attack=a_text(found.get("attack"), "attacks.attack"),
        excess=excess,
        excess_low=low,
        excess_high=high,
        control_low=control,
        control_caught=found.get("control_caught") is True,
        leaked=found.get("leaked") is not False,
    )


def write_audit(audit: Audit | None) -> dict[str, object] | None:
    """An audit as it travels."""
    return None if audit is None else asdict(audit)


def read_audit(value: object) -> Audit | None:
    """An audit as it travelled; None where none was made. Errors: Refusal client.not_understood."""
    if value is None:
        return None
    found = an_object(value, "audit")
    figures = (a_number(found.get(name), f"audit.{name}") for name in ("claimed", "lower_bound", "delta", "confidence"))
    claimed, lower, delta, confidence = figures
    return Audit(
        attack=a_text(found.get("attack"), "audit.attack"),
        claimed=claimed,
        lower_bound=lower,
        delta=delta,
        confidence=confidence,
        control_caught=found.get("control_caught") is True,
    )


def read_trained(found: Json) -> TrainedModel:
    """A trained model as it travelled. Errors: Refusal client.not_understood, or of the model file."""
    signed = read_signed(a_text(found.get("model"), "model"))
    return TrainedModel(
        model=signed.model,
        metrics=tuple(read_metric(each) for each in a_list(found.get("metrics"), "metrics")),
        training=read_training(found, receipt=signed.receipt),
    )


def write_metric(metric: Metric) -> dict[str, object]:
    """A measured quality as it travels."""
    return {name: getattr(metric, name) for name in ("name", "value", "low", "high", "column", "group")}  # no model looks ahead


def read_metric(value: object) -> Metric:
    """Errors: Refusal client.not_understood."""
    found = an_object(value, "metric")
    return Metric(
        name=a_text(found.get("name"), "metric.name"),
        value=a_number(found.get("value"), "metric.value"),
        low=a_number(found.get("low"), "metric.low"),
        high=a_number(found.get("high"), "metric.high"),
        column=a_text(found.get("column", ""), "metric.column"),
        group=a_text(found.get("group", ""), "metric.group"),
    )
