"""What a reader saw: captions as they arrived, and how they came to be.

Takes the lines of a rehearsal's captions.jsonl: messages of the topic `translator.caption` with
`received_at`, in seconds on the recording's clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from translator import languages
from translator.evaluation.latency import Emitted
from translator.evaluation.words import aligned, same, words
from translator.segment import alike
from translator.types import Word

SHORT = 3
"""Words that a segment should have at least."""
CLAUSE_SIGNS = ".,;:?!…"
SPOKEN = "spoken"
"""Stands where a language would, for speakers' own words."""

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What stood there from `at` on."""

    at: float
    committed: tuple[str, ...]
    """Its words."""
    tail: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Page:
    """One speaker's captions in one language, as a reader had them."""

    speaker: str
    views: list[View] = field(default_factory=list)
    finals: list[Message] = field(default_factory=list)
    """What was committed, in the order that it came; a correction takes the old text's place."""

    def take(self, message: Message) -> None:
        """One message more.

        What is known is told again where it could not be rendered: it changes nothing.
        """
        if message["kind"] == "tail":
            self._show(message, message["text"])
            return
        known = {one["segment_id"]: at for at, one in enumerate(self.finals)}
        at = known.get(message["segment_id"])
        if at is None:
            self.finals.append(message)
        elif self.finals[at]["text"] == message["text"]:
            return
        else:
            self.finals[at] = message
        tail = message.get("tail")
        self._show(message, tail["text"] if tail else "")

    @property
    def text(self) -> str:
        """All that was committed."""
        return " ".join(one["text"] for one in self.finals)

    @property
    def emitted(self) -> list[Emitted]:
        """The committed words, each when it was committed, in milliseconds."""
        return [
            Emitted(text=word, delay=1000 * one["received_at"])
            for one in self.finals
            for word in one["text"].split()
        ]

    def _show(self, message: Message, tail: str) -> None:
        committed = tuple(word for one in self.finals for word in one["text"].split())
        self.views.append(
            View(at=message["received_at"], committed=committed, tail=tuple(tail.split()))
        )


def pages(messages: Iterable[Message], language: str) -> list[Page]:
    """The pages in `language`, one for each speaker."""
    found: dict[str, Page] = {}
    for message in messages:
        if languages.same(message["language"], language):
            speaker = message["speaker"]
            found.setdefault(speaker, Page(speaker=speaker)).take(message)
    return list(found.values())


def spoken(messages: Iterable[Message]) -> list[Page]:
    """What each speaker said, in whatever language."""
    found: dict[str, Page] = {}
    for message in messages:
        if message["origin"] == "source":
            speaker = message["speaker"]
            found.setdefault(speaker, Page(speaker=speaker)).take(message)
    return list(found.values())


# --- erasure ----------------------------------------------------------------------------------


def erasure(all_pages: Sequence[Page]) -> dict[str, int]:
    """Words that were taken back: of the `committed` text, of all that was shown (`partial`), and
    the `words` that stood at the end. Their quotients are the normalized erasure."""
    return {
        "committed": sum(_erased([view.committed for view in one.views]) for one in all_pages),
        "partial": sum(
            _erased([(*view.committed, *view.tail) for view in one.views]) for one in all_pages
        ),
        "words": sum(len(one.views[-1].committed) for one in all_pages),
    }


def _erased(shown: Sequence[Sequence[str]]) -> int:
    return sum(len(before) - alike(before, after) for before, after in pairwise(shown))


# --- the first caption of a word --------------------------------------------------------------


def first_shown(page: Page) -> list[tuple[str, float]]:
    """Every normalized word that was committed, and when it first stood there, committed or not.

    A word of a tail counts as one of the committed text that comes to stand in its place.
    """
    final = words(page.text)
    first: list[float | None] = [None] * len(final)
    for view in page.views:
        done = len(words(" ".join(view.committed)))
        tail = words(" ".join(view.tail))
        ahead = same(tail, final[done : done + 2 * len(tail) + SHORT])
        for place in (*range(done), *(done + there for there in ahead.values())):
            if place < len(final) and first[place] is None:
                first[place] = view.at
    return [(word, at) for word, at in zip(final, first, strict=True) if at is not None]


def caption_delays(page: Page, said: Sequence[Word]) -> list[tuple[float, float]]:
    """For every spoken word that came to be captioned: seconds from its onset, and from its end,
    to its first caption."""
    shown = first_shown(page)
    timed = [(word, one) for one in said for word in words(one.text)]
    matches = same([word for word, _ in shown], [word for word, _ in timed])
    return [
        (shown[here][1] - timed[there][1].start, shown[here][1] - timed[there][1].end)
        for here, there in matches.items()
    ]


# --- segments ---------------------------------------------------------------------------------


def lengths(page: Page) -> list[int]:
    """Words of each segment."""
    return [len(words(one["text"])) for one in page.finals]


def boundaries(page: Page, transcript: str) -> dict[str, int] | None:
    """Cuts that lie where the transcript has a clause's end: `hits` of `cuts` and of `due`.

    None where the transcript has no punctuation inside. The end of it all is no cut.
    """
    reference, clause_ends = _punctuated(transcript)
    if not clause_ends:
        return None
    hypothesis = words(page.text)
    places = aligned(hypothesis, reference)
    cuts, done = [], 0
    for length in lengths(page)[:-1]:
        done += length
        cuts.append(_place(places, done - 1))
    return {
        "hits": len(clause_ends.intersection(cuts)),
        "cuts": len(cuts),
        "due": len(clause_ends),
    }


def _punctuated(transcript: str) -> tuple[list[str], set[int]]:
    """The normalized words, and which of them a clause ends with, the last one apart."""
    found: list[str] = []
    ends: set[int] = set()
    for piece in transcript.split():
        found += words(piece)
        if found and piece.rstrip("\"'”’»)]").endswith(tuple(CLAUSE_SIGNS)):
            ends.add(len(found) - 1)
    return found, ends - {len(found) - 1}


def _place(places: Mapping[int, int], word: int) -> int:
    """The reference's word that the last known word up to `word` stands for; -1 for none."""
    return next((places[one] for one in range(word, -1, -1) if one in places), -1)


def f1(counts: Mapping[str, int]) -> float | None:
    """Of hits, cuts and due; None where there is nothing to find and nothing was cut."""
    total = counts["cuts"] + counts["due"]
    return 2 * counts["hits"] / total if total else None


def in_order(page: Page) -> bool:
    """Whether the segments stand in the order that they were said."""
    starts = [one["start"] for one in page.finals]
    return starts == sorted(starts)


def heard_in_order(renditions: Sequence[Mapping[str, Any]]) -> bool:
    """Whether one speaker's renditions, as a report has them, were heard in the order that their
    segments were said, each once."""
    starts = [one["source_start"] for one in renditions]
    ids = [one["segment_id"] for one in renditions]
    return starts == sorted(starts) and len(ids) == len(set(ids))
