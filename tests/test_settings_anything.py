"""Whatever anybody writes into the files is settings or faults, and no other error."""

from contextlib import suppress
from itertools import product
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.folders import ENGINES, PAIRS, Folder
from translator.errors import SettingsError
from translator.settings import load

pytestmark = pytest.mark.unit


KEYS = st.sampled_from(
    [
        *("version", "hear", "spoken", "languages", "pairs", "segments", "max_wait", "from", "to"),
        *("render", "speak", "voice", "glossaries", "engines", "plugin", "key", "options", "en"),
        "*",
    ]
)
WORDS = st.one_of(
    KEYS, st.sampled_from(["1", "", "~", "!!int", "&a", "*a", "- ", "\t", "#"]), st.text(max_size=8)
)
VALUES = st.recursive(
    st.one_of(WORDS, st.integers(), st.floats(), st.booleans(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(KEYS, WORDS), inner, max_size=4)
    ),
    max_leaves=12,
)
FILES = st.one_of(
    st.text(),
    st.lists(WORDS).map("".join),
    VALUES.map(lambda value: yaml.safe_dump(value, allow_unicode=True)),
    st.dictionaries(KEYS, VALUES).map(lambda some: yaml.safe_dump({**PAIRS, **some})),
    st.dictionaries(KEYS, VALUES).map(lambda some: yaml.safe_dump({**ENGINES, **some})),
)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(pairs=FILES, engines=FILES, terms=FILES)
def test_whatever_is_written_is_settings_or_faults(
    folder: Folder, pairs: str, engines: str, terms: str
) -> None:
    for name, text in (("terms.yaml", terms), ("p.yaml", pairs), ("e.yaml", engines)):
        (folder.path / name).write_text(text, encoding="utf-8", errors="replace", newline="")
    for organizers, operators in product(("p.yaml", "right.yaml"), ("e.yaml", "engines.yaml")):
        folder.write("right.yaml", PAIRS)
        folder.write("engines.yaml", ENGINES)
        with suppress(SettingsError):
            load(folder.path / organizers, folder.path / operators)
