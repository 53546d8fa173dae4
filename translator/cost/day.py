"""What all meetings of this machine have spent in one day, and each of them: one small file."""

import fcntl
import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from translator.state import state_folder

log = logging.getLogger(__name__)


def usual_path() -> Path:
    """Where the sum of this user's meetings is."""
    return state_folder() / "spent.json"


def utc_day() -> date:
    return datetime.now(UTC).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What was spent."""

    day: float
    """Today, by all meetings."""
    meeting: float
    """By one of them, also before midnight, and today in jobs before this one."""


class Day:
    """The day's sums, which every meeting's process reads and adds to."""

    def __init__(self, path: Path, meeting: str, *, today: Callable[[], date] = utc_day) -> None:
        """`meeting` is the room."""
        self._path = path
        self._meeting = meeting
        self._today = today
        self._alone = 0.0
        """What this process added: all that is known where the file cannot be used."""
        self._broken = False
        self._before: dict[str, float] = {}
        """What the meeting had spent when this was last asked, by currency."""

    def add(self, spent: float, currency: str) -> Sums:
        """Add `spent`; gives the sums of today in that currency. It blocks for as long as others
        add theirs, a millisecond. Never raises: a file that cannot be used is told once."""
        self._alone += spent
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # until it is closed
                return self._added(spent, currency)
        except OSError as error:
            if not self._broken:
                log.warning("what the day costs is not kept: %s", error)
            self._broken = True
            return Sums(day=self._alone, meeting=self._alone)

    def _added(self, spent: float, currency: str) -> Sums:
        key = {"date": self._today().isoformat(), "currency": currency}
        day, meetings = self._known(key)
        before = max(meetings.get(self._meeting, 0.0), self._before.get(currency, 0.0))
        sums = Sums(day=day + spent, meeting=before + spent)
        self._before[currency] = sums.meeting
        if spent:
            content = {
                **key,
                "spent": sums.day,
                "meetings": {**meetings, self._meeting: sums.meeting},
            }
            new = self._path.with_suffix(".new")
            new.write_text(json.dumps(content), encoding="utf-8")
            os.replace(new, self._path)  # whoever reads meets the old or the new one, whole
        return sums

    def _known(self, key: Mapping[str, str]) -> tuple[float, Mapping[str, float]]:
        """What the file says of that day and currency; nothing where it says nothing, or
        nonsense."""
        try:
            match json.loads(self._path.read_text(encoding="utf-8")):
                case {"spent": spent, **rest}:
                    meetings = rest.pop("meetings", {})
                    if isinstance(meetings, dict) and all(
                        map(_is_sum, (spent, *meetings.values()))
                    ):
                        return (float(spent), meetings) if rest == key else (0.0, {})
        except FileNotFoundError:
            return 0.0, {}
        except (ValueError, RecursionError):
            pass
        log.warning("%s is broken: the day's sum begins anew", self._path)
        return 0.0, {}


def _is_sum(value: object) -> bool:
    return isinstance(value, int | float) and value >= 0
