"""Live interpretation in a LiveKit room.

    floor ─ hear ─► hypotheses ─ segment ─► segments ─┬─ render ─► rendition ─ speak ─► channel es
       (each floor is heard once, for all languages)  ├─ render ─ speak ─► channel fr
                                                      └─ captions in the source language

Verb files are stages, in the order that sound travels; noun files are things.
"""
