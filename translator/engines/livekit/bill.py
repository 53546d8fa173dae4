"""The tokens of a language model's answer, told to whoever counts."""

from collections.abc import Iterator
from contextlib import contextmanager

from livekit.agents import llm

from translator.errors import NOT_BILLED, StageError
from translator.summary import tokens
from translator.usage import tell


class Bill:
    """What one answer is paid for: as the model says, or about so much where it does not, as
    when an answer breaks off or nobody waits for its end."""

    def __init__(self, chat: llm.ChatContext) -> None:
        self._asked = [message.text_content or "" for message in chat.messages()]
        self._written: list[str] = []
        self._usage: llm.CompletionUsage | None = None

    def take(self, chunk: llm.ChatChunk) -> None:
        """Note what comes."""
        self._usage = chunk.usage or self._usage
        if chunk.delta and chunk.delta.content:
            self._written.append(chunk.delta.content)

    def tell(self) -> None:
        """Tell it as it is now."""
        if self._usage is None:
            read, cached, written = tokens(self._asked), 0, tokens(self._written)
        else:
            cached = self._usage.prompt_cached_tokens
            read = self._usage.prompt_tokens - cached
            written = self._usage.completion_tokens
        tell({"input_tokens": read, "cached_tokens": cached, "output_tokens": written})


@contextmanager
def billed(chat: llm.ChatContext) -> Iterator[Bill]:
    """A bill for `chat` that is told at the end, also where it fails or is given up."""
    bill = Bill(chat)
    try:
        yield bill
    except StageError as error:
        if error.kind not in NOT_BILLED:
            bill.tell()
        raise
    except BaseException:
        bill.tell()
        raise
    else:
        bill.tell()
