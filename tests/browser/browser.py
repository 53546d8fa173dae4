"""Chromium, and the page in it, as a person with eyes and ears would use it."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from livekit import api
from playwright.async_api import Browser, Locator, Page, WebSocketRoute, async_playwright

from tests.rooms.attendees import SOON
from translator.access import Access, ClonedVoice, Role
from translator.house import House, house
from translator.participant import PREFIX
from translator.web.links import Links
from translator.web.server import STATIC
from translator.web.server import running as web

ROOM = "town hall"
QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
"""Chromium calls nobody by itself."""
SIGNALS = re.compile("^wss?://.*/rtc")
"""What the page's connection to livekit-server is called."""
MICROPHONE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
"""A microphone that nobody is asked for."""
CONNECTIONS = """
    const Original = window.RTCPeerConnection;
    window.connections = [];
    window.names = {};
    window.RTCPeerConnection = class extends Original {
        constructor(...given) {
            super(...given);
            window.connections.push(this);
            this.addEventListener('track', ({ track, streams: [stream] }) => {
                window.names[track.id] = stream.id.split('|').at(-1);
            });
        }
    };
"""
"""Keeps the page's connections, whose statistics say what it plays, and LiveKit's track ids."""
ENERGY = """async () => {
    const found = {};
    for (const one of window.connections) {
        for (const stats of (await one.getStats()).values()) {
            if (stats.type === 'inbound-rtp' && stats.kind === 'audio')
                found[window.names[stats.trackIdentifier]] = stats.totalAudioEnergy;
        }
    }
    return found;
}"""
"""The energy heard until now, by the id of the track."""


@asynccontextmanager
async def chromium(*flags: str) -> AsyncGenerator[Browser, None]:
    """A browser. Skips the test where none is installed, unless it is CI's."""
    path = shutil.which("chromium")
    if path is None:
        missing = "there is no chromium: run scripts/packages browser"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)  # a run that proves nothing must not look like one that does
        pytest.skip(missing)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, chromium_sandbox=False, args=[*QUIET, *flags]
        )
        yield browser
        await browser.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """A house with a page."""

    home: House
    links: Links
    address: str

    @property
    def access(self) -> Access:
        """The right to let others in."""
        return self.home.access

    def link(
        self, role: Role = Role.SPEAKER, *, name: str = "", voice: ClonedVoice | None = None
    ) -> str:
        """An address that leads into the meeting."""
        link = self.links.add(meeting=ROOM, role=role, title="Town hall", name=name, voice=voice)
        return f"{self.address}/m/{link}"

    async def attributes(self, name: str) -> dict[str, str]:
        """What the person of that name says of itself."""
        async with self.access.server() as lk:
            found = await lk.room.list_participants(api.ListParticipantsRequest(room=ROOM))
        (person,) = [one for one in found.participants if one.name == name]
        return {"identity": person.identity, **person.attributes}

    async def track(self, language: str) -> str | None:
        """The id of the channel's track, if it is there."""
        async with self.access.server() as lk:
            found = await lk.room.list_participants(api.ListParticipantsRequest(room=ROOM))
        tracks = [
            t.sid for p in found.participants if p.identity == PREFIX + language for t in p.tracks
        ]
        return tracks[0] if tracks else None

    async def remove(self, name: str) -> None:
        """Have livekit-server put the person of that name out."""
        async with self.access.server() as lk:
            found = await lk.room.list_participants(api.ListParticipantsRequest(room=ROOM))
            (identity,) = [p.identity for p in found.participants if p.name == name]
            await lk.room.remove_participant(
                api.RoomParticipantIdentity(room=ROOM, identity=identity)
            )


@asynccontextmanager
async def venue(*, max_people: int = 20) -> AsyncGenerator[Venue, None]:
    """Everything that a meeting needs, and the page. Fails the test where it is not built."""
    if not (STATIC / "index.html").is_file():
        pytest.fail("the page is not built: run scripts/client")
    links = Links()
    async with (
        house(rooms="*", observers=[]) as home,
        web(access=home.access, links=links, port=0, max_people=max_people) as address,
    ):
        yield Venue(home=home, links=links, address=address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody at a page."""

    page: Page

    def button(self, name: str) -> Locator:
        """The button of that name."""
        return self.page.get_by_role("button", name=name)

    @property
    def captions(self) -> Locator:
        """What can be read."""
        return self.page.get_by_role("log", name="Captions")

    @property
    def status(self) -> Locator:
        """How it goes."""
        return self.page.get_by_role("status")

    async def join(self, link: str, name: str) -> None:
        """Open the link, and enter."""
        await self.page.goto(link)
        await self.enter(name)

    async def enter(self, name: str) -> None:
        """Enter, or try to."""
        await self.page.get_by_label("Your name").fill(name)
        await self.button("Join").click()

    async def choose(self, label: str, language: str) -> None:
        """Pick a language by its code, when it is offered."""
        choice = self.page.get_by_label(label)
        await choice.locator(f"option[value={language}]").wait_for(state="attached", timeout=60_000)
        await choice.select_option(language)

    async def energy(self, track: str | None) -> float:
        """What was heard of a track until now."""
        heard: dict[str, float] = await self.page.evaluate(ENERGY)
        return heard.get(track or "", 0.0)

    async def hears(self, track: str, *, within: float = SOON) -> None:
        """Wait until it is heard. Raises TimeoutError."""
        before = await self.energy(track)
        async with asyncio.timeout(within):
            while await self.energy(track) < before + 0.001:  # noqa: ASYNC110 (the page has none)
                await asyncio.sleep(0.2)

    async def hears_instead(self, track: str, other: str, *, within: float = SOON) -> None:
        """Wait until a track is heard and another one is not any more. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while True:
                before = await self.energy(other)
                await self.hears(track)
                if await self.energy(other) <= before:
                    return

    async def reads_on(self, *, within: float = SOON) -> None:
        """Wait until there is more to read. Raises TimeoutError."""
        before = await self.captions.inner_text()
        async with asyncio.timeout(within):
            while await self.captions.inner_text() == before:  # noqa: ASYNC110 (as above)
                await asyncio.sleep(0.2)

    async def reads(self, *words: str, within: float = SOON) -> str:
        """Wait until one of the words is among the captions; gives them all."""
        async with asyncio.timeout(within):
            while True:
                text = await self.captions.inner_text()
                if any(word in text.lower() for word in words):
                    return text
                await asyncio.sleep(0.2)


class Wire:
    """A page's connection to livekit-server for all but sound and captions, which can be cut."""

    def __init__(self) -> None:
        self._whole = asyncio.Event()
        self._whole.set()
        self._open: list[WebSocketRoute] = []

    async def through(self, page: Page) -> None:
        """Lead the page's connections this way, from when it is opened."""
        await page.route_web_socket(SIGNALS, self._connect)

    async def cut(self) -> None:
        """End what is connected; what connects waits until it is mended."""
        self._whole.clear()
        for route in self._open:
            await route.close(code=1011)
        self._open.clear()

    def mend(self) -> None:
        """New connections go through."""
        self._whole.set()

    async def _connect(self, route: WebSocketRoute) -> None:
        await self._whole.wait()
        route.connect_to_server()
        self._open.append(route)


@asynccontextmanager
async def visiting(
    browser: Browser, *, permissions: Sequence[str] = (), language: str = "en-GB"
) -> AsyncGenerator[Visitor, None]:
    """A new visitor, with nothing remembered."""
    context = await browser.new_context(permissions=list(permissions), locale=language)
    await context.add_init_script(CONNECTIONS)
    yield Visitor(page=await context.new_page())
    await context.close()
