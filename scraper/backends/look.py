"""What the first pages of a crawl on asyncio cost, measured while they come in; see :mod:`scraper.backends.auto`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from scraper.bounds import Load
from scraper.model import Kind, Outcome, Refused, Request
from scraper.thread import queued
from scraper.url import host_key

__all__ = ["Clocks", "Look", "Outlook"]


class Outlook(NamedTuple):
    """What is known of a crawl beyond what is in flight.

    :ivar left: pages that wait; None where nobody knows. ``hosts`` how many they are on.
    """

    left: int | None = None
    hosts: int = 0


class Clocks(NamedTuple):
    """The clocks of the calling thread, in seconds: on the wall, on a core, and ready but without one."""

    wall: Callable[[], float] = time.perf_counter
    cpu: Callable[[], float] = time.thread_time
    queued: Callable[[], float] = lambda: queued() / 1e9


class _Reading(NamedTuple):
    wall: float
    cpu: float
    queued: float


class Look:
    """Counts what pages cost, from a few outcomes after its begin until it has seen enough.

    It covers at least two rounds of all places in flight: answers that were asked for together come in together, and in
    the midst of such a wave every core is full.

    :param places: requests in flight at most; ``cores`` those that workers may have.
    :param least: pages that it counts at least, where they come in time.
    :param clocks: the thread's; others where time is an argument.
    """

    def __init__(self, places: int, cores: int, least: int = 64, clocks: Clocks | None = None) -> None:
        self._places, self._cores, self._clocks = places, cores, clocks or Clocks()
        self._enough = max(least, 2 * places)
        self._to_skip = _SKIPPED
        self._began: _Reading | None = None
        self._pages = self._collects = self._flown = 0
        self._server_us = self._waited_us = self._parse_us = 0
        self._inside = self._entered = 0.0
        self._quickest_us = _DAY_US
        self._paces: dict[str, float] = {}

    @property
    def enough(self) -> int:
        """Pages that it counts."""
        return self._enough

    def submitted(self, request: Request) -> None:
        """Note the pace of its host."""
        self._paces[host_key(request.url)] = request.delay

    def enter(self) -> None:
        """The loop begins to turn."""
        self._entered = self._clocks.cpu()

    def leave(self, outcomes: Iterable[Outcome], flying: int) -> bool:
        """The loop has turned, and ``outcomes`` came in; whether enough has been seen.

        :param flying: requests in flight before that.
        """
        pages = [found for found in outcomes if found.request.kind is Kind.PAGE and not isinstance(found, Refused)]
        self._quickest_us = min([self._quickest_us, *(page.timings.server_us for page in pages)])
        if self._began is None:
            self._to_skip -= len(pages)
            self._began = self._read() if self._to_skip <= 0 else None
            return False
        self._inside += self._clocks.cpu() - self._entered
        self._collects += 1
        self._flown += flying
        self._pages += len(pages)
        for page in pages:
            self._server_us += page.timings.server_us + page.timings.body_us
            self._waited_us += page.timings.waited_us
            self._parse_us += page.timings.parse_us
        return self._pages >= self._enough or (self._pages > 0 and self._clocks.wall() - self._began.wall >= _LONGEST)

    def load(self, outlook: Outlook) -> Load:
        """What a page cost; the time for which the kernel had no core for us does not count."""
        assert self._began is not None
        now, began, pages = self._read(), self._began, self._pages
        waited_for_core = now.queued - began.queued
        cpu, parse = (now.cpu - began.cpu) / pages, self._parse_us / 1e6 / pages
        return Load(
            pages=pages,
            seconds=max(1e-6, now.wall - began.wall - waited_for_core),
            places=self._places,
            flying=self._flown / self._collects,
            cores=self._cores,
            cpu=cpu,
            server=self._server_us / 1e6 / pages,
            waited=self._waited_us / 1e6 / pages,
            parse=parse,
            parse_cpu=min(parse, (self._inside + waited_for_core) / pages),
            admitted=self._admitted(outlook.hosts),
            hosts=max(outlook.hosts, len(self._paces)),
            stays=max(0.0, cpu - self._inside / pages),
            left=outlook.left,
            quickest=self._quickest_us / 1e6,
        )

    def _read(self) -> _Reading:
        return _Reading(self._clocks.wall(), self._clocks.cpu(), self._clocks.queued())

    def _admitted(self, hosts: int) -> float | None:
        """Pages a second that the pauses between two starts on a host admit; None without any.

        Where nearly each page was on a host of its own, nobody knows how many hosts there are, unless it is told.
        """
        delays = list(self._paces.values())
        if not delays or not all(delays) or (not hosts and 2 * len(delays) > self._pages):
            return None
        return max(hosts, len(delays)) * sum(1 / delay for delay in delays) / len(delays)


_DAY_US = 86_400_000_000
_SKIPPED = 8
"""Pages that pay for imports, connections and the first lookups of names."""
_LONGEST = 1.5
"""Seconds after which a look is over, however few pages it has seen."""
