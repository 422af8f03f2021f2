"""The frontier: one queue for each host, and an order of turns over the hosts.

A host is in one of three places: *ready* (it may be asked now; hosts take turns, first come first served), *timed*
(something waits, but its delay has not passed), or nowhere (nothing waits, or as many requests are in flight as
politeness admits). It moves when a request is pushed, popped or released. The frontier reads no clock: the caller
passes the time, as seconds on any steady clock.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection

from scraper.model import Request
from scraper.settings import Politeness
from scraper.url import host_key

__all__ = ["Frontier"]


class _Host:
    """What waits for one host, and when it may be asked again."""

    __slots__ = ("delay", "in_flight", "next_start", "placed", "waiting")

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.in_flight = 0
        self.next_start = 0.0
        self.placed = False
        self.waiting: deque[Request] = deque()


class Frontier:
    """Requests that may be asked for some day, given out as politeness admits.

    Invariant 2 lives here: between two starts on one host at least its delay passes, never more than ``per_host``
    are in flight, and hosts take turns, so that none with work to do starves.
    """

    def __init__(self, politeness: Politeness) -> None:
        self._politeness = politeness
        self._hosts: dict[str, _Host] = {}
        self._ready: deque[_Host] = deque()
        self._timed: list[tuple[float, int, _Host]] = []
        self._turn = 0
        self.waiting = 0

    def __len__(self) -> int:
        return self.waiting

    @property
    def hosts(self) -> int:
        """How many hosts were met so far."""
        return len(self._hosts)

    def push(self, request: Request, *, first: bool = False) -> None:
        """Let ``request`` wait in its host's queue: at the end, or as the host's next one."""
        host = self._host(request)
        if first:
            host.waiting.appendleft(request)
        else:
            host.waiting.append(request)
        self.waiting += 1
        self._place(host)

    def pop(self, now: float) -> Request | None:
        """Start the next request that may be started at ``now``; None when there is none."""
        while self._timed and self._timed[0][0] <= now:
            self._ready.append(heapq.heappop(self._timed)[2])
        if not self._ready:
            return None
        host = self._ready.popleft()
        request = host.waiting.popleft()
        self.waiting -= 1
        host.in_flight += 1
        host.next_start = now + host.delay
        host.placed = False
        self._place(host)
        return request

    def release(self, request: Request) -> None:
        """The flight of ``request`` has ended, however it ended."""
        host = self._host(request)
        host.in_flight -= 1
        self._place(host)

    def wakeup(self) -> float | None:
        """The earliest time at which :meth:`pop` can give something; None when no time helps."""
        if self._ready:
            return 0.0
        return self._timed[0][0] if self._timed else None

    def discard(self, urls: Collection[str]) -> None:
        """Forget what waits for ``urls``: one pass over all queues, for the start of a resumed crawl."""
        for host in self._hosts.values():
            host.waiting = deque(request for request in host.waiting if request.url not in urls)
            host.placed = False
        self._ready.clear()
        self._timed.clear()
        self.waiting = sum(len(host.waiting) for host in self._hosts.values())
        for host in self._hosts.values():
            self._place(host)

    def _host(self, request: Request) -> _Host:
        key = host_key(request.url)
        host = self._hosts.get(key)
        if host is None:
            host = self._hosts[key] = _Host(self._politeness.delay_for(key))
        return host

    def _place(self, host: _Host) -> None:
        if host.placed or not host.waiting or host.in_flight >= self._politeness.per_host:
            return
        host.placed = True
        if host.delay:
            self._turn += 1
            heapq.heappush(self._timed, (host.next_start, self._turn, host))
        else:
            self._ready.append(host)
