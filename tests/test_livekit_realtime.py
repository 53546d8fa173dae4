"""What a plugin's realtime model raises at once, over a scripted one."""

import asyncio
from contextlib import aclosing
from typing import Any

import numpy as np
import pytest

from tests.fakes import segment
from tests.plugins import KEY
from translator.engines.livekit.realtime import LiveKitRealtime
from translator.errors import InterpretError
from translator.prompt import SpeechPrompt
from translator.types import Brief

pytestmark = pytest.mark.unit


class Session:
    """Takes sound, and makes nothing of it."""

    def on(self, event: str, callback: object) -> None: ...

    def push_audio(self, frame: object) -> None: ...

    def commit_audio(self) -> None: ...

    def generate_reply(self, **options: object) -> asyncio.Future[None]:
        raise ValueError(f"no such option; the key is {KEY}")

    async def aclose(self) -> None: ...


class Model:
    def __init__(self, raises: str) -> None:
        self.raises = raises
        self.closed = False

    def session(self, **options: object) -> Session:
        if self.raises == "session":
            raise ValueError(f"no such option; the key is {KEY}")
        return Session()

    async def aclose(self) -> None:
        self.closed = True


async def interpreted(realtime: LiveKitRealtime) -> None:
    brief = Brief(segment=segment(1), target="es")
    async with aclosing(realtime.interpret(np.zeros(1600, np.int16), brief)) as pieces:
        async for _ in pieces:
            pass


@pytest.mark.parametrize("raises", ["session", "reply"])
async def test_what_a_plugin_raises_at_once_is_a_failure_like_any_other(raises: str) -> None:
    models: list[Model] = []

    def make() -> Any:
        models.append(Model(raises))
        return models[-1]

    realtime = LiveKitRealtime("mine", make, SpeechPrompt.load())
    for _ in range(2):
        with pytest.raises(InterpretError, match=r"mine failed \(ValueError\)") as raised:
            await interpreted(realtime)
        assert KEY not in str(raised.value)
    await realtime.aclose()
    assert [model.closed for model in models] == [True, True]
