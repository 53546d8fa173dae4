"""Who may do what in a room.

The only part that uses the API secret: it makes the tokens with which participants join, and
signs the passes that say who a person is. A participant may rewrite its own attributes, metadata
and name, so none of these is a right: a right is in the token's grants, which livekit-server
enforces, or in the pass, which the bridge verifies.
"""

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import jwt
from livekit import api
from livekit.protocol.models import ParticipantInfo

PASS = "translator.pass"
"""Attribute: what the token server says of a person; a JWT."""
ALGORITHM = "HS256"
PEOPLE = frozenset(
    {
        ParticipantInfo.STANDARD,
        ParticipantInfo.SIP,
        ParticipantInfo.INGRESS,
        ParticipantInfo.CONNECTOR,
    }
)
"""Kinds of participants that are, or stand for, somebody."""
FAILURES = (api.TwirpError, aiohttp.ClientError, TimeoutError)
"""What calls of livekit-server's own raise."""
VALID = timedelta(hours=12)
"""How long a person can join, and come back, with one token."""


class Role(StrEnum):
    """What a person does in a meeting."""

    ATTENDEE = "attendee"
    SPEAKER = "speaker"
    INTERPRETER = "interpreter"
    ORGANIZER = "organizer"


SPEAKING = frozenset({Role.SPEAKER, Role.ORGANIZER})
"""Who may publish. What an interpreter publishes would be a floor: it belongs into a booth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClonedVoice:
    """A copy of one person's voice."""

    engine: str
    """The engine of engines.yaml that has it."""
    name: str
    """What the engine calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a person agreed to, and when."""

    voice: ClonedVoice
    """That its renditions are spoken with it."""
    given: datetime
    """UTC, whole seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What the token server says of a person."""

    meeting: str
    identity: str
    role: Role
    name: str
    channels: tuple[str, ...] = ()
    """Languages that an interpreter may fill."""
    consent: Consent | None = None
    """None: the person was not asked, or did not agree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One livekit-server, and the right to let others in."""

    url: str
    """ws:// or wss://"""
    api_key: str
    api_secret: str = field(repr=False)

    @property
    def local(self) -> bool:
        """Whether only this machine reaches the server."""
        return loopback(hostname(self.url))

    @property
    def known(self) -> bool:
        """Whether everybody knows the key or the secret: `livekit-server --dev` has them."""
        return self.api_key == "devkey" or self.api_secret == "secret"

    def server(self) -> api.LiveKitAPI:
        """The server's own calls; to be used as a context."""
        return api.LiveKitAPI(self.url.replace("ws", "http", 1), self.api_key, self.api_secret)

    def person(self, one: Pass, *, attributes: Mapping[str, str] | None = None) -> str:
        """A person's token. Only those who speak may publish, and only sound; nobody sends data,
        which would also be calls."""
        sources = ["microphone", "screen_share_audio"] if one.role in SPEAKING else []
        grants = api.VideoGrants(
            room_join=True,
            room=one.meeting,
            can_subscribe=True,
            can_publish=bool(sources),
            can_publish_sources=sources,
            can_publish_data=False,
            can_update_own_metadata=True,
        )
        token = self._token(one.identity, one.name, grants).with_ttl(VALID)
        signed = {**(attributes or {}), PASS: self.sign(one)}
        return str(token.with_attributes(signed).to_jwt())

    def machine(self, identity: str, name: str, room: str, *, attributes: Mapping[str, str]) -> str:
        """The token of a participant of ours that publishes one track."""
        grants = api.VideoGrants(
            room_join=True,
            room=room,
            agent=True,
            can_subscribe=False,
            can_publish=True,
            can_publish_data=False,
            can_update_own_metadata=True,
        )
        token = self._token(identity, name, grants).with_kind("agent")
        return str(token.with_attributes(dict(attributes)).to_jwt())

    def _token(self, identity: str, name: str, grants: api.VideoGrants) -> api.AccessToken:
        token = api.AccessToken(self.api_key, self.api_secret)
        return token.with_identity(identity).with_name(name).with_grants(grants)

    def sign(self, one: Pass, *, valid: timedelta = VALID) -> str:
        """The pass, for PASS."""
        claims = {
            "meeting": one.meeting,
            "sub": one.identity,
            "role": str(one.role),
            "name": one.name,
            "channels": list(one.channels),
            "exp": datetime.now(UTC) + valid,
            **({} if one.consent is None else {"consent": _claim(one.consent)}),
        }
        return jwt.encode(claims, self._pass_key, algorithm=ALGORITHM)

    def verify(self, token: str, *, meeting: str, identity: str) -> Pass | None:
        """The pass in `token`; None where it is forged, expired or somebody else's."""
        try:
            claims = jwt.decode(
                token,
                self._pass_key,
                algorithms=[ALGORITHM],
                options={"require": ["exp", "sub", "meeting", "role", "name"]},
            )
            one = Pass(
                meeting=claims["meeting"],
                identity=claims["sub"],
                role=Role(claims["role"]),
                name=claims["name"],
                channels=tuple(claims.get("channels", ())),
                consent=_consent(claims.get("consent")),
            )
        except (jwt.InvalidTokenError, ValueError, TypeError, KeyError):
            return None
        return one if (one.meeting, one.identity) == (meeting, identity) else None

    @property
    def _pass_key(self) -> bytes:
        """A key of its own, so that no pass is ever a token or the other way round."""
        return hmac.new(self.api_secret.encode(), PASS.encode(), hashlib.sha256).digest()


def _claim(consent: Consent) -> dict[str, str | int]:
    voice, given = consent.voice, int(consent.given.timestamp())
    return {"engine": voice.engine, "voice": voice.name, "given": given}


def _consent(claim: dict[str, Any] | None) -> Consent | None:
    if claim is None:
        return None
    return Consent(
        voice=ClonedVoice(engine=claim["engine"], name=claim["voice"]),
        given=datetime.fromtimestamp(claim["given"], UTC),
    )


def loopback(host: str) -> bool:
    """Whether only this machine reaches `host`, a name or an address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def hostname(url: str) -> str:
    """The host in `url`; empty where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
