"""A test that waits for processes to end is not told so too early."""

import os

import pytest

from tests.processes import end_of

pytestmark = pytest.mark.unit


async def test_a_process_that_runs_on_has_no_end() -> None:
    with pytest.raises(TimeoutError):
        await end_of([os.getpid()])


async def test_processes_are_looked_at_again_however_they_are_given() -> None:
    with pytest.raises(TimeoutError):
        await end_of(pid for pid in [os.getpid()])
