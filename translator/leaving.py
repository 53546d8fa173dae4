"""The end of a process in which LiveKit's native library has run."""

import atexit
import os
import sys
from typing import NoReturn


def leave(code: int) -> NoReturn:
    """End the process without the interpreter's own end.

    Threads of the library call back into Python as long as they live. One that does so while the
    interpreter is taken apart is killed, and that aborts the whole process (exit code -6).
    """
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
