"""The cascade: what one segment suffers, and what it never costs the others."""

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest

from tests.fakes import (
    Saying,
    ScriptedRenderer,
    ScriptedVoice,
    Wording,
    in_event_loop,
    meeting_settings,
    segment,
)
from tests.glossaries import entry, glossary
from tests.stages import BYE, HELLO, UNGUARDED, Stage, pair_of, said, two_of_each
from translator.errors import RenderError
from translator.glossary import Entry, Glossary, Name
from translator.interpreters.cascade import CONTEXT
from translator.record import Rendered, Rendering, Speaking, Spoken
from translator.settings import Language, Pair
from translator.types import Term

pytestmark = pytest.mark.unit


async def test_a_segment_is_read_and_heard_in_the_target_language() -> None:
    stage = Stage()
    await stage.interpret(segment(1, HELLO))
    assert stage.committed == [("p-ada/1", "es", f"[es] {HELLO}")]
    assert stage.facts.ends == {"p-ada/1": ["spoken"]}
    assert stage.voice.calls == [(f"[es] {HELLO}", "es", 1.0)]
    (heard,) = stage.track.soundings()
    assert heard.end - heard.start == pytest.approx(1.0, abs=0.02)  # it rises
    (spoken,) = stage.facts.of(Spoken)
    assert (spoken.start, spoken.end) == pytest.approx((heard.start, heard.end), abs=0.02)


async def test_the_next_segment_is_rendered_while_the_one_before_is_spoken() -> None:
    stage = Stage(voice=ScriptedVoice(Saying(seconds=5.0)))
    await stage.interpret(segment(1), segment(2, BYE, start=2.0))
    first, second = stage.facts.of(Rendered)
    assert second.at < stage.facts.of(Spoken)[0].end
    gap = stage.facts.of(Speaking)[1].start - stage.facts.of(Spoken)[0].end
    assert gap == pytest.approx(0.0, abs=0.01)
    assert first.rendition.segment.id == "p-ada/1"


async def test_a_clause_is_spoken_before_the_rest_is_rendered() -> None:
    pieces = [(0.2, "Buenos días a todos, "), (3.0, "y muchas gracias por venir.")]
    stage = Stage(renderer=ScriptedRenderer(acts={HELLO: [Wording(pieces=pieces)]}))
    await stage.interpret(segment(1, HELLO))
    assert said(stage.voice) == ["Buenos días a todos,", "y muchas gracias por venir."]
    assert stage.facts.of(Speaking)[0].at < stage.facts.of(Rendered)[0].at
    assert stage.facts.ends == {"p-ada/1": ["spoken"]}


async def test_a_short_clause_waits_for_the_next() -> None:
    pieces = [(0.1, "Sí, "), (0.1, "claro, "), (0.1, "y además es verdad, "), (0.1, "creo.")]
    stage = Stage(renderer=ScriptedRenderer(acts={HELLO: [Wording(pieces=pieces)]}))
    await stage.interpret(segment(1, HELLO))
    assert said(stage.voice) == ["Sí, claro, y además es verdad,", "creo."]


async def test_the_text_of_a_rendition_only_grows_clause_by_clause() -> None:
    pieces = [(0.1, "Buenos "), (0.1, "días a todos, "), (0.1, "y gracias "), (0.1, "por venir.")]
    stage = Stage(renderer=ScriptedRenderer(acts={HELLO: [Wording(pieces=pieces)]}))
    await stage.interpret(segment(1, HELLO))
    shown = [one.rendition.text for one in stage.facts.of(Rendering, Rendered)]
    assert shown == ["Buenos días a todos,", "Buenos días a todos, y gracias por venir."]


async def test_a_rendition_in_lines_of_its_own_only_grows_too() -> None:
    pieces = [(0.1, "Buenos días a todos.\n"), (0.1, "Gracias por venir hoy.\n\n"), (0.1, "Adiós.")]
    stage = Stage(renderer=ScriptedRenderer(acts={HELLO: [Wording(pieces=pieces)]}))
    await stage.interpret(segment(1, HELLO))
    shown = [one.rendition.text for one in stage.facts.of(Rendering, Rendered)]
    assert len(shown) == 3
    assert all(later.startswith(earlier) for earlier, later in pairwise(shown))
    assert shown[-1] == " ".join(said(stage.voice))


async def test_a_renderer_is_shown_the_last_renditions() -> None:
    stage = Stage()
    await stage.interpret(*(segment(n, f"Sentence number {n}.", start=n) for n in range(9)))
    contexts = [[one.text for one in brief.context] for brief in stage.renderer.calls]
    assert contexts[0] == []
    assert contexts[-1] == [f"[es] Sentence number {n}." for n in range(8 - CONTEXT, 8)]


async def test_a_renderer_is_shown_what_was_said_in_its_target_language() -> None:
    stage = Stage()
    question = segment(1, "¿Cuándo llega el tren?", language="es", speaker="p-bob")
    await stage.interpret(question, segment(2, "It comes at noon."))
    (brief,) = stage.renderer.calls
    assert [(one.segment.speaker_name, one.text) for one in brief.context] == [
        ("Bob", "¿Cuándo llega el tren?")
    ]


async def test_a_renderer_is_told_the_manner_of_the_pair() -> None:
    formal = Pair.model_validate(
        {"from": "fr", "to": "*", "render": "r", "register": "formal", "gender": "feminine"}
        | UNGUARDED
    )
    stage = Stage(settings=meeting_settings(pairs=[formal, pair_of("*", "*")]))
    await stage.interpret(segment(1, "Bonjour à tous.", language="fr"), segment(2, HELLO))
    first, second = stage.renderer.calls
    assert (first.register, first.gender) == ("formal", "feminine")
    assert (second.register, second.gender) == (None, None)


async def test_a_rendition_says_which_instructions_it_follows() -> None:
    broken = Wording(
        pieces=[(0.1, "Buenos días a todos, "), (0.1, "y ")], error=RenderError("broke off")
    )
    refused = "Nobody renders this one."
    renderer = ScriptedRenderer(
        acts={BYE: [broken], refused: [Wording(error=RenderError("refused"))]},
        prompt="interpret 9.8.7",
    )
    stage = Stage(renderer=renderer)
    await stage.interpret(segment(1, HELLO), segment(2, BYE), segment(3, refused))
    prompts = [one.rendition.prompt for one in stage.facts.of(Rendered)]
    assert prompts == ["interpret 9.8.7", "interpret 9.8.7", None]


async def test_a_rendition_says_the_instructions_of_the_engine_that_gave_it() -> None:
    failing = ScriptedRenderer(
        acts={HELLO: [Wording(error=RenderError("refused"))]}, prompt="interpret 9.8.7"
    )
    stage = Stage(
        renderer=failing, renderers={"second": ScriptedRenderer()}, settings=two_of_each()
    )
    await stage.interpret(segment(1, HELLO), segment(2, BYE))
    prompts = [one.rendition.prompt for one in stage.facts.of(Rendered)]
    assert prompts == [None, "interpret 9.8.7"]


async def test_terms_that_occur_are_asked_for_and_counted() -> None:
    terms = glossary(
        entry(en="committee", es="comité"),
        entry(en="budget", es="presupuesto"),
        entry(en="harbour", es="puerto"),
    )
    text = "The committee adopts the budget."
    wording = Wording(pieces=[(0.1, "El Comité aprueba el puerto.")])
    stage = Stage(
        renderer=ScriptedRenderer(acts={text: [wording]}),
        settings=meeting_settings(
            pairs=[pair_of("*", "*", glossaries=("terms",))], glossaries={"terms": terms}
        ),
    )
    await stage.interpret(segment(1, text))
    (call,) = stage.renderer.calls
    assert [term.target for term in call.terms] == ["comité", "presupuesto"]
    (one,) = stage.facts.of(Rendered)
    assert (one.terms, one.terms_due) == (1, 2)
    assert (one.terms_missing, one.false_copies) == (("presupuesto",), 1)


async def test_terms_are_looked_for_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    usual = Glossary.terms

    def terms(self: Glossary, text: str, source: str, target: str) -> tuple[Term, ...]:
        asked.append(in_event_loop())
        return usual(self, text, source, target)

    monkeypatch.setattr(Glossary, "terms", terms)
    await Stage().interpret(segment(1, HELLO))
    assert asked == [False]


async def test_a_kept_name_is_read_in_its_own_letters() -> None:
    text = "Please use LiveKit today, and every day."
    pieces = [(0.1, "Por favor usen livekit hoy, "), (0.1, "y livekit siempre.")]
    stage = Stage(
        renderer=ScriptedRenderer(acts={text: [Wording(pieces=pieces)]}),
        settings=meeting_settings(
            pairs=[pair_of("*", "*", glossaries=("terms",))],
            glossaries={"terms": glossary(entry(keep="LiveKit"))},
        ),
    )
    await stage.interpret(segment(1, text))
    whole = "Por favor usen LiveKit hoy, y LiveKit siempre."
    assert [one.rendition.text for one in stage.facts.of(Rendered)] == [whole]
    shown = [one.rendition.text for one in stage.facts.of(Rendering)]
    assert shown
    assert all(whole.startswith(one) for one in shown)


async def test_a_rendition_that_failed_has_none_of_its_terms() -> None:
    text = "LiveKit is here."
    stage = Stage(
        renderer=ScriptedRenderer(acts={text: [Wording(error=RenderError("refused"))]}),
        settings=meeting_settings(
            pairs=[pair_of("*", "*", glossaries=("terms",))],
            glossaries={"terms": glossary(entry(keep="LiveKit"))},
        ),
    )
    await stage.interpret(segment(1, text))
    (one,) = stage.facts.of(Rendered)
    assert (one.terms, one.terms_due) == (0, 1)


async def test_only_the_voice_gets_how_a_term_is_said() -> None:
    said = Name(term="LiveKit", say=("laif kit",))
    name = Entry(names={"keep": Name(term="LiveKit"), "es": said})
    stage = Stage(
        renderer=ScriptedRenderer(acts={HELLO: [Wording(pieces=[(0.1, "Esto es LiveKit.")])]}),
        settings=meeting_settings(
            pairs=[pair_of("*", "*", glossaries=("terms",))], glossaries={"terms": glossary(name)}
        ),
    )
    await stage.interpret(segment(1, HELLO))
    assert [text for text, _, _ in stage.voice.calls] == ["Esto es laif kit."]
    assert [one.rendition.text for one in stage.facts.of(Rendered)] == ["Esto es LiveKit."]


async def test_speech_in_the_channels_language_passes_through() -> None:
    stage = Stage()
    await stage.interpret(segment(1, "Buenos días.", language="es-MX"), segment(2, HELLO))
    assert stage.facts.ends == {"p-ada/1": ["passthrough"], "p-ada/2": ["spoken"]}
    assert [brief.segment.text for brief in stage.renderer.calls] == [HELLO]
    assert [segment_id for segment_id, *_ in stage.committed] == ["p-ada/2"]


async def test_without_a_listener_there_are_captions_and_no_voice_is_called() -> None:
    stage = Stage(listened=False)
    await stage.interpret(segment(1, HELLO), segment(2, BYE))
    assert len(stage.committed) == 2
    assert stage.voice.calls == []
    assert stage.facts.ends == {"p-ada/1": ["captions"], "p-ada/2": ["captions"]}


async def test_a_language_without_an_engine_that_speaks_has_captions_only() -> None:
    stage = Stage(settings=meeting_settings(languages={"es": Language()}))
    await stage.interpret(segment(1, HELLO))
    assert stage.facts.ends == {"p-ada/1": ["captions"]}
    assert stage.voice.calls == []


async def test_a_listener_who_comes_hears_what_is_said_from_then_on() -> None:
    stage = Stage(listened=False)
    async with stage.running() as group:
        stage.commit(segment(1, HELLO))
        await asyncio.sleep(5.0)
        stage.listen(group)
        await asyncio.sleep(0)
        stage.commit(segment(2, BYE))
        await asyncio.sleep(5.0)
    assert stage.facts.ends == {"p-ada/1": ["captions"], "p-ada/2": ["spoken"]}


async def test_what_is_said_while_another_input_is_on_air_is_not_spoken() -> None:
    stage = Stage()
    async with stage.running():
        stage.channel.put_on_air(None)
        stage.commit(segment(1, HELLO))
        await asyncio.sleep(5.0)
        stage.channel.put_machine_on_air()
        stage.commit(segment(2, BYE))
        await asyncio.sleep(5.0)
    assert stage.facts.ends == {"p-ada/1": ["captions"], "p-ada/2": ["spoken"]}
    assert said(stage.voice) == [f"[es] {BYE}"]


async def test_a_voice_is_not_called_for_a_turn_that_was_dropped() -> None:
    stage = Stage(renderer=ScriptedRenderer(delay=2.0))
    async with stage.running():
        stage.commit(segment(1, HELLO))
        await asyncio.sleep(1.0)
        stage.channel.put_on_air(None)
        await asyncio.sleep(5.0)
    assert stage.facts.ends == {"p-ada/1": ["captions"]}
    assert len(stage.committed) == 1
    assert stage.voice.calls == []


async def test_a_voice_slower_than_the_channel_is_heard_to_its_end() -> None:
    stage = Stage(voice=ScriptedVoice(Saying(seconds=2.0, speed=0.5)))
    await stage.interpret(segment(1, HELLO), segment(2, BYE, start=2.0))
    assert stage.facts.ends == {"p-ada/1": ["spoken"], "p-ada/2": ["spoken"]}
    first, second = stage.facts.of(Spoken)
    assert first.end <= second.start
    assert first.end - first.start == pytest.approx(4.0, abs=0.1)


async def test_a_segment_finishes_under_the_settings_that_it_began_with() -> None:
    stage = Stage()
    silent = meeting_settings(languages={"es": Language()}).model_copy(update={"number": 2})
    async with stage.running():
        stage.current.take(silent)
        stage.commit(segment(1, HELLO))
        stage.commit(replace(segment(2, BYE, start=3.0), settings=2))
        await asyncio.sleep(30.0)
    assert stage.facts.ends == {"p-ada/1": ["spoken"], "p-ada/2": ["captions"]}


async def test_a_language_takes_only_what_was_said_while_it_was_in_the_settings() -> None:
    stage = Stage(language="de")
    languages = {"de": Language(speak="voice")}
    stage.current.take(meeting_settings(languages=languages).model_copy(update={"number": 2}))
    stage.current.take(meeting_settings().model_copy(update={"number": 3}))
    await stage.interpret(
        segment(1, HELLO),
        replace(segment(2, BYE, start=3.0), settings=2),
        replace(segment(3, HELLO, start=6.0), settings=3),
    )
    assert stage.facts.ends == {
        "p-ada/1": ["removed"],
        "p-ada/2": ["spoken"],
        "p-ada/3": ["removed"],
    }
    assert [segment_id for segment_id, *_ in stage.committed] == ["p-ada/2"]
