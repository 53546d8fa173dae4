"""A meeting has its job, also after the job died, and never two."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from livekit import api
from livekit.protocol.agent import Job, JobState, JobStatus
from livekit.protocol.models import ParticipantInfo, Room

from translator.access import Access
from translator.dispatch import (
    PATIENCE,
    SETTLED,
    START,
    Dispatch,
    Dispatcher,
    is_second,
    job_since,
)
from translator.participant import BRIDGE

pytestmark = pytest.mark.unit

NAME = "interpreter"
ANA = ParticipantInfo(identity="p-ana")
VOICE = ParticipantInfo(identity="translator-es", kind=ParticipantInfo.AGENT)
ACCESS = Access(url="ws://nowhere", api_key="key", api_secret="secret")


def bridge(room: str = "town", *, since: float) -> ParticipantInfo:
    return ParticipantInfo(
        identity=BRIDGE + room, kind=ParticipantInfo.AGENT, joined_at_ms=round(since * 1000)
    )


def dispatch(
    created: float,
    *,
    taken: float | None = None,
    id: str = "AD_1",
    status: JobStatus = JobStatus.JS_RUNNING,
    agent_name: str = NAME,
) -> api.AgentDispatch:
    state = api.AgentDispatchState(created_at=round(created * 1e9))
    if taken is not None:
        state.jobs.append(Job(state=JobState(status=status, started_at=round(taken * 1e9))))
    return api.AgentDispatch(id=id, agent_name=agent_name, state=state)


def now() -> float:
    return datetime.now(UTC).timestamp()


@dataclass(slots=True, kw_only=True)
class Server:
    """livekit-server's calls, as far as a dispatcher makes them."""

    rooms: dict[str, list[ParticipantInfo]]
    dispatches: list[api.AgentDispatch] = field(default_factory=list)
    age: float = 60.0
    """Of the rooms, in seconds."""
    counts: bool = True
    """Whether the participants of a room are counted."""
    broken: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    created: list[str] = field(default_factory=list)

    @property
    def room(self) -> "Server":
        return self

    @property
    def agent_dispatch(self) -> "Server":
        return self

    async def list_rooms(self, _: object) -> api.ListRoomsResponse:
        rooms = [
            Room(
                name=name,
                num_participants=len(present) if self.counts else 0,
                creation_time=round(now() - self.age),
            )
            for name, present in self.rooms.items()
        ]
        return api.ListRoomsResponse(rooms=rooms)

    async def list_participants(
        self, wish: api.ListParticipantsRequest
    ) -> api.ListParticipantsResponse:
        self.asked.append(wish.room)
        if wish.room in self.broken:
            raise TimeoutError
        return api.ListParticipantsResponse(participants=self.rooms[wish.room])

    async def list_dispatch(self, room: str) -> Sequence[api.AgentDispatch]:
        return self.dispatches

    async def delete_dispatch(self, id: str, room: str) -> None:
        if id not in [one.id for one in self.dispatches]:
            raise api.TwirpError(api.TwirpErrorCode.NOT_FOUND, "no such dispatch", status=404)
        self.deleted.append(id)

    async def create_dispatch(self, wish: api.CreateAgentDispatchRequest) -> None:
        assert wish.agent_name == NAME
        self.created.append(wish.room)


def dispatcher(**more: Any) -> Dispatcher:
    return Dispatcher(ACCESS, agent_name=NAME, **more)


async def look(server: Any, one: Dispatcher | None = None) -> None:
    await (one or dispatcher()).look(server)


async def test_a_room_that_people_enter_is_dispatched() -> None:
    server = Server(rooms={"town": [ANA]})
    await look(server)
    assert (server.created, server.deleted) == (["town"], [])


@pytest.mark.parametrize(
    "present",
    [
        [VOICE],
        [ParticipantInfo(identity="recorder", kind=ParticipantInfo.EGRESS)],
        [ParticipantInfo(identity="camera", kind=ParticipantInfo.BRIDGE)],
        [bridge(since=1.0), ANA],
    ],
    ids=["a channel left alone", "a recorder", "a camera", "interpreted"],
)
async def test_a_room_without_people_or_with_a_job_is_not(present: list[ParticipantInfo]) -> None:
    server = Server(rooms={"town": present})
    await look(server)
    assert server.created == []


async def test_a_person_who_is_named_like_a_job_is_none() -> None:
    server = Server(rooms={"town": [ParticipantInfo(identity=BRIDGE + "town")]})
    await look(server)
    assert server.created == ["town"]


async def test_a_room_of_another_name_is_left_to_others() -> None:
    server = Server(rooms={"town": [ANA], "village": [ANA]})
    await look(server, dispatcher(rooms="vil*"))
    assert server.created == ["village"]


@pytest.mark.parametrize(("age", "asked"), [(SETTLED - 5.0, ["town"]), (SETTLED + 5.0, [])])
async def test_nobody_is_looked_for_in_an_empty_room_unless_it_is_new(
    age: float, asked: list[str]
) -> None:
    server = Server(rooms={"town": [ANA]}, counts=False, age=age)
    await look(server)
    assert server.asked == asked


async def test_a_room_that_fails_keeps_no_other_waiting() -> None:
    server = Server(rooms={"broken": [ANA], "town": [ANA]}, broken=frozenset({"broken"}))
    await look(server)
    assert server.created == ["town"]


@pytest.mark.parametrize("taken", [None, -1.0])
async def test_what_another_dispatcher_told_is_neither_told_again_nor_taken_back(
    taken: float | None,
) -> None:
    at = now()
    server = Server(
        rooms={"town": [ANA]},
        dispatches=[dispatch(at - 2.0, taken=None if taken is None else at + taken)],
    )
    await look(server)
    assert (server.created, server.deleted) == ([], [])


async def test_a_dispatch_of_another_agent_is_not_ours() -> None:
    server = Server(rooms={"town": [ANA]}, dispatches=[dispatch(now(), agent_name="")])
    await look(server)
    assert (server.created, server.deleted) == (["town"], [])


async def test_a_job_that_died_is_replaced_at_once() -> None:
    server = Server(
        rooms={"town": [ANA, bridge(since=now() - 2.0)]},
        dispatches=[dispatch(now() - 4.0, taken=now() - 3.9)],
    )
    one = dispatcher()
    await look(server, one)
    server.rooms["town"] = [ANA]
    await look(server, one)
    assert (server.created, server.deleted) == (["town"], ["AD_1"])


async def test_the_job_after_one_that_died_is_waited_for() -> None:
    server = Server(
        rooms={"town": [ANA, bridge(since=now() - 9.0)]},
        dispatches=[dispatch(now() - 11.0, taken=now() - 11.0)],
    )
    one = dispatcher()
    await look(server, one)
    server.rooms["town"] = [ANA]
    server.dispatches = [dispatch(now() - 2.0, taken=now() - 1.0, id="AD_2")]
    await look(server, one)
    assert (server.created, server.deleted) == ([], [])


async def test_of_two_dispatchers_that_see_a_job_die_one_tells_it() -> None:
    server = Server(rooms={"town": [ANA]}, dispatches=[dispatch(now() - 999.0, id="AD_1")])
    old = server.dispatches
    await look(server)
    server.dispatches = []

    class Late(Server):
        """Still says what was before the first one's look."""

        async def list_dispatch(self, room: str) -> Sequence[api.AgentDispatch]:
            return old

    late = Late(rooms=server.rooms)
    await look(late)
    assert (server.created, late.created) == (["town"], [])


def test_a_dispatch_waits_for_a_worker_and_a_job_for_a_busy_machine() -> None:
    told = Dispatch.of(dispatch(100.0))
    assert told.may_follow(now=100.0 + PATIENCE - 0.1)
    assert not told.may_follow(now=100.0 + PATIENCE)
    taken = Dispatch.of(dispatch(100.0, taken=105.0))
    assert START >= 60.0
    assert taken.may_follow(now=105.0 + START - 0.1)
    assert not taken.may_follow(now=105.0 + START)


def test_a_job_that_was_turned_down_is_none() -> None:
    one = Dispatch.of(dispatch(100.0, taken=100.0, status=JobStatus.JS_SUCCESS))
    assert one.taken is None


def test_the_job_is_known_by_its_kind_and_its_name() -> None:
    assert job_since([ANA, VOICE]) is None
    assert job_since([ANA, bridge(since=7.5)]) == 7.5


# --- at the worker's door -----------------------------------------------------------------------


async def second(server: Any, id: str) -> bool:
    return await is_second(server, Job(dispatch_id=id, agent_name=NAME, room=Room(name="town")))


async def test_of_two_dispatches_at_once_the_first_is_taken() -> None:
    at = now()
    both = [dispatch(at, id="AD_1"), dispatch(at + 0.001, id="AD_2")]
    server = Server(rooms={"town": [ANA]}, dispatches=both)
    assert [await second(server, "AD_1"), await second(server, "AD_2")] == [False, True]


async def test_a_room_that_has_its_job_takes_no_other() -> None:
    server = Server(
        rooms={"town": [ANA, bridge(since=now() - 500.0)]},
        dispatches=[dispatch(now() - 501.0, taken=now() - 501.0), dispatch(now(), id="AD_2")],
    )
    assert await second(server, "AD_2")


async def test_a_job_whose_dispatch_was_taken_back_is_not_taken() -> None:
    assert await second(Server(rooms={"town": [ANA]}), "AD_1")


async def test_a_dispatch_whose_job_never_came_is_no_obstacle() -> None:
    old = dispatch(now() - 500.0, taken=now() - 500.0)
    server = Server(rooms={"town": [ANA]}, dispatches=[old, dispatch(now(), id="AD_2")])
    assert not await second(server, "AD_2")
