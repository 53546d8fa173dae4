"""Apertium through the engine host: what it renders, and what it survives."""

import asyncio
import os
import signal
import string
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from pathlib import Path

import psutil
import pytest

from tests.fakes import segment
from tests.processes import end_of
from translator.engines import apertium
from translator.engines.apertium import (
    MODES,
    ApertiumRenderer,
    ApertiumService,
    Pipeline,
    begun_as,
    command,
    installed_modes,
    route,
)
from translator.engines.host import Host, running
from translator.errors import RenderError, ServiceError
from translator.types import Brief, Term

pytestmark = pytest.mark.engine

DEBIAN = {
    *("eng-spa", "spa-eng", "spa-eng_US", "eng-cat", "cat-eng", "eng-cat_valencia", "spa-cat"),
    *("eng-cat_iec2017", "cat-spa", "es-fr", "fr-es", "eco-es-fr", "fra-cat", "cat-fra"),
    *("cat-fra_pre2017", "es-pt", "es-pt_BR", "pt-es"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """One for all tests: each finds the host of the one before."""
    monkeypatch.setenv("TRANSLATOR_RUNTIME", str(tmp_path_factory.getbasetemp() / "apertium"))


@pytest.fixture
async def host() -> AsyncGenerator[Host, None]:
    async with running(["apertium"]) as host:
        yield host


@pytest.mark.parametrize(
    ("source", "text", "begun"),
    [
        ("it was the epoch of belief,", "Era la época de creencia,", "era la época de creencia,"),
        ("It was the epoch of belief,", "Era la época de creencia,", "Era la época de creencia,"),
        ("42 days", "42 días", "42 días"),
        ("and", "", ""),
    ],
)
def test_a_segment_within_a_sentence_begins_with_a_small_letter(
    source: str, text: str, begun: str
) -> None:
    assert begun_as(source, text) == begun


async def test_what_goes_on_in_the_source_goes_on_in_the_rendition(host: Host) -> None:
    assert (await render(host, "it was the epoch of belief.")).startswith("era")
    assert (await render(host, "It was the epoch of belief.")).startswith("Era")


async def render(
    host: Host, text: str, *, source: str = "en", target: str = "es", terms: tuple[Term, ...] = ()
) -> str:
    brief = Brief(segment=segment(text=text, language=source), target=target, terms=terms)
    rendition = ApertiumRenderer(host).render(brief)
    async with aclosing(rendition) as pieces:
        (piece,) = [piece async for piece in pieces]
    return piece


# --- the way ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "target", "modes"),
    [
        ("en", "es", ("eng-spa",)),
        ("en-GB", "es-MX", ("eng-spa",)),
        ("fr", "en", ("fr-es", "spa-eng")),  # not over ca, which is as short
        ("en", "fr", ("eng-spa", "es-fr")),
        ("pt-BR", "ca", ("pt-es", "spa-cat")),
        ("en", "pt-BR", ("eng-spa", "es-pt_BR")),
        ("en", "pt-PT", ("eng-spa", "es-pt")),
        ("es", "en-US", ("spa-eng_US",)),
        ("es", "fr", ("es-fr",)),
        ("fr", "ca", ("fra-cat",)),
        ("en", "en-US", ()),
        ("pt-PT", "pt-BR", ()),
        ("en", "de", None),
        ("de", "en", None),
    ],
)
def test_the_way_is_the_shortest_and_prefers_spanish(
    source: str, target: str, modes: tuple[str, ...] | None
) -> None:
    assert route(source, target, DEBIAN) == modes


def test_a_longer_relay_is_found() -> None:
    assert route("it", "en", {"ita-cat", "cat-spa", "spa-eng"}) == ("ita-cat", "cat-spa", "spa-eng")
    assert route("it", "en", {"ita-cat", "spa-eng"}) is None


def test_of_two_packages_for_one_pair_the_newer_is_taken() -> None:
    assert route("en", "es", {"en-es", "eng-spa"}) == ("eng-spa",)


# --- renditions -------------------------------------------------------------------------------


async def test_a_sentence_is_rendered_with_its_punctuation(host: Host) -> None:
    assert await render(host, "The house is red.") == "La casa es roja."
    assert await render(host, "Where is the house?") == "Dónde es la casa?"
    assert await render(host, "The house is red") == "La casa es roja"


async def test_a_relay_renders(host: Host) -> None:
    assert await render(host, "The house is red.", target="fr") == "La maison est rouge."
    assert await render(host, "La maison est rouge.", source="fr", target="en") == (
        "The house is red."
    )


async def test_unknown_words_stay_and_bear_no_mark(host: Host) -> None:
    for target in ("es", "ca", "fr", "pt"):
        rendition = await render(host, "Kubernetes grombles the flurgh.", target=target)
        assert {"Kubernetes", "flurgh"} <= set(rendition.strip(".").split())
        assert not set("*@#") & set(rendition)


@pytest.mark.parametrize("target", ["es", "fr", "pt"])
async def test_special_characters_survive(host: Host, target: str) -> None:
    for character in string.punctuation + "«»“”…–€№":
        for text in (f"Madrid {character} Kubernetes.", f"Madrid{character}"):
            rendition = await render(host, text, target=target)
            assert rendition.count(character) == text.count(character), rendition
            assert "\\" not in rendition or character == "\\"


@pytest.mark.parametrize(
    "text",
    ["^x<n><sg>$ [b] {c} \\[d]", "[][;1] [~] \\", "*x #y @z", "x/y\\/z", "[[t:b:1]]x[[/]]"],
)
async def test_the_syntax_of_the_engine_is_plain_text(host: Host, text: str) -> None:
    """English words are left out, so nothing is to be rendered."""
    assert await render(host, text, source="ca", target="fr") == text


async def test_a_word_that_cannot_be_generated_leaves_no_tag(host: Host) -> None:
    assert await render(host, "Vas-y!", source="fr", target="es") == "Vas-!"


async def test_lines_stay_lines(host: Host) -> None:
    assert await render(host, "The red house.\nThe house.") == "La casa roja.\nLa casa."


@pytest.mark.parametrize("text", ["", " ", ".", "\0", "…", "a\0b", "\r\n"])
async def test_next_to_nothing_is_rendered_too(host: Host, text: str) -> None:
    await render(host, text)
    assert await render(host, "The house.") == "La casa."


async def test_a_text_larger_than_a_pipe_holds_is_rendered(host: Host) -> None:
    assert await render(host, "The house. " * 6_200) == ("La casa. " * 6_200).strip()


async def test_the_same_language_passes_as_it_is(host: Host) -> None:
    assert await render(host, "The  house*.", target="en-US") == "The  house*."


async def test_an_unknown_pair_is_an_error_that_names_what_to_install(host: Host) -> None:
    with pytest.raises(RenderError, match=r"en as sv.*apt-get install apertium-"):
        await render(host, "The house.", target="sv")
    with pytest.raises(RenderError, match="en as ja"):
        await render(host, "The house.", target="ja")


async def test_apertium_missing_is_an_error_that_names_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="apt-get install apertium"):
        await ApertiumService(tmp_path).start()


# --- terms ------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["es", "ca", "fr", "pt-BR"])
async def test_terms_come_out_as_given(host: Host, target: str) -> None:
    terms = (
        Term(source="house", target="C#-Haus [x]"),
        Term(source="the White House", target="the White House"),
        Term(source="C++", target="C++"),
    )
    rendition = await render(
        host,
        "We spoke in The white  house about C++, the house and a HOUSE.",
        target=target,
        terms=terms,
    )
    assert rendition.count("the White House") == 1
    assert rendition.count("C++") == 1
    assert rendition.count("C#-Haus [x]") == 2


# --- what can happen to the programs ----------------------------------------------------------


async def programs(host: Host, mode: str) -> list[psutil.Process]:
    """Those of a mode, in the order that text passes them in, without the shell."""
    found = psutil.Process((await host.health())["pid"]).children(recursive=True)
    stages: dict[psutil.Process, list[str]] = {}
    for process in found:
        with suppress(psutil.NoSuchProcess):
            if process.name() != "bash" and any(f"/{mode}." in word for word in process.cmdline()):
                stages[process] = process.cmdline()
    return sorted(stages, key=lambda process: stages[process][-1].endswith(".autopgen.bin"))


@pytest.mark.parametrize("place", [0, 4, -1])
async def test_programs_killed_between_requests_are_started_again(host: Host, place: int) -> None:
    assert await render(host, "The house.") == "La casa."
    before = await programs(host, "eng-spa")
    before[place].kill()
    await end_of([before[place].pid])
    async with asyncio.timeout(apertium.DEADLINE):  # a death is seen, not waited for
        assert await render(host, "The house.") == "La casa."
    assert not set(before) & set(await programs(host, "eng-spa"))


async def test_programs_killed_during_a_request_cost_one_retry(host: Host) -> None:
    await render(host, "La casa.", source="es", target="en")
    first, second, *_ = await programs(host, "spa-eng")
    before = first.io_counters().read_chars
    second.suspend()  # so that the request is under way when they die
    async with asyncio.TaskGroup() as tasks:
        request = tasks.create_task(render(host, "La casa.", source="es", target="en"))
        while first.io_counters().read_chars == before:  # noqa: ASYNC110 (it tells nobody)
            await asyncio.sleep(0.01)
        assert not request.done()
        second.kill()
    assert request.result() == "The house."


async def test_programs_that_hang_cost_their_deadline_and_no_other_pair(host: Host) -> None:
    await render(host, "La casa.", source="es", target="ca")
    (await programs(host, "spa-cat"))[-1].suspend()
    async with asyncio.TaskGroup() as tasks:
        hung = tasks.create_task(render(host, "La casa roja.", source="es", target="ca"))
        next_one = tasks.create_task(render(host, "La casa.", source="es", target="ca"))
        assert await render(host, "The house.") == "La casa."
        assert not hung.done()
    assert (hung.result(), next_one.result()) == ("La casa vermella.", "La casa.")


async def test_programs_that_always_fail_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apertium, "START", 0.2)
    for shell in ("sleep 60", "exit 3", "tr a b"):  # hangs, dies, answers something else
        pipeline = Pipeline("eng-spa", shell)
        with pytest.raises(RenderError, match="eng-spa failed twice"):
            await pipeline.render("aa")
        await pipeline.close()


@pytest.fixture
async def pipeline() -> AsyncGenerator[Pipeline, None]:
    made = Pipeline("eng-spa", command((MODES / "eng-spa.mode").read_text()))
    yield made
    await made.close()


async def test_answers_come_in_the_order_of_the_requests(pipeline: Pipeline) -> None:
    texts = [f"House {number}." for number in range(50)]
    answers = await asyncio.gather(*map(pipeline.render, texts))
    assert answers == [f"Casa {number}." for number in range(50)]


async def test_a_cancelled_request_does_not_answer_the_next(pipeline: Pipeline) -> None:
    assert await pipeline.render("The house.") == "La casa."
    async with asyncio.TaskGroup() as tasks:
        request = tasks.create_task(pipeline.render("The dog."))
        await asyncio.sleep(0)
        request.cancel()
    assert await pipeline.render("The house.") == "La casa."


async def test_closing_leaves_no_program_behind() -> None:
    others = set(psutil.Process().children(recursive=True))
    pipeline = Pipeline("eng-spa", command((MODES / "eng-spa.mode").read_text()))
    await pipeline.render("The house.")
    children = set(psutil.Process().children(recursive=True)) - others
    assert len(children) > 5
    await pipeline.close()
    await end_of([child.pid for child in children])


async def test_a_killed_host_leaves_no_program_behind() -> None:
    async with running(["apertium"]) as host:
        await render(host, "The house.")
        pid = (await host.health())["pid"]
        children = psutil.Process(pid).children(recursive=True)
        os.kill(pid, signal.SIGKILL)
        assert await render(host, "The house.") == "La casa."
    await end_of([child.pid for child in children])


def test_the_installed_modes_are_found() -> None:
    assert "eng-spa" in installed_modes()
