"""Engines that take a fixed time, behind the stage protocols, and a worker's job that uses them.

What they do is a script: the ear finishes an utterance each time that it has received another
SPACING seconds of audio, in the middle of speech, whatever is said; its text names a marker; the
renderer leaves it at the end of the rendition, where the voice finds it and says its tones. So all
time but the script's is the bridge's own.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from livekit import rtc
from livekit.agents import AgentServer, JobContext

from bench.markers import Samples, synthesize
from tests.fakes import ScriptedRenderer
from translator import agent
from translator.channel import SAMPLE_RATE as VOICE_RATE
from translator.current import unedited
from translator.errors import SettingsError
from translator.health import Stage
from translator.hear import SAMPLE_RATE, Sound, blocks
from translator.interpret import Realtime
from translator.lookups import Source
from translator.settings import Engine, Language, Pair, Segmenting, Settings, ToolServer
from translator.speak import Voice
from translator.summary import Summarizer
from translator.types import Hypothesis, Pauses, Prior

SPACING = 1.51
"""Seconds between two positions at least: markers never overlap, and positions meet all phases
of the blocks and frames that the audio comes in. More than hear.REACH, so that an ear that opens
has received the first one only now."""
EXCERPT = 0.5
"""Seconds of audio that are kept for each position."""
VOICED = 0.5
"""Probability of a voice from which a sound is the middle of speech."""
SOURCE = "en"
TARGET = "es"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """Seconds that each engine takes."""

    hear: float
    render: float
    speak: float

    @property
    def total(self) -> float:
        """Seconds of one marker's way that are not the bridge's."""
        return self.hear + self.render + self.speak


PRESETS = {
    "Z": Delays(hear=0.0, render=0.0, speak=0.0),
    "F": Delays(hear=0.25, render=0.2, speak=0.155),
}
"""Nothing at all, and the first answers of fast engines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What the ear waited for until it asked for a marker."""

    index: int
    """Of the marker."""
    audio: Samples
    """EXCERPT seconds, at hear.SAMPLE_RATE; the last sample is the one that was waited for."""
    received: float
    """When the ear was given it, on CLOCK_MONOTONIC."""


def write(needs: Sequence[Need], folder: Path) -> None:
    """Leave what one listen needed, if anything, for `read`."""
    if needs:
        np.savez(
            folder / f"{needs[0].index:05}.npz",
            indexes=[need.index for need in needs],
            audio=[need.audio for need in needs],
            received=[need.received for need in needs],
        )


def read(folder: Path) -> list[Need]:
    """All that was written, in order."""
    found = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as fields:
            rows = zip(fields["indexes"], fields["audio"], fields["received"], strict=True)
            found += [
                Need(index=int(index), audio=audio, received=float(received))
                for index, audio, received in rows
            ]
    return found


class MarkerEngines:
    """The engines of one meeting with one floor."""

    def __init__(self, delays: Delays, notes: Path) -> None:
        """`notes` is the folder where the ear writes down what it needed."""
        self._delays = delays
        self._notes = notes

    def ear(self, name: str, pauses: Pauses) -> "MarkerEar":
        return MarkerEar(self._delays.hear, self._notes)

    def renderer(self, name: str) -> ScriptedRenderer:
        return ScriptedRenderer(delay=self._delays.render)

    def reaches(self, name: str, source: str, target: str) -> bool:
        return True

    def voice(self, name: str) -> Voice:
        return MarkerVoice(self._delays.speak)

    def realtime(self, name: str) -> Realtime:
        raise SettingsError(f"{name} interprets nothing")

    def summarizer(self, name: str) -> Summarizer:
        raise SettingsError(f"{name} marks words, and sums up none")

    def source(self, name: str, server: ToolServer) -> Source:
        raise SettingsError(f"{name} is not asked")

    async def trial(self, stage: Stage, name: str, settings: Settings) -> None:
        """Nothing that is scripted is ever down."""


class MarkerEar:
    """Says the number of the next marker whenever it has received SPACING seconds more."""

    def __init__(self, delay: float, notes: Path) -> None:
        self._delay = delay
        self._notes = notes
        self._count = 0

    async def listen(
        self, audio: AsyncIterator[Sound], prior: Prior
    ) -> AsyncGenerator[Hypothesis, None]:
        """See Ear."""
        spacing = round(SPACING * SAMPLE_RATE)
        recent = deque[Samples](maxlen=blocks(EXCERPT) + 2)
        size, due = 0, spacing  # samples of `audio`
        needs: list[Need] = []
        try:
            async for sound in audio:
                recent.append(sound.samples)
                size += len(sound.samples)
                if size < due:
                    continue
                if sound.speech < VOICED:
                    due += len(sound.samples)
                    continue
                received = time.monotonic()
                needs.append(
                    Need(index=self._count, audio=_last(recent, size - due), received=received)
                )
                self._count += 1
                await asyncio.sleep(received + self._delay - time.monotonic())
                yield _hypothesis(needs[-1].index, end=due / SAMPLE_RATE)
                due += spacing
        finally:
            write(needs, self._notes)  # only now: in the middle a disk would take the bridge's time


def _last(recent: Iterable[Samples], behind: int) -> Samples:
    """EXCERPT seconds before the last `behind` samples of `recent`."""
    sound = np.concatenate(list(recent))
    end = len(sound) - behind
    return sound[end - round(EXCERPT * SAMPLE_RATE) : end]


def _hypothesis(index: int, *, end: float) -> Hypothesis:
    return Hypothesis(
        utterance=str(index),
        text=f"Marker {index}",
        language=SOURCE,
        final=True,
        start=end - SPACING,
        end=end,
    )


@dataclass(frozen=True, slots=True)
class MarkerVoice:
    """Says the number at the end of a text as a marker's tones."""

    delay: float

    @property
    def paced(self) -> bool:
        """See Voice. A marker is told by its length, so the channel must not change it."""
        return True

    async def say(
        self, text: str, *, language: str, voice: str | None, pace: float
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """See Voice."""
        await asyncio.sleep(self.delay)
        samples = synthesize(int(text.split()[-1]), sample_rate=VOICE_RATE)
        yield rtc.AudioFrame(samples.tobytes(), VOICE_RATE, 1, len(samples))


def settings() -> Settings:
    """A meeting of SOURCE and TARGET with one engine for all."""
    name = "scripted"
    return Settings(
        number=1,
        engines={name: Engine(plugin=name)},
        hear=name,
        spoken=(SOURCE,),
        languages={TARGET: Language(speak=name)},
        pairs=(Pair.model_validate({"from": SOURCE, "to": TARGET, "render": name}),),
        glossaries={},
        segments=Segmenting(),
        max_wait=2.0,
        grace=10.0,
        max_languages=1,
    )


def worker(*, url: str, api_key: str, api_secret: str, agent_name: str) -> AgentServer:
    """A worker whose jobs are meetings with scripted engines; see `metadata`."""
    server = AgentServer(
        ws_url=url,
        api_key=api_key,
        api_secret=api_secret,
        num_idle_processes=1,
        host="127.0.0.1",
        port=0,
        load_fnc=lambda: 0.0,  # a server gives no job to a worker on a busy machine
        log_level="WARN",
    )
    server.rtc_session(
        interpret, agent_name=agent_name, on_request=agent.accept, on_session_end=agent.end
    )
    return server


def metadata(preset: str, notes: Path) -> str:
    """What a job must be dispatched with: a name in PRESETS, and where its ear takes notes."""
    return json.dumps({"preset": preset, "notes": str(notes)})


async def interpret(context: JobContext) -> None:
    """The job: run the meeting of this room."""
    wish = json.loads(context.job.metadata)
    engines = MarkerEngines(PRESETS[wish["preset"]], Path(wish["notes"]))
    await agent.begin(context, settings(), unedited(), engines)
