"""Pictures of the page while a recorded person speaks: `make picture`."""

import argparse
import asyncio
import logging
from pathlib import Path

from playwright.async_api import Browser, ViewportSize

from tests.browser.browser import ROOM, Venue, chromium, venue, visiting
from translator.access import Role
from translator.rehearsal.people import Speaker, joined, wishes
from translator.rehearsal.recording import read

DESK = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=390, height=844)
LINES = 6
"""Sentences that must have come."""


async def take(place: Venue, browser: Browser, *, view: ViewportSize, out: Path) -> None:
    """One picture, of somebody who listens in Spanish."""
    async with visiting(browser) as visitor:
        await visitor.page.set_viewport_size(view)
        await visitor.join(place.link(Role.SPEAKER), "Eva")
        await visitor.choose("Listen in", "es")
        await visitor.choose("Read in", "es")
        text = ""
        while text.count(".") + text.count(",") < LINES:
            text = await visitor.reads("era", within=90.0)
            await asyncio.sleep(1.0)
        await visitor.page.get_by_text("behind").wait_for(timeout=60_000)
        await visitor.page.screenshot(path=out)


async def pictures(speech: Path, out: Path) -> None:
    """Both, at once."""
    async with (
        venue() as place,
        joined(
            place.access,
            ROOM,
            "p-reader",
            name="Ana Reader",
            attributes=wishes(speak="en"),
            role=Role.SPEAKER,
        ) as room,
        chromium() as browser,
        asyncio.TaskGroup() as group,
    ):
        speaker = Speaker(room, read(speech))
        takes = [
            group.create_task(take(place, browser, view=DESK, out=out / "page.png")),
            group.create_task(take(place, browser, view=PHONE, out=out / "phone.png")),
        ]
        await speaker.publish()
        talking = group.create_task(speaker.play(asyncio.get_running_loop().time()))
        await asyncio.wait(takes)
        talking.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speech", type=Path, help="a recording in English")
    parser.add_argument("out", type=Path, help="a folder")
    given = parser.parse_args()
    logging.getLogger("livekit").setLevel(logging.CRITICAL)
    asyncio.run(pictures(given.speech, given.out))
