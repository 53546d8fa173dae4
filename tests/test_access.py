"""Tokens and passes: rights that nobody can give to themselves."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from translator.access import PASS, Access, ClonedVoice, Consent, Pass, Role

pytestmark = pytest.mark.unit

ACCESS = Access(url="ws://127.0.0.1:7880", api_key="key", api_secret="s" * 40)
OTHER = Access(url="ws://127.0.0.1:7880", api_key="key", api_secret="t" * 40)
ANA = Pass(meeting="town", identity="p-1", role=Role.SPEAKER, name="Ana", channels=("es",))


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, "s" * 40, algorithms=["HS256"])
    return found


def grants(role: Role) -> dict[str, Any]:
    one = Pass(meeting="town", identity="p-1", role=role, name="Ana")
    found: dict[str, Any] = claims(ACCESS.person(one))["video"]
    return found


def verify(token: str, *, meeting: str = "town", identity: str = "p-1") -> Pass | None:
    return ACCESS.verify(token, meeting=meeting, identity=identity)


CONSENT = Consent(
    voice=ClonedVoice(engine="vendor", name="v1"), given=datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
)


@pytest.mark.parametrize("one", [ANA, replace(ANA, consent=CONSENT)], ids=["plain", "consent"])
def test_a_pass_says_what_was_signed(one: Pass) -> None:
    assert verify(ACCESS.sign(one)) == one


@pytest.mark.parametrize(
    "claim", ["v1", [], {}, {"engine": "vendor", "voice": "v1"}, {"given": "now"}]
)
def test_a_consent_that_says_not_all_is_no_pass(claim: object) -> None:
    whole = jwt.decode(ACCESS.sign(ANA), options={"verify_signature": False})
    token = jwt.encode({**whole, "consent": claim}, ACCESS._pass_key, algorithm="HS256")
    assert verify(token) is None


def test_nobody_adds_a_consent_to_a_pass() -> None:
    """Its own pass, with one claim more, under a key that is to be had: none."""
    whole = jwt.decode(ACCESS.sign(ANA), options={"verify_signature": False})
    claim = {"engine": "vendor", "voice": "v1", "given": 1_700_000_000}
    for key, algorithm in (("", "none"), ("s" * 32, "HS256")):
        assert verify(jwt.encode({**whole, "consent": claim}, key, algorithm=algorithm)) is None
    signed = ACCESS.sign(replace(ANA, consent=CONSENT)).split(".")
    plain = ACCESS.sign(ANA).split(".")
    assert verify(".".join((signed[0], signed[1], plain[2]))) is None


@pytest.mark.parametrize(
    ("meeting", "identity"), [("town", "p-2"), ("village", "p-1")], ids=["person", "meeting"]
)
def test_a_pass_is_good_for_one_person_in_one_meeting(meeting: str, identity: str) -> None:
    assert verify(ACCESS.sign(ANA), meeting=meeting, identity=identity) is None


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        OTHER.sign(ANA),
        ACCESS.sign(ANA, valid=timedelta(seconds=-1)),
        ACCESS.person(ANA),
        jwt.encode({"sub": "p-1", "meeting": "town", "role": "organizer", "name": "x"}, "s" * 40),
        jwt.encode({"sub": "p-1", "meeting": "town", "role": "organizer"}, "", algorithm="none"),
    ],
    ids=["empty", "no JWT", "other secret", "expired", "a token", "the raw secret", "unsigned"],
)
def test_what_was_not_signed_as_a_pass_is_none(token: str) -> None:
    assert verify(token) is None


@pytest.mark.parametrize("role", [Role.ATTENDEE, Role.INTERPRETER])
def test_who_is_no_speaker_only_listens(role: Role) -> None:
    found = grants(role)
    assert not found["canPublish"]
    assert not found.get("canPublishSources")
    assert not found["canPublishData"]
    assert found["canSubscribe"]


@pytest.mark.parametrize("role", [Role.SPEAKER, Role.ORGANIZER])
def test_who_speaks_publishes_sound_and_no_data(role: Role) -> None:
    found = grants(role)
    assert found["canPublishSources"] == ["microphone", "screen_share_audio"]
    assert not found["canPublishData"]
    assert not found.get("roomAdmin")


def test_a_persons_token_carries_its_wishes_and_its_pass() -> None:
    found = claims(ACCESS.person(ANA, attributes={"translator.listen": "es"}))
    assert found["attributes"]["translator.listen"] == "es"
    assert verify(found["attributes"][PASS]) == ANA
    assert found["sub"] == "p-1"


def test_the_secret_is_not_shown() -> None:
    assert "s" * 40 not in repr(ACCESS)
