"""Terms are found as people say them, and a faulty file says what is wrong with it."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.glossaries import entry
from translator.errors import SettingsError
from translator.glossary import Glossary, load_glossary, respelled
from translator.types import Term

pytestmark = pytest.mark.unit

MEETING = """\
version: 1
terms:
  - {en: committee, es: comité, fr: comité}
  - {en: budget committee, es: comisión de presupuestos}
  - {en: point of order, es: cuestión de orden}
  - {en: WHO, es: OMS, fr: OMS}
  - {en: box, es: caja}
  - keep: LiveKit
  - keep: C++
"""


@pytest.fixture
def glossary(tmp_path: Path) -> Glossary:
    return load(tmp_path, MEETING)


def load(folder: Path, text: str) -> Glossary:
    path = folder / "meeting.yaml"
    path.write_text(text, encoding="utf-8")
    return load_glossary(path)


def sources(glossary: Glossary, text: str, source: str = "en", target: str = "es") -> list[str]:
    return [term.source for term in glossary.terms(text, source, target)]


def test_a_term_is_found_with_its_name_in_the_target_language(glossary: Glossary) -> None:
    terms = glossary.terms("The committee meets.", "en", "es")
    assert terms == (Term(source="committee", target="comité"),)


def test_it_works_in_every_direction_of_one_entry(glossary: Glossary) -> None:
    assert glossary.terms("Le comité siège.", "fr", "en") == (
        Term(source="comité", target="committee"),
    )


def test_case_plural_and_typographic_signs_do_not_hide_a_term(glossary: Glossary) -> None:
    assert sources(glossary, "COMMITTEES, the Committee’s boxes") == ["committee", "box"]
    assert sources(glossary, "Los COMITÉS", "es", "en") == ["comité"]


def test_decomposed_accents_are_the_same_letters(glossary: Glossary) -> None:
    assert sources(glossary, "el comite\u0301", "es", "en") == ["comité"]


def test_part_of_a_word_is_no_term(glossary: Glossary) -> None:
    assert sources(glossary, "a subcommittee, a boxer, LiveKits2") == []


def test_the_longest_term_wins(glossary: Glossary) -> None:
    assert sources(glossary, "the budget\ncommittee on a point of order") == [
        "budget committee",
        "point of order",
    ]


def test_a_term_is_given_once_and_in_the_order_of_speech(glossary: Glossary) -> None:
    assert sources(glossary, "box, committee, box") == ["box", "committee"]


def test_an_acronym_is_not_the_word_of_the_same_letters(glossary: Glossary) -> None:
    assert sources(glossary, "who asked?") == []
    assert sources(glossary, "the WHO asked") == ["WHO"]


def test_a_kept_name_is_its_own_translation_in_any_language(glossary: Glossary) -> None:
    assert glossary.terms("Wir nehmen livekit und C++.", "de", "ja") == (
        Term(source="LiveKit", target="LiveKit"),
        Term(source="C++", target="C++"),
    )


def test_an_entry_without_the_target_language_is_no_term(glossary: Glossary) -> None:
    assert sources(glossary, "a box", "en", "fr") == []


def test_regions_do_not_part_a_language(tmp_path: Path) -> None:
    glossary = load(tmp_path, "version: 1\nterms:\n  - {en: train, pt-BR: trem, pt: comboio}")
    assert glossary.terms("the train", "en-US", "pt-PT")[0].target == "comboio"
    assert glossary.terms("the train", "en-US", "pt-BR")[0].target == "trem"
    only_brazil = load(tmp_path, "version: 1\nterms:\n  - {en: train, pt-BR: trem}")
    assert only_brazil.terms("the train", "en", "pt")[0].target == "trem"


def test_languages_without_spaces_find_terms_inside_a_sentence(tmp_path: Path) -> None:
    glossary = load(tmp_path, "version: 1\nterms:\n  - {en: committee, ja: 委員会}")
    assert sources(glossary, "予算委員会が開かれた", "ja", "en") == ["委員会"]


def test_vowel_signs_belong_to_their_word(tmp_path: Path) -> None:
    glossary = load(tmp_path, "version: 1\nterms:\n  - {en: fruit, hi: फल}")
    assert sources(glossary, "फल", "hi", "en") == ["फल"]
    assert sources(glossary, "फली", "hi", "en") == []


def test_key_terms_are_the_names_in_one_language(glossary: Glossary) -> None:
    assert glossary.key_terms("fr-CA") == ("comité", "OMS", "LiveKit", "C++")


def test_of_two_entries_with_one_name_the_first_is_meant(tmp_path: Path) -> None:
    glossary = load(
        tmp_path, "version: 1\nterms:\n  - {en: chair, es: presidencia}\n  - {en: chair, es: silla}"
    )
    assert glossary.terms("the chair", "en", "es") == (Term(source="chair", target="presidencia"),)


def test_an_entry_without_the_target_language_hides_no_other(tmp_path: Path) -> None:
    glossary = load(
        tmp_path, "version: 1\nterms:\n  - {en: chair, fr: président}\n  - {en: chair, es: silla}"
    )
    assert sources(glossary, "the chair", "en", "es") == ["chair"]


def test_yaml_words_stay_words(tmp_path: Path) -> None:
    glossary = load(tmp_path, "version: 1\nterms:\n  - {en: yes, no: ja}\n  - {en: 2030, es: on}")
    assert glossary.terms("yes", "en", "no") == (Term(source="yes", target="ja"),)
    assert glossary.terms("in 2030", "en", "es") == (Term(source="2030", target="on"),)


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        load(
            tmp_path,
            """\
version: 2
owner: me
terms:
  - {en: committee}
  - {en: committee, es!: comité}
  - {keep: LiveKit, es: LiveKit}
  - {en: one, EN: two, es: uno}
  - {en: "", es: nada}
  - just a word
""",
        )
    told = [str(fault).removeprefix(str(tmp_path / "meeting.yaml")) for fault in error.value.faults]
    assert told == [
        ":1: version: is not allowed; allowed: 1",
        ":2: owner: there is no such key; allowed: version, terms",
        ":4: terms[0]: two languages at least, or `keep` for a name that stays as it is",
        ":5: terms[1]: 'es!' is no language code; use BCP-47, such as en, es or pt-BR",
        ":6: terms[2]: `keep` stands alone: the term is the same in every language",
        ":7: terms[3]: en is given twice",
        ":8: terms[4].en: must not be empty; allowed: up to 100 characters",
        ':9: terms[5]: must be lines of `key: value`; for example {"en": "committee",'
        ' "es": "comité"}',
    ]


def test_of_very_many_faults_the_first_are_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        load(tmp_path, "version: 1\nterms:\n" + "  - {en: one}\n" * 2000)
    assert len(error.value.faults) == 2000
    lines = str(error.value).splitlines()
    assert (len(lines), lines[-1].strip()) == (102, "and 1900 more")


def test_a_glossary_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="terms: is too long; allowed: up to 5000"):
        load(tmp_path, "version: 1\nterms:\n" + "  - keep: it\n" * 5001)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("version: 1\nterms: [", "no YAML"),
        ("version: 1\nterms:\n  - {en: a b, en: c d, es: e f}", r":3: terms.0..en: is given twice"),
        ("version: 1\nterms:\n  - {[en]: a b, es: e f}", ":3: a key must be a word"),
        ("", "is empty"),
        ("version: 1", "terms: is missing; for example"),
        ('version: 1\nterms:\n  - {en: "a\\nb", es: e f}', "on one line"),
    ],
)
def test_what_is_no_glossary_is_refused(tmp_path: Path, content: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=fault):
        load(tmp_path, content)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.yaml: is missing"):
        load_glossary(tmp_path / "absent.yaml")


def test_a_file_of_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes("version: 1\nterms:\n  - {en: x y, es: ñandú}".encode("latin-1"))
    with pytest.raises(SettingsError, match=r":3: here is a letter that is not UTF-8"):
        load_glossary(path)


# --- forms ------------------------------------------------------------------------------------

INFLECTED = """\
version: 1
terms:
  - en: {term: committee, forms: [committees]}
    es: {term: comisión, forms: comisiones}
    ja: 委員会
  - en: {term: deaf}
    es: {term: sordo, forms: [sorda, sordos, sordas]}
  - {en: boat, es: barco}
"""


@pytest.fixture
def inflected(tmp_path: Path) -> Glossary:
    return load(tmp_path, INFLECTED)


@pytest.mark.parametrize(
    ("text", "source", "target", "rendered"),
    [
        ("Two COMMITTEES", "en", "es", "comisiones"),
        ("a committee", "en", "es", "comisión"),
        ("las comisiones", "es", "en", "committees"),
        ("committees", "en", "ja", "委員会"),
        ("委員会", "ja", "en", "committee"),
        ("personas sordas", "es", "en", "deaf"),
        ("deaf people", "en", "es", "sordo"),
    ],
)
def test_a_form_is_rendered_as_its_counterpart(
    inflected: Glossary, text: str, source: str, target: str, rendered: str
) -> None:
    assert [term.target for term in inflected.terms(text, source, target)] == [rendered]


def test_a_term_knows_the_other_forms_that_are_right(inflected: Glossary) -> None:
    (term,) = inflected.terms("deaf", "en", "es")
    assert term.forms == ("sorda", "sordos", "sordas")


def test_forms_are_no_key_terms(inflected: Glossary) -> None:
    assert inflected.key_terms("en") == ("committee", "deaf", "boat")


# --- what became of them ----------------------------------------------------------------------


def figures(glossary: Glossary, text: str, rendition: str) -> tuple[int, int, int]:
    accuracy = glossary.accuracy(text, rendition, "en", "es")
    return accuracy.hits, accuracy.due, accuracy.false_copies


@pytest.mark.parametrize(
    ("text", "rendition", "expected"),
    [
        ("The committee met.", "Se reunió la Comisión.", (1, 1, 0)),
        ("The committee met.", "Se reunieron las comisiones.", (1, 1, 0)),
        ("The committee met.", "Se reunió la comisio\u0301n.", (1, 1, 0)),
        ("The committee met.", "Se reunió la comision.", (0, 1, 0)),
        ("The committee met.", "Se reunió la subcomisión.", (0, 1, 0)),
        ("The committee met.", "", (0, 1, 0)),
        ("The committee met the committee.", "La comisión se reunió.", (1, 2, 0)),
        ("The committee met the committees.", "La comisión, las comisiones.", (2, 2, 0)),
        ("They met.", "La comisión se reunió.", (0, 0, 1)),
        ("The committee met.", "La comisión y la comisión y un barco.", (1, 1, 2)),
        ("Subcommittees met.", "Las subcomisiones se reunieron.", (0, 0, 0)),
        ("Boats.", "Barcos.", (0, 0, 0)),
        ("Boats.", "Un barco.", (0, 0, 0)),
        ("deaf", "sordas", (1, 1, 0)),
        ("", "", (0, 0, 0)),
    ],
)
def test_each_occurrence_needs_one_of_its_own(
    inflected: Glossary, text: str, rendition: str, expected: tuple[int, int, int]
) -> None:
    assert figures(inflected, text, rendition) == expected


def test_a_whole_speech_is_counted_at_once(inflected: Glossary) -> None:
    speech = "The committee met the committees by boat. " * 1000
    rendition = "La comisión se reunió con las comisiones en barco. " * 999
    assert figures(inflected, speech, rendition) == (2997, 3000, 0)


def test_a_kept_name_must_be_there_in_its_own_letters(glossary: Glossary) -> None:
    assert figures(glossary, "LiveKit, the WHO and C++", "livekit, la OMS y C++") == (3, 3, 0)
    assert figures(glossary, "LiveKit, the WHO and C++", "Live Kit, la oms y C+") == (0, 3, 0)


@pytest.mark.parametrize(
    ("rendition", "respelt"),
    [
        ("Usen livekit y LIVEKIT.", "Usen LiveKit y LiveKit."),
        ("Usen livekits y la oms.", "Usen livekits y la oms."),
        ("El Comité usa c++.", "El Comité usa c++."),
    ],
)
def test_only_kept_names_are_respelled(glossary: Glossary, rendition: str, respelt: str) -> None:
    terms = glossary.terms("LiveKit, the WHO, the committee", "en", "es")
    assert respelled(rendition, terms) == respelt


def test_what_is_missing_is_named(glossary: Glossary) -> None:
    accuracy = glossary.accuracy("a box for the committee", "una caja", "en", "es")
    assert [term.target for term in accuracy.missing] == ["comité"]


def test_a_term_within_a_longer_one_is_not_counted_twice(glossary: Glossary) -> None:
    said, rendered = "the budget committee", "la comisión de presupuestos"
    assert figures(glossary, said, rendered) == (1, 1, 0)
    assert figures(glossary, f"{said} and the committee", rendered) == (1, 2, 0)


# --- how they are said ------------------------------------------------------------------------

SAID = """\
version: 1
terms:
  - keep: {term: LiveKit, say: {es: laif kit}}
  - keep: {term: SQL, say: sequel}
  - {en: {term: GIF, forms: [GIFs], say: [jif, jifs]}, es: {term: GIF, say: yif}}
"""


@pytest.mark.parametrize(
    ("text", "language", "spoken"),
    [
        ("Usen livekit, hoy.", "es", "Usen laif kit, hoy."),
        ("Usen LiveKit.", "es-MX", "Usen laif kit."),
        ("Use LiveKit.", "en", "Use LiveKit."),
        ("SQL or sql", "fr", "sequel or sql"),
        ("GIFs and a GIF", "en", "jifs and a jif"),
        ("GIFs y un GIF", "es", "GIFs y un yif"),
        ("nothing  of it", "es", "nothing  of it"),
    ],
)
def test_a_voice_says_what_the_glossary_says(
    tmp_path: Path, text: str, language: str, spoken: str
) -> None:
    assert load(tmp_path, SAID).spoken(text, language) == spoken


def test_a_kept_name_that_is_said_in_its_way_is_still_kept(tmp_path: Path) -> None:
    assert load(tmp_path, SAID).terms("LiveKit", "es", "ja")[0].target == "LiveKit"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{en: {term: a b, form: x}, es: c}", "did you mean 'forms'"),
        ("{en: {forms: x}, es: c}", "en.term: is missing"),
        ("{en: {term: a b, say: [x, y]}, es: c}", "more than the term and its forms"),
        ("{en: {term: a b, say: {es: x}}, es: c}", "en.say: is by language only for a `keep`"),
        ("{keep: {term: a b, say: {es!: x}}}", "'es!' is no language code"),
    ],
)
def test_a_faulty_form_is_told(tmp_path: Path, line: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(fault)):
        load(tmp_path, f"version: 1\nterms:\n  - {line}\n")


# --- several glossaries -----------------------------------------------------------------------


def test_the_first_of_several_wins(glossary: Glossary, inflected: Glossary) -> None:
    joined = inflected.followed_by(glossary)
    assert [term.target for term in joined.terms("a committee, a box", "en", "es")] == [
        "comisión",
        "caja",
    ]
    assert inflected.followed_by(glossary) is joined
    assert inflected.followed_by() is inflected


def test_conflicts_are_names_that_are_rendered_in_two_ways(
    glossary: Glossary, inflected: Glossary
) -> None:
    (conflict,) = inflected.followed_by(glossary).conflicts("en", "es")
    assert (conflict.first.target, conflict.other.target) == ("comisión", "comité")
    assert glossary.followed_by(glossary).conflicts("en", "es") == ()


words = st.text(alphabet=st.characters(categories=("Ll", "Lu")), min_size=3, max_size=8)
names = (
    st.lists(words, min_size=1, max_size=3).map(" ".join).filter(lambda name: not name.isupper())
)


@given(name=names, before=st.lists(words, max_size=3), after=st.lists(words, max_size=3))
def test_a_name_between_other_words_is_always_found(
    name: str, before: list[str], after: list[str]
) -> None:
    glossary = Glossary(entries=(entry(en=name, es="x"),))
    text = ", ".join([*before, name, *after])
    assert glossary.terms(text, "en", "es") == (Term(source=name, target="x"),)


@given(entries=st.lists(st.fixed_dictionaries({"en": names, "es": names})), text=st.text())
def test_any_text_is_searched_without_a_fault(entries: list[dict[str, str]], text: str) -> None:
    glossary = Glossary(entries=tuple(entry(**names) for names in entries))
    found = sources(glossary, text)
    assert len(found) == len(set(found))


@given(said=st.lists(st.sampled_from(["committee", "boxes", "boat", "x"])), rendition=st.text())
def test_what_is_due_depends_on_what_was_said_alone(said: list[str], rendition: str) -> None:
    glossary = Glossary(entries=(entry(en="committee", es="comité"), entry(en="boat", es="barco")))
    accuracy = glossary.accuracy(" ".join(said), rendition, "en", "es")
    assert accuracy.due == said.count("committee") + said.count("boat")
    assert accuracy.hits + len(accuracy.missing) == accuracy.due
