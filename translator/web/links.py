"""Join links: who holds the secret of one joins that meeting in that role.

The file keeps hashes alone, so who reads it can join nothing. Secrets are random and long, which
is why a plain hash is enough.
"""

import hashlib
import os
import secrets
import sqlite3
import string
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from translator.access import ClonedVoice, Role
from translator.errors import ServiceError
from translator.state import state_folder

ALPHABET = string.ascii_letters + string.digits
"""No punctuation: mail programs end a link at it."""
LENGTH = 20
"""Characters of a secret: 119 bits."""
WEEK = timedelta(days=7)
MEMORY = ":memory:"
"""Instead of a file: links that end with the program."""
ID = 10
"""Digits of a hash that name a link."""
KEPT = timedelta(days=30)
"""How long an expired link is known, to be called expired instead of unknown."""

_TABLE = """
CREATE TABLE IF NOT EXISTS links (
    hash BLOB PRIMARY KEY,
    meeting TEXT NOT NULL,
    title TEXT NOT NULL,
    role TEXT NOT NULL,
    channels TEXT NOT NULL, -- codes, parted by blanks
    expires INTEGER NOT NULL -- seconds since 1970, UTC
) STRICT
"""
_ADDED = {
    "name": "TEXT NOT NULL DEFAULT ''",
    "engine": "TEXT NOT NULL DEFAULT ''",
    "voice": "TEXT NOT NULL DEFAULT ''",
}
"""Columns that the first files do not have."""
_COLUMNS = "hash, meeting, title, role, channels, expires, name, engine, voice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What the holder of a secret may do."""

    id: str
    """Names the link, to list and revoke it; opens nothing."""
    meeting: str
    """The room."""
    title: str
    """The meeting, as people read it."""
    role: Role
    channels: tuple[str, ...]
    """Languages that an interpreter may fill."""
    expires: datetime
    """The last moment to join with it; who is in stays."""
    name: str = ""
    """The person that it is for; empty for anybody."""
    voice: ClonedVoice | None = None
    """A copy of that person's voice, for which the page asks for consent."""

    @property
    def expired(self) -> bool:
        """Whether it is too late to join with it."""
        return self.expires <= datetime.now(UTC)


class Links:
    """All join links, in one sqlite file; of any thread. Every method raises ServiceError."""

    def __init__(self, path: Path | str = MEMORY) -> None:
        """The file is made where it is missing, for its owner alone."""
        self._path = path
        self._lock = threading.Lock()
        try:
            if path != MEMORY:
                _make(Path(path))
            # A web server asks in threads; the lock keeps them apart.
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._run(_TABLE)
            self._add_columns()
        except OSError as error:
            raise ServiceError(f"join links cannot be kept in {path}: {error.strerror}") from error
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def add(
        self,
        *,
        meeting: str,
        role: Role,
        title: str = "",
        channels: Sequence[str] = (),
        name: str = "",
        voice: ClonedVoice | None = None,
        valid: timedelta = WEEK,
    ) -> str:
        """A new link's secret, which is told here and never again. The title is the meeting's
        name where none is given; a link with a voice is for one person, and has its `name`."""
        self.purge()
        secret = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        expires = int((datetime.now(UTC) + valid).timestamp())
        values = {
            "hash": _hash(secret),
            "meeting": meeting,
            "title": title or meeting,
            "role": str(role),
            "channels": " ".join(channels),
            "expires": expires,
            "name": name,
            "engine": "" if voice is None else voice.engine,
            "voice": "" if voice is None else voice.name,
        }
        columns, places = ", ".join(values), ", ".join("?" * len(values))
        self._run(f"INSERT INTO links ({columns}) VALUES ({places})", tuple(values.values()))
        return secret

    def find(self, secret: str) -> Link | None:
        """The link, expired or not; None for what is none."""
        rows = self._run(f"SELECT {_COLUMNS} FROM links WHERE hash = ?", (_hash(secret),))
        return _link(*rows[0]) if rows else None

    def all(self) -> list[Link]:
        """Every link, by meeting."""
        rows = self._run(f"SELECT {_COLUMNS} FROM links ORDER BY meeting, expires")
        return [_link(*row) for row in rows]

    def revoke(self, id: str) -> bool:
        """Forget a link; False where there is none. Who has joined with it stays."""
        found = [link for link in self._run("SELECT hash FROM links") if _id(*link) == id]
        for values in found:
            self._run("DELETE FROM links WHERE hash = ?", values)
        return bool(found)

    def purge(self) -> None:
        """Forget what expired long ago."""
        long_ago = int((datetime.now(UTC) - KEPT).timestamp())
        self._run("DELETE FROM links WHERE expires < ?", (long_ago,))

    def _add_columns(self) -> None:
        known = {row[1] for row in self._run("PRAGMA table_info(links)")}
        for name, kind in _ADDED.items():
            if name not in known:
                self._run(f"ALTER TABLE links ADD COLUMN {name} {kind}")

    def _run(self, statement: str, values: tuple[Any, ...] = ()) -> list[Any]:
        try:
            with self._lock, closing(self._database.execute(statement, values)) as cursor:
                return cursor.fetchall()
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _failed(self, error: sqlite3.Error) -> ServiceError:
        return ServiceError(f"join links cannot be kept in {self._path}: {error}")


def links_file() -> Path:
    """Where the join links of this user are."""
    return state_folder() / "links.sqlite"


def _make(path: Path) -> None:
    """The file, for its owner alone; sqlite gives its journal the same rights."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.fchmod(file, 0o600)
    finally:
        os.close(file)


def _hash(secret: str) -> bytes:
    # What was not one of our secrets may hold anything, also halves of characters.
    return hashlib.sha256(secret.encode(errors="replace")).digest()


def _id(hash: bytes) -> str:
    return hash.hex()[:ID]


def _link(
    hash: bytes,
    meeting: str,
    title: str,
    role: str,
    channels: str,
    expires: int,
    name: str,
    engine: str,
    voice: str,
) -> Link:
    return Link(
        id=_id(hash),
        meeting=meeting,
        title=title,
        role=Role(role),
        channels=tuple(channels.split()),
        expires=datetime.fromtimestamp(expires, UTC),
        name=name,
        voice=ClonedVoice(engine=engine, name=voice) if voice else None,
    )
