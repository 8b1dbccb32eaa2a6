"""Consultations in every state, for the matrix of roles and routes."""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from amana.node.plan_comments import Said
from amana.policy.things import CommitmentOf, Node, Thing
from tests.doors.matrix_world import Sent, World
from tests.programme import plan_text


def begun(world: World) -> Sent:
    """A plan file that nobody has opened for comments."""
    until = (world.service.now() + timedelta(days=30)).date().isoformat()
    return Sent(body={"content": plan_file(), "until": until}, thing=Node())


def consulted(world: World, *, over: bool = False) -> Sent:
    """A plan that is open for comments; `over`: until yesterday."""
    until = (world.service.now() + timedelta(days=30)).date()
    opened = world.service.consultations.open(world.known("decider"), content=plan_file().encode(), until=until)
    if over:
        with world.service.database.transaction() as run:
            run.change("UPDATE consultation SET until = '2020-01-01' WHERE plan = :plan", {"plan": opened.plan})
    return Sent(path={"plan": opened.plan, "version": "1", "name": opened.name}, id=opened.name, thing=Node())


def commented(world: World, *, published: bool = False, body: Mapping[str, Any] | None = None) -> Sent:
    """A comment of somebody else, confirmed."""
    plan = consulted(world).path["plan"]
    said = Said(plan=plan, version=1, statement="open-data", language="en", words="More of it.")
    made = world.service.consultations.comments.write(world.known("outsider"), said=said)
    thing: Thing = Node()
    if published:
        world.service.consultations.comments.moderate(world.known("deputy"), comment=made, decision="published")
        owner = world.service.people.person(world.ids["member"]).organisation
        thing = CommitmentOf(plan=plan, commitment="open-data", owner=owner)
    return Sent(path={"comment": made}, body=body, id=made, thing=thing)


def plan_file() -> str:
    return plan_text().replace('plan = "small"', f'plan = "p{secrets.token_hex(6)}"')
