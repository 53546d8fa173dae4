"""A whole run as one JSON: the figures, how they came about, and every recording."""

import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from translator.evaluation.offline import DECODING
from translator.evaluation.run import VERSION
from translator.evaluation.totals import Result, by_direction, signatures, summed
from translator.evaluation.words import NORMALIZER

TOOLS = ("translator", "faster-whisper", "ctranslate2", "jiwer", "sacrebleu")


def whole(results: Mapping[str, Sequence[Result]], method: Mapping[str, Any]) -> dict[str, Any]:
    """`results` by preset, and the `method` of the run that they are from."""
    return {
        "version": VERSION,
        "method": method,
        "signatures": signatures([one for ones in results.values() for one in ones]),
        "presets": {
            preset: {
                "figures": summed(ones),
                "directions": by_direction(ones),
                "recordings": list(ones),
            }
            for preset, ones in results.items()
        },
    }


def made(glossary: Path | None = None) -> dict[str, Any]:
    """How a run of now comes about; `glossary` are terms that it had besides those of its pairs."""
    return {
        "normalizer": NORMALIZER,
        "offline": DECODING,
        "versions": {name: version(name) for name in TOOLS},
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "glossary": None if glossary is None else glossary.name,
    }
