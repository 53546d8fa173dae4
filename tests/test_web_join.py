"""A link and a name become a token, over HTTP; nothing else does."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.served import ACCESS, PUBLIC, Client, Rooms, claims, join, refusal, serving, speaker
from translator.access import PASS, ClonedVoice, Consent, Pass, Role
from translator.web.join import MISSES
from translator.web.links import Links

pytestmark = pytest.mark.web

CLONED = ClonedVoice(engine="vendor", name="v1")


async def test_a_link_and_a_name_are_exchanged_for_a_token() -> None:
    with Links() as links:
        rooms = Rooms()
        async with serving(links, rooms=rooms) as client:
            status, body = await join(client, speaker(links), "  Ana\u202e ")
    assert status == 200
    token = claims(body.pop("token"))
    identity = body.pop("identity")
    assert body == {
        "url": PUBLIC,
        "meeting": "town",
        "title": "Town hall",
        "role": "speaker",
        "name": "Ana",
        "voice": False,
    }
    assert identity.startswith("p-")
    assert (token["sub"], token["name"], token["video"]["room"]) == (identity, "Ana", "town")
    signed = ACCESS.verify(token["attributes"][PASS], meeting="town", identity=identity)
    assert signed == Pass(meeting="town", identity=identity, role=Role.SPEAKER, name="Ana")
    assert rooms.asked == ["town"]


def consent(body: Mapping[str, Any]) -> Consent | None:
    """What the answer's pass says of it."""
    token = claims(body["token"])["attributes"][PASS]
    signed = ACCESS.verify(token, meeting="town", identity=body["identity"])
    assert signed is not None
    return signed.consent


async def test_a_cloned_voice_is_in_the_pass_of_who_agreed_to_it_alone() -> None:
    with Links() as links:
        link = speaker(links, name="Ana", voice=CLONED)
        before = datetime.now(UTC).replace(microsecond=0)
        async with serving(links) as client:
            answers = {
                None: (await join(client, link))[1],
                False: (await join(client, link, voice=False))[1],
                True: (await join(client, link, voice=True))[1],
            }
    assert [answers[agreed]["voice"] for agreed in (None, False, True)] == [False, False, True]
    assert consent(answers[None]) is None
    assert consent(answers[False]) is None
    given = consent(answers[True])
    assert given is not None
    assert given.voice == CLONED
    assert before <= given.given <= datetime.now(UTC)


async def test_nobody_agrees_to_what_the_link_does_not_offer() -> None:
    with Links() as links:
        async with serving(links) as client:
            _, body = await join(client, speaker(links), voice=True)
    assert body["voice"] is False
    assert consent(body) is None


@pytest.mark.parametrize("agreed", ["yes", 1, None, "true"])
async def test_what_is_no_clear_yes_is_no_request(agreed: object) -> None:
    with Links() as links:
        link = speaker(links, name="Ana", voice=CLONED)
        async with serving(links) as client:
            assert refusal(await join(client, link, voice=agreed)) == (400, "request")


async def look(client: Client, link: object) -> tuple[int, dict[str, Any]]:
    async with client.post("/api/link", json={"link": link}) as response:
        assert response.headers["Cache-Control"] == "no-store"
        return response.status, await response.json()


async def test_a_link_says_for_whom_it_is_and_what_must_be_asked_before_anybody_joins() -> None:
    with Links() as links:
        async with serving(links) as client:
            known = await look(client, speaker(links, name="Ana", voice=CLONED))
            anybodys = await look(client, speaker(links))
            late = await look(client, speaker(links, valid=timedelta(seconds=-1)))
            unknown = await look(client, "x" * 20)
    whose = {"title": "Town hall", "role": "speaker", "name": "Ana", "voice": True}
    assert known == (200, whose)
    assert anybodys == (200, {**whose, "name": "", "voice": False})
    assert refusal(late) == (410, "expired")
    assert refusal(unknown) == (404, "link")


async def test_links_cannot_be_tried_out_by_looking() -> None:
    with Links() as links:
        async with serving(links) as client:
            for _ in range(MISSES):
                await look(client, "x" * 20)
            assert refusal(await look(client, speaker(links))) == (429, "rate")
            assert refusal(await join(client, speaker(links))) == (429, "rate")


async def test_an_interpreters_pass_has_its_channels() -> None:
    with Links() as links:
        link = speaker(links, role=Role.INTERPRETER, channels=("es", "fr"))
        async with serving(links) as client:
            _, body = await join(client, link)
    signed = ACCESS.verify(
        claims(body["token"])["attributes"][PASS], meeting="town", identity=body["identity"]
    )
    assert signed is not None
    assert signed.channels == ("es", "fr")


async def test_an_attendees_token_lets_nobody_speak() -> None:
    with Links() as links:
        async with serving(links) as client:
            _, body = await join(client, speaker(links, role=Role.ATTENDEE))
    grants = claims(body["token"])["video"]
    assert not grants["canPublish"]
    assert not grants["canPublishData"]


async def test_two_tabs_with_one_link_are_two_people() -> None:
    with Links() as links:
        link = speaker(links)
        async with serving(links) as client:
            bodies = [(await join(client, link))[1] for _ in range(2)]
    assert bodies[0]["identity"] != bodies[1]["identity"]


async def test_nobody_chooses_an_identity_a_role_or_a_meeting() -> None:
    with Links() as links:
        wanted = {
            "link": speaker(links, role=Role.ATTENDEE),
            "name": "translator-es",
            "identity": "translator-es",
            "role": "organizer",
            "meeting": "other",
            "attributes": {PASS: "x"},
        }
        async with serving(links) as client, client.post("/api/join", json=wanted) as response:
            body = await response.json()
    assert body["identity"].startswith("p-")
    assert (body["role"], body["meeting"]) == ("attendee", "town")


@pytest.mark.parametrize(
    "name", ["", " \n", "\u202e", "x" * 61, "x" * 5_000], ids=lambda name: f"{len(name)} long"
)
async def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    with Links() as links:
        async with serving(links) as client:
            assert refusal(await join(client, speaker(links), name)) == (422, "name")


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "👩\u200d👧", 'O\'Brien "x" & Co'])
async def test_any_other_text_is_a_name(name: str) -> None:
    with Links() as links:
        async with serving(links) as client:
            status, body = await join(client, speaker(links), name)
    assert (status, body["name"]) == (200, name)
    assert claims(body["token"])["name"] == name


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b"null",
        b'{"link": "x"}',
        b'{"link": 1, "name": "Ana"}',
        b'{"link": "x", "name": ["Ana"]}',
        b'{"link": "x", "name": "\\ud800"}',
        b'{"link": "x", "name": "\xff"}',
        b"[" * 5_000,
        b'{"link": "x", "name": "%s"}' % (b"x" * 10_000),
    ],
    ids=lambda body: str(body[:24]),
)
async def test_a_request_that_is_none_is_refused(body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    with Links() as links:
        async with (
            serving(links) as client,
            client.post("/api/join", data=body, headers=headers) as response,
        ):
            assert refusal((response.status, await response.json())) == (400, "request")


async def test_a_long_name_that_is_too_much_is_told_what_is_allowed() -> None:
    with Links() as links:
        async with serving(links) as client:
            _, body = await join(client, speaker(links), "x" * 10_000)
    assert "60 characters" in body["error"]["message"]


async def test_a_form_of_another_site_is_refused() -> None:
    with Links() as links:
        text = json.dumps({"link": speaker(links), "name": "Ana"})
        async with (
            serving(links) as client,
            client.post("/api/join", data=text, headers={"Content-Type": "text/plain"}) as answer,
        ):
            assert refusal((answer.status, await answer.json())) == (400, "request")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 400),
        ({"Origin": "null"}, 400),
        ({"Sec-Fetch-Site": "cross-site"}, 400),
        ({"Sec-Fetch-Site": "same-site"}, 400),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://seen.at.the.proxy"}, 200),
        ({}, 200),
    ],
)
async def test_only_our_own_page_may_ask(headers: dict[str, str], status: int) -> None:
    with Links() as links:
        async with serving(links) as client:
            assert (await join(client, speaker(links), headers=headers))[0] == status
            own = str(client.make_url("/")).rstrip("/")
            assert (await join(client, speaker(links), headers={"Origin": own}))[0] == 200


@pytest.mark.parametrize("link", ["", "x", "../../etc/passwd", "' OR 1=1 --", "\0", "x" * 7_000])
async def test_a_forged_link_is_not_known(link: str) -> None:
    with Links() as links:
        speaker(links)
        async with serving(links) as client:
            assert refusal(await join(client, link)) == (404, "link")


async def test_a_link_that_was_changed_is_not_known() -> None:
    with Links() as links:
        link = speaker(links)
        async with serving(links) as client:
            assert refusal(await join(client, link.swapcase())) == (404, "link")
            assert refusal(await join(client, link[:-1])) == (404, "link")


async def test_an_expired_link_and_a_revoked_one_let_nobody_in() -> None:
    with Links() as links:
        expired = speaker(links, valid=timedelta(seconds=-2))
        revoked = speaker(links)
        found = links.find(revoked)
        assert found is not None
        rooms = Rooms()
        async with serving(links, rooms=rooms) as client:
            assert (await join(client, revoked))[0] == 200
            links.revoke(found.id)
            rooms.asked.clear()
            assert refusal(await join(client, revoked)) == (404, "link")
            assert refusal(await join(client, expired)) == (410, "expired")
            assert rooms.asked == []


async def test_a_meeting_is_full_when_its_last_seat_is_taken() -> None:
    with Links() as links:
        rooms = Rooms(people=2)
        async with serving(links, rooms=rooms, max_people=3) as client:
            assert (await join(client, speaker(links)))[0] == 200
            rooms.count = 3
            assert refusal(await join(client, speaker(links))) == (409, "full")


async def test_nobody_joins_while_livekit_server_is_away_and_everybody_after() -> None:
    with Links() as links:
        rooms = Rooms(reachable=False)
        async with serving(links, rooms=rooms) as client:
            assert refusal(await join(client, speaker(links))) == (503, "closed")
            rooms.reachable = True
            assert (await join(client, speaker(links)))[0] == 200


async def test_nobody_joins_while_links_cannot_be_read() -> None:
    with Links() as links:
        link = speaker(links)
    async with serving(links) as client:
        assert refusal(await join(client, link)) == (503, "closed")
