"""What goes wrong at a vendor, and when."""

from collections import deque
from collections.abc import Callable
from enum import Enum


class Fault(Enum):
    """One way in which a vendor fails; each server says in its own protocol what it means."""

    REFUSED = "refused"
    """Nothing listens at the address."""
    RESET = "reset mid-stream"
    """The connection is torn down in the middle of an answer."""
    HANG = "hang"
    """Nothing comes any more in the middle of an answer; the connection stays open."""
    SLOW = "slow first byte"
    """The answer begins late."""
    GARBAGE = "garbage"
    """What comes is no message of the protocol."""
    WRONG_KEY = "wrong key"
    RATE_LIMITED = "rate limited"
    QUOTA = "quota"
    """The account is used up."""
    EMPTY = "empty answer"
    """A whole answer with nothing in it."""
    DUPLICATE = "duplicate audio"
    """What was given is given a second time."""


class Faults:
    """The faults of one server: each request, or socket, or turn on it, takes the next."""

    def __init__(self) -> None:
        self.slow = 30.0
        """Seconds before an answer begins, with Fault.SLOW."""
        self.taken: list[Fault | None] = []
        """What every request was given so far."""
        self.lasting: Fault | None = None
        """What also befalls connections that are open."""
        self._coming: deque[Fault | None] = deque()
        self._else: Callable[[], Fault | None] = lambda: None

    def next(self, *faults: Fault | None) -> None:
        """The coming requests fail so, one after the other; None goes well."""
        self._coming.extend(faults)

    def always(self, fault: Fault | None) -> None:
        """From now on every request fails so, and what is told on open sockets; None ends it."""
        self._coming.clear()
        self.lasting = fault
        self._else = lambda: fault

    def drawn(self, draw: Callable[[], Fault | None]) -> None:
        """From now on every request fails as `draw` says."""
        self._coming.clear()
        self.lasting = None
        self._else = draw

    def take(self) -> Fault | None:
        """What the request that begins now suffers."""
        fault = self._coming.popleft() if self._coming else self._else()
        self.taken.append(fault)
        return fault
