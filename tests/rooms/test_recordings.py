"""Real voices through a real room: what listeners hear is complete, in order, and understood."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.rooms.listening import errors, recognize, say
from tests.speech import speech
from translator.rehearsal import report
from translator.rehearsal.order import Order, Talk
from translator.rehearsal.recording import SAMPLE_RATE, Recording, read, write
from translator.rehearsal.run import interpret

pytestmark = [pytest.mark.room, pytest.mark.timeout(300)]

SLACK = 0.10
"""Word errors in a hundred by which a room may be worse than the voice alone: whisper hears the
same words otherwise when the pauses between them differ."""


def talk(name: str, start: float = 0.0, speaker: str = "Ana") -> Talk:
    path = speech(name)
    return Talk(name=speaker, path=path, start=start, recording=read(path))


def order(tmp_path: Path, *talks: Talk, to: str, spoken: str | None = None) -> Order:
    return Order(
        talks=talks, targets=tuple(to.split(",")), spoken=spoken, out=tmp_path, room="recordings"
    )


def captions(one: Order, language: str) -> list[dict[str, Any]]:
    lines = (one.out / "captions.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return [caption for caption in found if caption["language"] == language]


def assert_complete_and_in_order(one: Order, result: Mapping[str, Any]) -> None:
    """Every segment was spoken once, in the order that speech began, and captioned once."""
    assert result["failures"] == []
    assert set(result["stt_streams_max"].values()) == {1}
    for language in one.targets:
        figures = result["languages"][language]
        assert figures["segments"] >= 2
        assert figures["spoken"] == figures["segments"]
        assert figures["coverage"] >= 0.9
        assert figures["evs_p50"] is not None
        received = captions(one, language)
        assert [caption["seq"] for caption in received] == list(
            range(received[0]["seq"], received[0]["seq"] + len(received))
        )
        finals = [caption for caption in received if caption["final"]]
        assert len({caption["segment_id"] for caption in finals}) == len(finals)
        assert len(finals) == figures["segments"]


def assert_audible(one: Order, result: Mapping[str, Any]) -> None:
    """There is sound in every channel for about as long as its renditions last."""
    for language in one.targets:
        sound = read(one.out / f"{language}.wav").samples
        seconds = report.audible(sound).sum() / 100
        characters = sum(len(c["text"]) for c in captions(one, language) if c["final"])
        assert seconds > characters / 30, "faster than any voice: something was not heard"


def rate(counts: list[tuple[int, int]]) -> float:
    return sum(wrong for wrong, _ in counts) / sum(total for _, total in counts)


async def assert_understood(one: Order, capsys: pytest.CaptureFixture[str]) -> None:
    """Whisper understands the channel as well as the same voice that never was in a room."""
    heard: list[tuple[int, int]] = []
    alone: list[tuple[int, int]] = []
    for language in one.targets:
        texts = [caption["text"] for caption in captions(one, language) if caption["final"]]
        whole = " ".join(texts)
        channel = recognize(read(one.out / f"{language}.wav").samples, language)
        voice = recognize(await say(texts, language), language)
        heard.append(errors(whole, channel))
        alone.append(errors(whole, voice))
    room_rate, voice_rate = rate(heard), rate(alone)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{one.talks[0].path.stem} to {','.join(one.targets)}: WER of the channels against"
            f" the captions {room_rate:.3f}, of the same voice alone {voice_rate:.3f}\n"
        )
    assert room_rate <= voice_rate + SLACK


@pytest.mark.parametrize(
    ("name", "to"),
    [
        ("call_en_T02", "es,fr,pt,it,ca"),
        ("fleurs_es_008", "en,ca"),
        ("fleurs_fr_003", "es,en"),
        ("fleurs_pt_007", "es,en"),
        ("cv_ca_001", "es,en"),
    ],
)
async def test_a_recording_is_heard_in_other_languages(
    name: str, to: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = order(tmp_path, talk(name), to=to)
    result = await interpret(one)
    assert_complete_and_in_order(one, result)
    assert_audible(one, result)
    await assert_understood(one, capsys)


async def test_two_speakers_who_overlap_are_heard_one_after_the_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = order(
        tmp_path, talk("call_en_T02"), talk("call_es_T02", start=3.0, speaker="Luis"), to="fr"
    )
    result = await interpret(one)
    assert_complete_and_in_order(one, result)
    finals = [caption for caption in captions(one, "fr") if caption["final"]]
    assert {caption["speaker_name"] for caption in finals} == {"Ana", "Luis"}
    assert {caption["source_language"] for caption in finals} == {"en", "es"}
    await assert_understood(one, capsys)


async def test_a_speaker_who_changes_language_is_followed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = read(speech("switch_es_en_texas")).samples
    excerpt = tmp_path / "excerpt.wav"
    write(excerpt, samples[48 * SAMPLE_RATE : 86 * SAMPLE_RATE], SAMPLE_RATE)
    recording = Recording(samples=read(excerpt).samples)
    one = order(tmp_path, Talk(name="Ana", path=excerpt, start=0.0, recording=recording), to="fr")
    result = await interpret(one)
    assert_complete_and_in_order(one, result)
    sources = [c["source_language"] for c in captions(one, "fr") if c["final"]]
    assert sources[0] == "es"
    assert sources[-1] == "en"
    await assert_understood(one, capsys)
