"""Texts compared word by word: one normalizer, error rates, BLEU and chrF.

The normalizer of every figure here: Unicode NFKC, lower case, no punctuation (an apostrophe stays
inside of a word, a point or comma inside of a number), numbers as they are written.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import jiwer
from rapidfuzz.distance import Levenshtein
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from translator.glossary.words import MARKS
from translator.languages import primary

NORMALIZER = "NFKC, lower case, punctuation stripped, numbers as written"
FEWEST = 10
"""Words of a reference from which BLEU says anything of one recording."""

_LETTERS = rf"[^\W_](?:[^\W_]|[{MARKS}])*"
_WORD = re.compile(rf"{_LETTERS}(?:(?:'|(?<=\d)[.,](?=\d)){_LETTERS})*")
_BY_CHARACTER = {"ja": "char", "ko": "char", "zh": "zh"}


def words(text: str) -> list[str]:
    """The words of `text`, normalized."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).lower().replace("’", "'"))


def normalized(text: str) -> str:
    """`text` as it is compared."""
    return " ".join(words(text))


def errors(references: Sequence[str], hypotheses: Sequence[str]) -> dict[str, int]:
    """`wrong` words of `words` in all these texts; their quotient is the word error rate."""
    pairs = [
        (normalized(one), normalized(other))
        for one, other in zip(references, hypotheses, strict=True)
    ]
    pairs = [(one, other) for one, other in pairs if one]
    if not pairs:
        return {"wrong": 0, "words": 0}
    found = jiwer.process_words([one for one, _ in pairs], [other for _, other in pairs])
    missed = found.substitutions + found.deletions
    return {"wrong": missed + found.insertions, "words": missed + found.hits}


def quality(
    references: Sequence[str], hypotheses: Sequence[str], language: str
) -> Mapping[str, Any]:
    """Corpus `bleu` and `chrf`, 0 to 100, each with its sacrebleu signature.

    `bleu` is None where the references have fewer than FEWEST words.
    """
    hypotheses = [normalized(one) for one in hypotheses]
    references = [normalized(one) for one in references]
    bleu = BLEU(lowercase=True, tokenize=_BY_CHARACTER.get(primary(language), "13a"))
    chrf = CHRF(lowercase=True)
    enough = sum(len(one.split()) for one in references) >= FEWEST
    scores = [one.corpus_score(hypotheses, [references]).score for one in (bleu, chrf)]
    return {
        "bleu": round(scores[0], 2) if enough else None,
        "chrf": round(scores[1], 2),
        "signatures": [f"BLEU|{bleu.get_signature()}", f"chrF2|{chrf.get_signature()}"],
    }


def aligned(hypothesis: Sequence[str], reference: Sequence[str]) -> dict[int, int]:
    """Which word of `reference` each word of `hypothesis` stands for: the same one, or the one
    that it takes the place of."""
    found: dict[int, int] = {}
    for step in Levenshtein.opcodes(hypothesis, reference):
        if step.tag in ("equal", "replace"):
            found |= zip(
                range(step.src_start, step.src_end),
                range(step.dest_start, step.dest_end),
                strict=False,
            )
    return found


def same(hypothesis: Sequence[str], reference: Sequence[str]) -> dict[int, int]:
    """As `aligned`, only the words that are the same."""
    return {
        here: there
        for here, there in aligned(hypothesis, reference).items()
        if hypothesis[here] == reference[there]
    }
