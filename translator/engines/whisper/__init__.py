"""Streaming speech recognition with Whisper, which itself knows only whole windows.

The window of an utterance grows while somebody speaks and is transcribed again and again.
Words on which two transcripts in a row agree are frozen up to a place where a segment can be
cut; the decoder is forced to begin with them, and their audio leaves the window at the end of a
sentence, or when the window has grown long. A pause ends the utterance; without one it ends after
a minute or so with what is frozen, and goes on as another.

    sounds ─► ear ─ listening ─► window ──── the engine host ───► service ─ decoder
                      │                                                       │
                   utterance: audio and text ◄── sanity ◄── transcript ◄──────┘
                      │
                      └─► hypotheses

In the job: `ear` (asks the host), `listening` (what to transcribe next, and what a transcript
means), `utterance` (speech between two pauses: its `audio`, and its `text`), `sanity` (what Whisper
made up). Between the two: `window`. In the engine host: `service`, `decoder`, and `weights`.
"""

from translator.engines.whisper.ear import WhisperEar
from translator.engines.whisper.window import Transcript, Window

__all__ = ["Transcript", "WhisperEar", "Window"]
