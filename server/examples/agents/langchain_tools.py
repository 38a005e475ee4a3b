"""The tools of a `pocket serve` as LangChain's, and a call of one without a model.

POCKET_KEY=... langchain_tools.py http://127.0.0.1:8975/mcp echo '{"text": "hello"}'
"""

import asyncio
import json
import os
import sys

from langchain_mcp_adapters.client import MultiServerMCPClient


async def main(url, name, arguments):
    client = MultiServerMCPClient(
        {
            "pocket": {
                "transport": "streamable_http",
                "url": url,
                "headers": {"Authorization": f"Bearer {os.environ['POCKET_KEY']}"},
            }
        }
    )
    tools = {tool.name: tool for tool in await client.get_tools()}
    print("tools:", ", ".join(sorted(tools)))
    # What an agent does with what the model asked; `create_agent(model, list(tools.values()))` gives them to one.
    call = {"type": "tool_call", "id": "1", "name": name, "args": json.loads(arguments)}
    message = await tools[name].ainvoke(call)
    print("gave:", message.text if isinstance(message.text, str) else message.text())


asyncio.run(main(*sys.argv[1:]))
