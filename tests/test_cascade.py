"""The cascade: what one segment suffers, and what it never costs the others."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.fakes import (
    Facts,
    ListTrack,
    Saying,
    ScriptedEngines,
    ScriptedRenderer,
    ScriptedVoice,
    Wording,
    in_event_loop,
    meeting_clock,
    meeting_settings,
    retryable_render_error,
    retryable_speak_error,
    segment,
)
from tests.glossaries import entry, glossary
from tests.virtual_time import VirtualTimeLoop
from translator.channel import Channel
from translator.current import Current
from translator.errors import RenderError, SpeakError
from translator.floor import Floors
from translator.glossary import Entry, Glossary, Name
from translator.health import Health
from translator.interpreters.cascade import CONTEXT, Cascade
from translator.lag import FASTEST
from translator.record import Failed, Record, Rendered, Rendering, Speaking, Spoken, Unspoken
from translator.settings import Language, Pair, Settings
from translator.types import Cut, Segment, Tail, Term

pytestmark = pytest.mark.unit

HELLO = "Good morning to all of you."
UNGUARDED = {"guard": False}
"""Of a pair whose scripted renderer writes what no guard would let through."""
BYE = "We shall meet again tomorrow."


class Stage:
    """A cascade that fills one channel, which plays on a list."""

    def __init__(
        self,
        *,
        renderer: ScriptedRenderer | None = None,
        voice: ScriptedVoice | None = None,
        settings: Settings | None = None,
        language: str = "es",
        listened: bool = True,
        renderers: Mapping[str, ScriptedRenderer] | None = None,
        voices: Mapping[str, ScriptedVoice] | None = None,
        unusable: Collection[str] = (),
        unreached: Collection[str] = (),
    ) -> None:
        self.unusable = unusable
        self.unreached = unreached
        self.renderers = renderers or {}
        self.voices = voices or {}
        self.renderer = renderer or ScriptedRenderer()
        self.voice = voice or ScriptedVoice()
        self.settings = settings or meeting_settings()
        self.current = Current(self.settings)
        self.clock = meeting_clock()
        self.record = Record(self.clock)
        self.facts = Facts()
        self.record.subscribe(self.facts.note)
        self.floors = Floors()
        self.track = ListTrack(self.clock)
        self.channel = Channel(language, record=self.record, max_wait=self.settings.max_wait)
        self.channel.put_machine_on_air()
        self.listened = listened

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[asyncio.TaskGroup, None]:
        engines = ScriptedEngines(
            one_renderer=self.renderer,
            one_voice=self.voice,
            renderers=self.renderers,
            voices=self.voices,
            unusable=self.unusable,
            unreached=self.unreached,
        )
        cascade = Cascade(
            engines,
            settings=self.current.of,
            record=self.record,
            health=Health(self.record.clock),
        )
        async with asyncio.TaskGroup() as group:
            self.tasks = [group.create_task(cascade.run(self.floors, self.channel))]
            if self.listened:
                self.listen(group)
            await asyncio.sleep(0)
            yield group
            for task in self.tasks:
                task.cancel()

    def listen(self, group: asyncio.TaskGroup) -> None:
        """From now on somebody listens."""
        self.tasks.append(group.create_task(self.channel.run(self.track)))

    async def interpret(self, *segments: Segment, during: float = 60.0) -> None:
        async with self.running():
            for one in segments:
                self.commit(one)
            await asyncio.sleep(during)

    def commit(self, *segments: Segment) -> None:
        tail = Tail(speaker="p", speaker_name="P", language="en", text="", start=0.0, end=0.0)
        self.floors.publish(Cut(segments=segments, tail=tail))

    @property
    def committed(self) -> list[tuple[str, str, str]]:
        """The captions: (segment, language, text)."""
        return [
            (one.rendition.segment.id, one.rendition.language, one.rendition.text)
            for one in self.facts.of(Rendered)
        ]

    @property
    def ends(self) -> dict[str, list[str]]:
        """What became of each segment: `spoken`, or why not; once each, or it is wrong."""
        found: dict[str, list[str]] = {}
        for one in self.facts.of(Spoken, Unspoken):
            found.setdefault(one.segment_id, []).append(getattr(one, "why", "spoken"))
        return found

    @property
    def order(self) -> list[str]:
        """Segments as they began to be spoken."""
        return [one.segment_id for one in self.facts.of(Speaking)]


def said(voice: ScriptedVoice) -> list[str]:
    return [text for text, _, _ in voice.calls]


# What goes well


async def test_a_segment_is_read_and_heard_in_the_target_language() -> None:
    stage = Stage()
    await stage.interpret(segment(1, HELLO))
    assert stage.committed == [("p-ada/1", "es", f"[es] {HELLO}")]
    assert stage.ends == {"p-ada/1": ["spoken"]}
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
    assert stage.ends == {"p-ada/1": ["spoken"]}


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
    stage = Stage(settings=meeting_settings(pairs=[formal, _pair("*", "*")]))
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
            pairs=[_pair("*", "*", glossaries=("terms",))], glossaries={"terms": terms}
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
            pairs=[_pair("*", "*", glossaries=("terms",))],
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
            pairs=[_pair("*", "*", glossaries=("terms",))],
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
            pairs=[_pair("*", "*", glossaries=("terms",))], glossaries={"terms": glossary(name)}
        ),
    )
    await stage.interpret(segment(1, HELLO))
    assert [text for text, _, _ in stage.voice.calls] == ["Esto es laif kit."]
    assert [one.rendition.text for one in stage.facts.of(Rendered)] == ["Esto es LiveKit."]


def _pair(source: str, target: str, *, glossaries: Sequence[str] = ()) -> Pair:
    return Pair.model_validate(
        {"from": source, "to": target, "render": "renderer", "glossaries": glossaries} | UNGUARDED
    )


async def test_a_backlog_quickens_the_voice() -> None:
    stage = Stage(voice=ScriptedVoice(Saying(seconds=6.0)))
    async with stage.running():
        for number in range(4):
            stage.commit(segment(number, f"Sentence {number}.", start=stage.clock() - 2.0))
            await asyncio.sleep(3.0)
        await asyncio.sleep(60.0)
    paces = [pace for _, _, pace in stage.voice.calls]
    assert paces == sorted(paces)
    assert (paces[0], paces[-1]) == (1.0, FASTEST)
    spoken = [one.pace for one in stage.facts.of(Spoken)]
    assert all(made <= heard <= FASTEST for made, heard in zip(paces, spoken, strict=True))


async def test_a_voice_without_a_pace_of_its_own_is_hastened_by_the_channel() -> None:
    voice = ScriptedVoice(Saying(seconds=6.0))
    voice.paced = False
    stage = Stage(voice=voice)
    segments = [segment(n, f"Sentence {n}.", start=n) for n in range(3)]
    await stage.interpret(*segments, during=90.0)
    assert {pace for _, _, pace in voice.calls} == {1.0}
    first, _, last = stage.facts.of(Spoken)
    assert first.end - first.start == pytest.approx(6.0 / FASTEST, abs=0.1)
    assert (first.pace, last.pace) == (FASTEST, pytest.approx(FASTEST, abs=0.01))


async def test_a_channel_that_is_behind_asks_for_less_words() -> None:
    stage = Stage(voice=ScriptedVoice(Saying(seconds=12.0)))
    async with stage.running():
        for number in range(3):
            stage.commit(segment(number, f"Sentence {number}.", start=stage.clock() - 2.0))
            await asyncio.sleep(3.0)
        await asyncio.sleep(60.0)
        stage.commit(segment(9, "Again.", start=stage.clock() - 2.0))
        await asyncio.sleep(20.0)
    asked = [brief.terse for brief in stage.renderer.calls]
    assert asked == [False, True, True, False]
    assert [one.terse for one in stage.facts.of(Rendered)] == asked


# Who needs no voice


async def test_speech_in_the_channels_language_passes_through() -> None:
    stage = Stage()
    await stage.interpret(segment(1, "Buenos días.", language="es-MX"), segment(2, HELLO))
    assert stage.ends == {"p-ada/1": ["passthrough"], "p-ada/2": ["spoken"]}
    assert [brief.segment.text for brief in stage.renderer.calls] == [HELLO]
    assert [segment_id for segment_id, *_ in stage.committed] == ["p-ada/2"]


async def test_without_a_listener_there_are_captions_and_no_voice_is_called() -> None:
    stage = Stage(listened=False)
    await stage.interpret(segment(1, HELLO), segment(2, BYE))
    assert len(stage.committed) == 2
    assert stage.voice.calls == []
    assert stage.ends == {"p-ada/1": ["captions"], "p-ada/2": ["captions"]}


async def test_a_language_without_an_engine_that_speaks_has_captions_only() -> None:
    stage = Stage(settings=meeting_settings(languages={"es": Language()}))
    await stage.interpret(segment(1, HELLO))
    assert stage.ends == {"p-ada/1": ["captions"]}
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
    assert stage.ends == {"p-ada/1": ["captions"], "p-ada/2": ["spoken"]}


async def test_what_is_said_while_another_input_is_on_air_is_not_spoken() -> None:
    stage = Stage()
    async with stage.running():
        stage.channel.put_on_air(None)
        stage.commit(segment(1, HELLO))
        await asyncio.sleep(5.0)
        stage.channel.put_machine_on_air()
        stage.commit(segment(2, BYE))
        await asyncio.sleep(5.0)
    assert stage.ends == {"p-ada/1": ["captions"], "p-ada/2": ["spoken"]}
    assert said(stage.voice) == [f"[es] {BYE}"]


async def test_a_voice_is_not_called_for_a_turn_that_was_dropped() -> None:
    stage = Stage(renderer=ScriptedRenderer(delay=2.0))
    async with stage.running():
        stage.commit(segment(1, HELLO))
        await asyncio.sleep(1.0)
        stage.channel.put_on_air(None)
        await asyncio.sleep(5.0)
    assert stage.ends == {"p-ada/1": ["captions"]}
    assert len(stage.committed) == 1
    assert stage.voice.calls == []


# What goes wrong


@pytest.mark.parametrize(
    ("acts", "calls"),
    [
        ([Wording(error=RenderError("refused"))], 1),
        ([Wording(error=retryable_render_error())], 2),
        ([Wording()], 2),  # an empty rendition
        ([Wording(pieces=[(0.1, "  ")])], 2),
    ],
)
async def test_what_cannot_be_rendered_is_read_as_it_was_spoken(
    acts: list[Wording], calls: int
) -> None:
    stage = Stage(renderer=ScriptedRenderer(acts={HELLO: acts}))
    await stage.interpret(segment(1, HELLO), segment(2, BYE, start=2.0))
    assert stage.committed == [("p-ada/1", "en", HELLO), ("p-ada/2", "es", f"[es] {BYE}")]
    assert stage.ends == {"p-ada/1": ["failed"], "p-ada/2": ["spoken"]}
    assert said(stage.voice) == [f"[es] {BYE}"]
    assert [brief.segment.text for brief in stage.renderer.calls].count(HELLO) == calls
    assert [one.stage for one in stage.facts.of(Failed)] == ["render"]


async def test_a_fault_in_an_engine_costs_one_segment() -> None:
    broken, mute = "This breaks the renderer.", "This breaks the voice."
    stage = Stage(
        renderer=ScriptedRenderer(acts={broken: [Wording(error=ZeroDivisionError())]}),
        voice=ScriptedVoice(acts={f"[es] {mute}": [Saying(seconds=0.0, error=KeyError("es"))]}),
    )
    await stage.interpret(segment(1, broken), segment(2, mute), segment(3, HELLO))
    assert stage.ends == {"p-ada/1": ["failed"], "p-ada/2": ["failed"], "p-ada/3": ["spoken"]}
    assert [segment_id for segment_id, *_ in stage.committed] == ["p-ada/1", "p-ada/2", "p-ada/3"]
    assert [one.message for one in stage.facts.of(Failed)] == ["ZeroDivisionError", "'es'"]


async def test_a_renderer_that_fails_once_is_asked_again() -> None:
    acts = [Wording(error=retryable_render_error()), Wording(pieces=[(0.1, "Buenos días.")])]
    stage = Stage(renderer=ScriptedRenderer(acts={HELLO: acts}))
    await stage.interpret(segment(1, HELLO))
    assert stage.committed == [("p-ada/1", "es", "Buenos días.")]
    assert stage.ends == {"p-ada/1": ["spoken"]}
    assert stage.facts.of(Failed) == []


async def test_a_renderer_that_fails_behind_a_clause_is_not_asked_again() -> None:
    broken = Wording(
        pieces=[(0.1, "Buenos días a todos, "), (0.5, "y muchas ")], error=retryable_render_error()
    )
    stage = Stage(renderer=ScriptedRenderer(acts={HELLO: [broken]}))
    await stage.interpret(segment(1, HELLO), segment(2, BYE, start=2.0))
    assert said(stage.voice) == ["Buenos días a todos,", f"[es] {BYE}"]
    assert len(stage.renderer.calls) == 2
    # What was read is not taken back; what is missing follows as it was spoken.
    assert stage.committed[0] == ("p-ada/1", "es", f"Buenos días a todos, … [{HELLO}]")
    assert stage.ends == {"p-ada/1": ["spoken"], "p-ada/2": ["spoken"]}


async def test_a_pair_that_nothing_renders_is_read_as_it_was_spoken() -> None:
    stage = Stage(settings=meeting_settings(pairs=[_pair("fr", "es")]))
    await stage.interpret(segment(1, HELLO), segment(2, "Bonjour à tous.", language="fr"))
    assert stage.committed[0] == ("p-ada/1", "en", HELLO)
    assert stage.ends == {"p-ada/1": ["failed"], "p-ada/2": ["spoken"]}
    assert "en to es" in stage.facts.of(Failed)[0].message


async def test_what_failed_is_no_context() -> None:
    stage = Stage(renderer=ScriptedRenderer(acts={HELLO: [Wording(error=RenderError("no"))]}))
    await stage.interpret(segment(1, HELLO), segment(2, BYE))
    assert stage.renderer.calls[-1].context == ()


async def test_a_voice_that_fails_once_is_asked_again() -> None:
    text = f"[es] {HELLO}"
    acts = [Saying(seconds=0.0, error=retryable_speak_error()), Saying()]
    stage = Stage(voice=ScriptedVoice(acts={text: acts}))
    await stage.interpret(segment(1, HELLO))
    assert said(stage.voice) == [text, text]
    assert stage.ends == {"p-ada/1": ["spoken"]}
    assert stage.facts.of(Failed) == []


@pytest.mark.parametrize(
    ("error", "calls"), [(retryable_speak_error(), 2), (SpeakError("no such voice"), 1)]
)
async def test_a_voice_that_goes_on_failing_leaves_the_captions(
    error: SpeakError, calls: int
) -> None:
    text = f"[es] {HELLO}"
    stage = Stage(voice=ScriptedVoice(acts={text: [Saying(seconds=0.0, error=error)]}))
    await stage.interpret(segment(1, HELLO), segment(2, BYE, start=2.0))
    assert said(stage.voice).count(text) == calls
    assert stage.ends == {"p-ada/1": ["failed"], "p-ada/2": ["spoken"]}
    assert [one[0] for one in stage.committed] == ["p-ada/1", "p-ada/2"]
    assert [one.stage for one in stage.facts.of(Failed)] == ["speak"]
    assert stage.order == ["p-ada/2"]


async def test_a_voice_that_fails_in_the_middle_goes_on_at_the_same_place() -> None:
    pieces = [(0.1, "Buenos días a todos, "), (0.1, "y muchas gracias por venir.")]
    first = "Buenos días a todos,"
    stage = Stage(
        renderer=ScriptedRenderer(acts={HELLO: [Wording(pieces=pieces)]}),
        voice=ScriptedVoice(
            Saying(seconds=1.0),
            acts={first: [Saying(seconds=0.4, error=retryable_speak_error()), Saying(seconds=1.0)]},
        ),
    )
    await stage.interpret(segment(1, HELLO), segment(2, BYE, start=2.0))
    assert said(stage.voice) == [first, first, "y muchas gracias por venir.", f"[es] {BYE}"]
    assert stage.ends == {"p-ada/1": ["spoken"], "p-ada/2": ["spoken"]}
    assert stage.committed[0] == (
        "p-ada/1",
        "es",
        "Buenos días a todos, y muchas gracias por venir.",
    )
    spoken = stage.facts.of(Spoken)[0]
    assert spoken.end - spoken.start == pytest.approx(2.0, abs=0.02)
    assert stage.facts.of(Failed) == []


async def test_a_voice_that_gives_no_sound_has_failed() -> None:
    text = f"[es] {HELLO}"
    stage = Stage(voice=ScriptedVoice(acts={text: [Saying(seconds=0.0)]}))
    await stage.interpret(segment(1, HELLO))
    assert said(stage.voice) == [text, text]
    assert stage.ends == {"p-ada/1": ["failed"]}


async def test_a_voice_with_nothing_to_say_says_so() -> None:
    stage = Stage(
        renderer=ScriptedRenderer(acts={HELLO: [Wording(pieces=[(0.1, "… —")])]}),
        voice=ScriptedVoice(acts={"… —": [Saying(seconds=0.0)]}),
    )
    await stage.interpret(segment(1, HELLO))
    assert stage.ends == {"p-ada/1": ["unspeakable"]}


async def test_a_voice_slower_than_the_channel_is_heard_to_its_end() -> None:
    stage = Stage(voice=ScriptedVoice(Saying(seconds=2.0, speed=0.5)))
    await stage.interpret(segment(1, HELLO), segment(2, BYE, start=2.0))
    assert stage.ends == {"p-ada/1": ["spoken"], "p-ada/2": ["spoken"]}
    first, second = stage.facts.of(Spoken)
    assert first.end <= second.start
    assert first.end - first.start == pytest.approx(4.0, abs=0.1)


# Several speakers


async def test_a_slow_rendition_of_one_speaker_delays_no_others_captions() -> None:
    slow = ScriptedRenderer(acts={HELLO: [Wording(pieces=[(20.0, "Buenos días.")])]})
    stage = Stage(renderer=slow)
    bob = segment(1, BYE, start=1.0, speaker="p-bob")
    await stage.interpret(segment(1, HELLO, start=0.0), bob)
    assert [one[0] for one in stage.committed] == ["p-bob/1", "p-ada/1"]
    assert stage.order == ["p-bob/1", "p-ada/1"]
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
    assert stage.order == ["p-ada/1", "p-bob/1"]
    first, second = stage.facts.of(Spoken)
    assert first.end <= second.start + 1e-9


# Ends


async def test_a_cascade_that_is_cancelled_ends_the_turns_it_took() -> None:
    stage = Stage(renderer=ScriptedRenderer(delay=100.0))
    await stage.interpret(segment(1, HELLO), segment(2, BYE), during=5.0)
    assert stage.ends.keys() == {"p-ada/1", "p-ada/2"}
    async with stage.running():  # it is started again after a failure, with the same channel
        later = segment(1, "And here I am.", start=50.0, speaker="p-bob")
        stage.renderer.delay = 0.1
        begin = stage.clock()
        stage.commit(later)
        await asyncio.sleep(5.0)
    assert stage.order == ["p-bob/1"]
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


@examples(max_examples=60, deadline=None)
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
    assert {one: len(ends) for one, ends in stage.ends.items()} == {one.id: 1 for one in segments}
    for speaker in ("p-ada", "p-bob", "p-eve"):
        due = [one.id for one in segments if one.speaker == speaker and one.language != "es"]
        assert [one for one, *_ in stage.committed if one.startswith(speaker)] == due
    spans = [(one.start, one.end) for one in stage.facts.of(Spoken)]
    assert all(one[1] <= other[0] + 1e-6 for one, other in pairwise(spans))
    assert listened or stage.voice.calls == []


# Engines that help out


def two_of_each() -> Settings:
    """Spanish, by two renderers and two voices."""
    pair = Pair.model_validate(
        {"from": "*", "to": "*", "render": ["renderer", "second"]} | UNGUARDED
    )
    speaking = Language.model_validate({"speak": ["voice", "second"], "voice": "Lola"})
    return meeting_settings(languages={"es": speaking}, pairs=[pair])


async def test_the_next_engine_renders_what_one_cannot() -> None:
    failing = ScriptedRenderer(acts={HELLO: [Wording(error=retryable_render_error())]})
    stage = Stage(
        renderer=failing, renderers={"second": ScriptedRenderer()}, settings=two_of_each()
    )
    await stage.interpret(segment(1, HELLO))
    assert stage.committed == [("p-ada/1", "es", f"[es] {HELLO}")]
    assert stage.ends == {"p-ada/1": ["spoken"]}
    assert len(failing.calls) == 1  # nobody waits for it while another one can be asked
    assert [one.stage for one in stage.facts.of(Failed)] == ["render"]


async def test_the_next_engine_speaks_what_one_cannot() -> None:
    saying = f"[es] {HELLO}"
    refusing = ScriptedVoice(acts={saying: [Saying(seconds=0.0, error=SpeakError("refused"))]})
    second = ScriptedVoice()
    stage = Stage(voice=refusing, voices={"second": second}, settings=two_of_each())
    await stage.interpret(segment(1, HELLO))
    assert stage.ends == {"p-ada/1": ["spoken"]}
    assert said(second) == [saying]
    assert [one.stage for one in stage.facts.of(Failed)] == ["speak"]


async def test_the_next_engine_is_called_where_one_cannot_be_made() -> None:
    names = [name for name in two_of_each().pairs[0].rendered_by if name != "second"]
    stage = Stage(unusable=[*names, "voice"], settings=two_of_each())
    await stage.interpret(segment(1, HELLO))
    assert stage.committed == [("p-ada/1", "es", f"[es] {HELLO}")]
    assert stage.ends == {"p-ada/1": ["spoken"]}
    failed = [(one.stage, one.message) for one in stage.facts.of(Failed)]
    assert failed == [("render", f"{names[0]} has no key"), ("speak", "voice has no key")]


async def test_an_engine_that_knows_the_pair_not_at_all_is_left_out() -> None:
    first, second = ScriptedRenderer(), ScriptedRenderer()
    name = two_of_each().pairs[0].render
    stage = Stage(
        renderer=first, renderers={"second": second}, unreached=[name], settings=two_of_each()
    )
    await stage.interpret(segment(1, HELLO))
    assert first.calls == []
    assert len(second.calls) == 1
    assert stage.facts.of(Failed) == []


async def test_a_pair_that_no_engine_knows_is_read_as_it_was_spoken() -> None:
    stage = Stage(unreached=two_of_each().pairs[0].rendered_by, settings=two_of_each())
    await stage.interpret(segment(1, HELLO))
    assert stage.committed == [("p-ada/1", "en", HELLO)]
    assert [one.message for one in stage.facts.of(Failed)] == ["no engine renders en to es"]


async def test_the_next_engine_says_the_words_that_one_did_not_come_to() -> None:
    saying = f"[es] {HELLO}"
    broken = ScriptedVoice(acts={saying: [Saying(seconds=0.5, error=SpeakError("broke off"))]})
    second = ScriptedVoice()
    stage = Stage(voice=broken, voices={"second": second}, settings=two_of_each())
    await stage.interpret(segment(1, HELLO))
    assert said(broken) == [saying, saying]
    assert said(second) == ["Good morning to all of you."]  # 0.5 s: all but the first 7 characters


# Settings that change


async def test_a_segment_finishes_under_the_settings_that_it_began_with() -> None:
    stage = Stage()
    silent = meeting_settings(languages={"es": Language()}).model_copy(update={"number": 2})
    async with stage.running():
        stage.current.take(silent)
        stage.commit(segment(1, HELLO))
        stage.commit(replace(segment(2, BYE, start=3.0), settings=2))
        await asyncio.sleep(30.0)
    assert stage.ends == {"p-ada/1": ["spoken"], "p-ada/2": ["captions"]}


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
    assert stage.ends == {
        "p-ada/1": ["removed"],
        "p-ada/2": ["spoken"],
        "p-ada/3": ["removed"],
    }
    assert [segment_id for segment_id, *_ in stage.committed] == ["p-ada/2"]
