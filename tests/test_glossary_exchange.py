"""Glossaries go into a spreadsheet or a terminologist's tool and come back the same."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.glossaries import entry
from translator.__main__ import main
from translator.errors import InputError, SettingsError
from translator.glossary import Entry, Glossary, Name, load_glossary
from translator.glossary.exchange import exported, imported, write
from translator.glossary.tables import of_table, to_table
from translator.glossary.tbx import of_tbx, to_tbx

pytestmark = pytest.mark.unit

GLOSSARY = Glossary(
    entries=(
        Entry(
            names={
                "en": Name(term="committee", forms=("committees",)),
                "es": Name(term="comité", forms=("comités",), say=("comité", "comités")),
            }
        ),
        entry(en="point of order", es="cuestión; de, orden"),
        entry(keep="LiveKit"),
        Entry(
            names={
                "keep": Name(term="npm"),
                "es": Name(term="npm", say=("ene pe eme",)),
                "fr": Name(term="npm", say=("n p m",)),
            }
        ),
        Entry(names={"keep": Name(term="SQL", say=("sequel",))}),
    )
)


def file(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def faults(path: Path) -> list[str]:
    with pytest.raises(SettingsError) as error:
        imported(path)
    return [str(fault).removeprefix(str(path)) for fault in error.value.faults]


# --- there and back ---------------------------------------------------------------------------

text = st.text(
    st.characters(exclude_categories=("C", "Z"), include_characters=" "), min_size=1, max_size=12
)
terms = text.map(str.strip).filter(lambda one: bool(one) and one.isprintable())
codes = st.sampled_from(["en", "es", "pt-BR", "ja", "no", "zh-Hant"])


@st.composite
def names(draw: st.DrawFn) -> Name:
    forms = draw(st.lists(terms, max_size=3))
    say = draw(st.lists(terms, max_size=1 + len(forms)))
    return Name(term=draw(terms), forms=tuple(forms), say=tuple(say))


@st.composite
def kept(draw: st.DrawFn) -> Entry:
    name = draw(names())
    said = draw(st.dictionaries(codes, terms, max_size=2))
    plain = Name(term=name.term, forms=name.forms)
    if not said:
        return Entry(names={"keep": name})
    by_language = {
        code: Name(term=name.term, forms=name.forms, say=(say,)) for code, say in said.items()
    }
    return Entry(names={"keep": plain, **by_language})


entries = st.one_of(
    st.dictionaries(codes, names(), min_size=2).map(lambda found: Entry(names=found)), kept()
)
glossaries = st.lists(entries, min_size=1, max_size=6).map(
    lambda found: Glossary(entries=tuple(found))
)


@given(glossary=glossaries)
def test_any_glossary_comes_back_from_its_own_file(
    glossary: Glossary, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("yaml") / "x.yaml"
    write(glossary, path)
    assert load_glossary(path) == glossary


@given(glossary=glossaries)
def test_any_glossary_comes_back_from_tbx(
    glossary: Glossary, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("tbx") / "x.tbx"
    write(glossary, path)
    assert imported(path) == (_spaced(glossary), ())


def _spaced(glossary: Glossary) -> Glossary:
    """XML knows no runs of blanks."""

    def plain(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(" ".join(one.split()) for one in texts)

    return Glossary(
        entries=tuple(
            Entry(
                names={
                    code: Name(
                        term=" ".join(name.term.split()),
                        forms=plain(name.forms),
                        say=plain(name.say),
                    )
                    for code, name in one.names.items()
                }
            )
            for one in glossary.entries
        )
    )


@given(glossary=glossaries.filter(lambda one: "|" not in repr(one)))
def test_any_glossary_comes_back_from_csv(
    glossary: Glossary, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    write(glossary, path)
    assert imported(path)[0] == glossary


@pytest.mark.parametrize("kind", ["csv", "tbx", "yaml"])
def test_all_that_a_glossary_can_say_survives(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"x.{kind}"
    write(GLOSSARY, path)
    assert (load_glossary(path) if kind == "yaml" else imported(path)[0]) == GLOSSARY


@given(content=st.text())
def test_no_table_is_too_strange_for_an_answer(content: str) -> None:
    try:
        draft = of_table(Path("x.csv"), content)
    except SettingsError:
        return
    assert draft.terms or draft.notes is not None


# --- CSV --------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_tables_of_any_spreadsheet_are_read(
    tmp_path: Path, delimiter: str, mark: str, end: str
) -> None:
    rows = [
        ["EN", '"es"', "Notes", "keep"],
        ["committee|committees", '"comité|comités"', '"a note, with ""quotes""; and more"', ""],
        ["", "", "", ""],
        ["", "", "", "LiveKit"],
    ]
    path = file(tmp_path, "x.csv", mark + end.join(map(delimiter.join, rows)) + end)
    glossary, notes = imported(path)
    assert [one.names for one in glossary.entries] == [
        {
            "en": Name(term="committee", forms=("committees",)),
            "es": Name(term="comité", forms=("comités",)),
        },
        {"keep": Name(term="LiveKit")},
    ]
    assert notes == (f"{path}:1: column 'Notes' is not used",)


def test_a_language_by_its_name_is_told(tmp_path: Path) -> None:
    _, notes = imported(file(tmp_path, "x.csv", "en,es,French\na b,c d,e\n"))
    assert notes[0].endswith("column 'French' is not used; did you mean fr (French)?")


def test_what_one_language_alone_says_is_left_out_and_told(tmp_path: Path) -> None:
    path = file(tmp_path, "x.csv", "en,es\nhouse,casa\nboat,\n")
    glossary, notes = imported(path)
    assert len(glossary.entries) == 1
    assert notes == (f"{path}:3: only en; left out",)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", [": is empty"]),
        ("en,es\n", [": has no terms"]),
        (
            "English,Spanish\nhouse,casa\n",
            [
                ":1: no column is headed by a language code; the first line must be like:"
                " en,es,fr,keep"
            ],
        ),
        ("en,es,EN\nhouse,casa,home\n", [":1: en: is given twice; keep one of the two"]),
        (
            'en,es\nhouse,casa\n"boat,barco\n',
            [":3: is no CSV: unexpected end of data; look at the quotes around here"],
        ),
        (
            f"en,es\nhouse,casa\n\n{'x' * 101},y\nfree,|libre\n",
            [
                ":4: terms[1].en: is too long; allowed: up to 100 characters",
                ":5: terms[2].es.term: must not be empty; allowed: up to 100 characters",
            ],
        ),
        (
            "en,es,keep\nhouse,casa,Casa\n",
            [":2: terms[0]: `keep` stands alone: the term is the same in every language"],
        ),
        ("en,es,fr say\nhouse,casa,maison\n", [":2: fr say: says how, but `fr` has no term"]),
    ],
)
def test_a_faulty_table_says_where(tmp_path: Path, content: str, told: list[str]) -> None:
    assert faults(file(tmp_path, "x.csv", content)) == told


def test_a_table_of_another_encoding_is_told_by_line(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes("en,es\nhouse,casa\ngrape,piña\n".encode("latin-1"))
    assert faults(path) == [":3: here is a letter that is not UTF-8; save the table as CSV UTF-8"]


def test_what_a_cell_cannot_hold_is_not_exported() -> None:
    with pytest.raises(InputError, match=r"export to \.tbx"):
        to_table(Glossary(entries=(entry(en="a|b", es="c"),)))


# --- TBX --------------------------------------------------------------------------------------

V2 = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE martif SYSTEM "TBXcoreStructV02.dtd">
<martif type="TBX-Basic" xml:lang="en"><martifHeader><fileDesc/></martifHeader><text><body>
<termEntry id="1"><descrip type="subjectField">sea</descrip>
 <langSet xml:lang="en-US">
  <tig><term>ship</term>
   <termNote type="administrativeStatus">deprecatedTerm-admn-sts</termNote></tig>
  <ntig><termGrp><term>boat</term></termGrp></ntig></langSet>
 <langSet xml:lang="es"><tig><term>barco</term></tig></langSet></termEntry>
</body></text></martif>
"""
DCA = """\
<?xml version="1.0" encoding="UTF-8"?>
<tbx style="dca" type="TBX-Basic" xml:lang="en" xmlns="urn:iso:std:iso:30042:ed-2">
<tbxHeader><fileDesc><sourceDesc><p>x</p></sourceDesc></fileDesc></tbxHeader><text><body>
<conceptEntry id="c1">
 <langSec xml:lang="en">
  <termSec><term>chairperson</term>
   <termNote type="administrativeStatus">admittedTerm-admn-sts</termNote></termSec>
  <termSec><term>chair</term>
   <termNote type="administrativeStatus">preferredTerm-admn-sts</termNote></termSec>
  <termSec><term>chairs</term><termNote type="termType">variant</termNote></termSec></langSec>
 <langSec xml:lang="es"><termSec><term>la <hi>presidencia</hi></term></termSec></langSec>
</conceptEntry>
<conceptEntry id="c2">
 <langSec xml:lang="en"><termSec><term>lonely</term></termSec></langSec></conceptEntry>
</body></text></tbx>
"""
DCT = """\
<?xml version="1.0" encoding="UTF-8"?>
<tbx style="dct" type="TBX-Basic" xml:lang="en" xmlns="urn:iso:std:iso:30042:ed-2"
 xmlns:min="http://www.tbxinfo.net/ns/min" xmlns:basic="http://www.tbxinfo.net/ns/basic">
<tbxHeader><fileDesc><sourceDesc><p>x</p></sourceDesc></fileDesc></tbxHeader><text><body>
<conceptEntry id="c1">
 <langSec xml:lang="en">
  <termSec><term>boat</term>
   <min:administrativeStatus>preferredTerm-admn-sts</min:administrativeStatus></termSec>
  <termSec><term>boats</term><basic:termType>variant</basic:termType></termSec>
  <termSec><term>bark</term>
   <min:administrativeStatus>supersededTerm-admn-sts</min:administrativeStatus></termSec></langSec>
 <langSec xml:lang="es"><termSec><term>barco</term></termSec>
  <termSec><term>barcos</term><basic:termType>variant</basic:termType></termSec></langSec>
</conceptEntry></body></text></tbx>
"""


def test_the_older_layout_is_read(tmp_path: Path) -> None:
    glossary, _ = imported(file(tmp_path, "x.tbx", V2))
    assert glossary.entries == (
        Entry(names={"en-US": Name(term="boat"), "es": Name(term="barco")}),
    )


def test_the_preferred_term_is_meant_and_a_synonym_leads_to_the_same(tmp_path: Path) -> None:
    path = file(tmp_path, "x.tbx", DCA)
    glossary, notes = imported(path)
    assert [term.target for term in glossary.terms("The chairs, the chairperson", "en", "es")] == [
        "la presidencia",
        "la presidencia",
    ]
    assert glossary.terms("la presidencia", "es", "en")[0].target == "chair"
    assert notes == (f"{path}:13: only en; left out",)


def test_categories_may_be_elements(tmp_path: Path) -> None:
    glossary, _ = imported(file(tmp_path, "x.tbx", DCT))
    assert glossary.entries == (
        Entry(
            names={
                "en": Name(term="boat", forms=("boats",)),
                "es": Name(term="barco", forms=("barcos",)),
            }
        ),
    )


def test_a_name_kept_in_every_language_is_written_as_one_of_many() -> None:
    written = to_tbx(Glossary(entries=(entry(keep="LiveKit"),)))
    assert b'<langSec xml:lang="mul">' in written
    assert of_tbx(Path("x.tbx"), written).terms == [{"keep": "LiveKit"}]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", ":1: is no XML: Document is empty, line 1, column 1"),
        ("<tbx>\n<text>\n</tbx>", ":3: is no XML: Opening and ending tag mismatch"),
        ("<html/>", ":1: has no concepts; is it TBX?"),
        (DCA.replace('<langSec xml:lang="es">', "<langSec>"), ":11: a language section has no"),
        (DCA.replace('"es"', '"spanish!"'), ":4: terms[0]: 'spanish!' is no language code"),
        (
            DCA.replace("<tbx ", '<!DOCTYPE tbx [<!ENTITY a "b">]>\n<tbx '),
            ":1: defines entities of its own",
        ),
        (
            V2.replace(
                'SYSTEM "TBXcoreStructV02.dtd"', '[<!ENTITY a SYSTEM "file:///etc/passwd">]'
            ).replace("barco", "&a;"),
            ":1: defines entities of its own",
        ),
    ],
)
def test_a_faulty_termbase_says_where(tmp_path: Path, content: str, told: str) -> None:
    assert faults(file(tmp_path, "x.tbx", content))[0].startswith(told)


def test_entities_that_multiply_are_not_expanded(tmp_path: Path) -> None:
    layers = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE tbx [<!ENTITY e0 "ha">{layers}]><tbx>&e11;</tbx>'
    assert "entit" in faults(file(tmp_path, "x.tbx", bomb))[0].lower()


# --- the commands -----------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_import_and_export_say_what_they_wrote(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file(folder, "terms.csv", "en,es,Notes\nhouse,casa,\nboat,,\n")
    assert main(["glossary", "import", "terms.csv"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "terms.csv:1: column 'Notes' is not used",
        "terms.csv:3: only en; left out",
        "glossaries/terms.yaml now has 1 term.",
        "Next: name it under `glossaries` of a pair in language_pairs.yaml:"
        " [glossaries/terms.yaml]",
    ]
    assert (folder / "glossaries/terms.yaml").read_text() == (
        "version: 1\nterms:\n  - {en: house, es: casa}\n"
    )
    assert main(["glossary", "export", "glossaries/terms.yaml", "--to", "terms.tbx"]) == 0
    assert imported(folder / "terms.tbx")[0] == load_glossary(folder / "glossaries/terms.yaml")


def test_nothing_is_written_over_without_force(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file(folder, "terms.csv", "en,es\nhouse,casa\n")
    mine = file(folder, "mine.yaml", "mine")
    assert main(["glossary", "import", "terms.csv", "--to", "mine.yaml"]) == 2
    assert "--force" in capsys.readouterr().err
    assert mine.read_text() == "mine"
    assert main(["glossary", "import", "terms.csv", "--to", "mine.yaml", "--force"]) == 0
    assert len(load_glossary(mine).entries) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["import", "bad.csv"],
        ["import", "bad.csv", "--to", "x.txt"],
        ["import", "absent.csv"],
        ["import", "good.xlsx"],
        ["export", "absent.yaml", "--to", "x.csv"],
        ["export", "bad.csv", "--to", "x.tbx"],
        ["export", "good.yaml", "--to", "x.doc"],
    ],
)
def test_a_failure_leaves_nothing_behind(folder: Path, arguments: list[str]) -> None:
    file(folder, "bad.csv", "en,es\nhouse,|\n")
    file(folder, "good.xlsx", "")
    write(GLOSSARY, folder / "good.yaml")
    before = sorted(folder.rglob("*"))
    assert main(["glossary", *arguments]) == 2
    assert sorted(folder.rglob("*")) == before


def test_a_folder_that_cannot_be_written_is_told(folder: Path) -> None:
    file(folder, "taken", "")
    with pytest.raises(InputError, match="cannot be written"):
        write(GLOSSARY, folder / "taken" / "x.yaml")
    write(GLOSSARY, folder / "x.yaml")
    exported(folder / "x.yaml", folder / "new" / "x.csv")
    assert (folder / "new" / "x.csv").read_bytes().startswith(b"\xef\xbb\xbfen,es,")
