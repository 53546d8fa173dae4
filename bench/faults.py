"""What a meeting suffers from its vendors' faults: `python -m bench.faults --minutes 10 --seed 1`.

Three speakers, four languages, a real livekit-server and a real worker; the vendors' real plugins
(AssemblyAI and Azure hear, OpenAI and a model of one's own render, ElevenLabs and Azure speak)
against vendors on loopback that fail at random under a fixed seed: single requests, and whole
vendors for some seconds, never both of a stage at once. Every word of the meeting is known
(tests/vendors/score.py), so that what was lost, doubled or late on the way is counted.
"""

import argparse
import asyncio
import logging
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from tests.vendors import scenes
from tests.vendors.faults import Fault
from tests.vendors.played import Played, Stage, play
from tests.vendors.score import Score, compose
from tests.vendors.server import Server
from translator.leaving import leave
from translator.rehearsal.commands import keep_quiet

VOICES = ("en-us+m3", "en-us+f2", "en-gb+m7")
LANGUAGES = ("es", "fr", "de", "it")
SINGLE = 0.01
"""Share of all requests that fail, whatever else happens."""
PEACE = (6.0, 14.0)
"""Seconds between two outages of a vendor, at least and at most."""
OUTAGE = (2.0, 8.0)
"""Seconds of one."""
TURN = (8.0, 25.0)
"""Seconds for which one speaker speaks."""
OVERLAP = 1.5
"""Seconds by which the next one begins too early, now and then."""
BEFORE, AFTER = 5.0, 4.0
"""Seconds before and after a fault within which what was said may be late by its doing."""


def meeting(seconds: float, chance: random.Random) -> Sequence[Score]:
    """Speakers who take turns."""
    turns: list[list[tuple[float, float]]] = [[] for _ in VOICES]
    at, last = 1.0, 0
    while at < seconds - 3.0:
        who = chance.choice([one for one in range(len(VOICES)) if one != last])
        end = min(at + chance.uniform(*TURN), seconds - 2.0)
        turns[who].append((at, end))
        at, last = end + chance.uniform(-OVERLAP, 2.0), who
    return [
        compose(some, seconds=seconds, voice=voice, seed=chance.randrange(1000))
        for some, voice in zip(turns, VOICES, strict=True)
    ]


class Weather:
    """The faults of one meeting; `draw` decides all of them."""

    def __init__(self, seconds: float, chance: random.Random) -> None:
        self.outages: list[tuple[float, float, str, Fault]] = []
        self.faults: Counter[str] = Counter()
        self._chance = chance
        self._begun = 0.0
        self._at: list[float] = []
        """When single requests failed, on the event loop's clock."""
        at = 8.0
        while at < seconds - 12.0:
            vendor = chance.choice(("assemblyai", "azure", "openai", "vllm", "elevenlabs"))
            end = at + chance.uniform(*OUTAGE)
            self.outages.append((at, end, vendor, chance.choice(list(Fault))))
            at = end + chance.uniform(*PEACE)

    async def run(self, stage: Stage) -> None:
        """Let it happen."""
        servers: dict[str, Server] = {
            "assemblyai": stage.vendors.assemblyai,
            "azure": stage.vendors.azure,
            "openai": stage.vendors.openai,
            "vllm": stage.vendors.vllm,
            "elevenlabs": stage.vendors.elevenlabs,
        }
        for server in servers.values():
            server.faults.drawn(self._single)
        for start, end, vendor, fault in self.outages:
            await stage.until(start)
            self.faults[fault.value] += 1
            server = servers[vendor]
            server.faults.always(fault)
            if fault is Fault.REFUSED:
                await server.down()
            await stage.until(end)
            if fault is Fault.REFUSED:
                await server.up()
            server.faults.drawn(self._single)
        assert stage.reading.begun is not None
        self._begun = stage.reading.begun
        await asyncio.Event().wait()

    def _single(self) -> Fault | None:
        if self._chance.random() >= SINGLE:
            return None
        fault = self._chance.choice(list(Fault))
        self.faults[fault.value] += 1
        self._at.append(asyncio.get_running_loop().time())
        return fault

    def touches(self, at: float) -> bool:
        """Whether what was said at `at` may have met a fault."""
        outages = [(start, end) for start, end, _, _ in self.outages]
        single = [(one - self._begun, one - self._begun) for one in self._at]
        return any(start - BEFORE <= at <= end + AFTER for start, end in (*outages, *single))


def lines(played: Played, weather: Weather) -> Iterator[str]:
    """What is printed."""
    counts = ", ".join(f"{name} {count}" for name, count in sorted(weather.faults.items()))
    yield f"{sum(weather.faults.values())} faults in {len(weather.outages)} outages: {counts}"
    ups = Counter(one["available"] for one in played.of("Availability"))
    yield f"engines went down {ups[False]} times, and came back {ups[True]} times"
    failures = Counter((one["stage"], one["message"]) for one in played.of("Failed"))
    for (stage, message), count in failures.most_common():
        yield f"  {count:3d} × {stage}: {message}"
    yield f"{len(played.words)} words spoken"
    yield "     captions          voice             spoken  skipped  EVS p50  gap p99  gap max"
    yield "     lost  doubled     lost  doubled"
    for code in LANGUAGES:
        read, heard = played.unread(code), played.unheard(code)
        figures = played.report["languages"][code]
        late = played.lateness(code)
        calm = [lag for at, lag in late if not weather.touches(at)]
        usual = sorted(calm)[int(0.99 * len(calm))] if calm else 0.0
        rough = sorted(max(lag - usual, 0.0) for at, lag in late if weather.touches(at)) or [0.0]
        yield (
            f"{code}   {len(read.lost):4d}  {len(read.doubled):7d}     {len(heard.lost):4d}"
            f"  {len(heard.doubled):7d}     {figures['spoken']:6d}  {figures['skipped']:7d}"
            f"  {figures['evs_p50']:7.2f}  {rough[int(0.99 * len(rough))]:7.2f}  {rough[-1]:7.2f}"
        )
        for what, words in (("lost", heard.lost), ("doubled", heard.doubled)):
            if words:
                yield f"     {what} in the voice: {' '.join(words)}"
        for what, words in (("lost", read.lost), ("doubled", read.doubled)):
            if words:
                yield f"     {what} in the captions: {' '.join(words)}"
        unspoken = Counter(one["why"] for one in played.of("Unspoken") if one["language"] == code)
        if unspoken:
            yield f"     not spoken: {dict(unspoken)}"
    yield "A gap is how much later a word is heard than the 99th percentile of calm times says;"
    yield f"the median word is heard {median(lag for _, lag in played.lateness('es')):.2f} s late."


def scene_lines(played: Played) -> Iterator[str]:
    """What is printed of the scenes of docs/faults.md."""
    late = played.lateness("es")
    yield f"{'':36}stall    gap   (seconds)"
    for scene in scenes.SCENES:
        name = f"{scene.vendor} {scene.stage}: {scene.fault.value}"
        yield f"{name:36}{scene.stall:5.1f}  {max(scenes.gap(scene, late), 0.0):5.2f}"
    read, heard = played.unread("es"), played.unheard("es")
    lost, doubled = [*read.lost, *heard.lost], [*read.doubled, *heard.doubled]
    yield f"lost {len(lost)}: {' '.join(lost)}; doubled {len(doubled)}: {' '.join(doubled)}"
    yield f"in the captions: lost {len(read.lost)}, doubled {len(read.doubled)}"


def main() -> int:
    """Play, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenes", action="store_true", help="those of docs/faults.md")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    keep_quiet()
    return _scenes() if arguments.scenes else _at_random(arguments.minutes, arguments.seed)


def _scenes() -> int:
    seconds = scenes.SECONDS
    score = compose([(1.0, seconds - 2.0)], seconds=seconds, voice=VOICES[0], seed=1)
    with tempfile.TemporaryDirectory() as folder:
        played = asyncio.run(play([score], ["es"], Path(folder), scenes.run))
    for line in scene_lines(played):
        print(line, flush=True)
    return 0


def _at_random(minutes: float, seed: int) -> int:
    chance = random.Random(seed)
    scores = meeting(60.0 * minutes, chance)
    weather = Weather(60.0 * minutes, chance)
    with tempfile.TemporaryDirectory() as folder:
        played = asyncio.run(play(scores, LANGUAGES, Path(folder), weather.run))
    for line in lines(played, weather):
        print(line, flush=True)
    lost = any(played.unread(code).lost or played.unheard(code).lost for code in LANGUAGES)
    return 1 if lost else 0


if __name__ == "__main__":
    leave(main())
