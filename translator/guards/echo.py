"""Nothing that a machine says is heard as a floor.

Machines are refused by their participant's kind and identity. What is left is a microphone that
hears a loudspeaker. What comes back rises and falls as what was played did, in every band of
pitch, a little later; what a person says does not, even when it is the same sentence. So the
spectrum of the floor is compared with that of every channel, over the voiced part of one
utterance, for every delay that the way through network, player and room can have.
"""

from collections import defaultdict
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
Powers = npt.NDArray[np.float64]
"""Mean power by slot and band."""

SLOT = 0.02
"""Seconds of one spectrum."""
EDGES = (100, 300, 600, 1000, 1600, 2500, 4000)
"""Hz between the bands."""
KEPT = 1000
"""Spectra kept of each source: 20 s."""
LONGEST_DELAY = 2.0
"""Seconds from a channel's audio leaving here until it can be back."""
WINDOWS = (3.0, 1.5)
"""Seconds at the end of an utterance that are compared: where the way became longer in between,
the shorter is right."""
SHORTEST = 0.4
"""Seconds of speech that are too few to tell."""
BRIEF = 1.2
"""Seconds of speech below which more likeness is asked for: it comes by chance more easily."""
ALIKE = 0.7
"""Correlation from which an utterance is a channel's own sound. In `python -m bench.echo`, of
1000 stretches of people's speech beside a channel 1 % reached 0.55 at 1.5 s and 0.39 at 3 s, none
0.67; of as many echoes at -20 dB 99 % reached 0.82 at either, all 0.75. A real echo comes through
codecs and a room as well, and may be less alike."""
ALIKE_BRIEF = 0.8
CLEARED = 0.45
"""Correlation below which a suspect is none any more."""
VOICED = 25.0
"""dB below an utterance's loudest slot down to which a slot is compared."""
RANGE = 40.0
"""dB below the loudest down to which levels are told apart."""
QUIET = 50.0
"""Power that is as good as silence."""


class Spectra:
    """The spectrum of one source over the last seconds of meeting time."""

    def __init__(self) -> None:
        self._powers: Powers = np.zeros((KEPT, len(EDGES) - 1))
        self._held: Samples = np.zeros(0, np.int16)
        self._next = 0
        """The slot that `_held` belongs to."""

    def add(self, samples: Samples, sample_rate: int, at: float) -> None:
        """Note `samples`, the first of which sounded `at` (meeting time)."""
        size = round(SLOT * sample_rate)
        expected = self._next * SLOT + len(self._held) / sample_rate
        if abs(at - expected) > SLOT:
            self._skip_to(round(at / SLOT))
        sound = np.concatenate((self._held, samples))
        whole = len(sound) // size
        self._held = sound[whole * size :]
        if whole:
            slots = np.arange(self._next, self._next + whole)[-KEPT:]
            self._powers[slots % KEPT] = spectrum(sound[: whole * size], size, sample_rate)[-KEPT:]
            self._next += whole

    def between(self, first: int, last: int) -> Powers:
        """The spectra of the slots from `first` to `last`; silence where nothing was."""
        slots = np.arange(first, last)
        known = (slots >= self._next - KEPT) & (slots < self._next)
        return np.where(known[:, np.newaxis], self._powers[slots % KEPT], 0.0)

    def _skip_to(self, slot: int) -> None:
        """Nothing sounded until `slot`."""
        self._held = self._held[:0]
        silent = np.arange(self._next, slot)[-KEPT:]
        self._powers[silent % KEPT] = 0.0
        self._next = max(slot, self._next)


class EchoGuard:
    """Compares floors with channels."""

    def __init__(self) -> None:
        self._channels: defaultdict[str, Spectra] = defaultdict(Spectra)
        self._floors: defaultdict[str, Spectra] = defaultdict(Spectra)

    def played(self, language: str, samples: Samples, sample_rate: int, at: float) -> None:
        """A channel plays `samples` from `at` (meeting time) on."""
        self._channels[language].add(samples, sample_rate, at)

    def heard(self, floor: str, samples: Samples, sample_rate: int, at: float) -> None:
        """A floor sounded like `samples` from `at` (meeting time) on."""
        self._floors[floor].add(samples, sample_rate, at)

    def forget(self, floor: str) -> None:
        """The floor is gone."""
        self._floors.pop(floor, None)

    def is_echo(self, floor: str, *, start: float, end: float, suspect: bool = False) -> bool:
        """Whether what was heard from `start` to `end` is a channel's own sound.

        A `suspect`, taken for one a moment ago, stays one until it is clearly not: a player that
        catches up bends the likeness for a while.
        """
        duration = end - start
        if duration < SHORTEST:
            return suspect
        least = CLEARED if suspect else ALIKE_BRIEF if duration < BRIEF else ALIKE
        return any(
            self.likeness(floor, start=max(start, end - window), end=end) >= least
            for window in WINDOWS
        )

    def likeness(self, floor: str, *, start: float, end: float) -> float:
        """How much a floor's sound from `start` to `end` is like a channel's before it: -1 to 1."""
        first, last = round(start / SLOT), round(end / SLOT)
        sound = self._floors[floor].between(first, last)
        before = first - round(LONGEST_DELAY / SLOT)
        return max(
            (
                correlation(sound, channel.between(before, last))
                for channel in self._channels.values()
            ),
            default=0.0,
        )


def correlation(short: Powers, long: Powers) -> float:
    """The highest correlation of `short`, where it is voiced, with any stretch of `long`.

    Levels in dB within RANGE of the loudest, each band about its own mean: neither loudness nor
    tone colour matters.
    """
    if not long.any():
        return 0.0
    loudness = _level(short.sum(axis=1))
    voiced = loudness > loudness.max() - VOICED
    one = _centred(_ranged(short)[voiced].T)
    stretches = np.lib.stride_tricks.sliding_window_view(_ranged(long), len(short), axis=0)
    others = _centred(stretches[:, :, voiced])
    scale = np.sqrt((one**2).sum() * np.einsum("lbs,lbs->l", others, others))
    return float((np.einsum("lbs,bs->l", others, one) / np.maximum(scale, 1e-9)).max())


def _ranged(powers: Powers) -> Powers:
    level = _level(powers)
    ranged: Powers = np.maximum(level, level.max() - RANGE)
    return ranged


def _level(powers: Powers) -> Powers:
    level: Powers = 10.0 * np.log10(powers + QUIET)
    return level


def _centred(levels: Powers) -> Powers:
    """Levels (…, band, slot), each band about its mean."""
    centred: Powers = levels - levels.mean(axis=-1, keepdims=True)
    return centred


def spectrum(sound: Samples, size: int, sample_rate: int) -> Powers:
    """The mean power of each band in each `size` samples; whole sizes only."""
    window = np.hanning(size)
    spectrum = np.abs(np.fft.rfft(sound.reshape(-1, size) * window, axis=1)) ** 2 / size
    hertz = np.fft.rfftfreq(size, 1.0 / sample_rate)
    bands = [(hertz >= low) & (hertz < high) for low, high in pairwise(EDGES)]
    return np.stack([spectrum[:, band].mean(axis=1) for band in bands], axis=1)
