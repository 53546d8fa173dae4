"""docs/faults.md, from what the tests declare and check: `python -m tests.vendors.table`."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests import (
    test_vendor_assemblyai,
    test_vendor_azure,
    test_vendor_elevenlabs,
    test_vendor_inference_faults,
    test_vendor_openai_faults,
    test_vendor_realtime,
)
from tests.vendors.faults import Fault
from tests.vendors.outcome import Outcome
from tests.vendors.scenes import LASTS, SCENES, name

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
OUTCOMES: Mapping[str, Mapping[Fault, Outcome]] = {
    **test_vendor_assemblyai.OUTCOMES,
    **test_vendor_azure.OUTCOMES,
    **test_vendor_openai_faults.OUTCOMES,
    **test_vendor_elevenlabs.OUTCOMES,
    **test_vendor_realtime.OUTCOMES,
    **test_vendor_inference_faults.OUTCOMES,
}
HEAD = """\
# What happens when an engine fails

This page is generated from what the tests declare and check; do not edit it:
`.venv/bin/python -m tests.vendors.table docs/faults.md`.

## One call

LiveKit's real plugins against servers on loopback that speak the vendors' protocols. A cell says
what kind of failure the caller is told (or that the call goes well), what had come until then, and
in how many seconds it is known at the latest, by the deadlines that are usual (the tests shorten
some of them, and check all else). Nothing is ever given twice.
"""
SCENES_HEAD = f"""\

## A meeting

A real room, the vendors' real plugins, and two vendors for each stage; the first one fails for
{LASTS:g} seconds while somebody speaks. `make test` plays it and counts every word: none is lost in
captions or voice, none comes twice, and none behind what the same speaker said later. *Stall* is
the deadline that the vendor misses; the goal is a gap of at most 0.3 s more. *Gap* is how much
later a word is heard, at most, than in a language beside it whose vendors never fail:
`.venv/bin/python -m bench.faults --scenes --rounds 3 --out tests/vendors/gaps.json` measures it,
which is not repeated by the tests.
"""
GAPS = Path(__file__).parent / "gaps.json"
"""Seconds of each scene, round by round, as bench.faults measured them."""
LADDER = """
## When no engine of a stage is left

| nobody … | listeners hear | and read | back again |
|---|---|---|---|
| hears | nothing | nothing; organizers and listeners are told why | with the next speech after a \
trial went well, and the last 2 s of speech |
| renders | nothing of these segments | the source text, marked as such | with the next segment |
| speaks | nothing | every caption, as before; the page says that there is no voice | with the \
next clause |

An engine is called no more when it failed at two segments in a row, or refused us. It is tried
beside the line, after 2 s (10 s for a key or an account, 5 s for a rate limit) and then ever more
rarely, up to once a minute. Where all engines of a stage are down, those that refuse at once are
asked all the same.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_calls(), SCENES_HEAD, *_scenes(), LADDER])


def _calls() -> Iterator[str]:
    notes: list[str] = []
    yield "| " + " | ".join(["", *OUTCOMES]) + " |"
    yield "|" + "---|" * (len(OUTCOMES) + 1)
    for fault in Fault:
        cells = [_cell(one[fault], notes) for one in OUTCOMES.values()]
        yield "| " + " | ".join([f"**{fault.value}**", *cells]) + " |"
    yield ""
    for number, note in enumerate(notes, 1):
        yield f"{number}. {note}"


def _cell(outcome: Outcome, notes: list[str]) -> str:
    told = "goes well" if outcome.error is None else outcome.error
    mark = _note(outcome.note, notes) if outcome.note else ""
    return f"{told}, {outcome.given}, {outcome.within:g} s{mark}"


def _note(text: str, notes: list[str]) -> str:
    if text not in notes:
        notes.append(text)
    return f" <sup>{notes.index(text) + 1}</sup>"


def _scenes() -> Iterator[str]:
    gaps = json.loads(GAPS.read_text(encoding="utf-8"))
    rounds = len(gaps[name(SCENES[0])])
    yield f"| fault | of | stall | gap, the most of {rounds} | listeners hear and read |"
    yield "|---|---|---|---|---|"
    for one in SCENES:
        gap = max(0.0, *gaps[name(one)])
        row = (one.fault.value, f"{one.vendor} {one.stage}", f"{one.stall:g} s", f"{gap:.2f} s")
        yield f"| {' | '.join(row)} | {one.story} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
