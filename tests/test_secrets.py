"""No key is in anything that anybody reads: no error, no output, no log, whatever goes wrong."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import yaml
from livekit import rtc
from livekit.agents.utils import http_context

from tests.vendors.assemblyai import AssemblyAI
from tests.vendors.azure import Azure
from tests.vendors.elevenlabs import ElevenLabs
from tests.vendors.faults import Fault
from tests.vendors.inference import Inference
from tests.vendors.openai import OpenAI
from translator import redaction
from translator.__main__ import main
from translator.engines.registry import Engines
from translator.errors import StageError
from translator.health import Stage
from translator.hear import SAMPLE_RATE
from translator.settings import Settings, load
from translator.settings.sets import SET

pytestmark = [pytest.mark.vendor, pytest.mark.timeout(120)]

KEY = "K3y-that-nobody-may-read-0123456789"
CALLS: Mapping[str, tuple[Stage, ...]] = {
    "assemblyai": ("hear",),
    "azure": ("hear", "speak"),
    "elevenlabs": ("hear", "speak"),
    "openai": ("hear", "render", "speak", "summarize"),
    "inference": ("hear", "render", "speak"),
}


@dataclass(slots=True)
class Logs:
    """What libraries log at DEBUG, and what comes of it."""

    given: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


class _Kept(logging.Handler):
    def __init__(self, into: list[str]) -> None:
        super().__init__()
        self._into = into

    def emit(self, record: logging.LogRecord) -> None:
        self._into.append(f"{self.format(record)} {vars(record)}")


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Logs]:
    logs = Logs()
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [_Kept(logs.kept)])
    monkeypatch.setattr("sys.excepthook", None)
    monkeypatch.setattr("threading.excepthook", None)
    redaction.install()
    root.handlers.insert(0, _Kept(logs.given))
    before = root.level
    root.setLevel(logging.DEBUG)
    yield logs
    root.setLevel(before)


class Robot:
    """Makes a short noise."""

    paced = False

    async def say(
        self, text: str, *, language: str, voice: str | None, pace: float
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        noise = np.random.default_rng(0).integers(-9000, 9000, SAMPLE_RATE // 4)
        yield rtc.AudioFrame(noise.astype(np.int16).tobytes(), SAMPLE_RATE, 1, len(noise))


class Quick(Engines):
    """Engines that are told a short sentence."""

    @property
    def robot(self) -> Robot:
        return Robot()


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Five vendors that all have the same key, and a meeting with one engine of each."""

    vendors: tuple[AssemblyAI | Azure | ElevenLabs | OpenAI, ...]
    settings: Settings
    folder: Path


@pytest.fixture
async def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Served, None]:
    monkeypatch.setenv("THE_KEY", KEY)
    monkeypatch.setenv("LIVEKIT_INFERENCE_API_KEY", "API-somebody")
    monkeypatch.setenv("LIVEKIT_INFERENCE_API_SECRET", KEY)
    monkeypatch.setenv(SET, "")
    async with AsyncExitStack() as stack:
        assemblyai = await stack.enter_async_context(AssemblyAI(key=KEY))
        azure = await stack.enter_async_context(Azure(key=KEY))
        elevenlabs = await stack.enter_async_context(ElevenLabs(key=KEY))
        openai = await stack.enter_async_context(OpenAI("Buenos días.", key=KEY))
        inference = await stack.enter_async_context(Inference("Buenos días."))
        urls = {
            "assemblyai": assemblyai.base_url,
            "azure": f"http://127.0.0.1:{azure.port}",
            "elevenlabs": elevenlabs.base_url,
            "openai": openai.base_url,
        }
        engines = {
            name: {"plugin": name, "base_url": url, "key": "THE_KEY"} for name, url in urls.items()
        }
        engines["elevenlabs"]["model"] = "scribe_v2_realtime"
        engines["inference"] = {
            "plugin": "inference",
            "base_url": inference.base_url,
            "model": "some/model",
        }
        pairs = {
            "version": 1,
            "hear": list(engines),
            "spoken": ["en"],
            "languages": {
                "es": {
                    "speak": ["azure", "elevenlabs", "openai", "inference"],
                    "voice": {"azure": "es-ES-ElviraNeural"},
                }
            },
            "pairs": [{"from": "*", "to": "*", "render": ["openai", "inference"]}],
            "summarize": "openai",
        }
        for name, content in (
            ("engines.yaml", {"version": 1, "engines": engines}),
            ("language_pairs.yaml", pairs),
        ):
            (tmp_path / name).write_text(yaml.safe_dump(content), encoding="utf-8")
        yield Served(
            vendors=(assemblyai, azure, elevenlabs, openai, inference),
            settings=load(tmp_path / "language_pairs.yaml", tmp_path / "engines.yaml"),
            folder=tmp_path,
        )


@pytest.mark.parametrize("fault", [Fault.WRONG_KEY, Fault.QUOTA, Fault.GARBAGE])
async def test_no_failure_tells_a_key(served: Served, logs: Logs, fault: Fault) -> None:
    for vendor in served.vendors:
        vendor.faults.always(fault)
    engines = Quick(served.settings.engines)
    told: list[str] = []

    async def call(stage: Stage, name: str) -> None:
        try:
            await engines.trial(stage, name, served.settings)
        except StageError as error:
            told.append(f"{error} {error!r}")
            logging.getLogger("somebody").debug("failed", exc_info=error)

    async with http_context.open(), asyncio.TaskGroup() as group:
        for name, stages in CALLS.items():
            for stage in stages:
                group.create_task(call(stage, name))
    for left in asyncio.all_tasks() - {asyncio.current_task()}:
        left.cancel()  # a plugin whose answer is garbage forgets one now and then
    assert len(told) >= 8
    assert not [text for text in told if KEY in text]
    assert len(logs.kept) > 20
    if fault is Fault.WRONG_KEY:
        assert [text for text in logs.given if KEY in text]  # a plugin logs what it was answered
    assert not [text for text in logs.kept if KEY in text]


async def test_check_tells_no_key_of_vendors_that_refuse_it(
    served: Served, logs: Logs, capsys: pytest.CaptureFixture[str]
) -> None:
    for vendor in served.vendors:
        vendor.faults.always(Fault.WRONG_KEY)
    assert await asyncio.to_thread(main, ["check", "--live", str(served.folder)]) == 2
    said = capsys.readouterr()
    assert said.out.count("wrong key:") >= 10
    assert KEY not in said.out + said.err
    assert not [text for text in logs.kept if KEY in text]


def test_what_libraries_log_would_have_told_it(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_KEY", KEY)
    redaction.keep_secret(["THE_KEY"])
    try:
        raise ConnectionError(f"401 for Authorization: Bearer {KEY}")
    except ConnectionError:
        logging.getLogger("websockets.client").debug("> Authorization: %s", KEY, exc_info=True)
    assert logs.given[0].count(KEY) >= 2
    assert KEY not in logs.kept[0]
    assert "ConnectionError: 401" in logs.kept[0]
