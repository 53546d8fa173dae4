"""Both files and the glossaries -> a snapshot, or every fault in all of them."""

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from translator.document import Document, read, text, validated
from translator.errors import Fault, SettingsError
from translator.glossary import Glossary, load_glossary
from translator.redaction import keep_secret
from translator.settings.models import PairsFile
from translator.settings.names import MEETINGS, Surroundings, unknown_set
from translator.settings.operator import EnginesFile
from translator.settings.sets import OPTION, SET, replaced, voiced
from translator.settings.snapshot import Settings
from translator.wording import Place, nearest

PAIRS = "language_pairs.yaml"
LONGEST_NAME = 255
"""Bytes of a folder's name."""
LONGEST_TEXT = 2**16
"""Bytes of an agenda."""


def load(
    pairs_path: Path,
    engines_path: Path,
    *,
    meeting: str | None = None,
    number: int = 1,
    engine_set: str | None = None,
) -> Settings:
    """Read both files and the glossaries.

    `meeting` is the name of a room: where it has a language_pairs.yaml of its own, that is read
    in place of `pairs_path`, with the glossaries of its own folder. A set of engines that the
    command line, the environment or the file names takes the place of all that the file names;
    `engine_set`, one of `engine_sets`, wins over them.

    Raises SettingsError with every fault of all the files, each by file, line and key.
    """
    pairs_path = pairs_path_of(meeting, pairs_path)
    faults: list[Fault | str] = []
    engines, names, sets, tools = None, None, None, None
    try:
        document = read(engines_path, typed=True)
        names, sets = _names(document, "engines"), _names(document, "sets", otherwise=())
        tools = _names(document, "tools", otherwise=())
        around = Surroundings(folder=engines_path.parent, engines=names)
        engines = validated(document, EnginesFile, context=around)
        asked = os.environ.get(SET)
        if asked and asked not in engines.sets:
            faults.append(f"{OPTION} or {SET}: {unknown_set(asked, engines.sets, engines.engines)}")
    except SettingsError as error:
        faults += error.faults
    around = Surroundings(folder=pairs_path.parent, engines=names, sets=sets, tools=tools)
    pairs, organizers = None, None
    try:
        organizers = read(pairs_path)
        pairs = validated(organizers, PairsFile, context=around)
    except SettingsError as error:
        faults += error.faults
    glossaries: dict[str, Glossary] = {}
    for name, path in sorted(around.glossaries.items()):
        try:
            glossaries[name] = load_glossary(path)
        except SettingsError as error:
            faults += _named(name, path, organizers, error)
    texts: dict[str, str] = {}
    for name, path in around.texts.items():
        try:
            texts[name] = text(path, largest=LONGEST_TEXT)
        except SettingsError as error:
            faults += _named(name, path, organizers, error)
    if engines is None or pairs is None or faults:
        raise SettingsError(*faults)
    keep_secret(engine.key for engine in engines.engines.values())
    keep_secret(server.key for server in engines.tools.values())
    engine_set = engine_set or os.environ.get(SET) or pairs.engine_set
    pairs = voiced(
        replaced(pairs, engines.sets[engine_set]) if engine_set else pairs, engines.engines
    )
    chosen = {
        field.alias or name: getattr(pairs, name)
        for name, field in PairsFile.model_fields.items()
        if name not in ("version", "engine_set")
    }
    return Settings(
        number=number,
        engines=engines.engines,
        currency=engines.currency,
        ceilings=engines.ceilings,
        engine_set=engine_set,
        glossaries=glossaries,
        tools=engines.tools,
        agenda_text=texts.get(pairs.agenda or "", ""),
        **chosen,
    )


def _named(
    name: str, path: Path, document: Document | None, error: SettingsError
) -> Sequence[Fault | str]:
    """Of a file that is missing, where `document` names it, and what may be meant."""
    if document is None or not _is_missing(path):
        return error.faults
    line = next((line for place, line in document.lines.items() if _at(document, place) == name), 0)
    beside = [str(Path(name).with_name(one.name)) for one in path.parent.glob(f"*{path.suffix}")]
    told = f"is missing, but {document.path}:{line} names it{nearest(name, beside)}"
    return (Fault(file=path, line=None, key="", text=told),)


def _is_missing(path: Path) -> bool:
    try:
        path.stat()
    except FileNotFoundError:
        return True
    except OSError:
        pass
    return False


def _at(document: Document, place: Place) -> object:
    """The value at a place; None where a key is given twice, and the second has none."""
    value = document.data
    for part in place:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def engine_sets(engines_path: Path) -> Collection[str]:
    """The names of the sets that engines.yaml has. Raises SettingsError."""
    return _names(read(engines_path, typed=True), "sets", otherwise=()) or ()


def pairs_path_of(meeting: str | None, shared: Path) -> Path:
    """The organizer's file for a room: `meetings/ROOM/language_pairs.yaml` beside `shared` where
    there is one, else `shared`.

    A room's name comes from anywhere: what is no plain name of a folder has none, and a link
    does not lead into the folder of another meeting.
    """
    if meeting is None or not _is_plain(meeting):
        return shared
    folder = shared.parent / MEETINGS / meeting
    own = folder / PAIRS
    try:
        led_away = not own.resolve().is_relative_to(folder.parent.resolve() / meeting)
        return shared if led_away or not own.is_file() else own
    except PermissionError:
        return own  # whoever reads it says so
    except (OSError, RuntimeError):  # links in a circle
        return shared


def _is_plain(name: str) -> bool:
    return (
        name.isprintable()
        and not name.startswith(".")
        and not set("/\\") & set(name)
        and 0 < len(name.encode(errors="replace")) <= LONGEST_NAME
    )


def _names(
    document: Document, key: str, *, otherwise: Collection[str] | None = None
) -> Collection[str] | None:
    """What the operator's file has under `key`, be it well described or not."""
    match document.data:
        case {**keys} if isinstance(named := keys.get(key), dict):
            return list(named)
    return otherwise
