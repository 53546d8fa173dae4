"""What the output guard lets through of what it must, and how long it takes.

    python -m bench.guard

Human translations of the recordings, and Apertium's of the same transcripts, streamed word by word
through the path that the cascade takes. Where a transcript has timed segments these are used,
since they are what the line renders.
"""

import asyncio
import os
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from tests.fakes import segment
from tests.speech import Recording, manifest
from translator.engines.apertium import ApertiumRenderer
from translator.engines.host import running
from translator.errors import RenderError
from translator.guards.output import GuardedError, OutputGuard
from translator.interpreters.clauses import Draft
from translator.types import Brief

LANGUAGES = ("en", "es", "fr", "pt", "it", "ca", "de")
"""Of the meeting that the renditions are for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One rendition that must go through."""

    name: str
    brief: Brief
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of it."""

    rendered: Rendered
    why: str | None
    """What the guard caught; None where all went through."""
    seconds: tuple[float, ...]
    """Of each clause."""


def brief(text: str, source: str, target: str) -> Brief:
    """A text alone."""
    return Brief(segment=segment(text=text, language=source), target=target)


def judge(rendered: Rendered) -> Verdict:
    """Stream a rendition word by word, as a model would write it."""
    guard = OutputGuard(rendered.brief, languages=LANGUAGES)
    draft, spent = Draft(), []
    why = None
    try:
        for word in rendered.text.split():
            if clause := draft.add(f" {word}"):
                begin = time.thread_time()
                guard.admit(clause)
                spent.append(time.thread_time() - begin)
        begin = time.thread_time()
        guard.finish(draft.rest)
        spent.append(time.thread_time() - begin)
    except GuardedError as error:
        why = error.why
    return Verdict(rendered=rendered, why=why, seconds=tuple(spent))


def references(recordings: dict[str, Recording]) -> Iterator[Rendered]:
    """Human translations, of whole transcripts and of their segments."""
    for one in recordings.values():
        for target, text in one.references.items():
            if target != one.language:
                yield Rendered(
                    name=one.id, brief=brief(one.transcript, one.language, target), text=text
                )
        for number, part in enumerate(one.segments):
            for target in set(part) & set(LANGUAGES):
                yield Rendered(
                    name=f"{one.id}/{number}",
                    brief=brief(part["text"], one.language, target),
                    text=part[target],
                )


def passages(recordings: dict[str, Recording]) -> Iterator[tuple[str, str, str]]:
    """(name, language, text) of all that was said."""
    for one in recordings.values():
        if one.segments:
            for number, part in enumerate(one.segments):
                yield f"{one.id}/{number}", one.language, part["text"]
        else:
            yield one.id, one.language, one.transcript


async def by_apertium(recordings: dict[str, Recording]) -> AsyncGenerator[Rendered, None]:
    """The same passages in every language that Apertium reaches."""
    async with running(["apertium"]) as host:
        renderer = ApertiumRenderer(host)
        for name, source, text in passages(recordings):
            for target in LANGUAGES:
                if target == source:
                    continue
                asked = brief(text, source, target)
                try:
                    async with aclosing(renderer.render(asked)) as pieces:
                        rendition = "".join([piece async for piece in pieces])
                except RenderError:  # no way leads there
                    continue
                yield Rendered(name=name, brief=asked, text=rendition)


def report(title: str, verdicts: list[Verdict]) -> None:
    """Print how many went through, and what did not."""
    refused = [one for one in verdicts if one.why is not None]
    accepted = 1 - len(refused) / max(len(verdicts), 1)
    print(f"{title}: {len(verdicts)} renditions, {accepted:.1%} accepted")
    for why, count in Counter(one.why for one in refused).most_common():
        print(f"  {why}: {count}")
    if os.environ.get("GUARD_SHOW"):
        for one in refused:
            asked = one.rendered.brief
            print(f"    {one.rendered.name} {asked.segment.language}->{asked.target} {one.why}")
            print(f"      {asked.segment.text}\n      {one.rendered.text}")
    spent = [1e6 * second for one in verdicts for second in one.seconds]
    middle, most = np.percentile(spent, (50, 99))
    print(f"  a clause takes {middle:.0f} us in the middle, {most:.0f} us at the 99th percentile")


async def main() -> None:
    """Print both figures."""
    recordings = manifest()
    report("human references", [judge(one) for one in references(recordings)])
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TRANSLATOR_RUNTIME"] = folder
        report("Apertium", [judge(one) async for one in by_apertium(recordings)])


if __name__ == "__main__":
    asyncio.run(main())
