"""The names of the variables that hold keys."""

import re
from typing import Annotated

from pydantic import AfterValidator


def _variable(name: str) -> str:
    if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name):  # it may be the key itself: not shown
        raise ValueError(
            "must be the NAME of an environment variable, in capitals, such as OPENAI_API_KEY;"
            " the key itself is never written into a file"
        )
    return name


Variable = Annotated[str, AfterValidator(_variable)]
