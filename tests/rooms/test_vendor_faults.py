"""A room whose vendors fail: what a listener hears and reads, word by word."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import pytest

from tests.vendors import scenes
from tests.vendors.played import Played, Stage, play
from tests.vendors.scenes import SCENES, SECONDS
from tests.vendors.score import compose, plain

pytestmark = [pytest.mark.room, pytest.mark.timeout(240)]

OUTAGE = (6.0, 12.0)
"""Seconds in which all engines of a stage fail."""
END = 24.0
SENTENCE = 3.0
"""Seconds of a sentence, which an ear that is back does not hear from its middle on."""
CONTROL = "fr"
"""A language whose vendors never fail: what makes it late is the machine."""
HARMLESS = 0.3
"""Seconds that are nobody's deadline."""


def test_no_fault_costs_more_than_its_stall_or_any_word(tmp_path: Path) -> None:
    score = compose(scenes.turns(), seconds=SECONDS, voice="en-us+m3", seed=1)
    played = asyncio.run(play([score], ["es", CONTROL], tmp_path, scenes.run, steady=[CONTROL]))
    for language in ("es", CONTROL):
        read, heard = played.unread(language), played.unheard(language)
        assert (read.lost, read.doubled) == ([], [])
        assert (heard.lost, heard.doubled) == ([], [])
        assert played.swapped(language) == []
    assert played.of("Unspoken") == []

    limits = {scenes.name(one): 3 * (one.stall + HARMLESS) for one in SCENES}
    gaps = scenes.gaps(played, "es", CONTROL)
    assert {name: gap for name, gap in gaps.items() if gap > limits[name]} == {}
    usual = played.lateness(CONTROL)
    others = [scenes.gap(one, usual) for one in SCENES if one.stage != "hears"]
    assert median(others) <= 3 * HARMLESS  # nor does it cost another language anything

    told = [(one["engine"], one["stage"], one["available"]) for one in played.of("Availability")]
    assert ("openai", "render", False) in told
    assert {(engine, stage) for engine, stage, up in told if not up} == {
        (engine, stage) for engine, stage, up in told if up
    }


def outage(folder: Path, *vendors: str) -> tuple[Played, float]:
    """A meeting in which these vendors refuse every connection for a while, and when the first one
    was called again."""
    back: list[float] = []

    async def fail(stage: Stage) -> None:
        await stage.until(OUTAGE[0])
        for name in vendors:
            await getattr(stage.vendors, name).down()
        await stage.until(OUTAGE[1])
        for name in vendors:
            await getattr(stage.vendors, name).up()
        back.append(await stage.available(*vendors))
        await asyncio.Event().wait()

    score = compose([(1.0, END - 2.0)], seconds=END, voice="en-us+m3", seed=3)
    played = asyncio.run(play([score], ["es"], folder, fail))
    (at,) = back
    return played, at


def said_in(played: Played, start: float, end: float) -> Sequence[str]:
    words = [name for one in played.scores[0].between(start, end) for name in plain(one.text)]
    assert words, "it came back too late to show anything"
    return words


def test_without_any_model_the_source_text_is_read_marked_as_such(tmp_path: Path) -> None:
    played, back = outage(tmp_path, "openai", "vllm")
    assert (played.unread("es").lost, played.unread("es").doubled) == ([], [])
    as_said = [
        one
        for one in played.captions
        if one["stream"] == "es" and one["kind"] == "segment" and one["language"] == "en"
    ]
    assert as_said
    assert {one["origin"] for one in as_said} == {"source"}
    after = said_in(played, back, END)
    assert [one.name for one in played.heard["es"]][-len(after) :] == after


def test_without_any_voice_there_are_captions_and_the_voice_comes_back(tmp_path: Path) -> None:
    played, back = outage(tmp_path, "elevenlabs", "azure")
    assert (played.unread("es").lost, played.unread("es").doubled) == ([], [])
    assert {one["why"] for one in played.of("Unspoken")} == {"failed"}
    after = said_in(played, back, END)
    assert [one.name for one in played.heard["es"]][-len(after) :] == after


def test_without_any_ear_what_follows_is_heard_whole(tmp_path: Path) -> None:
    played, back = outage(tmp_path, "assemblyai", "azure")
    assert played.unread("es").doubled == []
    after = said_in(played, back + SENTENCE, END)
    assert list(played.read("es"))[-len(after) :] == after
    assert any(not one["available"] for one in played.of("Availability"))
