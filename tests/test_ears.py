"""Ears: which of a floor's ears listens, after failures, edits, and speech without a word."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from functools import partial

import pytest

from tests.hearing import (
    SILENT,
    VOICED,
    Floor,
    ScriptedEar,
    failing,
    hypothesis,
    sounds,
    to_the_end,
)
from translator.errors import HearError, UnansweredError
from translator.health import FAILURES
from translator.hear import PAUSE, Sound, blocks, seconds
from translator.types import Hypothesis

pytestmark = pytest.mark.unit


async def test_a_silent_ear_is_not_called_before_it_is_well_again() -> None:
    silent = HearError("nothing comes", kind="silent")
    floor = Floor(ScriptedEar(failing(0.0, error=silent)))
    await floor.run((60.0, VOICED))
    assert len(floor.ear.given) == 2
    assert {str(one) for one in floor.failures} == {"nothing comes"}


async def test_the_next_ear_hears_what_one_failed_to_and_what_comes_after() -> None:
    second = ScriptedEar(to_the_end)
    floor = Floor(ScriptedEar(failing(0.5)), second)
    said = await floor.run((3.0, VOICED), (2.0, SILENT), (1.0, VOICED))
    assert len(floor.ear.given) == 2  # a single failure is forgiven
    assert len(second.given) == 2
    assert second.given[0][0] == 0
    assert second.given[1][0] == floor.ear.given[1][0]
    assert [one.final for one in said] == [True, True]


async def test_after_the_last_ear_the_first_is_tried_again() -> None:
    floor = Floor(ScriptedEar(failing(0.5), to_the_end), ScriptedEar(failing(0.5)))
    assert len(await floor.run((20.0, VOICED))) == 1
    assert len(floor.ear.given) == 2


async def test_the_next_ear_hears_where_one_cannot_be_made() -> None:
    second = ScriptedEar(to_the_end)
    floor = Floor(ScriptedEar(to_the_end), second)
    floor.unusable.add("0")
    said = await floor.run((3.0, VOICED), (2.0, SILENT), (1.0, VOICED))
    assert [str(error) for error in floor.failures] == ["no 0", "no 0"]
    assert floor.ear.given == []
    assert second.given[0][0] == 0
    assert [one.final for one in said] == [True, True]


async def test_nobody_waits_for_an_ear_that_is_down() -> None:
    second = ScriptedEar(to_the_end)
    floor = Floor(ScriptedEar(failing(0.5)), second)
    for _ in range(2):
        await floor.run((3.0, VOICED), (2.0, SILENT), (1.0, VOICED), (2.0, SILENT), (1.0, VOICED))
    assert len(floor.ear.given) == 2
    assert len(second.given) == 6
    floor.health.forget("0")  # it is well again: from the next pause on it listens
    await floor.run((1.0, VOICED))
    assert len(floor.ear.given) == 3


async def partials(
    audio: AsyncIterator[Sound], numbers: list[int]
) -> AsyncGenerator[Hypothesis, None]:
    async for sound in audio:
        numbers.append(int(sound.samples[0]))
        yield hypothesis(end=seconds(len(numbers)), final=False)


async def test_an_ear_that_replaces_another_hears_from_the_next_pause_on() -> None:
    first, second = ScriptedEar(partials), ScriptedEar(to_the_end)
    floor = Floor(first)
    async with (
        aclosing(sounds((3.0, VOICED), (3.0, SILENT), (1.0, VOICED))) as source,
        aclosing(floor.hear(source)) as said,
    ):
        async for _ in said:
            floor.named = {"0": second}
    assert first.given[0][:: blocks(3.0) - 1] == [0, blocks(3.0) - 1]  # to the end of the speech
    assert len(first.given) == len(second.given) == 1
    assert floor.failures == []


async def test_after_an_edit_the_first_ear_is_tried_first() -> None:
    good, spare = ScriptedEar(to_the_end), ScriptedEar(to_the_end)
    floor = Floor(ScriptedEar(failing(0.5)), spare)
    async with (
        aclosing(sounds((3.0, VOICED), (3.0, SILENT), (1.0, VOICED))) as source,
        aclosing(floor.hear(source)) as said,
    ):
        async for _ in said:
            floor.named = {"good": good, "spare": spare}
    assert (len(spare.given), len(good.given)) == (1, 1)


# Who listens while another should.


TALK = [(2.0, VOICED), (PAUSE + 0.1, SILENT)] * 10
"""Nobody makes a pause that ends a listen."""
SPELL = blocks(2.0) + blocks(PAUSE + 0.1)


async def talked(floor: Floor, *events: tuple[float, Callable[[], object]]) -> None:
    """Hear TALK; each event happens when so many seconds of it are heard."""
    left = list(events)
    async with aclosing(sounds(*TALK)) as source, aclosing(floor.hear(source)) as said:
        async for one in said:
            while left and one.end >= left[0][0]:
                left.pop(0)[1]()


def is_down(floor: Floor, name: str) -> None:
    for _ in range(FAILURES):
        floor.health.failed("hear", name, HearError("gone", retryable=True, kind="broken off"))


async def test_an_engine_that_is_back_listens_from_the_next_short_pause_on() -> None:
    floor = Floor(ScriptedEar(to_the_end), ScriptedEar(partials))
    is_down(floor, "0")
    await talked(floor, (5.0, partial(floor.health.forget, "0")))
    (second,) = floor.named["1"].given
    (first,) = floor.ear.given
    assert second[-1] == 2 * SPELL + blocks(2.0) + blocks(PAUSE)
    assert first[0] <= 3 * SPELL  # from the onset of the next words on
    assert first[-1] + 1 == 10 * SPELL
    assert floor.failures == []


async def test_an_engine_that_goes_down_and_comes_back_while_another_listens_does_too() -> None:
    floor = Floor(ScriptedEar(failing(0.5), to_the_end), ScriptedEar(partials))

    down, back = partial(is_down, floor, "0"), partial(floor.health.forget, "0")
    await talked(floor, (5.0, down), (7.5, back))
    (second,) = floor.named["1"].given
    assert second[-1] == 3 * SPELL + blocks(2.0) + blocks(PAUSE)
    assert len(floor.ear.given) == 2


async def test_an_engine_that_may_not_go_on_listens_to_the_next_short_pause_only() -> None:
    paid, free = ScriptedEar(partials), ScriptedEar(to_the_end)
    floor = Floor(paid, free)
    await talked(floor, (5.0, partial(floor.named.pop, "0")))
    (given,) = paid.given
    assert given[-1] == 2 * SPELL + blocks(2.0) + blocks(PAUSE)
    (rest,) = free.given
    assert rest[-1] + 1 == 10 * SPELL


async def test_an_engine_that_failed_once_is_tried_after_a_whole_utterance() -> None:
    floor = Floor(ScriptedEar(failing(0.5), to_the_end), ScriptedEar(partials))
    await floor.run(*TALK)
    (given,) = floor.named["1"].given
    assert given[-1] + 1 == 10 * SPELL


async def test_who_hears_well_goes_on_where_the_engine_failed_others() -> None:
    floor = Floor(ScriptedEar(partials), ScriptedEar(to_the_end))
    await talked(floor, (5.0, partial(is_down, floor, "0")))
    assert len(floor.ear.given) == 1
    assert floor.named["1"].given == []


# Speech without a word.


def wordless() -> UnansweredError:
    return UnansweredError("says nothing", retryable=True, kind="silent")


async def test_a_hum_for_which_nobody_has_a_word_is_heard_twice_and_nobodys_fault() -> None:
    hum = failing(2.0, error=wordless())
    floor = Floor(ScriptedEar(hum, hum, to_the_end))
    said = await floor.run((0.7, VOICED), (6.0, SILENT), (1.0, VOICED), (2.0, SILENT))
    first, again, speech = floor.ear.given
    assert again[0] == first[0]
    assert speech[0] > again[-1]
    assert [one.final for one in said] == [True]
    assert floor.failures == []
    assert floor.health.order("hear", ["0"]) == ["0"]


async def test_an_ear_without_a_word_for_what_another_hears_is_to_blame() -> None:
    silent = failing(2.0, error=wordless())
    floor = Floor(ScriptedEar(silent), ScriptedEar(to_the_end))
    await floor.run((3.0, VOICED), (3.0, SILENT), (3.0, VOICED), (3.0, SILENT))
    assert len(floor.ear.given) == 2
    assert floor.health.down("hear", "0") is not None
    assert floor.health.down("hear", "1") is None


async def test_an_ear_that_never_has_a_word_is_told_of_in_the_end() -> None:
    floor = Floor(ScriptedEar(failing(2.0, error=wordless())))
    await floor.run((60.0, VOICED))
    assert {str(one) for one in floor.failures} == {"says nothing"}
    assert floor.health.down("hear", "0") is not None


async def test_an_ear_that_gives_a_word_and_breaks_off_each_time_is_down_in_the_end() -> None:
    breaking = failing(1.0, hypothesis(end=0.9, final=False))
    floor = Floor(ScriptedEar(breaking), ScriptedEar(to_the_end))
    await floor.run(*[(3.0, VOICED), (3.0, SILENT)] * 4)
    assert len(floor.ear.given) == 2
    assert floor.health.down("hear", "0") is not None
