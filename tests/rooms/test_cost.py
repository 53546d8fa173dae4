"""What a meeting costs is counted while it runs, and at its ceiling free engines go on."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.speech import speech
from tests.vendors.openai import OpenAI, Request
from translator import settings
from translator.agent import ENGINES, PAIRS
from translator.rehearsal.order import order
from translator.rehearsal.run import interpret

pytestmark = [
    pytest.mark.room,
    pytest.mark.timeout(180),
    pytest.mark.usefixtures("patient"),
]

KEY = "TRANSLATOR_TEST_KEY"
PRICE = 4000.0
"""Of a million tokens: a rendition costs about 1."""

ENGINES_YAML = """
version: 1
ceilings: {{meeting: 2.5}}
engines:
  whisper: {{plugin: whisper, model: base}}
  apertium: {{plugin: apertium}}
  espeak: {{plugin: espeak}}
  model:
    plugin: openai
    model: gpt-test
    base_url: "{url}"
    key: {key}
    price: {{input_tokens: {price}}}
"""
PAIRS_YAML = """
version: 1
hear: whisper
spoken: [en]
segments: fast
languages:
  es: {speak: espeak}
pairs:
  - {from: en, to: es, render: [model, apertium], guard: false}
"""
SAID = "Esto dice el modelo."


def tokens(request: Request) -> int:
    """The server counts a word as a token."""
    return sum(len(message["content"].split()) for message in request.messages)


async def test_a_meeting_goes_on_with_free_engines_at_its_ceiling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts: list[Any] = []
    async with OpenAI(SAID) as server:
        pairs, engines = tmp_path / "language_pairs.yaml", tmp_path / "engines.yaml"
        engines.write_text(ENGINES_YAML.format(url=server.base_url, key=KEY, price=PRICE))
        pairs.write_text(PAIRS_YAML)
        environment = {PAIRS: pairs, ENGINES: engines, KEY: server.key, "XDG_STATE_HOME": tmp_path}
        for name, value in environment.items():
            monkeypatch.setenv(name, str(value))
        wanted = order(
            file=speech("call_en_T02"),
            to="es",
            out=tmp_path / "out",
            spoken="en",
            speakers=[],
            room=None,
            loaded=settings.load(pairs, engines),
        )
        report = await interpret(wanted, facts.append)
        asked = [one for one in server.requests if one.path.endswith("completions")]
    spanish, cost = report["languages"]["es"], report["cost"]
    assert spanish["spoken"] == spanish["segments"] > len(asked) >= 3
    assert report["failures"] == []

    total = sum(map(tokens, asked)) * PRICE / 1e6
    assert total >= 2.5
    assert cost["total"] == pytest.approx(total)
    assert cost["by_language"] == {"es": pytest.approx(total)}
    assert cost["by_person"]["listener-es"] == pytest.approx(total)
    assert cost["by_engine"]["whisper"] == 0
    assert cost["used"]["model"]["input_tokens"] == sum(map(tokens, asked))
    heard = cost["used"]["whisper"]["audio_seconds"]
    assert 0.8 * report["speech_seconds"] < heard < report["speech_seconds"] + 20

    rendered = [fact["rendition"]["text"] for fact in facts if fact["fact"] == "Rendered"]
    assert rendered[: len(asked)] == [SAID] * len(asked)
    assert SAID not in rendered[len(asked) :]
    told = [fact for fact in facts if fact["fact"] == "Ceiling"]
    assert [fact["languages"] for fact in told][-1] == ["es"]
    day = json.loads((tmp_path / "translator" / "spent.json").read_text(encoding="utf-8"))
    assert day["spent"] == pytest.approx(total)
