"""What a meeting would cost, and what `translator cost` prints of it."""

import re
from pathlib import Path

import pytest

from tests.priced import priced_settings as settings
from translator.__main__ import main
from translator.agent import ENGINES, PAIRS
from translator.cost.estimate import Plan, assumed, end_to_end, estimate, total, unpriced
from translator.engines.plugins import HELD
from translator.settings import Engine, Language

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[1]
HOUR = Plan(minutes=60, speakers=3, languages=["fr", "de"])
SPOKEN = 60 * assumed("speech")


def test_each_floor_is_paid_for_once_and_each_language_by_itself() -> None:
    lines = estimate(settings(summarize="model"), HOUR)
    assert [(line.stage, line.engine, line.language) for line in lines] == [
        ("hear", "ear", None),
        ("render", "model", "fr"),
        ("speak", "voice", "fr"),
        ("render", "model", "de"),
        ("speak", "voice", "de"),
        ("summarize", "model", None),
    ]
    ear, render, voice = lines[:3]
    kept = assumed("turns") * assumed("kept") / 60
    assert ear.cost == pytest.approx(SPOKEN / 60 * (assumed("heard") + kept))
    characters = SPOKEN * assumed("characters") * assumed("expansion")
    assert voice.cost == pytest.approx(characters * 50 / 1e6)
    assert render.amounts["input_tokens"] > SPOKEN * assumed("segments") * assumed("prompt")
    assert total(lines) == pytest.approx(sum(line.cost or 0 for line in lines))


@pytest.mark.parametrize(
    ("speakers", "seconds"),
    [
        (3, 60 * SPOKEN * assumed("heard") + SPOKEN * assumed("turns") * HELD["assemblyai"]),
        (1, 3600),
    ],
)
def test_an_ear_that_is_paid_by_its_connection_is_kept_behind_turns(
    speakers: int, seconds: float
) -> None:
    ear, *_ = estimate(settings(), Plan(minutes=60, speakers=speakers, languages=["fr"]))
    assert ear.amounts["session_seconds"] == pytest.approx(seconds)
    assert ear.amounts["audio_seconds"] == pytest.approx(60 * SPOKEN * assumed("heard"))


def test_listeners_cost_nothing_and_speakers_no_more_than_what_they_say() -> None:
    many = Plan(minutes=60, speakers=30, languages=["fr", "de"])
    assert total(estimate(settings(), many)) == total(estimate(settings(), HOUR))


def test_a_language_with_captions_only_has_no_voice_to_pay_for() -> None:
    mute = {code: Language() for code in HOUR.languages}
    silent = settings().model_copy(update={"languages": mute})
    assert "speak" not in {line.stage for line in estimate(silent, HOUR)}


def test_a_language_with_captions_only_has_no_model_to_pay_for() -> None:
    mute = {code: Language() for code in HOUR.languages}
    silent = settings(end_to_end="unknown").model_copy(update={"languages": mute})
    assert [line.stage for line in estimate(silent, HOUR)] == ["hear", "render", "render"]


def test_what_everybody_understands_as_it_is_said_is_not_rendered() -> None:
    british = settings(languages=("en", "fr")).model_copy(update={"spoken": ("en-GB",)})
    lines = estimate(british, Plan(minutes=60, speakers=3, languages=["en", "fr"]))
    assert [(line.stage, line.language) for line in lines] == [
        ("hear", None),
        ("render", "fr"),
        ("speak", "fr"),
    ]


def test_what_is_unknown_is_named_and_not_free() -> None:
    lines = estimate(settings(render=("unknown",)), HOUR)
    assert unpriced(lines) == ["unknown"]
    assert total(lines) > 0


def test_what_is_built_in_is_free() -> None:
    free = settings(hear=("whisper",), render=("apertium",), speak=("espeak",))
    lines = estimate(free, HOUR)
    assert total(lines) == 0
    assert unpriced(lines) == []


def test_an_end_to_end_model_hears_everything_once_for_each_language() -> None:
    price = {"audio_input_tokens": 32, "audio_output_tokens": 64}
    model = Engine.model_validate({"plugin": "openai", "price": price})
    one = settings(languages=("fr", "de"))
    one = one.model_copy(update={"engines": {**one.engines, "realtime": model}})
    lines = end_to_end(one, "realtime", HOUR)
    assert [line.language for line in lines] == ["fr", "de"]
    each = SPOKEN * (32 * assumed("audio_in") + 64 * assumed("audio_out")) / 1e6
    assert total(lines) == pytest.approx(2 * each)
    paired = one.model_copy(
        update={"pairs": [pair.model_copy(update={"end_to_end": "realtime"}) for pair in one.pairs]}
    )
    assert [line.stage for line in estimate(paired, HOUR)] == ["hear", "interpret", "interpret"]


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PAIRS, str(ROOT / "language_pairs.yaml"))
    monkeypatch.setenv(ENGINES, str(ROOT / "engines.yaml"))
    monkeypatch.delenv("TRANSLATOR_SET", raising=False)


@pytest.mark.usefixtures("shipped")
def test_the_command_compares_the_sets_and_needs_no_key(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = "cost --minutes 60 --speakers 3 --languages es,fr,de --listeners 20"
    assert main(asked.split()) == 0
    printed = capsys.readouterr().out
    assert "60 minutes, 3 speakers, heard in es, fr, de; in USD" in printed
    rows = {line.split("  ")[0]: line.split() for line in printed.splitlines() if line}
    assert rows["embedded"][1:] == ["0.00", "0.0000", "0.0000", "0.0000"]
    altogether, minute, each_language, each_listener = map(float, rows["cloud"][1:])
    assert altogether == pytest.approx(60 * minute, rel=0.01)
    assert minute == pytest.approx(3 * each_language, rel=0.01)
    assert altogether == pytest.approx(20 * each_listener, rel=0.01)
    assert 0.5 < altogether < 50
    for expected in ("elevenlabs", "3 x 3 = 9 sessions", "0.05 to 0.18 USD", "de is not in"):
        assert expected in printed
    assert "measured: bench.endurance" in printed


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize(
    "wrong",
    ["--minutes 0", "--minutes nan", "--speakers 0", "--languages spanish", "--languages ,"],
)
def test_what_cannot_be_reckoned_is_said(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", *wrong.split()]) == 2
    assert wrong.split()[0] in capsys.readouterr().err


@pytest.mark.usefixtures("shipped")
def test_a_row_of_the_table_shows_what_is_paid_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRANSLATOR_SET", "cloud")
    assert main(["cost", "--minutes", "60", "--speakers", "3", "--languages", "es"]) == 0
    printed = capsys.readouterr().out
    (row,) = [line for line in printed.splitlines() if line.startswith("assemblyai")]
    engine, stage, sent, cost = re.split(" {2,}", row.strip())
    assert (engine, stage) == ("assemblyai", "hear")
    minutes, unit = sent.split(" ", 1)
    assert unit == "minutes connected"
    assert float(cost) == pytest.approx(float(minutes) / 60 * 0.45, abs=0.01)


def test_the_command_takes_a_folder_and_a_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRANSLATOR_SET", "")
    monkeypatch.delenv(ENGINES, raising=False)
    assert main(["init", str(tmp_path)]) == 0
    pairs = tmp_path / "language_pairs.yaml"
    pairs.write_text(pairs.read_text("utf-8").replace("  ca: {speak: espeak}\n", ""), "utf-8")
    capsys.readouterr()
    assert main(["cost", str(tmp_path), "--engines", "cloud-azure"]) == 0
    printed = capsys.readouterr().out
    assert "heard in en, es, fr, pt, it; in USD" in printed
    assert "With cloud-azure" in printed


@pytest.mark.usefixtures("shipped")
def test_a_language_that_an_engine_does_not_reach_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    modes = frozenset({"eng-spa", "spa-eng"})
    monkeypatch.setattr("translator.engines.registry.installed_modes", lambda: modes)
    assert main(["cost", "--languages", "es,de"]) == 0
    printed = capsys.readouterr().out
    assert "With embedded nothing renders into de: " in printed
    assert "With cloud nothing" not in printed
