"""Segment -> text in the target language."""

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from translator.types import Rendition, Segment, Term


class Renderer(Protocol):
    """The text stage."""

    def render(
        self,
        segment: Segment,
        *,
        target: str,
        terms: Sequence[Term],
        context: Sequence[Rendition],
    ) -> AsyncGenerator[str, None]:
        """Give the rendition of `segment` in `target` as pieces that only append.

        `terms` are those of the glossary that occur in the segment; `context` are the last
        renditions into `target`, oldest first. Raises RenderError.
        """
        ...
