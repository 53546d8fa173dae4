"""Terms come through Apertium as the glossary says, in sentences that could be spoken."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pytest

from tests.fakes import segment
from translator.engines.apertium import ApertiumRenderer, ApertiumService, Nouns, traits_of
from translator.engines.apertium_terms import Hidden, agreeing, joined, protect, restore
from translator.engines.host import Host, running
from translator.errors import RenderError
from translator.glossary import Glossary, load_glossary
from translator.types import Brief, Term

pytestmark = pytest.mark.engine

SPEECH = Path(__file__).parent / "glossary"
COMMITTEE = Term(source="committee", target="comisión")


# --- what the engine is given -----------------------------------------------------------------


def test_a_term_inside_a_word_is_no_term() -> None:
    assert protect("The party starts.", [Term(source="art", target="Kunst")]) == (
        "The party starts.",
        {},
    )


def test_each_occurrence_has_a_name_of_its_own_in_any_case() -> None:
    text, kept = protect("Art is ART, l’art.", [Term(source="art", target="Kunst")])
    assert text == "Zqxaaa is Zqxaab, l’Zqxaac."
    assert list(kept) == ["Zqxaaa", "Zqxaab", "Zqxaac"]


def test_an_acronym_is_not_the_word_of_the_same_letters() -> None:
    assert protect("Who asked the WHO?", [Term(source="WHO", target="OMS")])[0] == (
        "Who asked the Zqxaaa?"
    )


def test_the_longest_term_is_taken() -> None:
    terms = [COMMITTEE, Term(source="budget committee", target="comisión de presupuestos")]
    text, kept = protect("the budget\ncommittee", terms)
    assert (text, kept["Zqxaaa"].term) == ("the Zqxaaa", terms[1])


@pytest.mark.parametrize("genitive", ["'s", "’s"])
def test_a_genitive_goes_with_its_term(genitive: str) -> None:
    assert protect(f"the committee{genitive} report", [COMMITTEE])[0] == "the Zqxaaa report"


# --- what is made of its answer ---------------------------------------------------------------


def shown(text: str, term: Term, *, language: str = "es", traits: tuple[str, str] | None) -> str:
    kept = {"Zqxaaa": Hidden(term=term, small_follows=True)}
    return restore(text, kept, language=language, traits={"Zqxaaa": traits} if traits else {})


def test_a_lost_term_is_an_error() -> None:
    text, kept = protect("Art is art.", [Term(source="art", target="Kunst")])
    assert restore(text, kept, language="de", traits={}) == "Kunst is Kunst."
    with pytest.raises(RenderError, match="1 of 2"):
        restore(text.split(" is ")[0], kept, language="de", traits={})


def test_a_word_that_looks_like_a_name_stays() -> None:
    assert shown("Zqxzzz zqxaaa", COMMITTEE, traits=None) == "Zqxzzz comisión"


@pytest.mark.parametrize(
    ("text", "restored"),
    [
        ("Zqxaaa vota. Zqxaaa vota.", "Comisión vota. Comisión vota."),
        ("zqxaaa vota", "comisión vota"),
        ("Vota: Zqxaaa", "Vota: comisión"),
        ("¿Zqxaaa?", "¿Comisión?"),
    ],
)
def test_a_sentence_begins_with_a_capital(text: str, restored: str) -> None:
    assert shown(text, COMMITTEE, traits=None) == restored


def test_only_what_begins_a_sentence_has_a_capital() -> None:
    for spoken, said in (
        ("Committees vote", "Comisiones votan"),
        ("Committees Ada", "Comisiones Ada"),
    ):
        _, kept = protect(spoken, [Term(source="committees", target="comisiones")])
        given = "Zqxaaa " + said.split()[1].capitalize()
        assert restore(given, kept, language="es", traits={}) == said


def test_a_kept_name_is_written_as_it_is() -> None:
    assert shown("Zqxaaa vota.", Term(source="npm", target="npm"), traits=None) == "npm vota."


@pytest.mark.parametrize(
    ("language", "before", "traits", "agreed"),
    [
        ("es", "El ", ("f", "sg"), "La "),
        ("es", "del ", ("f", "pl"), "de las "),
        ("es-MX", "todo el ", ("m", "pl"), "todos los "),
        ("es", "de la ", ("m", "sg"), "del "),
        ("es", "canal ", ("f", "sg"), "canal "),
        ("es", "el", ("f", "sg"), "el"),
        ("fr", "du ", ("f", "sg"), "de la "),
        ("fr", "les ", ("f", "pl"), "les "),
        ("pt-BR", "o ", ("f", "pl"), "as "),
        ("it", "nel ", ("f", "pl"), "nelle "),
        ("ca", "pel ", ("f", "sg"), "per la "),
        ("de", "der ", ("f", "sg"), "der "),
        ("es", "el ", None, "el "),
    ],
)
def test_a_determiner_agrees_with_its_term(
    language: str, before: str, traits: tuple[str, str] | None, agreed: str
) -> None:
    assert agreeing(before, language, traits) == agreed


@pytest.mark.parametrize(
    ("language", "before", "term", "fitting"),
    [
        ("en", "a ", "agenda", "an "),
        ("en", "an ", "committee", "a "),
        ("en", "banana ", "agenda", "banana "),
        ("fr", "La ", "assemblée", "L'"),
        ("fr", "de la ", "assemblée", "de l'"),
        ("fr", "du ", "ordre du jour", "de l'"),
        ("fr", "parce que ", "Élodie", "parce qu'"),
        ("fr", "ce ", "accord", "cet "),
        ("ca", "el ", "hospital", "l'"),
        ("ca", "la ", "unió", "la "),
        ("it", "il ", "ordine del giorno", "l'"),
        ("it", "il ", "statuto", "lo "),
        ("it", "uno ", "comitato", "un "),
        ("it", "dei ", "accordi", "degli "),
        ("it", "della ", "assemblea", "dell'"),
        ("es", "de ", "acta", "de "),
    ],
)
def test_a_word_before_a_term_fits_its_sound(
    language: str, before: str, term: str, fitting: str
) -> None:
    assert joined(before, language, term) == fitting


@pytest.mark.parametrize(
    ("analysis", "traits"),
    [
        ("^comisiones/comisión<n><f><pl>$ ^./.<sent>$", ("f", "pl")),
        ("^primer/primero<adj><m><sg>$ ^ministro/ministro<n><m><sg>$", ("m", "sg")),
        ("^commissions/commettre<vblex><p1><pl>/commission<n><f><pl>$", ("f", "pl")),
        ("^orden/orden<n><m><sg>/orden<n><f><sg>$", None),
        ("^crisis/crisis<n><f><sp>$", None),
        ("^LiveKit/*LiveKit$", None),
    ],
)
def test_a_noun_has_the_traits_that_all_its_readings_have(
    analysis: str, traits: tuple[str, str] | None
) -> None:
    assert traits_of(analysis) == traits


async def test_terms_are_analysed_line_by_line() -> None:
    nouns = Nouns("/usr/share/apertium/apertium-eng-spa/spa-eng.automorf.bin")
    terms = ["Naciones", "Unidas", "comité", "a[b]^c$", "comisiones"]
    assert await nouns.traits(terms) == {
        "Naciones": ("f", "pl"),
        "comité": ("m", "sg"),
        "comisiones": ("f", "pl"),
    }


async def test_terms_without_a_dictionary_have_no_traits() -> None:
    assert await Nouns("/absent.bin").traits(["comité"]) == {}


# --- a glossary through the engine ------------------------------------------------------------


@pytest.fixture(scope="module")
def glossary() -> Glossary:
    return load_glossary(SPEECH / "assembly.yaml")


@pytest.fixture
async def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Host, None]:
    monkeypatch.setenv("TRANSLATOR_RUNTIME", str(tmp_path))
    async with running(["apertium"]) as host:
        yield host


def sentences(language: str) -> list[str]:
    return (SPEECH / f"{language}.txt").read_text(encoding="utf-8").splitlines()


def brief(text: str, source: str, target: str, glossary: Glossary) -> Brief:
    said = segment(text=text, language=source)
    return Brief(segment=said, target=target, terms=glossary.terms(text, source, target))


@pytest.mark.parametrize(
    ("source", "target"),
    [("en", "es"), ("es", "en"), ("en", "fr"), ("en", "pt"), ("en", "it"), ("en", "ca")],
)
async def test_every_term_comes_out_as_listed_and_none_where_nobody_said_it(
    host: Host, glossary: Glossary, source: str, target: str
) -> None:
    due, missing, copies = 0, [], []
    spoken = sentences(source)
    for text in spoken:
        rendered = ApertiumRenderer(host).render(brief(text, source, target, glossary))
        async with aclosing(rendered) as pieces:
            rendition = "".join([piece async for piece in pieces])
        accuracy = glossary.accuracy(text, rendition, source, target)
        due += accuracy.due
        missing += [(text, rendition, term) for term in accuracy.missing]
        copies += [(text, rendition)] * accuracy.false_copies
    assert len(spoken) >= 60
    assert due >= 80
    assert missing == []
    assert copies == []


async def test_renditions_with_terms_read_like_speech(host: Host, glossary: Glossary) -> None:
    said = {
        "es": "Las comisiones hablaron de las enmiendas.",
        "fr": "Les commissions ont parlé des amendements.",
    }
    for target in said:
        text = "The committees have spoken of the amendments."
        rendered = ApertiumRenderer(host).render(brief(text, "en", target, glossary))
        async with aclosing(rendered) as pieces:
            rendition = "".join([piece async for piece in pieces])
        article, noun, *_ = rendition.split()
        assert f"{article} {noun}" == " ".join(said[target].split()[:2])


async def test_a_service_without_the_targets_analyser_renders_all_the_same() -> None:
    assert ApertiumService()._nouns_of("sv") is None
