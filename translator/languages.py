"""Languages are BCP-47 codes, matched by RFC 4647 look-up (`es-MX` listens to `es`)."""

from collections.abc import Iterable

import langcodes
from babel import Locale, UnknownLocaleError
from langcodes.tag_parser import LanguageTagError

from translator.errors import InputError

LONGEST = 35
"""Characters of a code that everybody must take (RFC 5646 §4.4.1); more is no wish but a load."""


def normalize(code: str) -> str:
    """`EN_us` -> `en-US`, `eng` -> `en`. Raises InputError for what is no language."""
    try:
        language = langcodes.Language.get(code.strip())
    except LanguageTagError:
        language = None
    if language is None or not language.language or not language.is_valid():
        raise InputError(f"{code!r} is no language code; use BCP-47, such as en, es or pt-BR")
    return str(language.to_tag())


def lookup(wanted: str, available: Iterable[str]) -> str | None:
    """The best of `available` for `wanted`, by RFC 4647 §3.4: drop subtags from the end."""
    if len(wanted) > LONGEST:
        return None
    by_lower = {code.lower(): code for code in available}
    parts = wanted.lower().split("-")
    while parts:
        found = by_lower.get("-".join(parts))
        if found is not None:
            return found
        parts.pop()
        if parts and len(parts[-1]) == 1:  # a single letter only introduces what was dropped
            parts.pop()
    return None


def primary(code: str) -> str:
    """The language without its region: `pt-BR` -> `pt`."""
    return code.split("-")[0].lower()


def same(one: str, other: str) -> bool:
    """Whether who understands `one` understands `other`: regions do not part a language."""
    return primary(one) == primary(other)


def own_name(code: str) -> str:
    """The language's name for itself: `es` -> `Español`; the code where it is not known."""
    locale = _locale(code)
    name = (locale and locale.get_display_name()) or code
    return name[:1].upper() + name[1:]


def english_name(code: str) -> str:
    """The language's English name, for prompts and messages; the code where it is not known."""
    locale = _locale(code)
    return (locale and locale.english_name) or code


def named(name: str) -> str | None:
    """The code of the language with that English name, or None."""
    wanted = name.strip().casefold()
    names = Locale("en").languages.items()
    return next((code.replace("_", "-") for code, one in names if one.casefold() == wanted), None)


def _locale(code: str) -> Locale | None:
    """Babel's locale, of the language alone where it has none for the region."""
    for tag in (code, primary(code)):
        try:
            return Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return None
