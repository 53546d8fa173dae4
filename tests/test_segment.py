"""Segmenter: what is committed, where it is cut, when it was said."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator.segment import Segmenter, words_of
from translator.types import Hypothesis, Limits, Segment, Word

pytestmark = pytest.mark.unit


def segmenter(*, min_words: int = 4, max_seconds: float = 3.0, anywhere: bool = False) -> Segmenter:
    return Segmenter(
        speaker="p-1",
        speaker_name="Ana",
        prefix="p-1:",
        limits=Limits(min_words=min_words, max_seconds=max_seconds, anywhere=anywhere),
    )


def said(
    text: str,
    *,
    utterance: str = "u1",
    language: str | None = "en",
    final: bool = False,
    start: float = 0.0,
    end: float | None = None,
    stable: int = 0,
    words: Sequence[Word] = (),
) -> Hypothesis:
    return Hypothesis(
        utterance=utterance,
        text=text,
        language=language,
        final=final,
        start=start,
        end=start + 0.3 * len(text.split()) if end is None else end,
        stable=stable,
        words=tuple(words),
    )


def texts(segments: Sequence[Segment]) -> list[str]:
    return [segment.text for segment in segments]


def push(subject: Segmenter, *hypotheses: Hypothesis) -> list[list[str]]:
    return [texts(subject.push(one, now=9.0, settings=1)) for one in hypotheses]


def test_what_only_one_hypothesis_says_is_neither_committed_nor_shown() -> None:
    subject = segmenter()
    assert push(subject, said("We should go home now, he said")) == [[]]
    assert subject.tail == ""


def test_words_are_shown_once_two_hypotheses_agree_on_them_and_on_the_next() -> None:
    subject = segmenter()
    push(subject, said("We should come"), said("we should go home"))
    assert subject.tail == "we"
    push(subject, said("We should go home"))
    assert subject.tail == "we should go"


def test_words_that_are_shown_stay_until_others_are_in_their_place() -> None:
    subject = segmenter(min_words=9)
    push(subject, *[said("We should go home now")] * 2)
    push(subject, said("We should"), said("we should go"), said("We, should go home know"))
    assert subject.tail == "We should go home"
    push(subject, *[said("We should do home work now")] * 2)
    assert subject.tail == "We should do home work"


def test_what_the_engine_calls_stable_is_shown_at_once() -> None:
    subject = segmenter(min_words=9)
    push(subject, said("We should go home", stable=9))
    assert subject.tail == "We"


def test_a_clause_is_committed_once_two_hypotheses_agree_and_a_word_follows() -> None:
    subject = segmenter()
    assert push(subject, said("We should go home now, he"), said("we should go home now, he said"))[
        1
    ] == ["we should go home now,"]
    assert subject.tail == ""
    push(subject, said("we should go home now, he said that"))
    assert subject.tail == "he"


def test_a_clause_at_the_very_end_waits_for_a_following_word() -> None:
    assert push(segmenter(), *[said("We should go home now.")] * 2) == [[], []]


def test_what_the_engine_calls_stable_needs_no_second_hypothesis() -> None:
    text = "We should go home now, he"
    assert push(segmenter(), said(text, stable=len(text))) == [["We should go home now,"]]


def test_words_that_the_engine_has_only_half_fixed_are_not_stable() -> None:
    text = "We should go home now, he"
    assert push(segmenter(), said(text, stable=text.index("now") + 1)) == [[]]


def test_a_short_clause_waits_for_the_next_one() -> None:
    assert push(segmenter(), *[said("Yes, we should go home, he")] * 2)[1] == [
        "Yes, we should go home,"
    ]


@pytest.mark.parametrize(
    ("language", "text", "first"),
    [
        ("en", "we could all go home because it is late", "we could all go home"),
        ("es", "todos podemos ir a casa porque es tarde", "todos podemos ir a casa"),
        (
            "fr",
            "nous pouvons rentrer maintenant parce que voilà",
            "nous pouvons rentrer maintenant",
        ),
        ("pt", "nós podemos ir embora porque é tarde", "nós podemos ir embora"),
        ("it", "noi possiamo tornare adesso perché è tardi", "noi possiamo tornare adesso"),
        ("ca", "ara tots podem marxar perquè és tard", "ara tots podem marxar"),
        ("de-AT", "wir gehen jetzt alle weil es spät ist", "wir gehen jetzt alle"),
    ],
)
def test_it_cuts_before_a_conjunction(language: str, text: str, first: str) -> None:
    assert push(segmenter(), *[said(text, language=language)] * 2)[1][:1] == [first]


def test_an_unknown_language_is_cut_by_punctuation_alone() -> None:
    assert push(segmenter(), *[said("minä menen nyt kotiin, koska on", language="fi")] * 2)[1] == [
        "minä menen nyt kotiin,"
    ]


@pytest.mark.parametrize("loose", ["the", "along the", "if", "and"])
def test_long_speech_is_cut_without_a_clause_and_not_after_a_word_that_leads_on(
    loose: str,
) -> None:
    text = f"tall green trees grow slowly {loose}"
    kept = text.removesuffix(loose.split()[-1]).strip()
    assert push(segmenter(), *[said(text, end=5.0)] * 2)[1] == [kept]


def test_long_speech_may_be_cut_in_the_middle_of_a_phrase_where_that_is_wanted() -> None:
    text = "tall green trees grow slowly along the"
    hurried = segmenter(anywhere=True)
    assert push(hurried, *[said(text, end=5.0)] * 2)[1] == [text]
    assert push(segmenter(anywhere=True), *[said(text, end=2.9)] * 2)[1] == []


def test_speech_that_is_not_yet_long_is_not_cut_inside_a_clause() -> None:
    assert push(segmenter(), *[said("tall green trees grow slowly", end=2.9)] * 2)[1] == []


def test_long_speech_is_cut_at_a_short_clause_rather_than_anywhere() -> None:
    assert push(segmenter(), *[said("Well no not, trees grow very slowly", end=5.0)] * 2)[1] == [
        "Well no not,",
        "trees grow very slowly",
    ]


def test_one_word_or_two_are_not_cut_off_while_speech_goes_on() -> None:
    assert push(segmenter(), *[said("Well no, trees grow very slowly", end=5.0)] * 2)[1] == [
        "Well no, trees grow very slowly"
    ]


def test_one_word_or_two_at_the_end_go_with_the_sentence_before() -> None:
    assert push(segmenter(), said("We should all go home. Thank you.", final=True)) == [
        ["We should all go home. Thank you."]
    ]


def test_a_final_commits_all_and_leaves_no_tail() -> None:
    subject = segmenter()
    assert push(subject, said("Yes"), said("Yes.", final=True)) == [[], ["Yes."]]
    assert subject.tail == ""


def test_a_final_is_cut_into_sentences() -> None:
    text = "We should go home now. It is late. The last bus leaves at ten."
    assert push(segmenter(), said(text, final=True)) == [
        ["We should go home now.", "It is late. The last bus leaves at ten."]
    ]


def test_a_final_gives_only_what_was_not_committed() -> None:
    text = "We should go home now, he said"
    assert push(segmenter(), said(text), said(text), said(text + ".", final=True))[1:] == [
        ["We should go home now,"],
        ["he said."],
    ]


def test_nothing_without_a_letter_or_digit_is_committed() -> None:
    subject = segmenter()
    assert push(subject, said("... — ?"), said("…", final=True)) == [[], []]
    assert subject.tail == ""


def test_without_a_language_everything_waits() -> None:
    subject = segmenter()
    text = "We should go home now, he"
    assert push(subject, *[said(text, language=None)] * 2) == [[], []]
    assert subject.tail == "We should go home now,"
    assert push(subject, said(text)) == [["We should go home now,"]]


def test_a_final_without_a_language_is_dropped() -> None:
    subject = segmenter()
    assert push(subject, said("hm", language=None, final=True)) == [[]]
    assert subject.tail == ""


def test_an_utterance_left_unfinished_is_committed_when_another_begins() -> None:
    subject = segmenter()
    assert push(subject, said("One two"), said("Three", utterance="u2")) == [[], ["One two"]]
    push(subject, said("Three four", utterance="u2"))
    assert subject.tail == ""
    push(subject, said("Three four", utterance="u2"))
    assert subject.tail == "Three"


@pytest.mark.parametrize(
    ("revised", "rest"),
    [
        ("we should run home now, he said so", "he said"),
        ("we really should go home now, he said so", "he said"),
        ("should go home now, he said so", "he said"),
        ("we should go homenow, he said so", "he said"),
        ("we should go home", ""),
    ],
)
def test_a_revision_of_committed_words_repeats_and_loses_nothing(revised: str, rest: str) -> None:
    subject = segmenter()
    text = "We should go home now, he"
    assert push(subject, said(text), said(text))[1] == ["We should go home now,"]
    push(subject, *[said(revised)] * 2)
    assert subject.tail == rest


def test_committed_words_that_vanish_for_a_while_are_not_repeated() -> None:
    subject = segmenter()
    text = "We should go home now, he"
    push(subject, said(text), said(text), said("We should go"))
    assert push(subject, said(text + " said", final=True)) == [["he said"]]


def test_times_are_those_of_the_engine_but_for_the_utterance_s_own_bounds() -> None:
    words = [
        Word(text=text, start=start, end=start + 0.2)
        for text, start in [("We", 1.0), (" should", 1.5), ("go", 2.0), ("home,", 2.5)]
    ]
    hypothesis = said("We should go home, he said", start=0.9, end=4.7, words=words)
    subject = segmenter()
    subject.push(hypothesis, now=5.0, settings=1)
    first = subject.push(hypothesis, now=5.5, settings=2)[0]
    assert (first.start, first.end) == (0.9, 2.7)
    assert (first.committed, first.settings) == (5.5, 2)
    last = subject.push(said(hypothesis.text, end=4.7, words=words, final=True), now=6, settings=2)[
        0
    ]
    assert (last.start, last.end) == (2.7, 4.7)


def test_without_words_times_are_in_proportion_to_letters() -> None:
    first, second = segmenter().push(
        said("Aaaa aaaa aaaa aaaa. Bb bbb bbb", start=10.0, end=16.0, final=True),
        now=16,
        settings=1,
    )
    assert (first.start, first.end) == (10.0, 14.0)
    assert (second.start, second.end) == (14.0, 16.0)


def test_segments_say_whose_they_are_and_are_numbered() -> None:
    subject = segmenter()
    one = subject.push(said("One.", final=True), now=1.0, settings=3)[0]
    two = subject.push(said("Two.", utterance="u2", final=True), now=2.0, settings=3)[0]
    assert (one.id, two.id) == ("p-1:1", "p-1:2")
    assert (one.speaker, one.speaker_name, one.language) == ("p-1", "Ana", "en")


def test_a_script_without_spaces_is_cut_at_its_punctuation() -> None:
    text = "今日はとても暑いです、だから"
    assert push(segmenter(), *[said(text, language="ja")] * 2)[1] == ["今日はとても暑いです、"]


WORDS = st.lists(
    st.sampled_from(
        [
            "we",
            "go",
            "home,",
            "and",
            "then?",
            "the",
            "sun.",
            "is",
            "up",
            "—",
            "3.5",
            "a",
            "¡sí!",
            "y",
        ]
    ),
    min_size=1,
    max_size=40,
)


def keys(text: str) -> list[str]:
    return [word.key for word in words_of(text)]


@given(words=WORDS, steps=st.lists(st.integers(1, 40), max_size=12), rate=st.floats(0.05, 2))
def test_when_hypotheses_only_append_the_segments_are_the_final_text(
    words: list[str], steps: list[int], rate: float
) -> None:
    subject = segmenter()
    lengths = [*sorted(step for step in steps if step < len(words)), len(words)]
    found: list[Segment] = []
    for length in lengths:
        text = " ".join(words[:length])
        found += subject.push(said(text, end=rate * length), now=1.0, settings=1)
        shown = keys(" ".join(texts(found)) + " " + subject.tail)
        assert shown == keys(text)[: len(shown)]
    text = " ".join(words)
    found += subject.push(said(text, end=rate * len(words), final=True), now=1.0, settings=1)
    assert keys(" ".join(texts(found))) == keys(text)
    assert subject.tail == ""


def test_what_takes_the_place_of_committed_words_begins_behind_them() -> None:
    subject = segmenter(min_words=2)
    (first,) = subject.push(said("We go. And", stable=10), now=1.0, settings=1)
    (second,) = subject.push(said("Tomorrow.", final=True), now=1.0, settings=1)
    assert (first.text, second.text) == ("We go.", "Tomorrow.")
    assert first.end <= second.start <= second.end


@given(hypotheses=st.lists(st.tuples(WORDS, st.booleans(), st.integers(0, 200)), max_size=12))
def test_whatever_an_engine_says_segments_are_in_order_and_hold_words(
    hypotheses: list[tuple[list[str], bool, int]],
) -> None:
    subject = segmenter()
    ids: list[str] = []
    utterance, until = 0, 0.0
    for words, final, stable in hypotheses:
        text = " ".join(words)
        one = said(text, utterance=str(utterance), final=final, stable=stable)
        for segment in subject.push(one, now=1.0, settings=1):
            assert keys(segment.text)
            assert until <= segment.start <= segment.end
            until = segment.end
            ids.append(segment.id)
        if final:
            utterance, until = utterance + 1, 0.0
    assert len(set(ids)) == len(ids)
