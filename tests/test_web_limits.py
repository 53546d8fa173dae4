"""How often anybody may join, and guess."""

import pytest

from tests.served import Client, join, refusal, serving, speaker
from translator.web.join import JOINS, MISSES
from translator.web.links import Links

pytestmark = pytest.mark.web


async def statuses(client: Client, link: str, count: int, **headers: str) -> list[int]:
    return [(await join(client, link, headers=headers))[0] for _ in range(count)]


async def test_who_guesses_links_has_to_wait() -> None:
    with Links() as links:
        async with serving(links) as client:
            assert set(await statuses(client, "guess", MISSES)) == {404}
            async with client.post("/api/join", json={"link": "x", "name": "A"}) as response:
                assert refusal((response.status, await response.json())) == (429, "rate")
                assert 1 <= int(response.headers["Retry-After"]) <= 60


async def test_a_school_behind_one_address_joins_at_once_and_no_more_than_that() -> None:
    with Links() as links:
        link = speaker(links)
        async with serving(links) as client:
            found = await statuses(client, link, JOINS + 20)
    assert set(found[:JOINS]) == {200}
    assert 429 in found[JOINS:]


async def test_behind_a_proxy_everybody_is_counted_alone() -> None:
    with Links() as links:
        async with serving(links, behind_proxy=True) as client:
            bad, good = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
            await statuses(client, "guess", MISSES, **bad)
            assert refusal(await join(client, "guess", headers=bad))[0] == 429
            assert refusal(await join(client, "guess", headers=good))[0] == 404
            forged = {"X-Forwarded-For": "198.51.100.5, 192.0.2.1"}
            assert refusal(await join(client, "guess", headers=forged))[0] == 429


async def test_without_a_proxy_nobody_says_who_they_are() -> None:
    with Links() as links:
        async with serving(links) as client:
            for i in range(MISSES):
                await join(client, "guess", headers={"X-Forwarded-For": f"192.0.2.{i}"})
            again = await join(client, "guess", headers={"X-Forwarded-For": "192.0.2.99"})
    assert refusal(again) == (429, "rate")
