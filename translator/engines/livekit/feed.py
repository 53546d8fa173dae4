"""A floor's audio, as fast as a vendor takes it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress

import numpy as np
import numpy.typing as npt
from livekit import rtc
from livekit.agents import stt

from translator.engines.livekit.plugin import leave
from translator.engines.livekit.utterances import Utterances
from translator.hear import SAMPLE_RATE, Sound, until_pause

PACE = 1.2
"""Times real time at which what has waited is sent, where no more is known of a vendor: AssemblyAI
closes a session that is sent more."""
BURST = 0.8
"""Seconds of audio that are sent at once: no vendor minds a network's jitter."""
RENEWED = 1500.0
"""Seconds after which a stream ends at the next pause, and another begins: before the shortest
session of any vendor is over (OpenAI's is 30 minutes)."""
UNKNOWN = 8.0
"""Seconds of speech without a word that are too long of an STT of which no more is known."""
OVERDUE = 3.0
"""The same of one that is seen to tell each word."""
UNHEARD = 0.5
"""Seconds of speech without a word that a vendor cannot leave unanswered at the end."""
SETTLED = 2.0
"""Seconds of silence behind which a stream goes on only if it has said all: it is asked for the
rest by the end of its audio."""


class Feed:
    """Pushes a floor's audio, beside the task that reads what the STT makes of it."""

    _CHUNK = SAMPLE_RATE // 20  # vendors want 50 ms at a time, and some refuse a shorter rest

    def __init__(
        self,
        audio: AsyncIterator[Sound],
        stream: stt.RecognizeStream,
        utterances: Utterances,
        *,
        patience: float,
        grace: float,
        pace: float,
    ) -> None:
        self.complete = False
        """The audio has ended, or the stream is old; all that was taken was pushed."""
        self.is_unanswered = False
        """The STT said nothing of speech for too long."""
        self.failure: Exception | None = None
        """What the audio itself raised."""
        self._audio = audio
        self._stream = stream
        self._utterances = utterances
        self._patience = patience
        self._grace = grace
        self._pace = pace
        self._begun = self._paced = 0.0

    async def run(self) -> None:
        """Push all, wait for the last words, and end the stream. Never raises."""
        try:
            self.complete = await self._push_all()
        except Exception as error:  # the reader raises it, in its own task
            self.failure = error
        if self.complete and self._utterances.pending:
            await asyncio.sleep(self._grace)
            self.is_unanswered = self._utterances.unanswered > UNHEARD
        await leave(self._stream)  # an STT may ignore the end of its input

    async def _push_all(self) -> bool:
        """False when the STT has ended before, or says nothing of much speech."""
        speech = self._utterances.speech
        async with aclosing(until_pause(self._audio, lambda: speech.pushed > RENEWED)) as audio:
            async for sound in audio:
                await self._wait()
                speech.push(sound)
                self.is_unanswered = self._is_too_late()
                if self.is_unanswered or not self._push(sound.samples):
                    return False
                if speech.silence > SETTLED and self._owes_words():
                    break
        self._push(np.zeros(-speech.samples % self._CHUNK, np.int16))
        with suppress(RuntimeError):
            self._stream.end_input()
        return True

    def _owes_words(self) -> bool:
        return self._utterances.is_open or self._utterances.unanswered > UNHEARD

    def _is_too_late(self) -> bool:
        """Whether words are overdue: by the speech that was sent, and by the time since, because
        what is replayed is sent faster than it was said."""
        since = max(self._begun, self._utterances.answered_at)
        waited = asyncio.get_running_loop().time() - since
        patience = self._patience
        if patience == UNKNOWN and self._utterances.tells_each_word:
            patience = OVERDUE
        return min(self._utterances.unanswered, waited) > patience

    async def _wait(self) -> None:
        """Until no more than BURST is sent ahead of the pace, of which nothing can be saved up."""
        now = asyncio.get_running_loop().time()
        pushed = self._utterances.speech.pushed
        if pushed == 0:
            self._begun = self._paced = now
        self._paced = max(self._paced, now - pushed / self._pace)
        ahead = pushed - BURST - self._pace * (now - self._paced)
        if ahead > 0:
            await asyncio.sleep(ahead / self._pace)

    def _push(self, samples: npt.NDArray[np.int16]) -> bool:
        """False when the STT has ended: who reads it is told why."""
        try:
            self._stream.push_frame(rtc.AudioFrame(samples.tobytes(), SAMPLE_RATE, 1, len(samples)))
        except RuntimeError:
            return False
        return True
