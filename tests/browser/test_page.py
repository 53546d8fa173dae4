"""The page in a real browser: what is heard and read there, and what goes wrong in front of it."""

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.browser import MICROPHONE, ROOM, Wire, chromium, venue, visiting
from tests.rooms.attendees import SOON, speaking
from tests.rooms.rooms import ROOT
from tests.speech import speech
from translator.access import PASS, ClonedVoice, Role
from translator.agent import ENGINES, PAIRS
from translator.persons import VOICE
from translator.rehearsal.recording import SAMPLE_RATE, read, write

pytestmark = [pytest.mark.room, pytest.mark.timeout(240)]

expect.set_options(timeout=60_000)  # ms: a page may take its time on a machine that is busy
SPANISH = ("de ", "la ", "el ")
FRENCH = ("de ", "le ", "la ", "les ")


ROOMS = """
    window.rooms = 0;
    const listen = navigator.mediaDevices.addEventListener;
    navigator.mediaDevices.addEventListener = function (event, ...rest) {
        if (event === 'devicechange') window.rooms += 1;
        return listen.call(this, event, ...rest);
    };
"""
"""Counts LiveKit's rooms, each of which wants to know of new devices."""


async def test_a_listener_hears_and_reads_a_speaker_and_changes_language() -> None:
    async with (
        venue() as place,
        speaking(place.access, ROOM, name="Ana <b>Reader</b>"),
        chromium() as browser,
        visiting(browser) as visitor,
    ):
        wire = Wire()
        await wire.through(visitor.page)
        await visitor.join(place.link(Role.ATTENDEE), "Eva")
        await visitor.choose("Listen in", "es")
        await visitor.choose("Read in", "es")
        await visitor.reads(*SPANISH)
        spanish = await place.track("es")
        assert spanish is not None
        await visitor.hears(spanish)
        text = await visitor.captions.inner_text()
        assert "Ana <b>Reader</b>" in text
        await expect(visitor.status).to_contain_text("Español")
        await expect(visitor.button("Turn on microphone")).to_be_hidden()

        await visitor.choose("Read in", "fr")
        await expect(visitor.captions.locator("[lang=fr]").first).to_be_visible()
        await visitor.reads(*FRENCH)
        await visitor.hears(spanish)
        await expect(visitor.status).to_contain_text("Español")
        assert await place.track("fr") is None

        await wire.cut()
        await expect(visitor.status).to_contain_text("Reconnecting…")
        wire.mend()
        await expect(visitor.status).to_contain_text("Hearing Español")
        await visitor.hears(spanish)
        await visitor.reads_on()

        await visitor.choose("Listen in", "fr")
        await expect(visitor.status).to_contain_text("Hearing Français")
        french = await place.track("fr")
        assert french is not None
        assert french != spanish
        await visitor.hears(french)
        await visitor.hears_instead(french, spanish)


async def test_a_person_speaks_into_the_page_and_another_reads_it(tmp_path: Path) -> None:
    voice = tmp_path / "voice.wav"
    write(voice, read(speech("call_en_T02")).samples, SAMPLE_RATE)
    async with (
        venue() as place,
        chromium(*MICROPHONE, f"--use-file-for-fake-audio-capture={voice}") as talking,
        chromium() as listening,
        visiting(talking, permissions=["microphone"]) as speaker,
        visiting(listening, language="es-MX") as reader,
    ):
        await speaker.join(place.link(), "Luis")
        await speaker.choose("I speak", "en")
        await speaker.button("Turn on microphone").click()
        await expect(speaker.button("Turn off microphone")).to_be_visible()

        await reader.join(place.link(Role.ATTENDEE), "Eva")
        await expect(reader.page.get_by_label("Listen in")).to_have_value("es")
        text = await reader.reads("problema", "agua", within=90.0)
        assert "Luis" in text


async def test_what_goes_wrong_at_the_door_is_said_there() -> None:
    async with venue(max_people=1) as place, chromium() as browser:
        old = place.links.add(meeting=ROOM, role=Role.SPEAKER, valid=timedelta(seconds=-1))
        async with visiting(browser) as one:
            await one.join(f"{place.address}/m/{old}", "Eva")
            await expect(one.page.get_by_text("expired")).to_be_visible()
            assert await one.page.get_by_label("Your name").input_value() == "Eva"
            await one.join(f"{place.address}/m/{'x' * 22}", "Eva")
            await expect(one.page.get_by_role("alert")).not_to_be_empty()
            await one.page.add_init_script(ROOMS)
            await one.join(place.link(Role.INTERPRETER), "N" * 10_000)
            await expect(one.page.get_by_text("60 characters")).to_be_visible()
            await one.enter("   ")
            await expect(one.page.get_by_role("alert")).not_to_be_empty()
            await one.enter("N" * 61)
            await expect(one.page.get_by_text("60 characters")).to_be_visible()
            await one.enter("<img src=x onerror=alert(1)>")
            await expect(one.page.get_by_label("Listen in")).to_be_visible()
            await expect(one.page.get_by_text("· Interpreter")).to_be_visible()
            assert await one.page.evaluate("window.rooms") == 1
            await one.choose("Listen in", "es")
            await expect(one.button("Turn on microphone")).to_be_hidden()
            async with visiting(browser) as second:
                await second.join(place.link(), "Zoe")
                await expect(second.page.get_by_text("full")).to_be_visible()


@pytest.fixture
def terms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The glossary of a configuration that may be edited."""
    for name in ("engines.yaml", "language_pairs.yaml", "glossaries"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    monkeypatch.setenv(PAIRS, str(tmp_path / "language_pairs.yaml"))
    monkeypatch.setenv(ENGINES, str(tmp_path / "engines.yaml"))
    return tmp_path / "glossaries" / "example.yaml"


def edit(terms: Path) -> None:
    terms.write_text("version: 1\nterms:\n  - {en: printing, es: TIPOGRAFÍA}\n", "utf-8")


async def test_a_link_serves_two_and_what_happens_to_each_is_said_to_them(terms: Path) -> None:
    async with venue() as place, chromium() as browser:
        link = place.link()
        async with (
            visiting(browser) as first,
            visiting(browser) as second,
            visiting(browser) as boss,
        ):
            await first.join(link, "Eva")
            await second.join(link, "Zoe")
            await boss.join(place.link(Role.ORGANIZER), "Boss")
            for one in (first, second, boss):
                await one.choose("Listen in", "es")
                await expect(one.button("Turn on microphone")).to_be_visible()
            await first.button("Turn on microphone").click()
            await expect(first.page.get_by_text("You still hear the meeting")).to_be_visible()

            edit(terms)
            notices = boss.page.get_by_role("region", name="Notices")
            await expect(notices).to_contain_text("Settings 2 are in force")
            await expect(notices).to_contain_text("example.yaml")
            await expect(first.page.get_by_role("region", name="Notices")).to_be_hidden()

            await place.remove("Zoe")
            await expect(second.status).to_contain_text("You were removed")
            await expect(second.button("Turn on microphone")).to_be_hidden()
            await second.button("Join again").click()
            await expect(second.button("Turn on microphone")).to_be_visible()
            for one in (first, second, boss):
                await expect(one.status).not_to_contain_text("lost")


async def test_a_person_is_asked_for_its_voice_and_takes_it_back() -> None:
    voice = ClonedVoice(engine="espeak", name="en+f4")
    async with venue() as place, chromium() as browser, visiting(browser) as ana:
        await ana.page.goto(place.link(name="Ana", voice=voice))
        agree = ana.page.get_by_role("group", name="Your voice").get_by_role("checkbox")
        await expect(agree).to_be_visible()
        await expect(agree).not_to_be_checked()
        await expect(ana.page.get_by_label("Your name")).to_have_value("Ana")
        await expect(ana.page.get_by_label("Your name")).to_be_focused()
        await agree.check()
        await ana.button("Join").click()
        stop = ana.button("Stop using my voice")
        await expect(stop).to_be_visible()
        await expect(ana.button("Turn on microphone")).to_be_visible()
        known = await place.attributes("Ana")
        signed = place.access.verify(known[PASS], meeting=ROOM, identity=known["identity"])
        assert signed is not None
        assert signed.consent is not None
        assert signed.consent.voice == voice

        await stop.click()
        told = ana.button("Your voice is not used any more")
        await expect(told).to_be_visible()
        await expect(told).to_be_focused()
        async with asyncio.timeout(SOON):
            while (await place.attributes("Ana")).get(VOICE) != "usual":  # noqa: ASYNC110 (no event)
                await asyncio.sleep(0.2)


@pytest.fixture
def unreachable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration whose French has an engine for its text that nobody reaches, and whose
    Spanish one for its voice."""
    nowhere = "{plugin: openai, base_url: 'http://127.0.0.1:9/v1', key: NOWHERE_KEY}"
    engines = f"""version: 1
engines:
  whisper: {{plugin: whisper}}
  apertium: {{plugin: apertium}}
  espeak: {{plugin: espeak}}
  nowhere: {nowhere}
"""
    pairs = """version: 1
hear: whisper
spoken: [en]
languages: {es: {speak: nowhere}, fr: {speak: espeak}}
pairs:
  - {from: "*", to: fr, render: nowhere}
  - {from: "*", to: "*", render: apertium}
"""
    for variable, name, text in ((ENGINES, "engines", engines), (PAIRS, "language_pairs", pairs)):
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
        monkeypatch.setenv(variable, str(tmp_path / f"{name}.yaml"))
    monkeypatch.setenv("NOWHERE_KEY", "none")


@pytest.mark.usefixtures("unreachable")
async def test_what_cannot_be_had_is_said_to_listeners_and_why_to_organizers() -> None:
    async with (
        venue() as place,
        speaking(place.access, ROOM),
        chromium() as browser,
        visiting(browser) as boss,
        visiting(browser) as eva,
    ):
        await boss.join(place.link(Role.ORGANIZER), "Boss")
        await boss.choose("Listen in", "es")
        await boss.choose("Read in", "es")
        await eva.join(place.link(Role.ATTENDEE), "Eva")
        await eva.choose("Read in", "fr")
        await eva.choose("Listen in", "fr")
        await boss.reads(*SPANISH)
        await expect(boss.status).to_contain_text("No voice at the moment")
        notices = boss.page.get_by_role("region", name="Notices")
        await expect(notices).to_contain_text("nowhere does not speak at the moment")
        await expect(notices).to_contain_text("Nothing is used in its place")
        await expect(boss.page.get_by_text("Not used at the moment: nowhere")).to_be_visible()

        await expect(eva.status).to_contain_text("stands here as it was said")
        english = eva.captions.get_by_role("article").filter(has_text="not interpreted")
        await expect(english.first).to_be_visible()
        await expect(eva.page.get_by_role("region", name="Notices")).to_be_hidden()
        await expect(eva.page.get_by_text("Not used at the moment")).to_be_hidden()
