"""Which guard stands before the words of an engine."""

from translator.guards.output import FigureGuard, Guard, OutputGuard, Unguarded
from translator.settings import Pair, Settings
from translator.types import Brief


def guard(brief: Brief, pair: Pair, settings: Settings, *, instructed: bool) -> Guard:
    """What the words for a segment must pass; `instructed`: of an engine that is told what to do,
    and so may do something else. To be called in a thread: the first of a meeting reads profiles.
    """
    if not pair.guard:
        return Unguarded()
    if not instructed:
        return FigureGuard(brief)
    return OutputGuard(brief, languages=(*settings.spoken, *settings.languages))
