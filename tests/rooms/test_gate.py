"""A few recordings through the real line, held to the gate: what falls below does not pass.

In both directions between English and Spanish, and from Portuguese; one of them is no read
sentence but a call. The limits are the gate's `subset`: they leave room for a machine that is
busy. `make eval` holds the whole manifest to the whole gate.
"""

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from tests.rooms.attendees import until
from tests.rooms.rooms import command, is_server
from tests.speech import FOLDER, speech

pytestmark = [pytest.mark.room, pytest.mark.alone, pytest.mark.timeout(300)]

SUBSET = ("fleurs_en_005", "call_es_T02", "fleurs_pt_007")


def evaluation(out: Path, *ids: str) -> tuple[str | Path, ...]:
    """The command's arguments."""
    for one in ids:
        speech(one)  # skips where there are no recordings
    only = ",".join(ids)
    return ("eval", FOLDER / "manifest.json", "--only", only, "--out", out, "--limits", "subset")


async def test_the_line_as_it_is_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with command(*evaluation(tmp_path, *SUBSET)) as one:
        code = await one.end(within=280.0)
    with capsys.disabled():
        sys.stdout.write("\n" + "".join(one.out))
    assert code == 0, one.errors
    assert "FAILED" not in "".join(one.out)
    assert (tmp_path / "index.html").exists()


async def test_an_interrupt_ends_it_and_leaves_nothing_running(tmp_path: Path) -> None:
    async with command(*evaluation(tmp_path, SUBSET[0])) as one:
        await one.until(f"{SUBSET[0]} …")
        group = os.getpgid(one.process.pid)
        for part in (*one.started(), psutil.Process(one.process.pid)):  # as a terminal does
            if os.getpgid(part.pid) == group:
                part.send_signal(signal.SIGINT)
        assert await one.end(within=60.0) == 130
        await until(lambda: not one.found(is_server))
    assert "Traceback" not in one.errors
