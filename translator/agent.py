"""The LiveKit door: the worker, and the job that runs one meeting."""

import asyncio
import json
import logging
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Literal

os.environ.setdefault("LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE", "0")  # 260 MB that nobody uses

import anyio
from livekit.agents import (
    AgentServer,
    AutoSubscribe,
    JobContext,
    JobProcess,
    JobRequest,
)

from translator import languages, redaction, settings
from translator.access import FAILURES, Access
from translator.current import Edits
from translator.dispatch import is_second
from translator.engines import preflight, registry
from translator.errors import SettingsError
from translator.meeting import Engines as EnginesOfAMeeting
from translator.meeting import Meeting
from translator.participant import BRIDGE

log = logging.getLogger(__name__)

AGENT_NAME = "interpreter"
PAIRS = "TRANSLATOR_PAIRS"
"""Environment variable: path of language_pairs.yaml."""
ENGINES = "TRANSLATOR_ENGINES"
"""Environment variable: path of engines.yaml."""
MEETINGS = 10
"""Meetings that fill a worker."""
ANSWER = 5.0
"""Seconds in which livekit-server must say whether a meeting has a job; it waits 10 for us."""
BIRTH = 30.0
"""Seconds in which a process for a meeting must be ready, also while the machine is busy."""
CLOSING = 5.0
"""Seconds that a meeting has to end."""
THREADS = 64
"""Of a meeting, for what would hold up its event loop. A vendor's library may keep one for ten
seconds after it has hung, and Python's own few would all be gone with six of them."""


def paths() -> tuple[Path, Path]:
    """Where the two configuration files are: named by the environment, else in this folder."""
    return (
        Path(os.environ.get(PAIRS, "language_pairs.yaml")),
        Path(os.environ.get(ENGINES, "engines.yaml")),
    )


def worker(
    access: Access,
    *,
    agent_name: str = AGENT_NAME,
    start: Literal["forkserver", "spawn"] = "forkserver",
) -> AgentServer:
    """A worker that takes the meetings dispatched to `agent_name`.

    `start` is how its processes begin: a fork server shares memory among them, and keeps the
    environment of its first use for good; spawned ones get the environment as it is then.
    Raises SettingsError.
    """
    server = AgentServer(
        ws_url=access.url,
        api_key=access.api_key,
        api_secret=access.api_secret,
        num_idle_processes=1,
        initialize_process_timeout=BIRTH,
        setup_fnc=partial(prewarm, settings.load(*paths())),
        multiprocessing_context=start,
        host="127.0.0.1",
        port=0,
        load_fnc=load,
        load_threshold=float("inf"),
        drain_timeout=5,
        session_end_timeout=CLOSING + 1.0,
        log_level="WARN",
    )
    server.rtc_session(interpret, agent_name=agent_name, on_request=accept, on_session_end=end)
    return server


async def serve(server: AgentServer) -> None:
    """Take meetings until cancelled, then end the running ones.

    Raises what ends the server itself. A server that is cancelled while it starts would wait
    for its processes for ever, so it is let to start, and closed.
    """
    async with asyncio.TaskGroup() as group:
        running = group.create_task(server.run(devmode=False))
        try:
            await asyncio.wait((running,))
        finally:
            await server.aclose()
            running.cancel()


def load(server: AgentServer) -> float:
    """How full this worker is, from 0 to 0.9: by its meetings, and not by what else the machine
    does, since livekit-server gives nothing to a worker that says 1."""
    return min(len(server.active_jobs) / MEETINGS, 0.9)


def prewarm(good: settings.Settings, process: JobProcess) -> None:
    """Read the configuration, its engines' plugins and its languages' names before a job comes.

    It never fails, or the worker would start one process after the other: `good` settings, those
    that the worker began with, take the place of what cannot be used.
    """
    loaded = process.userdata["settings"] = _usable(meeting=None, otherwise=good)
    redaction.install()  # this process logs by a handler of its own
    registry.preload(loaded)
    anyio.get_available_backends()  # imported here: the first watch of a file would hold up the job
    for code in loaded.languages:
        languages.own_name(code)


async def accept(request: JobRequest) -> None:
    """Take a meeting that has no job, nor gets one by an earlier dispatch."""
    async with _access().server() as lk:
        try:
            async with asyncio.timeout(ANSWER):
                second = await is_second(lk, request.job)
        except FAILURES as error:
            log.warning("livekit-server does not say whether a room has a job: %s", error)
            second = False
    if second:
        await request.reject(terminate=True)
    else:
        await request.accept(identity=BRIDGE + request.room.name, name="Interpreter")


async def interpret(context: JobContext) -> None:
    """The job: run the meeting of this room."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "beside"))
    room = context.job.room.name
    loaded = await asyncio.to_thread(
        _usable, meeting=room, otherwise=context.proc.userdata["settings"]
    )
    engines = registry.Engines(loaded.engines)
    await begin(context, loaded, _edits(room, loaded, engines), engines)


def _usable(*, meeting: str | None, otherwise: settings.Settings) -> settings.Settings:
    """The settings as the files are now; `otherwise`, where an edit since cannot be used, which
    the meeting is told as its first edit."""
    try:
        loaded = settings.load(*paths(), meeting=meeting)
    except SettingsError as error:
        found: settings.Settings | SettingsError = error
    else:
        found = loaded if loaded == otherwise else _served(loaded)
    if isinstance(found, SettingsError):
        log.error("an edit is not taken over: %s", found)
        return otherwise
    return found


async def _edits(room: str, loaded: settings.Settings, engines: registry.Engines) -> Edits:
    """The settings after each edit, if the engines can do what is asked of them."""
    changes = settings.changes(*paths(), meeting=room, current=loaded)
    async with aclosing(changes):
        async for edit in changes:
            if isinstance(edit, settings.Settings):
                edit = await asyncio.to_thread(_served, edit)
            if isinstance(edit, settings.Settings):
                engines.take(edit.engines)
            yield edit


def _served(edit: settings.Settings) -> settings.Settings | SettingsError:
    try:
        preflight.check(edit, spoken=edit.spoken, targets=edit.languages)
    except SettingsError as error:
        return error
    return edit


async def begin(
    context: JobContext, loaded: settings.Settings, edits: Edits, engines: EnginesOfAMeeting
) -> None:
    """Start the meeting of this room; it lives as long as the job."""
    meeting = Meeting(
        context.room,
        settings=loaded,
        edits=edits,
        engines=engines,
        access=_access(),
        observers=_observers(context.job.metadata),
        clock=time.monotonic,
    )
    await context.connect(auto_subscribe=AutoSubscribe.SUBSCRIBE_NONE)
    task = asyncio.create_task(meeting.run())  # noqa: TID251  (the job owns it: see `end`)
    context.proc.userdata["meeting"] = task
    task.add_done_callback(lambda done: _ended(context, done))


def _ended(context: JobContext, task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("the meeting failed", exc_info=task.exception())
        context.shutdown("the meeting failed")


async def end(context: JobContext) -> None:
    """The room is still connected: let the meeting say its last."""
    task: asyncio.Task[None] | None = context.proc.userdata.get("meeting")
    if task is not None:
        task.cancel()
        await asyncio.wait((task,), timeout=CLOSING)


def _access() -> Access:
    """The server of this worker, which exports it."""
    return Access(
        url=os.environ["LIVEKIT_URL"],
        api_key=os.environ["LIVEKIT_API_KEY"],
        api_secret=os.environ["LIVEKIT_API_SECRET"],
    )


def _observers(metadata: str) -> Sequence[str]:
    """Identities that whoever dispatched the job wants to get the facts."""
    return [str(one) for one in json.loads(metadata or "{}").get("observers", ())]
