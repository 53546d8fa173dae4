"""What the room's metadata says of the meeting: which languages there are, and what is wrong."""

import json
import logging
from collections.abc import Collection, Mapping
from typing import Any

from livekit import api, rtc

from translator.access import FAILURES, Access
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

    async def make(
        self,
        settings: Settings,
        *,
        problem: str | None,
        cast: Mapping[str, int] = {},
        limited: Collection[str] = (),
    ) -> None:
        """Say it, unless it is said. `problem` is for people: why somebody is not interpreted;
        `cast` are the speakers' seats (translator.cast), for a job that takes over; `limited` who
        is at its ceiling of cost."""
        content = announced(settings, problem=problem, cast=cast, limited=limited)
        if content == self._told:
            return
        metadata = json.dumps(merged(self._room.metadata, content), ensure_ascii=False)
        try:
            async with self._access.server() as lk:
                await lk.room.update_room_metadata(
                    api.UpdateRoomMetadataRequest(room=self._room.name, metadata=metadata)
                )
        except FAILURES as error:
            log.warning("livekit-server did not take the room's metadata: %s", error)
        else:
            self._told = content


def announced(
    settings: Settings,
    *,
    problem: str | None,
    cast: Mapping[str, int] = {},
    limited: Collection[str] = (),
) -> dict[str, Any]:
    """What stands under KEY; see docs/protocol.md."""
    return {
        "languages": {code: own_name(code) for code in settings.languages},
        "voices": [code for code, one in settings.languages.items() if one.speak],
        "spoken": list(settings.spoken),
        "problem": problem,
        "cast": dict(cast),
        "limited": sorted(limited),
    }


def merged(metadata: str, content: dict[str, Any]) -> dict[str, Any]:
    """`content` beside what else is there; what is no JSON object is kept as `text`."""
    there = _parsed(metadata)
    others = there if isinstance(there, dict) else {"text": metadata}
    return {**others, KEY: content}


def announced_cast(metadata: str) -> object:
    """The seats that an earlier job announced; whatever stands there, or None."""
    match _parsed(metadata):
        case {"translator": {"cast": cast}}:
            return cast
    return None


def _parsed(metadata: str) -> object:
    try:
        return json.loads(metadata or "{}")
    except ValueError:
        return None
