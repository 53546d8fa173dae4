"""The end of a process: when it is asked for, and where LiveKit's native library has run."""

import asyncio
import atexit
import os
import signal
import sys
from typing import NoReturn


def interrupted() -> asyncio.Event:
    """Set by the next Ctrl-C or SIGTERM, which from now on ends nothing by itself."""
    event = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, event.set)
    return event


def leave(code: int) -> NoReturn:
    """End the process without the interpreter's own end.

    Threads of the library call back into Python as long as they live. One that does so while the
    interpreter is taken apart is killed, and that aborts the whole process (exit code -6). One that
    panics now sends SIGTERM, which ends nothing any more; Ctrl-C ends what takes too long.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
