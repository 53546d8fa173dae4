"""Settings with engines that cost something, and some that do not."""

from translator.settings import Engine, Language, Pair, Settings

ENGINES = {
    "whisper": Engine(plugin="whisper"),
    "apertium": Engine(plugin="apertium"),
    "espeak": Engine(plugin="espeak"),
    "ear": Engine.model_validate({"plugin": "assemblyai", "price": {"session_hour": 1}}),
    "model": Engine.model_validate({"plugin": "openai", "price": {"input_tokens": 1}}),
    "voice": Engine.model_validate({"plugin": "elevenlabs", "price": {"characters": 50}}),
    "ours": Engine.model_validate({"plugin": "openai", "price": {"input_tokens": 0}}),
    "unknown": Engine(plugin="openai"),
}


def priced_settings(
    *,
    hear: tuple[str, ...] = ("ear",),
    render: tuple[str, ...] = ("model",),
    speak: tuple[str, ...] = ("voice",),
    languages: tuple[str, ...] = ("es", "fr", "de"),
    summarize: str | None = None,
    **pair: object,
) -> Settings:
    """Each stage has these engines, in this order; `pair` are more keys of the one pair."""
    return Settings.model_validate(
        {
            "number": 1,
            "engines": ENGINES,
            "glossaries": {},
            "hear": hear,
            "spoken": ("en", "es"),
            "languages": {code: Language.model_validate({"speak": speak}) for code in languages},
            "pairs": (Pair.model_validate({"from": "*", "to": "*", "render": render, **pair}),),
            "summarize": summarize,
        }
    )


def reaches(name: str, source: str, target: str) -> bool:
    """Apertium does not reach German."""
    return not (name == "apertium" and target == "de")
