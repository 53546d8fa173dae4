"""Plots as SVG that takes its colours from the page around it, or from STYLE where it is alone.

Classes `s0` to `s5` are the colours of series; `ink`, `soft` and `line` are text and grid.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from statistics import median

from translator.lag import weighted_percentile

SERIES = 6
STEPS = 80
"""Places at which a curve is reckoned."""
STYLE = (
    """
svg.plot, .plot { --ink:#1c2333; --soft:#69718a; --line:#e3e6ee; --paper:#ffffff;
  --s0:#4054d6; --s1:#0d9488; --s2:#d9662b; --s3:#b4349b; --s4:#7a8b0f; --s5:#2c7fb8; }
@media (prefers-color-scheme: dark) { svg.plot, .plot { --ink:#e9ecf5; --soft:#98a1ba;
  --line:#2b3246; --paper:#141926; --s0:#8c9bff; --s1:#3fd0bf; --s2:#ffa46b; --s3:#f08be0;
  --s4:#c9dc55; --s5:#79c3f2; } }
.plot text { font: 12px system-ui, sans-serif; fill: var(--soft); }
.plot .title { font-size: 15px; font-weight: 600; fill: var(--ink); }
.plot .ink { fill: var(--ink); } .plot .end { text-anchor: end; }
.plot .mid { text-anchor: middle; }
.plot .grid { stroke: var(--line); stroke-width: 1; }
.plot .rule { stroke: var(--soft); stroke-width: 1.2; stroke-dasharray: 4 4; fill: none; }
.plot .paper { fill: var(--paper); }
.plot .thick { fill: none; stroke-width: 2.6; stroke-linejoin: round; stroke-linecap: round; }
.plot .area { opacity: .16; stroke: none; }
.plot .dot { opacity: .55; } .plot .dot:hover { opacity: 1; }
.plot .ring { stroke: var(--paper); stroke-width: 2; }
"""
    + "".join(f".plot .s{n} {{ color: var(--s{n}); }} " for n in range(SERIES))
    + """
.plot path[class*=" s"], .plot line[class*=" s"] { stroke: currentColor; }
.plot path.area, .plot circle, .plot rect.key { fill: currentColor; stroke: none; }
.plot circle.ring { stroke: var(--paper); }
"""
)

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A point with what is said when it is pointed at."""

    x: float
    y: float
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """A field of a plot: where it lies, in pixels, and what it shows."""

    left: float
    top: float
    width: float
    height: float
    x: tuple[float, float]
    y: tuple[float, float]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Pixels of a value, within the field."""
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return (
            round(self.left + self.width * min(max(across, 0.0), 1.0), 1),
            round(self.top + self.height * (1 - min(max(up, 0.0), 1.0)), 1),
        )

    def path(self, points: Iterable[tuple[float, float]]) -> str:
        """The `d` of a line through `points`."""
        return "M" + "L".join(f"{x},{y}" for x, y in (self.at(*one) for one in points))

    def frame(self, *, x_name: str, y_name: str) -> str:
        """Grid, numbers and names."""
        parts = []
        bottom, right = self.top + self.height, self.left + self.width
        for value in ticks(*self.y):
            _, y = self.at(self.x[0], value)
            parts.append(f'<line class="grid" x1="{self.left}" x2="{right}" y1="{y}" y2="{y}"/>')
            parts.append(f'<text class="end" x="{self.left - 8}" y="{y + 4}">{value:g}</text>')
        for value in ticks(*self.x):
            x, _ = self.at(value, self.y[0])
            parts.append(f'<text class="mid" x="{x}" y="{bottom + 18}">{value:g}</text>')
        parts.append(f'<text class="end" x="{right}" y="{bottom + 36}">{escape(x_name)}</text>')
        parts.append(f'<text x="{self.left}" y="{self.top - 10}">{escape(y_name)}</text>')
        return "".join(parts)

    def rule(self, points: Points, told: str) -> str:
        """A limit: a dashed line with its name."""
        x, y = self.at(*points[-1])
        return (
            f'<path class="rule" d="{self.path(points)}"/>'
            f'<text class="end" x="{x - 4}" y="{y - 5}">{escape(told)}</text>'
        )

    def dots(self, dots: Iterable[Dot], series: int, *, radius: float = 4.0) -> str:
        """Points that tell what they are."""
        found = ((one, self.at(one.x, one.y)) for one in dots)
        return "".join(
            f'<circle class="dot s{series % SERIES}" cx="{x}" cy="{y}" r="{radius}">'
            f"<title>{escape(one.told)}</title></circle>"
            for one, (x, y) in found
        )


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values from `low` to `high`."""
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= raw)
    first = math.ceil(low / step - 1e-9)
    return [round(step * n, 6) for n in range(first, math.floor(high / step + 1e-9) + 1)]


def drawing(width: int, height: int, body: str, *, told: str) -> str:
    """A whole SVG for a page that has STYLE."""
    return (
        f'<svg class="plot" role="img" aria-label="{escape(told)}" viewBox="0 0 {width} {height}"'
        f' xmlns="http://www.w3.org/2000/svg">{body}</svg>'
    )


def legend(names: Iterable[str], x: float, y: float) -> str:
    """Names with the colours of their series, in a row that ends at `x`."""
    found = list(names)
    if len(found) < 2:
        return ""
    parts, at = [], x
    for number, name in reversed(list(enumerate(found))):
        at -= 7.0 * len(name) + 26
        parts.append(
            f'<rect class="key s{number % SERIES}" x="{at}" y="{y - 9}" width="10" height="10"'
            f' rx="3"/><text x="{at + 15}" y="{y}">{escape(name)}</text>'
        )
    return "".join(parts)


# --- the plots --------------------------------------------------------------------------------

Lags = Mapping[str, Sequence[tuple[str, Points]]]
"""By preset: what each line is called, and its (seconds, lag)."""


def lag_over_time(lags: Lags, *, left: float, top: float, width: float, height: float) -> str:
    """Each rendition as a dot; the median, and a band with eight of ten, of those of a time."""
    points = [point for lines in lags.values() for _, line in lines for point in line]
    if not points:
        return ""
    far = max(at for at, _ in points)
    high = max(percentile((lag for _, lag in points), 0.995) * 1.15, 4.0)
    axes = Axes(left=left, top=top, width=width, height=height, x=(0.0, far), y=(0.0, high))
    parts = [axes.frame(x_name="seconds of the recording", y_name="lag as heard, s")]
    for series, lines in enumerate(lags.values()):
        for name, line in lines:
            parts.append(
                axes.dots(
                    (Dot(x=x, y=y, told=f"{name}: {y:.1f} s") for x, y in line), series, radius=2.2
                )
            )
    for series, lines in enumerate(lags.values()):
        found = [point for _, line in lines for point in line]
        lower, middle, upper = (list(_course(found, far, share)) for share in (0.1, 0.5, 0.9))
        if len(middle) > 1:
            band = axes.path([*lower, *reversed(upper)])
            parts.append(f'<path class="area s{series % SERIES}" d="{band}Z"/>')
            parts.append(f'<path class="thick s{series % SERIES}" d="{axes.path(middle)}"/>')
    parts.append(legend(lags, left + width, top - 10))
    return "".join(parts)


def _course(points: Points, far: float, share: float) -> Iterator[tuple[float, float]]:
    """The lag that `share` of the renditions of each part of the time do not exceed."""
    size = max(far / 24, 2.0)
    for number in range(math.ceil(far / size)):
        inside = [lag for at, lag in points if number * size <= at < (number + 1) * size]
        if len(inside) > 2:
            yield (number + 0.5) * size, percentile(inside, share)


Spans = Mapping[str, Points]
"""By preset: (EVS, weight)."""


def evs_distribution(spans: Spans, *, left: float, top: float, width: float, height: float) -> str:
    """How much of the speech is heard how late, with the percentiles."""
    points = [point for one in spans.values() for point in one]
    if not points:
        return ""
    far = max(percentile((evs for evs, _ in points), 0.995) * 1.1, 4.0)
    densities = {preset: _density(one, far) for preset, one in spans.items()}
    high = max(share for curve in densities.values() for _, share in curve) * 1.12
    axes = Axes(left=left, top=top, width=width, height=height, x=(0.0, far), y=(0.0, high))
    parts = [axes.frame(x_name="ear-voice span, s", y_name="share of the speech per second, %")]
    for series, (preset, curve) in enumerate(densities.items()):
        closed = [(0.0, 0.0), *curve, (far, 0.0)]
        parts.append(f'<path class="area s{series % SERIES}" d="{axes.path(closed)}Z"/>')
        parts.append(f'<path class="thick s{series % SERIES}" d="{axes.path(curve)}"/>')
        for row, share in enumerate((0.5, 0.9, 0.99)):
            value = weighted_percentile(spans[preset], share)
            if value is not None and len(spans) == 1:
                x, bottom = axes.at(value, 0.0)
                y, named = top + 14 + 18 * row, f"p{share * 100:.0f} {value:.1f} s"
                inside = x + 70 < left + width  # or it stands before the line
                at, side = (x + 5, "") if inside else (x - 5, " end")
                parts.append(
                    f'<line class="rule" x1="{x}" x2="{x}" y1="{y}" y2="{bottom}"/>'
                    f'<text class="ink{side}" x="{at}" y="{y + 4}">{named}</text>'
                )
    parts.append(legend(spans, left + width, top - 10))
    return "".join(parts)


def _density(spans: Points, far: float) -> list[tuple[float, float]]:
    """Percent of the weight per second, smoothed by a bell of a fiftieth of the range or more."""
    width = max(far / 40, 0.2)
    total = sum(weight for _, weight in spans) * width * math.sqrt(2 * math.pi)
    curve = []
    for number in range(STEPS + 1):
        at = far * number / STEPS
        mass = sum(w * math.exp(-0.5 * ((at - evs) / width) ** 2) for evs, w in spans)
        curve.append((at, 100 * mass / total))
    return curve


def quality_against_lag(
    dots: Mapping[str, Sequence[Dot]], *, left: float, top: float, width: float, height: float
) -> str:
    """A dot for each rendition of a recording, and a large one for each preset's middle."""
    found = [one for ones in dots.values() for one in ones]
    if not found:
        return ""
    far = max(percentile((one.x for one in found), 0.99) * 1.1, 4.0)
    axes = Axes(left=left, top=top, width=width, height=height, x=(0.0, far), y=(0.0, 100.0))
    parts = [axes.frame(x_name="ear-voice span, median s", y_name="chrF of the rendition")]
    parts += [axes.dots(ones, series) for series, ones in enumerate(dots.values())]
    for series, (preset, ones) in enumerate(dots.items()):
        if ones:
            x, y = axes.at(median(one.x for one in ones), median(one.y for one in ones))
            parts.append(
                f'<circle class="ring s{series % SERIES}" cx="{x}" cy="{y}" r="9">'
                f"<title>{escape(preset)}: median of all</title></circle>"
            )
    parts.append(legend(dots, left + width, top - 10))
    return "".join(parts)


def line_against_offline(
    dots: Mapping[str, Sequence[Dot]],
    *,
    name: str,
    ratio: float,
    high: float,
    left: float,
    top: float,
    width: float,
    height: float,
) -> str:
    """A dot for each recording: offline across, the line upwards; `ratio` is the gate's."""
    axes = Axes(left=left, top=top, width=width, height=height, x=(0.0, high), y=(0.0, high))
    parts = [axes.frame(x_name=f"{name}, offline", y_name=f"{name}, live")]
    parts.append(axes.rule([(0.0, 0.0), (high, high)], "as good as offline"))
    end = (high, high * ratio) if ratio <= 1 else (high / ratio, high)
    parts.append(f'<path class="grid" d="{axes.path([(0.0, 0.0), end])}"/>')
    parts += [axes.dots(ones, series) for series, ones in enumerate(dots.values())]
    return "".join(parts)


def percentile(values: Iterable[float], share: float) -> float:
    """The value that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
