"""How often the language is identified: `python -m bench.languages [--among en,es,…]`.

Each recording is heard from where somebody begins to speak after a pause, three places at most,
up to so many seconds of voice. Whisper's opinion of each stretch is asked once; then the policy
of translator.engines.identification is tried on it with what may be known of the speaker: nothing,
the language spoken last, a declared one, and both when they are wrong.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from faster_whisper import decode_audio
from livekit.local_inference import VAD

from tests.speech import Recording, manifest
from translator.engines.identification import Identification
from translator.engines.whisper.decoder import Decoder
from translator.engines.whisper.listening import CLEAR, PREROLL
from translator.engines.whisper.weights import BASE
from translator.engines.whisper.window import Window, whisper_code
from translator.hear import BLOCK, SAMPLE_RATE, Sound, Voicing, blocks, seconds

AMONG = "en,es,fr,pt,it,ca"
VOICE = (0.6, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Seconds of voice after which the language is asked for."""
PLACES = 3
"""Beginnings of speech in one recording."""
PAUSE = 0.35
"""Seconds without a voice before one."""

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Somebody who begins to speak."""

    language: str
    opinions: Mapping[float, Mapping[str, float]]
    """Whisper's, by seconds of voice."""


def places(decoder: Decoder, recording: Recording, codes: Sequence[str]) -> Iterator[Place]:
    """Where somebody begins to speak in `recording`, and what Whisper thinks of it."""
    wave = np.asarray(decode_audio(str(recording.path), sampling_rate=SAMPLE_RATE))
    samples = (wave * 32767).astype(np.int16)
    samples = samples[: len(samples) - len(samples) % BLOCK]
    voiced = np.array(list(_voiced(samples)))
    quiet = blocks(PAUSE)
    begins = [
        n for n in map(int, np.flatnonzero(voiced)) if not voiced[max(0, n - quiet) : n].any()
    ]
    lasting = [n for n in begins if seconds(int(voiced[n : n + blocks(6.0)].sum())) >= 2.0]
    for begin in lasting[:PLACES]:
        voice = np.cumsum(voiced[begin:]) * BLOCK / SAMPLE_RATE
        yield Place(
            language=whisper_code(recording.language),
            opinions={
                wanted: _opinion(decoder, samples, begin, begin + end + 1, codes)
                for wanted in VOICE
                if (end := int(np.searchsorted(voice, wanted)))
                < min(len(voice), blocks(2 * wanted + 1))
            },
        )


def _voiced(samples: Samples) -> Iterator[bool]:
    voicing = Voicing()
    with closing(VAD()) as vad:
        for block in samples.reshape(-1, BLOCK):
            yield voicing.push(Sound(samples=block, speech=vad.predict(block)))


def _opinion(
    decoder: Decoder, samples: Samples, begin: int, end: int, codes: Sequence[str]
) -> Mapping[str, float]:
    start = max(0, begin - blocks(PREROLL))
    window = Window(
        pcm=samples[start * BLOCK : end * BLOCK].tobytes(),
        languages=dict.fromkeys(codes, 1.0),
        language=codes[0],
        prefix="",
        before="",
        before_language=None,
        terms="",
        clear=CLEAR,
        tokens=1,
        beam=1,
        align=False,
        model=BASE,
    )
    return decoder.transcribe(window).probabilities


def identified(
    place: Place, codes: Sequence[str], until: float, *, last: str | None, declared: str | None
) -> str:
    """The language that the policy takes the speaker's for after `until` seconds of voice."""
    identification = Identification(codes, last=last, declared=declared)
    for voice, opinion in place.opinions.items():
        if voice > until:
            break
        identification.learn(opinion, voice)
        weights = identification.weights(voice)
        guess = max(codes, key=lambda code: opinion[code] * weights[code])
    return identification.language or guess


def table(found: Sequence[Place], codes: Sequence[str]) -> Iterator[str]:
    """One line for each thing that may be known of the speaker."""
    yield f"{'known of the speaker':34}" + "".join(f"{voice:7.1f} s" for voice in VOICE)
    for name, last, declared in (
        ("nothing", None, None),
        ("spoke it last", "right", None),
        ("declared it", None, "right"),
        ("spoke another last", "wrong", None),
        ("declared another", None, "wrong"),
        ("declared another, spoke it last", "right", "wrong"),
        ("declared it, spoke another last", "wrong", "right"),
    ):
        cells = []
        for until in VOICE:
            asked = [place for place in found if until in place.opinions]
            right = 0
            for place in asked:
                others = [code for code in codes if code != place.language]
                # Each other language in turn: no single one is the wrong one.
                for other in others:
                    said = {None: None, "right": place.language, "wrong": other}
                    guess = identified(
                        place, codes, until, last=said[last], declared=said[declared]
                    )
                    right += guess == place.language
            cells.append(f"{right / (len(asked) * (len(codes) - 1)):9.2f}")
        yield f"{name:34}" + "".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.languages", description=__doc__)
    parser.add_argument("--among", default=AMONG, help="the languages that may be spoken")
    codes = tuple(dict.fromkeys(map(whisper_code, parser.parse_args().among.split(","))))
    decoder = Decoder(BASE)
    found: list[Place] = []
    for name, recording in manifest().items():
        if whisper_code(recording.language) in codes and not name.startswith("switch"):
            found += places(decoder, recording, codes)
            print(f"{len(found)} places, {name}", end="\033[K\r", flush=True)
    print(f"{len(found)} beginnings of speech, {len(codes)} languages\033[K")
    for line in table(found, codes):
        print(line)


if __name__ == "__main__":
    main()
