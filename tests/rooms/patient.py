"""Meetings that wait for their engines as long as the machine stands still."""

from livekit.agents import JobProcess

from translator import agent
from translator.engines import plugins
from translator.engines.livekit.ear import LiveKitEar
from translator.engines.livekit.model import LiveKitRenderer
from translator.engines.livekit.realtime import LiveKitRealtime
from translator.engines.livekit.summarizer import LiveKitSummarizer
from translator.engines.livekit.voice import LiveKitVoice
from translator.settings import Settings

ENGINES = (LiveKitEar, LiveKitRenderer, LiveKitRealtime, LiveKitSummarizer, LiveKitVoice)
DEADLINES = ("first", "patience", "deadline")
LONG = 60.0
"""Seconds that a vendor may take; ten times what any process stands still."""

_prewarm = agent.prewarm


def prewarm(good: Settings, process: JobProcess) -> None:
    """As the worker's own, in the process of a meeting, whose deadlines become LONG."""
    for engine in ENGINES:
        defaults = vars(engine)["__init__"].__kwdefaults__
        defaults.update({name: LONG for name in DEADLINES if name in defaults})
    plugins.PATIENCE = dict.fromkeys(plugins.PATIENCE, LONG)
    _prewarm(good, process)
