"""The names of the variables that hold keys."""

import os
import re
from typing import Annotated

from pydantic import AfterValidator


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
            " the key itself is never written into a file"
        )
    return name


Variable = Annotated[str, AfterValidator(_variable)]
