"""Sound played faster, or slower, at the same pitch: libavfilter's `atempo`."""

from collections.abc import Iterator

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.filter import Graph

Samples = npt.NDArray[np.int16]


class Stretch:
    """One stretch of mono sound. It goes out about 0.1 s behind what came in."""

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._graph = Graph()
        self._source = self._graph.add(
            "abuffer",
            sample_rate=str(sample_rate),
            sample_fmt="s16",
            channel_layout="mono",
            time_base=f"1/{sample_rate}",
        )
        self._tempo = self._graph.add("atempo")
        self._sink = self._graph.add("abuffersink")
        self._source.link_to(self._tempo)
        self._tempo.link_to(self._sink)
        self._graph.configure()
        self._pushed = 0
        self._at = 1.0

    def push(self, samples: Samples, tempo: float) -> Samples:
        """What can go out now that `samples` came in; from now on at `tempo` (0.5-2)."""
        if tempo != self._at:
            self._tempo.process_command("tempo", f"{tempo:.3f}")
            self._at = tempo
        frame = AudioFrame.from_ndarray(samples[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = self._sample_rate
        frame.pts = self._pushed
        self._pushed += len(samples)
        self._source.push(frame)
        return self._pulled()

    def flush(self) -> Samples:
        """The rest. Nothing may follow."""
        self._source.push(None)
        return self._pulled()

    def _pulled(self) -> Samples:
        return np.concatenate([np.zeros(0, np.int16), *self._frames()])

    def _frames(self) -> Iterator[Samples]:
        while True:
            try:
                frame = self._sink.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            assert isinstance(frame, AudioFrame)
            yield frame.to_ndarray()[0]
