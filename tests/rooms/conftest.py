"""What tests in rooms ask for."""

import pytest

from tests.rooms import patient as patiently


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Meetings, whose vendors are served beside them, miss no deadline because the machine stands
    still: then a failure is one. Deadlines are proved where they are the matter."""
    monkeypatch.setattr("translator.agent.prewarm", patiently.prewarm)
