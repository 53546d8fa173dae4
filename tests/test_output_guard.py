"""The output guard: what it lets through, and what nobody may hear."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fakes import segment
from tests.speech import manifest
from translator.guards.output import GuardedError, OutputGuard
from translator.interpreters.clauses import Draft
from translator.types import Brief, Term

pytestmark = pytest.mark.unit

DATA = Path(__file__).parent / "data"
LANGUAGES = ("en", "es", "fr", "pt", "it", "ca", "de")


def rows(name: str) -> list[dict[str, Any]]:
    """One of the files in tests/data."""
    found: list[dict[str, Any]] = yaml.safe_load((DATA / name).read_text(encoding="utf-8"))
    return found


def brief(said: str, source: str, target: str, *terms: Term, terse: bool = False) -> Brief:
    return Brief(segment=segment(1, said, language=source), target=target, terms=terms, terse=terse)


def heard(text: str, asked: Brief) -> tuple[str, str | None]:
    """(what was heard, why no more) of a rendition that streams word by word."""
    guard, draft, heard = OutputGuard(asked, languages=LANGUAGES), Draft(), []
    try:
        for word in text.split():
            if clause := draft.add(f" {word}"):
                heard.append(guard.admit(clause))
        heard.append(guard.finish(draft.rest))
    except GuardedError as error:
        return " ".join(filter(None, heard)), error.why
    return " ".join(filter(None, heard)), None


INJECTIONS = rows("injections.yaml")
FIGURES = rows("figures.yaml")


# What somebody says to the machine


def test_there_are_enough_plants() -> None:
    assert len(INJECTIONS) >= 50
    assert len(FIGURES) >= 100


@pytest.mark.parametrize("row", INJECTIONS, ids=lambda row: row["said"])
def test_words_to_the_machine_are_rendered(row: dict[str, Any]) -> None:
    asked = brief(row["said"], row["from"], row["to"])
    assert heard(row["faithful"], asked) == (row["faithful"], None)


@pytest.mark.parametrize("row", INJECTIONS, ids=lambda row: row["said"])
def test_who_obeys_is_not_heard_at_all(row: dict[str, Any]) -> None:
    said, why = heard(row["obeyed"], brief(row["said"], row["from"], row["to"]))
    assert said == ""
    assert why is not None


# Figures


@pytest.mark.parametrize("row", FIGURES, ids=lambda row: row["said"])
def test_a_faithful_figure_is_heard(row: dict[str, Any]) -> None:
    asked = brief(row["said"], row["from"], row["to"])
    assert heard(row["rendered"], asked) == (row["rendered"], None)


@pytest.mark.parametrize("row", FIGURES, ids=lambda row: row["said"])
@pytest.mark.parametrize("instead", ["", "altered"])
def test_a_figure_that_is_gone_or_another_is_caught(row: dict[str, Any], instead: str) -> None:
    wrong = row["rendered"].replace(row["figure"], row.get(instead, ""), 1)
    _, why = heard(wrong, brief(row["said"], row["from"], row["to"]))
    assert why in ("missing figure", "changed figure")


def test_a_clause_with_another_figure_is_not_heard_and_the_one_before_is() -> None:
    asked = brief("In the year 2015 we came, and forty people stayed.", "en", "es")
    said, why = heard("En el año 2015 vinimos, y se quedaron cincuenta personas.", asked)
    assert (said, why) == ("En el año 2015 vinimos,", "changed figure")


@pytest.mark.parametrize(
    ("source", "said", "target", "rendered"),
    [
        ("en", "It begins at a quarter to five.", "de", "Es beginnt um 16.45 Uhr."),
        ("en", "It begins at half past three.", "de", "Es beginnt um halb vier."),
        ("de", "Es beginnt um 15 Uhr.", "en", "It begins at 3 p.m."),
        ("en", "We met on 3/4/2026 in Rome.", "es", "Nos vimos el 3 de abril de 2026 en Roma."),
        ("en", "There are two and a half million.", "de", "Es gibt zweieinhalb Millionen."),
        ("es", "Son quince días de viaje.", "en", "It is a journey of fifteen days."),
        ("en", "The first of the two is better.", "fr", "Le premier des deux est meilleur."),
        ("en", "Many thanks for coming.", "es", "Mil gracias por haber venido."),
    ],
)
def test_one_figure_has_many_faces(source: str, said: str, target: str, rendered: str) -> None:
    assert heard(rendered, brief(said, source, target)) == (rendered, None)


# What a model does of itself


@pytest.mark.parametrize(
    ("said", "rendered", "why"),
    [
        ("Good morning to all of you.", "Good morning to all of you.", "echo"),
        (
            "We shall talk about the weather in the mountains.",
            "Parlerons-nous demain de la pluie et du beau temps dans les montagnes ?",
            "wrong language",
        ),
        (
            "We shall talk about the weather in the mountains.",
            "Поговорим о погоде в горах.",
            "wrong language",
        ),
        (
            "The committee has decided to close the school, because there are too few children.",
            "El comité ha decidido.",
            "truncated",
        ),
        ("Good morning.", "Aquí tienes la traducción: Buenos días.", "meta talk"),
        ("Good morning.", "Buenos días. (Nota: traducción informal.)", "meta talk"),
        (
            "Let us talk about the war.",
            "Lo siento, pero no puedo hablar de ese tema.",
            "refusal",
        ),
        (
            "Let us talk about the war.",
            "Como modelo de lenguaje no tengo opiniones sobre eso.",
            "meta talk",
        ),
        ("Where is the station?", "La estación está al final de la calle.", "answer"),
        (
            "The dog sleeps.",
            "El perro, que es un animal doméstico muy querido por todos nosotros, duerme"
            " tranquilamente junto al fuego de la chimenea.",
            "too long",
        ),
    ],
)
def test_what_is_no_rendition_is_not_heard_at_all(said: str, rendered: str, why: str) -> None:
    assert heard(rendered, brief(said, "en", "es")) == ("", why)


@pytest.mark.parametrize(
    ("said", "rendered"),
    [
        (
            "I'm sorry, but I can't help you with that.",
            "Lo siento, pero no puedo ayudarle con eso.",
        ),
        ("Sure, we can do that tomorrow.", "Claro, podemos hacerlo mañana."),
        ("The AI is only a tool for us.", "La IA es solo una herramienta para nosotros."),
        ("This translation is wrong.", "Esta traducción está mal."),
        ("Barack Obama, Angela Merkel, Emmanuel Macron.",) * 2,
        ("OK.", "Vale."),
        ("Yes, of course.", "Sí, por supuesto."),
        ("He said that we must follow the rules.", "Dijo que debemos seguir las reglas."),
    ],
)
def test_what_people_say_to_each_other_is_heard(said: str, rendered: str) -> None:
    assert heard(rendered, brief(said, "en", "es")) == (rendered, None)


def test_a_rendition_that_breaks_off_is_caught_where_it_ends() -> None:
    said = "The committee has decided to close the school, because there are too few children."
    rendered = "El comité ha decidido cerrar la escuela, porque hay"
    assert heard(rendered, brief(said, "en", "es")) == (
        "El comité ha decidido cerrar la escuela,",
        "truncated",
    )


def test_a_question_waits_until_it_is_seen_to_be_one() -> None:
    guard = OutputGuard(
        brief("When the school closes, where will they go?", "en", "es"), languages=LANGUAGES
    )
    assert guard.admit("Cuando cierre la escuela,") == ""
    assert guard.finish("¿adónde irán?") == "Cuando cierre la escuela, ¿adónde irán?"


def test_a_speaker_who_changed_the_language_is_repeated() -> None:
    said = "Buenos días a todos, muchas gracias por haber venido hoy."
    assert heard(said, brief(said, "en", "es")) == (said, None)


def test_terms_that_are_kept_are_no_echo() -> None:
    terms = [Term(source=word, target=word) for word in ("cloud", "native", "computing", "stack")]
    said = "cloud native computing stack"
    assert heard(said, brief(said, "en", "es", *terms)) == (said, None)


def test_a_terse_rendition_may_be_short() -> None:
    said = "What I would like to say to you today is that we are very happy with these results."
    short = "Estamos muy contentos con los resultados."
    assert heard(short, brief(said, "en", "es"))[1] == "truncated"
    assert heard(short, brief(said, "en", "es", terse=True)) == (short, None)


def test_languages_without_profile_or_lexicon_are_let_through() -> None:
    said = "Good morning to all of you, and welcome."
    assert heard("Bore da i chi i gyd, a chroeso.", brief(said, "en", "cy"))[1] is None
    assert heard("皆さん、おはようございます。", brief(said, "en", "ja"))[1] is None


# What people wrote


def references() -> Iterator[tuple[Brief, str]]:
    """Human translations of the recordings and of their segments."""
    for one in manifest().values():
        for target, text in one.references.items():
            if target != one.language:
                yield brief(one.transcript, one.language, target), text
        for part in one.segments:
            for target in set(part) & set(LANGUAGES):
                yield brief(part["text"], one.language, target), part[target]


def test_human_translations_are_heard() -> None:
    refused = [(why, text) for asked, text in references() if (why := heard(text, asked)[1])]
    assert len(refused) <= 0.01 * len(list(references())), refused


def test_human_translations_cut_to_a_third_are_caught() -> None:
    verdicts = []
    for asked, text in references():
        words = text.split()
        if len(words) >= 8:
            verdicts.append(heard(" ".join(words[: len(words) // 3]), asked)[1])
    assert sum(why is not None for why in verdicts) >= 0.98 * len(verdicts)


def test_no_echo_of_what_was_said_is_heard() -> None:
    verdicts = [heard(asked.segment.text, asked) for asked, _ in references()]
    caught = [why for said, why in verdicts if said == "" and why is not None]
    assert len(caught) >= 0.98 * len(verdicts)  # a list of names is the same in both languages
