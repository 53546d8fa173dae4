"""No key reaches a log, whatever a library writes there or an error of its quotes.

Libraries log the headers of their requests at DEBUG, and vendors quote keys that they refuse. So
what is logged is looked through for the values of the variables that hold secrets.
"""

import logging
import os
import re
import sys
import threading
import traceback
from collections.abc import Iterable
from types import TracebackType

SHORTEST = 8
"""Characters of a secret: a shorter one would be found in words."""
PLACEHOLDER = "(secret)"

_names = {"LIVEKIT_API_SECRET", "LIVEKIT_INFERENCE_API_SECRET"}
_BEARER = re.compile(r"(bearer\s+)[\w.~+/=-]{8,}", re.IGNORECASE)


def keep_secret(names: Iterable[str | None]) -> None:
    """From now on also the values of these environment variables."""
    _names.update(name for name in names if name is not None)


def redacted(text: str) -> str:
    """`text` without secrets."""
    values = (os.environ.get(name, "") for name in _names)
    for value in sorted(filter(_long, values), key=len, reverse=True):
        text = text.replace(value, PLACEHOLDER)
    return _BEARER.sub(rf"\1{PLACEHOLDER}", text)


def install() -> None:
    """Redact all that this process logs from now on, and what it says of an error that ends it."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(one, _Redacting) for one in handler.filters):
            handler.addFilter(_Redacting())
    sys.excepthook = _say
    threading.excepthook = lambda given: _say(
        given.exc_type, given.exc_value or given.exc_type(), given.exc_traceback
    )


class _Redacting(logging.Filter):
    """Of a handler, so that it sees what every logger gives."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redacted(_message(record)), None
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = record.exc_text or logging.Formatter().formatException(
                record.exc_info
            )
            record.exc_info = None
        for name, value in list(vars(record).items()):
            if isinstance(value, str):
                setattr(record, name, redacted(value))
        return True


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # a library's arguments that do not fit: logging itself lets nobody suffer
        return f"{record.msg} {record.args}"


def _say(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    lines = traceback.format_exception(kind, error, trace)
    sys.stderr.write(redacted("".join(lines)))


def _long(value: str) -> bool:
    return len(value) >= SHORTEST
