"""What is different between two snapshots, in short lines that an organizer understands."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from pydantic import BaseModel

from translator.glossary import Entry, Glossary
from translator.settings.models import Language, Pair
from translator.settings.operator import Engine
from translator.settings.snapshot import Settings
from translator.settings.tools import ToolServer

Shown = Callable[[str, Any, Any], Iterable[str]]
"""The lines for a key, of what it was and what it is; none where nothing is different."""


def diff(old: Settings, new: Settings) -> tuple[str, ...]:
    """Lines such as `languages: + de (captions only)`; none where nothing is different.

    Of engines it says which keys differ, and no value: those are the operator's.
    """
    shown: Mapping[str, Shown] = {
        "number": _untold,
        "spoken": _sets,
        "languages": _languages,
        "pairs": _pairs,
        "lookups": _sets,
        "agenda": lambda key, *_: _agenda(key, old, new),
        "agenda_text": _untold,  # with its name
        "glossaries": _glossaries,
        "engines": partial(_described, "engine"),
        "engine_set": lambda _, one, other: _one("set of engines", one, other),
        "tools": partial(_described, "tool"),
    }
    return tuple(_fields("", old, new, shown))


def _fields(
    prefix: str, old: BaseModel, new: BaseModel, shown: Mapping[str, Shown] = {}
) -> Iterator[str]:
    """Every field, as the files name it: as in `shown`, and all others alike."""
    for name, field in type(old).model_fields.items():
        show = shown.get(name, _one)
        yield from show(prefix + (field.alias or name), getattr(old, name), getattr(new, name))


def _untold(key: str, old: object, new: object) -> Iterable[str]:
    return ()


def _one(key: str, old: object, new: object) -> Iterator[str]:
    if isinstance(old, BaseModel) and isinstance(new, BaseModel):
        yield from _fields(f"{key}.", old, new)
    elif old != new:
        yield f"{key}: {_shown(old)} -> {_shown(new)}"


def _sets(key: str, old: Collection[str], new: Collection[str]) -> Iterator[str]:
    changes = [f"+ {one}" for one in new if one not in old]
    changes += [f"- {one}" for one in old if one not in new]
    if changes:
        yield f"{key}: {', '.join(changes)}"
    elif list(old) != list(new):
        yield f"{key}: now in the order {', '.join(new)}"


def _languages(key: str, old: Mapping[str, Language], new: Mapping[str, Language]) -> Iterator[str]:
    for code, language in new.items():
        if code not in old:
            yield f"{key}: + {code} ({_spoken(language)})"
            continue
        voices = _voices(old[code]), _voices(language)
        shown: Mapping[str, Shown] = {"voices": lambda key, *_, voices=voices: _one(key, *voices)}
        yield from _fields(f"{key}.{code}.", old[code], language, shown)
    for code in old:
        if code not in new:
            yield f"{key}: - {code}"


def _voices(language: Language) -> tuple[str, ...]:
    return tuple(
        f"{voice} of {engine}"
        for engine in language.spoken_by
        for voice in language.voices_of(engine)
    )


def _spoken(language: Language) -> str:
    by = _shown(language.spoken_by)
    return f"spoken by {by}" if language.spoken_by else "captions only"


def _pairs(key: str, old: tuple[Pair, ...], new: tuple[Pair, ...]) -> Iterator[str]:
    before = {(pair.source, pair.target): pair for pair in reversed(old)}
    after = {(pair.source, pair.target): pair for pair in reversed(new)}
    for at, pair in enumerate(new):
        was = before.get((pair.source, pair.target))
        if was is None:
            yield f"{key}: + {_named(pair)} by {_shown(pair.rendered_by)}"
        elif after[pair.source, pair.target] is pair:
            yield from _fields(f"{key}[{at}].", was, pair, {"glossaries": _sets})
    for pair in old:
        if (pair.source, pair.target) not in after:
            yield f"{key}: - {_named(pair)}"
    if [one for one in before if one in after] != [one for one in after if one in before]:
        yield f"{key}: in another order"


def _named(pair: Pair) -> str:
    return f"{pair.source} -> {pair.target}"


def _glossaries(_: str, old: Mapping[str, Glossary], new: Mapping[str, Glossary]) -> Iterator[str]:
    for name, glossary in new.items():
        if name in old and (counts := _counts(old[name].entries, glossary.entries)):
            yield f"glossary {name}: {counts}"


def _counts(old: Collection[Entry], new: Collection[Entry]) -> str:
    """`3 terms added, 1 changed`: an entry that shares a name with one that went is changed."""
    before = [frozenset(entry.names.items()) for entry in old]
    after = [frozenset(entry.names.items()) for entry in new]
    gone, come = set(before) - set(after), set(after) - set(before)
    names = frozenset().union(*come)
    changed = sum(not names.isdisjoint(entry) for entry in gone)
    counts = {
        "added": max(len(come) - changed, 0),
        "changed": changed,
        "removed": len(gone) - changed,
    }
    parts = [f"{count} {what}" for what, count in counts.items() if count]
    if not parts:
        return "" if before == after else "terms in another order"
    number, _, rest = ", ".join(parts).partition(" ")
    return f"{number} term{'' if number == '1' else 's'} {rest}"


def _agenda(key: str, old: Settings, new: Settings) -> Iterator[str]:
    yield from _one(key, old.agenda, new.agenda)
    if old.agenda == new.agenda and old.agenda_text != new.agenda_text:
        yield f"{key}: another text"


def _described(
    what: str,
    key: str,
    old: Mapping[str, Engine | ToolServer],
    new: Mapping[str, Engine | ToolServer],
) -> Iterator[str]:
    yield from _sets(key, sorted(old), sorted(new))
    for name, one in new.items():
        if name in old and one != old[name]:
            before = old[name].model_dump()
            keys = [key for key, value in one.model_dump().items() if value != before[key]]
            yield f"{what} {name}: other {', '.join(keys)}"


def _shown(value: object) -> str:
    match value:
        case None | ():
            return "none"
        case bool():
            return str(value).lower()  # as it stands in the file
        case tuple():
            return ", then ".join(map(str, value))
    return str(value)
