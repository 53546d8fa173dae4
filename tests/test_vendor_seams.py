"""Where one voice breaks off and another goes on, no word is lost and none is heard twice: vendors'
real plugins against servers on loopback that fail at random, under a fixed seed."""

import asyncio
import random

import numpy as np
import pytest
from livekit.agents.utils import http_context

from tests.fakes import segment
from tests.vendors.azure import Azure
from tests.vendors.elevenlabs import ElevenLabs
from tests.vendors.faults import Fault
from tests.vendors.played import Chimed, sounded
from tests.vendors.score import VOCABULARY, Chimes, Samples, chimed, plain
from translator.cast import Cast
from translator.channel import SAMPLE_RATE
from translator.engines.plugins import Vendor
from translator.health import Health
from translator.interpreters.voices import Voices
from translator.settings import Engine, Language
from translator.turns import Turns

pytestmark = pytest.mark.vendor

CLAUSES, AT_ONCE = 72, 24
SPANISH = Language.model_validate(
    {"speak": ["elevenlabs", "azure"], "voice": {"azure": "es-ES-ElviraNeural"}}
)
BREAKS = [fault for fault in Fault if fault is not Fault.SLOW]  # which keeps one waiting, no more


class Speakers:
    """The voices by name."""

    def __init__(self, elevenlabs: ElevenLabs, azure: Azure) -> None:
        vendors = {"elevenlabs": elevenlabs.base_url, "azure": f"http://127.0.0.1:{azure.port}"}
        self._voices = {
            name: Vendor(name, Engine(plugin=name, key="A_KEY", base_url=url)).voice()
            for name, url in vendors.items()
        }
        self.voice = self._voices.__getitem__

    async def aclose(self) -> None:
        for voice in self._voices.values():
            await voice.aclose()


class Stage:
    """One channel's voices."""

    def __init__(self, speakers: Speakers) -> None:
        self._failures = 0
        self._clock = asyncio.get_running_loop().time
        self._health = Health(self._clock)
        self._voices = Voices(speakers, self._health, Cast(), failed=self._note)

    def _note(self, code: str, error: Exception) -> None:
        self._failures += 1

    @property
    def failures(self) -> int:
        """How often another voice had to go on."""
        return self._failures

    async def say(self, text: str) -> Samples:
        """What is heard of a clause, silence before and behind it."""
        self._health.forget("elevenlabs")  # each clause begins with the one that fails
        turns = Turns(sample_rate=SAMPLE_RATE, max_wait=1.0, clock=self._clock)
        turn = turns.turn(segment())
        await self._voices.say(text, turn, code="es", language=SPANISH, pace=1.0)
        turn.end()
        return np.pad(turn.take(60 * SAMPLE_RATE, 1.0), SAMPLE_RATE // 10)


async def test_words_survive_the_seam_between_two_voices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "one-for-both-0123456789")
    key = "one-for-both-0123456789"
    chance = random.Random(1)
    clauses = [
        " ".join(f"sp{word}" for word in chance.sample(VOCABULARY, chance.randint(1, 8)))
        for _ in range(CLAUSES)
    ]
    async with (
        ElevenLabs(speaks=Chimes(), key=key) as elevenlabs,
        Azure(speaks=Chimes(), key=key) as azure,
        http_context.open(),
    ):
        elevenlabs.faults.drawn(lambda: chance.choice([None, *BREAKS]))
        speakers = Speakers(elevenlabs, azure)
        stage = Stage(speakers)
        for first in range(0, CLAUSES, AT_ONCE):
            some = clauses[first : first + AT_ONCE]
            heard = await asyncio.gather(*map(stage.say, some))
            for text, sound in zip(some, heard, strict=True):
                words = [
                    Chimed(name=name, start=start, end=end)
                    for name, start, end in chimed(sound, SAMPLE_RATE)
                ]
                found = sounded(plain(text), words)
                assert not found.lost, text
                assert not found.doubled, text
        await speakers.aclose()
    assert stage.failures > CLAUSES // 4
