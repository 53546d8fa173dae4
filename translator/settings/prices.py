"""What engines cost, and how much may be spent. Amounts of money are in the file's currency."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, model_validator

from translator.usage import Amounts

HOUR, MINUTE, MILLION = 3600.0, 60.0, 1e6

PER: Mapping[str, tuple[str, float]] = {
    "audio_hour": ("audio_seconds", HOUR),
    "audio_minute": ("audio_seconds", MINUTE),
    "session_hour": ("session_seconds", HOUR),
    "spoken_minute": ("spoken_seconds", MINUTE),
    "characters": ("characters", MILLION),
    "input_tokens": ("input_tokens", MILLION),
    "cached_tokens": ("cached_tokens", MILLION),
    "output_tokens": ("output_tokens", MILLION),
    "audio_input_tokens": ("audio_input_tokens", MILLION),
    "audio_cached_tokens": ("audio_cached_tokens", MILLION),
    "audio_output_tokens": ("audio_output_tokens", MILLION),
}
"""Of each key of a price: the amount that it is for, and how much of it."""
EMBEDDED = ("whisper", "apertium", "espeak")
"""Plugins that are built in: they cost nothing."""

_STRICT = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Price(BaseModel):
    """What a vendor asks for an engine, in the vendor's own units."""

    model_config = _STRICT

    audio_hour: float | None = Field(default=None, ge=0)
    """For an hour of sound that it hears."""
    audio_minute: float | None = Field(default=None, ge=0)
    """For a minute of sound that it hears."""
    session_hour: float | None = Field(default=None, ge=0)
    """For an hour in which it is connected to hear, whatever is sent."""
    spoken_minute: float | None = Field(default=None, ge=0)
    """For a minute of sound that it makes."""
    characters: float | None = Field(default=None, ge=0)
    """For a million characters that it speaks."""
    input_tokens: float | None = Field(default=None, ge=0)
    """For a million tokens of text that it reads."""
    cached_tokens: float | None = Field(default=None, ge=0)
    """For a million of those that it has read shortly before; as `input_tokens` without it."""
    output_tokens: float | None = Field(default=None, ge=0)
    """For a million tokens of text that it writes."""
    audio_input_tokens: float | None = Field(default=None, ge=0)
    """For a million tokens of sound that an end-to-end model hears."""
    audio_cached_tokens: float | None = Field(default=None, ge=0)
    """For a million of those that it has heard before; as `audio_input_tokens` without it."""
    audio_output_tokens: float | None = Field(default=None, ge=0)
    """For a million tokens of sound that an end-to-end model makes."""

    @model_validator(mode="after")
    def _counts_once(self) -> "Price":
        named = [
            key
            for key in ("audio_hour", "audio_minute", "session_hour")
            if getattr(self, key) is not None
        ]
        if len(named) > 1:
            raise ValueError(f"{' and '.join(named)} are for the same sound; keep one of them")
        if not self.model_fields_set:
            raise ValueError("says nothing; give a unit, or leave the whole line out")
        return self

    def of(self, amounts: Amounts) -> float | None:
        """What `amounts` cost; None where it has no price for any of them."""
        rates = {
            unit: price / size
            for key, (unit, size) in PER.items()
            if (price := getattr(self, key)) is not None
        }
        for cached, fresh in _AS:
            if cached not in rates and fresh in rates:
                rates[cached] = rates[fresh]
        if amounts and rates.keys().isdisjoint(amounts):
            return None
        total: float = sum(rates.get(unit, 0.0) * amount for unit, amount in amounts.items())
        return total

    @property
    def is_nothing(self) -> bool:
        """Whether all is free."""
        return not any(getattr(self, key) for key in PER)


_AS = (("cached_tokens", "input_tokens"), ("audio_cached_tokens", "audio_input_tokens"))


class Ceilings(BaseModel):
    """How much may be spent; none without a line."""

    model_config = _STRICT

    person: float | None = Field(default=None, gt=0)
    """Because of one person in one meeting: its speech, and its part of what it listens to."""
    meeting: float | None = Field(default=None, gt=0)
    """In one meeting."""
    day: float | None = Field(default=None, gt=0)
    """In all meetings of this machine in one day (UTC)."""
