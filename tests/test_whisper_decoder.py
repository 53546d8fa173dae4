"""The Whisper that comes with the package, on real voices and on none."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import jiwer
import numpy as np
import numpy.typing as npt
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from faster_whisper import decode_audio

from tests.lockstep import segments
from tests.speech import manifest, speech
from tests.whisper_host import WhisperHost
from translator.engines.whisper import Transcript, WhisperEar, Window
from translator.engines.whisper.decoder import Decoder
from translator.engines.whisper.service import WhisperService
from translator.engines.whisper.weights import BASE
from translator.engines.whisper.window import PATH
from translator.errors import HearError
from translator.hear import SAMPLE_RATE
from translator.segment import words_of
from translator.types import Limits, Segment

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

LIMITS = Limits(min_words=4, max_seconds=3.0)

Wave = npt.NDArray[np.int16]


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    return Decoder(BASE)


@dataclass(slots=True)
class Host(WhisperHost):
    """Decodes in a thread, as the engine host does."""

    decoder: Decoder
    decodes: int = 0

    async def transcribe(self, window: Window) -> Transcript:
        self.decodes += 1
        return await asyncio.to_thread(self.decoder.transcribe, window)


def recording(name: str) -> Wave:
    wave = np.asarray(decode_audio(str(speech(name)), sampling_rate=SAMPLE_RATE))
    return (wave * 32767).astype(np.int16)


def window(
    wave: Wave, *languages: str, prefix: str = "", align: bool = False, tokens: int = 100
) -> Window:
    return Window(
        pcm=wave.tobytes(),
        languages=dict.fromkeys(languages, 1.0),
        language=None,
        prefix=prefix,
        before="",
        before_language=None,
        terms="",
        clear=-1.0,
        tokens=tokens,
        beam=1,
        align=align,
        model=BASE,
    )


def error_rate(name: str, text: str) -> float:
    said = manifest()[name].transcript
    plain = [" ".join(word.key for word in words_of(one)) for one in (said, text)]
    return float(jiwer.wer(plain[0], plain[1]))


async def listen(host: Host, wave: Wave, languages: Sequence[str]) -> list[Segment]:
    """What is committed of `wave`, however busy the machine is."""
    return await segments(WhisperEar(host), wave, languages)


@pytest.mark.parametrize(
    ("name", "language", "most"),
    [
        ("speech_en_jfk", "en", 0.1),
        ("call_es_T02", "es", 0.3),
        ("fleurs_pt_007", "pt", 0.2),
        ("fleurs_fr_006", "fr", 0.4),
    ],
)
async def test_people_are_understood_and_their_language_is_found(
    decoder: Decoder, name: str, language: str, most: float
) -> None:
    found = await listen(Host(decoder), recording(name), ["en", "es", "fr", "pt", "it", "ca"])
    assert error_rate(name, " ".join(segment.text for segment in found)) < most
    right = sum(len(one.text) for one in found if one.language == language)
    assert right > 0.9 * sum(len(one.text) for one in found)
    assert all(a.end <= b.start + 0.01 for a, b in pairwise(found))


async def test_a_speaker_who_changes_language_is_followed(decoder: Decoder) -> None:
    wave = recording("switch_es_en_texas")[50 * SAMPLE_RATE : 80 * SAMPLE_RATE]
    found = await listen(Host(decoder), wave, ["en", "es"])
    spanish = {one.language for one in found if one.end < 13.5}
    english = {one.language for one in found if one.start > 16.5}
    assert (spanish, english) == ({"es"}, {"en"})


def noise(level: float) -> Wave:
    return np.random.default_rng(1).normal(0, level, 20 * SAMPLE_RATE).astype(np.int16)


def chords() -> Wave:
    """A slow melody over a chord."""
    time_ = np.arange(20 * SAMPLE_RATE) / SAMPLE_RATE
    melody = 220 * 2 ** (np.array([0, 4, 7, 12, 9, 5, 2, 7])[(time_ * 2).astype(int) % 8] / 12)
    tones = [np.sin(2 * np.pi * pitch * time_) for pitch in (110, 138.6, 164.8)]
    tones.append(np.sin(2 * np.pi * melody * time_))
    wave: Wave = np.round(np.sum(tones, axis=0) * 2000).astype(np.int16)
    return wave


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.zeros(20 * SAMPLE_RATE, np.int16),
        lambda: noise(1),
        lambda: noise(330),
        lambda: noise(3300),
        chords,
    ],
    ids=["silence", "dither", "quiet noise", "loud noise", "music"],
)
async def test_nothing_is_invented_where_nobody_speaks(
    decoder: Decoder, make: Callable[[], Wave]
) -> None:
    host = Host(decoder)
    assert await listen(host, make(), ["en", "es"]) == []


async def test_a_tenth_of_a_second_of_voice_is_not_transcribed(decoder: Decoder) -> None:
    voice = recording("call_en_T02")[int(1.6 * SAMPLE_RATE) : int(1.7 * SAMPLE_RATE)]
    pause = np.zeros(2 * SAMPLE_RATE, np.int16)
    host = Host(decoder)
    assert await listen(host, np.concatenate([pause, voice] * 4), ["en", "es"]) == []
    assert host.decodes == 0


def test_the_decoder_goes_on_after_its_prefix(decoder: Decoder) -> None:
    wave = recording("speech_en_jfk")[: 4 * SAMPLE_RATE]
    whole = decoder.transcribe(window(wave, "en")).text
    first, rest = whole[: whole.index(" fellow")], whole[whole.index(" fellow") :]
    assert decoder.transcribe(window(wave, "en", prefix=first.strip())).text == rest


def test_words_are_aligned_with_the_prefix_included(decoder: Decoder) -> None:
    wave = recording("speech_en_jfk")[: 4 * SAMPLE_RATE]
    found = decoder.transcribe(window(wave, "en", prefix="And so", align=True))
    assert [word.key for one in found.words for word in words_of(one.text)][:3] == [
        "and",
        "so",
        "my",
    ]
    starts = [word.start for word in found.words]
    assert starts == sorted(starts)
    assert found.words[-1].end <= 4.0


def test_a_transcript_that_is_cut_off_says_so(decoder: Decoder) -> None:
    wave = recording("speech_en_jfk")
    assert not decoder.transcribe(window(wave, "en", tokens=5)).complete
    assert decoder.transcribe(window(wave, "en", tokens=100)).complete


def test_a_language_that_whisper_does_not_know_is_refused(decoder: Decoder) -> None:
    silence = np.zeros(SAMPLE_RATE, np.int16)
    with pytest.raises(HearError, match="tlh"):
        decoder.transcribe(window(silence, "tlh"))
    assert decoder.transcribe(window(silence, "tlh", "en")).language == "en"


def test_a_window_of_more_than_half_a_minute_is_no_failure(decoder: Decoder) -> None:
    decoder.transcribe(window(np.zeros(40 * SAMPLE_RATE, np.int16), "en", tokens=10))


async def test_the_service_answers_over_http_and_loads_the_model_once() -> None:
    service = WhisperService()
    await service.start()
    app = web.Application()
    app.add_routes(service.routes())
    async with TestServer(app) as server, ClientSession() as session:
        body = window(recording("speech_en_jfk")[: 4 * SAMPLE_RATE], "en", "es").to_bytes()
        answers = []
        for _ in range(2):
            async with session.post(server.make_url(PATH), data=body) as response:
                assert response.status == 200
                answers.append(Transcript.from_bytes(await response.read()))
    await service.close()
    assert answers[0] == answers[1]
    assert "fellow Americans" in answers[0].text
    assert answers[0].language == "en"
    assert sum(answers[0].probabilities.values()) == pytest.approx(1.0)
