"""Which engines a meeting gets beyond what its file names: a set in their place, usual voices."""

from collections.abc import Mapping
from typing import Any

from translator.settings.models import Language, PairsFile
from translator.settings.operator import Engine, EngineSet

SET = "TRANSLATOR_SET"
"""Environment variable: name of the set of engines.yaml in the place of all engines that
language_pairs.yaml names. It wins over `engines` there."""
OPTION = "--engines"
"""What puts a set into SET on the command line."""


def replaced(pairs: PairsFile, engines: EngineSet) -> PairsFile:
    """`pairs` with the engines of a set, and all else as it is.

    What has captions only goes on so, and a voice stays where its engine does. A set has no
    end-to-end model: a pair that names one is rendered and spoken as all others.
    """
    rendering = {"rendered_by": engines.render, "end_to_end": None, "hybrid": None}
    return pairs.model_copy(
        update={
            "heard_by": engines.hear,
            "pairs": tuple(pair.model_copy(update=rendering) for pair in pairs.pairs),
            "languages": {
                code: _spoken(language, engines.speaking(code)) if language.speak else language
                for code, language in pairs.languages.items()
            },
            "summarize": engines.summarize,
        }
    )


def _spoken(language: Language, by: tuple[str, ...]) -> Language:
    voices: Mapping[str, Any] = {
        engine or language.spoken_by[0]: one for engine, one in language.voices.items()
    }
    kept = {engine: one for engine, one in voices.items() if engine in by}
    return language.model_copy(update={"spoken_by": by, "voices": kept})


def voiced(pairs: PairsFile, engines: Mapping[str, Engine]) -> PairsFile:
    """`pairs` with the voices that engines have for a language, where it names none of theirs."""
    named = {code: _voiced(code, language, engines) for code, language in pairs.languages.items()}
    return pairs.model_copy(update={"languages": named})


def _voiced(code: str, language: Language, engines: Mapping[str, Engine]) -> Language:
    usual = {
        name: voices
        for name in language.spoken_by
        if not language.voices_of(name) and (voices := engines[name].usual_voices(code))
    }
    return language.model_copy(update={"voices": {**usual, **language.voices}})
