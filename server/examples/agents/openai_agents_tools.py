"""The tools of a `pocket serve` as those of OpenAI's Agents SDK, and a call of one without a model.

POCKET_KEY=... openai_agents_tools.py http://127.0.0.1:8975/mcp echo '{"text": "hello"}'
"""

import asyncio
import json
import os
import sys

from agents import Agent, RunContextWrapper
from agents.mcp import MCPServerStreamableHttp
from agents.tool_context import ToolContext


async def main(url, name, arguments):
    headers = {"Authorization": f"Bearer {os.environ['POCKET_KEY']}"}
    # A first call compiles the tool, which may take longer than the five seconds that a session waits by itself.
    server = MCPServerStreamableHttp(
        params={"url": url, "headers": headers}, name="pocket", client_session_timeout_seconds=60
    )
    async with server:
        agent = Agent(name="one", instructions="Use the tools.", mcp_servers=[server])
        tools = {tool.name: tool for tool in await agent.get_mcp_tools(RunContextWrapper(context=None))}
        print("tools:", ", ".join(sorted(tools)))
        # What `Runner.run(agent, ...)` does with what the model asked.
        asked = ToolContext(context=None, tool_name=name, tool_call_id="1", tool_arguments=arguments)
        given = await tools[name].on_invoke_tool(asked, arguments)
        print("gave:", given["text"] if isinstance(given, dict) else json.dumps(given))


asyncio.run(main(*sys.argv[1:]))
