"""Which of some languages a text is written in, by langdetect; the same answer every time."""

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
from langdetect.lang_detect_exception import LangDetectException

from translator.languages import primary

LETTERS = 20
"""Fewer tell nothing."""


def letters(text: str) -> int:
    """How many letters `text` has."""
    return sum(map(str.isalpha, text))


def known(languages: Collection[str]) -> bool:
    """Whether langdetect has a profile of each of `languages`, all BCP-47: one without would be
    taken for another."""
    return all((Path(PROFILES_DIRECTORY) / profile(code)).exists() for code in languages)


def profile(code: str) -> str:
    """langdetect's name of a language."""
    language = primary(code)
    return {"zh": "zh-cn", "nb": "no"}.get(language, language)


def load(languages: Collection[str]) -> None:
    """Read what `probabilities` needs of `languages`; about 10 ms each, once in a process."""
    _factory(tuple(sorted(map(profile, languages))))


def probabilities(
    text: str, languages: Collection[str], *, possible: Collection[str] | None = None
) -> Mapping[str, float]:
    """By `languages`, all of them known; empty where the text tells nothing. About 1 ms.

    `possible` are those of them that it can be in at all; all without it.
    """
    codes = {profile(code): code for code in languages}
    detector = _factory(tuple(sorted(codes))).create()
    detector.append(text)
    detector.set_prior_map({profile(code): 1.0 for code in possible or languages})
    try:
        found = {codes[one.lang]: float(one.prob) for one in detector.get_probabilities()}
    except LangDetectException:
        return {}
    return {code: found.get(code, 0.0) for code in languages}


@cache
def _factory(profiles: tuple[str, ...]) -> Any:
    factory: Any = DetectorFactory()  # type: ignore[no-untyped-call]
    factory.set_seed(0)
    folder = Path(PROFILES_DIRECTORY)
    factory.load_json_profile([(folder / name).read_text(encoding="utf-8") for name in profiles])
    return factory
