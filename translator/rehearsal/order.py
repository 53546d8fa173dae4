"""What to interpret, checked before anything starts."""

import math
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from translator import languages
from translator.engines import preflight
from translator.errors import InputError
from translator.rehearsal.recording import Recording, read
from translator.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """One speaker and what is spoken."""

    name: str
    path: Path
    start: float
    """Seconds on the recording's clock."""
    recording: Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to interpret."""

    talks: tuple[Talk, ...]
    targets: tuple[str, ...]
    spoken: str | None
    """The language that the speakers declare."""
    out: Path
    room: str

    @property
    def seconds(self) -> float:
        """When the last recording ends."""
        return max(talk.start + talk.recording.seconds for talk in self.talks)


def order(
    *,
    file: Path,
    to: str,
    out: Path,
    spoken: str | None,
    speakers: Sequence[str],
    room: str | None,
    loaded: Settings,
    name: str = "Speaker",
) -> Order:
    """Check everything that can be checked before anything starts.

    Raises InputError, or SettingsError where the settings do not serve these languages.
    """
    targets = tuple(_target(code, loaded) for code in to.split(",") if code.strip())
    if not targets:
        raise InputError("--to names no language; give some of: " + ", ".join(loaded.languages))
    declared = None if spoken is None else _spoken(spoken, loaded)
    talks = [Talk(name=name, path=file, start=0.0, recording=read(file))]
    talks += [_talk(text) for text in speakers]
    preflight.check(loaded, spoken=[declared] if declared else loaded.spoken, targets=targets)
    _make(out)
    return Order(
        talks=tuple(talks),
        targets=tuple(dict.fromkeys(targets)),
        spoken=declared,
        out=out,
        room=room or f"interpret-{secrets.token_hex(4)}",
    )


def _target(code: str, loaded: Settings) -> str:
    found = languages.lookup(languages.normalize(code), loaded.languages)
    if found is None:
        raise InputError(
            f"{code.strip()!r} is not in language_pairs.yaml, which has: "
            + ", ".join(loaded.languages)
        )
    return found


def _spoken(code: str, loaded: Settings) -> str:
    found = languages.lookup(languages.normalize(code), loaded.spoken)
    if found is None:
        raise InputError(
            f"--from {code}: nobody is heard in it; `spoken` in language_pairs.yaml has: "
            + ", ".join(loaded.spoken)
        )
    return found


def _talk(text: str) -> Talk:
    """`NAME=FILE@START`."""
    name, equals, rest = text.partition("=")
    file, at, start = rest.rpartition("@")
    try:
        begin = float(start)
    except ValueError:
        begin = -1.0
    if not (name and equals and at and file and begin >= 0 and math.isfinite(begin)):
        raise InputError(f"--speaker {text!r}: expected NAME=FILE@START, such as Ana=ana.wav@2.5")
    return Talk(name=name, path=Path(file), start=begin, recording=read(Path(file)))


def _make(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        writable = os.access(out, os.W_OK | os.X_OK)
    except OSError as error:
        raise InputError(f"--out {out}: this folder cannot be made ({error.strerror})") from None
    if not writable:
        raise InputError(f"--out {out}: nothing can be written into this folder")
