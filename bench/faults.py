"""What a meeting suffers from its vendors' faults: `python -m bench.faults --minutes 10 --seed 1`.

Three speakers, four languages, a real livekit-server and a real worker; the vendors' real plugins
(AssemblyAI and Azure hear, OpenAI and a model of one's own render, ElevenLabs and Azure speak)
against vendors on loopback that fail at random under a fixed seed: single requests, and whole
vendors for some seconds, never both of a stage at once. Every word of the meeting is known
(tests/vendors/score.py), so that what was lost, doubled or late on the way is counted.
"""

import argparse
import asyncio
import json
import logging
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from tests.vendors import scenes
from tests.vendors.faults import Fault
from tests.vendors.played import Played, Stage, play
from tests.vendors.score import UNKNOWN, Score, compose
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
    yield f"{'':5}captions          voice{'':22}spoken  skipped  EVS p50  gap p99  gap max"
    yield f"{'':5}lost  doubled     lost  doubled  swapped"
    for code in LANGUAGES:
        read, heard = played.unread(code), played.unheard(code)
        figures = played.report["languages"][code]
        late = played.lateness(code)
        calm = [lag for at, lag in late if not weather.touches(at)]
        usual = sorted(calm)[int(0.99 * len(calm))] if calm else 0.0
        rough = sorted(max(lag - usual, 0.0) for at, lag in late if weather.touches(at)) or [0.0]
        yield (
            f"{code}   {len(read.lost):4d}  {len(read.doubled):7d}     {len(heard.lost):4d}"
            f"  {len(heard.doubled):7d}  {len(played.swapped(code)):7d}"
            f"     {figures['spoken']:6d}  {figures['skipped']:7d}"
            f"  {figures['evs_p50']:7.2f}  {rough[int(0.99 * len(rough))]:7.2f}  {rough[-1]:7.2f}"
        )
        unspoken = Counter(one["why"] for one in played.of("Unspoken") if one["language"] == code)
        if unspoken:
            yield f"     not spoken: {dict(unspoken)}"
    yield from told(played, LANGUAGES)
    yield "A gap is how much later a word is heard than the 99th percentile of calm times says;"
    yield f"the median word is heard {median(lag for _, lag in played.lateness('es')):.2f} s late."


def scene_lines(rounds: Sequence[Mapping[str, float]]) -> Iterator[str]:
    """What is printed of the scenes of docs/faults.md, by what each cost in every round."""
    yield f"{'':36}stall  stall + 0.3  gap   (seconds, the most of {len(rounds)} rounds)"
    for scene in scenes.SCENES:
        name = scenes.name(scene)
        most = max(max(one[name], 0.0) for one in rounds)
        yield f"{name:36}{scene.stall:5.1f}  {scene.stall + 0.3:11.1f}  {most:4.2f}"


def told(played: Played, languages: Sequence[str]) -> Iterator[str]:
    """What went wrong with words, language by language."""
    if misread := sum(UNKNOWN in one["text"] for one in played.captions if one["final"]):
        yield f"not to be judged: {misread} times the loopback ear did not know what it was sent,"
        yield "as happens where the machine does not keep up; run it again with nothing beside it"
    for code in languages:
        read, heard = played.unread(code), played.unheard(code)
        for what, names in (
            ("lost in the captions", read.lost),
            ("doubled in the captions", read.doubled),
            ("lost in the voice", heard.lost),
            ("doubled in the voice", heard.doubled),
            ("heard behind what the same speaker said later", played.swapped(code)),
        ):
            if names:
                yield f"     {code}: {what}: {' '.join(names)}"


def main() -> int:
    """Play, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenes", action="store_true", help="those of docs/faults.md")
    parser.add_argument("--rounds", type=int, default=1, help="of the scenes")
    parser.add_argument("--out", type=Path, help="where the scenes' gaps go as JSON")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    keep_quiet()
    if arguments.scenes:
        return _scenes(arguments.rounds, arguments.out)
    return _at_random(arguments.minutes, arguments.seed)


def _scenes(rounds: int, out: Path | None) -> int:
    seconds, code, control = scenes.SECONDS, "es", "fr"
    score = compose(scenes.turns(), seconds=seconds, voice=VOICES[0], seed=1)
    found: list[Mapping[str, float]] = []
    wrong: list[str] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            played = asyncio.run(
                play([score], [code, control], Path(folder), scenes.run, steady=[control])
            )
        found.append(scenes.gaps(played, code, control))
        wrong += told(played, [code, control])
    for line in (*scene_lines(found), *wrong, "" if wrong else "no word lost, doubled or swapped"):
        print(line, flush=True)
    if out is not None:
        gaps = {name: [round(one[name], 2) for one in found] for name in found[0]}
        out.write_text(json.dumps(gaps, indent=1) + "\n", encoding="utf-8")
    return 1 if wrong else 0


def _at_random(minutes: float, seed: int) -> int:
    chance = random.Random(seed)
    scores = meeting(60.0 * minutes, chance)
    weather = Weather(60.0 * minutes, chance)
    with tempfile.TemporaryDirectory() as folder:
        played = asyncio.run(play(scores, LANGUAGES, Path(folder), weather.run))
    for line in lines(played, weather):
        print(line, flush=True)
    return 1 if list(told(played, LANGUAGES)) else 0


if __name__ == "__main__":
    leave(main())
