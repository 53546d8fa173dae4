"""What outlives a restart lies in one folder."""

from pathlib import Path

import pytest

from translator.cost.day import usual_path
from translator.web.links import links_file

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("given", "state", "folder"),
    [
        ("", "/srv/state", "/srv/state/translator"),
        ("", "", "/home/ada/.local/state/translator"),
        ("", "here", "/home/ada/.local/state/translator"),
        ("/data", "/srv/state", "/data"),
    ],
)
def test_links_and_the_sum_of_the_day_lie_where_state_belongs(
    monkeypatch: pytest.MonkeyPatch, given: str, state: str, folder: str
) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("TRANSLATOR_STATE", given)
    monkeypatch.setenv("XDG_STATE_HOME", state)
    assert links_file() == Path(folder) / "links.sqlite"
    assert usual_path() == Path(folder) / "spent.json"
