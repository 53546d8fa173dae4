"""The figures of a text, in digits or in words, and whether another text says the same ones.

Number words are read by text2num, in the languages it knows (SPELLED). Of others only digits are.
What a figure means is often open (1.500 is one and a half, or fifteen hundred; the 3 in 3/4 may
be March), so a figure has readings, and two are the same when one reading is.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property

from babel import Locale, UnknownLocaleError
from text_to_num import alpha2digit  # type: ignore[attr-defined]

from translator.languages import primary

SPELLED = frozenset({"de", "en", "es", "fr", "it", "nl", "pt"})
"""Languages whose number words are read."""
SMALL = 12
"""Numbers up to here are also said in other ways (a dozen, both, a fortnight)."""
ORDINAL = 10
"""Ordinals up to here are also words of other kinds (a quarter, a second, a room)."""
ROUND = frozenset(map(Decimal, (100, 1000)))
"""In words these mean `very many` as often as not."""
HOMOGRAPHS = {"it": frozenset({Decimal(6)}), "fr": frozenset({Decimal(9)})}
"""Number words that are as often another word: `sei` is `you are`, `neuf` is `new`."""

_NUMBER = re.compile(
    r"\d{1,3}(?:[ '’]\d{3})+(?![\d])(?:[.,]\d+)?"  # 12 345,6
    r"|(?<!\d)\d{2} \d{2}(?! ?\d)"  # nineteen sixty-nine
    r"|\d+(?:[.,]\d+)*"
)
_SCALE = re.compile(r"\s(1000(?:000)*)(?![\d.,]\d|\d)")
_REST = re.compile(r", (\d{1,3})(?!\d)")
"""One thousand, nine hundred and seventy."""
_LETTER_SCALES = {"k": 3, "m": 6, "mio": 6, "bn": 9, "mrd": 9, "mld": 9}
_LETTER_SCALE = re.compile(r"\s?(k|M|bn|Mio|Mrd|Mld)\b")
_PERCENT = re.compile(r"\b(?:por ciento|por cento|pour cent|per cento?)\b", re.IGNORECASE)
_CENTURY_BEFORE = re.compile(r"\b(?:siglos?|século|secolo|segle) $", re.IGNORECASE)
_CENTURY_AFTER = re.compile(r"(?:e|ème)? (?:siècle|century)", re.IGNORECASE)
_UN = re.compile(r"(veinti|\by )[uú]n\b", re.IGNORECASE)
_ORDINAL = re.compile(r"(?:st|nd|rd|th|[ºª°]|\.(?= \w)|[eè]?me|er|e)\b|[ºª°]|\.(?= \w)")
_DECADE = re.compile(r"\b(twent|thirt|fort|fift|sixt|sevent|eight|ninet)ies\b", re.IGNORECASE)
_DATE = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}")
_CLOCK = re.compile(
    r"\b(\d{1,2})(?=\s?[:hH]\s?[0-5]\d\b|\s?h\b"
    r"|(?:[:.][0-5]\d)?\s?(?:[ap]\.?\s?m\b|uhr\b|o['’]clock|heures?\b|horas?\b|hores\b"
    r"|(?:in|at|de|da|du|della?|di|am) (?:the |la |l['’])?(?:morning|afternoon|evening|night"
    r"|mañana|tarde|noche|manhã|noite|matin|soir|après-midi|mattin\w|pomeriggio|sera|abend)))",
    re.IGNORECASE,
)
_AT = re.compile(
    r"(?:\bat|\ba las?|\bà|\bàs|\bas|\balle|\bum|\ba les|past|to|après)\s(\d{1,2})\b", re.IGNORECASE
)
_TIME = re.compile(r"(?:[01]?\d|2[0-4])(?:[.:][0-5]\d)?")
_HALF = re.compile(r"\w*halb\w*|\b(?:half|medi[oa]s?|demie?s?|mei[oa]|mezz[oa]|mig|mitja)\b", re.I)
_QUARTER = re.compile(r"\b(?:quarters?|cuartos?|quarts?|quarto|viertel)\b", re.IGNORECASE)
_ROMAN = re.compile(r"\b(?=[IVXLC])(C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})(?=e|ème|\b)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number of a text."""

    readings: frozenset[Decimal]
    parts: tuple[Decimal, ...]
    """What it is when its separators part numbers: 15.30 is a time as well."""
    in_digits: bool
    ordinal: bool = False
    clock: bool = False
    """It tells an hour."""
    date: bool = False
    """It stands in a date of digits alone."""

    @property
    def small(self) -> bool:
        """Whether it may be said otherwise, or may be no number."""
        return min(self.readings) <= (ORDINAL if self.ordinal else SMALL)


class Figures:
    """The figures of one text."""

    def __init__(self, text: str, language: str) -> None:
        """`language` is BCP-47."""
        self.language = primary(language)
        self._text = re.sub(r"[\u00a0\u202f\u2009]", " ", text)

    @cached_property
    def stated(self) -> tuple[Figure, ...]:
        """Those that are figures beyond doubt: digits, number words from three on, centuries."""
        return (
            *_read(self._text, self.language, threshold=3.0),
            *(_plain(value) for value, is_century in _romans(self._text) if is_century),
        )

    @cached_property
    def possible(self) -> tuple[Figure, ...]:
        """These, and one and two, and what may be meant by letters and names of months."""
        others = {*(value for value, _ in _romans(self._text)), *self._months}
        return (*_read(self._text, self.language, threshold=0.0), *map(_plain, sorted(others)))

    @cached_property
    def letters(self) -> int:
        """How many letters there are beside the figures: in words these are as long as digits."""
        text = self._text
        if self.language in SPELLED:
            text = alpha2digit(_spoken(text, self.language), self.language, 0.0)
        return sum(character.isalnum() for character in text)

    @cached_property
    def halves(self) -> bool:
        """Whether there is a half of something."""
        return _HALF.search(self._text) is not None

    @cached_property
    def quarters(self) -> bool:
        """Whether there is a quarter of something."""
        return _QUARTER.search(self._text) is not None

    @cached_property
    def _names_the_next_hour(self) -> bool:
        return self.quarters or (self.language in ("de", "nl") and self.halves)

    @cached_property
    def _months(self) -> set[Decimal]:
        words = set(re.findall(r"\w+", self._text.casefold()))
        return {Decimal(number) for name, number in _month_names(self.language) if name in words}

    def foreign_to(self, source: "Figures") -> list[Figure]:
        """Those that `source` does not say: nobody may hear them."""
        foreign = [
            one
            for one in self.stated
            if not _said(one, self, source) and (one.in_digits or not one.readings & ROUND)
        ]
        if not any(not one.in_digits and one.small for one in foreign):
            return foreign
        changed = bool(self._lacking(source))
        return [one for one in foreign if one.in_digits or not one.small or changed]

    def _lacking(self, source: "Figures") -> list[Figure]:
        return [one for one in source.stated if not _said(one, source, self)]

    def missing_from(self, source: "Figures") -> list[Figure]:
        """Figures of `source` that this rendition, which is complete, does not say."""
        return [one for one in self._lacking(source) if _due(one, source, self)]


def _due(figure: Figure, source: Figures, rendition: Figures) -> bool:
    """Whether a rendition must say it."""
    value = max(figure.readings)
    if value <= 1:
        return False
    if rendition.language not in SPELLED and max(figure.readings) <= 20:
        return False
    if figure.in_digits:
        return True
    doubtful = figure.readings & (ROUND | HOMOGRAPHS.get(source.language, frozenset()))
    return not (doubtful or (figure.ordinal and figure.small) or rendition.language not in SPELLED)


def _said(figure: Figure, text: Figures, other: Figures) -> bool:
    """Whether `other` says a figure of `text`."""
    if any(_same(figure, one) for one in other.possible):
        return True
    if text.halves or other.halves:
        if any(_halved(figure, one) or _halved(one, figure) for one in other.possible):
            return True
        if figure.readings & {Decimal(30), Decimal("0.5")}:
            return True
    if (text.quarters or other.quarters) and figure.readings & _QUARTERS:
        return True
    if any(one._names_the_next_hour for one in (text, other)) and _near_hour(figure, other):
        return True
    if max(figure.readings) <= 1:
        return True
    if figure.date and max(figure.readings) <= 12 and other._months:
        return True
    return len(figure.parts) > 1 and all(
        any(part in one.readings for one in other.possible) for part in figure.parts if part
    )


_QUARTERS = frozenset(map(Decimal, ("15", "45", "0.25", "0.75", "25", "4")))


def _same(one: Figure, other: Figure) -> bool:
    if one.readings & other.readings:
        return True
    if one.clock or other.clock:
        return any(
            abs(a - b) == 12 and max(a, b) <= 24 for a in one.readings for b in other.readings
        )
    return len(other.parts) > 1 and any(part in one.readings for part in other.parts)


def _halved(whole: Figure, figure: Figure) -> bool:
    """Whether `figure` is `whole` and a half, or half of it."""
    return any(
        figure.readings & {value + Decimal("0.5"), value / 2, value * Decimal("1.5")}
        or value * Decimal("1.5") in figure.readings
        for value in whole.readings
    )


def _near_hour(figure: Figure, other: Figures) -> bool:
    """A quarter to five, halb fünf: the next hour is named."""
    return any(
        (figure.clock or one.clock)
        and any(abs(a - b) in (1, 11, 13) for a in figure.readings for b in one.readings)
        for one in other.possible
    )


def _read(text: str, language: str, *, threshold: float) -> Iterator[Figure]:
    if language in SPELLED:
        text = _spoken(text, language)
        written = [match.group() for match in _NUMBER.finditer(text)]
        text = alpha2digit(text, language, threshold)
    else:
        written = []
    dates = [match.span() for match in _DATE.finditer(text)]
    clocks = {match.start(1) for pattern in (_CLOCK, _AT) for match in pattern.finditer(text)}
    position = 0
    while match := _NUMBER.search(text, position):
        position = match.end()
        raw = match.group()
        in_digits = language not in SPELLED or raw in written
        in_date = any(start <= match.start() < end for start, end in dates)
        groups = [Decimal(part) for part in re.split(r"\D", raw)]
        readings = _readings(raw)
        if not in_digits and (rest := _REST.match(text, match.end())) and _is_thousands(readings):
            groups.append(Decimal(rest.group(1)))
            readings = {value + groups[-1] for value in readings}
            position = rest.end()
        elif scale := _SCALE.match(text, match.end()):
            factor = Decimal(scale.group(1))
            if min(readings) < 1000:
                readings = {value * factor for value in readings}
                groups, position = [], scale.end()
        elif letters := _LETTER_SCALE.match(text, match.end()):
            power = _LETTER_SCALES[letters.group(1).lower()]
            readings |= {value.scaleb(power) for value in readings}
        is_clock = match.start() in clocks and _TIME.fullmatch(raw) is not None
        is_clock = is_clock and not _SCALE.match(text, match.end())
        if in_date or is_clock or not readings:  # numbers of their own
            for index, part in enumerate(groups):
                yield Figure(
                    readings=frozenset({part}),
                    parts=(part,),
                    in_digits=in_digits,
                    clock=is_clock and index == 0,
                    date=in_date,
                )
            continue
        yield Figure(
            readings=frozenset(readings),
            parts=tuple(groups),
            in_digits=in_digits,
            ordinal=_ORDINAL.match(text, match.end()) is not None,
        )


def _is_thousands(readings: Collection[Decimal]) -> bool:
    return all(value and value % 1000 == 0 for value in readings)


def _spoken(text: str, language: str) -> str:
    """As text2num reads it: the eighties are eighty, and an article stands by itself."""
    text = _PERCENT.sub("%", text)
    if language == "es":
        return _UN.sub(r"\1uno", text)
    if language == "en":
        return _DECADE.sub(r"\1y", text)
    return re.sub(r"(?<=\b[^\W\d_])['’]|(?<=\bdell)['’]|(?<=\bnell)['’]", "' ", text)


def _readings(raw: str) -> set[Decimal]:
    """What a number of digits and separators may mean; nothing where it is no single number."""
    separators = re.findall(r"\D", raw)
    groups = re.split(r"\D", raw)
    if not separators:
        return {Decimal(raw)}
    whole, fraction = groups[:-1], groups[-1]
    grouped = all(len(group) == 3 for group in groups[1:])
    found = set()
    is_year = raw[2:3] == " " and len(raw) == 5
    if len(set(separators)) == 1 and (grouped or is_year):
        found.add(Decimal("".join(groups)))
    is_decimal = separators[-1] in ".," and separators.count(separators[-1]) == 1
    if is_decimal and all(len(group) == 3 for group in whole[1:]):
        found.add(Decimal(f"{''.join(whole)}.{fraction}"))
    return found


def _plain(value: Decimal) -> Figure:
    return Figure(readings=frozenset({value}), parts=(value,), in_digits=False)


def _romans(text: str) -> Iterator[tuple[Decimal, bool]]:
    """Roman numbers, and whether each counts a century."""
    for match in _ROMAN.finditer(text):
        if match.group() and (len(match.group()) > 1 or match.group() in "VX"):
            hundreds, tens, ones = match.groups()
            value = Decimal(
                100 * len(hundreds) + 10 * _digit(tens, "X", "L", "C") + _digit(ones, "I", "V", "X")
            )
            before, after = text[: match.start()], text[match.end() :]
            yield value, bool(_CENTURY_BEFORE.search(before) or _CENTURY_AFTER.match(after))


def _digit(letters: str, one: str, five: str, ten: str) -> int:
    """One digit of a Roman number, written with these signs."""
    if letters in (one + five, one + ten):
        return 4 if letters[1] == five else 9
    return letters.count(one) + 5 * letters.count(five)


@cache
def _month_names(language: str) -> Collection[tuple[str, int]]:
    try:
        locale = Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return ()
    names: Iterable[tuple[int, str]] = (
        item
        for width in ("wide", "abbreviated")
        for context in ("format", "stand-alone")
        for item in locale.months[context][width].items()
    )
    return tuple({(name.casefold().rstrip("."), number) for number, name in names})
