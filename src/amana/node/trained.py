"""What training gives, as the values that every door and client shows."""

import json

from amana.client.cost import Cost
from amana.client.forecasted import ForecastMade
from amana.client.model_file import write_json
from amana.client.trained import Foreseen, Synthesised, TrainedModel
from amana.client.use import TrainingUse, Use
from amana.learn.attacks import SYNTHETIC, published_attacks
from amana.learn.audit import FORECAST, published_audit
from amana.node import learning
from amana.node.learning import Spent


def trained_of(trained: learning.Trained, *, id: str = "") -> TrainedModel:
    """`id`: in the node's register."""
    training = _training(trained.spent, receipt=trained.receipt, id=id)
    return TrainedModel(model=trained.model, metrics=trained.metrics, training=training)


def synthesised_of(made: learning.Synthesised) -> Synthesised:
    """The table as text."""
    return Synthesised(
        csv=made.csv,
        columns=made.table.header,
        attacks=published_attacks(SYNTHETIC),
        audit=published_audit(SYNTHETIC),
        report=tuple((one.columns, one.noise + one.fit) for one in (*made.table.utility.single, *made.table.utility.pairs)),
        use=_use(made.spent, receipt=made.receipt),
    )


def forecast_of(made: learning.Forecasted, *, id: str = "") -> ForecastMade:
    """The forecast and what it cost. `id`: in the node's register."""
    training = _training(made.spent, receipt=write_json(json.loads(made.receipt)), id=id)
    return ForecastMade(forecast=made.forecast, training=training, audit=published_audit(FORECAST))


def foreseen_of(foreseen: learning.Foreseen) -> Foreseen:
    """Before anything is spent."""
    cost = Cost(loss_nrho=foreseen.cost_nrho, cap_nrho=foreseen.cap_nrho, spent_nrho=foreseen.spent_nrho, delta_units=0, recalled=False)
    return Foreseen(cost=cost, seconds=foreseen.seconds, rounds=foreseen.rounds, learner=foreseen.learner, half=foreseen.half)


def _training(spent: Spent, *, receipt: str, id: str) -> TrainingUse:
    use = _use(spent, receipt=receipt)
    return TrainingUse(use=use, unit=spent.unit, rows_per_unit=spent.rows_per_unit, rounds=spent.rounds, id=id)


def _use(spent: Spent, *, receipt: str) -> Use:
    cost = Cost(loss_nrho=spent.cost_nrho, cap_nrho=spent.cap_nrho, spent_nrho=spent.spent_nrho, delta_units=0, recalled=spent.recalled)
    return Use(
        cost=cost,
        dataset=spent.dataset,
        version=spent.version,
        digest=spent.digest,
        permit=spent.permit,
        purpose=spent.purpose,
        entry=spent.entry,
        receipt=receipt,
    )
