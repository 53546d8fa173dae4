"""Recordings with transcripts and references through the real line: how well, and how late."""
