"""What a rehearsal leaves behind: recordings, captions, subtitles, the report."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from translator import languages
from translator.rehearsal import report
from translator.rehearsal.order import Order
from translator.rehearsal.recording import SAMPLE_RATE, Samples, stretches, write
from translator.rehearsal.subtitles import write_subtitles

Received = tuple[float, dict[str, Any]]
"""Monotonic time of arrival, and a caption message."""
COMPARED = 20
"""Seconds of speech that show by how much the bridge hears it later."""


def leave(
    order: Order,
    *,
    account: report.Account,
    tapes: Mapping[str, Samples],
    floor: Samples,
    captions: Sequence[Received],
    own_words: Sequence[Received],
    begin: float,
    used: Mapping[str, Any],
) -> Mapping[str, Any]:
    """Write all files into the order's folder; gives the report.

    `tapes` by language and `floor` (the first speaker as the room heard it) begin at the
    recording's clock 0, which is `begin` on the monotonic clock; `used` is what was spent.
    """
    messages = _in_order(order, captions, own_words, begin)
    with (order.out / "captions.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in messages)
    spoken = (one["stream"] for one in messages if one["origin"] == "source")
    for stream in dict.fromkeys([*order.targets, *spoken]):
        finals = [one for one in messages if one["stream"] == stream and one["final"]]
        write_subtitles(order.out / stream.rpartition("/")[2], finals, account.offset)
    for code, sound in tapes.items():
        write(order.out / f"{code}.wav", sound, SAMPLE_RATE)
    result = {**_report(order, account, tapes, floor), **used}
    with (order.out / "report.json").open("w", encoding="utf-8") as file:
        json.dump(result, file, ensure_ascii=False, indent=2)
    return result


def _report(
    order: Order, account: report.Account, tapes: Mapping[str, Samples], floor: Samples
) -> dict[str, Any]:
    first = order.talks[0]
    begin = round(first.start * SAMPLE_RATE)
    floor_delay = report.delay(
        first.recording.samples[: COMPARED * SAMPLE_RATE],
        floor[begin : begin + (COMPARED + 1) * SAMPLE_RATE],
    )
    speech = [
        (start + talk.start, end + talk.start)
        for talk in order.talks
        for start, end in stretches(talk.recording)
    ]
    return {
        "recordings": [str(talk.path) for talk in order.talks],
        "seconds": round(order.seconds, 2),
        "speech_seconds": round(sum(end - start for start, end in speech), 2),
        "floor_delay": floor_delay,
        "stt_streams_max": account.streams_max,
        "failures": account.failures,
        "guarded": account.guarded,
        "cost": account.cost,
        "languages": {
            code: report.of_language(
                code,
                account=account,
                sound=sound,
                speech=speech,
                seconds=order.seconds,
                floor_delay=floor_delay,
            )
            for code, sound in tapes.items()
        },
    }


def _in_order(
    order: Order, captions: Sequence[Received], own_words: Sequence[Received], begin: float
) -> list[dict[str, Any]]:
    """Every message as received; the speakers' own words where no listener reads them anyway."""
    unread = [
        (at, message)
        for at, message in own_words
        if not any(languages.same(message["language"], code) for code in order.targets)
    ]
    return [
        {**message, "received_at": round(at - begin, 3)}
        for at, message in sorted([*captions, *unread], key=lambda pair: pair[0])
    ]
