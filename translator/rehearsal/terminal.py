"""A rehearsal in the terminal: what is said, as it is said, and the figures at the end."""

from collections.abc import Iterator, Mapping
from typing import Any

COLUMNS = {
    "segments": "segments",
    "evs_p50": "EVS p50 s",
    "evs_p90": "EVS p90 s",
    "first_audio": "first s",
    "end_lag": "end lag s",
    "backlog_max": "backlog s",
    "pace_max": "pace",
    "coverage": "coverage",
}


def lines(fact: Mapping[str, Any]) -> Iterator[str]:
    """What a person would like to see of `fact`."""
    match fact["fact"]:
        case "Heard":
            for segment in fact["cut"]["segments"]:
                yield _line(segment["language"], segment["speaker_name"], segment["text"])
        case "Rendered":
            yield _line(fact["target"], "", fact["rendition"]["text"])
        case "Guarded":
            yield f"     {fact['speaker']}: not taken for a speaker ({fact['why']})"
        case "Failed":
            yield f"     {_failure(fact)}"


def table(result: Mapping[str, Any]) -> Iterator[str]:
    """The report's figures, a language a line, and what was lost."""
    yield " " * 8 + "".join(f"{name:>11}" for name in COLUMNS.values())
    for code, figures in result["languages"].items():
        yield f"{code:8}" + "".join(f"{_shown(figures[name]):>11}" for name in COLUMNS)
    yield "cores: " + _parts(result["cores"]) + "; megabytes: " + _parts(result["memory_mb"])
    yield from (_failure(one) for one in result["failures"])


def _line(language: str, speaker: str, text: str) -> str:
    return f"  {language:5} {speaker + ': ' if speaker else '  '}{text}"


def _failure(fact: Mapping[str, Any]) -> str:
    where = f" ({fact['language']})" if fact["language"] else ""
    return f"failed: {fact['stage']}{where}: {fact['message']}"


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"


def _parts(used: Mapping[str, float]) -> str:
    return ", ".join(f"{part} {value:g}" for part, value in sorted(used.items()))
