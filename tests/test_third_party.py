"""Engines of others: a plugin by its name alone, and the one that the guide has for an example."""

import sys
from contextlib import aclosing
from math import inf
from pathlib import Path
from typing import Any

import pytest
from livekit.agents import Plugin

from tests.fakes import segment
from tests.vendors.calls import speech
from translator.engines.registry import Engines
from translator.errors import SettingsError
from translator.render import Renderer
from translator.settings import Engine
from translator.types import Brief, Prior

pytestmark = pytest.mark.vendor


@pytest.fixture
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engines:
    """As if its package were installed: its folder lies where Python looks for packages."""
    folder = tmp_path / "livekit" / "plugins" / "parrot"
    folder.mkdir(parents=True)
    source = Path(__file__).parent / "data" / "parrot.txt"
    (folder / "__init__.py").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "livekit.plugins.parrot", raising=False)
    monkeypatch.setattr(Plugin, "registered_plugins", list(Plugin.registered_plugins))
    monkeypatch.setenv("PARROT_KEY", "seeds")
    return Engines(
        {
            "parrot": Engine(plugin="parrot", key="PARROT_KEY"),
            "loud": Engine(plugin="parrot", key="PARROT_KEY", options={"shout": True}),
            "wrong": Engine(plugin="parrot", key="PARROT_KEY", options={"shuot": True}),
        }
    )


async def test_it_hears(engines: Engines) -> None:
    hearing = engines.ear("parrot").listen(speech(1.0, haste=inf), Prior(languages=["es"]))
    async with aclosing(hearing) as hypotheses:
        heard = [(one.text, one.language, one.final) async for one in hypotheses]
    assert heard == [("polly", "es", True)]


@pytest.mark.parametrize(("name", "said"), [("parrot", "loro"), ("loud", "LORO")])
async def test_it_renders(engines: Engines, name: str, said: str) -> None:
    rendering = engines.renderer(name).render(Brief(segment=segment(text="polly"), target="es"))
    async with aclosing(rendering) as pieces:
        assert "".join([piece async for piece in pieces]) == said


async def test_it_speaks(engines: Engines) -> None:
    saying = engines.voice("parrot").say("loro", language="es", voice="paco", pace=1.0)
    async with aclosing(saying) as frames:
        assert sum([frame.duration async for frame in frames]) == pytest.approx(0.2, abs=0.02)


def test_its_options_are_checked_against_its_signature(engines: Engines) -> None:
    with pytest.raises(SettingsError, match=r"options\.shuot: unknown; did you mean 'shout'"):
        engines.renderer("wrong")


async def test_the_guides_example_renders() -> None:
    guide = (Path(__file__).parents[1] / "docs" / "engines.md").read_text(encoding="utf-8")
    module: dict[str, Any] = {}
    exec(guide.split("```python\n")[1].split("```")[0], module)
    renderer: Renderer = module["PirateRenderer"]()
    rendering = renderer.render(Brief(segment=segment(text="polly"), target="en"))
    async with aclosing(rendering) as pieces:
        assert "".join([piece async for piece in pieces]) == "polly, arr!"
