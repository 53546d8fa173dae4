"""The end of a process."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.unit

PANICS = """
import atexit, os, signal
from translator.leaving import leave
signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
atexit.register(lambda: os.kill(os.getpid(), signal.SIGTERM))
leave(3)
"""


def test_a_library_that_panics_at_the_end_changes_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", PANICS], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (3, b"")
