"""`translator run`: a meeting to look at. A recorded person speaks, then the room is open.

The meeting is at a web address, and in the terminal: what is said, in every language asked for,
and how far behind it is heard.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from translator.access import Role
from translator.captions import FLOOR
from translator.house import House
from translator.leaving import interrupted
from translator.rehearsal.order import Order
from translator.rehearsal.people import Listener, joined, wishes
from translator.rehearsal.run import OBSERVER, Told, premises, rehearse
from translator.web.links import Links
from translator.web.server import listening
from translator.web.server import running as web

TITLE = "Open meeting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What to show."""

    order: Order
    port: int
    once: bool
    """End when the recording has been heard, and do not wait for people."""


async def show(
    demo: Demo, *, told: Told, say: Callable[[str], None], summed_up: Told
) -> Mapping[str, Any]:
    """Run it until the recording has been heard or, unless `once`, until Ctrl-C.

    `told` is given every fact, `say` what a person should read, `summed_up` the report of the
    recording, which is the result, too. Raises ServiceError, perhaps in a group, when something
    cannot be started or stops, and InputError where browsers could not find livekit-server.
    """
    room = demo.order.room
    links = Links()
    speaker = links.add(meeting=room, title=TITLE, role=Role.SPEAKER)
    organizer = links.add(meeting=room, title=TITLE, role=Role.ORGANIZER)
    public_url = os.environ.get("LIVEKIT_PUBLIC_URL")
    with listening(demo.port) as listener:
        async with (
            premises(room) as home,
            web(
                access=home.access,
                links=links,
                listener=listener,
                public_url=public_url,
                home=speaker,
            ) as address,
        ):
            say(f"Join in a browser: {address}")
            say(f"As organizer: {address}/m/{organizer}")
            result = await rehearse(demo.order, home, told)
            summed_up(result)
            if not demo.once:
                stop = interrupted()  # before anybody is told of it
                say(f"The room is open: {address} (Ctrl-C ends it)")
                await _read_along(home, room, told, stop)
    return result


async def _read_along(home: House, room: str, told: Told, stop: asyncio.Event) -> None:
    """Tell what people in the room say until `stop`."""
    async with (
        joined(home.access, room, OBSERVER, name="Observer", attributes=wishes(read=FLOOR)) as one,
        asyncio.TaskGroup() as group,
    ):
        telling = group.create_task(_tell(Listener(one), told))
        await stop.wait()
        telling.cancel()


async def _tell(listener: Listener, told: Told) -> None:
    while True:
        told(await listener.facts.get())
