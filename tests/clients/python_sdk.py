"""Looks at a server of Pocket's by the client of MCP's Python SDK, and fails where something is not as it should be.

python_sdk.py http URL       over HTTP; the key is in POCKET_KEY
python_sdk.py stdio POCKET   on pipes; POCKET is the binary, run in this folder
python_sdk.py sign-in URL    over HTTP: calls `slack_get_messages`, and prints the address that the user is to open

The first two want the tools `echo`, `exit_code`, `loop_forever` and `typed_report`.
"""

import os
import sys
from contextlib import asynccontextmanager

import anyio
import httpx
from mcp import ClientSession, McpError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import (
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    CancelledNotification,
    CancelledNotificationParams,
    ClientNotification,
    ClientRequest,
    ElicitRequestURLParams,
    ElicitResult,
)

PATIENCE = 60
TOOLS = ["echo", "exit_code", "loop_forever", "typed_report"]


@asynccontextmanager
async def over_http(url, **callbacks):
    headers = {"Authorization": f"Bearer {os.environ['POCKET_KEY']}"}
    async with httpx.AsyncClient(headers=headers, timeout=PATIENCE, trust_env=False) as client:
        async with streamable_http_client(url, http_client=client) as (read, write, _session):
            async with ClientSession(read, write, **callbacks) as session:
                yield session


@asynccontextmanager
async def on_pipes(pocket, **callbacks):
    server = StdioServerParameters(command=pocket, args=["serve", "--stdio"], env=dict(os.environ))
    async with stdio_client(server) as (read, write):
        async with ClientSession(read, write, **callbacks) as session:
            yield session


def is_so(holds, what):
    if not holds:
        raise AssertionError(what)


async def lists_and_calls(session):
    begun = await session.initialize()
    is_so(begun.serverInfo.name == "pocket", begun)
    tools = [tool.name for tool in (await session.list_tools()).tools]
    is_so(sorted(tools) == TOOLS, tools)
    called = await session.call_tool("echo", {"text": "hello"})
    is_so(not called.isError and called.structuredContent == {"text": "hello"}, called)


async def is_told_what_went_wrong(session):
    failed = await session.call_tool("exit_code", {})
    is_so(failed.isError and failed.content[0].text.startswith("[tool_failed] "), failed)
    is_so(failed.structuredContent["error"]["code"] == "tool_failed", failed)
    try:
        unknown = await session.call_tool("no_such_tool", {})
    except McpError as refused:
        is_so(refused.error.message, refused)
    else:
        raise AssertionError(unknown)


async def is_told_of_progress(session):
    seen, last = [], anyio.Event()

    async def progress(done, total, message):
        seen.append(done)
        if done == 2:
            last.set()

    called = await session.call_tool("typed_report", {}, progress_callback=progress)
    is_so(not called.isError, called)
    # A notice may be handed on after the result.
    with anyio.fail_after(PATIENCE):
        await last.wait()
    is_so(seen == sorted(seen), seen)


async def cancels(session, running):
    """Cancels a call that computes for ever. `running` tells how many calls run, where anybody can be asked."""
    # The SDK numbers its requests one by one, and has no call that cancels one.
    number = session._request_id

    async def call():
        request = CallToolRequest(params=CallToolRequestParams(name="loop_forever", arguments={}))
        try:
            await session.send_request(ClientRequest(request), CallToolResult)
        except McpError:
            # Nobody waits for its answer, and a server need not give one.
            pass

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        await until(running, 1)
        cancelled = CancelledNotificationParams(requestId=number, reason="the user thought better of it")
        await session.send_notification(ClientNotification(CancelledNotification(params=cancelled)))
        await until(running, 0)
        tasks.cancel_scope.cancel()
    called = await session.call_tool("echo", {"text": "again"})
    is_so(called.structuredContent == {"text": "again"}, called)


async def until(running, count):
    with anyio.fail_after(PATIENCE):
        while await running() != count:
            await anyio.sleep(0.02)


async def over_http_all(url):
    async with over_http(url) as session:
        headers = {"Authorization": f"Bearer {os.environ['POCKET_KEY']}"}
        async with httpx.AsyncClient(headers=headers, trust_env=False) as client:

            async def running():
                calls = (await client.get(url.replace("/mcp", "/api/calls"))).json()["calls"]
                return sum(call["state"] == "running" for call in calls)

            await all_of_it(session, running)


async def on_pipes_all(pocket):
    async with on_pipes(pocket) as session:
        await all_of_it(session, busy_children)


async def busy_children():
    """How many of the threads of our children compute: a guest that computes for ever is one."""
    busy, me = 0, os.getpid()
    before = await anyio.to_thread.run_sync(times_of_children, me)
    await anyio.sleep(0.5)
    after = await anyio.to_thread.run_sync(times_of_children, me)
    for thread, time in after.items():
        # In ticks, of which a second has 100: more than a fifth of the half second.
        busy += time - before.get(thread, time) > 10
    return min(busy, 1)


def times_of_children(parent):
    times = {}
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            if int(stat(f"/proc/{process}/stat")[1]) != parent:
                continue
            for thread in os.listdir(f"/proc/{process}/task"):
                fields = stat(f"/proc/{process}/task/{thread}/stat")
                times[thread] = int(fields[11]) + int(fields[12])
        except (FileNotFoundError, ProcessLookupError):
            # It ended meanwhile.
            continue
    return times


def stat(path):
    """The fields after the name, which may have anything in it."""
    with open(path) as file:
        return file.read().rpartition(")")[2].split()


async def all_of_it(session, running):
    await lists_and_calls(session)
    await is_told_what_went_wrong(session)
    await is_told_of_progress(session)
    await cancels(session, running)


async def signs_in(url):
    async def asked(_request, params):
        is_so(isinstance(params, ElicitRequestURLParams), params)
        print(f"open {params.url}", flush=True)
        return ElicitResult(action="accept")

    async with over_http(url, elicitation_callback=asked) as session:
        await session.initialize()
        called = await session.call_tool("slack_get_messages", {"channel": "C123", "limit": 2})
        is_so(not called.isError, called)


def main():
    way, where = sys.argv[1:]
    anyio.run({"http": over_http_all, "stdio": on_pipes_all, "sign-in": signs_in}[way], where)
    print("all is well", flush=True)


main()
