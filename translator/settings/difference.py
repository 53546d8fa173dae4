"""What is different between two snapshots, in short lines that an organizer understands."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from translator.glossary import Entry, Glossary
from translator.settings.models import Language, Pair
from translator.settings.operator import Engine
from translator.settings.snapshot import Settings
from translator.settings.tools import ToolServer


def diff(old: Settings, new: Settings) -> tuple[str, ...]:
    """Lines such as `languages: + de (captions only)`; none where nothing is different.

    Of engines it says which keys differ, and no value: those are the operator's.
    """
    return (
        *_one("hear", old.heard_by, new.heard_by),
        *_sets("spoken", old.spoken, new.spoken),
        *_languages(old.languages, new.languages),
        *_pairs(old.pairs, new.pairs),
        *_one("summarize", old.summarize, new.summarize),
        *_sets("lookups", old.lookups, new.lookups),
        *_agenda(old, new),
        *_glossaries(old.glossaries, new.glossaries),
        *_fields("segments.", old.segments, new.segments, ("min_words", "max_seconds")),
        *_fields("", old, new, ("max_wait", "grace", "max_languages")),
        *_fields("", old, new, ("currency",)),
        *_fields("ceilings.", old.ceilings, new.ceilings, ("person", "meeting", "day")),
        *_described("engine", old.engines, new.engines),
        *_described("tool", old.tools, new.tools),
    )


def _one(key: str, old: object, new: object) -> Iterator[str]:
    if old != new:
        yield f"{key}: {_shown(old)} -> {_shown(new)}"


def _fields(prefix: str, old: object, new: object, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield from _one(prefix + name, getattr(old, name), getattr(new, name))


def _sets(key: str, old: Collection[str], new: Collection[str]) -> Iterator[str]:
    changes = [f"+ {one}" for one in new if one not in old]
    changes += [f"- {one}" for one in old if one not in new]
    if changes:
        yield f"{key}: {', '.join(changes)}"
    elif list(old) != list(new):
        yield f"{key}: now in the order {', '.join(new)}"


def _languages(old: Mapping[str, Language], new: Mapping[str, Language]) -> Iterator[str]:
    for code, language in new.items():
        if code not in old:
            yield f"languages: + {code} ({_spoken(language)})"
            continue
        yield from _one(f"languages.{code}.speak", old[code].spoken_by, language.spoken_by)
        yield from _one(f"languages.{code}.voice", _voices(old[code]), _voices(language))
    for code in old:
        if code not in new:
            yield f"languages: - {code}"


def _voices(language: Language) -> tuple[str, ...]:
    return tuple(
        f"{voice} of {engine}"
        for engine in language.spoken_by
        for voice in language.voices_of(engine)
    )


def _spoken(language: Language) -> str:
    by = _shown(language.spoken_by)
    return f"spoken by {by}" if language.spoken_by else "captions only"


def _pairs(old: tuple[Pair, ...], new: tuple[Pair, ...]) -> Iterator[str]:
    before = {(pair.source, pair.target): pair for pair in reversed(old)}
    after = {(pair.source, pair.target): pair for pair in reversed(new)}
    for at, pair in enumerate(new):
        was = before.get((pair.source, pair.target))
        if was is None:
            yield f"pairs: + {_named(pair)} by {_shown(pair.rendered_by)}"
        elif after[pair.source, pair.target] is pair:
            yield from _one(f"pairs[{at}].render", was.rendered_by, pair.rendered_by)
            yield from _sets(f"pairs[{at}].glossaries", was.glossaries, pair.glossaries)
            yield from _one(f"pairs[{at}].register", was.register_, pair.register_)
            yield from _one(f"pairs[{at}].gender", was.gender, pair.gender)
            yield from _one(f"pairs[{at}].guard", was.guard, pair.guard)
            yield from _one(f"pairs[{at}].end_to_end", was.end_to_end, pair.end_to_end)
            yield from _one(f"pairs[{at}].hybrid", was.hybrid, pair.hybrid)
    for pair in old:
        if (pair.source, pair.target) not in after:
            yield f"pairs: - {_named(pair)}"
    if [key for key in before if key in after] != [key for key in after if key in before]:
        yield "pairs: in another order"


def _named(pair: Pair) -> str:
    return f"{pair.source} -> {pair.target}"


def _glossaries(old: Mapping[str, Glossary], new: Mapping[str, Glossary]) -> Iterator[str]:
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


def _agenda(old: Settings, new: Settings) -> Iterator[str]:
    yield from _one("agenda", old.agenda, new.agenda)
    if old.agenda == new.agenda and old.agenda_text != new.agenda_text:
        yield "agenda: another text"


def _described(
    what: str, old: Mapping[str, Engine | ToolServer], new: Mapping[str, Engine | ToolServer]
) -> Iterator[str]:
    yield from _sets(f"{what}s", sorted(old), sorted(new))
    for name, one in new.items():
        if name in old and one != old[name]:
            before = old[name].model_dump()
            keys = [key for key, value in one.model_dump().items() if value != before[key]]
            yield f"{what} {name}: other {', '.join(keys)}"


def _shown(value: object) -> str:
    match value:
        case None | ():
            return "none"
        case tuple():
            return ", then ".join(map(str, value))
    return str(value)
