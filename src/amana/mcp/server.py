"""The door for AI assistants: the Model Context Protocol on stdin and stdout, under a token that reads and asks within an allowance.

It reaches a node over HTTP as every client does: who may, the charge and the record of the use are the node's. The token is read once,
at the start; the assistant and its host never see it. When stdin closes, the process ends.
"""

import os
import secrets
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar, cast

import anyio
import anyio.from_thread
import anyio.lowlevel
import mcp_types as types
from anyio.lowlevel import EventLoopToken
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from amana.client.address import read_address
from amana.client.connect import Connection, connect
from amana.client.explain import clean, describe
from amana.client.facts import Assistant
from amana.client.jobs import JobState
from amana.client.text import Catalogue
from amana.client.tokens import ASSISTANT, find_token
from amana.mcp.shapes import Closed, Refused
from amana.mcp.tools import TOOLS, Visit
from amana.terms.refusal import Fault, Refusal

CALLS_MAX = 8
"""Calls that are worked on at once; the others wait."""
DESCRIBED: Mapping[str, str] = {
    "sql": "mcp.sql",
    "within": "cli.option.within",
    "share": "cli.option.share",
    "permit": "mcp.permit",
    "dataset": "mcp.name",
    "first_row": "mcp.first_row",
}
"""The messages that describe each argument."""
_Made = TypeVar("_Made")
Open = Callable[[], Connection]


def open_door(node: str, *, catalogue: Catalogue, version: str) -> Server[Any]:
    """A server for the assistant whose token is kept for that node.

    Errors: Refusal mcp.no_token, mcp.token_too_strong, and those of a client.
    """
    token = find_own_token(node, environment=os.environ)

    def opened() -> Connection:  # one for each call: a connection is not for several threads
        return connect(node, token, language=catalogue.language)

    with opened() as connection:
        allowed = connection.assistant()
    if allowed is None:
        raise Refusal("mcp.token_too_strong", node=str(read_address(node)))
    return build(opened, allowed=allowed, catalogue=catalogue, version=version)


def serve(server: Server[Any]) -> None:
    """Serve one assistant until its host closes stdin."""
    anyio.run(_serve, server)


def find_own_token(node: str, *, environment: Mapping[str, str]) -> str:
    """The token of the assistant, by AMANA_TOKEN or kept by `amana login`. Errors: Refusal mcp.no_token, and as of `find_token`."""
    address, who = read_address(node), environment.get("AMANA_AS") or ASSISTANT
    try:
        token = find_token(address, given=None, environment={**environment, "AMANA_AS": who})
    except Refusal as refusal:
        if refusal.code != "client.no_token_as":
            raise
        token = None
    if token is None:
        raise Refusal("mcp.no_token", node=str(address))
    return token


def build(opened: Open, *, allowed: Assistant, catalogue: Catalogue, version: str) -> Server[Any]:
    """The server of one assistant."""
    limit = anyio.CapacityLimiter(CALLS_MAX)
    listed = types.ListToolsResult(tools=tools_listed(catalogue))

    async def on_list(context: ServerRequestContext[Any], params: types.PaginatedRequestParams | None) -> types.ListToolsResult:  # noqa: ARG001 - the protocol's own
        return listed

    async def on_call(context: ServerRequestContext[Any], params: types.CallToolRequestParams) -> types.CallToolResult:
        loop = anyio.lowlevel.current_token()

        def follow(now: JobState) -> None:
            with suppress(Exception):  # a host that went away, or wants no news, stops no question
                anyio.from_thread.run(context.session.report_progress, now.progress, 1.0, now.stage or now.state, token=loop)

        def work() -> types.CallToolResult:
            return call(opened, params, allowed=allowed, catalogue=catalogue, follow=follow)

        return await in_thread(work, loop=loop, limit=limit)

    instructions = catalogue.say("mcp.instructions")
    return Server("amana", version=version, instructions=instructions, on_list_tools=on_list, on_call_tool=on_call)


def tools_listed(catalogue: Catalogue) -> list[types.Tool]:
    """The tools as an assistant reads of them: all words are ours, in the reader's language."""
    return [
        types.Tool(
            name=name,
            description=catalogue.say(f"mcp.tool.{name}"),
            input_schema=_described(tool.takes, catalogue),
            output_schema=tool.gives.model_json_schema(),
            annotations=types.ToolAnnotations(
                read_only_hint=not tool.spends, destructive_hint=False, idempotent_hint=True, open_world_hint=False
            ),
        )
        for name, tool in TOOLS.items()
    ]


def call(
    opened: Open, params: types.CallToolRequestParams, *, allowed: Assistant, catalogue: Catalogue, follow: Callable[[JobState], None]
) -> types.CallToolResult:
    """The result of one call; a refusal or a fault is one too, so that the assistant can mend what it asked."""
    given = params.arguments or {}
    tool = TOOLS.get(params.name)
    if tool is None:
        return _refused(Refusal("http.bad_request", field="name", wanted=", ".join(TOOLS)), asked="", catalogue=catalogue)
    try:
        with opened() as connection:
            visit = Visit(connection=connection, catalogue=catalogue, rows_max=allowed.rows_max, follow=follow)
            told, words = tool.do(visit, given)
    except Refusal as refusal:
        return _refused(refusal, asked=str(given.get("sql", "")), catalogue=catalogue)
    except Fault as fault:
        return _result(catalogue.say("cli.fault", id=fault.id), None, error=True)
    except Exception as error:  # noqa: BLE001 - the last place where an exception can be made opaque
        own = secrets.token_hex(8)
        print(f"fault {own}: {type(error).__name__}", file=sys.stderr, flush=True)
        return _result(catalogue.say("cli.fault", id=own), None, error=True)
    return _result(words, told, error=False)


async def in_thread(work: Callable[[], _Made], *, loop: EventLoopToken, limit: anyio.CapacityLimiter) -> _Made:
    """What the work gives, done on a thread that ends with the process: a long question keeps no process alive whose host is gone.

    A call that is given up keeps its place in the limit until its thread is done.
    """
    made: list[_Made] = []
    failed: list[BaseException] = []
    over = anyio.Event()
    await limit.acquire_on_behalf_of(work)

    def end() -> None:
        limit.release_on_behalf_of(work)
        over.set()

    def run() -> None:
        try:
            made.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            failed.append(error)
        with suppress(RuntimeError):  # the loop is over: nobody waits
            anyio.from_thread.run_sync(end, token=loop)

    threading.Thread(target=run, daemon=True).start()
    await over.wait()
    if failed:
        raise failed[0]
    return made[0]


async def _serve(server: Server[Any]) -> None:
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def _described(form: type[Closed], catalogue: Catalogue) -> dict[str, Any]:
    schema = form.model_json_schema()
    for name, field in cast("dict[str, dict[str, Any]]", schema["properties"]).items():
        field["description"] = catalogue.say(DESCRIBED[name])
    return schema


def _refused(refusal: Refusal, *, asked: str, catalogue: Catalogue) -> types.CallToolResult:
    where = refusal.where
    told = Refused(
        code=f"AMA-{refusal.number}",
        name=refusal.code,
        message=clean(catalogue.say(refusal.code, **refusal.parameters)),
        line=None if where is None else where.line,
        column=None if where is None else where.column,
    )
    return _result(describe(refusal, asked=asked, catalogue=catalogue), told, error=True)


def _result(words: str, told: Closed | None, *, error: bool) -> types.CallToolResult:
    structured = None if told is None else told.model_dump(mode="json")
    return types.CallToolResult(content=[types.TextContent(text=words)], structured_content=structured, is_error=error)
