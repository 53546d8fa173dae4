"""What was used, in money: sums by engine, language, floor and person. Pure."""

from collections.abc import Collection

from translator.record import Used
from translator.settings import EMBEDDED, Engine, Settings
from translator.usage import Amounts, Sum


def cost(engine: Engine, amounts: Amounts) -> float | None:
    """What `amounts` of an engine cost; None where its price is not known."""
    if engine.price is not None:
        return engine.price.of(amounts)
    return 0.0 if engine.plugin in EMBEDDED else None


def is_free(engine: Engine) -> bool:
    """Whether it surely costs nothing: one whose price nobody wrote down may cost anything."""
    if engine.price is not None:
        return engine.price.is_nothing
    return engine.plugin in EMBEDDED


class Meter:
    """The sums of one meeting."""

    def __init__(self) -> None:
        self.total = 0.0
        self.by_engine = Sum()
        self.by_language = Sum()
        """By target."""
        self.by_floor = Sum()
        self.by_person = Sum()
        self.unpriced: set[str] = set()
        """Engines that were used and have no price."""

    def take(self, used: Used, settings: Settings, wanting: Collection[str]) -> None:
        """Add it up at the prices of `settings`. What was made in a language is paid for because of
        those who are `wanting` it, in equal parts, and what was heard because of who spoke."""
        engine = settings.engines.get(used.engine)
        spent = None if engine is None else cost(engine, used.amounts)
        if spent is None:
            self.unpriced.add(used.engine)
            return
        self.total += spent
        self.by_engine.add({used.engine: spent})
        if used.language is not None:
            self.by_language.add({used.language: spent})
            self.by_person.add({person: spent / len(wanting) for person in wanting})
        elif used.person is not None:
            self.by_person.add({used.person: spent})
        if used.floor is not None:
            self.by_floor.add({used.floor: spent})
