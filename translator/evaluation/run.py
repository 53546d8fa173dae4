"""A manifest of recordings through the real line, one after the other, and offline.

What is done is kept: under `OUT/<preset>/<id>/` everything that the listeners of a rehearsal got
and `result.json` with its key, under `OUT/offline/` what the engines make of whole recordings. A
run that was interrupted goes on where it was.
"""

import asyncio
import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from translator import agent, document, languages
from translator import settings as configuration
from translator.engines.host import running
from translator.engines.registry import Engines
from translator.errors import InputError, RenderError, TranslatorError, first
from translator.evaluation.manifest import Entry
from translator.evaluation.measure import Offline, measured
from translator.evaluation.offline import (
    DECODING,
    Transcriber,
    aligned_sentences,
    opened,
    rendered,
    trimmed,
)
from translator.rehearsal import recording
from translator.rehearsal.order import Order, order
from translator.rehearsal.run import interpret
from translator.settings import Settings
from translator.types import Word

log = logging.getLogger(__name__)

AS_CONFIGURED = "configured"
"""The preset of whoever names none: the settings as they are."""
VERSION = 1
"""Of what a result holds; another one is measured again."""
RESULT = "result.json"
GLOSSARY = "terms-of-the-evaluation.yaml"

Result = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to evaluate."""

    entries: Sequence[Entry]
    out: Path
    presets: Sequence[str] = (AS_CONFIGURED,)
    to: Sequence[str] = ()
    """Languages to listen in; those of each recording's references without any."""
    declare: bool = False
    """Whether speakers say what they speak, which else is found out."""
    listen: bool = False
    """Whether the channels' sound is recognized, for ASR-BLEU."""
    glossary: Path | None = None
    """Terms besides those of the pairs."""
    again: bool = False
    """Whether to do again what is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One recording under one preset."""

    entry: Entry
    preset: str
    number: int
    of: int


Said = Callable[[Task, str, Result | None], None]
"""Told that a task begins ("runs"), was kept ("kept"), is "done" or "failed"; the latter three
with its result."""


async def evaluate(plan: Plan, said: Said) -> list[Result]:
    """The results of all recordings under all presets; one that fails has an `error`.

    Raises what is wrong with the settings or the machine before anything has begun.
    """
    tasks = [(entry, preset) for preset in plan.presets for entry in plan.entries]
    results: list[Result] = []
    async with running():
        bench = Bench(plan=plan)
        for number, (entry, preset) in enumerate(tasks, 1):
            task = Task(entry=entry, preset=preset, number=number, of=len(tasks))
            results.append(await _one(bench, task, said))
    return results


async def _one(bench: "Bench", task: Task, said: Said) -> Result:
    try:
        result, state = await bench.result(task, lambda: said(task, "runs", None))
    except* Exception as errors:  # whatever it is, the other recordings are still good
        error = first(errors)
        if not isinstance(error, TranslatorError):
            log.error("a recording failed", exc_info=error, extra={"recording": task.entry.id})
        result, state = _failed(task, error), "failed"
    said(task, state, result)
    return result


def _failed(task: Task, error: BaseException) -> Result:
    return {**_identity(task), "error": str(error) or type(error).__name__}


def _identity(task: Task) -> Result:
    entry = task.entry
    return {
        "id": entry.id,
        "preset": task.preset,
        "language": entry.language,
        "style": entry.style,
    }


@dataclass(slots=True, kw_only=True)
class Bench:
    """Does tasks one after the other; keeps what they share."""

    plan: Plan
    _transcriber: Transcriber | None = field(default=None, init=False)

    async def result(self, task: Task, begins: Callable[[], None]) -> tuple[Result, str]:
        """What a task gives, and whether it was "kept" or is "done". Raises TranslatorError."""
        # What the settings do not know cannot be found out among the languages that they know.
        known = languages.lookup(task.entry.language, configured_languages()) is not None
        with configured(task.entry.spoken, task.preset, self.plan.glossary) as loaded:
            path = self.plan.out / task.preset / task.entry.id / RESULT
            key = self._key(task, loaded)
            kept = None if self.plan.again else read_json(path)
            if kept is not None and kept.get("key") == key:
                return kept, "kept"
            begins()
            path.unlink(missing_ok=True)  # or a run that ends here would leave another's figures
            result = {
                **_identity(task),
                "key": key,
                **await self._measured(task, loaded, path.parent, declare=not known),
            }
            write_json(path, result)
            return result, "done"

    async def _measured(
        self, task: Task, loaded: Settings, folder: Path, *, declare: bool
    ) -> Result:
        entry = task.entry
        wanted = self._order(entry, loaded, folder, declare=declare or self.plan.declare)
        offline = await self._offline(entry, wanted, loaded)
        report = await interpret(wanted)
        load = os.getloadavg()[0]
        voiced = [code for code, one in report["languages"].items() if one["spoken"]]
        heard = {
            code: (
                await self._transcriber_for(loaded).transcribe(folder / f"{code}.wav", [code])
            ).text
            for code in (voiced if self.plan.listen else ())
        }
        figures = await asyncio.to_thread(
            measured,
            entry,
            folder,
            report=report,
            offline=offline,
            heard=heard,
            settings=loaded,
        )
        return {**figures, "load": round(load / (os.cpu_count() or 1), 2)}

    def _order(self, entry: Entry, loaded: Settings, folder: Path, *, declare: bool) -> Order:
        return order(
            file=entry.file,
            to=",".join(self._targets(entry, loaded)),
            out=folder,
            spoken=languages.lookup(entry.language, loaded.spoken) if declare else None,
            speakers=[],
            room=None,
            loaded=loaded,
        )

    def _targets(self, entry: Entry, loaded: Settings) -> list[str]:
        """Languages to listen in: asked for, or with a reference, or any other one; its own where
        nothing renders it."""
        wanted = self.plan.to or entry.targets or tuple(loaded.languages)
        with_engines = Engines(loaded.engines)
        found = [
            code
            for code in wanted
            if languages.lookup(code, loaded.languages)
            and _needed(entry, code)
            and all(_reached(with_engines, loaded, one, code) for one in entry.spoken)
        ]
        if not (self.plan.to or entry.targets):
            found = found[:1]
        return found or [entry.language]

    async def _offline(self, entry: Entry, wanted: Order, loaded: Settings) -> Offline:
        transcript = await self._transcript(entry, loaded)
        renditions: dict[str, str] = {}
        async with opened(loaded) as engines:
            one_language = len(entry.spoken) == 1  # else no renderer takes the whole of it
            for code in wanted.targets if one_language else ():
                with suppress(RenderError):  # then there is nothing to stand beside
                    renditions[code] = await rendered(
                        transcript["text"], entry.language, code, settings=loaded, engines=engines
                    )
        return Offline(
            text=transcript["text"],
            said=tuple(Word(text=t, start=s, end=e) for t, s, e in transcript["said"]),
            said_by=transcript["said_by"],
            renditions=renditions,
        )

    async def _transcript(self, entry: Entry, loaded: Settings) -> Result:
        """What Whisper hears offline and when each word was said: made once, whatever the line's
        settings."""
        key = _hash(
            VERSION, _model(loaded), DECODING, entry.model_dump_json(), _content(entry.file)
        )
        path = self.plan.out / "offline" / f"{entry.id}.json"
        kept = read_json(path)
        if kept is not None and kept["key"] == key:
            return kept
        transcriber = self._transcriber_for(loaded)
        sound = await asyncio.to_thread(recording.read, entry.file)
        transcribed = await transcriber.transcribe(entry.file, entry.spoken)
        sentences = aligned_sentences(entry, sound.seconds)
        words = await transcriber.align(entry.file, sentences, entry.language) if sentences else ()
        voiced = await asyncio.to_thread(recording.stretches, sound)
        made = {
            "key": key,
            "text": transcribed.text,
            "said": [
                [one.text, round(one.start, 3), round(one.end, 3)]
                for one in trimmed(words or transcribed.words, voiced)
            ],
            "said_by": "forced alignment of the transcript" if words else "offline transcript",
        }
        write_json(path, made)
        return made

    def _transcriber_for(self, loaded: Settings) -> Transcriber:
        if self._transcriber is None:
            self._transcriber = Transcriber(_model(loaded))
        return self._transcriber

    def _key(self, task: Task, loaded: Settings) -> str:
        plan = self.plan
        return _hash(
            *(VERSION, _code(), repr(loaded), task.preset, task.entry.model_dump_json()),
            *(_content(task.entry.file), plan.to, plan.declare, plan.listen),
        )


def _needed(entry: Entry, code: str) -> bool:
    return not all(languages.same(one, code) for one in entry.spoken)


def _reached(engines: Engines, loaded: Settings, source: str, target: str) -> bool:
    if languages.same(source, target):
        return True
    route = loaded.route(source, target)
    return route is not None and bool(route.renderers(engines.reaches))


def _model(loaded: Settings) -> str:
    """The Whisper model that the line hears with, or the embedded one beside another's ear."""
    engine = loaded.engines[loaded.heard_by[0]]
    return (engine.model or "base") if engine.plugin == "whisper" else "base"


@cache
def _code() -> str:
    """What the line is made of: a figure belongs to the code that it was measured with."""
    package = Path(agent.__file__).parent
    sources = [one for kind in ("*.py", "*.j2") for one in package.rglob(kind)]
    others = [one for one in sorted(sources) if one.parent != Path(__file__).parent]
    return _hash(*(hashlib.sha256(one.read_bytes()).hexdigest() for one in others))


def _hash(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _content(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{path}: the recording cannot be read ({error.strerror})") from None


def configured_languages() -> tuple[str, ...]:
    """Those that the organizer's file says are spoken."""
    return configuration.load(*agent.paths()).spoken


@contextmanager
def configured(
    spoken: Sequence[str], preset: str, glossary: Path | None = None
) -> Iterator[Settings]:
    """The settings for one recording, also for the worker that the block starts: the
    organizer's, under `preset`, with the languages `spoken` in it and one more glossary for
    every pair. Raises SettingsError."""
    pairs, engines = agent.paths()
    loaded = configuration.load(pairs, engines)
    missing = [code for code in spoken if not languages.lookup(code, loaded.spoken)]
    if preset == AS_CONFIGURED and not missing and glossary is None:
        yield loaded
        return
    with tempfile.TemporaryDirectory(prefix="evaluation-") as folder:
        derived = Path(folder) / pairs.name
        _derive(pairs, derived, loaded, preset=preset, spoken=missing, glossary=glossary)
        with _environment(agent.PAIRS, str(derived)):
            yield configuration.load(derived, engines)


def _derive(
    pairs: Path,
    derived: Path,
    loaded: Settings,
    *,
    preset: str,
    spoken: Sequence[str],
    glossary: Path | None,
) -> None:
    """A copy of the organizer's file with its glossaries, changed."""
    content = document.read(pairs).data  # in which `no` is Norwegian, and not false
    if preset != AS_CONFIGURED:
        content["segments"] = preset
    for code in spoken:
        content["spoken"].append(code)
        content["languages"].setdefault(code, {"speak": "espeak"})
    files = {name: pairs.parent / name for name in loaded.glossaries}
    if glossary is not None:
        files[GLOSSARY] = glossary
        for pair in content.get("pairs") or ():
            own = pair.get("glossaries") or []
            pair["glossaries"] = [GLOSSARY, *([own] if isinstance(own, str) else own)]
    derived.write_text(
        yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    for name, path in files.items():
        copy = derived.parent / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def read_json(path: Path) -> Result | None:
    """What `write_json` wrote; None where there is nothing, or nothing whole."""
    try:
        found: Result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write it whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    fresh.replace(path)
