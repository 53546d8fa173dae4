"""An order is checked before anything starts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fakes import meeting_settings
from translator.engines import preflight
from translator.errors import InputError, SettingsError
from translator.rehearsal.order import Order, order
from translator.rehearsal.recording import SAMPLE_RATE, write
from translator.settings import Settings

pytestmark = pytest.mark.unit


class Desk:
    """Takes orders for a meeting that has Spanish and French."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checked: list[tuple[list[str], list[str]]] = []
        """(spoken, targets) of every check of the engines."""

    def recording(self, name: str, seconds: float = 1.0) -> Path:
        path = self.path / name
        tone = 8000 * np.sin(np.arange(round(seconds * SAMPLE_RATE)) * 0.1)
        write(path, tone.astype(np.int16), SAMPLE_RATE)
        return path

    def take(self, **changes: Any) -> Order:
        wanted: dict[str, Any] = {
            "file": self.path / "talk.wav",
            "to": "es",
            "out": self.path / "out",
            "spoken": None,
            "speakers": [],
            "room": None,
            "loaded": meeting_settings(),
        }
        return order(**{**wanted, **changes})

    def check(self, loaded: Settings, *, spoken: Sequence[str], targets: Sequence[str]) -> None:
        self.checked.append((list(spoken), list(targets)))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk(tmp_path)
    desk.recording("talk.wav", 2.0)
    monkeypatch.setattr(preflight, "check", desk.check)
    return desk


def test_the_languages_are_those_of_the_meeting_each_once(desk: Desk) -> None:
    taken = desk.take(to=" es-MX, FR,es ,")
    assert taken.targets == ("es", "fr")
    assert desk.checked == [(["en", "es", "fr"], ["es", "fr", "es"])]


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("", "names no language"),
        (" , ", "names no language"),
        ("ja", "'ja' is not in language_pairs.yaml, which has: es, fr"),
        ("es, de", "'de' is not in"),
        ("klingonish", "BCP-47"),
    ],
)
def test_a_language_that_the_meeting_does_not_have_is_refused(
    desk: Desk, to: str, reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        desk.take(to=to)
    assert not (desk.path / "out").exists()


def test_the_speakers_language_is_one_that_is_heard(desk: Desk) -> None:
    assert desk.take(spoken="en-GB").spoken == "en"
    assert desk.checked[-1][0] == ["en"]
    assert desk.take().spoken is None
    with pytest.raises(InputError, match="nobody is heard in it"):
        desk.take(spoken="de")


def test_several_speakers_have_names_and_beginnings(desk: Desk) -> None:
    ana = desk.recording("ana@home.wav", 3.0)
    taken = desk.take(speakers=[f"Ana={ana}@2.5", f"Bo={ana}@0"])
    assert [(one.name, one.start) for one in taken.talks] == [
        ("Speaker", 0.0),
        ("Ana", 2.5),
        ("Bo", 0.0),
    ]
    assert taken.talks[1].path == ana
    assert taken.seconds == pytest.approx(5.5)


@pytest.mark.parametrize(
    "speaker",
    [
        "",
        "Ana",
        "Ana=ana.wav",
        "=ana.wav@1",
        "Ana=@1",
        "Ana=ana.wav@",
        "Ana=ana.wav@soon",
        "Ana=ana.wav@-1",
        "Ana=ana.wav@nan",
        "Ana=ana.wav@inf",
    ],
)
def test_a_speaker_that_is_not_understood_is_refused_with_an_example(
    desk: Desk, speaker: str
) -> None:
    desk.recording("ana.wav")
    with pytest.raises(InputError, match=r"NAME=FILE@START, such as Ana=ana\.wav@2\.5"):
        desk.take(speakers=[speaker])


def test_a_recording_that_is_missing_is_named(desk: Desk) -> None:
    with pytest.raises(InputError, match=r"nothing\.wav"):
        desk.take(file=desk.path / "nothing.wav")
    with pytest.raises(InputError, match=r"nobody\.wav"):
        desk.take(speakers=[f"Ana={desk.path}/nobody.wav@1"])


def test_the_folder_is_made(desk: Desk) -> None:
    out = desk.path / "deep" / "er"
    assert desk.take(out=out).out == out
    assert out.is_dir()
    desk.take(out=out)  # and may be there


def test_a_folder_that_is_a_file_is_refused(desk: Desk) -> None:
    with pytest.raises(InputError, match="--out"):
        desk.take(out=desk.path / "talk.wav")
    with pytest.raises(InputError, match="--out"):
        desk.take(out=desk.path / "talk.wav" / "below")


def test_a_room_without_a_name_gets_one_of_its_own(desk: Desk) -> None:
    assert desk.take(room="plenary").room == "plenary"
    assert desk.take().room != desk.take().room


def test_settings_that_do_not_serve_the_languages_are_refused_before_a_folder_is_made(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise SettingsError("nothing renders en into es")

    monkeypatch.setattr(preflight, "check", refuse)
    with pytest.raises(SettingsError, match="nothing renders"):
        desk.take()
    assert not (desk.path / "out").exists()
