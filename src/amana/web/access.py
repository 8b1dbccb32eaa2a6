"""What each route does, declared beside it: the check itself is in the use case, the declaration is what documents and tests it.

A house test walks all routes and fails where one declares nothing, so that nobody opens a door by forgetting.
"""

from typing import Final

from amana.policy.rights import Action

ACTIONS: Final = "x-amana-action"
OPEN: Final = "x-amana-open"


def doing(*actions: Action) -> dict[str, object]:
    """For `openapi_extra`: the actions of `policy.rights` that this route performs; the use case behind it checks each."""
    assert actions, "a route that does nothing guarded says why: `open_because`"
    return {ACTIONS: [action.value for action in actions]}


def open_because(reason: str) -> dict[str, object]:
    """For `openapi_extra`: a route on which no rule of `policy.rights` stands, and why that is right."""
    return {ACTIONS: [], OPEN: reason}
