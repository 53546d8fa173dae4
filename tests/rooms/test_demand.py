"""A language runs while somebody wants it, voice and captions apart; else nobody is heard."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import yaml
from livekit import api

from tests.rooms.attendees import attending, until
from tests.rooms.rooms import ROOT, excerpt
from tests.speech import speech
from translator.agent import PAIRS
from translator.demand import LISTEN, READ
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


async def nobody_wants_anything(one: Rehearsal) -> None:
    """The observer, who reads the floor, does so no longer."""
    async with one.access.server() as lk:
        await lk.room.update_participant(
            api.UpdateParticipantRequest(
                room=one.order.room, identity=OBSERVER, attributes={READ: ""}
            )
        )


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
        await nobody_wants_anything(one)
        await asyncio.sleep(1.0)
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
        await until(lambda: reader.texts("es"))
        assert list(account.streams_max.values()) == [1]
        assert set(account.unspoken["es"].values()) == {"captions"}
        assert account.spoken == {}
        assert door.channels == {}

        # The first listener brings the voice, the second shares it.
        async with AsyncExitStack() as first_leaves:
            first = await first_leaves.enter_async_context(
                attending(one.access, one.order.room, "first", listen="fr")
            )
            second = await stack.enter_async_context(
                attending(one.access, one.order.room, "second", listen="fr")
            )
            await until(lambda: account.spoken.get("fr"))
            assert door.channels.keys() == {"fr"}
            assert len(door.channels["fr"]) == 1
            assert first.channels == second.channels == door.channels
            assert list(account.streams_max.values()) == [1]

            # Who changes is served in the other language, and who stays in the first.
            await second.wish(**{LISTEN: "it"})
            await until(lambda: account.spoken.get("it"))
            assert door.channels.keys() == {"fr", "it"}
            begun = time.monotonic()
            await reader.wish(**{READ: "es,fr"})

        # The last listener leaves: the voice goes after the grace, the captions stay.
        await until(lambda: "fr" not in door.channels)
        assert time.monotonic() - begun > GRACE
        voiced, captioned = len(account.spoken["fr"]), len(reader.texts("fr"))
        await until(lambda: len(reader.texts("fr")) > captioned)
        assert len(account.spoken["fr"]) == voiced
        assert door.channels.keys() == {"it"}

        # It comes back when it is asked for again.
        again = await stack.enter_async_context(
            attending(one.access, one.order.room, "again", listen="fr")
        )
        await until(lambda: len(account.spoken["fr"]) > voiced)
        assert audible(again.tape.since(one.begin)).any()

        # Nobody wants anything any more: nobody is heard any more.
        for person in (reader, second, again):
            await person.wish(**{LISTEN: "", READ: ""})
        await until(lambda: not any(account.streams.values()))
        await until(lambda: door.channels == {})
        heard = len(account.segments)
        await asyncio.sleep(4.0)
        assert len(account.segments) == heard
        assert not speaking.done(), "the speaker fell silent, so nothing was shown"
        speaking.cancel()
