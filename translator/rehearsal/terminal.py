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
    "skipped": "skipped",
    "coverage": "coverage",
}


class Live:
    """Facts as lines, each with how far behind its language is heard."""

    def __init__(self) -> None:
        self._starts: dict[str, float] = {}
        self._lags: dict[str, float] = {}

    def lines(self, fact: Mapping[str, Any]) -> Iterator[str]:
        """What a person would like to see of `fact`."""
        match fact["fact"]:
            case "Heard":
                for segment in fact["cut"]["segments"]:
                    self._starts[segment["id"]] = segment["start"]
                    said = f"{segment['speaker_name']}: {segment['text']}"
                    yield _line(segment["language"], None, said)
            case "Rendered":
                language = fact["target"]
                yield _line(language, self._lags.get(language), fact["rendition"]["text"])
            case "Speaking":
                began = self._starts.get(fact["segment_id"], fact["start"])
                self._lags[fact["language"]] = fact["start"] - began
            case "Guarded" if fact["language"] is not None:
                yield f"     {fact['language']}: a rendition was kept back ({fact['why']})"
            case "Guarded":
                yield f"     {fact['speaker']}: not taken for a speaker ({fact['why']})"
            case "SettingsChanged":
                yield from (f"     settings {fact['number']}: {one}" for one in fact["changes"])
            case "SettingsRefused":
                yield from (f"     not taken over: {one}" for one in fact["faults"])
            case "Failed" | "Ceiling" | "Availability":
                yield f"     {_told(fact)}"


def table(result: Mapping[str, Any]) -> Iterator[str]:
    """The report's figures, a language a line, and what was lost."""
    yield " " * 8 + "".join(f"{name:>11}" for name in COLUMNS.values())
    for code, figures in result["languages"].items():
        yield f"{code:8}" + "".join(f"{_shown(figures[name]):>11}" for name in COLUMNS)
    yield "cores: " + _parts(result["cores"]) + "; megabytes: " + _parts(result["memory_mb"])
    cost = result["cost"]
    if cost.get("total") or cost.get("unpriced"):
        unknown = "".join(f" + {name} (no price)" for name in cost["unpriced"])
        yield f"cost: {cost['total']:.4f} {cost['currency']}{unknown}"
    yield from (_failure(one) for one in result["failures"])


def _line(language: str, lag: float | None, text: str) -> str:
    behind = "" if lag is None else f"{lag:.1f} s"
    return f"  {language:5} {behind:>7}  {text}"


def _told(fact: Mapping[str, Any]) -> str:
    match fact["fact"]:
        case "Ceiling":
            return str(fact["message"])
        case "Availability" if fact["available"]:
            return f"{fact['engine']} is back: it may {fact['stage']} again"
        case "Availability":
            others = ", ".join(fact["instead"]) or "nobody"
            return f"{fact['engine']} is down: in its place {others} will {fact['stage']}"
    return _failure(fact)


def _failure(fact: Mapping[str, Any]) -> str:
    where = f" ({fact['language']})" if fact["language"] else ""
    return f"failed: {fact['stage']}{where}: {fact['message']}"


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"


def _parts(used: Mapping[str, float]) -> str:
    return ", ".join(f"{part} {value:g}" for part, value in sorted(used.items()))
