"""A plugin's constructor, called with what engines.yaml says of the engine.

Plugins call the same things by different names, so arguments are given by what the constructor
takes. `options` of engines.yaml are checked against its signature before anything runs, since
most constructors look at a value only when it is used, in the middle of a meeting.
"""

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from translator.engines.addresses import is_own
from translator.errors import SettingsError
from translator.redaction import redacted
from translator.settings import Engine
from translator.settings.keys import SECRET, key_in
from translator.wording import nearest, worded

KEYS = ("api_key", "speech_key", "api_token", "subscription_key", "access_key")
ADDRESSES = ("base_url", "speech_endpoint", "api_url", "endpoint")
LANGUAGE_LISTS = ("language_codes", "languages", "language")
LANGUAGES = ("language_code", "language")
NO_KEY = "no-key"
"""What a server of one's own that wants no key is given, since plugins insist on one, or take the
vendor's from the environment and send it there."""
INFERENCE = "inference"
"""LiveKit Inference, LiveKit's gateway to many vendors' models: no plugin, but used as one."""
GATEWAY_KEYS = (
    ("LIVEKIT_INFERENCE_API_KEY", "LIVEKIT_INFERENCE_API_SECRET"),
    ("LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"),
)
"""Where it looks for its key and its secret itself: the first pair goes before the second."""


class Constructor:
    """A constructor, and what it is always called with."""

    def __init__(
        self,
        made: Callable[..., Any],
        engine: Engine,
        usual: Mapping[str, Any],
        wrong: Callable[[str], SettingsError],
    ) -> None:
        self._make = made
        self._wrong = wrong
        parameters = inspect.signature(made).parameters
        self._parameters = parameters
        self._names = [
            name
            for name, one in parameters.items()
            if not name.startswith("_") and one.kind is not one.VAR_KEYWORD
        ]
        self._secret = self._key(engine)
        wanted = self.named(KEYS, "") and engine.plugin != INFERENCE
        keyless = NO_KEY if self._secret is None and wanted else None
        self._always = {
            **usual,
            **self._given("model", ("model",), engine.model),
            **self._given("base_url", ADDRESSES, engine.base_url),
            **self._given("key", KEYS, self._secret or keyless),
            **{name: self._option(name, value) for name, value in engine.options.items()},
        }

    def made(self, **arguments: Any) -> Any:
        """The engine; `options` go before `arguments`."""
        try:
            return self._make(**{**arguments, **self._always})
        except Exception as error:  # each plugin has its own way to refuse
            reason = " ".join(str(error).split()) or type(error).__name__
            if self._secret:
                reason = reason.replace(self._secret, "(the key)")
            raise self._wrong(f"cannot be used: {redacted(reason)}") from None

    def takes(self, name: str, kind: str) -> bool:
        """Whether there is a parameter of that name whose type speaks of `kind`."""
        found = self._parameters.get(name)
        return found is not None and kind in str(found.annotation)

    def named(self, names: Sequence[str], value: object) -> dict[str, Any]:
        """`value` by the first of `names` that the constructor has; nothing for None."""
        found = next((name for name in names if name in self._names), None)
        return {} if found is None or value is None else {found: value}

    def languages(self, codes: Sequence[str]) -> dict[str, Any]:
        """Several languages for a parameter that takes several; else it has to find out."""
        for name in LANGUAGE_LISTS:
            if self.takes(name, "list"):
                return {name: list(codes)}
        return self.named(LANGUAGES, codes[0]) if len(codes) == 1 else {}

    def _given(self, key: str, names: Sequence[str], value: object) -> dict[str, Any]:
        if value is not None and not self.named(names, value):
            raise self._wrong(f"takes no `{key}`; take the line out of engines.yaml")
        return self.named(names, value)

    def _key(self, engine: Engine) -> str | None:
        """The key, from the variable that engines.yaml names."""
        if engine.plugin == INFERENCE:
            self._expect_keys_of_gateway(engine)
            return None
        if engine.key is None:
            if self.named(KEYS, "") and not is_own(engine.base_url):
                raise self._wrong("needs a key: add `key: NAME`, the variable that will hold it")
            return None
        return self._key_in(engine.key)

    def _key_in(self, name: str) -> str:
        try:
            return key_in(name)
        except ValueError as error:
            raise self._wrong(str(error)) from None

    def _expect_keys_of_gateway(self, engine: Engine) -> None:
        """LiveKit Inference has two keys, and takes them from the environment itself."""
        first, _ = GATEWAY_KEYS
        if engine.key is not None:
            raise self._wrong(f"finds its keys itself, in {' and '.join(first)}; take `key` out")
        held = next((names for names in GATEWAY_KEYS if all(map(os.environ.get, names))), None)
        if held is None:
            exports = " ".join(f"{name}=..." for name in first)
            raise self._wrong(
                f"needs the keys of a project on LiveKit Cloud; run: export {exports}"
            )
        for name in held:
            self._key_in(name)

    def _option(self, name: str, value: object) -> object:
        """`value` as the parameter's type has it."""
        owner = _owner(name)
        if owner is not None:
            raise self._wrong(f"options.{name}: this is what `{owner}` is for")
        if name not in self._names:
            known = [one for one in self._names if not _owner(one) and self._can_be_written(one)]
            raise self._wrong(
                f"options.{name}: unknown{nearest(name, known)}; known: {', '.join(known)}"
            )
        adapter = self._adapter(name)
        try:
            return value if adapter is None else adapter.validate_python(value)
        except ValidationError as error:
            why = "; or ".join(_reasons(error)) or "a file cannot hold this; take the line out"
            raise self._wrong(f"options.{name}: {why}") from None

    def _can_be_written(self, name: str) -> bool:
        """Whether a file can hold a value for a parameter: nobody writes a client's session."""
        adapter = self._adapter(name)
        try:
            return adapter is None or adapter.validate_python(object()) is not None
        except ValidationError as error:
            return bool(_reasons(error))

    def _adapter(self, name: str) -> TypeAdapter[object] | None:
        """Checks values for a parameter; None where its type cannot be checked."""
        try:
            return TypeAdapter(self._type(name), config=_ANY_TYPE)
        except (PydanticUserError, NameError, TypeError):
            return None

    def _type(self, name: str) -> Any:
        """A parameter's type. Raises NameError where the plugin knows it only to type checkers."""
        holder = SimpleNamespace(__annotations__={name: self._parameters[name].annotation})
        module = vars(inspect.getmodule(self._make))
        init = inspect.unwrap(getattr(self._make, "__init__", self._make))  # it may be inherited
        return get_type_hints(holder, getattr(init, "__globals__", module))[name]


_OWN = {"model": ("model",), "base_url": ADDRESSES, "key": KEYS}
_ANY_TYPE = ConfigDict(arbitrary_types_allowed=True)


def _owner(name: str) -> str | None:
    """The key of an engine that says what an option of that name would."""
    owner = next((key for key, names in _OWN.items() if name in names), None)
    return "key" if owner is None and SECRET.search(name) else owner


def _reasons(error: ValidationError) -> Sequence[str]:
    """What is wrong, by what an operator could have written: nobody writes a NotGiven."""
    unwritten = ("is_instance_of", "is_subclass_of", "callable_type")
    told = (_told(one) for one in error.errors() if one["type"] not in unwritten)
    return tuple(dict.fromkeys(told))


def _told(error: Any) -> str:
    allowed = error.get("ctx", {}).get("expected")
    return worded(error) + (f"; allowed: {allowed}" if allowed else "")
