"""LiveKit's real OpenAI plugin as the renderer of a whole meeting, by configuration alone."""

import json
from pathlib import Path

import pytest

from tests.speech import speech
from tests.vendors.openai import OpenAI, Reply, Request
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

ENGINES_YAML = """
version: 1
engines:
  whisper: {{plugin: whisper, model: base}}
  espeak: {{plugin: espeak}}
  model: {{plugin: openai, model: gpt-4o-mini, base_url: "{url}", key: {key}}}
"""
PAIRS_YAML = """
version: 1
hear: whisper
spoken: [en]
languages:
  es: {speak: espeak}
pairs:
  - from: en
    to: es
    render: model
    glossaries: [terms.yaml]
    register: formal
    guard: false  # what the scripted model says is no rendition
summarize: model
"""
TERMS_YAML = """
version: 1
terms:
  - {en: engineer, es: ingeniera}
"""


def is_summary(request: Request) -> bool:
    return "notes of a live meeting" in str(request.messages[0]["content"])


def reply(request: Request) -> Reply:
    if is_summary(request):
        return Reply(text="Somebody wants an engineer.", first_byte=0.1)
    passage = str(request.messages[-1]["content"])
    return Reply(
        text=f"La ingeniera dice esto, y son {len(passage.split())} palabras.", first_byte=0.1
    )


async def test_a_language_model_renders_with_the_glossary_in_its_prompt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with OpenAI(reply) as server:
        pairs, engines = tmp_path / "language_pairs.yaml", tmp_path / "engines.yaml"
        engines.write_text(ENGINES_YAML.format(url=server.base_url, key=KEY))
        pairs.write_text(PAIRS_YAML)
        (tmp_path / "terms.yaml").write_text(TERMS_YAML)
        monkeypatch.setenv(PAIRS, str(pairs))
        monkeypatch.setenv(ENGINES, str(engines))
        monkeypatch.setenv(KEY, server.key)
        wanted = order(
            file=speech("call_en_T02"),  # twice: enough is said for a summary
            to="es",
            out=tmp_path / "out",
            spoken="en",
            speakers=[f"Ada={speech('call_en_T02')}@15"],
            room=None,
            loaded=settings.load(pairs, engines),
        )
        result = await interpret(wanted)
    figures = result["languages"]["es"]
    assert result["failures"] == []
    assert figures["spoken"] == figures["segments"] >= 3
    assert figures["term_total"] == figures["term_hits"] >= 1
    prompts = [str(request.messages[0]["content"]) for request in server.requests]
    assert any('"engineer" is "ingeniera"' in prompt for prompt in prompts)
    assert any("Address people formally" in prompt for prompt in prompts)
    summed_up = [str(one.messages[1]["content"]) for one in server.requests if is_summary(one)]
    assert summed_up
    assert all(set(json.loads(line)) == {"speaker", "said"} for line in summed_up[0].splitlines())
    lines = (wanted.out / "captions.jsonl").read_text(encoding="utf-8").splitlines()
    spanish = [one for one in map(json.loads, lines) if one["language"] == "es"]
    finals = [one["text"] for one in spanish if one["final"]]
    assert all(text.startswith("La ingeniera dice esto,") for text in finals)
    assert any(one["kind"] == "tail" and one["text"] for one in spanish), "it was not streamed"
    everything = "".join(path.read_text(errors="ignore") for path in wanted.out.glob("*.json*"))
    assert server.key not in everything
