"""Real voices through a real room: what listeners hear is complete, in order, and understood."""

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest

from tests.rooms.listening import errors, found, recognize, voice
from tests.speech import speech
from translator.engines.host import running
from translator.rehearsal.order import Order, Talk
from translator.rehearsal.recording import SAMPLE_RATE, Recording, read, write
from translator.rehearsal.run import interpret

pytestmark = [pytest.mark.room, pytest.mark.timeout(300)]


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


async def assert_understood(
    one: Order, result: Mapping[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every rendition sounds in its channel at the time reported, as the voice says its caption,
    and whisper understands it as well as the same voice that never was in a room."""
    likenesses: list[float] = []
    heard: list[tuple[int, int]] = []
    alone: list[tuple[int, int]] = []
    async with running(["espeak"]) as host:
        for language in one.targets:
            sound = read(one.out / f"{language}.wav").samples
            texts = {c["segment_id"]: c["text"] for c in captions(one, language) if c["final"]}
            renditions = result["languages"][language]["renditions"]
            nexts = [one["onset"] for one in renditions[1:]]
            for rendition, following in zip(renditions, [*nexts, math.inf], strict=True):
                text = texts[rendition["segment_id"]]
                said = await voice(text, language, rendition["pace"], host)
                end = min(rendition["end"] + 0.2, following)  # the next may follow at once
                stretch = sound[at(rendition["onset"]) : at(end)]
                likenesses.append(found(said, np.concatenate((stretch, np.zeros_like(said)))))
                heard.append(errors(text, recognize(stretch, language)))
                alone.append(errors(text, recognize(said, language)))
    with capsys.disabled():
        sys.stdout.write(
            f"\n{one.talks[0].path.stem} to {','.join(one.targets)}: WER of the channels against"
            f" the captions {rate(heard):.3f}, of the same voice alone {rate(alone):.3f};"
            f" likeness of their sound, median {median(likenesses):.2f}\n"
        )
    assert median(likenesses) > 0.75
    assert min(likenesses) > 0.3
    assert rate(heard) <= rate(alone) + 4 * standard_error(alone)


def at(seconds: float) -> int:
    return max(round(seconds * SAMPLE_RATE), 0)


def standard_error(counts: list[tuple[int, int]]) -> float:
    """Of a word error rate on so few words, at most."""
    return 0.5 / math.sqrt(sum(total for _, total in counts))


def rate(counts: list[tuple[int, int]]) -> float:
    """Word error rate; no rendition counts for more errors than it has words."""
    return sum(min(wrong, total) for wrong, total in counts) / sum(total for _, total in counts)


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
    await assert_understood(one, result, capsys)


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
    await assert_understood(one, result, capsys)


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
    await assert_understood(one, result, capsys)
