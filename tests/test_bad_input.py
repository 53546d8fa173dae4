"""The command line with what cannot be used: says what to do, ends at once, starts nothing."""

import shutil
import wave
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.rooms.rooms import ROOT, command, environment, free_port, naming
from translator.__main__ import main
from translator.agent import ENGINES as ENGINES_PATH
from translator.agent import PAIRS as PAIRS_PATH
from translator.server import LiveKitServer

pytestmark = pytest.mark.engine

PAIRS = """
version: 1
hear: {hear}
spoken: [{spoken}]
languages:
  es: {{speak: espeak}}
  it: {{speak: espeak}}
pairs:
  - {{from: "*", to: "*", render: {render}}}
"""
ENGINES = """
version: 1
engines:
  whisper: {plugin: whisper}
  apertium: {plugin: apertium}
  espeak: {plugin: espeak}
  gpt: {plugin: openai, model: gpt-5, key: A_KEY_THAT_IS_NOT_SET}
"""


Refused = Callable[..., str]


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refused:
    """Runs `translator ARGUMENTS`, which must be refused; gives what is said about it."""

    def run(*arguments: str | Path) -> str:
        assert main([str(one) for one in arguments]) == 2
        return capsys.readouterr().err

    return run


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSLATOR_RUNTIME", str(tmp_path / "run"))
    monkeypatch.chdir(ROOT)


def sound(path: Path, samples: bytes) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples)
    return path


@pytest.fixture
def beep(tmp_path: Path) -> Path:
    """A recording that is not silent."""
    return sound(tmp_path / "beep.wav", b"\x00\x10\x00\xf0" * 4000)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of the test's own: engines.yaml, and language_pairs.yaml from `write_pairs`."""
    (tmp_path / "engines.yaml").write_text(ENGINES, encoding="utf-8")
    monkeypatch.setenv(PAIRS_PATH, str(tmp_path / "language_pairs.yaml"))
    monkeypatch.setenv(ENGINES_PATH, str(tmp_path / "engines.yaml"))


def write_pairs(
    tmp_path: Path, *, hear: str = "whisper", spoken: str = "en", render: str = "apertium"
) -> None:
    text = PAIRS.format(hear=hear, spoken=spoken, render=render)
    (tmp_path / "language_pairs.yaml").write_text(text, encoding="utf-8")


# --- recordings -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("missing.wav", None, "there is no such file"),
        ("empty.wav", b"", "no recording that can be read"),
        ("text.wav", b"Good morning, everybody.\n", "no recording that can be read"),
    ],
)
def test_a_file_that_is_no_recording(
    name: str, content: bytes | None, told: str, refused: Refused, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    errors = refused("interpret", path, "--to", "es", "--out", tmp_path / "out")
    assert errors.startswith(f"translator: {path}: ")
    assert told in errors
    assert not (tmp_path / "out").exists()


def test_a_recording_without_samples(refused: Refused, tmp_path: Path) -> None:
    path = sound(tmp_path / "none.wav", b"")
    errors = refused("interpret", path, "--to", "es", "--out", tmp_path / "out")
    assert f"{path}: the recording is empty" in errors


def test_a_silent_recording(refused: Refused, tmp_path: Path) -> None:
    path = sound(tmp_path / "silent.wav", bytes(64_000))
    errors = refused("interpret", path, "--to", "es", "--out", tmp_path / "out")
    assert f"{path}: the recording is silent; is it the right file?" in errors


def test_a_folder_instead_of_a_recording(refused: Refused, tmp_path: Path) -> None:
    errors = refused("interpret", tmp_path, "--to", "es", "--out", tmp_path / "out")
    assert "this is a folder; name a recording in it" in errors


# --- arguments --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--to", "zz"), "'zz' is no language code; use BCP-47, such as en, es or pt-BR"),
        (("--to", "es,ja"), "'ja' is not in language_pairs.yaml, which has: en, es, fr"),
        (("--to", ","), "--to names no language; give some of: en, es, fr"),
        (("--to", "es", "--from", "ja"), "`spoken` in language_pairs.yaml has: en, es, fr"),
        (("--to", "es", "--speaker", "Ana"), "expected NAME=FILE@START, such as Ana=ana.wav@2.5"),
        (("--to", "es", "--speaker", "Ana=beep.wav@soon"), "expected NAME=FILE@START"),
        (("--to", "es", "--speaker", "Ana=beep.wav@inf"), "expected NAME=FILE@START"),
        (("--to", "es", "--speaker", "Ana=gone.wav@2"), "gone.wav: there is no such file"),
    ],
)
def test_an_argument_that_cannot_be_used(
    arguments: tuple[str, ...], told: str, refused: Refused, beep: Path, tmp_path: Path
) -> None:
    assert told in refused("interpret", beep, *arguments, "--out", tmp_path / "out")


@pytest.mark.parametrize("out", ["beep.wav", "beep.wav/out"])
def test_a_folder_that_cannot_be_made(
    out: str, refused: Refused, beep: Path, tmp_path: Path
) -> None:
    path = tmp_path / out
    errors = refused("interpret", beep, "--to", "es", "--out", path)
    assert f"--out {path}: this folder cannot be made" in errors


# --- settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["language_pairs.yaml", "engines.yaml"])
@pytest.mark.parametrize("verb", ["interpret", "check", "worker"])
def test_settings_that_are_missing_are_named(
    name: str, verb: str, refused: Refused, settings: None, beep: Path, tmp_path: Path
) -> None:
    write_pairs(tmp_path)
    (tmp_path / name).unlink()
    rest = (beep, "--to", "es", "--out", tmp_path / "out") if verb == "interpret" else ()
    assert f"{tmp_path / name}: is missing" in refused(verb, *rest)


@pytest.mark.parametrize("name", ["language_pairs.yaml", "engines.yaml"])
@pytest.mark.parametrize("text", ["version: [", "version: 2", "just words", "\x00"])
def test_settings_that_are_broken_are_named(
    name: str, text: str, refused: Refused, settings: None, tmp_path: Path
) -> None:
    write_pairs(tmp_path)
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert str(tmp_path / name) in refused("check")


def test_a_pair_that_no_engine_reaches_is_found_by_check(
    refused: Refused, settings: None, tmp_path: Path
) -> None:
    write_pairs(tmp_path, spoken="en, de")
    errors = refused("check")
    assert "de -> it by apertium: Apertium cannot render de as it" in errors
    assert "take another engine for this pair" in errors
    assert "en -> it" not in errors


def test_a_pair_that_no_engine_reaches_stops_interpret_before_anything_starts(
    refused: Refused, settings: None, beep: Path, tmp_path: Path
) -> None:
    write_pairs(tmp_path, spoken="en, de")
    wanted = (beep, "--to", "it", "--out", tmp_path / "out")
    errors = refused("interpret", *wanted, "--from", "de")
    assert "de -> it by apertium" in errors
    assert not (tmp_path / "out").exists()
    assert "de -> it by apertium" in refused("interpret", *wanted)


def test_a_language_that_no_line_leads_to_is_named(
    refused: Refused, settings: None, tmp_path: Path
) -> None:
    write_pairs(tmp_path)
    path = tmp_path / "language_pairs.yaml"
    path.write_text(path.read_text().replace('to: "*"', "to: es"))
    errors = refused("check")
    assert "en -> it: no line of `pairs` fits; add one" in errors


def test_a_key_that_is_not_set_is_named(refused: Refused, settings: None, tmp_path: Path) -> None:
    write_pairs(tmp_path, render="gpt")
    errors = refused("check")
    assert f"{tmp_path / 'engines.yaml'}:7: engines.gpt: needs a key" in errors
    assert "export A_KEY_THAT_IS_NOT_SET" in errors


def test_an_option_that_is_wrong_is_found_in_its_line(
    refused: Refused, settings: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY_THAT_IS_NOT_SET", "set-for-once")
    path = tmp_path / "engines.yaml"
    one = "key: A_KEY_THAT_IS_NOT_SET"
    path.write_text(path.read_text().replace(one, f"{one}, options: {{\n    temperature: hot}}"))
    write_pairs(tmp_path, render="gpt")
    told = f"{path}:8: engines.gpt.options.temperature: must be a number"
    assert told in refused("check")


def test_an_engine_that_cannot_do_it_is_named(
    refused: Refused, settings: None, tmp_path: Path
) -> None:
    write_pairs(tmp_path, hear="espeak")
    assert "hear: espeak cannot hear" in refused("check")


# --- services ---------------------------------------------------------------------------------


async def unserved(*arguments: str | Path, environ: Mapping[str, str], folder: Path = ROOT) -> str:
    """What the command says when a program that it needs is not there, or refuses."""
    async with command(*arguments, environ=environ, folder=folder) as one:
        assert await one.end(within=45.0) == 1
        assert one.started() == []
    assert "Traceback" not in one.errors
    return one.errors


async def test_no_livekit_server(beep: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"  # beside it, `make setup` has built none
    shutil.copytree(ROOT / "translator", copy / "translator")
    environ = environment(
        PATH=str(tmp_path),
        TRANSLATOR_PAIRS=str(ROOT / "language_pairs.yaml"),
        TRANSLATOR_ENGINES=str(ROOT / "engines.yaml"),
    )
    wanted = (beep, "--to", "es", "--out", tmp_path / "out")
    errors = await unserved("interpret", *wanted, environ=environ, folder=copy)
    assert "run `make setup`, put one on PATH, or set LIVEKIT_URL" in errors


@pytest.mark.parametrize("verb", ["interpret", "worker"])
async def test_a_url_where_nobody_answers(verb: str, beep: Path, tmp_path: Path) -> None:
    url = f"ws://127.0.0.1:{free_port()}"
    environ = environment(LIVEKIT_URL=url, LIVEKIT_API_KEY="key", LIVEKIT_API_SECRET="s" * 32)
    rest = (beep, "--to", "es", "--out", tmp_path / "out") if verb == "interpret" else ()
    errors = await unserved(verb, *rest, environ=environ)
    assert f"translator: no livekit-server answers at {url}" in errors
    assert "s" * 32 not in errors


@pytest.mark.parametrize("verb", ["interpret", "worker"])
@pytest.mark.parametrize("wrong", ["LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"])
async def test_a_wrong_key(verb: str, wrong: str, beep: Path, tmp_path: Path) -> None:
    async with LiveKitServer.running(environ=environment()) as server:
        environ = environment(**naming(server.access) | {wrong: "w" * 40})
        rest = (beep, "--to", "es", "--out", tmp_path / "out") if verb == "interpret" else ()
        errors = await unserved(verb, *rest, environ=environ)
    assert f"translator: {server.url} refuses the key" in errors
    assert "check LIVEKIT_API_KEY and LIVEKIT_API_SECRET" in errors
    assert "w" * 40 not in errors


async def test_a_worker_without_an_address() -> None:
    errors = await unserved("worker", environ=environment(LIVEKIT_API_KEY="key"))
    assert "set LIVEKIT_URL, LIVEKIT_API_SECRET to where livekit-server is" in errors
