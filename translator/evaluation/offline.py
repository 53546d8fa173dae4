"""The same engines with all the time in the world: the upper bound of the line.

Whisper hears the whole recording at once, told its language; the pair's renderer gets whole
sentences. Nothing is cut, nothing is spoken.
"""

import asyncio
import re
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from faster_whisper.tokenizer import Tokenizer

from translator.engines.registry import Engines
from translator.engines.whisper.weights import load
from translator.engines.whisper.window import whisper_code
from translator.errors import RenderError
from translator.evaluation.manifest import Entry, Sentence
from translator.hear import SAMPLE_RATE
from translator.rehearsal import recording
from translator.render import Renderer
from translator.settings import Settings
from translator.types import Brief, Segment, Word

DECODING = "faster-whisper, int8, greedy (beam 1, temperature 0, no text of the window before)"
WINDOW = 28.0
"""Seconds of the longest stretch that can be aligned: Whisper sees 30."""
MARGIN = 0.5
"""Seconds around a sentence in which its words are looked for."""
THREADS = 2
BREATH = 0.15
"""Seconds without voice that are inside of a word, or between two of one breath."""
SHORTEST = 0.05
"""Seconds that a word lasts at least."""

T = TypeVar("T")

_SENTENCE = re.compile(r"(?<=[.?!…])[\"'”’»)]*\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcribed:
    """What Whisper makes of a whole recording."""

    text: str
    words: tuple[Word, ...]


class Transcriber:
    """One loaded model. Its calls block: they are made in a thread, one at a time."""

    def __init__(self, model: str) -> None:
        """`model` as the engine `whisper` names it. Raises ServiceError."""
        self._model = load(model, threads=THREADS)

    async def transcribe(self, path: Path, languages: Sequence[str]) -> Transcribed:
        """What is said in a recording; of several languages each is found out as it comes."""
        return await _in_thread(partial(self._transcribe, path, tuple(languages)))

    async def align(
        self, path: Path, sentences: Sequence[Sentence], language: str
    ) -> tuple[Word, ...]:
        """When each word of these sentences was said: the text is given, only its times are
        looked for. Each of them must be shorter than WINDOW."""
        return await _in_thread(
            partial(self._align, path, tuple(sentences), whisper_code(language))
        )

    def _transcribe(
        self, path: Path, languages: tuple[str, ...], stop: threading.Event
    ) -> Transcribed:
        several = len(languages) > 1
        segments, _ = self._model.transcribe(
            _samples(path),
            language=None if several else whisper_code(languages[0]),
            multilingual=several,
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=True,
        )
        texts, words = [], []
        for segment in segments:  # each is decoded when it is asked for
            if stop.is_set():
                break
            texts.append(segment.text.strip())
            words += [
                Word(text=one.word.strip(), start=float(one.start), end=float(one.end))
                for one in segment.words or ()
            ]
        return Transcribed(text=" ".join(texts), words=tuple(words))

    def _align(
        self,
        path: Path,
        sentences: tuple[Sentence, ...],
        language: str,
        stop: threading.Event,
    ) -> tuple[Word, ...]:
        tokenizer = Tokenizer(
            self._model.hf_tokenizer, self._model.model.is_multilingual, "transcribe", language
        )
        samples = _samples(path)
        found: list[Word] = []
        for one in sentences:
            if stop.is_set():
                break
            begin = max(one.start - MARGIN, 0.0)
            piece = samples[round(begin * SAMPLE_RATE) : round((one.end + MARGIN) * SAMPLE_RATE)]
            features = self._model.feature_extractor(piece)
            features = features[:, : self._model.feature_extractor.nb_max_frames]
            encoded = self._model.encode(features)
            tokens = [tokenizer.encode(" " + one.text)]
            frames = int(len(piece) / SAMPLE_RATE * self._model.frames_per_second)
            for word in self._model.find_alignment(tokenizer, cast(Any, tokens), encoded, frames)[
                0
            ]:
                start, end = float(word["start"]) + begin, float(word["end"]) + begin
                found.append(Word(text=word["word"].strip(), start=start, end=end))
        return tuple(found)


def aligned_sentences(entry: Entry, seconds: float) -> list[Sentence]:
    """The stretches of the transcript that can be aligned; none where one is too long."""
    timed = [
        Sentence(
            start=float(one["start"]), end=float(one["end"]), text=str(one["text"]), references={}
        )
        for one in entry.segments
    ] or [Sentence(start=0.0, end=seconds, text=entry.transcript, references={})]
    usable = entry.transcript and all(one.end - one.start <= WINDOW for one in timed)
    return timed if usable else []


def trimmed(said: Sequence[Word], voiced: Sequence[tuple[float, float]]) -> tuple[Word, ...]:
    """`said` without the silence that an alignment puts before a word: none begins before the
    stretch of voice that it ends in. `voiced` are (start, end) in seconds."""
    stretches: list[tuple[float, float]] = []
    for start, end in voiced:
        if stretches and start - stretches[-1][1] < BREATH:
            stretches[-1] = (stretches[-1][0], end)
        else:
            stretches.append((start, end))
    return tuple(
        replace(one, start=max([one.start, *(s for s, _ in stretches if s < one.end - SHORTEST)]))
        for one in said
    )


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Engines, None]:
    """The engines of these settings, let go of at the end."""
    engines = Engines(settings.engines)
    try:
        yield engines
    finally:
        await engines.close()


async def rendered(
    text: str, source: str, target: str, *, settings: Settings, engines: Engines
) -> str:
    """`text` sentence by sentence, by the first engine that knows the pair, with the pair's
    glossaries. Raises RenderError."""
    renderer = first_renderer(source, target, settings=settings, engines=engines)
    pieces: list[str] = []
    for number, sentence in enumerate(sentences(text)):
        async with aclosing(
            renderer.render(brief(number, sentence, source, target, settings))
        ) as parts:
            pieces.append("".join([part async for part in parts]).strip())
    return " ".join(pieces)


def first_renderer(source: str, target: str, *, settings: Settings, engines: Engines) -> Renderer:
    """What a meeting would ask first. Raises RenderError where it would ask none."""
    route = settings.route(source, target)
    names = () if route is None else route.renderers(engines.reaches)
    if not names:
        raise RenderError(f"no engine renders {source} to {target}")
    return engines.renderer(names[0])


def brief(number: int, text: str, source: str, target: str, settings: Settings) -> Brief:
    """What a renderer is told of one sentence that stands for itself."""
    segment = Segment(
        id=str(number),
        speaker="speaker",
        speaker_name="Speaker",
        language=source,
        text=text,
        start=0.0,
        end=0.0,
        committed=0.0,
        settings=settings.number,
    )
    terms = settings.glossary(source, target).terms(text, source, target)
    return Brief(segment=segment, target=target, terms=terms)


def sentences(text: str) -> list[str]:
    """`text` cut after its full stops."""
    return [one for one in _SENTENCE.split(text.strip()) if one]


def _samples(path: Path) -> Any:
    sound = recording.read(path).samples
    heard = recording.at_rate(sound, recording.SAMPLE_RATE, SAMPLE_RATE)
    return heard.astype(np.float32) / 32768.0


async def _in_thread(work: Callable[[threading.Event], T]) -> T:
    """`work` with an event that asks it to end early, which a cancelled caller sets."""
    stop = threading.Event()
    try:
        return await asyncio.to_thread(work, stop)
    finally:
        stop.set()
