"""One person who talks on and on, into five languages: `python -m bench.endurance --minutes 15`.

Recordings of one language are joined, the longest first and again from the beginning until the
time is full; silences, between them too, are shortened to PAUSE: nobody gets a rest. What is
printed is what the listeners heard and read.
"""

import argparse
import asyncio
import json
import logging
import tempfile
from collections.abc import Iterator, Mapping
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.speech import manifest
from translator.rehearsal.order import Order, Talk
from translator.rehearsal.recording import SAMPLE_RATE, Recording, Samples, read, stretches
from translator.rehearsal.run import interpret

PAUSE = 0.5
"""Seconds of the longest silence."""
LANGUAGES = "es,fr,pt,it,ca"


def joined(language: str, seconds: float) -> Recording:
    """So much talk in one language."""
    pause = np.zeros(round(PAUSE * SAMPLE_RATE), np.int16)
    parts: list[Samples] = []
    left = round(seconds * SAMPLE_RATE)
    for talk in cycle(list(_talks(language))):
        for part in (talk, pause):
            parts.append(part[:left])
            left -= len(parts[-1])
        if left <= 0:
            return Recording(samples=np.concatenate(parts))
    raise ValueError(f"no recording is in {language}")


def _talks(language: str) -> Iterator[Samples]:
    """Recordings of one speaker, the longest first, without their long silences."""
    found = [one for one in manifest().values() if one.language == language]
    for one in sorted(found, key=lambda one: -one.seconds):
        if one.id.startswith(("phone_", "turn_", "switch_")):
            continue  # two people, or two languages
        recording = read(one.path)
        yield recording.samples[_kept(recording)]


def _kept(recording: Recording) -> npt.NDArray[np.bool_]:
    """Which samples stay: all but what a silence has beyond PAUSE."""
    keep = np.zeros(len(recording.samples), np.bool_)
    for start, end in stretches(recording):
        first = round((start - PAUSE / 2) * SAMPLE_RATE)
        keep[max(first, 0) : round((end + PAUSE / 2) * SAMPLE_RATE)] = True
    return keep


def lost(out: Path, language: str) -> int:
    """How many segments that readers of the source saw have no final caption in `language`."""
    captions = [json.loads(line) for line in (out / "captions.jsonl").read_text().splitlines()]
    final = [one for one in captions if one["kind"] == "segment" and one["final"]]
    said = {one["segment_id"] for one in final if one["origin"] == "source"}
    return len(said - {one["segment_id"] for one in final if one["language"] == language})


def lines(report: Mapping[str, Any], out: Path) -> Iterator[str]:
    """A table, and what it cost."""
    columns = (
        *("evs_p50", "evs_p90", "evs_p99", "lag_slope", "lag_slope_high", "end_lag"),
        *("backlog_max", "pace_max", "coverage", "segments", "skipped", "terse"),
    )
    yield "      " + " ".join(f"{name:>14}" for name in (*columns, "captions lost"))
    for code, one in report["languages"].items():
        values = [*(one.get(name) for name in columns), lost(out, code)]
        yield f"{code:6}" + " ".join(
            f"{value if value is not None else '-':>14}" for value in values
        )
    yield f"cores {report['cores']}, megabytes {report['memory_mb']}"
    yield f"failures {len(report['failures'])}, guarded {len(report['guarded'])}"


def main() -> None:
    """Talk, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.endurance", description=__doc__)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--language", default="en")
    parser.add_argument("--to", default=LANGUAGES)
    parser.add_argument("--out", type=Path, help="keep what listeners heard and read here")
    given = parser.parse_args()
    logging.getLogger("livekit").setLevel(logging.CRITICAL)
    recording = joined(given.language, given.minutes * 60)
    with tempfile.TemporaryDirectory() as folder:
        out = given.out or Path(folder)
        out.mkdir(parents=True, exist_ok=True)
        talk = Talk(name="Ana", path=Path("joined"), start=0.0, recording=recording)
        order = Order(
            talks=(talk,),
            targets=tuple(given.to.split(",")),
            spoken=given.language,
            out=out,
            room="bench-endurance",
        )
        report = asyncio.run(interpret(order))
        print("\n".join(lines(report, out)))


if __name__ == "__main__":
    main()
