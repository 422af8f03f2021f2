"""Gates: the limits on what is started, one for each host and one for each address.

A gate is *full* while as many requests are in flight behind it as it admits, and *shut* until its delay after the last
start has passed, or a ``Retry-After``. Sites that found a gate closed wait at it, first come first served.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scraper.core.site import Site

__all__ = ["Gate"]


class Gate:
    """One limit on starts; times are seconds on the caller's clock.

    :ivar limit: requests in flight at most; None no limit.
    :ivar delay: seconds between two starts; ``floor`` is what it never falls below.
    :ivar opens: when the next start may be; 0.0 as long as it never had to wait.
    :ivar timed: whether the frontier's heap knows it.
    :ivar failures: failures in a row; ``given_up`` says why nothing is started any more.
    :ivar row: of a host, this gate and, once it is known, that of its address: whatever starts must pass them all.
    """

    __slots__ = (
        *("_held", "_last", "delay", "failures", "floor", "given_up", "in_flight", "limit", "opens", "row", "timed"),
        "waiting",
    )

    def __init__(self, limit: int | None, delay: float) -> None:
        self.limit = limit
        self.delay = self.floor = delay
        self.in_flight = 0
        self.opens = 0.0
        self.timed = False
        self.failures = 0
        self.given_up: str | None = None
        self.waiting: list[Site] = []  # a deque takes 600 bytes, and there are many hosts
        self._last: float | None = None
        self._held = 0.0
        self.row: tuple[Gate, ...] = (self,)

    @property
    def full(self) -> bool:
        """Whether an end must come before the next start."""
        return self.limit is not None and self.in_flight >= self.limit

    def closed(self, now: float) -> bool:
        """Whether nothing may be started at ``now``."""
        return self.opens > now or self.full

    def start(self, now: float) -> None:
        """Something is started; :meth:`end` takes it back."""
        self.in_flight += 1
        self._last = now
        if self.delay:
            self.opens = max(self._held, now + self.delay)

    def end(self) -> None:
        """A flight has ended, however it ended."""
        self.in_flight -= 1

    def pace(self, delay: float) -> None:
        """Keep ``delay`` from now on, the last start included."""
        if delay != self.delay:
            self.delay = delay
            self.opens = max(self._held, 0.0 if self._last is None else self._last + delay)

    def hold(self, until: float) -> None:
        """Start nothing before ``until``."""
        self._held = max(self._held, until)
        self.opens = max(self.opens, self._held)
