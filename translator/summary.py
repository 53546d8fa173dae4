"""A rolling summary of the meeting, made beside the line.

There is one for all languages, of what is said on all floors. It is made anew every UTTERANCES
utterances or TOKENS tokens, whichever comes first, and the old one holds until the new one is
there; nobody waits for it, and where it fails nothing is lost but its freshness.
"""

import asyncio
import logging
import re
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from typing import Protocol

from translator.beside import beside
from translator.errors import StageError
from translator.lookups import Enquiry, Lookups
from translator.record import Failed, Record, Summarized
from translator.types import Cut, Segment

log = logging.getLogger(__name__)

UTTERANCES = 5
TOKENS = 6000
WORDS = 90
"""A summary is asked for in so many."""
MOST_TOKENS = 200
"""Of a summary; what is longer loses its end."""
DEADLINE = 30.0
"""Seconds in which a summary must have come."""
KEPT_TOKENS = 2 * TOKENS
"""Of what was said since the last summary: older is forgotten where no summary can be made."""

_SENTENCE = re.compile(r"(?<=[.!?…])\s+")


class Summarizer(Protocol):
    """Sums up what people say."""

    @property
    def prompt(self) -> str | None:
        """See translator.render.Renderer."""
        ...

    async def summarize(
        self, said: Sequence[Segment], *, before: str, words: int, enquiry: Enquiry | None = None
    ) -> str:
        """Everything so far in about so many words; `before` is the summary of what came before
        `said`, empty for nothing, and `enquiry` what may be looked up,
        None for nothing. Raises SummarizeError."""
        ...


class Summary:
    """What the meeting has been about."""

    def __init__(
        self, *, summarizer: Callable[[], Summarizer | None], lookups: Lookups, record: Record
    ) -> None:
        """`summarizer` gives the one to call now, None for no summary; it may raise
        TranslatorError."""
        self.text = ""
        """Under MOST_TOKENS; empty while there is none."""
        self._summarizer = summarizer
        self._lookups = lookups
        self._record = record
        self._said: deque[Segment] = deque()
        """Since the last summary."""
        self._utterances = 0
        self._tokens = 0
        self._open: set[str] = set()
        """Who has said something in an utterance that goes on."""
        self._due = asyncio.Event()

    async def run(self, cuts: AsyncGenerator[Cut, None]) -> None:
        """Follow the cuts of all floors until cancelled."""
        async with aclosing(cuts), beside(self._write()):
            async for cut in cuts:
                self._take(cut)

    def _take(self, cut: Cut) -> None:
        speaker = cut.tail.speaker
        self._said.extend(cut.segments)
        self._tokens += tokens(one.text for one in cut.segments)
        if cut.segments:
            self._open.add(speaker)
        if speaker in self._open and cut.ended:
            self._open.discard(speaker)
            self._utterances += 1
        if self._utterances >= UTTERANCES or self._tokens >= TOKENS:
            self._utterances = self._tokens = 0
            self._due.set()

    async def _write(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            said = list(self._said)
            self._said.clear()
            try:
                await self._sum_up(said)
            except Exception as error:  # a fault in an engine costs no more than this, too
                self._fail(error)
                self._keep(said)

    async def _sum_up(self, said: Sequence[Segment]) -> None:
        # In a thread, because a vendor's client takes half a second to make.
        summarizer = await asyncio.to_thread(self._summarizer)
        if summarizer is None:
            return
        async with asyncio.timeout(DEADLINE):
            enquiry = await self._lookups.begin()
            text = await summarizer.summarize(said, before=self.text, words=WORDS, enquiry=enquiry)
        self.text = first_sentences(text)
        self._record.emit(
            Summarized(at=self._record.clock(), text=self.text, prompt=summarizer.prompt)
        )

    def _keep(self, said: Iterable[Segment]) -> None:
        """The next summary may still have them."""
        self._said.extendleft(reversed(list(said)))
        while tokens(one.text for one in self._said) > KEPT_TOKENS:
            self._said.popleft()

    def _fail(self, error: Exception) -> None:
        fault = None if isinstance(error, StageError | TimeoutError) else error
        message = str(error) or f"no summary within {DEADLINE:.0f} seconds"
        log.warning("the last summary is kept: %s", message, exc_info=fault)
        self._record.emit(
            Failed(at=self._record.clock(), stage="summarize", language=None, message=message)
        )


def tokens(texts: Iterable[str]) -> int:
    """About as many as language models make of them: four bytes each."""
    return sum(len(text.encode()) for text in texts) // 4


def first_sentences(text: str) -> str:
    """The sentences of `text`, on one line, that are surely under MOST_TOKENS: three bytes each."""
    kept = ""
    sentences = _SENTENCE.split(" ".join(text.split()))
    for pieces in (sentences, sentences[0].split(" ")):  # a sentence may be too long by itself
        for piece in pieces:
            longer = f"{kept} {piece}".lstrip()
            if len(longer.encode()) >= 3 * MOST_TOKENS:
                break
            kept = longer
        if kept:
            break
    return kept
