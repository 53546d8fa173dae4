"""LiveKit's plugin classes behind our stages: any stt.STT[Any], llm.LLM or tts.TTS is an engine.

What the base classes hide badly, and what is done about it here:

- Their retries pile up audio, or say a sentence twice: they are off, callers try again.
- Their errors quote what the vendor answered, which may hold a key or what was said: ours name
  the vendor and the kind of failure only.
- Their timeouts limit each read, never a whole request; a recognizer may fall silent for good.
- A recognizer that knows no language says "en"; another never ends; times may be missing.
- A model that was cut off, or filtered, looks as if it had finished.

Outside a LiveKit job the plugins that use aiohttp need `livekit.agents.utils.http_context.open()`
around them, or a session of their own.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import aiohttp
import numpy as np
import numpy.typing as npt
from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
from langdetect.lang_detect_exception import LangDetectException
from livekit import rtc
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APIStatusError,
    APITimeoutError,
    llm,
    stt,
    tts,
)
from livekit.agents.inference.llm import LLMStream
from livekit.agents.llm.utils import ThinkingTokenFilter
from openai.types.chat.chat_completion_chunk import Choice

from translator.beside import beside
from translator.errors import HearError, RenderError, SpeakError, StageError, SummarizeError
from translator.hear import SAMPLE_RATE, Sound, Voicing
from translator.languages import lookup, same
from translator.prompt import Inputs, Prompt, SummaryInputs, SummaryPrompt
from translator.types import Brief, Hypothesis, Segment, Word

T = TypeVar("T")
Engine = TypeVar("Engine", bound=tts.TTS[Any])


class LiveKitEar:
    """Hears with an stt.STT that streams. An object serves one floor at a time."""

    def __init__(
        self,
        make: Callable[[Sequence[str], Sequence[str]], stt.STT[Any]],
        *,
        knows_english: bool = False,
        patience: float = 8.0,
        grace: float = 2.0,
    ) -> None:
        """`make` gives a new STT for languages (BCP-47) and terms.

        `knows_english` says that its "en" means English, and not that it knows no language.
        After `patience` seconds of speech without a word it has failed; after the end of the
        audio it has `grace` seconds for its last words.
        """
        self._make = make
        self._knows_english = knows_english
        self._patience = patience
        self._grace = grace

    async def listen(
        self,
        audio: AsyncIterator[Sound],
        *,
        languages: Sequence[str],
        expected: str | None,
        terms: Sequence[str],
    ) -> AsyncGenerator[Hypothesis, None]:
        """See translator.hear.Ear."""
        identifier = _Identifier(languages, expected, knows_english=self._knows_english)
        await asyncio.to_thread(identifier.load)
        utterances = _Utterances(identifier)
        async with (
            _made(lambda: self._make(languages, terms), HearError) as engine,
            engine.stream(conn_options=_once(self._patience)) as stream,
        ):
            feed = _Feed(audio, stream, utterances, patience=self._patience, grace=self._grace)
            async with (
                beside(feed.run()),
                aclosing(_received(stream, engine, HearError)) as events,
            ):
                async for event in events:
                    hypothesis = utterances.push(event)
                    if hypothesis is not None:
                        yield hypothesis
                    if feed.complete and not utterances.pending:
                        break
            if feed.failure is not None:
                raise feed.failure
            if not feed.complete:
                raise HearError(f"{engine.provider} has stopped listening", retryable=True)
        rest = utterances.rest()
        if rest is not None:
            yield rest


class LiveKitRenderer:
    """Renders with an llm.LLM; who made it closes it."""

    def __init__(
        self, model: llm.LLM[Any], prompt: Prompt, *, patience: float = 4.0, deadline: float = 10.0
    ) -> None:
        """At most `patience` seconds between two pieces, and `deadline` for all of them."""
        self._model = model
        self._prompt = prompt
        self._patience = patience
        self._deadline = deadline

    @property
    def prompt(self) -> str:
        """Name and version of its instructions."""
        return self._prompt.title

    async def render(self, brief: Brief) -> AsyncGenerator[str, None]:
        """See translator.render.Renderer."""
        written = _written(
            self._model,
            instructions=self._prompt.render(Inputs.of(brief)),
            message=brief.segment.text,
            failed=RenderError,
            patience=self._patience,
            deadline=self._deadline,
        )
        async with aclosing(written) as pieces:
            async for piece in pieces:
                yield piece


class LiveKitSummarizer:
    """Sums up with an llm.LLM; who made it closes it."""

    def __init__(
        self, model: llm.LLM[Any], prompt: SummaryPrompt, *, deadline: float = 20.0
    ) -> None:
        """At most `deadline` seconds for a summary."""
        self._model = model
        self._prompt = prompt
        self._deadline = deadline

    @property
    def prompt(self) -> str:
        """Name and version of its instructions."""
        return self._prompt.title

    async def summarize(self, said: Sequence[Segment], *, before: str, words: int) -> str:
        """See translator.summary.Summarizer."""
        written = _written(
            self._model,
            instructions=self._prompt.render(SummaryInputs(before=before, words=words)),
            message="\n".join(map(_line, said)),
            failed=SummarizeError,
            patience=self._deadline,
            deadline=self._deadline,
        )
        async with aclosing(written) as pieces:
            return "".join([piece async for piece in pieces])


class LiveKitVoice(Generic[Engine]):
    """Speaks with one tts.TTS for each language and voice."""

    def __init__(
        self,
        make: Callable[[str, str | None], Engine],
        *,
        set_pace: Callable[[Engine, float], None] | None = None,
        patience: float = 5.0,
    ) -> None:
        """`make` gives a TTS for a language (BCP-47) and a voice, None for the usual one.

        `set_pace` sets an option that the TTS reads when a request begins; without it every
        text is spoken at the normal rate. At most `patience` seconds pass between two frames.
        """
        self._make = make
        self.paced = set_pace is not None
        self._set_pace = set_pace
        self._patience = patience
        self._engines: dict[tuple[str, str | None], Engine] = {}

    async def say(
        self, text: str, *, language: str, voice: str | None, pace: float
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """See translator.speak.Voice."""
        if not any(character.isalnum() for character in text):
            return  # vendors answer punctuation with an error
        engine = self._engines.get((language, voice))
        if engine is None:
            engine = _made(lambda: self._make(language, voice), SpeakError)
            self._engines[language, voice] = engine
        if self._set_pace is not None:
            self._set_pace(engine, pace)
        async with (
            engine.synthesize(text, conn_options=_once(self._patience)) as stream,
            aclosing(_received(stream, engine, SpeakError, patience=self._patience)) as pieces,
        ):
            async for piece in pieces:
                yield piece.frame

    async def aclose(self) -> None:
        """Close every TTS that was made."""
        while self._engines:
            _, engine = self._engines.popitem()
            await engine.aclose()


# What the three share.


class _Plugin(Protocol):
    @property
    def provider(self) -> str: ...


def _once(timeout: float) -> APIConnectOptions:
    return APIConnectOptions(max_retry=0, timeout=timeout)


def _made(make: Callable[[], T], failed: type[StageError]) -> T:
    """What `make` gives; plugins refuse settings with errors of any type."""
    try:
        return make()
    except Exception as error:
        kind = type(error).__name__
        raise failed(f"no engine ({kind}): check its settings and its key") from error


async def _received(
    stream: AsyncIterator[T],
    plugin: _Plugin,
    failed: type[StageError],
    *,
    patience: float | None = None,
    deadline: float | None = None,
) -> AsyncGenerator[T, None]:
    """What `stream` gives; every failure of the plugin, whatever its type, raises `failed`.

    At most `patience` seconds are waited for each item, and none at all after `deadline`, an
    instant of the event loop's clock. The caller's own time is not counted.
    """
    loop = asyncio.get_running_loop()
    while True:
        patient = None if patience is None else loop.time() + patience
        limit = min((at for at in (patient, deadline) if at is not None), default=None)
        try:
            async with asyncio.timeout_at(limit):
                item = await anext(stream)
        except StopAsyncIteration:
            return
        except Exception as error:
            raise _failure(error, plugin, failed) from None
        yield item


_STATUS = {
    400: "does not accept the request: check the name of the model",
    401: "refuses the key: check the key of this engine",
    402: "wants to be paid: check the account",
    403: "refuses the key: check what it is allowed to do",
    404: "does not know the model or the address",
    429: "has had too many requests, or the account is used up",
}


def _failure(error: Exception, plugin: _Plugin, failed: type[StageError]) -> StageError:
    """`error` in our own words, for a vendor's may quote a key or what was said."""
    match error:
        case APIStatusError(status_code=status) | aiohttp.ClientResponseError(status=status):
            what = f"{_STATUS.get(status, 'failed')} (status {status})"
            retryable = not 400 <= status < 500 or status in (408, 429)
        case APITimeoutError() | TimeoutError():
            what, retryable = "did not answer in time", True
        case APIConnectionError() | aiohttp.ClientError() | OSError():
            cause = error.__cause__ or error
            what, retryable = f"was not reached, or broke off ({type(cause).__name__})", True
        case _:
            what, retryable = f"failed ({type(error).__name__})", False
    if isinstance(error, APIError):
        retryable = error.retryable
    return failed(f"{plugin.provider} {what}", retryable=retryable)


# Hearing.


class _Feed:
    """Pushes a floor's audio, beside the task that reads what the STT makes of it."""

    _CHUNK = SAMPLE_RATE // 20  # vendors want 50 ms at a time, and some refuse a shorter rest

    def __init__(
        self,
        audio: AsyncIterator[Sound],
        stream: stt.RecognizeStream,
        utterances: "_Utterances",
        *,
        patience: float,
        grace: float,
    ) -> None:
        self.complete = False
        """The audio has ended, and all of it was pushed."""
        self.failure: Exception | None = None
        """What the audio itself raised."""
        self._audio = audio
        self._stream = stream
        self._utterances = utterances
        self._patience = patience
        self._grace = grace

    async def run(self) -> None:
        """Push all, wait for the last words, and end the stream. Never raises."""
        try:
            self.complete = await self._push_all()
        except Exception as error:  # the reader raises it, in its own task
            self.failure = error
        if self.complete and self._utterances.pending:
            await asyncio.sleep(self._grace)
        await self._stream.aclose()  # an STT may ignore the end of its input

    async def _push_all(self) -> bool:
        """False when the STT has ended before, or says nothing of much speech."""
        speech = self._utterances.speech
        async for sound in self._audio:
            speech.push(sound)
            if self._utterances.unanswered > self._patience or not self._push(sound.samples):
                return False
        self._push(np.zeros(-speech.samples % self._CHUNK, np.int16))
        with suppress(RuntimeError):
            self._stream.end_input()
        return True

    def _push(self, samples: npt.NDArray[np.int16]) -> bool:
        """False when the STT has ended: who reads it is told why."""
        try:
            self._stream.push_frame(rtc.AudioFrame(samples.tobytes(), SAMPLE_RATE, 1, len(samples)))
        except RuntimeError:
            return False
        return True


class _Speech:
    """Where somebody spoke in the audio pushed so far, in seconds from its first sample."""

    _GAP = 0.3  # a shorter silence parts no speech
    _LEAST = 0.2  # a shorter rest is the echo of a word, not another one

    def __init__(self) -> None:
        self.samples = 0
        self.voiced = 0.0
        """Seconds of speech altogether."""
        self._voicing = Voicing()
        self._runs: list[tuple[float, float]] = []

    @property
    def pushed(self) -> float:
        return self.samples / SAMPLE_RATE

    def push(self, sound: Sound) -> None:
        start = self.pushed
        self.samples += len(sound.samples)
        if not self._voicing.push(sound):
            return
        self.voiced += self.pushed - start
        if self._runs and start - self._runs[-1][1] <= self._GAP:
            start, _ = self._runs.pop()
        self._runs.append((start, self.pushed))

    def after(self, instant: float) -> tuple[float, float] | None:
        """Onset of the first speech after `instant` and end of the last; None without any."""
        starts = [max(start, instant) for start, end in self._runs if end - instant > self._LEAST]
        return (starts[0], self._runs[-1][1]) if starts else None


class _Utterances:
    """The events of one stream as hypotheses: one utterance is open at a time."""

    _SLACK = 0.2  # how far a vendor's clock may be ahead of ours

    def __init__(self, identifier: "_Identifier") -> None:
        self.speech = _Speech()
        self._identifier = identifier
        self._number = 1
        self._last: Hypothesis | None = None
        self._done = 0.0  # end of the last final
        self._answered = 0.0  # seconds of speech when words last came

    @property
    def pending(self) -> bool:
        """Whether speech was pushed that no final covers."""
        return self._last is not None or self.speech.after(self._done) is not None

    @property
    def unanswered(self) -> float:
        """Seconds of speech since words last came."""
        return self.speech.voiced - self._answered

    def push(self, event: stt.SpeechEvent) -> Hypothesis | None:
        """What `event` says that was not said yet."""
        if event.type not in _TRANSCRIPTS or not event.alternatives:
            return None
        self._answered = self.speech.voiced
        data = event.alternatives[0]
        text = data.text.strip()
        if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT:
            return self._final(text, data) if text or self._last else None
        if not text:
            return None
        if event.type is stt.SpeechEventType.PREFLIGHT_TRANSCRIPT:
            return self._preflight(text, data)
        return self._open(text, data, stable=_common(self._stable, text))

    def rest(self) -> Hypothesis | None:
        """The utterance that got no final, as final."""
        last = self._last
        return None if last is None else replace(last, final=True, stable=len(last.text))

    @property
    def _stable(self) -> str:
        return self._last.text[: self._last.stable] if self._last else ""

    def _final(self, text: str, data: stt.SpeechData) -> Hypothesis:
        final = replace(self._hypothesis(text, data, stable=len(text)), final=True)
        self._number += 1
        self._last = None
        self._done = final.end
        if final.language is not None:
            self._identifier.expected = final.language
        return final

    def _preflight(self, text: str, data: stt.SpeechData) -> Hypothesis | None:
        """Some vendors confirm all of the utterance, some only what came since the last time."""
        last = self._last
        if last is None or _letters(text).startswith(_letters(last.text)):
            return self._open(text, data, stable=len(text))
        if not _letters(last.text).endswith(_letters(text)):
            return None
        self._last = replace(last, stable=len(last.text))
        return self._last

    def _open(self, text: str, data: stt.SpeechData, *, stable: int) -> Hypothesis:
        self._last = self._hypothesis(text, data, stable=stable)
        return self._last

    def _hypothesis(self, text: str, data: stt.SpeechData, *, stable: int) -> Hypothesis:
        start, end = self._span(data)
        return Hypothesis(
            utterance=str(self._number),
            text=text,
            language=self._identifier.language(text, data),
            final=False,
            start=start,
            end=end,
            stable=stable,
            words=self._words(text, data),
        )

    def _span(self, data: stt.SpeechData) -> tuple[float, float]:
        """The vendor's times where they can be true, else those of the speech that was pushed."""
        pushed = self.speech.pushed
        if self._plausible(data.start_time, data.end_time):
            return max(data.start_time, self._done), min(data.end_time, pushed)
        return self.speech.after(self._done) or (self._done, pushed)

    def _plausible(self, start: float, end: float) -> bool:
        return self._done - self._SLACK <= start < end <= self.speech.pushed + self._SLACK

    def _words(self, text: str, data: stt.SpeechData) -> tuple[Word, ...]:
        """The vendor's timed words, where they are those of `text`."""
        words: list[Word] = []
        for word in data.words or ():
            start, end = word.start_time, word.end_time
            if not isinstance(start, float) or not isinstance(end, float):
                return ()
            if not self._plausible(start, end):
                return ()
            words.append(Word(text=str(word), start=start, end=end))
        spelled = _letters("".join(word.text for word in words))
        return tuple(words) if _letters(text).startswith(spelled) else ()


_TRANSCRIPTS = (
    stt.SpeechEventType.INTERIM_TRANSCRIPT,
    stt.SpeechEventType.PREFLIGHT_TRANSCRIPT,
    stt.SpeechEventType.FINAL_TRANSCRIPT,
)


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _common(one: str, other: str) -> int:
    """Length of the beginning that both share."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


class _Identifier:
    """Which of some languages is spoken: as the STT says, as the text looks, as expected."""

    _LETTERS = 20  # a guess from fewer letters is no better than none
    _SURE = 0.9

    def __init__(
        self, languages: Sequence[str], expected: str | None, *, knows_english: bool
    ) -> None:
        self.expected = _among(expected or "", languages)
        self._languages = tuple(languages)
        self._knows_english = knows_english
        self._profiles = {_profile(code): code for code in reversed(languages)}

    def load(self) -> None:
        """Read what detection needs; takes some time."""
        if self._detects:
            _detection(tuple(sorted(self._profiles)))

    def language(self, text: str, data: stt.SpeechData) -> str | None:
        """BCP-47, one of the given languages; None while nothing tells."""
        if len(self._languages) == 1:
            return self._languages[0]
        return self._told(data) or self._detected(text) or self.expected

    def _told(self, data: stt.SpeechData) -> str | None:
        confidence = (data.metadata or {}).get("language_confidence")
        if confidence is not None:
            return _among(data.language, self._languages) if confidence >= 0.5 else None
        if same(data.language, "en") and not self._knows_english:
            return None
        return _among(data.language, self._languages)

    @property
    def _detects(self) -> bool:
        """A language without a profile would be taken for another one."""
        return len(self._profiles) > 1 and all(
            (Path(PROFILES_DIRECTORY) / profile).exists() for profile in self._profiles
        )

    def _detected(self, text: str) -> str | None:
        if len(_letters(text)) < self._LETTERS or not self._detects:
            return None
        detector = _detection(tuple(sorted(self._profiles))).create()
        detector.append(text)
        try:
            best = detector.get_probabilities()
        except LangDetectException:
            return None
        if not best or best[0].prob < self._SURE:
            return None
        found = self._profiles[best[0].lang]
        return self.expected if same(self.expected or "", found) else found


def _among(code: str, languages: Sequence[str]) -> str | None:
    """The one of `languages` that `code` means."""
    found = lookup(code, languages)
    return found or next((language for language in languages if same(code, language)), None)


def _profile(code: str) -> str:
    """langdetect's name of a language."""
    primary = code.split("-")[0].lower()
    return {"zh": "zh-cn", "nb": "no"}.get(primary, primary)


@cache
def _detection(profiles: tuple[str, ...]) -> Any:
    """A langdetect factory for these languages alone, giving the same answer every time."""
    factory: Any = DetectorFactory()  # type: ignore[no-untyped-call]
    factory.set_seed(0)
    folder = Path(PROFILES_DIRECTORY)
    factory.load_json_profile([(folder / name).read_text(encoding="utf-8") for name in profiles])
    return factory


# Rendering, and summing up.


def _line(segment: Segment) -> str:
    """Who said what, so that no words of anybody can pass for another line."""
    said = {"speaker": segment.speaker_name, "said": segment.text}
    return json.dumps(said, ensure_ascii=False)


async def _written(
    model: llm.LLM[Any],
    *,
    instructions: str,
    message: str,
    failed: type[StageError],
    patience: float,
    deadline: float,
) -> AsyncGenerator[str, None]:
    """What `model` answers, piece by piece; raises `failed` unless it is some text, and whole.

    At most `patience` seconds pass between two pieces, and `deadline` until the last.
    """
    chat = llm.ChatContext.empty()
    chat.add_message(role="system", content=instructions)
    chat.add_message(role="user", content=message)
    end = asyncio.get_running_loop().time() + deadline
    given = False
    async with model.chat(chat_ctx=chat, conn_options=_once(patience)) as stream:
        ending = _Ending(stream, failed)
        async with aclosing(
            _received(stream, model, failed, patience=patience, deadline=end)
        ) as chunks:
            async for chunk in chunks:
                text = chunk.delta.content or "" if chunk.delta else ""
                piece = text if given else text.lstrip()
                if piece:
                    given = True
                    yield piece
    ending.check(model.provider)
    if not given:
        raise failed(f"{model.provider} gave no text", retryable=True)


_CUT = {"length": "cut its text off", "content_filter": "filtered its text"}


class _Ending:
    """Why a model ended, which llm.LLMStream does not tell.

    The stream of all plugins for OpenAI's protocol parses one choice at a time: it is noted
    there. Of another stream nothing is known, and nothing is checked.
    """

    def __init__(self, stream: llm.LLMStream, failed: type[StageError]) -> None:
        self._failed = failed
        self._noted = isinstance(stream, LLMStream)
        self._reason: str | None = None
        if isinstance(stream, LLMStream):
            self._parse = stream._parse_choice
            stream._parse_choice = self._note  # type: ignore[method-assign, assignment]

    def check(self, provider: str) -> None:
        """Raises `failed` unless all of the text has come."""
        if not self._noted:
            return
        if self._reason is None:
            raise self._failed(f"{provider} broke off", retryable=True)
        if self._reason in _CUT:
            raise self._failed(f"{provider} {_CUT[self._reason]}")

    def _note(self, id: str, choice: Choice, thinking: ThinkingTokenFilter) -> llm.ChatChunk | None:
        self._reason = choice.finish_reason or self._reason
        return self._parse(id, choice, thinking)
