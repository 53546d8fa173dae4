"""A whole cascade by LiveKit's real OpenAI plugin: rendered and spoken, clause by clause."""

import asyncio

import pytest
from livekit.agents.utils import http_context

from tests.fakes import Facts, ListTrack, meeting_clock, meeting_settings, segment
from tests.vendors.openai import KEY, OpenAI, Reply, Request
from translator.channel import Channel
from translator.engines.registry import Engines
from translator.floors import Floors
from translator.health import Health
from translator.interpreters.machine import Machine
from translator.record import Fact, Record, Rendered, Speaking, Spoken, Unspoken
from translator.settings import Engine
from translator.types import Cut, Tail

pytestmark = pytest.mark.vendor

SPOKEN = "The committee met yesterday in the town hall, and today it votes on the new bridge."
RENDERED = "El comité se reunió ayer en el ayuntamiento, y hoy vota sobre el nuevo puente."


async def test_the_first_clause_is_heard_before_the_model_has_written_the_last_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("A_KEY", KEY)

    def reply(request: Request) -> Reply:
        return Reply(text=RENDERED, pause=0.15) if "messages" in request.body else Reply()

    record, facts, floors = Record(meeting_clock()), Facts(), Floors()
    record.subscribe(facts.note)
    answered: list[bool] = []  # whether the model was done, as each rendition began to sound
    over = asyncio.Event()
    settings = meeting_settings()
    channel = Channel("es", record=record, max_wait=settings.max_wait)
    channel.put_machine_on_air()
    track = ListTrack(record.clock)
    tail = Tail(speaker="p-ada", speaker_name="Ada", language="en", text="", start=2.0, end=2.0)
    async with OpenAI(reply) as server, http_context.open():

        def note(fact: Fact) -> None:
            if isinstance(fact, Speaking):
                answered.append(server.requests[0].answered)
            elif isinstance(fact, Spoken | Unspoken):
                over.set()

        record.subscribe(note)
        own = Engine(plugin="openai", model="gpt-test", key="A_KEY", base_url=server.base_url)
        engines = Engines({"renderer": own, "voice": own})
        machine = Machine(
            engines, settings=lambda _: settings, record=record, health=Health(record.clock)
        )
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(machine.run(floors, channel)),
                group.create_task(channel.run(track)),
            ]
            await asyncio.sleep(0)
            floors.publish(Cut(segments=(segment(text=SPOKEN),), tail=tail))
            await over.wait()
            for task in tasks:
                task.cancel()
        await engines.close()
    (began,), (whole,), (_,) = facts.of(Speaking), facts.of(Rendered), facts.of(Spoken)
    assert answered == [False]
    assert began.at < whole.at
    assert whole.rendition.text == RENDERED
    assert whole.rendition.prompt == "interpret 1.2.0"
    said = [one.body["input"] for one in server.requests if "input" in one.body]
    assert said == [
        "El comité se reunió ayer en el ayuntamiento,",
        "y hoy vota sobre el nuevo puente.",
    ]
    assert len(track.samples()) / 24_000 == pytest.approx(0.05 * len(RENDERED), abs=0.2)
