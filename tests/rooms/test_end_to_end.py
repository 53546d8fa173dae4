"""LiveKit's real realtime plugin as the interpreter of a meeting, by configuration alone."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.speech import speech
from tests.vendors.brains import hum
from tests.vendors.faults import Fault
from tests.vendors.realtime import InterpretsAsScripted, Realtime
from translator import settings
from translator.agent import ENGINES, PAIRS
from translator.rehearsal.order import order
from translator.rehearsal.recording import SAMPLE_RATE, Samples, read
from translator.rehearsal.run import interpret

pytestmark = [
    pytest.mark.room,
    pytest.mark.timeout(180),
    pytest.mark.usefixtures("patient"),
]

KEY = "TRANSLATOR_TEST_KEY"

ENGINES_YAML = """
version: 1
engines:
  whisper: {{plugin: whisper, model: base}}
  apertium: {{plugin: apertium}}
  espeak: {{plugin: espeak}}
  realtime: {{plugin: openai, model: gpt-realtime, base_url: "{url}", key: {key}}}
"""
PAIRS_YAML = """
version: 1
hear: whisper
spoken: [en]
languages:
  es: {speak: espeak}
  fr: {speak: espeak}
pairs:
  - {from: en, to: es, render: apertium, end_to_end: realtime, guard: false}
  - {from: en, to: fr, render: apertium, hybrid: realtime, guard: false}
"""
SAID = "Esto es lo que dice el modelo."


def hummed(samples: Samples) -> float:
    """Seconds of the model's hum in what a listener heard."""
    size = SAMPLE_RATE // 10
    windows = samples[: len(samples) // size * size].reshape(-1, size).astype(np.float64)
    powers = np.abs(np.fft.rfft(windows * np.hanning(size), axis=1)) ** 2
    loud = np.abs(windows).max(axis=1) > 1000
    pure = powers[:, 20:25].sum(axis=1) > 0.9 * powers.sum(axis=1)  # 200 to 240 Hz
    return float((loud & pure).sum()) / 10


async def test_listeners_hear_the_model_and_what_it_fails_at_by_the_cascade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brain = InterpretsAsScripted(lambda number: SAID, pause=0.02)
    async with Realtime(brain) as server:
        server.faults.next(None, None, Fault.EMPTY)
        pairs, engines = tmp_path / "language_pairs.yaml", tmp_path / "engines.yaml"
        engines.write_text(ENGINES_YAML.format(url=server.base_url, key=KEY))
        pairs.write_text(PAIRS_YAML)
        for name, value in {PAIRS: str(pairs), ENGINES: str(engines), KEY: server.key}.items():
            monkeypatch.setenv(name, value)
        wanted = order(
            file=speech("call_en_T02"),
            to="es,fr",
            out=tmp_path / "out",
            spoken="en",
            speakers=[],
            room=None,
            loaded=settings.load(pairs, engines),
        )
        report = await interpret(wanted)
    es, fr = (report["languages"][code] for code in ("es", "fr"))
    assert es["segments"] == es["spoken"] == fr["spoken"] >= 3
    asked = [len(one.pcm) / 2 / 24_000 for one in server.requests]
    assert len(asked) == 2 * es["segments"]
    assert sum(asked) == pytest.approx(2 * report["speech_seconds"], rel=0.5)
    assert len(server.connections) == 2  # one for each language
    assert [one.status for one in server.requests].count("completed") == len(asked)
    (failure,) = report["failures"]
    assert "gave no sound" in str(failure)

    heard = {code: hummed(read(wanted.out / f"{code}.wav").samples) for code in ("es", "fr")}
    one = len(hum(0.05 * len(SAID))) / 2 / 24_000
    said = one * (len(asked) - 1)
    assert sum(heard.values()) == pytest.approx(said, rel=0.35)  # it may be hastened
    lines = (wanted.out / "captions.jsonl").read_text(encoding="utf-8").splitlines()
    finals = [one for one in map(json.loads, lines) if one["final"]]
    spanish = [one["text"] for one in finals if one["language"] == "es"]
    french = [one["text"] for one in finals if one["language"] == "fr"]
    assert spanish.count(SAID) >= len(spanish) - 1
    assert SAID not in french
