"""A real room, and voices that take 1.0 to 1.6 times as long as the speech, all at once.

None of them has a pace of its own, so all the haste is the channels'. A minute is too short for
1.35 to skip much, so that 1.6 is there to skip. tests/test_keeping_up.py has fifteen minutes, in
virtual time.
"""

import asyncio
import json
import secrets
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from livekit import api, rtc

from bench.scripted import PRESETS, SPACING, MarkerEngines
from tests.fakes import meeting_settings
from tests.rooms.attendees import attending, until
from tests.rooms.rooms import excerpt
from tests.speech import speech
from translator.access import Access, Role
from translator.channel import SAMPLE_RATE
from translator.current import unedited
from translator.lag import FASTEST, LATEST, slope_interval
from translator.meeting import Meeting
from translator.participant import BRIDGE, CHANNEL
from translator.rehearsal.people import Speaker, joined, wishes
from translator.rehearsal.report import Account, HeardRendition, audible, renditions
from translator.server import LiveKitServer
from translator.settings import Language
from translator.speak import Voice

pytestmark = [pytest.mark.room, pytest.mark.alone, pytest.mark.timeout(240)]

EXPANSIONS = {"es": 1.0, "fr": 1.2, "ca": 1.35, "pt": 1.6}
SECONDS = 60.0
"""Of speech."""
SETTLED = 30.0
"""Seconds after which a channel is as far behind as it will be."""
SLACK = 2.0
"""Seconds for a busy machine."""
FAST = PRESETS["F"]
DUE = SPACING + FAST.total
"""Seconds that a rendition needs which waits for nobody."""


class Drawl:
    """Each rendition is a tone of SPACING seconds and so much longer as its language takes."""

    paced = False

    async def say(
        self, text: str, *, language: str, voice: str | None, pace: float
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        await asyncio.sleep(FAST.speak)
        times = np.arange(round(EXPANSIONS[language] * SPACING * SAMPLE_RATE)) / SAMPLE_RATE
        tone = (6000 * np.sin(2 * np.pi * 300 * times)).astype(np.int16)
        yield rtc.AudioFrame(tone.tobytes(), SAMPLE_RATE, 1, len(tone))


class Engines(MarkerEngines):
    """Fast engines but for the voice. The ear ends a segment every SPACING seconds of speech."""

    def voice(self, name: str) -> Voice:
        return Drawl()


@asynccontextmanager
async def meeting(access: Access, name: str, engines: Engines) -> AsyncGenerator[None, None]:
    """The bridge, in this process."""
    spoken = {code: Language(speak="voice") for code in EXPANSIONS}
    grants = api.VideoGrants(
        room_join=True, room=name, agent=True, can_publish=True, can_publish_data=True,
        can_subscribe=True, can_update_own_metadata=True,
    )  # fmt: skip
    token = api.AccessToken(access.api_key, access.api_secret).with_kind("agent")
    room = rtc.Room()
    bridge = Meeting(
        room,
        settings=meeting_settings(languages=spoken),
        edits=unedited(),
        engines=engines,
        access=access,
        observers=["p-observer"],
        clock=time.monotonic,
    )
    token = token.with_identity(BRIDGE + name).with_grants(grants)
    await room.connect(access.url, token.to_jwt(), rtc.RoomOptions(auto_subscribe=False))
    try:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(bridge.run())
            yield
            running.cancel()
    finally:
        await room.disconnect()


async def test_listeners_hear_all_that_a_faster_pace_can_save(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"lag-{secrets.token_hex(4)}"
    recording = excerpt(speech("long_en_printing_a"), 0.0, SECONDS)
    account = Account(offset=0.0)
    told: dict[str, list[dict[str, Any]]] = {code: [] for code in EXPANSIONS}
    async with LiveKitServer.running() as server:
        access = Access(url=server.url, api_key=server.api_key, api_secret=server.api_secret)
        async with (
            meeting(access, name, Engines(FAST, tmp_path)),
            attending(access, name, "p-observer") as observer,
            attending(access, name, "p-es", listen="es", read="es") as es,
            attending(access, name, "p-fr", listen="fr", read="fr") as fr,
            attending(access, name, "p-ca", listen="ca", read="ca") as ca,
            attending(access, name, "p-pt", listen="pt", read="pt") as pt,
            joined(
                access, name, "p-ana", name="Ana", attributes=wishes(speak="en"), role=Role.SPEAKER
            ) as room,
        ):
            listeners = {"es": es, "fr": fr, "ca": ca, "pt": pt}
            for code, one in listeners.items():

                def note(changed: Any, who: Any, code: str = code) -> None:
                    if CHANNEL in changed and who.identity == f"translator-{code}":
                        told[code].append(json.loads(changed[CHANNEL]))

                one.room.on("participant_attributes_changed", note)
            await until(lambda: all(one.hearing.is_set() for one in listeners.values()))
            ana = Speaker(room, recording)
            await ana.publish()
            await ana.play(time.monotonic() + 0.1)

            def all_spoken() -> bool:
                while not observer.facts.empty():
                    account.note(observer.facts.get_nowait())
                quiet = bool(account.segments) and not any(account.streams.values())
                return quiet and not any(map(account.open_segments, EXPANSIONS))

            def all_arrived() -> bool:
                end = max(one["end"] for spoken in account.spoken.values() for one in spoken)
                return all(
                    len(one.texts(code)) >= len(account.segments)
                    and one.tape.since(observer.zero + end).size > SAMPLE_RATE  # a second more
                    for code, one in listeners.items()
                )

            await until(all_spoken)
            await until(all_arrived)
            tapes = {code: one.tape.since(observer.zero) for code, one in listeners.items()}
            captions = {code: len(one.texts(code)) for code, one in listeners.items()}
    count = len(account.segments)
    assert count >= 0.8 * SECONDS / SPACING
    everything = {code: renditions(code, account, audible(tapes[code]), 0.0) for code in EXPANSIONS}
    stalled = max(one.evs for one in everything["es"]) - DUE  # the machine's doing, or a pause's
    lost = 1 + stalled / SPACING
    for code, expansion in EXPANSIONS.items():
        heard = everything[code]
        late = [(one.onset, one.evs) for one in heard]
        rise = slope_interval([point for point in late if point[0] - late[0][0] >= SETTLED])
        assert rise is not None  # told, not judged: in so short a time it is the machine's
        with capsys.disabled():
            sys.stdout.write(f"\n{line(expansion, count, heard, rise[1], captions[code])}")
        skipped = list(account.unspoken.get(code, {}).values())
        assert captions[code] == count  # no caption is lost
        assert len(heard) + len(skipped) == count
        assert max(evs for _, evs in late) <= DUE + LATEST + stalled + SLACK
        if expansion <= 1.2:
            assert len(skipped) <= lost
        else:
            assert set(skipped) <= {"skipped"}
            assert len(skipped) <= max(1 - FASTEST / expansion, 0.08) * count + lost
            assert any(state["terse"] for state in told[code])
            assert any(state["skipped"] for state in told[code]) or len(skipped) < 2
            assert skipped or expansion < 1.6
        if expansion > 1.0:  # else only where the machine is busy
            assert max(state["pace"] for state in told[code]) == pytest.approx(FASTEST, abs=0.1)


def line(
    expansion: float, count: int, heard: list[HeardRendition], rise: float, captions: int
) -> str:
    spans = [one.evs for one in heard]
    return (
        f"{expansion}: {len(heard)} of {count} heard, {captions} captions, EVS median"
        f" {np.median(spans):.2f} s, at most {max(spans):.2f} s, {rise:.2f} s/min,"
        f" pace up to {max(one.pace for one in heard)}"
    )
