"""Look-ups are those that the files name, and what is wrong with them is told."""

from pathlib import Path

import pytest

from tests.sources import ScriptedSource
from translator.commands.check import check
from translator.errors import SettingsError
from translator.lookups import Source, sources
from translator.settings import Settings, ToolServer, diff, load

pytestmark = pytest.mark.unit


class Folder:
    """Both files of a meeting."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self, more: str = "", *, tools: str = "", number: int = 1) -> Settings:
        (self.path / "engines.yaml").write_text(
            f"version: 1\nengines: {{ear: {{plugin: openai, key: EAR_KEY}}}}\n{tools}"
        )
        (self.path / "language_pairs.yaml").write_text(
            f"version: 1\nhear: ear\nspoken: [en]\nlanguages: {{en: }}\nsummarize: ear\n{more}"
        )
        return load(self.path / "language_pairs.yaml", self.path / "engines.yaml", number=number)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "agenda.md").write_text("Noor reports.")
    return Folder(tmp_path)


TOOLS = """
tools:
  terms-db: {mcp: "http://127.0.0.1:9/mcp", key: TERMS_KEY, allow: [search_terms]}
"""
SERVER = ToolServer(mcp="http://127.0.0.1:9/mcp", key="TERMS_KEY", allow=("search_terms",))


def test_nothing_is_looked_up_unless_the_organizer_names_it(folder: Folder) -> None:
    settings = folder.load(tools=TOOLS)
    assert settings.tools == {"terms-db": SERVER}
    assert sources(settings, lambda *_: ScriptedSource()) == {}


def test_what_the_organizer_names_is_looked_up(folder: Folder) -> None:
    settings = folder.load("lookups: [glossary, agenda, terms-db]\nagenda: agenda.md", tools=TOOLS)
    made: list[tuple[str, ToolServer]] = []

    def server(name: str, one: ToolServer) -> Source:
        made.append((name, one))
        return ScriptedSource()

    assert list(sources(settings, server)) == ["glossary", "agenda", "terms-db"]
    assert made == [("terms-db", SERVER)]
    assert settings.agenda_text == "Noor reports."


def test_a_server_without_its_key_is_left_out(folder: Folder) -> None:
    settings = folder.load("lookups: [glossary, terms-db]", tools=TOOLS)

    def server(name: str, one: ToolServer) -> Source:
        raise SettingsError("needs a key")

    assert list(sources(settings, server)) == ["glossary"]


@pytest.mark.parametrize(
    ("more", "tools", "wrong"),
    [
        ("lookups: [terms]", TOOLS, "unknown look-up 'terms'; did you mean 'terms-db'?"),
        ("lookups: [agenda]", "", "name its file with `agenda`"),
        ("agenda: ../agenda.md", "", "lies outside the folder of the meeting"),
        ("agenda: engines.yaml", "", "must end in .md or .txt"),
        ("agenda: missing.md", "", "is missing"),
        ("agenda: large.md", "", "is larger than 64 KB"),
        ("lookups: [http://127.0.0.1/]", "", "unknown look-up"),
        ("tools: {}", "", "tools"),
        ("", "tools: {glossary: {mcp: 'http://a/mcp', allow: [x]}}", "the meeting's own"),
        ("", "tools: {db: {mcp: 'http://a/mcp', allow: []}}", "allow"),
        ("", "tools: {db: {mcp: 'http://a/mcp'}}", "allow"),
        ("", "tools: {db: {mcp: 'file:///etc', allow: [x]}}", "mcp"),
        ("", "tools: {db: {mcp: 'http://a/mcp', allow: ['*']}}", "allow"),
        ("", "tools: {db: {mcp: 'http://a/mcp', allow: [x], key: sk-123}}", "NAME"),
    ],
)
def test_a_fault_is_told_by_its_file(folder: Folder, more: str, tools: str, wrong: str) -> None:
    (folder.path / "large.md").write_text("x" * (2**16 + 1))
    with pytest.raises(SettingsError) as raised:
        folder.load(more, tools=tools)
    assert wrong in str(raised.value)
    assert "sk-123" not in str(raised.value)


def test_edits_are_told(folder: Folder) -> None:
    before = folder.load("lookups: [glossary, agenda]\nagenda: agenda.md", tools=TOOLS)
    (folder.path / "agenda.md").write_text("Ada reports.")
    after = folder.load(
        "lookups: [agenda, terms-db]\nagenda: agenda.md",
        tools=TOOLS.replace("search_terms", "search_terms, get_term"),
    )
    assert diff(before, after) == (
        "lookups: + terms-db, - glossary",
        "agenda: another text",
        "tool terms-db: other allow",
    )


# --- translator check -------------------------------------------------------------------------


def test_check_says_that_a_server_has_no_key(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TERMS_KEY", raising=False)
    folder.load("lookups: terms-db", tools=TOOLS)
    with pytest.raises(SettingsError) as raised:
        check(folder.path)
    wrong = [str(one) for one in raised.value.faults if "terms-db" in str(one)]
    assert wrong == [
        f"{folder.path}/engines.yaml:5: tools.terms-db: needs a key; run: export TERMS_KEY=..."
    ]
