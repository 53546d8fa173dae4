"""The commands `translator worker` and `translator dispatch`: what serves a livekit-server."""

import argparse
import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from translator.leaving import interrupted

if TYPE_CHECKING:
    from translator.access import Access


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both to the command line."""
    worker = commands.add_parser("worker", help="take meetings dispatched by LIVEKIT_URL's server")
    worker.set_defaults(command=_worker)

    dispatch = commands.add_parser(
        "dispatch", help="have the rooms of LIVEKIT_URL's server interpreted, whoever made them"
    )
    dispatch.add_argument(
        "--rooms", default="*", metavar="PATTERN", help="which, such as 'meeting-*'; all"
    )
    dispatch.set_defaults(command=_dispatch)


def _worker(arguments: argparse.Namespace) -> int:
    from translator import agent, settings
    from translator.engines import preflight
    from translator.engines.host import running

    loaded = settings.load(*agent.paths())
    preflight.check(loaded, spoken=loaded.spoken, targets=loaded.languages)

    async def work(access: "Access") -> None:
        async with running():
            await agent.serve(agent.worker(access))

    return _serve(work)


def _dispatch(arguments: argparse.Namespace) -> int:
    from translator.agent import AGENT_NAME
    from translator.dispatch import Dispatcher

    async def work(access: "Access") -> None:
        await Dispatcher(access, agent_name=AGENT_NAME, rooms=arguments.rooms).run()

    return _serve(work)


def _serve(work: Callable[["Access"], Coroutine[Any, Any, None]]) -> int:
    """Do `work` for the server that the environment names, until interrupted."""
    from translator.server import LiveKitServer, configured

    configured()  # without it LiveKitServer would start a server of its own

    async def until_stopped() -> None:
        stop = interrupted()
        # A worker would try for ever where nothing answers or the key is refused.
        async with LiveKitServer.running() as server, asyncio.TaskGroup() as group:
            working = group.create_task(work(server.access))
            stopping = group.create_task(stop.wait())
            await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
            working.cancel()
            stopping.cancel()

    asyncio.run(until_stopped())
    return 0
