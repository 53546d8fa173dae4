"""Recordings: read any, write WAV, refuse what holds no speech."""

import wave
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from tests.speech import speech
from translator.errors import InputError
from translator.rehearsal.recording import (
    SAMPLE_RATE,
    Recording,
    Samples,
    at_rate,
    paused,
    read,
    stretches,
    write,
)

pytestmark = pytest.mark.unit


def tone(seconds: float, *, rate: int = SAMPLE_RATE, hertz: float = 440.0) -> Samples:
    times = np.arange(round(seconds * rate)) / rate
    return (8000 * np.sin(2 * np.pi * hertz * times)).astype(np.int16)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    write(path, tone(1.5), SAMPLE_RATE)
    recording = read(path)
    assert recording.seconds == pytest.approx(1.5)
    assert (recording.samples == tone(1.5)).all()


def test_a_recording_that_was_held_up_has_its_pauses() -> None:
    samples = tone(1.0)
    assert paused(Recording(samples=samples), []).samples is samples
    held_up = paused(Recording(samples=samples), [(0, 5), (2400, 7)]).samples
    assert not held_up[:5].any()
    assert (held_up[5:2405] == samples[:2400]).all()
    assert not held_up[2405:2412].any()
    assert (held_up[2412:] == samples[2400:]).all()


def test_a_written_file_is_mono_of_sixteen_bits(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    write(path, tone(0.5, rate=48_000), 48_000)
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 48_000)
        assert file.getnframes() == 24_000


@pytest.mark.parametrize("rate", [8000, 44_100, 48_000])
def test_any_sample_rate_becomes_ours_at_the_same_pitch(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "tone.wav"
    write(path, tone(2.0, rate=rate), rate)
    recording = read(path)
    assert recording.seconds == pytest.approx(2.0, abs=0.01)
    spectrum = np.abs(np.fft.rfft(recording.samples[: 2 * SAMPLE_RATE - 1000]))
    assert np.argmax(spectrum) * SAMPLE_RATE / (2 * SAMPLE_RATE - 1000) == pytest.approx(440, abs=2)


def test_both_channels_of_a_stereo_file_are_heard(tmp_path: Path) -> None:
    path = tmp_path / "stereo.wav"
    left_only = np.stack([tone(1.0), np.zeros(SAMPLE_RATE, np.int16)], axis=1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(left_only.tobytes())
    samples = read(path).samples
    assert len(samples) == SAMPLE_RATE
    assert np.abs(samples.astype(int)).max() > 2000


@pytest.mark.parametrize(("container", "codec"), [("flac", "flac"), ("ogg", "libopus")])
def test_compressed_files_are_read(tmp_path: Path, container: str, codec: str) -> None:
    path = tmp_path / f"tone.{container}"
    with av.open(str(path), "w", format=container) as file:
        stream = file.add_stream(codec, rate=SAMPLE_RATE)
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(tone(1.0)[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    assert read(path).seconds == pytest.approx(1.0, abs=0.05)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        read(tmp_path / "nothing.wav")
    with pytest.raises(InputError, match="folder"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "no recording"), (b"This is a letter to the committee. " * 50, "no recording")],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "letter.wav"
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason):
        read(path)


def test_a_recording_without_samples_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    write(path, tone(0.0), SAMPLE_RATE)
    with pytest.raises(InputError, match="empty"):
        read(path)


@pytest.mark.parametrize("level", [0, 1, -1])
def test_silence_is_refused(tmp_path: Path, level: int) -> None:
    path = tmp_path / "silence.wav"
    write(path, np.full(SAMPLE_RATE, level, np.int16), SAMPLE_RATE)
    with pytest.raises(InputError, match="silent"):
        read(path)


def test_a_recording_of_full_scale_is_not_silent(tmp_path: Path) -> None:
    path = tmp_path / "loud.wav"
    write(path, np.full(1000, -32768, np.int16), SAMPLE_RATE)
    assert read(path).samples.min() == -32768


def test_another_rate_keeps_duration_and_level() -> None:
    converted = at_rate(tone(2.0), SAMPLE_RATE, 16_000)
    assert len(converted) == pytest.approx(32_000, abs=50)
    assert np.abs(converted.astype(int)).max() == pytest.approx(8000, rel=0.02)


def test_a_voice_is_found_where_it_is() -> None:
    voice = read(speech("cv_es_001")).samples
    silence = np.zeros(2 * SAMPLE_RATE, np.int16)
    found = stretches(Recording(samples=np.concatenate([silence, voice, silence])))
    end = 2.0 + len(voice) / SAMPLE_RATE
    assert 2.0 < found[0][0] < found[-1][1] < end + 0.3
    assert sum(stop - start for start, stop in found) > 2.0
    assert all(one[1] < other[0] for one, other in pairwise(found))


def test_a_tone_is_no_voice() -> None:
    assert sum(end - start for start, end in stretches(Recording(samples=tone(3.0)))) < 0.5
