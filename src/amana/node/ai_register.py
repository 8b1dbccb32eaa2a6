"""The register of AI systems of a node: the models that were registered, with the facts of this node beside what was said."""

from collections.abc import Iterable
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, final

from amana.catalog.schema import Dataset
from amana.client.model_file import read_model
from amana.client.model_shapes import Shape, shapes_of
from amana.node.models import PAGE_MAX, Shown
from amana.policy.people import Asker
from amana.privacy.loss import DELTA_ONE
from amana.register.ai_systems import AiSystem
from amana.register.promise import delta_shown
from amana.terms.ids import DeltaUnits, ModelId
from amana.terms.refusal import Refusal
from amana.terms.training_facts import FORECASTING

if TYPE_CHECKING:
    from amana.node.service import Service

LISTED_MAX = 5_000
"""Systems in one document."""
SHAPES_KEPT_MAX = 16
"""Models whose shapes are held: a model never changes, and to read one takes seconds that nobody signed in for."""


@final
class AiRegister:
    """The register as everybody reads it. Errors: as `Models`."""

    def __init__(self, service: "Service") -> None:
        self._service = service
        self._shapes, self._reading = lru_cache(maxsize=SHAPES_KEPT_MAX)(self._read), Lock()

    def systems(
        self, asker: Asker | None, *, state: str = "", dataset: str = "", skipped: int = 0, limit: int = PAGE_MAX
    ) -> tuple[AiSystem, ...]:
        """A page of them, the newest first. `state`, `dataset`: only those."""
        found = self._service.models.public(asker, state=state, dataset=dataset, skipped=skipped, limit=limit)
        return self._named(found)

    def every(self, asker: Asker | None, *, state: str = "") -> tuple[AiSystem, ...]:
        """All of them, up to LISTED_MAX. `state`: those in it."""
        found, skipped = list[AiSystem](), 0
        while len(found) < LISTED_MAX:
            more = self.systems(asker, state=state, skipped=skipped)
            skipped += PAGE_MAX
            found += more
            if len(more) < PAGE_MAX:
                break
        return tuple(found)

    def system(self, asker: Asker | None, *, model: ModelId) -> AiSystem:
        """One of them. Errors: Refusal node.not_found, also for one that is not in the register, whoever asks."""
        place = self._service.models.place(model)
        if not place.model.public:
            raise Refusal("node.not_found", thing="word.thing.model", name=model[:80])
        (found,) = self._named([self._service.models.model(asker, model=model)])
        return found

    def shapes(self, asker: Asker | None, *, model: ModelId) -> tuple[Shape, ...]:
        """What each column adds to the score of a registered model, the largest first: it is made of noisy sums, as the model is.
        Of a forecaster nothing is drawn.

        Errors: as `system`.
        """
        if self.system(asker, model=model).facts.task == FORECASTING:
            return ()
        with self._reading:  # one at a time: a whole model is in memory
            return self._shapes(model)

    def shown(self, found: Shown) -> AiSystem | None:
        """A model as it would stand in the register; None while nobody described it."""
        return next(iter(self._named([found])), None)

    def _read(self, model: ModelId) -> tuple[Shape, ...]:
        _, text = self._service.models.kept(model)
        return shapes_of(read_model(text))

    def _named(self, found: Iterable[Shown]) -> tuple[AiSystem, ...]:
        serving = {each.name: each for each in self._service.datasets()}
        return tuple(self._system(each, serving.get(each.record.dataset)) for each in found if each.card is not None)

    def _system(self, found: Shown, dataset: Dataset | None) -> AiSystem:
        record = found.record
        assert found.card is not None
        cap = found.facts.cost_delta if dataset is None else dataset.population.cap_delta
        return AiSystem(
            id=record.id,
            state=record.state.value,
            card=found.card,
            facts=found.facts,
            dataset=record.dataset,
            dataset_title=() if dataset is None else dataset.title,
            version=record.version,
            custodian=found.custodian,
            project=record.project or "",
            permit=record.permit,
            entries=self._service.entries_of(record.id),
            page=f"{self._service.settings.public_url}/en/ai/{record.id}",
            delta=delta_shown(DeltaUnits(min(cap, DELTA_ONE // 100))),
            changed_at=found.since,
            registered_at=found.registered_at,
            served_at=found.served_at,
            retired_at=found.retired_at,
        )
