"""Percentiles of measured seconds, and how sure they are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
CONFIDENCE = 0.95

Values = Sequence[float] | npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure with its bootstrap interval at CONFIDENCE."""

    value: float
    low: float
    high: float

    def in_ms(self) -> str:
        return f"{self.value * 1e3:.1f} ms [{self.low * 1e3:.1f}, {self.high * 1e3:.1f}]"


def percentile(values: Values, share: float, *, seed: int = 0) -> Estimate:
    """The value below which `share` (0-1) of `values` lies. Raises ValueError without any."""
    measured = _array(values)
    return _estimate(_at(measured, share), _resampled(measured, share, _generator(seed)))


def difference(values: Values, control: Values, share: float, *, seed: int = 0) -> Estimate:
    """How much higher that percentile is for `values` than for `control`.

    The two are resampled apart: nothing pairs a measurement of one with one of the other.
    """
    measured, base = _array(values), _array(control)
    generator = _generator(seed)
    return _estimate(
        _at(measured, share) - _at(base, share),
        _resampled(measured, share, generator) - _resampled(base, share, generator),
    )


def _array(values: Values) -> npt.NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if not array.size:
        raise ValueError("nothing was measured")
    return array


def _generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def _at(values: npt.NDArray[np.float64], share: float) -> float:
    return float(np.quantile(values, share))


def _resampled(
    values: npt.NDArray[np.float64], share: float, generator: np.random.Generator
) -> npt.NDArray[np.float64]:
    """The percentile of each of RESAMPLES draws with replacement."""
    draws = generator.choice(values, size=(RESAMPLES, values.size))
    return np.asarray(np.quantile(draws, share, axis=1), dtype=np.float64)


def _estimate(value: float, resampled: npt.NDArray[np.float64]) -> Estimate:
    edge = (1 - CONFIDENCE) / 2
    return Estimate(value=value, low=_at(resampled, edge), high=_at(resampled, 1 - edge))
