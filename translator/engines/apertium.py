"""Apertium: rule-based rendering without a key, in about 2 ms a segment.

The programs of a pair run on in one pipeline: text ended by NUL goes in, text ended by NUL comes
out. Three things would hang it or lose text, found by feeding each program alone:

- the `apertium` script reads through gawk, which keeps a text until the next one begins, so the
  mode's own programs are run instead;
- `lt-proc` drops a full stop right before the NUL, and answers late where no blank stands there,
  so every text ends with a blank;
- the post-generator eats `~`, and `lrx-proc` waits for ever after `\\^`, so characters with a
  meaning go through inside of blanks, by their numbers.

The blank at the end also carries the number of the text, so an answer that belongs to another
text is recognized.
"""

import asyncio
import logging
import os
import re
import shlex
import shutil
import signal
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path

from aiohttp import web

from translator import languages
from translator.engines.apertium_terms import Traits, protect, restore
from translator.engines.host import Host
from translator.errors import InputError, RenderError, ServiceError
from translator.types import Brief

logger = logging.getLogger(__name__)

MODES = Path("/usr/share/apertium/modes")
PIVOT = "es"
"""Preferred among relays of the same length: the language of the best pairs."""
DEADLINE = 3.0
"""Seconds for one text through one pipeline that runs."""
START = 15.0
"""Seconds for the first text of a pipeline, which waits for its dictionaries."""
LARGEST_ANSWER = 2**20
"""Bytes."""

PACKAGES: Mapping[str, str] = {
    f"{source}-{target}": f"apertium-{package}"
    for package in (
        *("afr-nld", "arg-cat", "bel-rus", "cat-ita", "cat-srd", "dan-nor", "eng-cat", "eng-spa"),
        *("es-gl", "es-pt", "fr-es", "fra-cat", "fra-frp", "hbs-eng", "hbs-mkd", "hbs-slv"),
        *("ind-zlm", "isl-eng", "isl-swe", "mkd-bul", "mkd-eng", "nno-nob", "oc-ca", "oc-es"),
        *("oci-fra", "pol-szl", "por-cat", "pt-gl", "rus-ukr", "spa-arg", "spa-ast", "spa-cat"),
        *("spa-ita", "srd-ita", "swe-dan", "swe-nor", "urd-hin"),
    )
    for source, target in (package.split("-"), package.split("-")[::-1])
}
"""Debian's packages by the modes that they may bring: only to say what to install."""


# --- which way text goes ----------------------------------------------------------------------


def installed_modes(folder: Path = MODES) -> frozenset[str]:
    """Names of the installed modes, such as `eng-spa`."""
    return frozenset(path.stem for path in folder.glob("*.mode"))


def route(source: str, target: str, modes: Iterable[str]) -> tuple[str, ...] | None:
    """The modes that lead from `source` to `target`, both BCP-47, one after the other.

    The fewest; of as many the relay through PIVOT. Empty where the languages are the same, None
    where no way leads there.
    """
    if languages.same(source, target):
        return ()
    steps = _steps(modes)
    start = languages.lookup(source, {origin for origin, _ in steps})
    goal = languages.lookup(target, {reached for _, reached in steps})
    if start is None or goal is None:
        return None
    ways: dict[str, tuple[str, ...]] = {start: ()}
    edge = [start]
    while edge and goal not in ways:
        edge.sort(key=lambda language: (language != PIVOT, language))
        reached: dict[str, tuple[str, ...]] = {}
        for language in edge:
            for (origin, following), mode in steps.items():
                if origin == language and following not in ways:
                    reached.setdefault(following, (*ways[language], mode))
        ways |= reached
        edge = list(reached)
    return ways.get(goal)


def _steps(modes: Iterable[str]) -> dict[tuple[str, str], str]:
    """Modes by their two languages; of one pair the newer packages have three-letter codes."""
    steps: dict[tuple[str, str], str] = {}
    for mode in sorted(modes, key=lambda mode: (-len(mode), mode)):
        with suppress(InputError, ValueError):  # spelling variants, and modes with a prefix
            source, target = mode.split("-")
            steps.setdefault((languages.normalize(source), languages.normalize(target)), mode)
    return steps


def missing(source: str, target: str, modes: Collection[str]) -> RenderError:
    """Why no way leads from `source` to `target`, and what to install."""
    wanted = route(source, target, {*modes, *PACKAGES}) or ()
    packages = sorted({PACKAGES[mode] for mode in wanted if mode not in modes})
    remedy = (
        f"run: sudo apt-get install {' '.join(packages)}"
        if packages
        else "no Debian package leads there; take another engine for this pair"
    )
    return RenderError(f"Apertium cannot render {source} as {target}; {remedy}")


# --- in the job -------------------------------------------------------------------------------


class ApertiumRenderer:
    """Renders with the pairs that are installed on this machine."""

    prompt = None

    def __init__(self, host: Host) -> None:
        self._host = host

    async def render(self, brief: Brief) -> AsyncGenerator[str, None]:
        """Give the whole rendition as one piece; the context has no bearing on it."""
        segment = brief.segment
        text, kept = protect(segment.text, brief.terms)
        question = {
            "text": text,
            "source": segment.language,
            "target": brief.target,
            "terms": sorted({hidden.term.target for hidden in kept.values()}),
        }
        asked = self._host.post("/apertium/render", json=question, failed=RenderError)
        async with asked as response:
            answer = await response.json()
        known = {term: (gender, number) for term, (gender, number) in answer["traits"].items()}
        targets = {name: hidden.term.target for name, hidden in kept.items()}
        traits = {name: known[target] for name, target in targets.items() if target in known}
        begun = begun_as(segment.text, answer["text"])
        yield restore(begun, kept, language=brief.target, traits=traits)


def begun_as(source: str, text: str) -> str:
    """`text` with a small letter first where `source` goes on with a sentence: every segment
    would begin one, by Apertium's lights."""
    return text[:1].lower() + text[1:] if source[:1].islower() else text


# --- in the engine host -----------------------------------------------------------------------


class ApertiumService:
    """Keeps one pipeline for each mode that was asked for."""

    def __init__(self, folder: Path = MODES) -> None:
        self._folder = folder
        self._modes: frozenset[str] = frozenset()
        self._pipelines: dict[str, Pipeline] = {}
        self._nouns: dict[str, Nouns] = {}

    async def start(self) -> None:
        """See what is installed. Raises ServiceError."""
        self._modes = installed_modes(self._folder)
        if not self._modes or not all(map(shutil.which, ("lt-proc", "apertium-transfer"))):
            raise ServiceError(
                "Apertium or its language pairs are missing; "
                "run: sudo apt-get install apertium apertium-eng-spa"
            )

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/apertium/render", self._render)]

    async def close(self) -> None:
        for pipeline in self._pipelines.values():
            await pipeline.close()

    async def _render(self, request: web.Request) -> web.Response:
        """`{text, source, target, terms}`, languages as BCP-47, `terms` in the target language
        -> `{text, traits}`, where `traits` are gender and number by term."""
        question = await request.json()
        text, source, target = question["text"], question["source"], question["target"]
        modes = route(source, target, self._modes)
        if modes is None:
            raise missing(source, target, self._modes)
        for mode in modes:
            text = await self._pipeline(mode).render(text)
        nouns = self._nouns_of(target)
        traits = await nouns.traits(question["terms"]) if nouns else {}
        return web.json_response({"text": text, "traits": traits})

    def _nouns_of(self, language: str) -> "Nouns | None":
        """What tells the nouns of a language: the analyser of any mode that begins there."""
        code = languages.primary(language)
        modes = [mode for (first, _), mode in _steps(self._modes).items() if first == code]
        if code not in self._nouns and modes:
            analyser, *_ = self._programs(modes[0]).split("|")
            *_, dictionary = shlex.split(analyser)
            self._nouns[code] = Nouns(dictionary)
        return self._nouns.get(code)

    def _pipeline(self, mode: str) -> "Pipeline":
        if mode not in self._pipelines:
            self._pipelines[mode] = Pipeline(mode, command(self._programs(mode)))
        return self._pipelines[mode]

    def _programs(self, mode: str) -> str:
        return (self._folder / f"{mode}.mode").read_text(encoding="utf-8")


def command(programs: str) -> str:
    """The bash command of a mode: unmarked generation, every program flushes at NUL.

    The last program takes the place of the shell, so its end closes the output.
    """
    filled = programs.replace("$1", "-n").replace("$2", "")
    stages = [shlex.split(stage) for stage in filled.split("|")]
    *first, last = (shlex.join([program, "-z", *rest]) for program, *rest in stages)
    return f"exec {last} < <({' | '.join(first)})"


class Pipeline:
    """The running programs of one mode. One text at a time, in the order of the calls."""

    def __init__(self, mode: str, command: str) -> None:
        self._mode = mode
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._numbers = count(1)

    async def render(self, text: str) -> str:
        """`text` through the programs, which are started anew if they die or hang.

        Raises RenderError when that happens twice on this text.
        """
        async with self._turn:
            try:
                return await self._exchange(text)
            except (OSError, EOFError) as error:  # TimeoutError is an OSError
                logger.warning("Apertium %s is started again: %r", self._mode, error)
            try:
                return await self._exchange(text)
            except (OSError, EOFError) as error:
                raise RenderError(f"Apertium {self._mode} failed twice: {error!r}") from error

    async def close(self) -> None:
        """End the programs."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    async def _exchange(self, text: str) -> str:
        mark = f"[][;{next(self._numbers)}]"
        try:
            async with asyncio.timeout(DEADLINE if self._process else START):
                process = self._process = self._process or await self._start()
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(f"{escape(text)} {mark}\0".encode(errors="replace"))
                answer = (await process.stdout.readuntil(b"\0")).decode()
            if mark not in answer:
                raise EOFError("out of step")
        except BaseException:  # what is left in the pipes belongs to no later text
            await self.close()
            raise
        return unescape(answer.removesuffix("\0").replace(mark, ""))

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *("bash", "-c", self._command),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # it may hold what was said
            limit=LARGEST_ANSWER,
            start_new_session=True,  # a group of its own, to be killed as one
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )


class Nouns:
    """What the analyser of one language knows of terms."""

    def __init__(self, dictionary: str) -> None:
        self._dictionary = dictionary
        self._known: dict[str, Traits | None] = {}

    async def traits(self, terms: Collection[str]) -> dict[str, Traits]:
        """Gender and number of those terms whose first noun leaves no doubt."""
        unknown = [term for term in terms if term not in self._known]
        if unknown:
            try:
                async with asyncio.timeout(DEADLINE):
                    analyses = await self._analyse(unknown)
            except (
                OSError,
                EOFError,
            ) as error:  # TimeoutError is an OSError; an article is not worth a segment
                logger.warning("Apertium cannot analyse terms: %r", error)
                return {}
            self._known |= dict(zip(unknown, map(traits_of, analyses), strict=True))
        return {term: traits for term in terms if (traits := self._known[term]) is not None}

    async def _analyse(self, terms: Iterable[str]) -> list[str]:
        """The analysis of each, in a process that ends with them: a term is asked for once."""
        process = await asyncio.create_subprocess_exec(
            *("lt-proc", "-w", self._dictionary),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        try:  # the full stop keeps a name of several words from going on in the next line
            lines = "".join(f"{escape(term)} .\n" for term in terms)
            answer, _ = await process.communicate(lines.encode(errors="replace"))
        except BaseException:
            with suppress(ProcessLookupError):
                process.kill()
            raise
        analyses = answer.decode().splitlines()
        if len(analyses) != lines.count("\n"):
            raise EOFError(f"lt-proc ended with {process.returncode}")
        return analyses


def traits_of(analysis: str) -> Traits | None:
    """Those of the first noun in lt-proc's analysis, where all its readings agree."""
    for unit in re.findall(r"\^[^/^$]*/([^$]*)\$", analysis):
        nouns = [reading for reading in unit.split("/") if re.search("<np?>", reading)]
        if nouns:
            found = {(*re.findall("<(m|f)>", one), *re.findall("<(sg|pl)>", one)) for one in nouns}
            match list(found):
                case [(gender, number)]:
                    return gender, number
            return None
    return None


def escape(text: str) -> str:
    """Plain text as Apertium's stream: what has a meaning there becomes a blank that names it."""
    printable = re.sub(r"[^\S\n]|[\x00-\x09\x0b-\x1f\x7f]", " ", text)
    return re.sub(r"[\\\[\]{}^$/@<>~]", lambda match: f"[u{ord(match[0])}]", printable)


def unescape(stream: str) -> str:
    """Apertium's stream as plain text, without the gaps and tags that dropped words leave."""
    text = re.sub(r" ?<[^<>]*>|\\(?=.)", "", stream)  # none of these was given
    text = re.sub(r"\[u(\d+)\]", lambda match: chr(int(match[1])), text)
    return re.sub(r" {2,}", " ", text).strip()
