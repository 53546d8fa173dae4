"""One source of speech, heard and segmented once, for all languages."""

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from livekit import rtc

from translator.errors import HearError
from translator.floors import Floors
from translator.guards.echo import EchoGuard
from translator.hear import BLOCK, SAMPLE_RATE, Ear, Sound, detect, hear
from translator.record import Failed, Guarded, Heard, Hearing, Record
from translator.segment import Segmenter
from translator.settings import Settings
from translator.types import Cut, Hypothesis, Prior, Segment, Tail

LOST = 0.2
"""Seconds by which all frames must be late until some count as lost."""
LATE_FRAMES = 64
"""Frames looked at: two seconds, as many as may wait."""


class Floor:
    """One speaker's microphone or shared sound."""

    def __init__(
        self,
        speaker: str,
        speaker_name: str,
        *,
        ear: Ear,
        settings: Callable[[], Settings],
        declared: Callable[[], str | None],
        guard: EchoGuard,
        record: Record,
        floors: Floors,
        name: str,
        prefix: str,
        muted: Callable[[], bool] = lambda: False,
    ) -> None:
        """`declared` is the language that the speaker says to speak; `name` tells a speaker's
        floors apart; `prefix` begins the ids of its segments and is its own in the meeting;
        `muted` says whether nothing can be heard now."""
        self.speaker = speaker
        self.speaker_name = speaker_name
        self._ear = ear
        self._settings = settings
        self._declared = declared
        self._guard = guard
        self._record = record
        self._floors = floors
        self._name = name
        self._prefix = prefix
        self._muted = muted
        self._language: str | None = None
        self._refused: str | None = None

    async def run(self, frames: AsyncIterator[rtc.AudioFrame]) -> None:
        """Hear `frames` (16 kHz mono, in real time) until they end."""
        segmenter = Segmenter(
            speaker=self.speaker,
            speaker_name=self.speaker_name,
            prefix=self._prefix,
            limits=self._settings().segments.limits,
        )
        origin = _Origin(self._record.clock)
        async with aclosing(self._noted(detect(origin.mark(frames)), origin)) as sounds:
            hypotheses = hear(
                sounds,
                self._ear,
                prior=self._prior,
                opened=self._opened,
                failed=self._failed,
            )
            async with aclosing(hypotheses):
                async for hypothesis in hypotheses:
                    self._take(hypothesis.later(origin.at), segmenter)

    async def _noted(
        self, sounds: AsyncGenerator[Sound, None], origin: "_Origin"
    ) -> AsyncGenerator[Sound, None]:
        """Give `sounds` on, marked where it is muted; the guard knows their loudness."""
        count = 0
        async with aclosing(sounds):
            async for sound in sounds:
                at = origin.at + count * BLOCK / SAMPLE_RATE
                self._guard.heard(self._prefix, sound.samples, SAMPLE_RATE, at)
                if self._settings().needs_sound:
                    self._floors.keep(self._prefix, sound.samples, at)
                count += 1
                yield replace(sound, muted=True) if self._muted() else sound

    def _take(self, hypothesis: Hypothesis, segmenter: Segmenter) -> None:
        if self._is_echo(hypothesis):  # nothing was said, nor was what looked different before
            hypothesis = replace(hypothesis, text="", stable=0, words=())
        else:
            self._language = hypothesis.language or self._language
        settings = self._settings()
        segmenter.limits = settings.segments.limits
        segments = segmenter.push(hypothesis, now=self._record.clock(), settings=settings.number)
        self._give(segments, segmenter, hypothesis, tail=segmenter.tail)

    def _is_echo(self, hypothesis: Hypothesis) -> bool:
        echo = self._guard.is_echo(
            self._prefix,
            start=hypothesis.start,
            end=hypothesis.end,
            suspect=hypothesis.utterance == self._refused,
        )
        if echo and hypothesis.utterance != self._refused:
            self._record.emit(
                Guarded(at=self._record.clock(), speaker=self.speaker, why="heard back")
            )
        self._refused = hypothesis.utterance if echo else None
        return echo

    def _give(
        self, segments: list[Segment], segmenter: Segmenter, hypothesis: Hypothesis, *, tail: str
    ) -> None:
        cut = Cut(
            segments=tuple(segments),
            tail=Tail(
                speaker=self.speaker,
                speaker_name=self.speaker_name,
                language=hypothesis.language,
                text=tail,
                start=segments[-1].end if segments else hypothesis.start,
                end=hypothesis.end,
            ),
            ended=hypothesis.final,
        )
        self._floors.publish(cut)
        self._record.emit(Heard(at=self._record.clock(), cut=cut))

    def _prior(self) -> Prior:
        return Prior(
            languages=self._settings().spoken,
            expected=self._language,
            declared=self._declared(),
            terms=self._key_terms(),
        )

    def _key_terms(self) -> Sequence[str]:
        """What the glossaries spell in the language that the speaker is expected to speak."""
        language = self._language or self._declared()
        if language is None:
            return ()
        glossaries = self._settings().glossaries.values()
        return [term for glossary in glossaries for term in glossary.key_terms(language)]

    def _opened(self, opened: bool) -> None:
        self._record.emit(
            Hearing(at=self._record.clock(), floor=self._name, speaker=self.speaker, opened=opened)
        )

    def _failed(self, error: HearError) -> None:
        self._record.emit(
            Failed(at=self._record.clock(), stage="hear", language=None, message=str(error))
        )


class _Origin:
    """Where the audio's time 0 lies in meeting time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.at = 0.0

    async def mark(
        self, frames: AsyncIterator[rtc.AudioFrame]
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """Give `frames` on; the first one's beginning is time 0.

        Time is counted in samples. Where a busy machine lost some, silence takes their place,
        or the speaker would be early for good: frames that only wait come sooner or later in
        time, so of LATE_FRAMES the most punctual says what is missing.
        """
        given = 0.0
        late: deque[float] = deque(maxlen=LATE_FRAMES)
        async for frame in frames:
            begins = self._clock() - frame.duration
            if given == 0.0:
                self.at = begins
            late.append(begins - self.at - given)
            if len(late) == LATE_FRAMES and min(late) > LOST:
                lost = round(min(late) * SAMPLE_RATE)
                yield rtc.AudioFrame(bytes(2 * lost), SAMPLE_RATE, 1, lost)
                given += lost / SAMPLE_RATE
                late.clear()
            given += frame.duration
            yield frame
