"""Segment -> text in the target language."""

from collections.abc import AsyncGenerator
from typing import Protocol

from translator.types import Brief


class Renderer(Protocol):
    """The text stage."""

    def render(self, brief: Brief) -> AsyncGenerator[str, None]:
        """Give the rendition of the brief's segment as pieces that only append.

        Raises RenderError.
        """
        ...
