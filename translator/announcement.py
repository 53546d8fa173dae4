"""What the room's metadata says of the meeting: which languages there are, and what is wrong."""

import json
import logging
from typing import Any

import aiohttp
from livekit import api, rtc

from translator.access import Access
from translator.languages import own_name
from translator.settings import Settings

log = logging.getLogger(__name__)

KEY = "translator"


class Announcement:
    """Keeps the metadata as it should be; a server that does not take it is asked again."""

    def __init__(self, room: rtc.Room, access: Access) -> None:
        self._room = room
        self._access = access
        self._told: dict[str, Any] | None = None

    async def make(self, settings: Settings, *, problem: str | None) -> None:
        """Say it, unless it is said. `problem` is for people: why somebody is not interpreted."""
        content = announced(settings, problem=problem)
        if content == self._told:
            return
        metadata = json.dumps(merged(self._room.metadata, content), ensure_ascii=False)
        try:
            async with self._access.server() as lk:
                await lk.room.update_room_metadata(
                    api.UpdateRoomMetadataRequest(room=self._room.name, metadata=metadata)
                )
        except (api.TwirpError, aiohttp.ClientError, TimeoutError) as error:
            log.warning("livekit-server did not take the room's metadata: %s", error)
        else:
            self._told = content


def announced(settings: Settings, *, problem: str | None) -> dict[str, Any]:
    """What stands under KEY; see docs/protocol.md."""
    return {
        "languages": {code: own_name(code) for code in settings.languages},
        "voices": [code for code, one in settings.languages.items() if one.speak],
        "spoken": list(settings.spoken),
        "problem": problem,
    }


def merged(metadata: str, content: dict[str, Any]) -> dict[str, Any]:
    """`content` beside what else is there; what is no JSON object is kept as `text`."""
    try:
        there = json.loads(metadata or "{}")
    except ValueError:
        there = None
    others = there if isinstance(there, dict) else {"text": metadata}
    return {**others, KEY: content}
