"""What a meeting would cost: what engines would be sent, by assumptions that are data. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from translator.cost.meter import cost
from translator.settings import EMBEDDED, Language, Settings
from translator.usage import Amounts

BYTES = 4
"""Characters of a token, about: as many as translator.summary reckons with."""
VOICE_AGENTS = (0.05, 0.18)
"""USD a minute: what vendors and users of voice agents publish, for one person and one language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """A figure that an estimate rests on."""

    value: float
    what: str
    source: str


ASSUMPTIONS = {
    "speech": Assumption(
        value=0.85,
        what="share of the time in which somebody has the floor",
        source="assumed: a meeting with few long pauses",
    ),
    "heard": Assumption(
        value=1.0,
        what="part of that time that an ear is sent",
        source="measured: 0.98 of 19 recordings, 23 minutes; it sleeps through long pauses",
    ),
    "turns": Assumption(
        value=2,
        what="turns of a minute of it, where several speak",
        source="assumed: somebody says as much as in half a minute, and another goes on",
    ),
    "kept": Assumption(
        value=10,
        what="seconds behind a turn for which an ear that is paid by its connection is kept",
        source="set: a session of AssemblyAI lasts through shorter pauses",
    ),
    "characters": Assumption(
        value=774,
        what="characters of a minute of it",
        source="measured: transcripts of 94 recordings, 32 minutes (129 words)",
    ),
    "expansion": Assumption(
        value=1.1,
        what="characters of a rendition for one of speech",
        source="measured: references of 97 recordings, 0.95 into English, 1.09 into Spanish",
    ),
    "segments": Assumption(
        value=32,
        what="segments of a minute of it",
        source="measured: bench.endurance, `balanced`, 480 in 15 minutes",
    ),
    "prompt": Assumption(
        value=480,
        what="tokens that a language model is told for a segment",
        source="measured: prompts/interpret.j2 with six renditions, 4 bytes a token",
    ),
    "summaries": Assumption(
        value=2,
        what="summaries of a minute of it",
        source="assumed: one after five utterances of six seconds",
    ),
    "summary": Assumption(
        value=570,
        what="tokens that a language model is told for a summary, with what was said since",
        source="measured: prompts/summary.j2, 4 bytes a token",
    ),
    "audio_in": Assumption(
        value=600,
        what="tokens of a minute of sound that an end-to-end model hears",
        source="published: OpenAI, one for 100 ms",
    ),
    "audio_out": Assumption(
        value=1200,
        what="tokens of a minute of sound that an end-to-end model makes",
        source="published: OpenAI, one for 50 ms",
    ),
}


def assumed(name: str) -> float:
    """The value of an assumption."""
    return ASSUMPTIONS[name].value


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The meeting that is reckoned with."""

    minutes: float
    speakers: int
    languages: Sequence[str]
    """That are listened to, each by somebody; how many listen costs nothing."""

    @property
    def spoken(self) -> float:
        """Minutes in which somebody has the floor; two at a time are rare."""
        return self.minutes * assumed("speech")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One engine's part."""

    engine: str
    stage: str
    amounts: Amounts
    cost: float | None
    """None: nobody wrote its price down."""
    language: str | None = None


def estimate(settings: Settings, plan: Plan) -> list[Line]:
    """What each engine would be sent, and what it costs; the first of each line of engines does
    all of its work."""
    lines = [_heard(settings, plan)]
    for code in plan.languages:
        lines += _interpreted(settings, plan, code)
    if settings.summarize is not None:
        calls = plan.spoken * assumed("summaries")
        amounts = _tokens(calls * assumed("summary"), calls * 200)
        lines.append(_line(settings, settings.summarize, "summarize", amounts))
    return lines


def total(lines: Sequence[Line]) -> float:
    """The sum of what is known."""
    return sum(line.cost or 0.0 for line in lines)


def unpriced(lines: Sequence[Line]) -> list[str]:
    """The engines whose part is not in it."""
    return list(dict.fromkeys(line.engine for line in lines if line.cost is None))


def with_languages(settings: Settings, codes: Sequence[str]) -> Settings:
    """`settings` that have all `codes`: one that is missing is spoken as the first that is."""
    usual = next((one for one in settings.languages.values() if one.speak), Language())
    missing = {
        code: Language.model_construct(spoken_by=usual.spoken_by, voices={})
        for code in codes
        if code not in settings.languages
    }
    return settings.model_copy(update={"languages": {**settings.languages, **missing}})


def end_to_end(settings: Settings, name: str, plan: Plan) -> list[Line]:
    """The same meeting by the end-to-end model `name`, a session for each speaker and language:
    each hears its speaker for as long as somebody speaks to be interpreted."""
    return [
        replace(_realtime(settings, name, plan, code), language=code) for code in plan.languages
    ]


def _heard(settings: Settings, plan: Plan) -> Line:
    seconds = 60 * plan.spoken * assumed("heard")
    kept = plan.spoken * assumed("turns") * assumed("kept")
    connected = min(seconds + kept, 60 * plan.minutes * plan.speakers)
    amounts = {"audio_seconds": seconds, "session_seconds": connected}
    return _line(settings, settings.heard_by[0], "hear", amounts)


def _interpreted(settings: Settings, plan: Plan, code: str) -> Iterator[Line]:
    route = next(iter(settings.routes(code)), None)
    if route is None:
        return
    characters = plan.spoken * assumed("characters")
    made = characters * assumed("expansion")
    if route.realtime is not None:
        yield _realtime(settings, route.realtime, plan, code)
    if route.end_to_end is None:
        name, amounts = route.pair.rendered_by[0], {"characters": characters}
        if settings.engines[name].plugin not in EMBEDDED:
            told = plan.spoken * assumed("segments") * assumed("prompt") + characters / BYTES
            amounts |= _tokens(told, made / BYTES)
        yield _line(settings, name, "render", amounts, code)
    speak = route.language.speak
    if speak is not None and route.realtime is None:
        amounts = {"characters": made, "spoken_seconds": 60 * plan.spoken}
        yield _line(settings, speak, "speak", amounts, code)


def _realtime(settings: Settings, name: str, plan: Plan, code: str) -> Line:
    told = plan.spoken * assumed("segments") * assumed("prompt")
    amounts = {
        "audio_input_tokens": plan.spoken * assumed("audio_in"),
        "audio_output_tokens": plan.spoken * assumed("audio_out"),
        "audio_seconds": 60 * plan.spoken,
        "spoken_seconds": 60 * plan.spoken,
        **_tokens(told, plan.spoken * assumed("characters") * assumed("expansion") / BYTES),
    }
    return _line(settings, name, "interpret", amounts, code)


def _tokens(read: float, written: float) -> dict[str, float]:
    return {"input_tokens": read, "output_tokens": written}


def _line(
    settings: Settings, engine: str, stage: str, amounts: Amounts, language: str | None = None
) -> Line:
    spent = cost(settings.engines[engine], amounts)
    return Line(engine=engine, stage=stage, amounts=amounts, cost=spent, language=language)
