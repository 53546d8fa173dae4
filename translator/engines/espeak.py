"""espeak-ng: a voice without a key in over a hundred languages, in about 12 ms a sentence."""

import asyncio
import re
import shutil
from collections.abc import AsyncGenerator, Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from aiohttp import web
from livekit import rtc

from translator import languages
from translator.engines.host import Host
from translator.errors import ServiceError, SpeakError
from translator.speak import letters

USUAL = "usual"
"""The voice of a language where none is named."""
NORMAL_RATE = 175
"""espeak-ng's words per minute at pace 1.0."""
RATES = range(80, 451)
"""Words per minute that espeak-ng follows."""
FRAME = 0.1
"""Seconds of the longest frame."""
MARGIN = 0.05
"""Seconds of silence that stay before and after the speech."""
SILENCE = 100
"""Samples below this are silence, of 32768."""
DEADLINE = 10.0
"""Seconds for one text."""
AT_ONCE = 4
"""Texts that are spoken at the same time."""

Samples = npt.NDArray[np.int16]


# --- in the job -------------------------------------------------------------------------------


class EspeakVoice:
    """Speaks with espeak-ng."""

    def __init__(self, host: Host) -> None:
        self._host = host

    @property
    def paced(self) -> bool:
        """See translator.speak.Voice."""
        return True

    async def say(
        self, text: str, *, language: str, voice: str | None, pace: float
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """Speak `text` in frames of at most FRAME seconds; no frame where nothing can be said.

        `voice` is a language or a file of `espeak-ng --voices`, or `usual` for that of `language`,
        with a variant (`en-gb+f3`) of `espeak-ng --voices=variant` if wanted.
        """
        if not letters(text):
            return
        question = {"text": text, "language": language, "voice": voice, "pace": pace}
        asked = self._host.post(
            "/espeak/say", json=question, failed=SpeakError, timeout=2 * DEADLINE
        )
        async with asked as response:
            wav = await response.read()
        samples, rate = parse_wav(wav)
        for frame in frames(trim(samples, rate), rate):
            yield frame


def parse_wav(wav: bytes) -> tuple[Samples, int]:
    """Mono samples and their rate in Hz.

    espeak-ng writes the header before it knows the length, so the samples are all that follows.
    Raises SpeakError.
    """
    if not wav:
        return np.empty(0, np.int16), 0
    if wav[:4] != b"RIFF" or wav[36:40] != b"data":
        raise SpeakError("espeak-ng answered with something else than speech")
    rate = int.from_bytes(wav[24:28], "little")
    return np.frombuffer(wav, np.int16, offset=44, count=(len(wav) - 44) // 2), rate


def trim(samples: Samples, rate: int) -> Samples:
    """Without the silence at both ends, but for MARGIN; empty where all is silence."""
    loud = np.flatnonzero((samples > SILENCE) | (samples < -SILENCE))
    if not loud.size:
        return samples[:0]
    margin = int(MARGIN * rate)
    return samples[max(0, loud[0] - margin) : loud[-1] + 1 + margin]


def frames(samples: Samples, rate: int) -> Iterator[rtc.AudioFrame]:
    """Frames of FRAME seconds, the last one shorter."""
    length = int(FRAME * rate) or 1
    for start in range(0, len(samples), length):
        piece = samples[start : start + length]
        yield rtc.AudioFrame(piece.tobytes(), rate, 1, len(piece))


# --- in the engine host -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Voices:
    """What espeak-ng can speak."""

    by_language: Mapping[str, str]
    """The file of the usual voice of each language code."""
    by_name: Mapping[str, str]
    """The file of each voice that can be asked for."""
    variants: Collection[str] = ()
    """What makes another speaker of any voice."""

    def choose(self, language: str, voice: str | None) -> str:
        """The voice file to speak with, and its variant if any. Raises SpeakError."""
        name, plus, variant = (voice if voice is not None else USUAL).partition("+")
        file = self._usual(language) if name == USUAL else self._named(name)
        if plus and variant not in self.variants:  # it would be left out without a word
            raise SpeakError(
                f"espeak-ng has no variant {variant!r} for the voice {voice!r};"
                " see: espeak-ng --voices=variant"
            )
        return f"{file}{plus}{variant}"

    def _usual(self, language: str) -> str:
        found = languages.lookup(language, self.by_language)
        if found is None:
            raise SpeakError(f"espeak-ng speaks no {language}; see: espeak-ng --voices")
        return self.by_language[found]

    def _named(self, name: str) -> str:
        file = self.by_name.get(name) or self.by_language.get(name)
        if file is None:
            raise SpeakError(f"espeak-ng has no voice {name!r}; see: espeak-ng --voices")
        return file


def parse_voices(table: str, variants: str = "") -> Voices:
    """Read what `espeak-ng --voices` and `--voices=variant` print.

    Rows are: priority, language, age and gender, name, file, then other languages as
    `(code priority)`. The lowest priority wins; a voice's own language goes before others. The
    file of a variant is `!v/` and what stands behind the plus sign.
    """
    claims: list[tuple[bool, int, str, str]] = []
    by_name: dict[str, str] = {}
    for row in table.splitlines()[1:]:
        priority, language, _, _, file, *_ = row.split()
        by_name[file] = file
        by_name.setdefault(language, file)
        claims.append((False, int(priority), language, file))
        claims += [
            (True, int(other_priority), other, file)
            for other, other_priority in re.findall(r"\((\S+) (\d+)\)", row)
        ]
    by_language: dict[str, str] = {}
    for _, _, language, file in sorted(claims, key=lambda claim: claim[:2]):
        by_language.setdefault(language, file)
    return Voices(
        by_language=by_language,
        by_name=by_name,
        variants=frozenset(re.findall(r"!v/(\S+)", variants)),
    )


class EspeakService:
    """Runs espeak-ng once for each text, so that nothing outlives a request."""

    def __init__(self) -> None:
        self._voices = Voices(by_language={}, by_name={})
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def start(self) -> None:
        """Learn the voices. Raises ServiceError."""
        if shutil.which("espeak-ng") is None:
            raise ServiceError("espeak-ng is missing; run: sudo apt-get install espeak-ng")
        voices, variants = await _espeak("--voices"), await _espeak("--voices=variant")
        self._voices = parse_voices(voices.decode(), variants.decode())

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/espeak/say", self._say)]

    async def close(self) -> None:
        """Nothing runs on."""

    async def _say(self, request: web.Request) -> web.Response:
        """`{text, language, voice, pace}` -> WAV, or nothing where nothing can be said."""
        question = await request.json()
        voice = self._voices.choose(question["language"], question["voice"])
        rate = min(max(round(NORMAL_RATE * question["pace"]), RATES[0]), RATES[-1])
        async with self._turns:
            wav = await _espeak(
                *("-b", "1", "-z", "-v", voice, "-s", str(rate), "--stdin", "--stdout"),
                text=plain(question["text"]),
            )
        return web.Response(body=wav, content_type="audio/wav")


def plain(text: str) -> str:
    """`text` without what espeak-ng would obey: control characters and `[[phonemes]]`."""
    return re.sub(r"\[(?=\[)", "[ ", re.sub(r"[\x00-\x1f\x7f]", " ", text))


async def _espeak(*options: str, text: str = "") -> bytes:
    """What espeak-ng prints. Raises SpeakError."""
    process = await asyncio.create_subprocess_exec(
        *("espeak-ng", *options),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(DEADLINE):
            printed, complaint = await process.communicate(text.encode(errors="replace"))
    except TimeoutError as error:
        raise SpeakError(f"espeak-ng took more than {DEADLINE:g} s", retryable=True) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        reason = complaint.decode(errors="replace").strip()
        raise SpeakError(f"espeak-ng failed with {process.returncode}: {reason}")
    return printed
