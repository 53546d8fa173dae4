"""One recording: what came out of the line, against the transcript, the references and the same
engines offline. Gives JSON: counts rather than quotients, so that recordings can be added up."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from translator.evaluation import latency
from translator.evaluation.manifest import Entry
from translator.evaluation.reading import (
    SPOKEN,
    Message,
    Page,
    boundaries,
    caption_delays,
    erasure,
    heard_in_order,
    in_order,
    lengths,
    pages,
    spoken,
)
from translator.evaluation.words import errors, quality, words
from translator.settings import Settings
from translator.types import Word

MEASURES = (
    *("segments", "spoken", "evs_p50", "evs_p90", "evs_p99", "first_audio", "end_lag"),
    *("lag_slope", "backlog_max", "pace_max", "coverage", "term_hits", "term_total"),
)
"""What is taken over from a rehearsal's report for each language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offline:
    """What the same engines make of the whole recording."""

    text: str
    said: tuple[Word, ...]
    """When each word was spoken."""
    said_by: str
    """How that is known."""
    renditions: Mapping[str, str]
    """Of the offline text, by language; what no engine renders is missing."""


def measured(
    entry: Entry,
    folder: Path,
    *,
    report: Mapping[str, Any],
    offline: Offline,
    heard: Mapping[str, str],
    settings: Settings,
) -> dict[str, Any]:
    """All figures of a recording whose rehearsal left its files in `folder`.

    `heard` is what a recognizer makes of the channels' sound, by language, where that was asked.
    """
    lines = (folder / "captions.jsonl").read_text(encoding="utf-8").splitlines()
    messages: list[Message] = [json.loads(line) for line in lines]
    own = spoken(messages)
    return {
        "seconds": report["seconds"],
        "speech": _speech(entry, own, offline),
        "reading": _reading(entry, own, messages, report["languages"], offline),
        "languages": {
            code: {
                **{name: figures.get(name) for name in MEASURES},
                "renditions": [
                    [one["onset"], one["evs"], one["source_end"] - one["source_start"]]
                    for one in figures["renditions"]
                ],
                "first_word": _first_word(figures, offline),
                **_rendering(entry, code, pages(messages, code), report, offline, heard.get(code)),
                "terms": _terms(entry, code, own, pages(messages, code), settings),
            }
            for code, figures in report["languages"].items()
        },
        "failures": report["failures"],
        "cores": report["cores"],
        "memory_mb": report["memory_mb"],
    }


def _speech(entry: Entry, own: Sequence[Page], offline: Offline) -> dict[str, Any]:
    text = " ".join(one.text for one in own)
    skipped = entry.no_errors_because
    return {
        "text": text,
        "offline_text": offline.text,
        "transcript": entry.transcript,
        "no_errors_because": skipped,
        "errors": None if skipped else errors([entry.transcript], [text]),
        "offline_errors": None if skipped else errors([entry.transcript], [offline.text]),
    }


def _reading(
    entry: Entry,
    own: Sequence[Page],
    messages: Sequence[Message],
    heard: Mapping[str, Mapping[str, Any]],
    offline: Offline,
) -> dict[str, Any]:
    delays = chain.from_iterable(caption_delays(one, offline.said) for one in own)
    counts = [boundaries(one, entry.transcript) for one in own] if len(own) == 1 else []
    rendered = {code: pages(messages, code) for code in heard if code != entry.language}
    captions = map(in_order, [*own, *chain.from_iterable(rendered.values())])
    voices = (heard_in_order(one["renditions"]) for one in heard.values())
    return {
        "erasure": {
            SPOKEN: erasure(own),
            **{code: erasure(found) for code, found in rendered.items() if found},
        },
        "word_delays": [[round(one, 3) for one in pair] for pair in delays],
        "word_times": offline.said_by,
        "segment_words": [length for one in own for length in lengths(one)],
        "boundaries": counts[0] if counts else None,
        # Several people are heard one after the other, and may have spoken at once.
        "in_order": all(captions) and (len(own) > 1 or all(voices)),
    }


def _first_word(figures: Mapping[str, Any], offline: Offline) -> float | None:
    """Seconds from the first spoken word to the first audible one."""
    if figures["first_audio"] is None or not offline.said:
        return None
    return round(float(figures["first_audio"]) - offline.said[0].start, 3)


def _rendering(
    entry: Entry,
    code: str,
    found: Sequence[Page],
    report: Mapping[str, Any],
    offline: Offline,
    heard: str | None,
) -> dict[str, Any]:
    """How well and how late a language was rendered; only the text without a reference."""
    text = " ".join(one.text for one in found)
    sentences = entry.sentences(code, report["seconds"])
    result: dict[str, Any] = {"text": text, "offline_text": offline.renditions.get(code)}
    reference = (entry.references or {}).get(code)
    if reference is None:
        return result
    aligned = latency.resegmented(
        [word for one in found for word in one.emitted],
        [
            latency.Reference(
                text=one.references[code],
                start=1000 * one.start,
                length=1000 * (one.end - one.start),
            )
            for one in sentences
        ],
    )
    offline_text = offline.renditions.get(code)
    return {
        **result,
        "reference": reference,
        **quality([reference], [text], code),
        "offline": None if offline_text is None else quality([reference], [offline_text], code),
        "laal": _seconds(latency.laal(aligned)),
        "long_yaal": _seconds(latency.long_yaal(aligned)),
        "sentences": len(aligned),
        "heard": None if heard is None else _heard(reference, text, heard, code),
    }


def _terms(
    entry: Entry, code: str, own: Sequence[Page], found: Sequence[Page], settings: Settings
) -> dict[str, int]:
    """Terms of the glossary in the whole rendition: `hits` of those `due` by what people said,
    and `false_copies`, which nobody said."""
    said = " ".join(one.text for one in own)
    source = said if entry.no_errors_because else entry.transcript
    rendition = " ".join(one.text for one in found)
    glossary = settings.glossary(entry.language, code)
    counts = glossary.accuracy(source, rendition, entry.language, code)
    return {"hits": counts.hits, "due": counts.due, "false_copies": counts.false_copies}


def _heard(reference: str, text: str, heard: str, code: str) -> dict[str, Any]:
    """ASR-BLEU, and what the recognizer did not get of our own text."""
    return {
        "text": heard,
        **quality([reference], [heard], code),
        "errors": errors([text], [heard]) if words(text) else None,
    }


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds / 1000, 4)
