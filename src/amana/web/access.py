"""What each route does, declared beside it: the check itself is in the use case, the declaration is what documents and tests it.

A house test walks all routes and fails where one declares nothing, so that nobody opens a door by forgetting.
"""

from typing import Final

from amana.policy.rights import Action

ACTIONS: Final = "x-amana-action"
OPEN: Final = "x-amana-open"
SIGNED_IN: Final = "x-amana-signed-in"
SPENDS: Final = "x-amana-spends"


def doing(*actions: Action, spends: bool = False) -> dict[str, object]:
    """For `openapi_extra`: the actions of `policy.rights` that this route performs; the use case behind it checks each.

    `spends`: an `Idempotency-Key` is required, and the route goes on with a request that a crash cut off (`web.once.since_of`).
    """
    assert actions, "a route that does nothing guarded says why: `open_because`"
    return {ACTIONS: [action.value for action in actions], **({SPENDS: True} if spends else {})}


def open_because(reason: str, *, signed_in: tuple[str, ...] = ()) -> dict[str, object]:
    """For `openapi_extra`: a route on which no rule of `policy.rights` stands, and why that is right.

    `signed_in`: by what whoever uses it has signed in all the same: `token`, `session`.
    """
    return {ACTIONS: [], OPEN: reason, **({SIGNED_IN: list(signed_in)} if signed_in else {})}
