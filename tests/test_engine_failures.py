"""What kind of failure it is that a plugin or a vendor tells in words of its own."""

import asyncio
import json

import aiohttp
import pytest
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from translator.engines.livekit.failure import failure
from translator.engines.livekit.plugin import leave
from translator.errors import HearError, Kind

pytestmark = pytest.mark.unit

CLOSED = "AssemblyAI connection closed unexpectedly"


def closed(code: int, reason: str) -> APIStatusError:
    return APIStatusError(CLOSED, status_code=code, body=f"msg.data={code} msg.extra='{reason}'")


def cancelled(code: str, details: str) -> APIConnectionError:
    return APIConnectionError(f"Azure STT canceled: {details} (CancellationErrorCode.{code})")


def caused(cause: Exception) -> APIConnectionError:
    error = APIConnectionError("Connection error.")
    error.__cause__ = cause
    return error


def unread() -> json.JSONDecodeError:
    return json.JSONDecodeError("Expecting value", "<html>", 0)


REMOTE = "Connection was closed by the remote host. Error code:"


@pytest.mark.parametrize(
    ("error", "kind", "retryable"),
    [
        (APIStatusError("", status_code=400), "refused", False),
        (APIStatusError("you said: no credit", status_code=404), "refused", False),
        (APIStatusError("", status_code=401), "wrong key", False),
        (APIStatusError("", status_code=402), "quota", False),
        (APIStatusError("Out of call volume quota", status_code=403), "quota", False),
        (APIStatusError("", status_code=429), "rate limited", True),
        (APIStatusError("", status_code=429, body={"code": "insufficient_quota"}), "quota", False),
        (APIStatusError("", status_code=500), "fault", True),
        (APIStatusError("", status_code=504), "silent", True),
        (APIStatusError("closed unexpectedly", status_code=1008), "refused", False),
        (closed(1006, ""), "broken off", True),
        (closed(1008, "Unauthorized Connection: Invalid API key"), "wrong key", False),
        (
            closed(1008, "Unauthorized Connection: Too many concurrent sessions"),
            "rate limited",
            True,
        ),
        (closed(1008, "Unauthorized Connection: Insufficient account balance"), "quota", False),
        (closed(3005, "Session Cancelled: An error occurred"), "fault", True),
        (closed(3006, "Invalid JSON"), "refused", False),
        (closed(3007, "Input Duration Violation: 20.0 ms"), "refused", False),
        (closed(3007, "Audio Transmission Rate Exceeded: 9 sec. in 1 sec."), "rate limited", True),
        (closed(3008, "Session Expired: Maximum session duration exceeded"), "broken off", True),
        (
            closed(3009, "Unauthorized Connection: Too many concurrent sessions"),
            "rate limited",
            True,
        ),
        (closed(4001, "Not Authorized"), "wrong key", False),
        (closed(4002, "Insufficient Funds"), "quota", False),
        (closed(4029, "Client sent audio too fast"), "rate limited", True),
        (APIStatusError(CLOSED, status_code=-1), "broken off", True),
        (cancelled("AuthenticationFailure", "WebSocket upgrade failed"), "wrong key", False),
        (cancelled("BadRequest", "WebSocket upgrade failed: Bad request (400)"), "refused", False),
        (cancelled("BadRequest", f"{REMOTE} 1007. Error details: Quota exceeded."), "quota", False),
        (cancelled("TooManyRequests", f"{REMOTE} 4429. throttled"), "rate limited", True),
        (cancelled("Forbidden", "ran out of quota"), "quota", False),
        (cancelled("ConnectionFailure", "(no connection to the remote host)"), "unreachable", True),
        (cancelled("ConnectionFailure", "Failure while sending a frame"), "broken off", True),
        (cancelled("ServiceTimeout", "Timeout"), "silent", True),
        (cancelled("ServiceError", "Internal service error (500)"), "fault", True),
        (caused(ConnectionRefusedError(111, "refused")), "unreachable", True),
        (caused(ConnectionResetError(104, "reset")), "broken off", True),
        (APIConnectionError("failed to connect to deepgram (OSError)"), "unreachable", True),
        (APIConnectionError("deepgram connection closed unexpectedly"), "broken off", True),
        (caused(unread()), "garbled", True),
        (APITimeoutError(), "silent", True),
        (TimeoutError(), "silent", True),
        (aiohttp.ServerDisconnectedError(), "broken off", True),
        (aiohttp.ClientPayloadError(), "broken off", True),
        (APIError("no audio frames were pushed for text: Good."), "empty", True),
        (APIError("anything else", retryable=False), "fault", False),
        (ValueError("anything else"), "fault", False),
    ],
)
def test_a_failure_is_of_a_kind(error: Exception, kind: Kind, retryable: bool) -> None:
    told = failure(error, "Scripted", HearError)
    assert (told.kind, told.retryable) == (kind, retryable)
    assert str(told).startswith("Scripted ")
    assert "said" not in str(told)


def test_a_handshake_that_is_refused_does_not_ask_the_address_that_holds_the_terms() -> None:
    url = "ws://127.0.0.1/v3/ws?keyterms_prompt=quota"
    info = aiohttp.RequestInfo(url, "GET", {}, url)  # type: ignore[arg-type]
    error = aiohttp.WSServerHandshakeError(info, (), status=401, message="Invalid response status")
    assert failure(error, "Scripted", HearError).kind == "wrong key"


class Polite:
    """Waits for an answer to its goodbye."""

    def __init__(self) -> None:
        self.closings = 0

    async def aclose(self) -> None:
        self.closings += 1
        if self.closings == 1:
            await asyncio.Event().wait()


async def test_a_stream_that_waits_at_its_end_is_left() -> None:
    stream, loop = Polite(), asyncio.get_running_loop()
    began = loop.time()
    await leave(stream, within=0.5)
    assert stream.closings == 2
    assert loop.time() - began == pytest.approx(0.5)
