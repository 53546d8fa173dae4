"""A language runs while somebody wants it, voice and captions apart; else nobody is heard."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from livekit import api, rtc

from tests.rooms.attendees import SOON, attending, until
from tests.rooms.rooms import ROOT, excerpt
from tests.speech import speech
from translator.access import Access
from translator.agent import PAIRS
from translator.demand import LISTEN, READ
from translator.meeting import LULL, TICK
from translator.participant import BRIDGE
from translator.rehearsal.order import Order, Talk
from translator.rehearsal.report import audible
from translator.rehearsal.run import OBSERVER, Rehearsal, rehearsal

pytestmark = [pytest.mark.room, pytest.mark.timeout(240)]

GRACE = 3.0


@pytest.fixture(autouse=True)
def short_grace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = yaml.safe_load((ROOT / "language_pairs.yaml").read_text(encoding="utf-8"))
    pairs |= {"grace": GRACE, "pairs": [{"from": "*", "to": "*", "render": "apertium"}]}
    (tmp_path / "pairs.yaml").write_text(yaml.safe_dump(pairs), encoding="utf-8")
    monkeypatch.setenv(PAIRS, str(tmp_path / "pairs.yaml"))
    monkeypatch.setenv("TRANSLATOR_ENGINES", str(ROOT / "engines.yaml"))


@asynccontextmanager
async def program(access: Access, room_name: str) -> AsyncGenerator[rtc.Room, None]:
    """Takes part as none of our links lets anybody: it may send data, and so call the bridge."""
    grants = api.VideoGrants(room_join=True, room=room_name, can_publish_data=True)
    token = api.AccessToken(access.api_key, access.api_secret).with_identity("program")
    room = rtc.Room()
    await room.connect(access.url, token.with_grants(grants).to_jwt())
    yield room
    await room.disconnect()


async def captions_after(room: rtc.Room, seq: int, *, language: str = "es") -> dict[str, Any]:
    """What the bridge answers to who asks for committed captions."""
    answer = await room.local_participant.perform_rpc(
        destination_identity=BRIDGE + room.name,
        method="captions",
        payload=json.dumps({"language": language, "after_seq": seq}),
        response_timeout=SOON,
    )
    found: dict[str, Any] = json.loads(answer)
    return found


async def nobody_wants_anything(one: Rehearsal, calling: rtc.Room) -> None:
    """The observer, who reads the floor, does so no longer, and the bridge has noticed."""
    async with one.access.server() as lk:
        await lk.room.update_participant(
            api.UpdateParticipantRequest(
                room=one.order.room, identity=OBSERVER, attributes={READ: ""}
            )
        )
    observer = calling.remote_participants[OBSERVER]
    await until(lambda: not observer.attributes.get(READ))
    for pause in (TICK + LULL, 0.0):  # when it answers again it has looked again
        await captions_after(calling, 0)
        await asyncio.sleep(pause)


async def test_languages_start_and_stop_with_who_wants_them(tmp_path: Path) -> None:
    talk = Talk(
        name="Ana",
        path=Path("printing"),
        start=0.0,
        recording=excerpt(speech("long_en_printing_a"), 0.0, 150.0),
    )
    order = Order(talks=(talk,), targets=(), spoken="en", out=tmp_path, room="demand")
    async with rehearsal(order) as one, asyncio.TaskGroup() as group, AsyncExitStack() as stack:
        account = one.account

        def now() -> float:
            """Seconds of meeting time."""
            return time.monotonic() - one.observer.zero

        calling = await stack.enter_async_context(program(one.access, one.order.room))
        await nobody_wants_anything(one, calling)
        speaking = group.create_task(one.perform())

        # Nobody wants anything: nobody is heard.
        door = await stack.enter_async_context(attending(one.access, one.order.room, "door"))
        await asyncio.sleep(5.0)
        assert account.streams_max == {}
        assert door.channels == {}

        # Wishes for what does not exist change nothing.
        await door.wish(**{LISTEN: "xx", READ: "klingon,,de,-"})
        await asyncio.sleep(2.0)
        assert account.streams_max == {}
        assert door.channels == {}

        # Captions alone buy no voice.
        reader = await stack.enter_async_context(
            attending(one.access, one.order.room, "reader", read="es")
        )
        await until(lambda: reader.texts("es") and account.unspoken.get("es"))
        assert list(account.streams_max.values()) == [1]
        assert set(account.unspoken["es"].values()) == {"captions"}
        assert account.spoken == {}
        assert door.channels == {}

        # Who comes late asks for what was said until then.
        await until(lambda: len(reader.texts("es")) > 1)
        answer = await captions_after(calling, 0)
        first, *rest = answer["captions"]
        await until(lambda: reader.captions[-1][1]["seq"] >= answer["seq"])
        own = [message for _, message in reader.captions if message["seq"] <= answer["seq"]]
        assert [first, *rest] == [without_tail(message) for message in own if message["final"]]
        later = await captions_after(calling, first["seq"])
        assert later["captions"][: len(rest)] == rest
        assert (await captions_after(calling, 0, language="xx"))["captions"] == []

        # The first listener brings the voice, the second shares it.
        async with AsyncExitStack() as first_leaves:
            listener = await first_leaves.enter_async_context(
                attending(one.access, one.order.room, "first", listen="fr")
            )
            second = await stack.enter_async_context(
                attending(one.access, one.order.room, "second", listen="fr")
            )
            await until(lambda: account.spoken.get("fr"))
            await until(lambda: listener.channels == second.channels == door.channels != {})
            assert door.channels.keys() == {"fr"}
            assert len(door.channels["fr"]) == 1
            assert list(account.streams_max.values()) == [1]

            # Who changes is served in the other language, and who stays in the first.
            await second.wish(**{LISTEN: "it"})
            await until(lambda: account.spoken.get("it") and "it" in door.channels)
            assert door.channels.keys() == {"fr", "it"}
            begun = time.monotonic()
            await reader.wish(**{READ: "es,fr"})

        # The last listener leaves: the voice goes after the grace, the captions stay.
        await until(lambda: "fr" not in door.channels)
        assert time.monotonic() - begun > GRACE
        gone = now()
        captioned = len(reader.texts("fr"))
        await until(lambda: len(reader.texts("fr")) > captioned)
        await until(lambda: "captions" in account.unspoken.get("fr", {}).values())
        assert all(one["start"] < gone for one in account.spoken["fr"])
        assert door.channels.keys() == {"it"}

        # It comes back when it is asked for again.
        again = await stack.enter_async_context(
            attending(one.access, one.order.room, "again", listen="fr")
        )
        await until(lambda: any(one["start"] > gone for one in account.spoken["fr"]))
        await until(lambda: audible(again.tape.since(one.begin)).any())

        # Nobody wants anything any more: nobody is heard any more.
        for person in (reader, second, again):
            await person.wish(**{LISTEN: "", READ: ""})
        await until(lambda: not any(account.streams.values()))
        closed = now()
        await until(lambda: door.channels == {})
        await asyncio.sleep(4.0)
        assert all(segment["start"] < closed for segment in account.segments.values())
        assert not any(account.streams.values())
        assert not speaking.done(), "the speaker fell silent, so nothing was shown"
        speaking.cancel()


def without_tail(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name != "tail"}
