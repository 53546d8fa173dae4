"""How often one address may do something."""

MOST = 10_000
"""Addresses that are remembered: an attacker may have any number."""


class Limiter:
    """A bucket for each key, which holds `count` and fills within `seconds`.

    Times are seconds of any clock that does not go back.
    """

    def __init__(self, *, count: int, seconds: float) -> None:
        self._each = seconds / count
        self._slack = seconds - self._each
        self._full: dict[str, float] = {}
        """When each bucket will be full again; full ones need not be in it."""

    def wait(self, key: str, now: float) -> float:
        """Seconds until `key` may go on; 0 where it may now."""
        return max(self._full.get(key, now) - now - self._slack, 0.0)

    def spend(self, key: str, now: float) -> None:
        """`key` has done it."""
        self._full[key] = max(self._full.pop(key, now), now) + self._each
        if len(self._full) > MOST:
            self._full = {one: at for one, at in self._full.items() if at > now}
        while len(self._full) > MOST:
            del self._full[next(iter(self._full))]  # who has done nothing for the longest time
