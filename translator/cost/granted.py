"""How often a person may change its mind. Pure.

Each language that a person turns to starts, and runs for a while after the person has left it. Who
turns a dial back and forth would have all of them run at once.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from translator.captions import FLOOR
from translator.demand import Wish

AT_ONCE = 3
"""Changes that are granted one after the other."""
EVERY = 10.0
"""Seconds after which one more is."""


@dataclass(slots=True)
class _Account:
    """What one person may still change: a token bucket."""

    changes: float
    since: float
    wish: Wish


class Granted:
    """What each person gets of what it wants, and for how long it keeps what it has."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}

    def of(
        self, wishes: Mapping[str, Wish], now: float, offered: Collection[str]
    ) -> Mapping[str, Wish]:
        """The wishes that count at `now` (s), by identity: where one comes too soon after others,
        what was granted last, of the languages that are `offered`. To want less is always
        granted."""
        for identity in [*self._accounts]:
            account = self._accounts[identity]
            account.wish = _within(account.wish, offered)
            self._refill(account, now)
            if identity not in wishes:
                self._leave(identity)
        return {identity: self._grant(identity, wish, now) for identity, wish in wishes.items()}

    def _refill(self, account: _Account, now: float) -> None:
        account.changes = min(account.changes + (now - account.since) / EVERY, AT_ONCE)
        account.since = now

    def _leave(self, identity: str) -> None:
        """Who comes back at once has changed its mind as often as before."""
        account = self._accounts[identity]
        account.wish = Wish()
        if account.changes == AT_ONCE:
            del self._accounts[identity]

    def _grant(self, identity: str, wish: Wish, now: float) -> Wish:
        account = self._accounts.setdefault(identity, _Account(AT_ONCE, now, Wish()))
        more = _needs(wish) - _needs(account.wish)
        if not more or account.changes >= 1:
            account.changes -= bool(more)
            account.wish = wish
        return account.wish


def _needs(wish: Wish) -> frozenset[tuple[str, str | None]]:
    """What must run for it, voices apart."""
    texts = {("text", code) for code in wish.languages}
    return frozenset(texts | ({("voice", wish.listens)} if wish.listens else set()))


def _within(wish: Wish, offered: Collection[str]) -> Wish:
    """What is left of it: an edit may have taken languages away."""
    return Wish(
        listens=wish.listens if wish.listens in offered else None,
        reads=frozenset(code for code in wish.reads if code in offered or code == FLOOR),
    )
