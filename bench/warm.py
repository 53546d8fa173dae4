"""Whether the first segment of a meeting is as fast as the tenth: `python -m bench.warm`.

One sentence is said ten times, with pauses, in a meeting that has just begun: with a new engine
host, a new worker and a new job. The control of the first is the others in the same run.
"""

import argparse
import asyncio
import logging
import tempfile
from pathlib import Path
from statistics import median

import numpy as np

from tests.speech import speech
from translator.rehearsal.order import Order, Talk
from translator.rehearsal.recording import SAMPLE_RATE, Recording, read
from translator.rehearsal.run import interpret

CLIP, START, END = "call_en_T02", 0.3, 2.6
"""A recording, and the sentence in it, in seconds."""
PAUSE = 2.5
"""Seconds between two of it."""
TIMES = 10


def repeated(times: int) -> Recording:
    """The sentence, so many times."""
    sentence = read(speech(CLIP)).samples[round(START * SAMPLE_RATE) : round(END * SAMPLE_RATE)]
    pause = np.zeros(round(PAUSE * SAMPLE_RATE), np.int16)
    return Recording(samples=np.concatenate([sentence, pause] * times))


async def spans(times: int, language: str) -> list[float]:
    """The EVS of what was heard in each repetition first, in seconds."""
    with tempfile.TemporaryDirectory() as out:
        talk = Talk(name="Ana", path=speech(CLIP), start=0.0, recording=repeated(times))
        order = Order(
            talks=(talk,), targets=(language,), spoken="en", out=Path(out), room="bench-warm"
        )
        result = await interpret(order)
    length = END - START + PAUSE
    first: dict[int, float] = {}
    for one in result["languages"][language]["renditions"]:
        first.setdefault(int(one["source_start"] // length), one["evs"])
    return [first[i] for i in sorted(first)]


def main() -> None:
    """Print one line a round, and the ratio of the first to the others over all."""
    parser = argparse.ArgumentParser(prog="python -m bench.warm", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--to", default="es", help="the language that is listened to")
    given = parser.parse_args()
    logging.getLogger("livekit").setLevel(logging.CRITICAL)
    ratios = []
    for _ in range(given.rounds):
        found = asyncio.run(spans(TIMES, given.to))
        ratios.append(found[0] / median(found[1:]))
        print("EVS s: " + " ".join(f"{one:.2f}" for one in found), flush=True)
    print(f"first to the others: {median(ratios):.2f} ({', '.join(f'{r:.2f}' for r in ratios)})")


if __name__ == "__main__":
    main()
