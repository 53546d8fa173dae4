"""Facts as the messages of those who read, in order, and never in anyone's way."""

import asyncio
import json
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from livekit import rtc

from tests.fakes import ListRoom, meeting_settings, segment
from translator.captions import TOPIC, Caption
from translator.demand import Missing
from translator.outbox import FACT_TOPIC, FAREWELL, HELD, Outbox, Readers
from translator.record import Fact, Failed, Heard, Rendered, Rendering
from translator.settings import Language
from translator.types import Cut, Rendition, Segment, Tail

pytestmark = pytest.mark.unit

LANGUAGES = {code: Language(speak="voice") for code in ("es", "fr", "pt-BR")}


def heard(
    *segments: Segment, tail: str = "", language: str | None = "en", speaker: str = "p-ada"
) -> Heard:
    rest = Tail(
        speaker=speaker, speaker_name="Ada", language=language, text=tail, start=2.0, end=3.0
    )
    return Heard(at=3.0, cut=Cut(segments=segments, tail=rest))


def rendering(text: str, one: Segment | None = None) -> Rendering:
    rendition = Rendition(segment=one or segment(), language="es", text=text)
    return Rendering(at=3.0, rendition=rendition)


def rendered(text: str, one: Segment | None = None, *, language: str = "es") -> Rendered:
    rendition = Rendition(segment=one or segment(), language=language, text=text)
    return Rendered(at=4.0, rendition=rendition, target="es", terms=0, terms_due=0)


class Post:
    """An outbox in a room where each stream has its readers."""

    def __init__(
        self, readers: Mapping[str, Collection[str]], *, observers: Collection[str] = ()
    ) -> None:
        settings = meeting_settings(languages=LANGUAGES)
        self.room = ListRoom()
        self.outbox = Outbox(
            lambda: settings,
            Readers(by_stream=lambda stream: readers.get(stream, ()), observers=lambda: observers),
        )

    async def send(self, *facts: Fact) -> None:
        for fact in facts:
            self.outbox.note(fact)
        await self.outbox.flush(self.room)

    def read_by(self, reader: str) -> list[dict[str, Any]]:
        """The caption messages that `reader` got."""
        return [
            json.loads(payload)
            for topic, payload, to in self.room.sent
            if topic == TOPIC and reader in to
        ]


def texts(messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Each message as (committed text, tail that is shown from then on)."""
    return [
        (one["text"], one["tail"]["text"]) if one["kind"] == "segment" else ("", one["text"])
        for one in messages
    ]


EVERYONE = {"floor/en": ["reader"], "floor/es": ["reader"], "es": ["hispanic"], "fr": ["french"]}


async def test_a_cut_is_the_segment_and_the_tail_in_one_message() -> None:
    post = Post(EVERYONE)
    await post.send(heard(segment(1, "Good morning."), tail="How"))
    assert texts(post.read_by("reader")) == [("Good morning.", "How")]


async def test_several_segments_of_a_cut_leave_no_text_out_and_none_twice() -> None:
    post = Post(EVERYONE)
    await post.send(heard(segment(1, "One."), segment(2, "Two."), segment(3, "Three."), tail="Fo"))
    assert texts(post.read_by("reader")) == [
        ("One.", "Two. Three. Fo"),
        ("Two.", "Three. Fo"),
        ("Three.", "Fo"),
    ]


async def test_a_tail_replaces_the_tail_before() -> None:
    post = Post(EVERYONE)
    await post.send(heard(tail="Good"), heard(tail="Good mourning"), heard(tail="Good morning to"))
    messages = post.read_by("reader")
    assert texts(messages) == [("", "Good"), ("", "Good mourning"), ("", "Good morning to")]
    assert [one["revision"] for one in messages] == [1, 2, 3]


async def test_a_tail_that_has_not_changed_is_not_sent_again() -> None:
    post = Post(EVERYONE)
    await post.send(heard(tail="Good"), heard(tail="Good"), heard(segment(), tail="and"))
    await post.send(heard(tail="and"))
    assert len(post.read_by("reader")) == 2


async def test_a_tail_that_vanishes_is_taken_back() -> None:
    post = Post(EVERYONE)
    await post.send(heard(tail="Thank you"), heard(tail=""))
    assert texts(post.read_by("reader")) == [("", "Thank you"), ("", "")]


async def test_a_tail_found_to_be_another_language_leaves_the_first_ones_stream() -> None:
    post = Post({"floor/en": ["english"], "floor/es": ["spanish"]})
    await post.send(heard(tail="Mass", language="en"), heard(tail="Más allá", language="es"))
    assert texts(post.read_by("english")) == [("", "Mass"), ("", "")]
    assert texts(post.read_by("spanish")) == [("", "Más allá")]


async def test_a_tail_without_a_language_is_shown_to_nobody() -> None:
    post = Post(EVERYONE)
    await post.send(heard(tail="mm", language=None))
    assert post.room.sent == []


async def test_speech_in_a_channels_language_needs_no_rendition() -> None:
    post = Post({"es": ["hispanic"], "floor/es": ["reader"], "pt-BR": ["brazilian"]})
    spanish = segment(1, "Buenos días.", language="es")
    await post.send(heard(spanish, language="es"))
    await post.send(heard(segment(2, "Bom dia.", language="pt"), language="pt"))
    assert (
        texts(post.read_by("hispanic")) == texts(post.read_by("reader")) == [("Buenos días.", "")]
    )
    assert [one["language"] for one in post.read_by("brazilian")] == ["pt"]
    assert [one["origin"] for one in post.read_by("hispanic")] == ["source"]


async def test_source_captions_of_other_languages_go_to_the_floor_only() -> None:
    post = Post(EVERYONE)
    await post.send(heard(segment(1), tail="and"))
    assert post.read_by("hispanic") == post.read_by("french") == []


async def test_a_rendition_grows_as_a_tail_and_is_committed_once() -> None:
    post = Post(EVERYONE)
    await post.send(rendering("Buenos"), rendering("Buenos días"), rendered("Buenos días a todos."))
    messages = post.read_by("hispanic")
    assert texts(messages) == [("", "Buenos"), ("", "Buenos días"), ("Buenos días a todos.", "")]
    assert [one["seq"] for one in messages] == [1, 2, 3]
    assert {one["origin"] for one in messages} == {"rendition"}


async def test_a_segment_that_could_not_be_rendered_is_read_as_it_was_spoken() -> None:
    post = Post(EVERYONE)
    await post.send(rendered("Good morning.", language="en"))
    (message,) = post.read_by("hispanic")
    assert (message["language"], message["origin"], message["final"]) == ("en", "source", True)


async def test_only_those_who_read_a_stream_are_addressed() -> None:
    post = Post({"es": ["hispanic", "other"]})
    await post.send(heard(segment()), rendered("Buenos días."))
    assert [to for _, _, to in post.room.sent] == [("hispanic", "other")]


async def test_numbers_have_no_hole_for_who_begins_to_read_late() -> None:
    readers: dict[str, list[str]] = {}
    post = Post(readers)
    await post.send(rendered("Uno.", segment(1)), rendering("Dos"))
    readers["es"] = ["late"]
    await post.send(rendered("Dos.", segment(2)))
    (message,) = post.read_by("late")
    assert message["seq"] == 3
    answer = json.loads(post.outbox.captions.json_after("es", 0))
    assert [one["text"] for one in answer["captions"]] == ["Uno.", "Dos."]


def question(payload: str) -> rtc.RpcInvocationData:
    return rtc.RpcInvocationData("1", "p-1", payload, 5.0)


async def test_who_asks_by_a_call_gets_what_it_misses() -> None:
    post = Post({})
    await post.send(rendered("Uno.", segment(1)), rendered("Dos.", segment(2)))
    answer = json.loads(await post.outbox.backfill(question('{"language": "es", "after_seq": 1}')))
    assert [one["text"] for one in answer["captions"]] == ["Dos."]


@pytest.mark.parametrize(
    "payload", ["", "[]", "{}", '{"language": "es", "after_seq": "x"}', '{"after_seq": 1e999}']
)
async def test_a_call_that_is_not_understood_is_refused_with_an_example(payload: str) -> None:
    with pytest.raises(rtc.RpcError, match="after_seq"):
        await Post({}).outbox.backfill(question(payload))


async def test_finals_also_go_out_as_transcriptions() -> None:
    post = Post(EVERYONE)
    await post.send(
        heard(tail="Good"), heard(segment(1, "Good.")), rendering("Bu"), rendered("Bueno.")
    )
    assert [(one.text, to) for one, to in post.room.transcribed] == [
        ("Good.", ("reader",)),
        ("Bueno.", ("hispanic",)),
    ]


async def test_observers_get_every_fact_and_nobody_else_does() -> None:
    post = Post(EVERYONE, observers=["observer"])
    facts = [heard(segment()), Failed(at=1.0, stage="hear", language=None, message="gone")]
    await post.send(*facts)
    seen = [
        (json.loads(text)["fact"], to) for topic, text, to in post.room.sent if topic == FACT_TOPIC
    ]
    assert seen == [("Heard", ("observer",)), ("Failed", ("observer",))]


class SlowRoom(ListRoom):
    """Takes a second for every message."""

    async def send(self, topic: str, payload: str, to: Collection[str]) -> None:
        await asyncio.sleep(1.0)
        await super().send(topic, payload, to)


class RefusingRoom(ListRoom):
    """Refuses every second message."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def send(self, topic: str, payload: str, to: Collection[str]) -> None:
        self.asked += 1
        if self.asked % 2:
            raise ConnectionError("engine is closed")
        await super().send(topic, payload, to)

    async def send_transcription(self, caption: Caption, to: Collection[str]) -> None:
        raise ConnectionError("engine is closed")


@asynccontextmanager
async def running(post: Post) -> AsyncGenerator[None, None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(post.outbox.run(post.room))
        yield
        task.cancel()


async def test_a_slow_room_delays_nobody_and_order_holds() -> None:
    post = Post(EVERYONE)
    post.room = SlowRoom()
    async with running(post):
        for number in range(1, 4):
            post.outbox.note(rendered(str(number), segment(number)))
        assert post.room.sent == []
        await asyncio.sleep(10.0)
    assert [one["text"] for one in post.read_by("hispanic")] == ["1", "2", "3"]


async def test_a_message_that_the_room_refuses_does_not_stop_the_others() -> None:
    post = Post(EVERYONE)
    post.room = RefusingRoom()
    async with running(post):
        for number in range(1, 5):
            post.outbox.note(rendered(str(number), segment(number)))
        await asyncio.sleep(1.0)
    assert [one["text"] for one in post.read_by("hispanic")] == ["2", "4"]


async def test_a_room_that_takes_nothing_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    post = Post(EVERYONE)
    for number in range(HELD + 3):
        post.outbox.note(rendering(str(number)))
    assert sum("no messages" in one.message for one in caplog.records) == 3


async def test_the_last_messages_wait_for_no_room_that_is_gone() -> None:
    post = Post(EVERYONE)
    post.room = SlowRoom()
    begun = asyncio.get_running_loop().time()
    await post.send(*(rendered(f"{number}.", segment(number)) for number in range(9)))
    assert asyncio.get_running_loop().time() - begun == pytest.approx(FAREWELL)


async def test_who_misses_captions_gets_those_after_the_gap_and_nobody_else_does() -> None:
    post = Post(EVERYONE)
    await post.send(*(rendered(str(number), segment(number)) for number in range(1, 5)))
    async with running(post):
        post.outbox.fill("late", Missing(stream="es", after_seq=2))
        await asyncio.sleep(1.0)
    assert [(one["seq"], one["text"], one["fill"]) for one in post.read_by("late")] == [
        (3, "3", True),
        (4, "4", True),
    ]
    assert len(post.read_by("hispanic")) == 4


@pytest.mark.parametrize(
    ("after_seq", "first", "last"),
    [(0, 261, 310), (1, 2, 201), (200, 201, 310)],
    ids=["late joiner", "long gap", "the rest of it"],
)
async def test_an_answer_is_never_longer_than_some(after_seq: int, first: int, last: int) -> None:
    post = Post({})
    await post.send(*(rendered(str(number), segment(number)) for number in range(1, 311)))
    async with running(post):
        post.outbox.fill("late", Missing(stream="es", after_seq=after_seq))
        await asyncio.sleep(1.0)
    assert [one["seq"] for one in post.read_by("late")] == list(range(first, last + 1))


async def test_a_late_joiner_of_the_floor_gets_all_that_was_spoken_in_its_order() -> None:
    post = Post({})
    await post.send(
        heard(segment(1, "Good morning.", start=1.0)),
        heard(segment(2, "Buenos días.", language="es", start=2.0)),
        heard(segment(3, "Thank you.", start=3.0)),
    )
    async with running(post):
        post.outbox.fill("late", Missing(stream="floor", after_seq=0))
        await asyncio.sleep(1.0)
    assert [one["text"] for one in post.read_by("late")] == [
        "Good morning.",
        "Buenos días.",
        "Thank you.",
    ]


async def test_who_misses_much_delays_nobody() -> None:
    post = Post(EVERYONE)
    await post.send(*(rendered(str(number), segment(number)) for number in range(1, 50)))
    post.room = SlowRoom()
    async with running(post):
        for reader in ("late", "later", "latest"):
            post.outbox.fill(reader, Missing(stream="es", after_seq=0))
        await asyncio.sleep(0.5)
        post.outbox.note(rendered("now", segment(50)))
        await asyncio.sleep(3.0)
    assert [one["text"] for one in post.read_by("hispanic")] == ["now"]


async def test_of_one_readers_questions_the_last_counts() -> None:
    post = Post({})
    await post.send(*(rendered(str(number), segment(number)) for number in range(1, 5)))
    async with running(post):
        for _ in range(100):
            post.outbox.fill("late", Missing(stream="es", after_seq=0))
        post.outbox.fill("late", Missing(stream="es", after_seq=3))
        await asyncio.sleep(1.0)
    assert [one["seq"] for one in post.read_by("late")] == [4]


async def test_a_gap_is_filled_in_the_order_of_seq_whoever_spoke_first() -> None:
    post = Post({})
    await post.send(
        rendered("late", segment(1, start=5.0)),
        rendered("early", segment(2, start=1.0, speaker="p-bob")),
    )
    async with running(post):
        post.outbox.fill("reader", Missing(stream="es", after_seq=0))
        await asyncio.sleep(1.0)
    assert [one["seq"] for one in post.read_by("reader")] == [1, 2]
