"""A run over a manifest: what is done is kept, what is broken is reported, the rest goes on."""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from translator import agent
from translator.__main__ import main
from translator.errors import ServiceError
from translator.evaluation import manifest, run
from translator.evaluation.manifest import Entry, Sentence
from translator.evaluation.offline import Transcribed
from translator.evaluation.run import AS_CONFIGURED, Plan, Result, Task, evaluate
from translator.rehearsal.order import Order
from translator.rehearsal.recording import SAMPLE_RATE, write
from translator.types import Word

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[1]


class ScriptedTranscriber:
    """Hears the same in every recording."""

    def __init__(self, model: str) -> None:
        self.model = model

    async def transcribe(self, path: Path, languages: Sequence[str]) -> Transcribed:
        return Transcribed(
            text="Good morning.",
            words=(
                Word(text="Good", start=0.1, end=0.3),
                Word(text="morning.", start=0.3, end=0.8),
            ),
        )

    async def align(
        self, path: Path, sentences: Sequence[Sentence], language: str
    ) -> tuple[Word, ...]:
        return ()


class Line:
    """A line that takes no time; `broken` recordings end it."""

    def __init__(self, *broken: str) -> None:
        self.broken = broken
        self.heard = ["s1"]
        self.played: list[str] = []
        self.presets: list[str] = []

    async def interpret(self, order: Order) -> Mapping[str, Any]:
        name = order.talks[0].path.stem
        self.played.append(name)
        self.presets.append(run.configured_languages()[-1])
        if name in self.broken:
            raise ServiceError("the worker's job ended")
        order.out.mkdir(parents=True, exist_ok=True)
        said = {
            "kind": "segment", "segment_id": "s1", "origin": "source", "speaker": "p",
            "language": "en", "text": "Good morning.", "start": 0.1, "received_at": 1.0,
        }  # fmt: skip
        lines = [
            said,
            {**said, "origin": "rendition", "language": "es", "text": "Buenos días."},
        ]
        (order.out / "captions.jsonl").write_text("\n".join(map(json.dumps, lines)))
        span = {"onset": 2.1, "evs": 2.0, "source_start": 0.1, "source_end": 0.8}
        figures = {
            "segments": 1, "spoken": 1, "evs_p50": 2.0, "evs_p90": 2.0, "evs_p99": 2.0,
            "first_audio": 2.1, "end_lag": 1.0, "lag_slope": None, "backlog_max": 0.0,
            "pace_max": 1.0, "coverage": 1.0, "term_hits": 0, "term_total": 0,
            "renditions": [
                {**span, "segment_id": one} for one in self.heard
            ],
        }  # fmt: skip
        return {
            "seconds": order.seconds,
            "languages": dict.fromkeys(order.targets, figures),
            "failures": [],
            "cores": {},
            "memory_mb": {},
        }


@asynccontextmanager
async def nothing() -> AsyncGenerator[None, None]:
    yield


@pytest.fixture(autouse=True)
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    """No room and no whisper; the settings are the project's own."""
    one = Line()
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(run, "interpret", one.interpret)
    monkeypatch.setattr(run, "running", nothing)
    monkeypatch.setattr(run, "Transcriber", ScriptedTranscriber)
    monkeypatch.setattr(run, "rendered", rendered)
    return one


async def rendered(text: str, source: str, target: str, **_: object) -> str:
    return "Buenos días."


@pytest.fixture
def recordings(tmp_path: Path) -> list[Entry]:
    """Three seconds of noise, three times."""
    noise = np.random.default_rng(1).integers(-9000, 9000, SAMPLE_RATE).astype(np.int16)
    listed = []
    for name in "abc":
        write(tmp_path / f"{name}.wav", noise, SAMPLE_RATE)
        listed.append(
            {
                "id": name,
                "file": f"{name}.wav",
                "language": "en",
                "transcript": "Good morning!",
                "references": {"es": "Buenos días."},
            }
        )
    (tmp_path / "manifest.json").write_text(json.dumps(listed), encoding="utf-8")
    return manifest.read(tmp_path / "manifest.json")


Told = list[tuple[str, str]]


async def evaluated(plan: Plan) -> tuple[list[Result], Told]:
    told: Told = []

    def say(task: Task, state: str, result: Result | None) -> None:
        told.append((task.entry.id, state))

    return await evaluate(plan, say), told


async def test_what_is_done_is_kept(recordings: list[Entry], tmp_path: Path, line: Line) -> None:
    out = tmp_path / "out"
    await evaluated(Plan(entries=recordings[:2], out=out))
    results, told = await evaluated(Plan(entries=recordings, out=out))
    assert told == [("a", "kept"), ("b", "kept"), ("c", "runs"), ("c", "done")]
    assert line.played == ["a", "b", "c"]
    assert [one["id"] for one in results] == ["a", "b", "c"]
    assert results[0]["speech"]["errors"] == {"wrong": 0, "words": 2}
    assert results[0]["languages"]["es"]["chrf"] == 100.0


async def test_a_segment_that_is_heard_twice_is_seen(
    recordings: list[Entry], tmp_path: Path, line: Line
) -> None:
    plan = Plan(entries=recordings[:1], out=tmp_path / "out", again=True)
    (good,), _ = await evaluated(plan)
    line.heard = ["s1", "s1"]
    (bad,), _ = await evaluated(plan)
    assert (good["reading"]["in_order"], bad["reading"]["in_order"]) == (True, False)


async def test_a_recording_that_changed_is_done_again(
    recordings: list[Entry], tmp_path: Path, line: Line
) -> None:
    plan = Plan(entries=recordings[:1], out=tmp_path / "out")
    await evaluated(plan)
    with recordings[0].file.open("ab") as file:
        file.write(b"\0\0")
    await evaluated(plan)
    assert line.played == ["a", "a"]


async def test_what_is_done_is_done_again_where_asked(
    recordings: list[Entry], tmp_path: Path, line: Line
) -> None:
    for again in (False, True):
        await evaluated(Plan(entries=recordings[:1], out=tmp_path / "out", again=again))
    assert line.played == ["a", "a"]


async def test_a_run_that_failed_leaves_no_earlier_result(
    recordings: list[Entry], tmp_path: Path, line: Line
) -> None:
    out = tmp_path / "out"
    await evaluated(Plan(entries=recordings[:1], out=out))
    line.broken = ("a",)
    await evaluated(Plan(entries=recordings[:1], out=out, again=True))
    line.broken = ()
    await evaluated(Plan(entries=recordings[:1], out=out))
    assert line.played == ["a", "a", "a"]


async def test_a_result_that_was_cut_off_counts_for_nothing(
    recordings: list[Entry], tmp_path: Path, line: Line
) -> None:
    plan = Plan(entries=recordings[:1], out=tmp_path / "out")
    await evaluated(plan)
    path = plan.out / "configured" / "a" / "result.json"
    path.write_text(path.read_text(encoding="utf-8")[:100], encoding="utf-8")
    await evaluated(plan)
    assert line.played == ["a", "a"]


async def test_a_broken_recording_is_reported_and_the_rest_goes_on(
    recordings: list[Entry], tmp_path: Path, line: Line
) -> None:
    line.broken = ("b",)
    recordings[0].file.write_bytes(b"no sound")
    plan = Plan(entries=recordings, out=tmp_path / "out")
    results, told = await evaluated(plan)
    assert [state for _, state in told if state != "runs"] == ["failed", "failed", "done"]
    assert "no recording" in results[0]["error"]
    assert results[1]["error"] == "the worker's job ended"
    line.broken = ()
    _, told = await evaluated(plan)  # what failed is tried again
    assert ("b", "done") in told


async def test_each_preset_is_run_with_settings_of_its_own(
    recordings: list[Entry], tmp_path: Path, line: Line
) -> None:
    presets = ("fast", "careful")
    plan = Plan(entries=recordings[:1], out=tmp_path / "out", presets=presets)
    results, _ = await evaluated(plan)
    assert [one["preset"] for one in results] == ["fast", "careful"]
    assert results[0]["key"] != results[1]["key"]
    with run.configured(("en",), "fast") as loaded:
        assert loaded.segments.preset == "fast"


def test_terms_of_an_evaluation_come_before_those_of_the_pairs(tmp_path: Path) -> None:
    glossary = tmp_path / "more.yaml"
    glossary.write_text("version: 1\nterms: [{en: committee, es: comité}, {en: floor, es: turno}]")
    with run.configured((), AS_CONFIGURED, glossary) as loaded:
        found = loaded.glossary("en", "es").terms("The committee has the floor.", "en", "es")
        assert [one.target for one in found] == ["comité", "turno"]
        assert loaded.glossary("en", "es").terms("agenda", "en", "es")  # the pair's own


def test_norwegian_is_spoken_under_a_preset_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = tmp_path / "language_pairs.yaml"
    pairs.write_text("version: 1\nhear: whisper\nspoken: [en, no]\nlanguages: {en: , no: }\n")
    monkeypatch.setenv(agent.PAIRS, str(pairs))
    with run.configured((), "careful") as loaded:
        assert loaded.spoken == ("en", "no")


async def test_a_language_that_the_settings_lack_is_heard_all_the_same(
    recordings: list[Entry], tmp_path: Path, line: Line
) -> None:
    german = recordings[0].model_copy(update={"language": "de"})
    results, _ = await evaluated(Plan(entries=[german], out=tmp_path / "out"))
    assert line.presets == ["de"]
    assert list(results[0]["languages"]) == ["de"]  # nothing renders it


def test_the_command_writes_a_page_and_judges(
    recordings: list[Entry],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ["eval", str(tmp_path / "manifest.json"), "--out", str(tmp_path / "out")]
    limits = tmp_path / "gate.yaml"
    limits.write_text("version: 1\nwhole: {evs_p50: {at_most: 2.5}, term_accuracy: {at_least: 1}}")
    assert main([*given, "--gate", str(limits)]) == 0
    said = capsys.readouterr().out
    assert "EVS p50 s | 2.00 |" in said
    assert "1 of 2 limits kept; not to be told from these recordings: term_accuracy" in said
    assert (tmp_path / "out" / "index.html").exists()
    limits.write_text("version: 1\nwhole: {evs_p50: {at_most: 1.5}}")
    again = ["eval", "--out", str(tmp_path / "out"), "--gate", str(limits)]
    kept = tmp_path / "out" / "results.json"
    content = json.loads(kept.read_text(encoding="utf-8"))
    content["method"]["machine"] = "another"
    kept.write_text(json.dumps(content), encoding="utf-8")
    assert main([*again, "--compare", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().out
    assert "BELOW  evs_p50" in said
    assert "out, configured | now, configured" in said
    assert "3 recordings in common" in said
    assert json.loads(kept.read_text(encoding="utf-8"))["method"]["machine"] == "another"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--gate", "none.yaml"], "none.yaml: is missing"),
        (["--compare", "nowhere"], "--compare nowhere: no run was made there"),
        (["--preset", "fats"], "did you mean 'fast'"),
        (["--glossary", "no.yaml"], "no.yaml: is missing"),
        (["--to", "xh"], "--to xh: language_pairs.yaml has en"),
        (["--out", "gate.yaml"], "gate.yaml cannot be made"),
    ],
)
def test_what_is_wrong_is_told_before_anything_runs(
    recordings: list[Entry],
    tmp_path: Path,
    line: Line,
    capsys: pytest.CaptureFixture[str],
    wrong: list[str],
    said: str,
) -> None:
    given = ["eval", str(tmp_path / "manifest.json"), "--out", str(tmp_path / "out")]
    assert main([*given, *wrong]) == 2
    assert said in capsys.readouterr().err
    assert line.played == []


def test_a_run_of_another_version_is_not_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "results.json").write_text('{"presets": {}}')
    assert main(["eval", "--out", str(tmp_path)]) == 2
    assert "another version" in capsys.readouterr().err


def test_the_command_says_what_it_cannot_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", "--out", str(tmp_path)]) == 2
    assert main(["eval", str(tmp_path / "none.json")]) == 2
    said = capsys.readouterr().err
    assert "no run was made there" in said
    assert "cannot be read" in said
