"""How well a loudspeaker is told from a person: `python -m bench.echo [--count 1000]`.

Each stretch is what one microphone hears while a channel plays: a person, who says the same
sentence as the channel or another one, or the channel itself, quieter, later and in a noisy room.
People are recordings, channels are espeak-ng. Nothing is played: the guard is told what sounded
when, so a stretch takes only the time of the comparison.

The figures are those of `EchoGuard.likeness` over each of the guard's windows at the end of the
stretch, and of `EchoGuard.is_echo` for an utterance as long as that window.
"""

import argparse
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tests.speech import Recording as Speech
from tests.speech import manifest
from translator.engines.espeak import parse_wav, trim
from translator.guards.echo import LONGEST_DELAY, WINDOWS, EchoGuard, Samples
from translator.hear import SAMPLE_RATE as FLOOR_RATE
from translator.rehearsal.recording import SAMPLE_RATE, Recording, at_rate, read, stretches
from translator.types import Pauses

LONGEST = max(WINDOWS)
"""Seconds of a microphone that are compared."""
LOUDNESS = 0.1
"""Of an echo: -20 dB."""
NOISE = 30.0
"""RMS of the room's noise beside an echo: about 20 dB below it."""
LATE = 0.15
"""Seconds from a channel's playing until most microphones hear it."""
LETTERS = 60
"""Of a sentence that is long enough for a stretch."""
PLAYED = 400
"""Letters at most that a channel says in one go."""
HEARD = 30
"""Seconds at most of one person."""
PAUSE = Pauses().longest
SILENCE = np.zeros(round((LONGEST + LONGEST_DELAY) * SAMPLE_RATE), np.int16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What a microphone heard and what a channel played until the same instant, at SAMPLE_RATE."""

    microphone: Samples
    """LONGEST seconds."""
    channel: Samples
    """LONGEST_DELAY seconds more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the guard says of one stretch, window by window."""

    likeness: Mapping[float, float]
    is_echo: Mapping[float, bool]


def verdict(stretch: Stretch) -> Verdict:
    """Ask a guard that has heard nothing else."""
    begin = 10.0  # of the stretch, in meeting time
    end = begin + len(stretch.microphone) / SAMPLE_RATE
    guard = EchoGuard()
    guard.played("es", stretch.channel, SAMPLE_RATE, end - len(stretch.channel) / SAMPLE_RATE)
    guard.heard("p", at_rate(stretch.microphone, SAMPLE_RATE, FLOOR_RATE), FLOOR_RATE, begin)
    return Verdict(
        likeness={w: guard.likeness("p", start=end - w, end=end) for w in WINDOWS},
        is_echo={w: guard.is_echo("p", start=end - w, end=end) for w in WINDOWS},
    )


def talk(person: Samples, end: float, channel: Samples, channel_end: float) -> Stretch:
    """A person until `end` of their recording, while a channel plays until `channel_end`."""
    return Stretch(
        microphone=before(person, end, LONGEST),
        channel=before(channel, channel_end, LONGEST + LONGEST_DELAY),
    )


def echo(channel: Samples, end: float, late: float, generator: np.random.Generator) -> Stretch:
    """A channel until `end` of its sound, heard back when it has played on for `late` seconds."""
    heard = before(channel, end, LONGEST) * LOUDNESS
    return Stretch(
        microphone=np.round(heard + generator.normal(0, NOISE, len(heard))).astype(np.int16),
        channel=before(channel, end + late, LONGEST + LONGEST_DELAY),
    )


def before(sound: Samples, end: float, seconds: float) -> Samples:
    """So many seconds of `sound` until `end`; silence where there is no sound."""
    size, last = round(seconds * SAMPLE_RATE), round(end * SAMPLE_RATE)
    padded = np.concatenate([SILENCE, sound[:last], SILENCE[: max(0, last - len(sound))]])
    return padded[len(padded) - size :]


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Somebody who speaks, at SAMPLE_RATE."""

    samples: Samples
    endings: tuple[tuple[float, float], ...]
    """When an utterance has lasted for LONGEST seconds and goes on, as spans."""

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE

    @classmethod
    def of(cls, samples: Samples) -> "Voice":
        endings: list[tuple[float, float]] = []
        onset = last = -PAUSE
        for start, end in stretches(Recording(samples=samples)):
            onset = start if start - last > PAUSE else onset
            last = end
            if end > onset + LONGEST:
                endings.append((max(start, onset + LONGEST), end))
        return cls(samples=samples, endings=tuple(endings))


class Voices:
    """People's recordings, and what a channel makes of their sentences."""

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator
        self._people = [one for one in manifest().values() if len(one.transcript) >= LETTERS]
        self._known: dict[str, tuple[Voice, Voice]] = {}

    def people(self, count: int) -> Iterator[tuple[Stretch, str]]:
        """So many stretches of people, and what a channel says meanwhile: `same` or `other`."""
        for number in range(count):
            person, same = self._any(lambda person, _: person)
            end = self._ending(person)
            if number % 2:
                _, other = self._any(lambda _, channel: channel)
                yield talk(person.samples, end, other.samples, self._ending(other)), "other"
            else:  # said shortly before, as far as a voice keeps the same pace all the time
                said = end / person.seconds * same.seconds
                later = self._generator.uniform(0.0, LONGEST_DELAY)
                yield talk(person.samples, end, same.samples, said + later), "same"

    def echoes(self, count: int) -> Iterator[tuple[Stretch, str]]:
        """So many echoes of channels: as late as most are, or `later`."""
        for number in range(count):
            _, channel = self._any(lambda _, channel: channel)
            later = number % 2 == 1
            late = float(self._generator.uniform(LATE, LONGEST_DELAY)) if later else LATE
            heard = echo(channel.samples, self._ending(channel), late, self._generator)
            yield heard, "later" if later else f"{LATE:g} s"

    def _any(self, needed: Callable[[Voice, Voice], Voice]) -> tuple[Voice, Voice]:
        """A person and the channel that says the same; the `needed` one has an ending."""
        while True:
            found = self._voices(self._people[self._generator.integers(len(self._people))])
            if needed(*found).endings:
                return found

    def _voices(self, one: Speech) -> tuple[Voice, Voice]:
        if one.id not in self._known:
            person = Voice.of(read(one.path).samples[: HEARD * SAMPLE_RATE])
            channel = Voice.of(spoken(one.transcript[:PLAYED], one.language))
            self._known[one.id] = person, channel
        return self._known[one.id]

    def _ending(self, voice: Voice) -> float:
        """An instant in one of its endings."""
        lengths = np.array([end - start for start, end in voice.endings])
        start, end = self._generator.choice(voice.endings, p=lengths / lengths.sum())
        return float(self._generator.uniform(start, end))


def spoken(text: str, language: str) -> Samples:
    """What espeak-ng makes of `text`."""
    command = ("espeak-ng", "-b", "1", "-z", "-v", language, "--stdin", "--stdout")
    wav = subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout
    samples, rate = parse_wav(wav)
    return at_rate(trim(samples, rate), rate, SAMPLE_RATE)


def table(found: Iterable[tuple[str, Sequence[Verdict]]], percentiles: Sequence[int]) -> list[str]:
    """Percentiles of the likeness, and the share taken for echoes, by group and window."""
    lines = []
    for group, verdicts in found:
        for window in WINDOWS:
            likeness = np.percentile([one.likeness[window] for one in verdicts], percentiles)
            share = np.mean([one.is_echo[window] for one in verdicts])
            figures = "".join(f"{figure:7.2f}" for figure in likeness)
            lines.append(f"{group:14}{window:5.1f} s{figures}{share:12.1%}")
    return lines


def groups(
    verdicts: Iterable[tuple[Verdict, str]], everything: str
) -> Iterator[tuple[str, list[Verdict]]]:
    """All verdicts by the name `everything`, then those of each name."""
    by_name: dict[str, list[Verdict]] = {everything: []}
    for one, name in verdicts:
        by_name[everything].append(one)
        by_name.setdefault(name, []).append(one)
    yield from by_name.items()


def main() -> None:
    """Judge stretches of people and echoes, and print what the guard says of them."""
    parser = argparse.ArgumentParser(prog="python -m bench.echo", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="stretches of each kind")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    voices = Voices(np.random.default_rng(arguments.seed))
    for name, kind, percentiles in (
        ("people", voices.people, (50, 90, 99, 100)),
        ("echoes", voices.echoes, (0, 1, 10, 50)),
    ):
        print(f"{name:14}window {''.join(f'{p:5} %' for p in percentiles)}  taken for echoes")
        judged = ((verdict(one), group) for one, group in kind(arguments.count))
        print("\n".join(table(groups(judged, "all"), percentiles)), flush=True)


if __name__ == "__main__":
    main()
