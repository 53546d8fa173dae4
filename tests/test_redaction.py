"""No key reaches a log."""

import logging
import sys

import pytest

from translator import redaction

pytestmark = pytest.mark.unit

KEY = "sk-nobody-may-read-this"


@pytest.fixture(autouse=True)
def handlers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a handler of the root logger is given, with the filter installed."""
    monkeypatch.setenv("SOME_KEY", KEY)
    monkeypatch.setattr(redaction, "_names", set())
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(  # type: ignore[method-assign]
        logging.Formatter("%(message)s %(reason)s", defaults={"reason": ""}).format(record)
    )
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr("threading.excepthook", None)
    redaction.keep_secret(["SOME_KEY", None])
    redaction.install()
    return lines


def test_a_key_in_a_message_in_its_values_or_beside_it_is_not_logged(handlers: list[str]) -> None:
    logger = logging.getLogger("some.library")
    logger.warning(f"> Authorization: {KEY}")  # noqa: G004
    logger.warning("> %s: %s", "Authorization", KEY)
    logger.warning("%(key)s", {"key": KEY})
    logger.warning("failed", extra={"reason": f"wrong key {KEY}"})
    assert len(handlers) == 4
    assert not any(KEY in line for line in handlers)
    assert handlers[0].strip() == "> Authorization: (secret)"


def test_a_log_call_whose_values_do_not_fit_hurts_nobody(handlers: list[str]) -> None:
    logging.getLogger("some.library").warning("%d of %s", KEY)
    assert handlers == ["%d of %s ('(secret)',) "]


def test_a_key_in_an_error_is_not_logged(handlers: list[str]) -> None:
    try:
        raise ValueError(KEY) from KeyError(KEY)
    except ValueError:
        logging.getLogger("some.library").exception("failed")
    assert "ValueError: (secret)" in handlers[0]
    assert KEY not in handlers[0]


def test_a_token_is_not_logged_whoever_made_it(handlers: list[str]) -> None:
    logging.getLogger("some.library").warning("{'Authorization': 'Bearer abcdefgh.ijkl-mnop_q=='}")
    assert handlers[0].strip() == "{'Authorization': 'Bearer (secret)'}"


def test_an_error_that_ends_the_program_is_told_without_the_key(
    capsys: pytest.CaptureFixture[str],
) -> None:
    try:
        raise ValueError(KEY)
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    said = capsys.readouterr().err
    assert "ValueError: (secret)" in said
    assert KEY not in said


def test_a_word_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "secret")
    assert redaction.redacted("the secret of it") == "the secret of it"
