"""The way from one backend to another, in the middle of a crawl; see :mod:`scraper.backends.auto`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from scraper.backends.base import Backend
from scraper.model import Fetched, Outcome, Request
from scraper.url import host_key

if TYPE_CHECKING:
    from scraper.backends.asyncio import Asyncio

__all__ = ["Passage"]


class Passage:
    """What the old backend has in flight comes in, what is new goes to the new one.

    Politeness goes over with it: each backend keeps the starts on a host apart for itself alone. So what has a delay is
    held until the old one has nothing of its host in flight any more, its last start there is long enough ago, and the
    silence has passed that an answer may have asked for.

    :param flying: the requests that ``old`` has in flight.
    :param delay: the longest that a request to ``old`` has had.
    :param longest_hold: seconds of a ``Retry-After`` that are kept at most.
    :param clock: the machine's steady one; another where time is an argument.
    :ivar open: requests that the old backend has in flight.
    """

    def __init__(
        self,
        old: Asyncio,
        new: Backend,
        flying: Sequence[Request],
        delay: float,
        longest_hold: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._old, self._new, self._longest_hold, self._clock = old, new, longest_hold, clock
        self._hosts = Counter(host_key(request.url) for request in flying if request.delay)
        self._silent: dict[str, float] = {}
        self._held: list[Request] = []
        self._delay = delay
        self._turn = _TURN
        self._closed_at = 0.0
        self.open = len(flying)
        self._close_if_done()

    @property
    def over(self) -> bool:
        """Whether there is nothing left to be done here."""
        return not self._held and self._is_forgotten

    @property
    def _is_forgotten(self) -> bool:
        """Whether it no longer matters when the old backend asked last; what is new, the new one keeps apart."""
        return not self.open and self._clock() >= self._closed_at + self._delay

    def submit(self, request: Request) -> None:
        """Let ``request`` go to the new backend, as soon as it may."""
        self._delay = max(self._delay, request.delay)
        if request.delay and not self._is_forgotten:
            self._held.append(request)
        else:
            self._new.submit(request)

    def collect(self, timeout: float) -> list[Outcome]:
        """What either has, as the law has it.

        Neither can be waited for while the other is: they take turns. The old one, which moves only while it is waited
        for, has as long a one as the new one; they are longer where nothing has come in for a while.
        """
        end = self._clock() + timeout
        while True:
            wait = min(self._release(), max(0.0, end - self._clock()))
            outcomes = self._new.collect(min(wait, self._turn) if self.open else wait)
            if self.open:
                wait = 0.0 if outcomes else min(wait, self._turn, max(0.0, end - self._clock()))
                outcomes = outcomes + self._collect_old(wait)
            self._listen(outcomes)
            self._turn = _TURN if outcomes else min(2 * self._turn, _LONGEST_TURN)
            if outcomes or self._clock() >= end:
                return outcomes

    def describe(self) -> Iterable[str]:
        """What is held here, then what the old backend does."""
        yield f"going over: {self.open} in flight on asyncio, {len(self._held)} held for politeness"
        if self.open:
            yield from self._old.describe()

    def _collect_old(self, timeout: float) -> list[Outcome]:
        outcomes = self._old.collect(timeout)
        self.open -= len(outcomes)
        for outcome in outcomes:
            if outcome.request.delay:
                self._hosts[host_key(outcome.url)] -= 1
        self._close_if_done()
        return outcomes

    def _listen(self, outcomes: Iterable[Outcome]) -> None:
        """What is held was let go by the core before it knew of these."""
        for outcome in outcomes:
            if isinstance(outcome, Fetched) and outcome.retry_after:
                self._silent[host_key(outcome.url)] = self._clock() + min(outcome.retry_after, self._longest_hold)

    def _close_if_done(self) -> None:
        if not self.open:
            self._old.close()
            self._closed_at = self._clock()

    def _release(self) -> float:
        """Submit of what is held what may start; seconds until more of it may, if nothing comes in."""
        now, held, soonest = self._clock(), self._held, _LONG
        self._held = []
        for request in held:
            pause = self._pause(request, now)
            if pause:
                self._held.append(request)
                soonest = min(soonest, pause)
            else:
                self._new.submit(request)
        return soonest

    def _pause(self, request: Request, now: float) -> float:
        host = host_key(request.url)
        if self._hosts[host] > 0:
            return _LONG
        if now < self._silent.get(host, 0.0):
            return self._silent[host] - now
        return self._old.pace.pause(request, now)


_TURN = 0.005
_LONGEST_TURN = 0.05
"""Seconds for which one backend is waited for before the other one is looked at: at first, and at most."""
_LONG = 30.0
"""Seconds after which to look again in any case."""
