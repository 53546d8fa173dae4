"""Committed captions -> SRT and WebVTT."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pysubs2


def write_subtitles(path: Path, captions: Sequence[Mapping[str, Any]], offset: float) -> None:
    """Write `path`.srt and `path`.vtt; `offset` is added to the captions' times (seconds)."""
    file = pysubs2.SSAFile()
    several = len({one["speaker"] for one in captions}) > 1
    for one in sorted(captions, key=lambda one: float(one["start"])):
        text = str(one["text"])
        file.append(
            pysubs2.SSAEvent(
                start=pysubs2.make_time(s=max(one["start"] + offset, 0.0)),
                end=pysubs2.make_time(s=max(one["end"] + offset, 0.0)),
                text=f"{one['speaker_name']}: {text}" if several else text,
            )
        )
    file.save(str(path.with_name(path.name + ".srt")), format_="srt")
    file.save(str(path.with_name(path.name + ".vtt")), format_="vtt")
