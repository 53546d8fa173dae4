"""What the meeting itself knows: its glossary and its agenda."""

import json

import pytest

from tests.glossaries import entry, glossary
from translator.lookups import AgendaSource, GlossarySource, LookUpError

pytestmark = pytest.mark.unit

WORDS = glossary(
    entry(en="World Health Organization", es="Organización Mundial de la Salud"),
    entry(en="committee", es="comité"),
    entry(keep="LiveKit"),
)


async def found(source: GlossarySource | AgendaSource, **arguments: object) -> str:
    return await source.look_up("", arguments)


async def test_the_glossary_tells_a_term_in_every_language() -> None:
    source = GlossarySource([WORDS])
    assert json.loads(await found(source, term="COMITÉ")) == {"en": "committee", "es": "comité"}
    assert "LiveKit" in await found(source, term="livekit")
    assert "Organización" in await found(source, term="the World Health Organization says")
    assert await found(source, term="budget") == ""


AGENDA = "\n\n".join(
    [f"# Item {n}\n{'Nothing of interest. ' * 20}" for n in range(8)]
    + ["# Item 9\nDr. Noor Haddad reports on the desalination plant."]
)


async def test_an_agenda_gives_the_paragraphs_that_speak_of_it() -> None:
    source = AgendaSource(AGENDA)
    assert (await found(source, about="desalination, Noor")).startswith("# Item 9\nDr. Noor")
    assert await found(source, about="zebra") == ""


async def test_a_short_agenda_is_given_whole() -> None:
    assert await found(AgendaSource("Only this.\n"), about="zebra") == "Only this."


@pytest.mark.parametrize("arguments", [{}, {"term": ""}, {"term": 1}, {"term": "x", "more": 1}])
async def test_the_meetings_own_tools_refuse_wrong_arguments(arguments: dict[str, object]) -> None:
    with pytest.raises(LookUpError, match="wrong arguments") as raised:
        await found(GlossarySource([WORDS]), **arguments)
    assert raised.value.kind == "refused"
