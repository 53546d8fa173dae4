"""Look-ups: what a language model may ask for while it sums the meeting up, beside the line.

They only read, are off unless the organizer names them, and each has DEADLINE seconds. What a
source gives, a failure included, is data for the model: it reaches renderers as part of the
summary or not at all.

    lookups: [glossary, agenda, terms-db]    # terms-db is an MCP server that engines.yaml names
"""

from translator.lookups.desk import DEADLINE, MOST_CALLS, Answer, Enquiry, Lookups
from translator.lookups.local import AgendaSource, GlossarySource, sources
from translator.lookups.source import LookUpError, Source, Tool

__all__ = [
    "DEADLINE",
    "MOST_CALLS",
    "AgendaSource",
    "Answer",
    "Enquiry",
    "GlossarySource",
    "LookUpError",
    "Lookups",
    "Source",
    "Tool",
    "sources",
]
