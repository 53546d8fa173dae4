"""espeak-ng through the engine host: what comes out is speech, and only speech."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

from translator.engines.espeak import EspeakService, EspeakVoice, Voices, parse_voices, parse_wav
from translator.engines.host import running
from translator.errors import ServiceError, SpeakError

pytestmark = pytest.mark.engine

RATE = 22_050


@pytest.fixture(autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """One for all tests: each finds the host of the one before."""
    monkeypatch.setenv("TRANSLATOR_RUNTIME", str(tmp_path_factory.getbasetemp() / "espeak"))


@pytest.fixture
async def voice() -> AsyncGenerator[EspeakVoice, None]:
    async with running(["espeak"]) as host:
        yield EspeakVoice(host)


async def spoken(
    voice: EspeakVoice,
    text: str,
    *,
    language: str = "en",
    name: str | None = None,
    pace: float = 1.0,
) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    samples: list[int] = []
    async with aclosing(voice.say(text, language=language, voice=name, pace=pace)) as frames:
        async for frame in frames:
            assert frame.sample_rate == RATE
            assert frame.num_channels == 1
            assert 0 < frame.samples_per_channel <= RATE // 10
            samples += frame.data
    return np.array(samples, np.int16)


async def test_a_sentence_is_spoken_without_silence_around_it(voice: EspeakVoice) -> None:
    samples = await spoken(voice, "The committee will meet in Madrid.")
    assert 1.2 < len(samples) / RATE < 3.0
    loud = np.flatnonzero(np.abs(samples.astype(int)) > 500)
    assert loud[0] / RATE < 0.1
    assert (len(samples) - loud[-1]) / RATE < 0.15


@pytest.mark.parametrize("language", ["en", "es", "ca", "fr", "pt", "pt-BR", "it", "de", "es-MX"])
async def test_the_usual_languages_are_spoken(voice: EspeakVoice, language: str) -> None:
    assert len(await spoken(voice, "Barcelona 2025.", language=language)) > RATE / 2


async def test_brazil_and_portugal_sound_different(voice: EspeakVoice) -> None:
    text = "Bom dia a todas as cidades."
    brazil = await spoken(voice, text, language="pt-BR")
    portugal = await spoken(voice, text, language="pt-PT")
    assert not np.array_equal(brazil, portugal)
    assert np.array_equal(portugal, await spoken(voice, text, language="pt"))


async def test_the_pace_is_kept(voice: EspeakVoice) -> None:
    text = "The committee will meet in Madrid on the twelfth of March, and it will decide then."
    normal = len(await spoken(voice, text))
    assert len(await spoken(voice, text, pace=1.25)) / normal == pytest.approx(0.8, abs=0.06)
    assert len(await spoken(voice, text, pace=0.8)) / normal == pytest.approx(1.25, abs=0.1)


async def test_a_voice_can_be_named(voice: EspeakVoice) -> None:
    text = "Good morning."
    usual = await spoken(voice, text)
    for name in ("en-us", "fr", "roa/fr", "en+f3", "en-gb+m3"):
        assert not np.array_equal(usual, await spoken(voice, text, name=name))


async def test_the_usual_voice_of_a_language_has_variants_too(voice: EspeakVoice) -> None:
    text = "Bom dia a todas as cidades."
    brazil = await spoken(voice, text, language="pt-BR")
    assert np.array_equal(brazil, await spoken(voice, text, language="pt-BR", name="usual"))
    woman = await spoken(voice, text, language="pt-BR", name="usual+f5")
    man = await spoken(voice, text, language="pt-BR", name="usual+m8")
    assert not np.array_equal(brazil, woman)
    assert not np.array_equal(woman, man)


@pytest.mark.parametrize("name", ["en+nobody", "en+", "en+f3+f4", "en+../voices"])
async def test_an_unknown_variant_is_an_error(voice: EspeakVoice, name: str) -> None:
    with pytest.raises(SpeakError, match="no variant"):
        await spoken(voice, "Good morning.", name=name)


@pytest.mark.parametrize("name", ["../../../etc/passwd", "-h", "nobody", ""])
async def test_an_unknown_voice_is_an_error(voice: EspeakVoice, name: str) -> None:
    with pytest.raises(SpeakError, match="no voice"):
        await spoken(voice, "Good morning.", name=name)


async def test_an_unknown_language_is_an_error(voice: EspeakVoice) -> None:
    with pytest.raises(SpeakError, match="speaks no tlh"):
        await spoken(voice, "Good morning.", language="tlh")


@pytest.mark.parametrize("text", ["", "   ", "...", "!?", "—", "\0\x01"])
async def test_nothing_is_said_where_there_is_nothing_to_say(voice: EspeakVoice, text: str) -> None:
    assert not len(await spoken(voice, text))


@pytest.mark.parametrize("text", ["--help", "-v fr", '<break time="5s"/>', "<speak></speak>"])
async def test_options_and_markup_are_spoken_as_text(voice: EspeakVoice, text: str) -> None:
    assert 0.2 < len(await spoken(voice, text)) / RATE < 4.0


async def test_phonemes_and_commands_are_not_spelled(voice: EspeakVoice) -> None:
    slow = await spoken(voice, "hello \x0180S there")
    assert np.array_equal(slow, await spoken(voice, "hello 80S there"))
    spelled = await spoken(voice, "[[h@l'oU]]")
    assert len(spelled) > 1.5 * len(await spoken(voice, "hello"))


async def test_many_texts_at_once_do_not_mix(voice: EspeakVoice) -> None:
    texts = [f"Number {number}." for number in range(12)]
    alone = [await spoken(voice, text) for text in texts]
    together = await asyncio.gather(*(spoken(voice, text) for text in texts))
    assert all(map(np.array_equal, alone, together))


def test_a_header_that_lies_about_the_length_is_not_believed() -> None:
    header = (
        b"RIFF\x24\xf0\xff\x7fWAVEfmt \x10\0\0\0\x01\0\x01\0"
        + RATE.to_bytes(4, "little")
        + (2 * RATE).to_bytes(4, "little")
        + b"\x02\0\x10\0data\x00\xf0\xff\x7f"
    )
    samples, rate = parse_wav(header + b"\x01\0\x02\0\x03")
    assert rate == RATE
    assert samples.tolist() == [1, 2]
    assert parse_wav(header)[0].tolist() == []


def test_what_is_no_speech_is_an_error() -> None:
    with pytest.raises(SpeakError):
        parse_wav(b"Error: no such thing" * 5)


TABLE = """\
Pty Language       Age/Gender VoiceName          File                 Other Languages
 5  en-029          --/M      English_(Caribbean) gmw/en-029           (en 10)
 2  en-gb           --/M      English_(Great_Britain) gmw/en           (en 2)
 5  pt              --/M      Portuguese_(Portugal) roa/pt             (pt-pt 5)
 5  pt-br           --/M      Portuguese_(Brazil) roa/pt-BR            (pt 1)
"""


@pytest.mark.parametrize(
    ("language", "chosen"),
    [
        ("en", "gmw/en"),
        ("en-AU", "gmw/en"),
        ("pt", "roa/pt"),
        ("pt-PT", "roa/pt"),
        ("pt-BR", "roa/pt-BR"),
    ],
)
def test_the_voice_of_a_language_is_its_own_before_its_neighbours(
    language: str, chosen: str
) -> None:
    assert parse_voices(TABLE).choose(language, None) == chosen


def test_no_voice_at_all_is_an_error() -> None:
    with pytest.raises(SpeakError):
        Voices(by_language={}, by_name={}).choose("en", None)


async def test_a_missing_program_is_named_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServiceError, match="apt-get install espeak-ng"):
        await EspeakService().start()
