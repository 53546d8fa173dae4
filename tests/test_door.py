"""What is decided at the door, without a server: names, limits, addresses, what may be served."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator.access import Access, Role
from translator.errors import InputError
from translator.web import door, names
from translator.web.commands import ROLES
from translator.web.limiter import MOST, Limiter

pytestmark = pytest.mark.unit


def access(url: str = "ws://127.0.0.1:7880", key: str = "key", secret: str = "s" * 40) -> Access:
    return Access(url=url, api_key=key, api_secret=secret)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ana", "Ana"),
        ("  Ana \t\n María\u2003 ", "Ana María"),
        ("Zoe\u0308", "Zoë"),
        ("<b onmouseover=alert(1)>Ana</b>", "<b onmouseover=alert(1)>Ana</b>"),
        ("Ana\u202egro\u2066", "Anagro"),
        ("A\x00n\x1ba\u200b\ufeff", "Ana"),
        ("👩\u200d👧 Ana", "👩\u200d👧 Ana"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("李雷", "李雷"),
        ("Ana\ud800", "Ana"),
        ("A\x07 \x07B", "A B"),
        ("x" * 60, "x" * 60),
    ],
)
def test_a_name_is_what_others_can_read(typed: str, kept: str) -> None:
    assert names.clean(typed) == kept


@pytest.mark.parametrize(
    "typed", ["", "   ", "\n", "\u200b", "\u202e", "\u3164", "\u200d", "\u0301"]
)
def test_a_name_of_nothing_is_refused(typed: str) -> None:
    with pytest.raises(InputError, match="Type a name"):
        names.clean(typed)


@pytest.mark.parametrize("typed", ["x" * 61, "x" * 10_000])
def test_a_long_name_is_refused_with_what_is_allowed(typed: str) -> None:
    with pytest.raises(InputError, match="60 characters"):
        names.clean(typed)


@given(st.text(max_size=80))
def test_a_name_is_clean_once_it_was_cleaned(typed: str) -> None:
    try:
        once = names.clean(typed)
    except InputError:
        return
    assert names.clean(once) == once
    assert 0 < len(once) <= names.LONGEST
    once.encode()


def test_a_bucket_empties_and_fills_again() -> None:
    limiter = Limiter(count=3, seconds=60.0)
    for _ in range(3):
        assert limiter.wait("one", 100.0) == 0.0
        limiter.spend("one", 100.0)
    assert limiter.wait("one", 100.0) == pytest.approx(20.0)
    assert limiter.wait("other", 100.0) == 0.0
    assert limiter.wait("one", 120.0) == 0.0
    limiter.spend("one", 120.0)
    assert limiter.wait("one", 121.0) == pytest.approx(19.0)
    assert limiter.wait("one", 500.0) == 0.0


def test_any_number_of_addresses_takes_a_bounded_memory() -> None:
    limiter = Limiter(count=1, seconds=60.0)
    limiter.spend("first", 100.0)
    for i in range(2 * MOST):
        limiter.spend(str(i), 100.0)
    assert len(limiter._full) == MOST
    assert limiter.wait(str(2 * MOST - 1), 100.0) > 0


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("127.0.0.1", "198.51.100.7, 192.0.2.9", "192.0.2.9"),
        ("127.0.0.1", "192.0.2.9", "192.0.2.9"),
        ("127.0.0.1", "192.0.2.9, nonsense", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("2001:db8:1:2:3::4", None, "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", None, "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", None, "192.0.2.1"),
        ("fe80::1%eth0", None, "fe80::/64"),
        (None, None, "unknown"),
    ],
)
def test_an_address_is_the_last_that_our_proxy_saw(
    peer: str | None, forwarded: str | None, found: str
) -> None:
    assert door.address(peer, forwarded) == found


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST"])
def test_loopback_is_served_without_more(host: str) -> None:
    found = door.check(access=access(), host=host, public_url=None, tls=False, behind_proxy=False)
    assert found == "ws://127.0.0.1:7880"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "example.org"])
def test_any_other_address_needs_tls_or_a_proxy(host: str) -> None:
    one = access("wss://live.example.org")
    with pytest.raises(InputError, match="microphone"):
        door.check(access=one, host=host, public_url=None, tls=False, behind_proxy=False)
    for tls, proxy in ((True, False), (False, True)):
        door.check(access=one, host=host, public_url=None, tls=tls, behind_proxy=proxy)


@pytest.mark.parametrize(("key", "secret"), [("devkey", "s" * 40), ("key", "secret")])
def test_keys_that_everybody_knows_are_for_loopback_alone(key: str, secret: str) -> None:
    def check(url: str, host: str, *, tls: bool = False, behind_proxy: bool = False) -> None:
        door.check(
            access=access(url, key, secret),
            host=host,
            public_url=None,
            tls=tls,
            behind_proxy=behind_proxy,
        )

    check("ws://127.0.0.1:7880", "127.0.0.1")
    check("ws://[::1]:7880", "localhost")
    with pytest.raises(InputError, match="known to everybody"):
        check("ws://127.0.0.1:7880", "127.0.0.1", behind_proxy=True)
    with pytest.raises(InputError, match="known to everybody"):
        check("ws://127.0.0.1:7880", "0.0.0.0", tls=True)
    with pytest.raises(InputError, match="known to everybody"):
        check("wss://live.example.org", "127.0.0.1")


SERVED = [("0.0.0.0", True, False), ("127.0.0.1", False, True), ("127.0.0.1", False, False)]
"""Host, TLS, proxy."""


@pytest.mark.parametrize(("host", "tls", "proxy"), SERVED)
def test_tokens_go_to_no_other_machine_in_clear(host: str, tls: bool, proxy: bool) -> None:
    def check(public: str | None) -> str:
        return door.check(
            access=access("ws://livekit:7880"),
            host=host,
            public_url=public,
            tls=tls,
            behind_proxy=proxy,
        )

    for public in (None, "http://live.example.org"):
        with pytest.raises(InputError, match=r"in clear.* LIVEKIT_PUBLIC_URL"):
            check(public)
    assert check("https://live.example.org/") == "wss://live.example.org"


@pytest.mark.parametrize("public", [None, "ws://localhost:7880", "wss://127.0.0.1"])
@pytest.mark.parametrize(("host", "tls", "proxy"), SERVED[:2])
def test_visitors_are_not_sent_to_their_own_machine(
    host: str, tls: bool, proxy: bool, public: str | None
) -> None:
    with pytest.raises(InputError, match="set LIVEKIT_PUBLIC_URL"):
        door.check(access=access(), host=host, public_url=public, tls=tls, behind_proxy=proxy)


def test_a_secure_page_for_this_machine_may_find_livekit_on_it() -> None:
    found = door.check(
        access=access(), host="127.0.0.1", public_url=None, tls=True, behind_proxy=False
    )
    assert found == "ws://127.0.0.1:7880"  # browsers take it for secure


@pytest.mark.parametrize(
    "url",
    [
        "live.example.org",
        "wss://",
        "ftp://x",
        "wss://a b",
        "wss://x; script-src *",
        "wss://u@h",
        "wss://[::1",
        "wss://h?token=1",
    ],
)
def test_a_public_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="wss://host"):
        door.check(access=access(), host="127.0.0.1", public_url=url, tls=False, behind_proxy=False)


def sources(url: str) -> list[str]:
    policy = door.headers(url, tls=False)["Content-Security-Policy"]
    directives = dict(one.split(" ", 1) for one in policy.split("; "))
    return directives["connect-src"].split()


def test_the_page_may_connect_to_livekit_and_to_nothing_else() -> None:
    assert sources("wss://live.example.org/rtc") == [
        "'self'",
        "wss://live.example.org",
        "https://live.example.org",
    ]
    assert sources("ws://127.0.0.1:7880") == [
        "'self'",
        "ws://127.0.0.1:7880",
        "http://127.0.0.1:7880",
    ]


def test_the_page_may_connect_to_the_regions_of_livekit_cloud() -> None:
    assert "wss://*.livekit.cloud" in sources("wss://town.livekit.cloud")
    assert "https://*.livekit.cloud" in sources("wss://town.livekit.cloud")
    assert "https://*.livekit.cloud" not in sources("wss://livekit.cloud.example.org")


def test_the_page_runs_no_script_but_its_own() -> None:
    policy = door.headers("wss://h", tls=True)["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_browsers_are_told_to_come_back_by_tls_only_where_there_is_tls() -> None:
    assert "Strict-Transport-Security" in door.headers("wss://h", tls=True)
    assert "Strict-Transport-Security" not in door.headers("ws://127.0.0.1", tls=False)


def test_a_link_can_be_made_for_every_role() -> None:
    assert set(ROLES) == set(Role)
