"""An ear by a plugin's STT."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

from livekit.agents import stt

from translator.beside import beside
from translator.engines.livekit.feed import PACE, UNKNOWN, Feed
from translator.engines.livekit.identifier import Identifier
from translator.engines.livekit.plugin import begun, leave, made, once, received
from translator.engines.livekit.utterances import Utterances
from translator.errors import HearError, UnansweredError
from translator.hear import HOLD, Sound
from translator.types import Hypothesis, Prior


class LiveKitEar:
    """Hears with an stt.STT that streams. An object serves one floor at a time."""

    def __init__(
        self,
        name: str,
        make: Callable[[Sequence[str], Sequence[str]], stt.STT[Any]],
        *,
        knows_english: bool = False,
        patience: float = UNKNOWN,
        grace: float = 2.0,
        hold: float = HOLD,
        pace: float = PACE,
    ) -> None:
        """`name` is the engine's; `make` gives a new STT for languages (BCP-47) and terms, and is
        called in a thread.

        `knows_english` says that its "en" means English, and not that it knows no language.
        After `patience` seconds of speech without a word it has failed, and where that is UNKNOWN
        after fewer once it has told each word: of a silent vendor, or a half-open connection,
        nothing else is ever heard. After the end of the audio it has `grace` seconds for its last
        words. A pause is `hold` seconds long at most, where all that was said before is final.
        What has waited is sent at `pace` times real time.
        """
        self._name = name
        self._make = make
        self._knows_english = knows_english
        self._patience = patience
        self._grace = grace
        self._hold = hold
        self._pace = pace

    @property
    def hold(self) -> float:
        """See translator.hear.Holding."""
        return self._hold

    async def listen(
        self, audio: AsyncIterator[Sound], prior: Prior
    ) -> AsyncGenerator[Hypothesis, None]:
        """See translator.hear.Ear."""
        identifier = Identifier(prior, knows_english=self._knows_english)
        await asyncio.to_thread(identifier.load)
        utterances = Utterances(identifier)
        engine = await asyncio.to_thread(
            made, lambda: self._make(prior.languages, prior.terms), HearError
        )
        async with engine, _begun(self._name, engine, patience=self._patience) as stream:
            feed = Feed(
                audio,
                stream,
                utterances,
                patience=self._patience,
                grace=self._grace,
                pace=self._pace,
            )
            async with (
                beside(feed.run()),
                aclosing(received(stream, self._name, HearError)) as events,
            ):
                async for event in events:
                    hypothesis = utterances.push(event)
                    if hypothesis is not None:
                        yield hypothesis
                    if feed.complete and not utterances.pending:
                        break
            if feed.failure is not None:
                raise feed.failure
            if feed.is_unanswered:
                raise UnansweredError(
                    f"{self._name} says nothing of what it hears",
                    retryable=True,
                    kind="silent",
                )
            if not feed.complete:
                raise HearError(
                    f"{self._name} has stopped listening", retryable=True, kind="broken off"
                )
        rest = utterances.rest()
        if rest is not None:
            yield rest


@asynccontextmanager
async def _begun(
    name: str, engine: stt.STT[Any], *, patience: float
) -> AsyncGenerator[stt.RecognizeStream, None]:
    """A stream, left in the end. Raises HearError where the plugin gives none."""
    stream = begun(lambda: engine.stream(conn_options=once(patience)), name, HearError)
    try:
        yield stream
    finally:
        await leave(stream)
