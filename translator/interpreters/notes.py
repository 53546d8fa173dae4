"""What interpreters tell the record of each segment."""

import logging

from translator.errors import StageError
from translator.record import Failed, Guarded, Record, Rendering, Unspoken
from translator.types import Brief, Rendition, Segment

log = logging.getLogger(__name__)


class Notes:
    """Emits what became of the segments of one channel."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def progress(self, brief: Brief, text: str) -> None:
        """A rendition has grown to `text`."""
        rendition = Rendition(segment=brief.segment, language=brief.target, text=text)
        self._record.emit(Rendering(at=self._record.clock(), rendition=rendition))

    def guarded(self, brief: Brief, why: str) -> None:
        """A rendition was kept back."""
        segment, language = brief.segment, brief.target
        log.warning(
            "a rendition was kept back: %s",
            why,
            extra={"segment": segment.id, "language": language},
        )
        self._record.emit(
            Guarded(
                at=self._record.clock(),
                speaker=segment.speaker,
                why=why,
                segment_id=segment.id,
                language=language,
            )
        )

    def unspoken(self, segment: Segment, language: str, why: str) -> None:
        """A segment ended without a voice; see record.Unspoken."""
        self._record.emit(
            Unspoken(at=self._record.clock(), segment_id=segment.id, language=language, why=why)
        )

    def failed(self, stage: str, language: str, error: Exception) -> None:
        """A stage failed; what is no StageError is a fault of ours or of an engine's."""
        fault = None if isinstance(error, StageError) else error
        log.warning("%s failed: %s", stage, error, exc_info=fault, extra={"language": language})
        message = str(error) or type(error).__name__
        self._record.emit(
            Failed(at=self._record.clock(), stage=stage, language=language, message=message)
        )
