"""The figures of a report, from tapes and facts that are known."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import segment
from translator.record import (
    Failed,
    Guarded,
    Heard,
    Hearing,
    Rendered,
    Spoken,
    Unspoken,
    to_json,
)
from translator.rehearsal.commands import is_whole
from translator.rehearsal.recording import SAMPLE_RATE, Samples
from translator.rehearsal.report import (
    Account,
    HeardRendition,
    _coverage,
    audible,
    delay,
    of_language,
    renditions,
)
from translator.types import Cut, Rendition, Segment, Tail

pytestmark = pytest.mark.unit


def note_segment(account: Account, number: int, start: float, end: float) -> Segment:
    """A segment of meeting time."""
    one = segment(number, start=start, end=end)
    tail = Tail(speaker="p", speaker_name="P", language="en", text="", start=end, end=end)
    account.note(to_json(Heard(at=end, cut=Cut(segments=(one,), tail=tail))))
    return one


def note_spoken(
    account: Account, one: Segment, start: float, end: float, *, pace: float = 1.0
) -> None:
    """A rendition as the bridge stamps it, in meeting time."""
    account.note(
        to_json(
            Spoken(
                at=end,
                segment_id=one.id,
                language="es",
                start=start,
                end=end,
                pace=pace,
                backlog=pace,
            )
        )
    )


def note_unspoken(account: Account, one: Segment, why: str) -> None:
    account.note(to_json(Unspoken(at=0.0, segment_id=one.id, language="es", why=why)))


def tape(seconds: float, *spans: tuple[float, float]) -> Samples:
    """Silence with sound from (start) to (end)."""
    sound = np.zeros(round(seconds * SAMPLE_RATE), np.int16)
    for start, end in spans:
        sound[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)] = 3000
    return sound


def figures(account: Account, sound: Samples, **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "account": account,
        "sound": sound,
        "speech": [(0.0, 10.0)],
        "seconds": 10.0,
        "floor_delay": 0.0,
    }
    return of_language("es", **{**given, **changes})


# What is heard


def test_sound_is_audible_window_by_window() -> None:
    mask = audible(tape(1.0, (0.3, 0.5)))
    assert np.flatnonzero(mask).tolist() == list(range(30, 50))


def test_a_channels_idle_noise_is_not_audible() -> None:
    noise = np.random.default_rng(1).integers(-20, 20, SAMPLE_RATE, np.int16)
    assert not audible(noise.astype(np.int16)).any()


def test_ear_voice_span_is_measured_on_the_tape() -> None:
    """The bridge says 4.0 s, the listener hears it 160 ms later: that counts."""
    account = Account(offset=-1.0)  # the recording began one second after the meeting
    one = note_segment(account, 1, 2.0, 4.0)
    note_spoken(account, one, 5.0, 7.0)
    found = figures(account, tape(10.0, (4.16, 6.16)))
    assert found["evs_p50"] == pytest.approx(4.16 - 1.0)
    assert found["first_audio"] == pytest.approx(4.16)
    assert found["end_lag"] == pytest.approx(6.16 - 10.0)
    assert found["segments"] == found["spoken"] == 1


def test_the_delay_of_the_floor_lies_before_the_speech() -> None:
    account = Account(offset=0.0)
    note_spoken(account, note_segment(account, 1, 2.0, 4.0), 5.0, 7.0)
    sound = tape(10.0, (5.0, 7.0))
    assert figures(account, sound, floor_delay=0.1)["evs_p50"] == pytest.approx(3.1)


def test_an_onset_without_silence_before_it_is_placed_by_the_delay_of_the_others() -> None:
    account = Account(offset=0.0)
    note_spoken(account, note_segment(account, 1, 0.0, 2.0), 3.0, 5.0)
    note_spoken(account, note_segment(account, 2, 2.0, 4.0), 5.0, 6.0)  # follows at once
    first, second = renditions("es", account, audible(tape(10.0, (3.2, 6.2))), 0.0)
    assert first.onset == pytest.approx(3.2)
    assert second.onset == pytest.approx(5.2)
    assert (first.end, second.end) == pytest.approx((5.2, 6.2))


def test_a_long_segment_weighs_more_than_a_short_one() -> None:
    account = Account(offset=0.0)
    note_spoken(account, note_segment(account, 1, 0.0, 0.5), 1.0, 1.5)  # 1 s behind
    note_spoken(account, note_segment(account, 2, 1.0, 6.0), 7.0, 9.0)  # 6 s behind
    found = figures(account, tape(12.0, (1.0, 1.5), (7.0, 9.0)))
    assert found["evs_p50"] == found["evs_p99"] == pytest.approx(6.0)


def test_lag_that_grows_has_a_slope_in_seconds_a_minute() -> None:
    account = Account(offset=0.0)
    spans = []
    for number in range(6):
        start = 10.0 * number
        onset = start + 2.0 + number  # a second more every eleven
        note_spoken(account, note_segment(account, number, start, start + 2.0), onset, onset + 1.0)
        spans.append((onset, onset + 1.0))
    found = figures(account, tape(70.0, *spans), seconds=60.0)
    assert found["lag_slope"] == pytest.approx(60.0 / 11.0, abs=0.01)
    assert found["end_lag"] == pytest.approx(spans[-1][1] - 60.0)


def test_the_greatest_pace_and_backlog_are_told() -> None:
    account = Account(offset=0.0)
    for number, pace in enumerate((1.0, 1.2, 1.1)):
        one = note_segment(account, number, number, number + 1.0)
        note_spoken(account, one, number + 2.0, number + 2.9, pace=pace)
    found = figures(account, tape(10.0, (2.0, 4.9)))
    assert (found["pace_max"], found["backlog_max"]) == (1.2, 1.2)


def test_what_was_done_to_catch_up_is_counted() -> None:
    account = Account(offset=0.0)
    for number, terse in enumerate((False, True, True)):
        one = note_segment(account, number, number, number + 1.0)
        rendition = Rendition(segment=one, language="es", text="Hola")
        fact = Rendered(at=0.0, rendition=rendition, target="es", terms=0, terms_due=0, terse=terse)
        account.note(to_json(fact))
        note_unspoken(account, one, "skipped" if number else "failed")
    found = figures(account, tape(4.0))
    assert (found["terse"], found["skipped"]) == (2, 2)
    assert found["coverage"] == 0.0


def test_the_slope_has_an_upper_bound() -> None:
    account = Account(offset=0.0)
    spans = []
    for number, onset in enumerate((1.0, 11.5, 21.2, 31.9, 41.1)):
        one = note_segment(account, number, 10.0 * number, 10.0 * number + 1.0)
        note_spoken(account, one, onset, onset + 1.0)
        spans.append((onset, onset + 1.0))
    found = figures(account, tape(60.0, *spans))
    assert found["lag_slope_high"] > found["lag_slope"]


def test_a_silent_tape_has_no_figures_and_breaks_nothing() -> None:
    found = figures(Account(offset=0.0), tape(1.0))
    for name in ("evs_p50", "evs_p90", "evs_p99", "first_audio", "end_lag", "lag_slope_high"):
        assert found[name] is None
    assert (found["segments"], found["coverage"]) == (0, 0.0)
    assert figures(Account(offset=0.0), tape(0.0), speech=[])["coverage"] is None


# What was said of it


def test_terms_and_streams_are_counted() -> None:
    account = Account(offset=0.0)
    rendition = Rendition(segment=segment(), language="es", text="El comité")
    for terms, due in ((1, 2), (0, 1)):
        fact = Rendered(
            at=0.0, rendition=rendition, target="es", terms=terms, terms_due=due, false_copies=due
        )
        account.note(to_json(fact))
    for opened in (True, True, False, False):  # two floors on one microphone would show here
        account.note(to_json(Hearing(at=0.0, floor="p-ada", speaker="p-ada", opened=opened)))
    found = figures(account, tape(1.0))
    assert (found["term_hits"], found["term_total"], found["term_false_copies"]) == (1, 3, 3)
    assert (account.streams, account.streams_max) == ({"p-ada": 0}, {"p-ada": 2})


def test_the_cost_is_what_was_told_last_and_what_engines_used() -> None:
    account = Account(offset=0.0)
    for seconds in (5.0, 2.5):
        amounts = {"audio_seconds": seconds}
        account.note({"fact": "Used", "at": 1.0, "engine": "whisper", "amounts": amounts})
    for total in (0.1, 0.2):
        spent = {"currency": "USD", "total": total, "unpriced": ["openai"]}
        account.note({"fact": "Spent", "at": 2.0, **spent})
    assert account.cost == {**spent, "used": {"whisper": {"audio_seconds": 7.5}}}


def test_failures_and_echoes_are_kept() -> None:
    account = Account(offset=0.0)
    account.note(to_json(Failed(at=0.0, stage="render", language="es", message="gone")))
    account.note(to_json(Guarded(at=0.0, speaker="p-ada", why="heard back")))
    assert [one["message"] for one in account.failures] == ["gone"]
    assert [one["why"] for one in account.guarded] == ["heard back"]


def test_a_segment_is_open_until_it_was_spoken_or_given_up() -> None:
    account = Account(offset=0.0)
    one, two, three = (note_segment(account, n, n, n + 1.0) for n in range(3))
    note_spoken(account, one, 1.0, 2.0)
    note_unspoken(account, two, "failed")
    assert account.open_segments("es") == {three.id}
    assert account.open_segments("fr") == {one.id, two.id, three.id}


# Coverage


def coverage(account: Account, sound: Samples, speech: Sequence[tuple[float, float]]) -> float:
    found = figures(account, sound, speech=speech)["coverage"]
    assert isinstance(found, float)
    return found


def test_speech_that_was_not_spoken_is_not_covered() -> None:
    account = Account(offset=0.0)
    note_spoken(account, note_segment(account, 1, 0.0, 5.0), 6.0, 8.0)
    note_unspoken(account, note_segment(account, 2, 5.0, 10.0), "failed")
    assert coverage(account, tape(10.0, (6.0, 8.0)), [(0.0, 10.0)]) == pytest.approx(0.53, abs=0.02)


def test_speech_that_nobody_wrote_down_is_not_covered() -> None:
    account = Account(offset=0.0)
    note_spoken(account, note_segment(account, 1, 0.0, 2.0), 3.0, 4.0)
    sound = tape(10.0, (3.0, 4.0))
    assert coverage(account, sound, [(0.0, 2.0), (6.0, 8.0)]) == pytest.approx(0.5, abs=0.02)


def test_speech_in_the_listeners_language_needs_no_rendition() -> None:
    account = Account(offset=0.0)
    note_spoken(account, note_segment(account, 1, 0.0, 2.0), 3.0, 4.0)
    note_unspoken(account, note_segment(account, 2, 4.0, 10.0), "passthrough")
    found = figures(account, tape(10.0, (3.0, 4.0)), speech=[(0.0, 2.0), (4.0, 10.0)])
    assert found["coverage"] == 1.0
    assert found["segments"] == 1


moments = st.floats(-5.0, 20.0)
spans = st.lists(st.tuples(moments, st.floats(0.0, 5.0)).map(lambda s: (s[0], s[0] + s[1])))
speeches = st.lists(
    st.tuples(st.floats(0.0, 20.0), st.floats(0.0, 5.0)).map(lambda s: (s[0], s[0] + s[1]))
)


@settings(max_examples=60)
@given(speeches, spans, spans)
def test_coverage_is_a_share(
    speech: list[tuple[float, float]],
    spoken: list[tuple[float, float]],
    own: list[tuple[float, float]],
) -> None:
    account = Account(offset=0.0)
    passed = {note_segment(account, number, *span).id for number, span in enumerate(own)}
    heard = [
        HeardRendition(
            segment_id=str(start),
            source_start=start,
            source_end=end,
            onset=end,
            end=end,
            pace=1.0,
            backlog=0.0,
        )
        for start, end in spoken
    ]
    share = _coverage(speech, account, heard, passed, 0.0)
    assert share is None or 0.0 <= share <= 1.0
    reaches = [end >= 0.0 for _, end in spoken]
    if share and not own:
        assert any(reaches)
    if all(end < -0.5 for _, end in spoken) and all(end < -0.5 for _, end in own):
        assert not share


# The delay of the floor


def syllables(seconds: float, loudest: float, seed: int) -> Samples:
    """Noise that changes its loudness every twentieth of a second."""
    rng = np.random.default_rng(seed)
    loudness = np.repeat(rng.uniform(0, loudest, round(seconds * 20)), SAMPLE_RATE // 20)
    sound: Samples = (loudness * rng.choice([-1, 1], len(loudness))).astype(np.int16)
    return sound


def later(sound: Samples, late: float, *, then: Samples) -> Samples:
    return np.concatenate([np.zeros(round(late * SAMPLE_RATE), np.int16), sound, then])


@pytest.mark.parametrize("late", [0.0, 0.137, 0.8])
def test_the_delay_between_two_tapes_is_found_to_a_millisecond(late: float) -> None:
    source = syllables(5.0, 8000, seed=1)
    heard = later(source, late, then=np.zeros(SAMPLE_RATE, np.int16))
    assert delay(source, heard) == pytest.approx(late, abs=0.0011)


def test_what_is_louder_is_not_taken_for_what_is_alike() -> None:
    """The source is cut off in the middle of speech, and what is heard goes on and is louder."""
    source = np.concatenate([syllables(4.0, 1000, seed=1), syllables(1.0, 4000, seed=2)])
    heard = later(source, 0.1, then=syllables(1.0, 30_000, seed=3))
    assert delay(source, heard) == pytest.approx(0.1, abs=0.0011)


def test_a_tape_that_is_too_short_has_no_delay() -> None:
    assert delay(tape(0.5, (0.0, 0.5)), tape(0.5, (0.0, 0.5))) == 0.0


@pytest.mark.parametrize(
    ("stage", "failed", "whole"),
    [("render", 0, True), ("hear", 0, True), ("render", 1, False), ("voice es", 0, False)],
)
def test_what_another_engine_helped_with_is_no_failure_of_the_meeting(
    stage: str, failed: int, whole: bool
) -> None:
    result = {"failures": [{"stage": stage}], "languages": {"es": {"failed": failed}}}
    assert is_whole(result) is whole
