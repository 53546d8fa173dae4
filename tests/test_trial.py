"""Each engine is called once: the vendors' real plugins, against scripted vendors on loopback."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from livekit import rtc
from livekit.agents.utils import http_context

from tests.vendors.assemblyai import AssemblyAI
from tests.vendors.brains import HearsAsScripted
from tests.vendors.elevenlabs import ElevenLabs
from tests.vendors.faults import Fault
from tests.vendors.openai import OpenAI
from translator.__main__ import main
from translator.engines import trial
from translator.engines.registry import Engines
from translator.errors import Kind, SpeakError, StageError
from translator.health import Stage, UntriedError
from translator.hear import SAMPLE_RATE
from translator.settings import Settings, load
from translator.settings.sets import SET
from translator.types import Hypothesis

pytestmark = pytest.mark.vendor

ROOT = Path(__file__).parents[1]

SPEECH = 0.5
FIRST = Hypothesis(utterance="1", text="Good", language="en", final=False, start=0.1, end=0.4)
LAST = replace(FIRST, text="Good morning.", final=True, end=SPEECH)
PAIRS = {
    "version": 1,
    "hear": "ears",
    "spoken": ["en"],
    "languages": {"es": {"speak": "voice"}, "de": {}},
    "pairs": [{"from": "*", "to": "*", "render": "model"}],
    "summarize": "model",
}
CALLS: tuple[tuple[Stage, str], ...] = (
    ("hear", "ears"),
    ("render", "model"),
    ("speak", "voice"),
    ("summarize", "model"),
)


class Robot:
    """Makes half a second of noise, in the languages that it speaks."""

    paced = False

    def __init__(self, *speaks: str) -> None:
        self.speaks = speaks

    async def say(
        self, text: str, *, language: str, voice: str | None, pace: float
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        if language not in self.speaks:
            raise SpeakError(f"speaks no {language}")
        noise = np.random.default_rng(0).integers(-9000, 9000, round(SPEECH * SAMPLE_RATE))
        yield rtc.AudioFrame(noise.astype(np.int16).tobytes(), SAMPLE_RATE, 1, len(noise))


class Quick(Engines):
    """Engines that are told a short sentence."""

    speaks: tuple[str, ...] = ("en",)

    @property
    def robot(self) -> Robot:
        return Robot(*self.speaks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Three vendors, and a meeting that has them alone."""

    ears: AssemblyAI
    model: OpenAI
    voice: ElevenLabs
    folder: Path

    @property
    def settings(self) -> Settings:
        return load(self.folder / "language_pairs.yaml", self.folder / "engines.yaml")

    async def call(
        self,
        stage: Stage,
        name: str,
        *,
        spoken: tuple[str, ...] = ("en",),
        speaks: tuple[str, ...] = ("en",),
    ) -> trial.Timing:
        """`spoken` are the languages of the meeting, `speaks` those of the robot."""
        engines = Quick(self.settings.engines)
        engines.speaks = speaks
        settings = self.settings.model_copy(update={"spoken": spoken})
        try:
            return await engines.trial(stage, name, settings)
        finally:
            await engines.close()


@pytest.fixture
async def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Served, None]:
    async with AsyncExitStack() as stack:
        one = Served(
            ears=await stack.enter_async_context(
                AssemblyAI(HearsAsScripted((0.4, FIRST), (1.9, LAST)))
            ),
            model=await stack.enter_async_context(OpenAI("Buenos días.")),
            voice=await stack.enter_async_context(ElevenLabs()),
            folder=tmp_path,
        )
        engines = {}
        for name, plugin, url, key in (
            ("ears", "assemblyai", one.ears.base_url, one.ears.key),
            ("model", "openai", one.model.base_url, one.model.key),
            ("voice", "elevenlabs", one.voice.base_url, one.voice.key),
        ):
            monkeypatch.setenv(f"{name.upper()}_KEY", key)
            engines[name] = {"plugin": plugin, "base_url": url, "key": f"{name.upper()}_KEY"}
        monkeypatch.setenv(SET, "")
        for path, content in (
            ("engines.yaml", {"version": 1, "engines": engines}),
            ("language_pairs.yaml", PAIRS),
        ):
            (tmp_path / path).write_text(yaml.safe_dump(content), encoding="utf-8")
        yield one


@pytest.fixture
async def session() -> AsyncGenerator[None, None]:
    """What a job has."""
    async with http_context.open():
        yield


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize(("stage", "name"), CALLS)
async def test_an_engine_that_works_says_how_soon(served: Served, stage: Stage, name: str) -> None:
    timing = await served.call(stage, name)
    assert 0 < timing.first < 2
    assert 0 <= timing.whole < 2
    if stage == "hear":
        assert timing.first > 0.35  # the words come when so much has been said
        assert served.ears.sessions[0].seconds > SPEECH + 1  # as a meeting goes on to listen
    else:
        assert timing.first <= timing.whole


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize(("spoken", "speaks"), [(("yo", "de"), ("de",)), (("yo",), ("en",))])
async def test_an_ear_is_tried_in_a_language_that_the_robot_speaks(
    served: Served, spoken: tuple[str, ...], speaks: tuple[str, ...]
) -> None:
    assert (await served.call("hear", "ears", spoken=spoken, speaks=speaks)).whole < 2


@pytest.mark.usefixtures("session")
async def test_a_robot_that_cannot_speak_is_not_the_ears_fault(served: Served) -> None:
    with pytest.raises(UntriedError, match="not called: the robot"):
        await served.call("hear", "ears", speaks=())
    assert served.ears.sessions == []


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize(("stage", "name"), CALLS)
async def test_a_wrong_key_is_told(served: Served, stage: Stage, name: str) -> None:
    for server in (served.ears, served.model, served.voice):
        server.faults.always(Fault.WRONG_KEY)
    with pytest.raises(StageError, match="key") as wrong:
        await served.call(stage, name)
    assert wrong.value.kind == "wrong key"


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize(
    ("fault", "stage", "name", "kind"),
    [
        (Fault.EMPTY, "hear", "ears", "empty"),
        (Fault.EMPTY, "render", "model", "empty"),
        (Fault.EMPTY, "speak", "voice", "empty"),
        (Fault.RATE_LIMITED, "render", "model", "rate limited"),
        (Fault.HANG, "render", "model", "silent"),
    ],
)
async def test_what_is_wrong_is_told_by_its_kind(
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    stage: Stage,
    name: str,
    kind: Kind,
) -> None:
    monkeypatch.setattr(trial, "DEADLINE", 3.0)
    for server in (served.ears, served.model, served.voice):
        server.faults.always(fault)
    with pytest.raises(StageError) as wrong:
        await served.call(stage, name)
    assert wrong.value.kind == kind


@pytest.mark.usefixtures("session")
async def test_what_cannot_be_made_is_told(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODEL_KEY")
    with pytest.raises(StageError, match="run: export MODEL_KEY=") as wrong:
        await served.call("render", "model")
    assert wrong.value.kind == "refused"
    with pytest.raises(StageError, match="cannot render"):
        await served.call("render", "ears")


async def test_check_calls_each_engine_once_and_says_what_is_wrong(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    served.model.faults.always(Fault.QUOTA)
    assert await asyncio.to_thread(main, ["check", "--live", str(served.folder)]) == 2
    lines = capsys.readouterr().out.split("Called")[1].splitlines()[2:]
    rows = [line.split() for line in lines if line.strip()]
    assert [row[:2] for row in rows] == [
        ["ears", "hears"],
        ["model", "renders"],
        ["voice", "speaks"],
        ["model", "sums"],
    ]
    assert rows[0][2].isdecimal()
    assert rows[1][2] == "quota:"
    assert len(served.voice.requests) == 1


async def test_check_is_content_where_all_engines_work(served: Served) -> None:
    assert await asyncio.to_thread(main, ["check", "--live", str(served.folder)]) == 0


VOICES = {
    **PAIRS,
    "languages": {
        "es": {"speak": "voice", "voice": ["Lola", "Paco"]},
        "fr": {"speak": "voice", "voice": "Marie"},
        "de": {},
    },
}


async def called(served: Served, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Check a meeting of VOICES, of which not all work: what stands behind `voice speaks`, in each
    line of the table."""
    pairs = served.folder / "language_pairs.yaml"
    pairs.write_text(yaml.safe_dump(VOICES), encoding="utf-8")
    assert await asyncio.to_thread(main, ["check", "--live", str(served.folder)]) == 2
    lines = capsys.readouterr().out.split("Called")[1].splitlines()
    spoken = (re.match(r"voice +speaks +(.*)", line) for line in lines)
    return [found[1].strip() for found in spoken if found is not None]


async def test_check_calls_each_voice(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    served.voice.voices = {"Lola", "Marie"}
    works, wrong = await called(served, capsys)
    assert re.fullmatch(r"\d+ +\d+ +the slowest of 2 calls", works)
    assert wrong.startswith("es by Paco: refused: voice does not accept the request")
    assert [one.path.split("/")[3] for one in served.voice.requests] == ["Lola", "Paco", "Marie"]


async def test_check_does_not_wait_for_each_voice_of_an_engine_that_is_down(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    served.voice.faults.always(Fault.RATE_LIMITED)
    wrong, others = await called(served, capsys)
    assert wrong.startswith("es by Lola: rate limited: ")
    assert others == "its other voices (2) were not called"
    assert served.voice.faults.taken == [Fault.RATE_LIMITED]


async def test_check_calls_the_others_where_one_voice_works(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    served.voice.faults.next(None, Fault.RATE_LIMITED)
    works, wrong = await called(served, capsys)
    assert works.endswith("the slowest of 2 calls")
    assert wrong.startswith("es by Paco: rate limited: ")


async def test_check_tells_a_wrong_key_once(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    served.voice.faults.always(Fault.WRONG_KEY)
    (only,) = await called(served, capsys)
    assert only.startswith("wrong key: ")


@pytest.mark.parametrize(("name", "told"), [("cloud-fast", True), ("cloud", False)])
def test_check_tells_of_an_ear_that_knows_no_languages(
    name: str, told: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv(SET, "")
    for key in ("ASSEMBLYAI_API_KEY", "OPENAI_API_KEY", "ELEVEN_API_KEY"):
        monkeypatch.setenv(key, "a-key")
    assert main(["check", "--engines", name]) == 0
    note = "note: assemblyai-streaming is not told which languages are spoken"
    assert (note in capsys.readouterr().out) == told


def test_the_command_line_names_a_set_and_says_which_keys_it_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv(SET, "")  # main() sets it, for this process
    for name in ("ASSEMBLYAI_API_KEY", "OPENAI_API_KEY", "ELEVEN_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert main(["check", "--engines", "cloud"]) == 2
    told = capsys.readouterr().err
    for name in ("ASSEMBLYAI_API_KEY", "OPENAI_API_KEY", "ELEVEN_API_KEY"):
        assert f"needs a key; run: export {name}=..." in told
    assert "AZURE" not in told
