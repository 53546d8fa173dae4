"""The policy of one listen: what to transcribe next, and what a transcript means. No I/O."""

from collections import deque

from translator.engines.identification import Identification
from translator.engines.whisper.audio import Audio, Heard
from translator.engines.whisper.sanity import sane
from translator.engines.whisper.text import Text
from translator.engines.whisper.utterance import Utterance
from translator.engines.whisper.window import Transcript, Window, whisper_code
from translator.hear import Sound, Voicing, blocks
from translator.types import Hypothesis, Pauses, Prior

PREROLL = 0.35
"""Seconds before the first voiced sound that belong to a window."""
CLEAR = -0.5
"""Mean of the log probabilities of the tokens from which on terms in brief speech are believed:
"LiveKit" that was said has -0.1 to -0.5, made of a syllable it has less."""
DOUBTFUL = -1.2
"""The same in longer speech."""
BEAM = 5
"""Width of the decoder's search in silence, where there is time for it."""
MEMORY = 160
"""Letters of what was said before that the decoder is shown."""


class Listening:
    """Takes sounds and transcripts; says which window is due, and what is heard."""

    def __init__(self, prior: Prior, *, model: str, pauses: Pauses) -> None:
        self._languages = {
            whisper_code(language): language for language in reversed(prior.languages)
        }
        self._expected = whisper_code(prior.expected) if prior.expected else None
        self._declared = whisper_code(prior.declared) if prior.declared else None
        self._codes = tuple(self._languages)
        self._before = ""  # in the expected language
        self._terms = ", ".join(prior.terms)
        self._model = model
        self._pauses = pauses
        self._voicing = Voicing()
        self._recent: deque[Heard] = deque(maxlen=blocks(PREROLL))
        self._read = 0
        self._count = 0
        self._finished = False
        self._utterance: Utterance | None = None

    def push(self, sound: Sound) -> None:
        """Take the next sound."""
        heard = Heard(sound, self._voicing.push(sound))
        self._read += 1
        if self._utterance is not None:
            self._utterance.audio.push(heard)
            return
        self._recent.append(heard)
        if heard.voiced:
            self._begin(
                list(self._recent),
                Identification(self._codes, last=self._expected, declared=self._declared),
            )

    def finish(self) -> None:
        """There are no more sounds."""
        self._finished = True

    @property
    def hushed(self) -> bool:
        """Whether an utterance may be about to end."""
        return self._utterance is not None and self._utterance.audio.hushed

    def window(self) -> Window | None:
        """The window to transcribe now, if any is due; `learn` its transcript before the next."""
        utterance = self._utterance
        if utterance is None or not utterance.audio.due(finished=self._finished):
            return None
        audio, text = utterance.audio, utterance.text
        brief = utterance.brief
        ending = self.hushed or self._finished
        return Window(
            pcm=audio.ask(),
            languages=utterance.identification.weights(audio.voice),
            language=utterance.language,
            prefix=text.prefix,
            before=self._shown(utterance),
            before_language=utterance.language or self._expected,
            terms=self._terms if ending or not brief else "",
            clear=CLEAR if brief else DOUBTFUL,
            tokens=8 + round(8 * audio.duration),
            beam=BEAM if ending else 1,
            align=bool(text.rest) or audio.too_long,
            model=self._model,
        )

    def learn(self, transcript: Transcript) -> list[Hypothesis]:
        """What the transcript of the last window says."""
        utterance = self._utterance
        assert utterance is not None
        voice = utterance.audio.voice
        text = sane(transcript, voice, utterance.text.prefix)
        if text is None:
            utterance.shorten()
            return []
        if not utterance.identification.learn(transcript.probabilities, voice):
            return self._part()
        utterance.learn(transcript, text)
        if utterance.lasts:
            return self._go_on()
        return [self._hypothesis(utterance, final=False)]

    def settle(self) -> list[Hypothesis]:
        """The final hypothesis of the utterance, if it has ended."""
        utterance = self._utterance
        if utterance is None or not utterance.ended(finished=self._finished):
            return []
        self._recent.extend(utterance.audio.sounds)
        self._utterance = None
        if not utterance.text.whole and not utterance.told:
            return []
        self._remember(utterance)
        return [self._hypothesis(utterance, final=True)]

    def _shown(self, utterance: Utterance) -> str:
        """What was said before the window, as far as it is in the same language."""
        changed = utterance.language not in (None, self._expected)
        alone = changed or utterance.brief
        left = utterance.text.left
        before = left if alone else f"{self._before} {left}"
        return before[-MEMORY:].strip()

    def _remember(self, utterance: Utterance) -> None:
        """What is said next probably goes on from this."""
        language = utterance.language or utterance.text.guess
        if language != self._expected:
            self._before = ""
        self._before = f"{self._before} {utterance.text.whole}"[-MEMORY:]
        self._expected = language

    def _begin(self, sounds: list[Heard], identification: Identification) -> None:
        self._utterance = Utterance(
            id=self._id(),
            audio=Audio(sounds, read=self._read),
            text=Text(identification),
            identification=identification,
            pauses=self._pauses,
        )

    def _id(self) -> str:
        self._count += 1
        return str(self._count)

    def _go_on(self) -> list[Hypothesis]:
        """Nobody pauses: end the utterance where it is frozen, and go on with the rest of it."""
        before = self._utterance
        assert before is not None
        self._utterance = before.divide(self._id())
        self._remember(before)
        return [
            self._hypothesis(before, final=True),
            self._hypothesis(self._utterance, final=False),
        ]

    def _part(self) -> list[Hypothesis]:
        """The language has changed: end the utterance where it is frozen, and begin another."""
        before = self._utterance
        assert before is not None
        self._begin(before.end(), Identification(self._codes, last=None, declared=None))
        assert self._utterance is not None
        if before.text.whole:
            self._remember(before)
            return [self._hypothesis(before, final=True)]
        self._utterance.told = before.told
        self._utterance.id = before.id
        return []

    def _hypothesis(self, utterance: Utterance, *, final: bool) -> Hypothesis:
        utterance.told = True
        text = utterance.text
        code = utterance.language or (text.guess if final else None)
        return Hypothesis(
            utterance=utterance.id,
            text=text.whole,
            language=self._languages[code] if code else None,
            final=final,
            start=utterance.audio.onset,
            end=utterance.audio.covered_until,
            stable=len(text.whole) if final else len(text.frozen),
            words=text.words,
        )
