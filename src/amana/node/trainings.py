"""Models, forecasts and synthetic tables as people ask for them: under a permit, as any question.

Models and forecasts are kept, to be described and registered.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, final

from amana.client.forecast_file import read_forecast, write_forecast
from amana.client.forecasted import ForecastMade
from amana.client.model_file import read_model, write_model
from amana.client.trained import Foreseen, Synthesised, TrainedModel
from amana.learn.attacks import published_attacks
from amana.learn.audit import FORECAST, published_audit
from amana.node.learning import Forecasted, Spent, Trained, Wanted
from amana.node.models import NewModel
from amana.node.trained import forecast_of, foreseen_of, synthesised_of, trained_of
from amana.policy.people import Asker
from amana.policy.permit import Permit
from amana.policy.rights import Action, check
from amana.policy.things import Node as Place
from amana.terms.canonical import canonical_bytes
from amana.terms.forecast import Forecast
from amana.terms.ids import DeltaUnits, ModelId, PermitId, ProjectId
from amana.terms.training import Forecasting, Specification, Synthesis
from amana.terms.training_facts import FORECASTING, Audit, Metric, TrainingFacts

if TYPE_CHECKING:
    from amana.node.service import Asked, Service


@final
class Trainings:
    """Errors: Refusal or Fault only."""

    def __init__(self, service: "Service") -> None:
        self._service = service

    def foresee(self, asker: Asker | None, *, wanted: Wanted, share: str) -> Foreseen:
        """What it would cost and when it would be there: for anybody who signed in."""
        check(Action.PREVIEW, asker, on=Place(), now=self._service.now())
        return foreseen_of(self._service.node.learning.foresee(wanted, share=share))

    def train(self, asker: Asker | None, *, wanted: Specification, share: str, permit: PermitId | None) -> TrainedModel:
        """A model under a permit, kept by the node for its project."""
        with self._service.telling(asker, self._asked(wanted, share, permit)) as leave:
            trained = self._service.node.learning.train(wanted, share=share, leave=leave, admit=self._admit)
        return trained_of(trained, id=self.keep(trained))

    def synthesise(self, asker: Asker | None, *, wanted: Synthesis, share: str, permit: PermitId | None) -> Synthesised:
        """A synthetic table under a permit."""
        with self._service.telling(asker, self._asked(wanted, share, permit)) as leave:
            return synthesised_of(self._service.node.learning.synthesise(wanted, share=share, leave=leave))

    def forecast(self, asker: Asker | None, *, wanted: Forecasting, share: str, permit: PermitId | None) -> ForecastMade:
        """A forecast under a permit, kept likewise."""
        with self._service.telling(asker, self._asked(wanted, share, permit)) as leave:
            made = self._service.node.learning.forecast(wanted, share=share, leave=leave, admit=self._admit)
        return forecast_of(made, id=self.keep(made))

    def _admit(self, permit: Permit) -> None:
        if permit.project:
            self._service.models.check_room(ProjectId(permit.project))

    def keep(self, made: Trained | Forecasted) -> str:
        """Its id among the models of the node; the one that it has where it was trained before."""
        spent = made.spent
        text, facts = self._of_model(made) if isinstance(made, Trained) else self._of_forecast(made)
        return self._service.models.add(
            NewModel(
                project=ProjectId(spent.project) if spent.project else None,
                permit=PermitId(spent.permit),
                dataset=spent.dataset,
                version=spent.version,
                custodian=made.custodian,
                model=text,
                facts=facts,
            )
        )

    def _of_model(self, trained: Trained) -> tuple[str, TrainingFacts]:
        """Its text and its facts."""
        model = trained.model
        facts = self._facts(
            trained.spent,
            trained.specification,
            learner=model.learner,
            task=model.task.value,
            target=model.target,
            features=tuple(dict.fromkeys(feature.name for feature in model.features)),
            measured=trained.metrics,
            audit=published_audit(model.learner, model.task),
        )
        return write_model(model), facts

    def _of_forecast(self, made: Forecasted) -> tuple[str, TrainingFacts]:
        """Likewise. It predicts a column from the past of that column, and from when it was."""
        forecast = made.forecast
        facts = self._facts(
            made.spent,
            made.specification,
            learner=FORECAST,
            task=FORECASTING,
            target=forecast.value,
            features=(forecast.value, forecast.time),
            measured=errors_of(forecast),
            audit=published_audit(FORECAST),
        )
        return write_forecast(forecast), facts

    def _facts(
        self,
        spent: Spent,
        specification: Specification | Forecasting,
        *,
        learner: str,
        task: str,
        target: str,
        features: tuple[str, ...],
        measured: tuple[Metric, ...],
        audit: Audit | None,
    ) -> TrainingFacts:
        settings = self._service.settings
        # The machine works no longer than until the release, whose time was public before it began: measured energy would tell of rows.
        energy_wh, grams = settings.machine_power_w * spent.seconds / 3600 or None, settings.grid_carbon_g_per_kwh
        return TrainingFacts(
            learner=learner,
            specification=canonical_bytes(_public(specification)).decode(),
            task=task,
            target=target,
            features=features,
            unit=spent.unit,
            rows_kept=spent.rows_per_unit,
            cost_nrho=spent.course_nrho,
            cost_delta=DeltaUnits(0),
            quality=tuple(metric for metric in measured if not metric.column),
            groups=tuple(metric for metric in measured if metric.column),
            trained_at=self._service.now(),
            entry=spent.entry,
            receipt=spent.digest,
            audit=audit,
            attacks=published_attacks(learner),
            energy_wh=energy_wh,
            carbon_g=None if energy_wh is None or not grams else energy_wh * grams / 1e3,
        )

    def file(self, asker: Asker | None, *, model: ModelId) -> str:
        """The model as it was kept, with the receipt of its training: for its team and those who judge it. Errors: as `Models.file`."""
        kept = self._service.models.file(asker, model=model)
        facts = self._service.models.model(asker, model=model).facts
        receipt = self._service.sign(facts.entry, kept.encode())
        if facts.task == FORECASTING:
            return write_forecast(read_forecast(kept), receipt=receipt)
        return write_model(read_model(kept), receipt=receipt)

    def _asked(self, wanted: Wanted, share: str, permit: PermitId | None) -> "Asked":
        from amana.node.service import Asked  # it is made of this module's use cases

        return Asked(sql=canonical_bytes(wanted).decode(), within="", share=share, permit=permit)


def _public(wanted: Specification | Forecasting) -> Specification | Forecasting:
    """Without the text of a query, to which the log only commits."""
    return replace(wanted, sql="SELECT …" if wanted.sql else "")


def errors_of(forecast: Forecast) -> tuple[Metric, ...]:
    """How far off it was at each horizon, each time beside the value one season ago: what does not beat that is worth nothing."""
    return tuple(
        Metric(name=name, value=error.value, low=error.low, high=error.high, steps=horizon.steps)
        for horizon in forecast.horizons
        for name, error in (("error", horizon.error), ("error_seasonal", horizon.error_seasonal))
    )
