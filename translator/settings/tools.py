"""What can be looked up in: the meeting's own files, and the operator's servers."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from translator.settings.keys import Variable

GLOSSARY, AGENDA = "glossary", "agenda"
LOCAL = (GLOSSARY, AGENDA)
"""What every meeting may look up, without a server."""

ToolName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$", examples=["search_terms"])]


class ToolServer(BaseModel):
    """An MCP server, of which some tools may be called to look something up."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    mcp: str = Field(pattern=r"^https?://[^\s@]+$", examples=["https://terms.example.org/mcp"])
    """Its address (streamable HTTP). What people say reaches it, as far as a model asks for it."""
    key: Variable | None = None
    """NAME of the environment variable with its bearer token; never the token itself."""
    allow: tuple[ToolName, ...] = Field(min_length=1)
    """The tools that may be called, and no others; each must be one that only reads."""
    read_only: bool = False
    """Whether you vouch that all of `allow` only read, where the server does not say so itself
    (`readOnlyHint`). What it says of a tool that writes counts all the same."""


def _own_names(servers: Mapping[str, ToolServer]) -> Mapping[str, ToolServer]:
    taken = next((name for name in servers if name in LOCAL), None)
    if taken is not None:
        raise ValueError(f"{taken!r} is the meeting's own; choose another name")
    return servers


ToolServers = Annotated[
    Mapping[
        Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,19}$", examples=["terms-db"])], ToolServer
    ],
    AfterValidator(_own_names),
]
