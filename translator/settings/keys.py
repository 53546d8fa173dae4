"""The names of the variables that hold keys, and where no key may stand."""

import os
import re
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, Field

SECRET = re.compile(r"(^|[_-])(key|token|secret|password|credentials?)([_-]|$)", re.IGNORECASE)
"""Found in the name of what holds one."""
_NEVER = "the key itself is never written into a file"


def key_in(name: str) -> str:
    """The key that the environment variable `name` holds. Raises ValueError, which never shows it,
    for what vendors' libraries would fail on in their own ways: they send a key in a header."""
    value = os.environ.get(name, "")
    if not value.strip():
        raise ValueError(f"needs a key; run: export {name}=...")
    if not re.fullmatch(r"[!-~]+", value):
        raise ValueError(
            f"{name} holds a character that no key has, such as a space or a line break;"
            " set it again"
        )
    return value


def _variable(name: str) -> str:
    if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name):  # it may be the key itself: not shown
        raise ValueError(
            "must be the NAME of an environment variable, in capitals, such as OPENAI_API_KEY;"
            f" {_NEVER}"
        )
    return name


def _address(url: str) -> str:
    query = parse_qsl(url.partition("?")[2], keep_blank_values=True)
    if "@" in url or any(SECRET.search(name) for name, _ in query):  # not shown either
        raise ValueError(
            "must hold no password and no key; take it out, and name its variable with `key`:"
            f" {_NEVER}"
        )
    try:
        urlsplit(url)
    except ValueError:
        raise ValueError("is no address; write one such as https://host/v1") from None
    return url


Variable = Annotated[str, AfterValidator(_variable)]
Address = Annotated[str, Field(pattern=r"^(https?|wss?)://"), AfterValidator(_address)]
"""Without a key in it."""
