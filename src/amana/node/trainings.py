"""Models and synthetic tables as people ask for them: under a permit, as any question. A model is kept, to be described and registered."""

from dataclasses import replace
from typing import TYPE_CHECKING, final

from amana.client.forecasted import ForecastMade
from amana.client.model_file import read_model, write_model
from amana.client.trained import Foreseen, Synthesised, TrainedModel
from amana.learn.attacks import published_attacks
from amana.learn.audit import published_audit
from amana.node.learning import Trained, Wanted
from amana.node.models import NewModel
from amana.node.trained import forecast_of, foreseen_of, synthesised_of, trained_of
from amana.policy.people import Asker
from amana.policy.permit import Permit
from amana.policy.rights import Action, check
from amana.policy.things import Node as Place
from amana.terms.canonical import canonical_bytes
from amana.terms.ids import DeltaUnits, ModelId, PermitId, ProjectId
from amana.terms.training import Forecasting, Specification, Synthesis
from amana.terms.training_facts import TrainingFacts

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
        """A forecast under a permit."""
        with self._service.telling(asker, self._asked(wanted, share, permit)) as leave:
            return forecast_of(self._service.node.learning.forecast(wanted, share=share, leave=leave))

    def _admit(self, permit: Permit) -> None:
        if permit.project:
            self._service.models.check_room(ProjectId(permit.project))

    def keep(self, trained: Trained) -> str:
        """Its id among the models of the node; the one that it has where it was trained before."""
        spent = trained.spent
        return self._service.models.add(
            NewModel(
                project=ProjectId(spent.project) if spent.project else None,
                permit=PermitId(spent.permit),
                dataset=spent.dataset,
                version=spent.version,
                custodian=trained.custodian,
                model=write_model(trained.model),
                facts=self._facts(trained),
            )
        )

    def _facts(self, trained: Trained) -> TrainingFacts:
        spent, model, settings = trained.spent, trained.model, self._service.settings
        # The machine works no longer than until the release, whose time was public before it began: measured energy would tell of rows.
        energy_wh, grams = settings.machine_power_w * spent.seconds / 3600 or None, settings.grid_carbon_g_per_kwh
        return TrainingFacts(
            learner=model.learner,
            specification=canonical_bytes(_public(trained.specification)).decode(),
            task=model.task.value,
            target=model.target,
            features=tuple(dict.fromkeys(feature.name for feature in model.features)),
            unit=spent.unit,
            rows_kept=spent.rows_per_unit,
            cost_nrho=spent.course_nrho,
            cost_delta=DeltaUnits(0),
            quality=tuple(metric for metric in trained.metrics if not metric.column),
            groups=tuple(metric for metric in trained.metrics if metric.column),
            trained_at=self._service.now(),
            entry=spent.entry,
            receipt=spent.digest,
            audit=published_audit(model.learner, model.task),
            attacks=published_attacks(model.learner),
            energy_wh=energy_wh,
            carbon_g=None if energy_wh is None or not grams else energy_wh * grams / 1e3,
        )

    def file(self, asker: Asker | None, *, model: ModelId) -> str:
        """The model as it was kept, with the receipt of its training: for its team and those who judge it. Errors: as `Models.file`."""
        kept = self._service.models.file(asker, model=model)
        entry = self._service.models.model(asker, model=model).facts.entry
        return write_model(read_model(kept), receipt=self._service.sign(entry, kept.encode()))

    def _asked(self, wanted: Wanted, share: str, permit: PermitId | None) -> "Asked":
        from amana.node.service import Asked  # it is made of this module's use cases

        return Asked(sql=canonical_bytes(wanted).decode(), within="", share=share, permit=permit)


def _public(wanted: Specification) -> Specification:
    """Without the text of a query, to which the log only commits."""
    return replace(wanted, sql="SELECT …" if wanted.sql else "")
