"""`translator check`, `init` and `schema`, as a person types them."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from translator.__main__ import main
from translator.commands.init import STARTER
from translator.settings import load
from translator.settings.schemas import schemas
from translator.settings.sets import SET

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[1]
KEYS = ("ELEVEN_API_KEY", "OPENAI_API_KEY", "AZURE_SPEECH_KEY", "ASSEMBLYAI_API_KEY")

Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is found by chance: not beside the program, not in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("TRANSLATOR_PAIRS", "TRANSLATOR_ENGINES", *KEYS):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def modes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Apertium's, whatever this machine has."""
    pairs = ("eng-spa", "eng-cat", "spa-cat", "fra-spa", "fra-cat", "por-spa", "spa-ita")
    both = {"-".join(order) for pair in pairs for order in (pair.split("-"), pair.split("-")[::-1])}
    monkeypatch.setattr("translator.engines.registry.installed_modes", lambda: frozenset(both))


def large_meeting() -> str:
    """What the shipped file says to do for one: the end of it, with its `# ` taken away."""
    text = (ROOT / "language_pairs.yaml").read_text(encoding="utf-8")
    _, block = re.split(r"^# ==== A LARGE MEETING.*\n", text, flags=re.MULTILINE)
    _, block = block.split("every line below.\n#\n")
    return re.sub("^# ?", "", block, flags=re.MULTILINE)


# --- init ---------------------------------------------------------------------------------------


def test_init_writes_what_check_takes(tmp_path: Path, capsys: Said) -> None:
    folder = tmp_path / "new" / "meeting"
    assert main(["init", str(folder)]) == 0
    assert f"translator check {folder / 'language_pairs.yaml'}" in capsys.readouterr().out
    assert main(["check", str(folder)]) == 0
    assert "whisper" in capsys.readouterr().out


def test_init_writes_into_this_folder(tmp_path: Path) -> None:
    assert main(["init"]) == 0
    assert (tmp_path / "glossaries" / "example.yaml").is_file()


def test_init_writes_over_nothing(tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "engines.yaml").write_text("mine")
    assert main(["init"]) == 2
    assert "has engines.yaml already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["engines.yaml"]
    assert (tmp_path / "engines.yaml").read_text() == "mine"


def test_init_says_where_it_cannot_write(tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "file").write_text("")
    assert main(["init", "file"]) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("name", STARTER)
def test_the_projects_own_files_are_those_that_init_writes(name: str) -> None:
    shipped = ROOT / "translator" / "starter" / name
    assert (ROOT / name).read_bytes() == shipped.read_bytes()


# --- schema -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", schemas())
def test_the_schemas_in_the_repository_are_the_programs(name: str) -> None:
    text = (ROOT / "schemas" / name).read_text(encoding="utf-8")
    assert text == schemas()[name], "run: translator schema"


def test_schema_writes_over_old_ones(tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "engines.json").write_text("{}")
    assert main(["schema"]) == 0
    written = {path.name: path.read_text("utf-8") for path in (tmp_path / "schemas").iterdir()}
    assert written == schemas()


@pytest.mark.parametrize("name", STARTER)
def test_each_file_says_where_its_schema_is(name: str) -> None:
    first = (ROOT / name).read_text(encoding="utf-8").splitlines()[0]
    place = first.removeprefix("# yaml-language-server: $schema=")
    schema = json.loads((ROOT / name).parent.joinpath(place).read_text(encoding="utf-8"))
    assert schema["properties"]["version"]["const"] == 1


def test_every_key_is_explained_to_editors() -> None:
    for text in schemas().values():
        schema = json.loads(text)
        for node in (schema, *schema.get("$defs", {}).values()):
            for key, value in node["properties"].items():
                assert value.get("description") or "$ref" in value, key


# --- check --------------------------------------------------------------------------------------


def checked(capsys: Said, folder: Path, *, pairs: str | None = None) -> str:
    """What `check` prints of the starting set, with another language_pairs.yaml or its own."""
    main(["init", str(folder)])
    if pairs is not None:
        (folder / "language_pairs.yaml").write_text(pairs, encoding="utf-8")
    capsys.readouterr()
    assert main(["check", str(folder / "language_pairs.yaml")]) == 0
    return capsys.readouterr().out


def row(printed: str, *beginning: str) -> list[str]:
    """The cells of the only row that begins so."""
    rows = [re.split(r" {2,}", line.strip()) for line in printed.splitlines()]
    (found,) = [cells for cells in rows if tuple(cells[: len(beginning)]) == beginning]
    return found


def test_check_tells_engines_relays_and_glossaries(tmp_path: Path, capsys: Said) -> None:
    printed = checked(capsys, tmp_path)
    assert row(printed, "whisper") == ["whisper", "en, es, fr, pt, it, ca"]
    assert row(printed, "en, pt, it", "fr")[2:] == [
        "apertium",
        "apertium: es",
        "glossaries/example.yaml",
    ]
    assert row(printed, "any", "es")[2:] == ["apertium", "glossaries/example.yaml"]
    voices = "usual, usual+f5, usual+m8"
    assert row(printed, "ca", "Català") == ["ca", "Català", "espeak", voices]


def test_check_tells_the_manner_and_who_takes_no_instructions(
    tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in KEYS:
        monkeypatch.setenv(name, "a-key")
    manner = "render: [openai, apertium], register: formal, gender: feminine, "
    pairs = large_meeting().replace("render: [openai, apertium], ", manner)
    printed = checked(capsys, tmp_path, pairs=pairs)
    assert row(printed, "en", "es")[-1] == "formal, feminine (not apertium)"
    assert printed.count("formal") == 1


def test_check_tells_which_of_two_glossaries_counts(tmp_path: Path, capsys: Said) -> None:
    main(["init"])
    pairs = tmp_path / "language_pairs.yaml"
    both = "glossaries: [glossaries/example.yaml, glossaries/ours.yaml]"
    pairs.write_text(pairs.read_text().replace("glossaries: [glossaries/example.yaml]", both, 1))
    (tmp_path / "glossaries" / "ours.yaml").write_text(
        "version: 1\nterms:\n  - {en: Committee, es: comité}\n  - {en: boat, es: barco}\n"
    )
    capsys.readouterr()
    assert main(["check"]) == 0
    notes = [line for line in capsys.readouterr().out.splitlines() if line.startswith("note:")]
    assert notes == [
        "note: 'committee' (en) is 'comisión' (es) by glossaries/example.yaml,"
        " not 'comité' by glossaries/ours.yaml: the first one counts"
    ]


def test_check_tells_a_large_meeting_in_few_lines(
    tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in KEYS:
        monkeypatch.setenv(name, "a-key")
    printed = checked(capsys, tmp_path, pairs=large_meeting())
    assert row(printed, "scribe")[1] == "whisper"
    assert row(printed, "openai") == ["openai", "openai"]
    assert row(printed, "el") == ["el", "Ελληνικά", "azure", "espeak", "el-GR-AthinaNeural"]
    assert row(printed, "ja") == ["ja", "日本語", "captions only"]
    assert row(printed, "en", "es")[2:4] == ["openai", "apertium"]
    assert row(printed, "de")[4] == "EXAVITQu4vr4xnSDxMaL, JBFqnCBsd6RMkjVDRZzb and 4 more"
    assert len(printed.splitlines()) < 60


def test_the_large_meeting_has_as_many_languages_as_it_says(tmp_path: Path) -> None:
    main(["init"])
    path = tmp_path / "language_pairs.yaml"
    path.write_text(large_meeting(), encoding="utf-8")
    loaded = load(path, tmp_path / "engines.yaml")
    spoken = [one for one in loaded.languages.values() if one.spoken_by]
    assert (len(loaded.spoken), len(spoken), len(loaded.languages)) == (18, 18, 27)
    assert loaded.max_languages == 27
    assert "18 languages that are heard and spoken, and 9 more" in (
        (ROOT / "language_pairs.yaml").read_text(encoding="utf-8")
    )


def test_check_names_every_key_that_is_missing(tmp_path: Path, capsys: Said) -> None:
    main(["init"])
    (tmp_path / "language_pairs.yaml").write_text(large_meeting(), encoding="utf-8")
    assert main(["check"]) == 2
    errors = capsys.readouterr().err
    for name in ("ELEVEN_API_KEY", "OPENAI_API_KEY", "AZURE_SPEECH_KEY"):
        assert f"export {name}" in errors
    assert re.search(r"engines\.yaml:\d+: engines\.azure: needs a key", errors)
    assert "ASSEMBLYAI" not in errors


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\xff", b"[" * 5000, b"a: &a [*a]", b"version: 1", b"#" * 2_000_000, None],
)
@pytest.mark.parametrize("name", STARTER)
def test_check_never_shows_a_traceback(
    tmp_path: Path, capsys: Said, name: str, content: bytes | None
) -> None:
    main(["init"])
    path = tmp_path / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    capsys.readouterr()
    assert main(["check"]) == 2
    said = capsys.readouterr()
    assert name in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


def test_check_tells_what_an_end_to_end_model_loses_and_costs(
    tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = """
version: 1
hear: whisper
spoken: [en, es]
languages: {es: {speak: espeak}, fr: {speak: espeak}, ca: }
pairs:
  - {from: en, to: es, render: apertium, end_to_end: realtime}
  - {from: en, to: "*", render: apertium, hybrid: realtime}
  - {from: "*", to: "*", render: apertium}
"""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789")
    printed = checked(capsys, tmp_path, pairs=pairs)
    assert row(printed, "en", "es")[2:] == ["realtime (end to end)", "apertium"]
    assert row(printed, "en", "fr")[2:4] == ["realtime (hybrid)", "apertium"]
    assert row(printed, "any", "ca")[2:] == ["apertium"]
    assert "realtime (end to end) is heard for en -> es; it is read, too" in printed
    assert "realtime (hybrid) is heard for en -> fr;" in printed
    # Two of the three languages of README's table, 24.61 USD.
    assert (
        "speakers x languages, with 3 speakers 3 x 2 = 6; an hour of them costs about 16.41 USD"
        in printed
    )
    assert "sk-" not in printed
    monkeypatch.delenv("OPENAI_API_KEY")
    assert main(["check", str(tmp_path)]) == 2
    assert "engines.realtime: needs a key" in capsys.readouterr().err


WRONG_ROLES = """
version: 1
hear: espeak
spoken: [en, es]
languages:
  es: {speak: apertium}
pairs:
  - {from: "*", to: ca, render: apertium}
  - {from: "*", to: "*", render: whisper}
summarize: whisper
"""


def test_an_engine_in_a_wrong_role_is_told_where_it_is_named(tmp_path: Path, capsys: Said) -> None:
    main(["init", str(tmp_path)])
    path = tmp_path / "language_pairs.yaml"
    path.write_text(WRONG_ROLES, encoding="utf-8")
    capsys.readouterr()
    assert main(["check", str(tmp_path)]) == 2
    errors = capsys.readouterr().err
    for expected in (
        ":3: hear: espeak cannot hear; whisper can, which is built in\n",
        ":6: languages.es.speak: apertium cannot speak; espeak can, which is built in\n",
        ":9: pairs[1].render: whisper cannot render; apertium can, which is built in\n",
        ":10: summarize: whisper cannot summarize\n",
    ):
        assert f"{path}{expected}" in errors
    assert "engines.yaml" not in errors


@pytest.mark.parametrize("name", ["embedded", "mine.v2", "mine[2]"])
def test_an_engine_in_a_wrong_role_of_a_set_is_told_there(
    name: str, tmp_path: Path, capsys: Said
) -> None:
    main(["init", str(tmp_path)])
    engines = tmp_path / "engines.yaml"
    shipped, wrong = "  embedded: {hear: whisper", f'  "{name}": {{hear: espeak'
    text = engines.read_text("utf-8").replace(shipped, wrong)
    engines.write_text(text, encoding="utf-8")
    pairs = tmp_path / "language_pairs.yaml"
    pairs.write_text(pairs.read_text("utf-8") + f'\nengines: "{name}"\n', encoding="utf-8")
    capsys.readouterr()
    assert main(["check", str(tmp_path)]) == 2
    line = next(n for n, one in enumerate(text.splitlines(), 1) if f'  "{name}": {{' in one)
    assert f"{engines}:{line}: sets.{name}.hear: espeak cannot hear" in capsys.readouterr().err


def test_a_command_that_needs_a_key_tells_the_same_line_as_check(
    tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SET, "cloud")
    main(["init"])
    capsys.readouterr()
    assert main(["check"]) == 2
    by_check = capsys.readouterr().err
    assert main(["worker"]) == 2
    assert capsys.readouterr().err == by_check
    assert re.search(r"engines\.yaml:\d+: engines\.assemblyai: needs a key", by_check)


# --- what is typed wrongly ----------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["cost . --enginse cloud", "check . more", "glossary import a b"])
def test_what_a_command_does_not_know_is_told_with_its_own_usage(typed: str, capsys: Said) -> None:
    with pytest.raises(SystemExit) as ended:
        main(typed.split())
    errors = capsys.readouterr().err
    command = "glossary import" if "glossary" in typed else typed.split()[0]
    assert ended.value.code == 2
    assert errors.startswith(f"usage: translator {command} ")
    assert "there is no such argument: " in errors


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("cost --minutes abc", "--minutes: must be a number, not 'abc'"),
        ("run talk.wav --port 1.5", "--port: must be a whole number, not '1.5'"),
    ],
)
def test_what_is_no_number_is_told_plainly(typed: str, said: str, capsys: Said) -> None:
    with pytest.raises(SystemExit):
        main(typed.split())
    assert said in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_tells_how_it_is_used_as_no_shell_does() -> None:
    asked = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    done = subprocess.run(
        ["make", "-o", "setup", "interpret", "TO=es"],
        cwd=ROOT,
        env=asked | {"SPEECH": "", "OUT": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: make interpret SPEECH=FILE TO=es,fr OUT=DIR [FROM=en]")
