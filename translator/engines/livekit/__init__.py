"""LiveKit's plugin classes behind our stages: any stt.STT[Any], llm.LLM or tts.TTS is an engine,
and OpenAI's realtime model interprets (realtime.py).

What the base classes hide badly, and what is done about it here:

- Their retries pile up audio, or say a sentence twice: they are off, callers try again.
- Their errors quote what the vendor answered, which may hold a key or what was said: ours name
  the vendor and the kind of failure only.
- Their timeouts limit each read, never a whole request; a recognizer may fall silent for good.
- A recognizer that knows no language says "en"; another never ends; times may be missing.
- A model that was cut off, or filtered, looks as if it had finished.

Outside a LiveKit job the plugins that use aiohttp need `livekit.agents.utils.http_context.open()`
around them, or a session of their own.
"""

from translator.engines.livekit.ear import LiveKitEar
from translator.engines.livekit.model import LiveKitRenderer
from translator.engines.livekit.realtime import LiveKitRealtime
from translator.engines.livekit.summarizer import LiveKitSummarizer
from translator.engines.livekit.voice import LiveKitVoice

__all__ = ["LiveKitEar", "LiveKitRealtime", "LiveKitRenderer", "LiveKitSummarizer", "LiveKitVoice"]
