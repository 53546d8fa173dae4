"""A plugin's failure as one of ours: of which kind, and whether the call may be made again."""

import errno
import json
import re
import socket
from collections.abc import Iterator, Mapping

import aiohttp
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from translator.engines.kinds import kind_of, told
from translator.errors import Kind, StageError

_BRACKETS = re.compile(r"\[(\w+)\]$")
_CANCELLED = re.compile(r"CancellationErrorCode\.\w+")
_UPGRADE = re.compile(r"no connection to the remote host")

_QUOTA = re.compile(r"quota|insufficient|balance|billing|credit", re.IGNORECASE)
_RATE = re.compile(r"too many|concurren|throttl|rate.?(limit|exceed)", re.IGNORECASE)
_CONNECT = re.compile(r"(failed to|could not) connect", re.IGNORECASE)
_NOWHERE = frozenset({errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH})


def failure(error: Exception, engine: str, failed: type[StageError]) -> StageError:
    """`error` of the plugin of `engine` as one of `failed`: of which kind, and whether to try again
    at once."""
    kind: Kind
    match error:
        case APIStatusError(status_code=1008, body=None):
            # As ElevenLabs closes for all it refuses, an account that is used up among it.
            kind, detail = "refused", ", and the account (status 1008)"
        case APIStatusError(status_code=status) if status > 0:
            kind, detail = _by_status(status, str(error)), f" (status {status})"
        case aiohttp.ClientResponseError(status=status):
            kind, detail = _by_status(status, error.message), f" (status {status})"
        case _:
            kind = _by_cause(error)
            # Of what nobody foresaw, its name is all there is for who looks into it.
            detail = f" ({type(error.__cause__ or error).__name__})" if kind == "fault" else ""
    return failed(told(engine, kind) + detail, retryable=_again(error, kind), kind=kind)


def _again(error: Exception, kind: Kind) -> bool:
    if kind in ("wrong key", "quota", "refused"):
        return False
    if isinstance(error, APIError):
        return error.retryable
    return kind in ("unreachable", "broken off", "silent", "rate limited")


def _by_status(status: int, words: str) -> Kind:
    known = kind_of(status)
    if known is not None:
        return _asked(known, words)
    if status >= 1000:
        return "broken off"
    return "refused" if 400 <= status < 500 else "fault"


def _asked(kind: Kind, words: str) -> Kind:
    """What vendors tell by one and the same status; their words say which it is."""
    if kind not in ("wrong key", "rate limited", "refused"):
        return kind
    if _QUOTA.search(words):
        return "quota"
    return "rate limited" if _RATE.search(words) else kind


def _by_cause(error: Exception) -> Kind:
    cancelled = _CANCELLED.search(str(error))
    if cancelled is not None:
        return _by_azure(cancelled.group(), str(error))
    causes = list(_causes(error))
    known = next((kind for cause in causes if (kind := _by_code(cause))), None)
    if known is not None:
        return known
    if any(_nowhere(cause) for cause in causes):
        return "unreachable"
    if any(isinstance(cause, TimeoutError | APITimeoutError) for cause in causes):
        return "silent"
    if any(isinstance(cause, json.JSONDecodeError | UnicodeError) for cause in causes):
        return "garbled"
    if isinstance(error, APIConnectionError) and len(causes) == 1 and _CONNECT.search(str(error)):
        return "unreachable"  # Deepgram's plugin keeps why to itself: it might show the key
    if isinstance(error, APIConnectionError | APIStatusError | aiohttp.ClientError | OSError):
        return "broken off"
    if isinstance(error, APIError) and "no audio" in error.message:
        return "empty"
    return "fault"


def _by_azure(code: str, words: str) -> Kind:
    """Azure's native library tells everything by a code and a text."""
    if code == "CancellationErrorCode.ConnectionFailure":
        return "unreachable" if _UPGRADE.search(words) else "broken off"
    return _asked(kind_of(code) or "fault", words)


def _by_code(error: BaseException) -> Kind | None:
    """By what a vendor calls its error, where a plugin keeps it."""
    if not isinstance(error, APIError):
        return None
    if isinstance(error.body, Mapping):
        return kind_of(str(error.body.get("code")))
    found = _BRACKETS.search(error.message)
    return kind_of(error.message if found is None else found.group(1))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and what it came from."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        yield cause
        seen.append(cause)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def _nowhere(cause: BaseException) -> bool:
    """Whether no connection was made at all."""
    if isinstance(cause, aiohttp.ClientConnectorError | socket.gaierror):
        return True
    known = isinstance(cause, OSError) and cause.errno in _NOWHERE
    return known or type(cause).__name__ == "ConnectError"  # of whichever httpx a plugin has
