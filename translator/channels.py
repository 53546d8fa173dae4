"""Every language that somebody wants becomes a channel; it gets a voice while anybody listens."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from livekit import rtc

from translator.access import Access
from translator.channel import SAMPLE_RATE, Channel
from translator.children import Children
from translator.condition import Condition
from translator.demand import Actions, Demand, Running
from translator.guards.echo import EchoGuard
from translator.interpreters import Floors, Interpreter
from translator.participant import Participant
from translator.record import Record
from translator.settings import Settings
from translator.turns import Samples


class Channels:
    """The target languages of a room."""

    def __init__(
        self,
        room: rtc.Room,
        access: Access,
        *,
        interpreter: Callable[[], Interpreter],
        condition: Callable[[str], Condition],
        guard: EchoGuard,
        record: Record,
        floors: Floors,
    ) -> None:
        """`interpreter` gives one for each channel; `condition` says what of a language can be had
        now."""
        self._room = room
        self._access = access
        self._interpreter = interpreter
        self._condition = condition
        self._guard = guard
        self._record = record
        self._floors = floors
        self._channels: dict[str, Channel] = {}
        self._wanted_at: dict[str, float] = {}
        self._heard_at: dict[str, float] = {}

    def running(
        self, wanted: Demand, *, settings: Settings, children: Children
    ) -> Mapping[str, Running]:
        """What runs, by language, and since when nobody has wanted it; `wanted` is wanted now."""
        now = self._record.clock()
        for code in {*wanted.listeners, *wanted.readers}:
            self._wanted_at[code] = now
        for code in wanted.listeners:
            if settings.languages[code].speak is not None:
                self._heard_at[code] = now
        return {
            code: Running(
                voice=_voice(code) in children,
                idle=now - self._wanted_at.get(code, now),
                voice_idle=now - self._heard_at.get(code, now),
            )
            for code in self._channels
        }

    async def apply(self, actions: Actions, *, settings: Settings, children: Children) -> None:
        """Start and stop; start again what has failed."""
        for code in actions.stop:
            await children.stop(_voice(code))
            await children.stop(_channel(code))
            self._channels.pop(code, None)
        for code in actions.voice_off:
            await children.stop(_voice(code))
        for code in actions.start:
            self._channels[code] = self._made(code, settings)
        for code, channel in self._channels.items():
            channel.wait_at_most(settings.max_wait)
            if _channel(code) not in children:
                interpreter = self._interpreter()
                children.start(_channel(code), partial(interpreter.run, self._floors, channel))
        for code in actions.voice_on:
            if _voice(code) not in children:
                children.start(_voice(code), partial(self._speak, self._channels[code]))

    def _made(self, code: str, settings: Settings) -> Channel:
        def played(samples: Samples, at: float) -> None:
            self._guard.played(code, samples, SAMPLE_RATE, at)

        channel = Channel(
            code,
            record=self._record,
            max_wait=settings.max_wait,
            played=played,
            condition=self._condition,
        )
        channel.put_machine_on_air()
        return channel

    async def _speak(self, channel: Channel) -> None:
        """Publish the channel's track for as long as somebody listens."""
        participant = Participant(channel.language, clock=self._record.clock)
        async with (
            participant.joined(self._room.name, self._access),
            asyncio.TaskGroup() as group,
        ):
            playing = group.create_task(channel.run(participant))
            telling = group.create_task(participant.tell(lambda: channel.state))
            await participant.lost.wait()
            playing.cancel()
            telling.cancel()


def _channel(code: str) -> str:
    """The child that fills it."""
    return f"channel {code}"


def _voice(code: str) -> str:
    """The child that plays it."""
    return f"voice {code}"
