"""How soon one is heard with engines as fast as the best vendors': `python -m bench.vendors`.

A real room, a recorded voice, real listeners; the engines follow a script. The ear says a word of
the script HEARD seconds after its end, and takes none back; the model's first token comes after
RENDERED, the next every TOKEN; the voice's first audio after SPOKEN, and as much as the speech
that it renders, times `--expansion`. The output guard is off: what these engines say is no
rendition. What is printed is the EVS that a listener measures.
"""

import argparse
import asyncio
import json
import logging
import secrets
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, NoReturn

import numpy as np
from livekit import api, rtc
from livekit.agents import AgentServer, JobContext

from bench.endurance import joined
from tests.speech import manifest
from translator import agent
from translator.access import Access
from translator.channel import SAMPLE_RATE as VOICE_RATE
from translator.current import unedited
from translator.errors import SettingsError
from translator.health import Stage
from translator.hear import SAMPLE_RATE, Sound
from translator.house import House, registered
from translator.rehearsal.order import Order, Talk
from translator.rehearsal.run import OBSERVER, rehearse
from translator.segment import words_of
from translator.server import LiveKitServer
from translator.settings import Engine, Language, Pair, Segmenting, Settings, ToolServer
from translator.settings.models import PRESETS
from translator.types import Brief, Hypothesis, Pauses, Prior, Word

HEARD, RENDERED, TOKEN, SPOKEN = 0.25, 0.2, 0.01, 0.155
"""Seconds; see above."""
RATE = 140
"""Words per minute of the script."""
SCRIPT = "long_en_printing_a"
"""The recording whose transcript is the script, again and again."""
WORD = 60.0 / RATE
SPEED = 20.0
"""Seconds of audio that the voice makes in a second."""
FRAME = 0.05


def script(number: int) -> str:
    """A word of it; any number."""
    words = manifest()[SCRIPT].transcript.split()
    return words[number % len(words)]


class Engines:
    """All engines of one meeting."""

    def __init__(self, expansion: float) -> None:
        self._expansion = expansion
        self._said = 0

    def ear(self, name: str, pauses: Pauses) -> "Engines":
        return self

    def renderer(self, name: str) -> "Engines":
        return self

    def reaches(self, name: str, source: str, target: str) -> bool:
        return True

    def voice(self, name: str) -> "Engines":
        return self

    def realtime(self, name: str) -> NoReturn:
        raise SettingsError(f"{name} interprets nothing")

    def summarizer(self, name: str) -> NoReturn:
        raise SettingsError(f"{name} summarizes nothing")

    def source(self, name: str, server: ToolServer) -> NoReturn:
        raise SettingsError(f"{name} is not asked")

    async def trial(self, stage: Stage, name: str, settings: Settings) -> None:
        """Nothing that is scripted is ever down."""

    @property
    def prompt(self) -> None:
        """See Renderer."""
        return None

    @property
    def paced(self) -> bool:
        """See Voice."""
        return True

    async def listen(
        self, audio: AsyncIterator[Sound], prior: Prior
    ) -> AsyncGenerator[Hypothesis, None]:
        """See Ear."""
        first, samples, words = self._said, 0, list[Word]()
        async for sound in audio:
            samples += len(sound.samples)
            if samples / SAMPLE_RATE < (len(words) + 1) * WORD + HEARD:
                continue
            start = len(words) * WORD
            words.append(Word(text=script(self._said), start=start, end=start + WORD))
            self._said += 1
            yield _said(first, words, final=False)
        if words:
            yield _said(first, words, final=True)

    async def render(self, brief: Brief) -> AsyncGenerator[str, None]:
        """See Renderer."""
        await asyncio.sleep(RENDERED)
        for word in brief.segment.text.split():
            yield word + " "
            await asyncio.sleep(TOKEN)

    async def say(
        self, text: str, *, language: str, voice: str | None, pace: float
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """See Voice."""
        await asyncio.sleep(SPOKEN)
        left = len(words_of(text)) * WORD * self._expansion / pace
        while left > 0:
            size = round(min(FRAME, left) * VOICE_RATE)
            t = np.arange(size) / VOICE_RATE
            sound = (8000 * np.sin(2 * np.pi * 440 * t)).astype(np.int16)
            yield rtc.AudioFrame(sound.tobytes(), VOICE_RATE, 1, size)
            await asyncio.sleep(FRAME / SPEED)
            left -= FRAME


def _said(first: int, words: Sequence[Word], *, final: bool) -> Hypothesis:
    text = " ".join(word.text for word in words)
    return Hypothesis(
        utterance=str(first),
        text=text,
        language="en",
        final=final,
        start=0.0,
        end=words[-1].end,
        stable=len(text),
        words=tuple(words),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a job is dispatched with."""

    preset: str
    expansion: float
    languages: tuple[str, ...]

    def settings(self) -> Settings:
        """Of its meeting."""
        name = "scripted"
        pair = Pair.model_validate({"from": "*", "to": "*", "render": name, "guard": False})
        return Settings(
            number=1,
            engines={name: Engine(plugin=name)},
            hear=name,
            spoken=("en",),
            languages={code: Language(speak=name) for code in self.languages},
            pairs=(pair,),
            glossaries={},
            segments=Segmenting.model_validate({"preset": self.preset}),
        )


async def interpret(context: JobContext) -> None:
    """The job: run the meeting of this room."""
    wish = json.loads(context.job.metadata)
    plan = Plan(
        preset=wish["preset"], expansion=wish["expansion"], languages=tuple(wish["languages"])
    )
    await agent.begin(context, plan.settings(), unedited(), Engines(plan.expansion))


def worker(access: Access, agent_name: str) -> AgentServer:
    """A worker whose jobs are such meetings."""
    server = AgentServer(
        ws_url=access.url,
        api_key=access.api_key,
        api_secret=access.api_secret,
        num_idle_processes=1,
        host="127.0.0.1",
        port=0,
        load_fnc=lambda: 0.0,
        log_level="WARN",
    )
    server.rtc_session(
        interpret, agent_name=agent_name, on_request=agent.accept, on_session_end=agent.end
    )
    return server


async def measure(plan: Plan, seconds: float) -> Mapping[str, Any]:
    """The report of one meeting."""
    agent_name, room = f"bench-{secrets.token_hex(4)}", "bench-vendors"
    recording = joined("en", seconds)
    with tempfile.TemporaryDirectory() as folder:
        talk = Talk(name="Ana", path=Path("joined"), start=0.0, recording=recording)
        order = Order(
            talks=(talk,), targets=plan.languages, spoken="en", out=Path(folder), room=room
        )
        async with LiveKitServer.running() as server:
            working = worker(server.access, agent_name)
            home = House(
                access=server.access, server_pid=server.pid, worker=working, agent_name=agent_name
            )
            async with registered(working), server.access.server() as lk:
                await lk.room.create_room(api.CreateRoomRequest(name=room))
                await lk.agent_dispatch.create_dispatch(
                    api.CreateAgentDispatchRequest(
                        agent_name=agent_name, room=room, metadata=_metadata(plan)
                    )
                )
                return await rehearse(order, home, lambda fact: None)


def _metadata(plan: Plan) -> str:
    return json.dumps({**asdict(plan), "observers": [OBSERVER]})


def main() -> None:
    """Talk, and print a line for each language."""
    parser = argparse.ArgumentParser(prog="python -m bench.vendors", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--preset", default="fast", choices=list(PRESETS))
    parser.add_argument("--expansion", type=float, default=1.0)
    parser.add_argument("--to", default="es")
    given = parser.parse_args()
    logging.getLogger("livekit").setLevel(logging.CRITICAL)
    plan = Plan(
        preset=given.preset, expansion=given.expansion, languages=tuple(given.to.split(","))
    )
    report = asyncio.run(measure(plan, given.seconds))
    for code, one in report["languages"].items():
        words = [
            round((span["source_end"] - span["source_start"]) / WORD) for span in one["renditions"]
        ]
        print(
            f"{code}: EVS p50 {one['evs_p50']} p90 {one['evs_p90']} p99 {one['evs_p99']} s,"
            f" {one['spoken']} renditions of {median(words):g} words,"
            f" coverage {one['coverage']}, pace up to {one['pace_max']}"
        )


if __name__ == "__main__":
    main()
