"""Recordings of speech: read any, write WAV."""

import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from livekit.local_inference import VAD

from translator.errors import InputError
from translator.hear import BLOCK
from translator.hear import SAMPLE_RATE as HEARD_RATE

Samples = npt.NDArray[np.int16]

SAMPLE_RATE = 24_000
"""Hz, of every recording in memory."""
VOICED = 0.5
"""Probability from which a block of sound is somebody's voice."""
QUIETEST = 0.002
"""Peak (of 1.0) under which a recording counts as silent: -54 dBFS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Mono samples at SAMPLE_RATE."""

    samples: Samples

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / SAMPLE_RATE


def read(path: Path) -> Recording:
    """Read whatever FFmpeg reads. Raises InputError for what holds no sound."""
    if not path.exists():
        raise InputError(f"{path}: there is no such file")
    if path.is_dir():
        raise InputError(f"{path}: this is a folder; name a recording in it")
    try:
        samples = _decode(path, SAMPLE_RATE)
    except (av.FFmpegError, OSError) as error:
        raise InputError(
            f"{path}: this is no recording that can be read ({error.strerror})"
        ) from None
    if len(samples) == 0:
        raise InputError(f"{path}: the recording is empty")
    if np.abs(samples.astype(np.int32)).max() < QUIETEST * 32768:
        raise InputError(f"{path}: the recording is silent; is it the right file?")
    return Recording(samples=samples)


def _decode(path: Path, sample_rate: int) -> Samples:
    pieces: list[Samples] = []
    with av.open(str(path)) as container:
        if not container.streams.audio:
            raise InputError(f"{path}: there is no sound in this file")
        resampler = av.AudioResampler(format="s16", layout="mono", rate=sample_rate)
        for frame in container.decode(audio=0):
            pieces += [one.to_ndarray()[0] for one in resampler.resample(frame)]
        pieces += [one.to_ndarray()[0] for one in resampler.resample(None)]
    return np.concatenate(pieces).astype(np.int16) if pieces else np.zeros(0, np.int16)


def at_rate(samples: Samples, sample_rate: int, target: int) -> Samples:
    """Mono `samples` at another rate."""
    frame = av.AudioFrame.from_ndarray(samples[np.newaxis, :], format="s16", layout="mono")
    frame.sample_rate = sample_rate
    resampler = av.AudioResampler(format="s16", layout="mono", rate=target)
    pieces = [
        one.to_ndarray()[0] for one in (*resampler.resample(frame), *resampler.resample(None))
    ]
    return np.concatenate(pieces).astype(np.int16)


def write(path: Path, samples: Samples, sample_rate: int) -> None:
    """Write mono 16-bit WAV."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(samples.tobytes())


def paused(recording: Recording, pauses: Sequence[tuple[int, int]]) -> Recording:
    """With silence before some samples: each pause is (the sample, how many of silence)."""
    places = [np.repeat(at, count) for at, count in pauses]
    if not places:
        return recording
    return Recording(samples=np.insert(recording.samples, np.concatenate(places), 0))


def stretches(recording: Recording) -> list[tuple[float, float]]:
    """Where somebody speaks, as (start, end) in seconds."""
    samples = at_rate(recording.samples, SAMPLE_RATE, HEARD_RATE)
    samples = np.pad(samples, (0, -len(samples) % BLOCK))
    found: list[tuple[float, float]] = []
    with VAD() as vad:
        for i, block in enumerate(samples.reshape(-1, BLOCK)):
            if vad.predict(block) < VOICED:
                continue
            start, end = i * BLOCK / HEARD_RATE, (i + 1) * BLOCK / HEARD_RATE
            if found and found[-1][1] >= start:
                found[-1] = (found[-1][0], end)
            else:
                found.append((start, end))
    return found
