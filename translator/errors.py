"""What can go wrong, by stage.

    TranslatorError
    ├── SettingsError          the configuration cannot be used: stops at the door
    ├── InputError             what a person handed over cannot be used (a recording, a language)
    ├── ServiceError           something that must run does not: livekit-server, the engine host
    └── StageError             one utterance or one segment is lost, the rest goes on
        ├── HearError
        ├── RenderError
        └── SpeakError

The text of an error says what is wrong and what to do. It never holds a key.
"""


class TranslatorError(Exception):
    """Root of every error that this package raises on purpose."""


class SettingsError(TranslatorError):
    """The configuration cannot be used."""


class InputError(TranslatorError):
    """What a person handed over cannot be used."""


class ServiceError(TranslatorError):
    """A program that must run does not run, or refuses us."""


class StageError(TranslatorError):
    """A stage failed on one piece of work.

    `retryable` is true where the same call may go through at once.
    """

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class HearError(StageError):
    """An ear failed."""


class RenderError(StageError):
    """A renderer failed."""


class SpeakError(StageError):
    """A voice failed."""


def first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error of a group of groups."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
