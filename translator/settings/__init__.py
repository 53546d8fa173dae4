"""The only reader of configuration: two files, two owners.

`engines.yaml` belongs to the operator: engines by name, with plugin, endpoint and the name of the
variable that holds the key. `language_pairs.yaml` belongs to the organizer and holds engine
*names* only; a meeting may have its own. `load` turns both into one frozen, numbered snapshot; a
change is a new snapshot: `changes` gives one for each edit, and `diff` says what is different.
Which engines a snapshot uses, `Settings.routes` says by languages and `engines_for` by stage.
"""

from translator.settings.difference import diff
from translator.settings.load import engine_sets, load
from translator.settings.models import Language, Pair, PairsFile, Segmenting
from translator.settings.names import ANY
from translator.settings.operator import Engine, EnginesFile
from translator.settings.prices import EMBEDDED, Ceilings, Price
from translator.settings.snapshot import Reaches, Route, Settings, engines_of
from translator.settings.tools import AGENDA, GLOSSARY, ToolServer
from translator.settings.watch import changes

__all__ = [
    "AGENDA",
    "ANY",
    "EMBEDDED",
    "GLOSSARY",
    "Ceilings",
    "Engine",
    "EnginesFile",
    "Language",
    "Pair",
    "PairsFile",
    "Price",
    "Reaches",
    "Route",
    "Segmenting",
    "Settings",
    "ToolServer",
    "changes",
    "diff",
    "engine_sets",
    "engines_of",
    "load",
]
