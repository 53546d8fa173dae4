"""A whole run as one JSON: the figures, how they came about, and every recording."""

import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from translator.evaluation.offline import DECODING
from translator.evaluation.run import VERSION
from translator.evaluation.summary import Result, by_direction, signatures, summed
from translator.evaluation.words import NORMALIZER

TOOLS = ("translator", "faster-whisper", "ctranslate2", "jiwer", "sacrebleu")


def whole(
    results: Mapping[str, Sequence[Result]], method: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """`results` by preset; with the `method` of the run that they are from, now's without it."""
    return {
        "version": VERSION,
        "method": method
        or {
            "normalizer": NORMALIZER,
            "offline": DECODING,
            "signatures": signatures([one for ones in results.values() for one in ones]),
            "versions": {name: version(name) for name in TOOLS},
            "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        },
        "presets": {
            preset: {
                "figures": summed(ones),
                "directions": by_direction(ones),
                "recordings": list(ones),
            }
            for preset, ones in results.items()
        },
    }
