"""End to end and hybrid: whose voice and whose text, in which order, and what helps when."""

import asyncio
from dataclasses import replace

import pytest
from pydantic import ValidationError

from tests.fakes import (
    ScriptedRenderer,
    Wording,
    meeting_settings,
    segment,
)
from tests.glossaries import entry, glossary
from tests.models import (
    ADIOS,
    BYE,
    FAILED,
    GOES_WELL,
    HELLO,
    HOLA,
    Act,
    Stage,
    act,
    pair,
)
from translator.errors import InterpretError, Kind
from translator.hear import SAMPLE_RATE as HEARD_RATE
from translator.interpreters.end_to_end import IDLE
from translator.record import (
    Failed,
    Guarded,
    Rendered,
    Rendering,
    Speaking,
    Spoken,
)
from translator.settings import Engine, Language, diff
from translator.types import Cut, Tail

pytestmark = pytest.mark.line


# What goes well


async def test_the_model_is_heard_and_read() -> None:
    stage = Stage(GOES_WELL)
    await stage.interpret(segment(1, HELLO))
    assert stage.committed == [HOLA]
    assert stage.facts.ends == {"p-ada/1": ["spoken"]}
    assert stage.heard == ["model"]
    assert stage.renderer.calls == []
    assert stage.voice.calls == []
    (one,) = stage.facts.of(Rendered)
    assert one.rendition.prompt == "interpret_speech 1.0.0"
    texts = [one.rendition.text for one in stage.facts.of(Rendering)]
    assert texts[-1] == HOLA
    (spoken,) = stage.facts.of(Spoken)
    assert spoken.end - spoken.start == pytest.approx(1.0, abs=0.05)


async def test_it_hears_the_sound_of_its_segment_and_what_was_said_before() -> None:
    stage = Stage(GOES_WELL)
    await stage.interpret(segment(1, HELLO, start=1.0), segment(2, BYE, start=3.0))
    (first, _), (second, brief) = stage.model.calls
    assert len(first) == pytest.approx(2.2 * HEARD_RATE, abs=2)  # a margin is heard, too
    assert (first[0], first[-1]) == (109, 130)
    assert (second[0], second[-1]) == (129, 150)
    assert [one.text for one in brief.context] == [HOLA]


async def test_terms_are_counted_though_the_model_knows_none() -> None:
    stage = Stage(
        GOES_WELL, terms=glossary(entry(en="morning", es="días"), entry(en="you", es="vosotros"))
    )
    await stage.interpret(segment(1, HELLO))
    (one,) = stage.facts.of(Rendered)
    assert (one.terms, one.terms_due, one.terms_missing) == (1, 2, ("vosotros",))


async def test_a_hybrid_has_the_models_voice_and_our_captions() -> None:
    stage = Stage(GOES_WELL, kind="hybrid")
    await stage.interpret(segment(1, HELLO), segment(2, BYE, start=3.0))
    assert stage.committed == [f"[es] {HELLO}", f"[es] {BYE}"]
    assert stage.facts.ends == {"p-ada/1": ["spoken"], "p-ada/2": ["spoken"]}
    assert stage.heard == ["model", "model"]
    assert stage.voice.calls == []


async def test_the_captions_of_a_hybrid_do_not_wait_for_its_voice() -> None:
    slow = [Act(words=[HOLA], delay=2.5)]
    stage = Stage({HELLO: slow, BYE: slow}, kind="hybrid")
    await stage.interpret(segment(1, HELLO), segment(2, BYE, start=2.0))
    late = [one.at - one.rendition.segment.committed for one in stage.facts.of(Rendered)]
    assert max(late) < 0.5


async def test_the_captions_of_a_hybrid_are_in_order() -> None:
    stage = Stage(GOES_WELL, kind="hybrid")
    slow = Wording(pieces=[(4.0, f"[es] {HELLO}")])
    stage.engines.one_renderer = ScriptedRenderer(acts={HELLO: [slow]})
    await stage.interpret(segment(1, HELLO), segment(2, BYE, start=2.0))
    assert stage.committed == [f"[es] {HELLO}", f"[es] {BYE}"]


async def test_the_captions_of_a_speaker_are_in_order_whichever_way_each_is_made() -> None:
    stage = Stage(GOES_WELL, kind="hybrid")
    slow = Wording(pieces=[(4.0, f"[es] {HELLO}")])
    stage.engines.one_renderer = ScriptedRenderer(acts={HELLO: [slow]})
    french = segment(2, "Bonjour à tous.", start=2.0, language="fr")
    await stage.interpret(segment(1, HELLO), french)
    assert stage.committed == [f"[es] {HELLO}", "[es] Bonjour à tous."]


@pytest.mark.parametrize("second", ["fr", "en"])
async def test_what_goes_through_the_cascade_waits_for_the_model(second: str) -> None:
    slow = [Act(words=[HOLA], delay=2.5)]
    stage = Stage({HELLO: slow})
    async with stage.running():
        await stage.say(segment(1, HELLO))
        await asyncio.sleep(0.5)
        if second == "en":
            stage.channel.put_on_air(None)  # nobody is to hear what follows
        await stage.say(segment(2, BYE, start=2.0, language=second))
        await asyncio.sleep(10.0)
    assert stage.committed == [HOLA, f"[es] {BYE}"]


async def test_two_speakers_are_heard_in_the_order_that_they_began() -> None:
    slow = [Act(words=[HOLA], delay=1.5)]
    stage = Stage({HELLO: slow, BYE: act(ADIOS)})
    ada = segment(1, HELLO, start=0.0)
    bob = segment(1, BYE, start=0.5, end=2.0, speaker="p-bob")
    await stage.interpret(replace(ada, committed=2.0), replace(bob, committed=2.1))
    assert stage.facts.order == ["p-ada/1", "p-bob/1"]
    assert stage.model.made == 2  # at the same time: each has one of its own


async def test_pairs_without_a_model_go_through_the_cascade_on_the_same_channel() -> None:
    stage = Stage(GOES_WELL)
    french = segment(1, "Bonjour à tous.", start=3.0, speaker="p-bob", language="fr")
    spanish = segment(1, "Hola.", start=6.0, speaker="p-eva", language="es")
    await stage.interpret(segment(1, HELLO), french, spanish)
    assert stage.committed == [HOLA, "[es] Bonjour à tous."]
    assert stage.heard == ["model", "cascade"]
    assert stage.facts.ends == {
        "p-ada/1": ["spoken"],
        "p-bob/1": ["spoken"],
        "p-eva/1": ["passthrough"],
    }


# What is not sent


async def test_nothing_is_sent_where_nobody_listens() -> None:
    stage = Stage(GOES_WELL, listened=False)
    await stage.interpret(segment(1, HELLO))
    assert stage.model.calls == []
    assert stage.committed == [f"[es] {HELLO}"]
    assert stage.facts.ends == {"p-ada/1": ["captions"]}


async def test_who_says_nothing_for_a_while_holds_no_model() -> None:
    stage = Stage(GOES_WELL)
    async with stage.running():
        await stage.say(segment(1, HELLO))
        await asyncio.sleep(IDLE / 2)
        assert stage.model.open == 1
        await asyncio.sleep(IDLE)
        assert stage.model.open == 0
        await stage.say(segment(2, BYE, start=200.0))
        await asyncio.sleep(10.0)
        assert stage.model.made == 2
        assert stage.facts.ends["p-ada/2"] == ["spoken"]


async def test_a_channel_that_ends_leaves_nothing_open() -> None:
    stage = Stage({HELLO: [Act(words=[HOLA], delay=5.0)]})
    async with stage.running():
        await stage.say(segment(1, HELLO))
        await stage.say(segment(2, HELLO, start=2.0))
        await asyncio.sleep(1.0)
    assert stage.model.open == 0
    assert stage.facts.ends == {"p-ada/1": ["captions"], "p-ada/2": ["captions"]}


# What goes wrong


@pytest.mark.parametrize("kind", ["end_to_end", "hybrid"])
async def test_what_the_model_does_not_begin_to_say_goes_through_the_cascade_at_once(
    kind: str,
) -> None:
    stage = Stage({HELLO: [Act(error=FAILED)], BYE: act(ADIOS)}, kind=kind)
    await stage.interpret(segment(1, HELLO), segment(2, BYE, start=3.0))
    assert stage.heard == ["cascade", "model"]  # and the next one is tried again
    assert stage.committed[0] == f"[es] {HELLO}"
    assert stage.facts.ends == {"p-ada/1": ["spoken"], "p-ada/2": ["spoken"]}
    (failed,) = stage.facts.of(Failed)
    assert (failed.stage, failed.language, failed.message) == ("interpret", "es", str(FAILED))
    (first, _) = stage.facts.of(Speaking)
    assert first.start < 2.0 + 0.5 + 0.5


async def test_captions_stay_in_order_where_the_model_fails() -> None:
    stage = Stage({HELLO: [Act(error=FAILED)], BYE: act(ADIOS)})
    stage.renderer.delay = 3.0
    await stage.interpret(segment(1, HELLO), segment(2, BYE, start=2.0))
    assert stage.committed == [f"[es] {HELLO}", ADIOS]
    assert stage.facts.order == ["p-ada/1", "p-ada/2"]


@pytest.mark.parametrize(
    ("kind", "caption"),
    [("end_to_end", f"Buenos días a todos … [{HELLO}]"), ("hybrid", f"[es] {HELLO}")],
)
async def test_what_breaks_off_is_not_said_again(kind: str, caption: str) -> None:
    broken = [Act(words=["Buenos días a todos, ", "a uste"], error=FAILED)]
    stage = Stage({HELLO: broken, BYE: act(ADIOS)}, kind=kind)
    await stage.interpret(segment(1, HELLO), segment(2, BYE, start=3.0))
    assert stage.heard == ["model", "model"]
    assert stage.committed[0] == caption.replace("todos …", "todos, …")
    assert stage.facts.ends == {"p-ada/1": ["spoken"], "p-ada/2": ["spoken"]}
    assert stage.voice.calls == []


@pytest.mark.parametrize("kind", ["silent", "broken off"])
async def test_a_model_that_is_down_is_not_called_until_it_is_back(kind: Kind) -> None:
    error = InterpretError("the model fails", kind=kind)
    failing = [Act(error=error), Act(error=error), *act(HOLA)]
    stage = Stage({HELLO: failing})
    async with stage.running():
        for number, start in enumerate((0.0, 5.0, 10.0, 15.0)):
            if number == 3:
                stage.health.succeeded("interpret", "realtime")  # it was tried beside the line
            await stage.say(segment(number, HELLO, start=start))
            await asyncio.sleep(4.0)
    assert len(stage.model.calls) == 3
    assert stage.heard == ["cascade", "cascade", "cascade", "model"]


async def test_a_model_that_cannot_be_made_is_helped() -> None:
    stage = Stage(GOES_WELL, unusable=["realtime"])
    await stage.interpret(segment(1, HELLO))
    assert stage.heard == ["cascade"]
    assert "no key" in stage.facts.of(Failed)[0].message


async def test_a_fault_of_the_engine_is_no_more_than_a_lost_segment() -> None:
    stage = Stage({HELLO: [Act(error=KeyError("item"))], BYE: act(ADIOS)})
    await stage.interpret(segment(1, HELLO), segment(2, BYE, start=3.0))
    assert stage.heard == ["cascade", "model"]


async def test_sound_without_words_is_marked() -> None:
    stage = Stage({HELLO: [Act(words=[" "])]})
    await stage.interpret(segment(1, HELLO))
    assert stage.committed == [f"… [{HELLO}]"]


async def test_what_is_not_kept_any_more_goes_through_the_cascade() -> None:
    stage = Stage(GOES_WELL)
    async with stage.running():
        tail = Tail(speaker="p-ada", speaker_name="", language="en", text="", start=0, end=0)
        stage.floors.publish(Cut(segments=(segment(1, HELLO),), tail=tail))
        await asyncio.sleep(10.0)
    assert stage.heard == ["cascade"]
    assert stage.facts.of(Failed) == []


# The guard


async def test_an_answer_is_not_heard() -> None:
    question = "What is the capital of this country, and who has been there?"
    answer = "La capital es Madrid. Es una ciudad muy grande y muy bonita."
    stage = Stage({question: act(answer)}, guard=True)
    await stage.interpret(segment(1, question))
    assert set(stage.heard) == {"cascade"}
    assert stage.facts.of(Guarded)
    assert answer not in stage.committed


async def test_sound_waits_for_its_clause_and_no_longer() -> None:
    text = (
        "We have decided on the budget today, and we shall meet again tomorrow at the same place."
    )
    words = [
        "Hemos decidido hoy sobre el presupuesto,",
        " y nos",
        " volvemos a ver mañana en el mismo lugar.",
    ]
    stage = Stage({text: [Act(words=words, delay=1.0, sound=0.4)]}, guard=True)
    await stage.interpret(segment(1, text))
    assert stage.committed == ["".join(words)]
    first, *others = stage.facts.of(Speaking)
    assert first.start - 2.0 == pytest.approx(2.0, abs=0.1)  # with the word after the comma
    assert others == []


async def test_what_is_wrong_later_on_is_not_heard() -> None:
    text = "We have decided on the budget today, and it is 300 euros for each of us in this room."
    words = [
        "Hemos decidido hoy sobre el presupuesto,",
        " y son 500 euros para cada uno de nosotros.",
    ]
    stage = Stage({text: [Act(words=words, delay=0.5, sound=1.0)]}, guard=True)
    await stage.interpret(segment(1, text))
    assert stage.heard == ["model"]
    (spoken,) = stage.facts.of(Spoken)
    assert spoken.end - spoken.start == pytest.approx(1.0, abs=0.05)
    assert stage.committed == [f"{words[0]} … [{text}]"]


# Settings


async def test_another_model_serves_from_the_next_segment() -> None:
    stage = Stage(GOES_WELL)
    async with stage.running():
        await stage.say(segment(1, HELLO))
        await asyncio.sleep(3.0)
        stage.settings = stage.settings.model_copy(
            update={"engines": {"realtime": Engine(plugin="openai", model="gpt-realtime-2")}}
        )
        await stage.say(segment(2, BYE, start=5.0))
        await asyncio.sleep(5.0)
        assert stage.model.made == 2
        assert stage.model.open == 1


async def test_a_language_with_captions_only_asks_no_model() -> None:
    stage = Stage(GOES_WELL)
    stage.settings = stage.settings.model_copy(update={"languages": {"es": Language()}})
    await stage.interpret(segment(1, HELLO))
    assert stage.model.calls == []
    assert stage.facts.ends == {"p-ada/1": ["captions"]}


def test_a_pair_is_of_one_kind() -> None:
    with pytest.raises(ValidationError, match="exclude each other"):
        pair(end_to_end="realtime", hybrid="realtime")
    kinds = [pair(), pair(end_to_end="one"), pair(hybrid="two")]
    assert [one.realtime for one in kinds] == [None, "one", "two"]


def test_an_edit_of_the_kind_is_told() -> None:
    before, after = meeting_settings(pairs=[pair()]), meeting_settings(pairs=[pair(hybrid="two")])
    assert diff(before, after) == ("pairs[0].hybrid: none -> two",)
    assert (before.needs_sound, after.needs_sound) == (False, True)
