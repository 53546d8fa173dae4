"""What people call themselves, as others will read it."""

import unicodedata

from translator.errors import InputError

LONGEST = 60
"""Characters."""
JOINERS = frozenset("\u200c\u200d")
"""Invisible, but Persian words and emoji are written with them."""
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs that look like nothing."""


def clean(name: str) -> str:
    """`name` in NFC on one line, without what is invisible or changes the direction of others.

    Raises InputError where nothing is left to see, or too much.
    """
    folded = " ".join(name.split())
    kept = "".join(filter(_kept, unicodedata.normalize("NFC", folded)))
    one = " ".join(kept.split())
    if not any(map(_visible, one)):
        raise InputError("Type a name: the others see it when you speak.")
    if len(one) > LONGEST:
        raise InputError(f"That name is too long: use {LONGEST} characters at most.")
    return one


def _kept(character: str) -> bool:
    """Controls, bidi overrides, surrogates and private signs are not."""
    if character in JOINERS:
        return True
    return unicodedata.category(character)[0] != "C" and character not in BLANK


def _visible(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPS"
