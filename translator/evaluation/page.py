"""The page with the plots: one file that needs nothing else, and a picture of it for a README."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from translator.evaluation import plots
from translator.evaluation.compare import shown
from translator.evaluation.gate import Verdict
from translator.evaluation.plots import Dot
from translator.evaluation.totals import NAMES, Result, done

TILES = (
    ("wer_ratio", "{:.2f}×", "the errors of the same model with the whole recording"),
    ("chrf_ratio", "{:.0%}", "of the chrF of the same engines with whole sentences"),
    ("evs_p50", "{:.1f} s", "ear-voice span at the median"),
    ("caption_p50", "{:.1f} s", "from a spoken word to its caption"),
    ("erasure_partial", "{:.2f}", "words taken back per word that stays"),
    ("coverage", "{:.0%}", "of the speech was rendered and heard"),
)
"""The figures that a person looks at first, and how they read."""
WER_SHOWN = 0.6
"""Highest error rate of a plot; above lies at its edge."""


def written(content: Mapping[str, Any], verdicts: Mapping[str, Sequence[Verdict]]) -> str:
    """The page of a run as `whole` gives it."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    presets = content["presets"]
    results = {preset: done(one["recordings"]) for preset, one in presets.items()}
    return environment.get_template("page.html.j2").render(
        style=plots.STYLE,
        method=content["method"],
        signatures=content["signatures"],
        presets=presets,
        results=results,
        verdicts={preset: {one.figure: one for one in ones} for preset, ones in verdicts.items()},
        tiles=TILES,
        names=NAMES,
        shown=shown,
        minutes=sum(one["seconds"] for one in next(iter(results.values()), [])) / 60,
        **_plots(results),
    )


def _plots(results: Mapping[str, Sequence[Result]]) -> dict[str, str]:
    wide = {"left": 40, "top": 30, "width": 1046, "height": 270}
    half = {"left": 40, "top": 30, "width": 476, "height": 270}
    return {
        "lag": _drawing(1100, 340, plots.lag_over_time(_lags(results), **wide), "Lag over time"),
        "evs": _drawing(
            530, 340, plots.evs_distribution(_spans(results), **half), "Distribution of EVS"
        ),
        "trade": _drawing(
            530, 340, plots.quality_against_lag(_qualities(results), **half), "Quality against lag"
        ),
        "wer": _drawing(530, 340, _wer(results, **half), "Word error rate, live and offline"),
        "chrf": _drawing(530, 340, _chrf(results, **half), "chrF, live and offline"),
    }


def _drawing(width: int, height: int, body: str, told: str) -> str:
    return plots.drawing(width, height, body, told=told) if body else ""


def picture(content: Mapping[str, Any]) -> str:
    """Three of the plots in one SVG, light or dark as the reader's screen."""
    results = {preset: done(one["recordings"]) for preset, one in content["presets"].items()}
    body = "".join(
        [
            f"<style>{plots.STYLE}</style>",
            '<rect class="paper" width="1120" height="780" rx="14"/>',
            '<text class="title" x="44" y="34">Lag over time, as it was heard</text>',
            plots.lag_over_time(_lags(results), left=60, top=72, width=1020, height=270),
            '<text class="title" x="44" y="424">How late speech is heard</text>',
            plots.evs_distribution(_spans(results), left=60, top=462, width=450, height=250),
            '<text class="title" x="584" y="424">Quality against lag</text>',
            plots.quality_against_lag(
                _qualities(results), left=600, top=462, width=480, height=250
            ),
        ]
    )
    return plots.drawing(1120, 780, body, told="Lag, ear-voice span and quality")


def _lags(results: Mapping[str, Sequence[Result]]) -> plots.Lags:
    return {
        preset: [
            (f"{one['id']} → {code}", [(at, evs) for at, evs, _ in language["renditions"]])
            for one in ones
            for code, language in one["languages"].items()
            if language["renditions"]
        ]
        for preset, ones in results.items()
    }


def _spans(results: Mapping[str, Sequence[Result]]) -> plots.Spans:
    found = {
        preset: [
            (evs, length)
            for one in ones
            for language in one["languages"].values()
            for _, evs, length in language["renditions"]
        ]
        for preset, ones in results.items()
    }
    return {preset: spans for preset, spans in found.items() if spans}


def _qualities(results: Mapping[str, Sequence[Result]]) -> dict[str, list[Dot]]:
    return {
        preset: [
            Dot(
                x=median(evs for _, evs, _ in language["renditions"]),
                y=language["chrf"],
                told=f"{one['id']} → {code}: chrF {language['chrf']:.0f}",
            )
            for one in ones
            for code, language in one["languages"].items()
            if language["renditions"] and language.get("chrf") is not None
        ]
        for preset, ones in results.items()
    }


def _wer(results: Mapping[str, Sequence[Result]], **place: float) -> str:
    dots = {
        preset: [
            Dot(x=offline, y=line, told=f"{one['id']}: {line:.2f}, offline {offline:.2f}")
            for one in ones
            if (line := rate(one["speech"]["errors"])) is not None
            and (offline := rate(one["speech"]["offline_errors"])) is not None
        ]
        for preset, ones in results.items()
    }
    return plots.line_against_offline(
        dots, name="word error rate", ratio=1.15, high=WER_SHOWN, **place
    )


def _chrf(results: Mapping[str, Sequence[Result]], **place: float) -> str:
    dots = {
        preset: [
            Dot(
                x=language["offline"]["chrf"],
                y=language["chrf"],
                told=f"{one['id']} → {code}: {language['chrf']:.0f},"
                f" offline {language['offline']['chrf']:.0f}",
            )
            for one in ones
            for code, language in one["languages"].items()
            if language.get("offline")
        ]
        for preset, ones in results.items()
    }
    return plots.line_against_offline(dots, name="chrF", ratio=0.93, high=100.0, **place)


def rate(counts: Mapping[str, int] | None) -> float | None:
    """The word error rate of counted errors."""
    return counts["wrong"] / counts["words"] if counts and counts["words"] else None
