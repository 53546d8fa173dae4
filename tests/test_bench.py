"""The rig measures what it says: known offsets, known markers, known figures."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import echo, markers, stats
from bench.markers import COUNT, Marker, detect, passage, synthesize
from bench.participants import Tape
from translator.guards.echo import WINDOWS
from translator.rehearsal.recording import SAMPLE_RATE as CHANNEL_RATE

pytestmark = pytest.mark.unit

RATE = 48_000


def tape(*placed: tuple[float, int], seconds: float, rate: int = RATE) -> markers.Samples:
    """Silence with markers of the given indexes at the given times."""
    sound = np.zeros(round(seconds * rate), np.int16)
    for at, index in placed:
        marker = synthesize(index, sample_rate=rate)
        first = round(at * rate)
        sound[first : first + len(marker)] = marker[: len(sound) - first]
    return sound


@settings(max_examples=50)
@given(
    onset=st.floats(min_value=0.0, max_value=0.5),
    index=st.integers(min_value=0, max_value=COUNT - 1),
    rate=st.sampled_from([16_000, 24_000, 48_000]),
    loudness=st.floats(min_value=0.2, max_value=1.5),
)
def test_a_known_offset_is_found_within_a_hop(
    onset: float, index: int, rate: int, loudness: float
) -> None:
    sound = tape((onset, index), seconds=1.0, rate=rate)
    found = detect((sound * loudness).astype(np.int16), sample_rate=rate)
    assert [marker.index for marker in found] == [index]
    assert found[0].onset == pytest.approx(onset, abs=markers.HOP)


def test_every_marker_is_told_from_every_other() -> None:
    spacing = 0.25
    placed = [(0.1 + index * spacing, index) for index in range(COUNT)]
    found = detect(tape(*placed, seconds=COUNT * spacing + 1), sample_rate=RATE)
    assert [marker.index for marker in found] == list(range(COUNT))
    errors = [marker.onset - at for marker, (at, _) in zip(found, placed, strict=True)]
    assert max(map(abs, errors)) <= markers.HOP


def test_a_marker_is_found_in_noise() -> None:
    noise = np.random.default_rng(1).normal(0, 800, RATE)
    sound = (tape((0.3, 77), seconds=1.0) + noise).astype(np.int16)
    (found,) = detect(sound, sample_rate=RATE)
    assert found.index == 77
    assert found.onset == pytest.approx(0.3, abs=markers.HOP)


def test_a_torn_marker_is_one_marker() -> None:
    sound = tape((0.3, 5), seconds=1.0)
    sound[round(0.4 * RATE) : round(0.42 * RATE)] = 0
    assert [marker.index for marker in detect(sound, sample_rate=RATE)] == [5]


def test_a_marker_that_is_heard_twice_is_found_twice() -> None:
    found = detect(tape((0.1, 9), (0.6, 9), seconds=1.0), sample_rate=RATE)
    assert [marker.index for marker in found] == [9, 9]


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(RATE, np.int16),
        np.zeros(0, np.int16),
        np.random.default_rng(2).normal(0, 6000, RATE).astype(np.int16),
        (8000 * np.sin(np.arange(RATE) / RATE * 2 * np.pi * 700)).astype(np.int16),
    ],
    ids=["silence", "nothing", "noise", "one tone"],
)
def test_what_is_no_marker_is_none(sound: markers.Samples) -> None:
    assert detect(sound, sample_rate=RATE) == []


def test_a_tape_tells_when_a_marker_could_be_played_first() -> None:
    sound = tape((0.5, 3), seconds=1.0)
    size = RATE // 100
    played = Tape()
    for number, first in enumerate(range(0, len(sound), size)):
        late = 0.2 if number >= 50 else 0.0  # the frame of the onset, and all after it
        played.add(sound[first : first + size], 1000.0 + number * 0.01 + late)
    (heard,) = played.markers()
    assert heard.index == 3
    assert heard.onset == pytest.approx(1000.7, abs=markers.HOP)


def test_an_empty_tape_has_no_markers() -> None:
    assert Tape().markers() == []


def at(*placed: tuple[int, float]) -> list[Marker]:
    return [Marker(index=index, onset=onset) for index, onset in placed]


def test_delays_are_those_of_the_same_marker() -> None:
    found = passage(at((0, 10.0), (1, 11.0)), at((0, 10.1), (1, 11.3)), longest=5)
    assert found.delays == pytest.approx((0.1, 0.3))
    assert (found.lost, found.repeated, found.swapped) == (0, 0, 0)


def test_what_is_heard_before_it_is_spoken_is_not_it() -> None:
    found = passage(at((0, 10.0)), at((0, 9.9)), longest=5)
    assert (found.delays, found.lost, found.repeated) == ((), 1, 1)


def test_a_marker_that_comes_too_late_is_lost() -> None:
    assert passage(at((0, 10.0)), at((0, 15.1)), longest=5).lost == 1


def test_a_marker_heard_twice_is_repeated() -> None:
    found = passage(at((0, 10.0)), at((0, 10.1), (0, 10.4)), longest=5)
    assert found.delays == pytest.approx((0.1,))
    assert (found.lost, found.repeated) == (0, 1)


def test_markers_heard_in_another_order_are_swapped() -> None:
    assert passage(at((0, 10.0), (1, 11.0)), at((1, 11.1), (0, 11.5)), longest=5).swapped == 1


def test_the_warm_up_is_matched_but_not_counted() -> None:
    spoken = at((0, 8.0), (1, 9.0), (2, 10.0))
    found = passage(spoken, at((7, 9.1), (1, 10.5), (2, 10.6)), longest=5, since=9.5)
    assert found.delays == pytest.approx((0.6,))
    assert (found.lost, found.repeated, found.swapped) == (0, 0, 0)


def test_a_percentile_lies_within_its_interval() -> None:
    values = np.random.default_rng(3).normal(0.1, 0.01, 500)
    median = stats.percentile(values, 0.5)
    assert median.low < median.value < median.high
    assert median.value == pytest.approx(0.1, abs=0.002)
    assert median.high - median.low < 0.005


def test_more_measurements_are_surer() -> None:
    generator = np.random.default_rng(4)
    few, many = generator.normal(0, 1, 50), generator.normal(0, 1, 5000)
    widths = [
        estimate.high - estimate.low
        for estimate in (stats.percentile(few, 0.5), stats.percentile(many, 0.5))
    ]
    assert widths[1] < widths[0] / 3


def test_an_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(5)
    estimates = [stats.percentile(generator.normal(0, 1, 100), 0.5) for _ in range(200)]
    held = sum(estimate.low <= 0 <= estimate.high for estimate in estimates)
    assert 180 <= held <= 199


def test_a_difference_is_that_of_the_percentiles() -> None:
    generator = np.random.default_rng(6)
    control = generator.normal(0.100, 0.002, 1000)
    slower = generator.normal(0.105, 0.002, 1000)
    found = stats.difference(slower, control, 0.5)
    assert found.low < 0.005 < found.high
    assert found.high - found.low < 0.001


def test_without_a_measurement_there_is_no_figure() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        stats.percentile([], 0.5)


def melody(seconds: float, seed: int) -> markers.Samples:
    """Three tones at a time, which change every tenth of a second: as unlike as two voices."""
    generator = np.random.default_rng(seed)
    time_ = np.arange(round(CHANNEL_RATE / 10)) / CHANNEL_RATE
    chords = [
        sum(np.sin(2 * np.pi * pitch * time_) for pitch in generator.uniform(150, 3500, 3))
        for _ in range(round(seconds * 10))
    ]
    return np.round(np.concatenate(chords) * 3000).astype(np.int16)


def test_an_echo_is_taken_for_one_and_a_person_is_not() -> None:
    channel, person = melody(8.0, seed=1), melody(8.0, seed=2)
    generator = np.random.default_rng(3)
    heard_back = echo.verdict(echo.echo(channel, 6.0, 0.5, generator))
    spoken = echo.verdict(echo.talk(person, 6.0, channel, 6.5))
    for window in WINDOWS:
        assert heard_back.is_echo[window]
        assert heard_back.likeness[window] > 0.9
        assert not spoken.is_echo[window]
        assert spoken.likeness[window] < 0.5


def test_a_stretch_is_silent_where_there_is_no_sound() -> None:
    sound = np.full(CHANNEL_RATE, 7, np.int16)
    found = echo.before(sound, 1.5, 3.0)
    assert len(found) == 3 * CHANNEL_RATE
    assert np.flatnonzero(found).tolist() == list(
        range(round(1.5 * CHANNEL_RATE), round(2.5 * CHANNEL_RATE))
    )


def test_verdicts_are_counted_by_group_and_window() -> None:
    def judged(likeness: float) -> echo.Verdict:
        return echo.Verdict(
            likeness=dict.fromkeys(WINDOWS, likeness),
            is_echo=dict.fromkeys(WINDOWS, likeness > 0.7),
        )

    found = echo.groups([(judged(0.9), "one"), (judged(0.1), "other")], "all")
    lines = [line.split() for line in echo.table(found, (0, 100))]
    assert [line[0] for line in lines] == ["all", "all", "one", "one", "other", "other"]
    assert lines[0][3:] == ["0.10", "0.90", "50.0%"]
    assert lines[2][3:] == ["0.90", "0.90", "100.0%"]
    assert lines[4][3:] == ["0.10", "0.10", "0.0%"]
