"""Look-ups in an MCP server, over streamable HTTP.

A tool is called only where the operator's list has it *and* it only reads, by the server's own
word (`readOnlyHint`) or by the operator's. Each question opens a session of its own: there is
none to go stale between two summaries, half a minute apart, and what a server breaks ends with
the question.
"""

import json
import logging
import ssl
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from translator.engines.kinds import WORDS, kind_of
from translator.errors import Kind, SettingsError
from translator.lookups import DEADLINE, LookUpError, Tool
from translator.settings import ToolServer
from translator.settings.keys import key_in

if TYPE_CHECKING:
    import mcp

LONGEST_DESCRIPTION = 500
"""Characters; the rest is cut off."""
LONGEST_PARAMETERS = 4000
"""Characters of a JSON Schema; a tool with a longer one is left out."""


class McpSource:
    """Asks the tools of one server that may be asked."""

    def __init__(self, name: str, server: ToolServer) -> None:
        """Raises SettingsError where it cannot be asked: no key, or no `mcp` installed."""
        self._server = server
        self._headers = _headers(name, server)
        self._certificates = ssl.create_default_context()  # reads files: not for an event loop
        _quieten()
        try:
            import mcp  # noqa: F401  takes half a second: who looks nothing up goes without
        except ImportError:
            raise SettingsError(
                f"tool {name!r}: the package mcp is missing; run: pip install 'mcp>=2.3'"
            ) from None

    async def tools(self) -> Sequence[Tool]:
        """See translator.lookups.Source."""
        async with self._session() as session:
            allowed = await self._allowed(session)
        return [
            Tool(
                name=one.name,
                description=" ".join((one.description or one.name).split())[:LONGEST_DESCRIPTION],
                parameters=one.input_schema,
            )
            for one in allowed
            if len(json.dumps(one.input_schema)) <= LONGEST_PARAMETERS
        ]

    async def look_up(self, tool: str, arguments: Mapping[str, Any]) -> str:
        """See translator.lookups.Source."""
        async with self._session() as session:
            # The library asks for the list anyway; a tool that writes now is not called.
            if tool not in [one.name for one in await self._allowed(session)]:
                raise _failed("refused")
            result = await session.call_tool(tool, dict(arguments))
        if result.is_error:
            raise _failed("refused")
        texts = [part.text for part in result.content if part.type == "text"]
        if not texts and result.structured_content is not None:
            return json.dumps(result.structured_content, ensure_ascii=False)
        return "\n".join(texts)

    async def _allowed(self, session: "mcp.Client") -> "list[mcp.types.Tool]":
        """The tools that may be called now."""
        page = await session.list_tools()
        listed = list(page.tools)
        while page.next_cursor:  # for as long as the caller waits
            page = await session.list_tools(cursor=page.next_cursor)
            listed += page.tools
        return [one for one in listed if self._may_call(one)]

    def _may_call(self, tool: "mcp.types.Tool") -> bool:
        hint = None if tool.annotations is None else tool.annotations.read_only_hint
        reads = self._server.read_only if hint is None else hint
        return tool.name in self._server.allow and reads

    @asynccontextmanager
    async def _session(self) -> "AsyncGenerator[mcp.Client, None]":
        """For one question; what goes wrong raises LookUpError."""
        import httpx2
        from mcp import Client
        from mcp.client.streamable_http import streamable_http_client

        statuses: list[int] = []  # the library tells nobody

        async def note(response: httpx2.Response) -> None:
            statuses.append(response.status_code)

        http = httpx2.AsyncClient(
            headers=self._headers,
            timeout=DEADLINE,
            verify=self._certificates,
            event_hooks={"response": [note]},
        )
        try:
            async with (
                http,
                Client(streamable_http_client(self._server.mcp, http_client=http)) as client,
            ):
                yield client
        except Exception as error:
            raise _failed(_kind(error, statuses)) from None


def _failed(kind: Kind) -> LookUpError:
    return LookUpError(f"it {WORDS[kind]}", kind=kind)


def _headers(name: str, server: ToolServer) -> Mapping[str, str]:
    if server.key is None:
        return {}
    try:
        return {"Authorization": f"Bearer {key_in(server.key)}"}
    except ValueError as error:
        raise SettingsError(f"tool {name!r}: {error}") from None


def _quieten() -> None:
    """The library logs what servers answer, at any level; what fails we say ourselves."""
    for name in ("mcp", "client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _kind(error: Exception, statuses: Sequence[int]) -> Kind:
    """`statuses` are those of all that the server answered."""
    import httpx2
    from mcp import MCPError
    from mcp_types import INVALID_PARAMS

    last = statuses[-1] if statuses else 0
    for cause in _causes(error):
        match cause:
            case LookUpError(kind=kind):
                return kind
            case httpx2.ConnectError():
                return "unreachable"
            case TimeoutError() | httpx2.TimeoutException():
                return "silent"
            case httpx2.TransportError():
                return "broken off"
            case MCPError(code=code) if code == INVALID_PARAMS:
                return "refused"
            case MCPError() | ValidationError() if last < 400:
                return "garbled"
    return kind_of(last) or "fault"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error`, or what is in it where it is a group."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _causes(one)
    else:
        yield error
