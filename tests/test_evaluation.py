"""The figures of an evaluation, from texts, captions and results that are known."""

import json
from pathlib import Path
from typing import Any

import pytest

from translator.errors import InputError, SettingsError
from translator.evaluation import gate, manifest, page, scenarios
from translator.evaluation.compare import compared
from translator.evaluation.offline import sentences, trimmed
from translator.evaluation.reading import (
    Page,
    boundaries,
    caption_delays,
    erasure,
    f1,
    first_shown,
    heard_in_order,
    in_order,
    pages,
    spoken,
)
from translator.evaluation.run import AS_CONFIGURED, Result
from translator.evaluation.summary import NAMES, by_direction, summed
from translator.evaluation.whole import made, whole
from translator.evaluation.words import aligned, errors, normalized, quality
from translator.types import Word

pytestmark = pytest.mark.unit

# Texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World!", "hello world"),
        ("L’eau — n’est-ce pas ?", "l'eau n'est ce pas"),
        ("It costs 1,250.50 euros.", "it costs 1,250.50 euros"),
        ("‘quoted’ words'", "quoted words"),
        ("¿Qué tal, señor?", "qué tal señor"),
        ("यह हिन्दी है।", "यह हिन्दी है"),
        ("snake_case", "snake case"),
        ("", ""),
    ],
)
def test_texts_are_compared_without_case_and_punctuation(text: str, expected: str) -> None:
    assert normalized(text) == expected


def test_errors_are_counted_over_all_texts() -> None:
    found = errors(["the cat sat", "A dog."], ["the cat sat down", "a"])
    assert found == {"wrong": 2, "words": 5}


def test_a_text_without_a_reference_counts_for_nothing() -> None:
    assert errors([""], ["something"]) == {"wrong": 0, "words": 0}


def test_quality_comes_with_its_signatures_and_is_blind_to_case() -> None:
    text = "One two three four five six seven eight nine ten."
    found = quality([text], [text.upper()], "en")
    assert (found["bleu"], found["chrf"]) == (pytest.approx(100.0), 100.0)
    assert [one.split("|")[0] for one in found["signatures"]] == ["BLEU", "chrF2"]
    assert all("version:" in one for one in found["signatures"])


def test_bleu_of_a_few_words_is_not_told() -> None:
    assert quality(["too short"], ["too short"], "en")["bleu"] is None


def test_words_stand_for_words() -> None:
    assert aligned(["a", "x", "c", "d"], ["a", "b", "c", "e", "d"]) == {0: 0, 1: 1, 2: 2, 3: 4}


# Captions


def tail(at: float, text: str, *, language: str = "en", speaker: str = "p") -> dict[str, Any]:
    return {
        "kind": "tail",
        "segment_id": None,
        "origin": "source",
        "speaker": speaker,
        "language": language,
        "text": text,
        "start": 0.0,
        "received_at": at,
    }


def final(
    at: float, number: int, text: str, *, left: str = "", start: float | None = None, **more: Any
) -> dict[str, Any]:
    begun = float(number) if start is None else start
    changes = {"kind": "segment", "segment_id": f"s{number}", "start": begun}
    return {**tail(at, text), **changes, "tail": tail(at, left), **more}


def one_page(*messages: dict[str, Any]) -> Page:
    (found,) = spoken(messages)
    return found


def test_text_that_only_grows_is_not_erased() -> None:
    found = one_page(
        tail(1.0, "good"), tail(1.5, "good morning"), final(2.0, 1, "good morning", left="all")
    )
    assert erasure([found]) == {"committed": 0, "partial": 0, "words": 2}


def test_every_word_that_is_taken_back_counts() -> None:
    found = one_page(
        tail(1.0, "good warning all"),  # two words are taken back
        tail(1.5, "good morning"),
        final(2.0, 1, "Good morning", left=""),  # and two more, since it now is a capital
    )
    assert erasure([found]) == {"committed": 0, "partial": 4, "words": 2}


def test_a_segment_that_was_not_rendered_takes_nothing_back() -> None:
    said = final(2.0, 1, "good morning", left="to all")
    again = final(2.5, 1, "good morning", stream="es")  # its readers get the speaker's words
    found = one_page(said, again, final(3.0, 2, "to all"))
    assert erasure([found]) == {"committed": 0, "partial": 0, "words": 4}


def test_a_correction_is_erasure_of_committed_text() -> None:
    found = one_page(final(1.0, 1, "the mare spoke"), final(5.0, 1, "the mayor spoke"))
    assert erasure([found])["committed"] == 2
    assert found.text == "the mayor spoke"


def test_speakers_and_languages_have_pages_of_their_own() -> None:
    messages = [
        tail(1.0, "hello", speaker="a"),
        tail(1.1, "hi", speaker="b"),
        {**tail(1.2, "hola", speaker="a", language="es-MX"), "origin": "rendition"},
    ]
    assert [one.speaker for one in spoken(messages)] == ["a", "b"]
    assert [one.speaker for one in pages(messages, "es")] == ["a"]


def test_a_word_is_first_shown_in_the_tail_that_it_comes_from() -> None:
    found = one_page(
        tail(1.0, "the cat"),
        tail(1.4, "the hat sat"),
        final(2.0, 1, "The cat sat.", left="down"),
        final(3.0, 2, "down"),
    )
    shown = [("the", 1.0), ("cat", 1.0), ("sat", 1.4), ("down", 2.0)]
    assert first_shown(found) == shown


def test_captions_are_measured_from_the_spoken_word() -> None:
    found = one_page(final(2.0, 1, "The cat set down"))
    said = [
        Word(text="the", start=0.2, end=0.4),
        Word(text="cat", start=0.4, end=0.9),
        Word(text="sat", start=0.9, end=1.2),
    ]
    onsets, ends = zip(*caption_delays(found, said), strict=True)
    assert onsets == pytest.approx((1.8, 1.6))
    assert ends == pytest.approx((1.6, 1.1))


def test_cuts_are_held_against_the_punctuation_of_the_transcript() -> None:
    found = one_page(
        final(1.0, 1, "when it rains"), final(2.0, 2, "we stay at"), final(3.0, 3, "home and read")
    )
    counts = boundaries(found, "When it rains, we stay at home, and read.")
    assert counts == {"hits": 1, "cuts": 2, "due": 2}
    assert f1(counts) == 0.5


def test_a_transcript_without_punctuation_tells_nothing_of_cuts() -> None:
    assert boundaries(one_page(final(1.0, 1, "when it rains")), "when it rains we stay") is None


def test_segments_out_of_order_are_seen() -> None:
    assert in_order(one_page(final(1.0, 1, "a"), final(2.0, 2, "b")))
    assert not in_order(one_page(final(1.0, 2, "b"), final(2.0, 1, "a")))


def test_voices_out_of_order_are_heard() -> None:
    first, second = ({"segment_id": f"s{n}", "source_start": float(n)} for n in (1, 2))
    assert heard_in_order([first, second])
    assert not heard_in_order([second, first])


# Offline


def test_a_word_does_not_begin_in_the_silence_before_it() -> None:
    said = [Word(text="and", start=0.0, end=1.4), Word(text="so", start=1.4, end=1.8)]
    first, second = trimmed(said, [(1.1, 1.5), (1.55, 2.0)])
    assert (first.start, first.end) == (1.1, 1.4)
    assert (second.start, second.end) == (1.4, 1.8)


def test_a_text_is_cut_after_its_sentences() -> None:
    text = "It cost 3.5 euros. Did it? “Yes!” he said"
    assert sentences(text) == ["It cost 3.5 euros.", "Did it?", "“Yes!", "he said"]


# Recordings added up


def result(name: str, **changes: Any) -> Result:
    """A recording from English into Spanish with ten words, one of them wrong."""
    spanish = {
        "segments": 2, "spoken": 2, "evs_p50": 2.0, "evs_p90": 3.0, "evs_p99": 3.0,
        "first_audio": 3.0, "end_lag": 2.5, "lag_slope": 0.1, "backlog_max": 1.0, "pace_max": 1.0,
        "coverage": 1.0, "term_hits": 1, "term_total": 1, "first_word": 2.8,
        "renditions": [[2.0, 2.0, 3.0], [5.0, 3.0, 1.0]],
        "text": "el comité se reúne el lunes por la mañana temprano",
        "offline_text": "el comité se reúne el lunes por la mañana pronto",
        "reference": "el comité se reúne el lunes por la mañana temprano",
        "bleu": 100.0, "chrf": 100.0, "signatures": ["BLEU|x"],
        "offline": {"bleu": 80.0, "chrf": 90.0}, "heard": None,
        "laal": 2.0, "long_yaal": 1.5, "sentences": 1,
        "terms": {"hits": 1, "due": 2, "false_copies": 0},
    }  # fmt: skip
    return {
        "id": name,
        "preset": AS_CONFIGURED,
        "language": "en",
        "style": "read",
        "key": "k",
        "seconds": 10.0,
        "speech": {
            "text": "the committee meats", "offline_text": "the committee meets",
            "transcript": "the committee meets", "no_errors_because": None,
            "errors": {"wrong": 1, "words": 10}, "offline_errors": {"wrong": 2, "words": 10},
        },
        "reading": {
            "erasure": {"spoken": {"committed": 0, "partial": 1, "words": 10}},
            "word_delays": [[1.0, 0.8], [2.0, 1.5], [1.2, 1.0]], "word_times": "x",
            "segment_words": [4, 2, 6], "boundaries": {"hits": 1, "cuts": 2, "due": 1},
            "in_order": True,
        },
        "languages": {"es": spanish},
        "failures": [],
        "load": 0.5,
        **changes,
    }  # fmt: skip


def test_figures_are_of_all_recordings_together() -> None:
    found = summed([result("a"), result("b"), {"id": "c", "error": "broken"}])
    assert (found["recordings"], found["failed"]) == (2, 1)
    assert (found["wer"], found["wer_offline"], found["wer_ratio"]) == (0.1, 0.2, 0.5)
    assert found["erasure_partial"] == 0.1
    assert found["caption_p50"] == 1.2
    assert found["evs_p50"] == 2.0
    assert found["segment_words"] == 4
    assert found["short_segments"] == pytest.approx(1 / 3, abs=1e-4)
    assert found["term_recall"] == 0.5
    assert found["boundary_f1"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["lag_slope"] is None  # ten seconds have none
    assert list(found) == list(NAMES)


def test_what_cannot_be_told_is_none() -> None:
    assert summed([])["wer"] is None
    mute = result("a", speech={**result("a")["speech"], "errors": None, "offline_errors": None})
    assert summed([mute])["wer_ratio"] is None


def test_pairs_of_languages_are_told_apart() -> None:
    other = result("b", language="fr")
    assert list(by_direction([result("a"), other])) == ["en-es", "fr-es"]


def test_a_pair_of_languages_has_the_erasure_of_its_own_captions() -> None:
    one = result("a")
    spanish = one["languages"]["es"]
    calm, nervous = ({"committed": 0, "partial": n, "words": 10} for n in (0, 10))
    erasure = {"spoken": calm, "es": calm, "fr": nervous}
    several = {**one, "languages": {"es": spanish, "fr": spanish}}
    several["reading"] = {**one["reading"], "erasure": erasure}
    assert by_direction([several])["en-es"]["erasure_partial"] == 0.0
    assert by_direction([several])["en-fr"]["erasure_partial"] == 0.5


def test_languages_written_in_words_are_never_counted_by_letters() -> None:
    spanish = result("a")["languages"]["es"]
    wrong = {**spanish, "text": " ".join(reversed(spanish["text"].split()))}
    mixed, spaced = (result("a", languages={code: wrong, "es": wrong}) for code in ("ja", "fr"))
    assert summed([mixed])["bleu"] == summed([spaced])["bleu"]


# The gate

GATE = """
version: 1
whole:
  wer_ratio: {at_most: 0.6}
  evs_p50: {at_most: 1.0}
  lag_slope: {at_most: 0.05}
"""


def gate_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "gate.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_figure_beyond_its_limit_does_not_pass(tmp_path: Path) -> None:
    limits = gate.load(gate_file(tmp_path, GATE)).whole
    verdicts = {one.figure: one.passed for one in gate.judged(limits, summed([result("a")]))}
    assert verdicts == {"wer_ratio": True, "evs_p50": False, "lag_slope": True}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 1\nwhole: {wer_ration: {at_most: 1}}", "wer_ratio"),
        ("version: 1\nwhole: {scenarios_terms: {at_least: 1}}", "unknown figure"),
        ("version: 1\nwhole: {wer: {}}", "at_most"),
        ("version: 1\nwhole: {wer: {under: 1}}", "under"),
    ],
)
def test_a_gate_says_what_is_wrong_with_it(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        gate.load(gate_file(tmp_path, text))


def test_the_projects_own_gate_can_be_used() -> None:
    own = gate.load(Path(__file__).parents[1] / "gate.yaml")
    for limits in (own.whole, own.subset, own.terms):
        assert gate.judged(limits, summed([result("a")]))
    assert gate.judged(own.scenarios, scenarios.summed([]))


# Two runs


def test_two_equal_runs_do_not_differ() -> None:
    run = [result(str(number)) for number in range(6)]
    assert not [one for one in compared(run, run) if one.significant]


def test_a_run_that_is_later_everywhere_differs() -> None:
    before = [result(str(number)) for number in range(6)]
    slow = {**result("x")["languages"]["es"], "first_word": 4.8}
    after = [result(str(number), languages={"es": slow}) for number in range(6)]
    found = {one.figure: one for one in compared(before, after)}
    assert found["first_word"].significant
    assert (found["first_word"].low, found["first_word"].high) == (2.0, 2.0)
    assert not found["evs_p50"].significant


def test_too_few_recordings_tell_no_difference_from_chance() -> None:
    changed = {**result("x")["languages"]["es"], "first_word": 4.8, "text": "otra cosa"}
    before = [result(str(number)) for number in range(5)]
    after = [result(str(number), languages={"es": changed}) for number in range(5)]
    found = {one.figure: one for one in compared(before, after)}
    assert (found["first_word"].before, found["first_word"].after) == (2.8, 4.8)
    assert [one.figure for one in found.values() if one.significant] == []


def test_only_what_both_runs_have_is_compared() -> None:
    assert compared([result("a")], [result("b")]) == []


# The page


def test_the_page_needs_nothing_from_elsewhere() -> None:
    content = whole({AS_CONFIGURED: [result("<a&b>"), {"id": "c", "error": "<broken>"}]}, made())
    verdicts = gate.judged({"evs_p50": gate.Limit(at_most=1.0)}, summed([result("a")]))
    text = page.written(content, {AS_CONFIGURED: verdicts})
    assert "&lt;a&amp;b&gt;" in text
    assert "&lt;broken&gt;" in text
    assert text.count("<svg") == 5
    assert "<script" not in text
    assert "src=" not in text
    assert page.picture(content).startswith("<svg")


def test_a_run_without_any_result_still_has_a_page() -> None:
    assert "c" in page.written(
        whole({AS_CONFIGURED: [{"id": "c", "error": "e"}]}, made()), {"configured": []}
    )


# The manifest


def entry(**changes: Any) -> manifest.Entry:
    given = {"id": "a", "file": "a.flac", "language": "en", "transcript": "Hi.", **changes}
    return manifest.Entry.model_validate(given)


@pytest.mark.parametrize(
    ("kind", "measured"),
    [("dataset", True), ("human (samples README)", True), ("asr output", False), ("none", False)],
)
def test_errors_are_measured_against_people_only(kind: str, measured: bool) -> None:
    assert (entry(transcript_kind=kind).no_errors_because is None) is measured


def test_a_recording_without_segments_is_one_sentence() -> None:
    (whole_of_it,) = entry(references={"es": "Hola."}).sentences("es", 4.0)
    assert (whole_of_it.start, whole_of_it.end) == (0.0, 4.0)
    assert entry().sentences("es", 4.0) == []


def test_a_manifest_is_read_beside_its_recordings(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps([{"id": "a", "file": "a.flac", "language": "en", "other": 1}]))
    (found,) = manifest.read(path)
    assert found.file == tmp_path / "a.flac"
    assert manifest.chosen([found], "a") == [found]
    with pytest.raises(InputError, match="--only b"):
        manifest.chosen([found], "b")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "no manifest"),
        (b"RIFF\xff\xfe\x00WAVE", "no manifest"),  # the recording itself
        (b'{"id": 1}', "list"),
        (b"[]", "has no recordings"),
        (b'[{"id": "../x", "file": "", "language": "e"}]', r"\[0\]\.id"),
        (b'[{"id": "..", "file": "", "language": "e"}]', r"\[0\]\.id"),
        (b'[{"id": "a", "language": "en"}]', r"\[0\]\.file: Field required"),
        (
            b'[{"id": "a", "file": "a", "language": "en", "segments": [{"text": "x", "end": 1}]}]',
            r"\[0\]\.segments\[0\]\.start: Field required",
        ),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said) as refused:
        manifest.read(path)
    assert "pydantic.dev" not in str(refused.value)


# Scenarios


def scenario(**changes: Any) -> scenarios.Scenario:
    given = {"id": "a", "from": "en", "to": "es", "text": "Are there 1,250 of 3?", **changes}
    return scenarios.Scenario.model_validate(given)


def failed(one: scenarios.Scenario, rendition: str) -> list[str]:
    return [check.kind for check in scenarios.checked(one, rendition) if not check.passed]


def test_a_rubric_is_checked_point_by_point() -> None:
    one = scenario(
        terms={"committee": "comisión"},
        numbers=True,
        question=True,
        must=["hay"],
        must_not=["sí"],
        register={"must_not": ["tú"]},
    )
    assert failed(one, "¿Hay 1.250 de 3 en la comisión?") == []
    assert failed(one, "Sí, tú: 1.250.") == [
        *("terms", "numbers", "question", "register", "meaning", "meaning")
    ]
    assert "rendered" in failed(one, " ")


def test_a_term_is_a_whole_word() -> None:
    assert failed(scenario(terms={"act": "acta"}), "El actable") == ["terms"]


def test_figures_are_the_same_however_they_are_grouped() -> None:
    assert scenarios.figures("1,250.5 and 20 000") == scenarios.figures("20.000 y 1 250,5")


def test_there_are_a_hundred_scenarios_and_each_checks_something() -> None:
    shipped = scenarios.load()
    assert len(shipped) >= 100
    assert all(len(list(scenarios.checked(one, "x"))) > 1 for one in shipped)
