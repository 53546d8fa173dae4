"""Turns: one voice at a time, in the order that speech began, and never held for long."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fakes import meeting_clock, segment
from tests.virtual_time import VirtualTimeLoop
from translator.lag import CALM, FASTEST, LATEST
from translator.turns import AHEAD, Piece, Turn, Turns

pytestmark = pytest.mark.unit

RATE = 1000
MAX_WAIT = 2.0
FILTERED = 0.1
"""Seconds that the filter may add or leave out, at so low a rate."""


class Player:
    """Plays turns as a channel does, in real time, and notes when each piece began."""

    def __init__(self, *, max_wait: float = MAX_WAIT) -> None:
        self.clock = meeting_clock()
        self.skipped: list[Turn] = []
        self.turns = Turns(
            sample_rate=RATE, max_wait=max_wait, clock=self.clock, skipped=self.skipped.append
        )
        self.played: list[tuple[float, Piece]] = []

    @asynccontextmanager
    async def playing(self) -> AsyncGenerator[None, None]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._play())
            yield
            task.cancel()

    async def _play(self) -> None:
        while True:
            piece = await self.turns.next()
            self.played.append((self.clock(), piece))
            await asyncio.sleep(len(piece.samples) / RATE)

    @property
    def order(self) -> list[int]:
        """The numbers of the segments as they were begun."""
        return [_number(piece.turn) for _, piece in self.played if piece.first]

    def began(self, number: int) -> float:
        return next(
            at for at, piece in self.played if piece.first and _number(piece.turn) == number
        )


def _number(turn: Turn) -> int:
    return int(turn.segment.id.split("/")[1])


def audio(seconds: float) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.ones(round(seconds * RATE), np.int16)


async def filled(turn: Turn, seconds: float = 1.0, *, pace: float = FASTEST) -> None:
    """What was made at the fastest pace goes out as it is, however long others wait."""
    await turn.play(audio(seconds), pace=pace)
    turn.end()


async def test_plays_in_the_order_in_which_speech_began() -> None:
    player = Player()
    turns = [player.turns.turn(segment(number, start=number)) for number in (3, 1, 2)]
    for turn in turns:
        await filled(turn)
    async with player.playing():
        await asyncio.sleep(4.0)
    assert player.order == [1, 2, 3]


async def test_a_voice_that_has_begun_is_not_interrupted_by_an_earlier_segment() -> None:
    player = Player()
    await filled(player.turns.turn(segment(2, start=2.0)), 1.0)
    async with player.playing():
        await asyncio.sleep(0.5)
        await filled(player.turns.turn(segment(1, start=1.0)), 1.0)
        await asyncio.sleep(3.0)
    assert player.order == [2, 1]
    assert player.began(1) == pytest.approx(1.0)
    speakers = [_number(piece.turn) for _, piece in player.played]
    assert speakers == sorted(speakers, reverse=True)


async def test_an_earlier_segment_holds_the_voice_while_it_is_not_ready() -> None:
    player = Player()
    late = player.turns.turn(segment(1, start=1.0))
    await filled(player.turns.turn(segment(2, start=2.0)))
    async with player.playing():
        await asyncio.sleep(MAX_WAIT - 0.1)
        assert player.played == []
        await filled(late)
        await asyncio.sleep(3.0)
    assert player.order == [1, 2]


async def test_holds_for_no_longer_than_max_wait() -> None:
    player = Player()
    late = player.turns.turn(segment(1, start=1.0, speaker="p-bob"))
    await filled(player.turns.turn(segment(2, start=2.0)))
    async with player.playing():
        await asyncio.sleep(MAX_WAIT + 1.5)
        await filled(late)
        await asyncio.sleep(2.0)
    assert player.order == [2, 1]
    assert player.began(2) == pytest.approx(MAX_WAIT, abs=0.01)


async def test_several_that_are_not_ready_hold_together_for_no_longer_than_one() -> None:
    player = Player()
    late = [
        player.turns.turn(segment(number, start=number, speaker="p-bob")) for number in (1, 2, 3)
    ]
    await filled(player.turns.turn(segment(4, start=4.0)))
    async with player.playing():
        await asyncio.sleep(10.0)
        for turn in late:
            turn.end()
        await asyncio.sleep(1.0)
    assert player.began(4) == pytest.approx(MAX_WAIT, abs=0.01)


async def test_waits_for_nobody_when_max_wait_is_zero() -> None:
    player = Player(max_wait=0.0)
    late = player.turns.turn(segment(1, start=1.0, speaker="p-bob"))
    await filled(player.turns.turn(segment(2, start=2.0)))
    async with player.playing():
        await asyncio.sleep(0.5)
        late.end()
    assert player.began(2) == pytest.approx(0.0, abs=0.01)


async def test_several_of_one_speaker_hold_the_others_together_for_no_longer_than_one() -> None:
    player = Player()
    late = [player.turns.turn(segment(number, start=number)) for number in (1, 2, 3)]
    await filled(player.turns.turn(segment(4, start=4.0, speaker="p-bob")))
    async with player.playing():
        for turn in late:
            await asyncio.sleep(MAX_WAIT - 0.1)
            turn.end()
        await asyncio.sleep(1.0)
    assert player.began(4) == pytest.approx(MAX_WAIT, abs=0.01)


async def test_what_cannot_be_next_itself_holds_nobody() -> None:
    player = Player()
    late = [player.turns.turn(segment(1, start=1.0))]
    await filled(player.turns.turn(segment(3, start=3.0, speaker="p-bob")))
    async with player.playing():
        await asyncio.sleep(MAX_WAIT - 0.5)
        late.append(player.turns.turn(segment(2, start=2.0)))  # its own speaker's first one is late
        await asyncio.sleep(MAX_WAIT)
        for turn in late:
            turn.end()
    assert player.began(3) == pytest.approx(MAX_WAIT, abs=0.01)


async def test_what_one_speaker_says_is_heard_in_its_order_however_late() -> None:
    player = Player()
    late = player.turns.turn(segment(1, start=1.0))
    await filled(player.turns.turn(segment(2, start=2.0)))
    await filled(player.turns.turn(segment(3, start=3.0, speaker="p-bob")))
    async with player.playing():
        await asyncio.sleep(MAX_WAIT + 1.5)
        assert player.order == [3]  # another speaker's waits no longer than max_wait
        await filled(late)
        await asyncio.sleep(3.0)
    assert player.order == [3, 1, 2]


async def test_a_turn_without_audio_makes_room_at_once() -> None:
    player = Player()
    failed = player.turns.turn(segment(1, start=1.0))
    await filled(player.turns.turn(segment(2, start=2.0)))
    async with player.playing():
        await asyncio.sleep(0.5)
        failed.end()
        await asyncio.sleep(2.0)
    assert player.order == [2]
    assert player.began(2) == pytest.approx(0.5)


async def test_keeps_the_voice_while_a_slow_engine_makes_more() -> None:
    player = Player()
    slow = player.turns.turn(segment(1, start=1.0))
    async with player.playing():
        await slow.play(audio(0.5), pace=FASTEST)
        await filled(player.turns.turn(segment(2, start=2.0)))
        await asyncio.sleep(5.0)
        await filled(slow, 0.5)
        await asyncio.sleep(3.0)
    assert player.order == [1, 2]
    assert player.began(2) == pytest.approx(5.5)


async def test_pieces_grow_from_10_to_100_ms_within_each_turn() -> None:
    player = Player()
    for number in (1, 2):
        await filled(player.turns.turn(segment(number, start=number)), 0.55)
    async with player.playing():
        await asyncio.sleep(2.0)
    sizes = [len(piece.samples) for _, piece in player.played]
    assert sizes == 2 * [10, 20, 40, 80, 100, 100, 100, 100]


async def test_says_which_piece_is_the_first_and_which_the_last() -> None:
    player = Player()
    slow = player.turns.turn(segment(1))
    async with player.playing():
        await slow.play(audio(0.03))
        await asyncio.sleep(1.0)
        slow.end()  # its audio has all been played by now
        await asyncio.sleep(1.0)
    pieces = [piece for _, piece in player.played]
    assert [piece.first for piece in pieces] == [True, False, False]
    assert [piece.last for piece in pieces] == [False, False, True]
    assert len(pieces[-1].samples) == 0


async def test_a_voice_that_is_far_ahead_waits() -> None:
    player = Player()
    turn = player.turns.turn(segment(1))

    async def speak() -> None:
        for _ in range(50):
            await turn.play(audio(1.0))
        turn.end()

    async with asyncio.TaskGroup() as group:
        group.create_task(speak())
        await asyncio.sleep(CALM / 2)
        assert player.turns.backlog == AHEAD
        async with player.playing():
            await asyncio.sleep(10.05)
            assert player.turns.backlog == pytest.approx(AHEAD, abs=1.0)
            await asyncio.sleep(60.0)
    assert sum(len(piece.samples) for _, piece in player.played) == 50 * RATE


async def test_backlog_is_what_was_made_and_not_played() -> None:
    player = Player()
    await filled(player.turns.turn(segment(1)), 2.0)
    await filled(player.turns.turn(segment(2, start=1.0)), 3.0)
    assert player.turns.backlog == 5.0
    async with player.playing():
        await asyncio.sleep(2.0)
    assert player.turns.backlog == pytest.approx(3.0, abs=0.1)


async def test_what_is_to_be_made_counts_as_long_as_its_speech() -> None:
    player = Player()
    turn = player.turns.turn(segment(1, end=3.0))
    assert player.turns.backlog == 3.0 - turn.segment.start
    await turn.play(audio(1.5))
    assert player.turns.backlog == 3.0 - turn.segment.start
    turn.end()
    assert player.turns.backlog == 1.5


async def test_a_turn_waits_for_those_in_front_and_no_longer_once_it_is_heard() -> None:
    player = Player()
    await filled(player.turns.turn(segment(1)), 3.0)
    assert player.turns.wait == 0.0
    await filled(player.turns.turn(segment(2, start=1.0)), 5.0)
    assert player.turns.wait == 3.0
    async with player.playing():
        await asyncio.sleep(1.0)
        assert player.turns.wait == pytest.approx(3.0, abs=0.1)  # 1 s of it is over
        await asyncio.sleep(4.0)
        assert player.turns.wait == pytest.approx(3.0, abs=0.1)
        await asyncio.sleep(4.0)
        assert player.turns.wait == 0.0


async def test_a_turn_that_is_not_ready_keeps_those_behind_it_waiting_and_not_itself() -> None:
    player = Player()
    player.turns.turn(segment(1, start=0.0, end=4.0))
    assert player.turns.wait == 0.0
    await filled(player.turns.turn(segment(2, start=4.0)), 1.0)
    assert player.turns.wait == 4.0


async def test_what_waits_goes_out_faster_whatever_pace_it_was_made_at() -> None:
    for made, least in ((1.0, FASTEST), (1.1, FASTEST / 1.1), (FASTEST, 1.0)):
        player = Player()
        turns = [player.turns.turn(segment(number, start=number)) for number in (1, 2)]
        for turn in turns:
            await filled(turn, 10.0, pace=made)
        async with player.playing():
            await asyncio.sleep(30.0)
        assert player.began(2) == pytest.approx(10.0 / least, abs=0.1)
        assert turns[0].pace == pytest.approx(FASTEST, abs=0.02)


async def test_a_sound_that_is_too_short_to_hasten_is_heard_all_the_same() -> None:
    player = Player()
    long, short = (player.turns.turn(segment(number, start=number)) for number in (1, 2))
    await filled(long, 10.0, pace=1.0)
    await filled(short, 0.02, pace=1.0)
    async with player.playing():
        await asyncio.sleep(12.0)
    assert sum(len(piece.samples) for _, piece in player.played if piece.turn is short) == 20
    assert short.begun


async def test_a_turn_that_nobody_waits_for_is_not_hastened() -> None:
    player = Player()
    turn = player.turns.turn(segment(1))
    await filled(turn, 5.0, pace=1.0)
    async with player.playing():
        await asyncio.sleep(10.0)
    assert sum(len(piece.samples) for _, piece in player.played) == 5 * RATE
    assert turn.pace == 1.0


async def test_the_oldest_that_has_not_begun_is_skipped_whole_and_never_two_in_a_row() -> None:
    player = Player()
    turns = [player.turns.turn(segment(number, start=number)) for number in range(6)]
    for turn in turns:
        await filled(turn, 6.0)
    async with player.playing():
        await asyncio.sleep(60.0)
    assert player.order == [0, 1, 3, 5]
    assert [_number(turn) for turn in player.skipped] == [2, 4]
    assert all(turn.dropped for turn in player.skipped)
    assert {_number(piece.turn) for _, piece in player.played} == {0, 1, 3, 5}


async def test_the_last_is_never_skipped() -> None:
    player = Player()
    for number, seconds in ((1, 15.0), (2, 1.0)):
        await filled(player.turns.turn(segment(number, start=number)), seconds)
    async with player.playing():
        await asyncio.sleep(30.0)
    assert player.order == [1, 2]


async def test_a_cancelled_next_loses_no_audio() -> None:
    player = Player()
    turn = player.turns.turn(segment(1))
    for _ in range(20):
        try:
            async with asyncio.timeout(0.1):
                await player.turns.next()
        except TimeoutError:
            pass
        await turn.play(audio(0.01))
    assert turn.seconds + 0.01 * 19 == pytest.approx(0.2)


# (onset, seconds until it is ready, seconds of audio)
arrivals = st.lists(
    st.tuples(
        st.integers(0, 20).map(lambda n: n / 2),
        st.integers(0, 12).map(lambda n: n / 4),
        st.integers(0, 4).map(lambda n: n / 2),
    ),
    max_size=8,
)


SLOWEST = 3.0
"""Seconds until any of them is ready."""


@settings(max_examples=40)
@given(arrivals)
@example([(0.0, 0.0, 2.0)] * 7)
def test_every_turn_is_played_whole_and_alone_unless_it_comes_too_late(
    arrivals: list[tuple[float, float, float]],
) -> None:
    async def run() -> Player:
        player = Player()

        async def one(number: int, onset: float, ready: float, seconds: float) -> None:
            await asyncio.sleep(onset)
            turn = player.turns.turn(segment(number, start=onset))
            await asyncio.sleep(ready)
            await filled(turn, seconds) if seconds else turn.end()

        async with player.playing(), asyncio.TaskGroup() as group:
            for number, arrival in enumerate(arrivals):
                group.create_task(one(number, *arrival))
            await asyncio.sleep(60.0)
        assert player.turns.backlog == 0.0
        return player

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        player = runner.run(run())
    heard = [_number(piece.turn) for _, piece in player.played]
    begun = list(dict.fromkeys(heard))
    assert heard == sorted(heard, key=begun.index)  # nobody is interrupted
    seconds = {
        n: sum(len(p.samples) for _, p in player.played if _number(p.turn) == n) for n in begun
    }
    skipped = {_number(turn) for turn in player.skipped}
    due = {n: round(a[2] * RATE) for n, a in enumerate(arrivals) if a[2]}
    assert seconds == {n: whole for n, whole in due.items() if n not in skipped}
    # A turn waits until those before it are ready, and have been heard.
    assert not skipped or SLOWEST + sum(due.values()) / RATE >= LATEST


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(1, 40), st.floats(1.0, FASTEST), st.integers(0, 20)), max_size=8)
)
def test_what_is_heard_is_whole_and_no_faster_than_the_fastest(
    makings: list[tuple[int, float, int]],
) -> None:
    """Each making is of tenths of seconds, at a pace, so many tenths after the one before."""

    async def run() -> tuple[Player, list[Turn]]:
        player = Player()
        turns = []
        async with player.playing():
            for number, (tenths, pace, pause) in enumerate(makings):
                await asyncio.sleep(pause / 10)
                turns.append(player.turns.turn(segment(number, start=number)))
                for _ in range(tenths):
                    await turns[-1].play(audio(0.1), pace=pace)
                turns[-1].end()
            await asyncio.sleep(60.0)
        return player, turns

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        player, turns = runner.run(run())
    skipped = {_number(turn) for turn in player.skipped}
    assert player.order == [number for number in range(len(makings)) if number not in skipped]
    for number, ((tenths, pace, _), turn) in enumerate(zip(makings, turns, strict=True)):
        if number in skipped:
            continue
        heard = sum(len(p.samples) for _, p in player.played if p.turn is turn) / RATE
        made = tenths / 10
        assert made * pace / FASTEST - FILTERED <= heard <= made + FILTERED


@settings(max_examples=30)
@given(st.permutations(range(6)), st.integers(0, 6))
def test_what_is_ready_is_played_in_the_order_of_speech(order: list[int], played: int) -> None:
    async def run() -> list[int]:
        player = Player()
        for number in order:
            await filled(player.turns.turn(segment(number, start=number)), 0.01)
        return [_number((await player.turns.next()).turn) for _ in range(played)]

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        assert runner.run(run()) == list(range(played))
