"""An MCP server on loopback: the official library's, with three tools and scripted faults.

with McpServer(answer="…") as server:
    McpSource("terms-db", server.configured)
    ...
    server.calls
"""

import asyncio
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.types import ToolAnnotations
from starlette.types import Message, Receive, Scope, Send

from tests.vendors.faults import Fault
from translator.settings import ToolServer

KEY = "mcp-loopback-0123456789"
KEY_VARIABLE = "TERMS_KEY"


class McpServer:
    """The server, as long as it is entered, in a thread of its own: its library asks for a whole
    event loop, signals included."""

    def __init__(self, answer: str = "comité", *, key: str | None = None) -> None:
        """Every tool gives `answer`; `key` is the token that it asks for, None for no token."""
        self.answer = answer
        self.fault: Fault | None = None
        """What every request suffers from now on."""
        self.calls: list[tuple[str, str]] = []
        """(tool, argument)"""
        self.requests = 0
        self._key = key
        library = MCPServer("terms")
        for name, hints in (
            ("search_terms", ToolAnnotations(read_only_hint=True)),
            ("delete_terms", ToolAnnotations(read_only_hint=False)),
            ("search_notes", None),
        ):
            library.add_tool(
                self._tool(name), name, description=f"{name}, in\nall", annotations=hints
            )
        self._inner = library.streamable_http_app()
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        config = uvicorn.Config(self._app, log_config=None, interface="asgi3")
        config.timeout_graceful_shutdown = 0
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/mcp"

    def configured(self, *allow: str, **more: Any) -> ToolServer:
        """As engines.yaml has it."""
        return ToolServer(mcp=self.url, allow=allow or ("search_terms",), **more)

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            self._thread.join(0.01)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join(10)

    def _tool(self, name: str) -> Any:
        async def tool(query: str) -> str:
            self.calls.append((name, query))
            if query == "raise":
                raise ValueError("a secret of the server")
            return self.answer

        return tool

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        self.requests += 1
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        wrong = self._key is not None and headers.get("authorization") != f"Bearer {self._key}"
        match Fault.WRONG_KEY if wrong else self.fault:
            case Fault.HANG:
                with suppress(asyncio.CancelledError):
                    while (await receive())["type"] != "http.disconnect":
                        pass
            case Fault.WRONG_KEY:
                await _plain(send, 401, b"who are you?")
            case Fault.RATE_LIMITED:
                await _plain(send, 429, b"slower, please")
            case Fault.GARBAGE:
                await _plain(send, 200, b'{"what": "a secret of the server"}', b"application/json")
            case Fault.RESET:
                await send(_start(200, b"application/json", length=1000))
                await send({"type": "http.response.body", "body": b"{", "more_body": False})
            case _:
                await self._inner(scope, receive, send)


def _start(status: int, kind: bytes, *, length: int) -> Message:
    headers = [(b"content-type", kind), (b"content-length", str(length).encode())]
    return {"type": "http.response.start", "status": status, "headers": headers}


async def _plain(send: Send, status: int, body: bytes, kind: bytes = b"text/plain") -> None:
    await send(_start(status, kind, length=len(body)))
    await send({"type": "http.response.body", "body": body})
