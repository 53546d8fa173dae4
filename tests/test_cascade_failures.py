"""The cascade: what a failure costs, and who helps out."""

import pytest

from tests.fakes import (
    Saying,
    ScriptedRenderer,
    ScriptedVoice,
    Wording,
    meeting_settings,
    retryable_render_error,
    retryable_speak_error,
    segment,
)
from tests.stages import BYE, HELLO, Stage, pair_of, said, two_of_each
from translator.errors import RenderError, SpeakError
from translator.record import Failed, Spoken

pytestmark = pytest.mark.unit


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
    assert stage.facts.ends == {"p-ada/1": ["failed"], "p-ada/2": ["spoken"]}
    assert said(stage.voice) == [f"[es] {BYE}"]
    assert [brief.segment.text for brief in stage.renderer.calls].count(HELLO) == calls
    assert [one.stage for one in stage.facts.of(Failed)] == ["render"]


@pytest.mark.parametrize("nothing", [Wording(), Wording(pieces=[(0.1, "  ")])])
async def test_an_engine_is_down_for_what_it_did_not_say(nothing: Wording) -> None:
    stage = Stage(renderer=ScriptedRenderer(acts={HELLO: [nothing], BYE: [nothing]}))
    await stage.interpret(segment(1, HELLO), segment(2, BYE, start=2.0), during=10.0)
    down = stage.health.down("render", "renderer")
    assert down is not None
    assert (down.kind, down.why) == ("empty", "the rendition is empty")


async def test_a_fault_in_an_engine_costs_one_segment() -> None:
    broken, mute = "This breaks the renderer.", "This breaks the voice."
    stage = Stage(
        renderer=ScriptedRenderer(acts={broken: [Wording(error=ZeroDivisionError())]}),
        voice=ScriptedVoice(acts={f"[es] {mute}": [Saying(seconds=0.0, error=KeyError("es"))]}),
    )
    await stage.interpret(segment(1, broken), segment(2, mute), segment(3, HELLO))
    assert stage.facts.ends == {"p-ada/1": ["failed"], "p-ada/2": ["failed"], "p-ada/3": ["spoken"]}
    assert [segment_id for segment_id, *_ in stage.committed] == ["p-ada/1", "p-ada/2", "p-ada/3"]
    assert [one.message for one in stage.facts.of(Failed)] == ["ZeroDivisionError", "'es'"]


async def test_a_renderer_that_fails_once_is_asked_again() -> None:
    acts = [Wording(error=retryable_render_error()), Wording(pieces=[(0.1, "Buenos días.")])]
    stage = Stage(renderer=ScriptedRenderer(acts={HELLO: acts}))
    await stage.interpret(segment(1, HELLO))
    assert stage.committed == [("p-ada/1", "es", "Buenos días.")]
    assert stage.facts.ends == {"p-ada/1": ["spoken"]}
    assert stage.facts.of(Failed) == []


def breaking_off(*after: Wording, prompt: str | None = "interpret 1.0.0") -> ScriptedRenderer:
    """A renderer that is gone behind its first clause; what it says when called again."""
    broken = Wording(
        pieces=[(0.1, "Buenos días a todos, "), (0.5, "y muchas ")], error=retryable_render_error()
    )
    return ScriptedRenderer(acts={HELLO: [broken, *after]}, prompt=prompt)


def writing(text: str) -> Wording:
    return Wording(pieces=[(0.1, text)])


@pytest.mark.parametrize(
    "rest",
    [
        "y muchas gracias.",
        "… y muchas gracias.",
        "Buenos días a todos, y muchas gracias.",
        "buenos días a todos; y muchas gracias.",
    ],
)
async def test_another_engine_gives_the_rest_behind_a_clause_that_was_heard(rest: str) -> None:
    second = ScriptedRenderer(acts={HELLO: [writing(rest)]}, prompt="interpret 2.0.0")
    first = breaking_off()
    stage = Stage(renderer=first, renderers={"second": second}, settings=two_of_each())
    await stage.interpret(segment(1, HELLO))
    assert stage.committed == [("p-ada/1", "es", "Buenos días a todos, y muchas gracias.")]
    assert said(stage.voice) == ["Buenos días a todos,", "y muchas gracias."]
    assert [brief.begun for brief in second.calls] == ["Buenos días a todos,"]
    assert len(first.calls) == 1
    assert [one.message for one in stage.facts.of(Failed)] == [str(retryable_render_error())]


async def test_an_engine_that_is_alone_is_asked_for_the_rest_itself() -> None:
    stage = Stage(renderer=breaking_off(writing("y muchas gracias.")))
    await stage.interpret(segment(1, HELLO))
    assert stage.committed == [("p-ada/1", "es", "Buenos días a todos, y muchas gracias.")]


@pytest.mark.parametrize(
    "after",
    [
        Wording(error=RenderError("refused")),
        writing("Buenos días a todos,"),  # nothing more
        writing("Buenos días, señores, y muchas gracias."),  # it begins anew
    ],
)
async def test_without_a_rest_that_fits_it_follows_as_it_was_spoken(after: Wording) -> None:
    stage = Stage(renderer=breaking_off(after))
    await stage.interpret(segment(1, HELLO))
    assert said(stage.voice) == ["Buenos días a todos,"]
    assert stage.committed == [("p-ada/1", "es", f"Buenos días a todos, … [{HELLO}]")]
    assert stage.facts.ends == {"p-ada/1": ["spoken"]}


async def test_one_rendition_that_breaks_off_takes_no_engine_down() -> None:
    stage = Stage(renderer=breaking_off(writing("Buenos días a todos,")))
    await stage.interpret(segment(1, HELLO))
    assert stage.health.down("render", "renderer") is None


async def test_nobody_waits_again_for_a_renderer_that_hangs_behind_a_clause() -> None:
    hanging = Wording(
        pieces=[(0.1, "Buenos días a todos, ")],
        error=RenderError("no answer", retryable=True, kind="silent"),
    )
    renderer = ScriptedRenderer(acts={HELLO: [hanging]}, prompt="interpret 1.0.0")
    stage = Stage(renderer=renderer)
    await stage.interpret(segment(1, HELLO))
    assert stage.committed == [("p-ada/1", "es", f"Buenos días a todos, … [{HELLO}]")]
    assert len(renderer.calls) == 1


async def test_a_renderer_without_instructions_is_not_asked_for_a_rest() -> None:
    stage = Stage(renderer=breaking_off(prompt=None))
    await stage.interpret(segment(1, HELLO), segment(2, BYE, start=2.0))
    assert said(stage.voice) == ["Buenos días a todos,", f"[es] {BYE}"]
    assert len(stage.renderer.calls) == 2
    # What was read is not taken back; what is missing follows as it was spoken.
    assert stage.committed[0] == ("p-ada/1", "es", f"Buenos días a todos, … [{HELLO}]")
    assert stage.facts.ends == {"p-ada/1": ["spoken"], "p-ada/2": ["spoken"]}


async def test_a_pair_that_nothing_renders_is_read_as_it_was_spoken() -> None:
    stage = Stage(settings=meeting_settings(pairs=[pair_of("fr", "es")]))
    await stage.interpret(segment(1, HELLO), segment(2, "Bonjour à tous.", language="fr"))
    assert stage.committed[0] == ("p-ada/1", "en", HELLO)
    assert stage.facts.ends == {"p-ada/1": ["failed"], "p-ada/2": ["spoken"]}
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
    assert stage.facts.ends == {"p-ada/1": ["spoken"]}
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
    assert stage.facts.ends == {"p-ada/1": ["failed"], "p-ada/2": ["spoken"]}
    assert [one[0] for one in stage.committed] == ["p-ada/1", "p-ada/2"]
    assert [one.stage for one in stage.facts.of(Failed)] == ["speak"]
    assert stage.facts.order == ["p-ada/2"]


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
    assert stage.facts.ends == {"p-ada/1": ["spoken"], "p-ada/2": ["spoken"]}
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
    assert stage.facts.ends == {"p-ada/1": ["failed"]}


async def test_a_voice_with_nothing_to_say_says_so() -> None:
    stage = Stage(
        renderer=ScriptedRenderer(acts={HELLO: [Wording(pieces=[(0.1, "… —")])]}),
        voice=ScriptedVoice(acts={"… —": [Saying(seconds=0.0)]}),
    )
    await stage.interpret(segment(1, HELLO))
    assert stage.facts.ends == {"p-ada/1": ["unspeakable"]}


async def test_the_next_engine_renders_what_one_cannot() -> None:
    failing = ScriptedRenderer(acts={HELLO: [Wording(error=retryable_render_error())]})
    stage = Stage(
        renderer=failing, renderers={"second": ScriptedRenderer()}, settings=two_of_each()
    )
    await stage.interpret(segment(1, HELLO))
    assert stage.committed == [("p-ada/1", "es", f"[es] {HELLO}")]
    assert stage.facts.ends == {"p-ada/1": ["spoken"]}
    assert len(failing.calls) == 1  # nobody waits for it while another one can be asked
    assert [one.stage for one in stage.facts.of(Failed)] == ["render"]


async def test_the_next_engine_speaks_what_one_cannot() -> None:
    saying = f"[es] {HELLO}"
    refusing = ScriptedVoice(acts={saying: [Saying(seconds=0.0, error=SpeakError("refused"))]})
    second = ScriptedVoice()
    stage = Stage(voice=refusing, voices={"second": second}, settings=two_of_each())
    await stage.interpret(segment(1, HELLO))
    assert stage.facts.ends == {"p-ada/1": ["spoken"]}
    assert said(second) == [saying]
    assert [one.stage for one in stage.facts.of(Failed)] == ["speak"]


async def test_the_next_engine_is_called_where_one_cannot_be_made() -> None:
    names = [name for name in two_of_each().pairs[0].rendered_by if name != "second"]
    stage = Stage(unusable=[*names, "voice"], settings=two_of_each())
    await stage.interpret(segment(1, HELLO))
    assert stage.committed == [("p-ada/1", "es", f"[es] {HELLO}")]
    assert stage.facts.ends == {"p-ada/1": ["spoken"]}
    failed = [(one.stage, one.message) for one in stage.facts.of(Failed)]
    assert failed == [("render", f"{names[0]} has no key"), ("speak", "voice has no key")]


async def test_an_engine_that_knows_the_pair_not_at_all_is_left_out() -> None:
    first, second = ScriptedRenderer(), ScriptedRenderer()
    name = two_of_each().pairs[0].rendered_by[0]
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
