"""What is to be heard in rooms and is no speech: floats in [-1, 1] at SAMPLE_RATE."""

import numpy as np
import numpy.typing as npt

from translator.hear import SAMPLE_RATE

Sound = npt.NDArray[np.float64]

FORMANTS = {"a": (730, 1090, 2440), "e": (530, 1840, 2480), "o": (570, 840, 2410), "m": (280, 900)}
"""Hz, of sung vowels, and of humming."""


def loud(sound: Sound, decibels: float) -> Sound:
    """`sound` with this RMS, of full scale."""
    scale: float = 10 ** (decibels / 20) / np.sqrt((sound**2).mean())
    return sound * scale


def noise(seconds: float, decibels: float, *, slope: float = 0.0) -> Sound:
    """White; with `slope` 1 pink, with 2 brown."""
    random = np.random.default_rng(round(100 * slope - decibels))
    count = round(seconds * SAMPLE_RATE)
    spectrum = np.fft.rfft(random.normal(size=count))
    spectrum[1:] /= np.fft.rfftfreq(count, 1 / SAMPLE_RATE)[1:] ** (slope / 2)
    return loud(np.fft.irfft(spectrum, count), decibels)


def band(sound: Sound, low: float, high: float) -> Sound:
    """What `sound` has between two frequencies, softly."""
    spectrum = np.fft.rfft(sound)
    hertz = np.maximum(np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE), 1.0)
    spectrum /= (1 + (low / hertz) ** 8) * (1 + (hertz / high) ** 8)
    return np.fft.irfft(spectrum, len(sound))


def breath(seconds: float, decibels: float) -> Sound:
    """In and out every 3.6 seconds, through the mouth."""
    phase = 2 * np.pi * _time(seconds) / 3.6
    swell = np.clip(np.sin(phase), 0, None) ** 1.5 + 0.7 * np.clip(-np.sin(phase), 0, None) ** 2
    air = band(noise(seconds, -20), 300, 3500) + 1.5 * band(noise(seconds, -20), 1200, 1900)
    return loud(air * swell, decibels)


def bursts(
    seconds: float,
    decibels: float,
    *,
    every: float,
    fade: float,
    low: float,
    high: float,
    many: int = 1,
) -> Sound:
    """Short noises at uneven times, `many` sources of them: coughs, keys, steps, hands."""
    random = np.random.default_rng(round(1000 * (every + fade)))
    length = round(6 * fade * SAMPLE_RATE)
    one = band(random.normal(size=length), low, high)
    one *= np.exp(-np.arange(length) / fade / SAMPLE_RATE)
    when = np.zeros(round(seconds * SAMPLE_RATE))
    for _ in range(many):
        at = np.cumsum(every * random.uniform(0.4, 1.6, round(2 * seconds / every)))
        hit = (at[at < seconds - 0.01] * SAMPLE_RATE).astype(int)
        when[hit] += random.uniform(0.3, 1.0, len(hit))
    spectrum = np.fft.rfft(when, 2 * len(when)) * np.fft.rfft(one, 2 * len(when))
    return loud(np.fft.irfft(spectrum)[: len(when)], decibels)


def hum(seconds: float) -> Sound:
    """Of the mains, with its overtones."""
    tones = [np.sin(2 * np.pi * 50 * part * _time(seconds)) / part**1.5 for part in (1, 2, 3, 5, 7)]
    return loud(np.sum(tones, axis=0), -25) + noise(seconds, -50, slope=1)


def tune(seconds: float, decibels: float, *, beat: float = 0.25) -> Sound:
    """A melody over chords, each note struck."""
    random = np.random.default_rng(7)
    time = _time(seconds)
    number = (time / beat).astype(int)
    melody = random.choice([60, 62, 64, 65, 67, 69, 71, 72, 74, 76], number[-1] + 1)[number]
    root = np.array([48, 45, 41, 43])[number // 8 % 4]
    voices = [_tone(_hertz(melody), 5)] + [
        0.5 * _tone(_hertz(root + above), 4) for above in (0, 7, 12, 16)
    ]
    return loud(np.sum(voices, axis=0) * np.exp(-3 * (time % beat)), decibels)


def strings(seconds: float, decibels: float) -> Sound:
    """Held chords with a vibrato and many overtones."""
    time = _time(seconds)
    step = np.array([0, 2, -2, 0, 5, 3, 0, -4])[(time / 1.5).astype(int) % 8]
    vibrato = 0.07 * np.sin(2 * np.pi * 5.5 * time)
    voices = [_tone(_hertz(note + step + vibrato), 11) for note in (50, 57, 62, 66)]
    return loud(np.sum(voices, axis=0), decibels)


def singing(seconds: float, decibels: float, *, vowels: str, note: float) -> Sound:
    """A tune on vowels, each 0.7 seconds long; `m` is hummed."""
    random = np.random.default_rng(len(vowels))
    time = _time(seconds)
    number = (time / 0.7).astype(int)
    melody = random.choice([0, 2, 4, 5, 7, 9, 11, 12], number[-1] + 1)[number]
    source = _tone(_hertz(note + melody + 0.2 * np.sin(2 * np.pi * 5.5 * time)), 17)
    pieces = []
    for count, start in enumerate(range(0, len(source), round(0.7 * SAMPLE_RATE))):
        piece = source[start : start + round(0.7 * SAMPLE_RATE)]
        hertz = np.fft.rfftfreq(len(piece), 1 / SAMPLE_RATE)
        spectrum = np.fft.rfft(piece) * np.sum(
            [
                0.5**n / (1 + ((hertz - formant) / 110) ** 2)
                for n, formant in enumerate(FORMANTS[vowels[count % len(vowels)]])
            ],
            axis=0,
        )
        swell = np.minimum(1.0, 20 * np.minimum(*_ends(len(piece))))
        pieces.append(np.fft.irfft(spectrum, len(piece)) * swell)
    return loud(np.concatenate(pieces), decibels)


def siren(seconds: float) -> Sound:
    return np.asarray(0.1 * _tone(700 + 300 * np.sin(np.pi * _time(seconds)), 1))


def ringing(seconds: float) -> Sound:
    """A telephone: one second of every two."""
    time = _time(seconds)
    tones = np.sin(880 * np.pi * time) + np.sin(960 * np.pi * time)
    return np.asarray(0.15 * (time % 2 < 1) * tones)


def _time(seconds: float) -> Sound:
    return np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def _hertz(note: Sound) -> Sound:
    """Of a note by its MIDI number."""
    return np.asarray(440.0 * 2 ** ((note - 69) / 12))


def _tone(hertz: Sound, overtones: int) -> Sound:
    phase = 2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE
    return np.asarray(np.sum([np.sin(n * phase) / n for n in range(1, overtones + 1)], axis=0))


def _ends(length: int) -> tuple[Sound, Sound]:
    """Seconds to the beginning and to the end of each sample."""
    time = np.arange(length) / SAMPLE_RATE
    return time, time[::-1]
