"""A whole meeting with loopback vendors, of which every word is known.

A real livekit-server, a real worker, the vendors' real plugins, speakers who play their scores,
and one listener for each language; while they speak, faults are put into the vendors.
"""

import asyncio
import json
import os
import wave
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median_high
from typing import Any

import numpy as np
import yaml

from tests.vendors.assemblyai import AssemblyAI
from tests.vendors.azure import Azure
from tests.vendors.brains import HEARD_RATE
from tests.vendors.elevenlabs import ElevenLabs
from tests.vendors.openai import OpenAI
from tests.vendors.score import (
    Chimes,
    Compared,
    Reading,
    ReadsAlong,
    SaysItBack,
    Score,
    chimed,
    compared,
    matched,
    plain,
)
from translator import agent, settings
from translator.beside import beside
from translator.rehearsal.order import order
from translator.rehearsal.run import interpret
from translator.settings.sets import SET

VOICES = {
    "es": "es-ES-ElviraNeural",
    "fr": "fr-FR-DeniseNeural",
    "de": "de-DE-KatjaNeural",
    "it": "it-IT-ElsaNeural",
}
"""Azure's, for the languages that people may listen to."""


HALF, WHOLE = 0.5, 0.9
"""Share of its usual length from which a word was heard, and from which it did not break off."""


@dataclass(kw_only=True)
class Vendors:
    """Two for every stage: the first one is called while it is well."""

    assemblyai: AssemblyAI
    azure: Azure
    openai: OpenAI
    vllm: OpenAI
    """A second language model, which wants no key."""
    elevenlabs: ElevenLabs


@dataclass(frozen=True, kw_only=True)
class Chimed:
    """A word that a listener heard."""

    name: str
    start: float
    end: float


@dataclass(kw_only=True)
class Played:
    """What came of it. Times are seconds on the scores' clock."""

    scores: Sequence[Score]
    report: Mapping[str, Any]
    captions: Sequence[Mapping[str, Any]]
    """Every message, in the order received."""
    facts: Sequence[Mapping[str, Any]]
    heard: Mapping[str, Sequence[Chimed]]
    """The words that the listener of each language heard."""

    def of(self, fact: str) -> Sequence[Mapping[str, Any]]:
        return [one for one in self.facts if one["fact"] == fact]

    @property
    def words(self) -> Sequence[str]:
        """All that was said, by one speaker after the other."""
        return [name for score in self.scores for word in score.words for name in plain(word.text)]

    def read(self, language: str) -> Sequence[str]:
        """The words that were committed in a language, or as they were said where nothing could
        render them, by one speaker after the other."""
        found: dict[str, list[str]] = {}
        for one in self.captions:
            if one["stream"] == language and one["kind"] == "segment" and one["final"]:
                found.setdefault(one["speaker"], []).extend(plain(one["text"]))
        return [name for speaker in sorted(found) for name in found[speaker]]

    def unread(self, language: str) -> Compared:
        """What nobody could read in a language, and what stood there twice."""
        return compared(self.words, self.read(language))

    def unheard(self, language: str) -> Compared:
        """What was committed in a language and not heard, and what was heard twice: in the order
        of the renditions. What never got a voice is lost, too."""
        due = [name for one in self.renditions(language) for name in plain(one["text"])]
        heard = sounded(due, self.heard[language])
        ways = {one["segment_id"] for one in self.of("Spoken") if one["language"] == language}
        silent = [
            name
            for one in self.of("Rendered")
            if one["target"] == language and one["rendition"]["segment"]["id"] not in ways
            for name in plain(one["rendition"]["text"])
        ]
        return Compared(lost=[*heard.lost, *silent], doubled=heard.doubled)

    def swapped(self, language: str) -> Sequence[str]:
        """The segments that were heard behind what the same speaker said later, by id."""
        latest: dict[str, float] = {}
        found = []
        for segment in (one["segment"] for one in self.renditions(language)):
            last = latest.get(segment["speaker"], segment["start"])
            if segment["start"] < last:
                found.append(segment["id"])
            latest[segment["speaker"]] = max(segment["start"], last)
        return found

    def lateness(self, language: str) -> Sequence[tuple[float, float]]:
        """Of every word that was heard: when it was said, and how many seconds later it was
        heard."""
        renditions = self.renditions(language)
        due = [
            (name, one["segment"]["speaker"]) for one in renditions for name in plain(one["text"])
        ]
        said: dict[int, float] = {}  # when, by place in `due`
        for number, score in enumerate(self.scores, 1):
            own = [at for at, (_, speaker) in enumerate(due) if speaker == f"speaker-{number}"]
            words = [word for word in score.words if plain(word.text)]
            for at, place in matched(
                [due[at][0] for at in own], [plain(word.text)[0] for word in words]
            ):
                said[own[at]] = words[place].start
        heard = self.heard[language]
        pairs = matched([name for name, _ in due], [one.name for one in heard])
        return [(said[at], heard[place].start - said[at]) for at, place in pairs if at in said]

    def renditions(self, language: str) -> Sequence[Mapping[str, Any]]:
        """Those of a language, in the order that they were spoken."""
        texts = {
            one["rendition"]["segment"]["id"]: one["rendition"]
            for one in self.of("Rendered")
            if one["target"] == language
        }
        spoken = [one for one in self.of("Spoken") if one["language"] == language]
        return [texts[one["segment_id"]] for one in sorted(spoken, key=lambda one: one["start"])]


Script = Callable[["Stage"], Coroutine[Any, Any, None]]


@dataclass(kw_only=True)
class Stage:
    """A meeting while it is played."""

    vendors: Vendors
    reading: Reading
    facts: list[Mapping[str, Any]] = field(default_factory=list)

    async def until(self, at: float) -> None:
        """Wait for an instant of the scores' clock."""
        await self.reading.found.wait()
        assert self.reading.begun is not None
        await asyncio.sleep(self.reading.begun + at - asyncio.get_running_loop().time())

    async def available(self, *engines: str) -> float:
        """Wait until one that was down is up again; gives the instant of the scores' clock."""

        def is_up(fact: Mapping[str, Any]) -> bool:
            up = fact["fact"] == "Availability" and fact["available"]
            return bool(up and fact["engine"] in engines)

        while not any(map(is_up, self.facts)):  # noqa: ASYNC110 (a fact is no event)
            await asyncio.sleep(0.05)
        assert self.reading.begun is not None
        return asyncio.get_running_loop().time() - self.reading.begun


async def play(
    scores: Sequence[Score],
    targets: Sequence[str],
    folder: Path,
    script: Script,
    *,
    steady: Collection[str] = (),
) -> Played:
    """Play a meeting while `script` puts faults into its vendors; `folder` is for its files.

    The languages in `steady` have the second model and the second voice alone.
    """
    reading = Reading(scores=scores)
    async with AsyncExitStack() as stack:
        hears, speaks, renders = ReadsAlong(reading), Chimes(), SaysItBack()
        vendors = Vendors(
            assemblyai=await stack.enter_async_context(AssemblyAI(hears)),
            azure=await stack.enter_async_context(Azure(hears, speaks)),
            openai=await stack.enter_async_context(OpenAI(renders=renders)),
            vllm=await stack.enter_async_context(OpenAI(renders=renders, key=None)),
            elevenlabs=await stack.enter_async_context(ElevenLabs(speaks=speaks)),
        )
        stack.enter_context(_environment(_configured(vendors, targets, steady, folder)))
        recordings = [_write(score, folder / f"{at}.wav") for at, score in enumerate(scores)]
        wanted = await asyncio.to_thread(
            order,
            file=recordings[0],
            name="Speaker",
            to=",".join(targets),
            out=folder / "out",
            spoken="en",
            speakers=[f"{path.stem}={path}@0" for path in recordings[1:]],
            room=None,
            loaded=settings.load(*agent.paths()),
        )
        stage = Stage(vendors=vendors, reading=reading)
        async with beside(script(stage)):
            report = await interpret(wanted, lambda fact: stage.facts.append(dict(fact)))
    return _played(scores, targets, folder / "out", report, stage)


def _configured(
    vendors: Vendors, targets: Sequence[str], steady: Collection[str], folder: Path
) -> Mapping[str, str]:
    """Writes both files; gives the environment that leads to them."""
    engines = {
        "assemblyai": {
            "plugin": "assemblyai",
            "model": "universal-streaming-multilingual",  # tells each word, as the score wants
            "base_url": vendors.assemblyai.base_url,
        },
        "azure": {"plugin": "azure", "base_url": f"http://127.0.0.1:{vendors.azure.port}"},
        "openai": {"plugin": "openai", "model": "gpt", "base_url": vendors.openai.base_url},
        "vllm": {"plugin": "openai", "model": "own", "base_url": vendors.vllm.base_url},
        "elevenlabs": {"plugin": "elevenlabs", "base_url": vendors.elevenlabs.base_url},
    }
    keys = {
        f"PLAYED_{name.upper()}": str(getattr(vendors, name).key)
        for name in engines
        if name != "vllm"
    }
    for name in engines:
        if name != "vllm":
            engines[name]["key"] = f"PLAYED_{name.upper()}"
    pairs = {
        "version": 1,
        "hear": ["assemblyai", "azure"],
        "spoken": ["en"],
        "languages": {
            code: {
                "speak": ["azure"] if code in steady else ["elevenlabs", "azure"],
                "voice": {"azure": VOICES[code]},
            }
            for code in targets
        },
        "pairs": [
            *({"from": "*", "to": code, "render": ["vllm"], "guard": False} for code in steady),
            {"from": "*", "to": "*", "render": ["openai", "vllm"], "guard": False},
        ],
    }
    for name, content in (
        ("engines.yaml", {"version": 1, "engines": engines}),
        ("language_pairs.yaml", pairs),
    ):
        (folder / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return {
        **keys,
        agent.ENGINES: str(folder / "engines.yaml"),
        agent.PAIRS: str(folder / "language_pairs.yaml"),
        SET: "",
    }


@contextmanager
def _environment(wanted: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _write(score: Score, path: Path) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(HEARD_RATE)
        file.writeframes(score.samples.tobytes())
    return path


def _played(
    scores: Sequence[Score],
    targets: Sequence[str],
    out: Path,
    report: Mapping[str, Any],
    stage: Stage,
) -> Played:
    lines = (out / "captions.jsonl").read_text(encoding="utf-8").splitlines()
    facts = stage.facts
    return Played(
        scores=scores,
        report=report,
        captions=[json.loads(line) for line in lines],
        facts=facts,
        heard={code: _heard(out / f"{code}.wav") for code in targets},
    )


def sounded(due: Sequence[str], heard: Sequence[Chimed]) -> Compared:
    """What is missing in what was heard, and what is too much. Less than half of a word is none,
    and one that broke off and was said again counts once.

    How long a word is, is told by what is usual: a network that starves stretches one now and then.
    """
    lengths: dict[str, list[float]] = {}
    for one in heard:
        lengths.setdefault(one.name, []).append(one.end - one.start)
    usual = {name: median_high(some) for name, some in lengths.items()}

    def share(one: Chimed) -> float:
        return (one.end - one.start) / usual[one.name]

    words = [one for one in heard if share(one) >= HALF]
    pairs = matched(due, [one.name for one in words])
    came, found = {at for at, _ in pairs}, {place for _, place in pairs}
    again = {
        at
        for place, (one, other) in enumerate(pairwise(words))
        if one.name == other.name and min(share(one), share(other)) <= WHOLE
        for at in (place, place + 1)
    }
    return Compared(
        lost=[name for at, name in enumerate(due) if at not in came],
        doubled=[one.name for at, one in enumerate(words) if at not in found | again],
    )


def _heard(path: Path) -> Sequence[Chimed]:
    with wave.open(str(path)) as file:
        rate = file.getframerate()
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    return [Chimed(name=name, start=start, end=end) for name, start, end in chimed(sound, rate)]
