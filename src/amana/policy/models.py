"""Models as the node records them: which data each learned from, where it stands, and who described and assessed it."""

from dataclasses import dataclass, replace
from typing import final

from amana.policy.transitions import MODEL, ModelEvent, ModelState, move
from amana.terms.ids import ModelId, OrganisationId, PermitId, PersonId, ProjectId


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecord:
    """A model of one project from one version of one dataset. `project`: None where the custodian trained it on the node's own machine.

    `custodian`: the organisation that answers for the dataset. `described_by`: whose words stand on its card now, None before anybody
    wrote any; `assessed_by`: who judged model and words last. `public`: whether it stands in the register.
    """

    id: ModelId
    project: ProjectId | None
    permit: PermitId
    dataset: str
    version: str
    custodian: OrganisationId
    state: ModelState
    described_by: PersonId | None = None
    assessed_by: PersonId | None = None
    public: bool = False

    def __post_init__(self) -> None:
        assert self.described_by is None or self.described_by != self.assessed_by, "author and checker are never the same"


def model_after(model: ModelRecord, *, event: ModelEvent, actor: PersonId) -> ModelRecord:
    """The model after an event. It is public from its registration on, also when it is retired; not while its words are changed.

    Errors: Refusal lifecycle.not_possible.
    """
    state = move(MODEL, model.state, event=event)
    match event:
        case ModelEvent.DESCRIBE:
            return replace(model, state=state, described_by=actor, assessed_by=None)
        case ModelEvent.ASSESS:
            return replace(model, state=state, assessed_by=actor)
        case ModelEvent.REVISE:
            return replace(model, state=state, assessed_by=None, public=False)
        case ModelEvent.REGISTER:
            return replace(model, state=state, public=True)
        case _:
            return replace(model, state=state)
