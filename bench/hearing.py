"""How well and how soon the embedded ear hears: `python -m bench.hearing [ID …]`.

Recordings are heard as they would be in a room, in a clock of their own: sound arrives at its
pace, each decode takes the processor time that it took, and nothing else takes time. So it runs
faster than real time, and is not much disturbed by what else the machine does.
"""

import argparse
import asyncio
import statistics
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import jiwer
import numpy as np
import numpy.typing as npt
from faster_whisper import decode_audio
from livekit import rtc

from tests.speech import Recording, manifest
from tests.virtual_time import VirtualTimeLoop
from tests.whisper_host import WhisperHost
from translator.engines.whisper import Transcript, WhisperEar, Window
from translator.engines.whisper.decoder import Decoder
from translator.engines.whisper.weights import BASE, load
from translator.hear import SAMPLE_RATE, Sound, detect, hear, seconds
from translator.segment import Segmenter, words_of
from translator.settings.models import Segmenting
from translator.types import Prior, Segment

CLIPS = [
    "long_en_printing_a",
    "speech_en_jfk",
    "fleurs_en_002",
    "vox_en_596",
    "call_en_T02",
    "call_es_T02",
    "fleurs_es_008",
    "fleurs_es_000",
    "book_es_veneno",
    "conv_es_4",
    "fleurs_fr_002",
    "fleurs_fr_001",
    "story_fr_P8",
    "spont_fr_IM",
    "long_pt_academicismo",
    "call_pt_T02",
    "fleurs_pt_007",
    "pico_it_ch",
    "spont_it_95",
    "cv_ca_001",
    "cv_ca_003",
    "encyc_ca_gossos",
    "switch_es_en_texas",
]
LANGUAGES = "en,es,fr,pt,it,ca"


@dataclass(slots=True)
class TimedHost(WhisperHost):
    """Decodes at once, and lets the clock of the loop go on by what it took."""

    decoder: Decoder
    busy: list[float] = field(default_factory=list)

    async def transcribe(self, window: Window) -> Transcript:
        begin = time.process_time()
        transcript = self.decoder.transcribe(window)
        self.busy.append(time.process_time() - begin)
        await asyncio.sleep(self.busy[-1])
        return transcript


@dataclass(slots=True)
class Heard:
    """What became of one recording."""

    segments: list[Segment] = field(default_factory=list)
    shown: list[list[str]] = field(default_factory=list)
    """Words on the screen, committed or not, change by change."""
    busy: list[float] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join(segment.text for segment in self.segments)

    def erased(self) -> int:
        """Words that were shown and taken back."""
        count = 0
        for before, after in zip(self.shown, self.shown[1:], strict=False):
            same = next(
                (n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b),
                min(len(before), len(after)),
            )
            count += len(before) - same
        return count


def samples(recording: Recording, limit: float) -> npt.NDArray[np.int16]:
    """The first `limit` seconds at SAMPLE_RATE."""
    wave = decode_audio(str(recording.path), sampling_rate=SAMPLE_RATE)
    return (np.asarray(wave)[: int(limit * SAMPLE_RATE)] * 32767).astype(np.int16)


async def frames(wave: npt.NDArray[np.int16]) -> AsyncGenerator[rtc.AudioFrame, None]:
    """All of it, and two seconds of silence."""
    padded = np.pad(wave, (0, 2 * SAMPLE_RATE))
    yield rtc.AudioFrame(padded.tobytes(), SAMPLE_RATE, 1, len(padded))


async def paced(sounds: AsyncIterator[Sound]) -> AsyncGenerator[Sound, None]:
    """Each sound when its last sample would have been captured."""
    begin = time.monotonic()
    count = 0
    async for sound in sounds:
        count += 1
        await asyncio.sleep(begin + seconds(count) - time.monotonic())
        yield sound


async def listen(
    decoder: Decoder, wave: npt.NDArray[np.int16], languages: Sequence[str], *, verbose: bool
) -> Heard:
    """Hear one recording; its clock begins with its first sample."""
    heard = Heard()
    host = TimedHost(decoder, heard.busy)
    segmenter = Segmenter(
        speaker="p",
        speaker_name="p",
        prefix="",
        limits=Segmenting().limits,
    )
    expected: str | None = None
    begin = time.monotonic()
    async with (
        aclosing(frames(wave)) as source,
        aclosing(detect(source)) as sounds,
        aclosing(paced(sounds)) as arriving,
        aclosing(
            hear(
                arriving,
                WhisperEar(host),
                prior=lambda: Prior(languages=languages, expected=expected),
                opened=lambda _: None,
                failed=lambda error: print(f"  failed: {error}"),
            )
        ) as hypotheses,
    ):
        async for hypothesis in hypotheses:
            expected = hypothesis.language or expected
            now = time.monotonic() - begin
            if verbose:
                print(f"  {now:6.2f} {hypothesis.language} {hypothesis.text[-150:]!r}")
            for segment in segmenter.push(hypothesis, now=now, settings=1):
                heard.segments.append(segment)
                if verbose:
                    print(
                        f"  {now:6.2f} {segment.language} [{segment.start:.2f}-{segment.end:.2f}]"
                        f" ===> {segment.text}"
                    )
            heard.shown.append([word.key for word in words_of(f"{heard.text} {segmenter.tail}")])
    return heard


def offline(wave: npt.NDArray[np.int16], language: str) -> str:
    """What the same model makes of the whole recording."""
    model = load(BASE, threads=1)
    found, _ = model.transcribe(
        wave.astype(np.float32) / 32768, language=language, beam_size=1, temperature=0.0
    )
    return " ".join(segment.text for segment in found)


def error_rate(reference: str, text: str) -> float:
    """Word error rate on lower-case words without punctuation."""
    words = [" ".join(word.key for word in words_of(one)) for one in (reference, text)]
    return float(jiwer.wer(words[0], words[1]))


def reference(recording: Recording, limit: float) -> str | None:
    """What is said in the first `limit` seconds, where that is known."""
    if limit >= recording.seconds:
        return recording.transcript
    inside = [part["text"] for part in recording.segments if part["end"] <= limit]
    return " ".join(inside) or None


def quantiles(values: Sequence[float]) -> str:
    if len(values) < 2:
        return "/".join(f"{value:.1f}" for value in values)
    cuts = statistics.quantiles(values, n=10, method="inclusive")
    return f"{cuts[4]:.1f}/{cuts[8]:.1f}"


def main() -> None:
    """Hear each recording and print a line."""
    parser = argparse.ArgumentParser(prog="python -m bench.hearing", description=__doc__)
    parser.add_argument("ids", nargs="*", default=CLIPS)
    parser.add_argument("--languages", default=LANGUAGES)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each recording, at most")
    parser.add_argument("--offline", action="store_true", help="compare with the whole recording")
    parser.add_argument("--verbose", action="store_true", help="print every hypothesis")
    arguments = parser.parse_args()
    decoder = Decoder(BASE)
    recordings = manifest()
    onset: list[float] = []
    end: list[float] = []
    wrong: Counter[str] = Counter()
    print("clip  WER (offline)  onset→commit p50/p90  end→commit  words  erased  CPU  languages")
    for name in arguments.ids:
        recording = recordings[name]
        wave = samples(recording, arguments.seconds)
        duration = len(wave) / SAMPLE_RATE
        # A reference must end where the sound does.
        said = reference(recording, arguments.seconds)
        if said is not None and duration < recording.seconds - 0.1:
            last = max(p["end"] for p in recording.segments if p["end"] <= arguments.seconds)
            wave = wave[: int((last + 0.2) * SAMPLE_RATE)]
            duration = len(wave) / SAMPLE_RATE
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            heard = runner.run(
                listen(decoder, wave, arguments.languages.split(","), verbose=arguments.verbose)
            )
        rates = "-" if said is None else f"{error_rate(said, heard.text):.3f}"
        if arguments.offline and said is not None:
            whole = error_rate(said, offline(wave, recording.language))
            rates += f" ({whole:.3f})"
            wrong["offline"] += round(whole * len(words_of(said)))
        if said is not None:
            wrong["words"] += len(words_of(said))
            wrong["streamed"] += round(error_rate(said, heard.text) * len(words_of(said)))
        late = [segment.committed - segment.start for segment in heard.segments]
        after = [segment.committed - segment.end for segment in heard.segments]
        onset += late
        end += after
        words = [len(words_of(segment.text)) for segment in heard.segments]
        total = sum(words) or 1
        print(
            f"{name:22} {duration:5.1f} s  WER {rates}  on {quantiles(late)}  end "
            f"{quantiles(after)}  words {total / max(1, len(words)):.1f}  "
            f"erased {heard.erased() / total:.2f}  CPU {sum(heard.busy) / duration:.2f} "
            f"({statistics.fmean(heard.busy or [0]):.3f} s)  "
            f"{dict(Counter(segment.language for segment in heard.segments))}",
            flush=True,
        )
    print(f"all: {dict(wrong)}, onset→commit {quantiles(onset)}, end→commit {quantiles(end)}")


if __name__ == "__main__":
    main()
