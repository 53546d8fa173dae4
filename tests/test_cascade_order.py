"""The cascade: many speakers, each segment once, none before its turn."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.fakes import (
    Saying,
    ScriptedRenderer,
    ScriptedVoice,
    Wording,
    retryable_render_error,
    retryable_speak_error,
    segment,
)
from tests.stages import BYE, HELLO, Stage
from tests.virtual_time import VirtualTimeLoop
from translator.errors import RenderError, SpeakError
from translator.record import Speaking, Spoken
from translator.types import Segment

pytestmark = pytest.mark.unit


async def test_a_slow_rendition_of_one_speaker_delays_no_others_captions() -> None:
    slow = ScriptedRenderer(acts={HELLO: [Wording(pieces=[(20.0, "Buenos días.")])]})
    stage = Stage(renderer=slow)
    bob = segment(1, BYE, start=1.0, speaker="p-bob")
    await stage.interpret(segment(1, HELLO, start=0.0), bob)
    assert [one[0] for one in stage.committed] == ["p-bob/1", "p-ada/1"]
    assert stage.facts.order == ["p-bob/1", "p-ada/1"]
    assert stage.facts.of(Speaking)[0].start == pytest.approx(stage.settings.max_wait, abs=0.05)


async def test_who_has_left_leaves_no_task_behind() -> None:
    stage = Stage()
    async with stage.running():
        before = len(asyncio.all_tasks())
        for number in range(50):
            stage.commit(segment(number, HELLO, speaker=f"p-{number}"))
            await asyncio.sleep(3.0)
        assert len(stage.committed) == 50
        await asyncio.sleep(10.0)
        assert len(asyncio.all_tasks()) <= before + 2  # the channel waits for a piece or a change


async def test_overlapping_speakers_are_heard_one_after_the_other_by_onset() -> None:
    stage = Stage(voice=ScriptedVoice(Saying(seconds=3.0)))
    bob = segment(1, BYE, start=0.5, end=1.5, speaker="p-bob")
    ada = segment(1, HELLO, start=0.0, end=2.0)
    await stage.interpret(bob, ada)  # the shorter segment is committed first
    assert stage.facts.order == ["p-ada/1", "p-bob/1"]
    first, second = stage.facts.of(Spoken)
    assert first.end <= second.start + 1e-9


async def test_a_cascade_that_is_cancelled_ends_the_turns_it_took() -> None:
    stage = Stage(renderer=ScriptedRenderer(delay=100.0))
    await stage.interpret(segment(1, HELLO), segment(2, BYE), during=5.0)
    assert stage.facts.ends.keys() == {"p-ada/1", "p-ada/2"}
    async with stage.running():  # it is started again after a failure, with the same channel
        later = segment(1, "And here I am.", start=50.0, speaker="p-bob")
        stage.renderer.delay = 0.1
        begin = stage.clock()
        stage.commit(later)
        await asyncio.sleep(5.0)
    assert stage.facts.order == ["p-bob/1"]
    assert stage.facts.of(Speaking)[0].start - begin < 0.5


wordings = st.sampled_from(
    [
        [Wording(pieces=[(0.3, "Una frase de cinco palabras, "), (0.3, "y otra más.")])],
        [Wording(pieces=[(4.0, "Tarde.")])],
        [Wording()],
        [Wording(error=RenderError("no"))],
        [Wording(error=retryable_render_error()), Wording(pieces=[(0.1, "Otra vez.")])],
        [Wording(pieces=[(0.1, "Una frase de cinco palabras, ")], error=RenderError("broke"))],
    ]
)


sayings = st.sampled_from(
    [
        [Saying()],
        [Saying(seconds=0.0)],
        [Saying(seconds=2.0, speed=0.5)],
        [Saying(seconds=0.0, error=SpeakError("no"))],
        [Saying(seconds=0.0, error=retryable_speak_error()), Saying(seconds=0.2)],
        [Saying(seconds=0.3, error=SpeakError("broke"))],
    ]
)


speech = st.lists(
    st.tuples(
        st.sampled_from(["p-ada", "p-bob", "p-eve"]),
        st.sampled_from(["en", "en", "es", "fr"]),
        wordings,
        st.floats(0.0, 3.0).map(lambda gap: round(gap, 1)),
    ),
    max_size=8,
)


@examples(max_examples=60)
@given(speech, sayings, st.booleans())
def test_every_segment_ends_once_and_has_its_captions_once(
    speech: list[tuple[str, str, list[Wording], float]], saying: list[Saying], listened: bool
) -> None:
    acts: Mapping[str, Sequence[Wording]] = {f"text {n}": one[2] for n, one in enumerate(speech)}

    async def run() -> tuple[Stage, list[Segment]]:
        stage = Stage(
            renderer=ScriptedRenderer(acts=acts),
            voice=ScriptedVoice(saying[-1], acts={"Otra vez.": saying, "Tarde.": saying}),
            listened=listened,
        )
        segments = []
        async with stage.running():
            for number, (speaker, language, _, gap) in enumerate(speech):
                await asyncio.sleep(gap)
                segments.append(
                    segment(
                        number,
                        f"text {number}",
                        start=stage.clock(),
                        speaker=speaker,
                        language=language,
                    )
                )
                stage.commit(segments[-1])
            await asyncio.sleep(100.0)
        return stage, segments

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        stage, segments = runner.run(run())
    assert {one: len(ends) for one, ends in stage.facts.ends.items()} == {
        one.id: 1 for one in segments
    }
    for speaker in ("p-ada", "p-bob", "p-eve"):
        due = [one.id for one in segments if one.speaker == speaker and one.language != "es"]
        assert [one for one, *_ in stage.committed if one.startswith(speaker)] == due
    spans = [(one.start, one.end) for one in stage.facts.of(Spoken)]
    assert all(one[1] <= other[0] + 1e-6 for one, other in pairwise(spans))
    assert listened or stage.voice.calls == []
