"""Segment -> text in the target language."""

from collections.abc import AsyncGenerator
from typing import Protocol

from translator.types import Brief


class Renderer(Protocol):
    """The text stage."""

    @property
    def prompt(self) -> str | None:
        """The instructions that it follows, by name and version, such as `interpret 1.1.0`; None
        for an engine that takes none."""
        ...

    def render(self, brief: Brief) -> AsyncGenerator[str, None]:
        """Give the rendition of the brief's segment as pieces that only append.

        Raises RenderError.
        """
        ...
