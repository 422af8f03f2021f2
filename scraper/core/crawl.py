"""The crawl as a passive state machine: told what happened, asked what may be fetched now.

The life of a URL::

    met ──> beyond the depth limit ──> (a shorter way turns up) ──┐
     │                                                            v
     ├──> out of scope: forgotten                    admitted: waits in the frontier
     └────────────────────────────────────────────────────────────┘
                                                                  │ take
                          ┌── retry: waits for its time <──┐      v
                          └────────────────────────────────┴─ in flight
                                                                  │ receive
                                                                  v
                                              final: one outcome, recorded; its links are met

``Crawl`` opens nothing, sleeps nowhere, logs nothing and reads no clock; ``now`` is seconds on any steady clock. It
belongs to one thread.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable

import msgspec

from scraper.core.frontier import Frontier
from scraper.model import Entry, Failed, Fetched, Outcome, Page, Reason, Refused, Request, Shallower
from scraper.settings import Settings

__all__ = ["Crawl"]

_OUT_OF_SCOPE = -1  # as a depth: nothing is shorter, so it is never looked at again


class Crawl:
    """Everything that is decided about a crawl.

    Invariant 1: every admitted URL ends in exactly one final outcome, unless the crawl is stopped or a budget ends it
    before; then it is still waiting, and a resumed crawl fetches it.

    Invariant 2 is the frontier's: politeness and fair turns.

    Invariant 3: without a page or time budget, and where answers do not depend on timing, the set of final outcomes
    is the same for every backend, capacity and latency. With a depth limit this needs one idea: depth is the
    *shortest known* distance. When a shorter way to a known URL turns up, its depth and those of its links are
    lowered, a redirect being an edge of length 0; for this the links of final pages are remembered. Without a depth
    limit no outcome depends on depth, nothing is remembered, and a record's depth is that of the first way found.

    :param chance: gives numbers in [0, 1) for the jitter of retries, such as ``random.random``.
    """

    def __init__(self, settings: Settings, chance: Callable[[], float]) -> None:
        self._scope, self._retry, self._budget = settings.scope, settings.retry, settings.budget
        self._chance = chance
        self._frontier = Frontier(settings.politeness)
        self._depths: dict[str, int] = {}
        self._edges: dict[str, tuple[tuple[str, ...], int]] = {}
        self._shorter_via: dict[str, str | None] = {}
        self._flights: set[str] = set()
        self._retries: list[tuple[float, int, Request]] = []
        self._turn = 0
        self._started: int = 0
        self._deadline: float | None = None
        self._stopped = False

    @property
    def in_flight(self) -> int:
        """Requests taken and not received yet."""
        return len(self._flights)

    @property
    def waiting(self) -> int:
        """URLs admitted that are not in flight: in the frontier or before a retry."""
        return len(self._frontier) + len(self._retries)

    @property
    def known(self) -> int:
        """URLs met so far, whether they belong to the crawl or not."""
        return len(self._depths)

    @property
    def hosts(self) -> int:
        """Hosts with at least one admitted URL."""
        return self._frontier.hosts

    @property
    def pages_left(self) -> int | None:
        """What is left of the page budget; None without one."""
        return None if self._budget.pages is None else self._budget.pages - self._started

    @property
    def ending(self) -> bool:
        """Whether nothing new will be started: stopped, or a budget used up."""
        return self._stopped or self.pages_left == 0

    @property
    def done(self) -> bool:
        """Whether nothing is in flight and nothing will be."""
        return not self._flights and (self.ending or not self.waiting)

    def stop(self) -> None:
        """Start nothing any more; what is in flight is still received."""
        self._stopped = True

    def seed(self, urls: Iterable[str]) -> list[Outcome]:
        """Admit canonical ``urls`` at depth 0; known ones are passed over.

        :returns: outcomes of the seeds that ``include`` and ``exclude`` refuse: final, to be written.
        """
        refused: list[Outcome] = []
        for url in urls:
            if url in self._depths:
                continue
            self._depths[url] = 0
            request = Request(url)
            if self._scope.selects(url):
                self._frontier.push(request)
            else:
                refused.append(Refused(request, Reason.SCOPE, "include or exclude leaves it out"))
        return refused

    def take(self, now: float, room: int) -> list[Request]:
        """At most ``room`` requests that may be started at this instant; they are in flight from here on."""
        if self._deadline is None and self._budget.time is not None:
            self._deadline = now + self._budget.time
        if self._deadline is not None and now >= self._deadline:
            self.stop()
        while self._retries and self._retries[0][0] <= now:
            self._frontier.push(heapq.heappop(self._retries)[2], first=True)
        taken: list[Request] = []
        while len(taken) < room and not self.ending:
            request = self._frontier.pop(now)
            if request is None:
                break
            self._flights.add(request.url)
            self._started += 1
            taken.append(self._current(request))
        return taken

    def receive(self, outcome: Outcome, now: float) -> list[Entry]:
        """End the flight of ``outcome``'s request.

        :returns: what is to be written: the outcome if it is final, and corrections to earlier records; nothing
            when a retry was scheduled.
        :raises KeyError: for a request that is not in flight: a backend broke its law.
        """
        request = outcome.request
        self._flights.remove(request.url)
        self._frontier.release(request)
        wait = self._retry.wait(outcome, self._chance())
        if wait is not None:
            self._turn += 1
            self._started -= 1
            again = msgspec.structs.replace(request, attempt=request.attempt + 1)
            heapq.heappush(self._retries, (now + wait, self._turn, again))
            return []
        return self._settle(outcome)

    def replay(self, log: Iterable[Outcome]) -> list[Entry]:
        """Take over the final outcomes of an earlier run, in the order they were written; then :meth:`seed`.

        What was waiting or in flight when that run ended waits again.

        :returns: corrections that the log does not hold yet.
        """
        settled: set[str] = set()
        entries: list[Entry] = []
        for outcome in log:
            url, depth = outcome.url, outcome.request.depth
            if url in settled:
                continue
            settled.add(url)
            known = self._depths.get(url, _OUT_OF_SCOPE)
            self._depths[url] = min(known, depth) if known >= 0 else depth
            entries += self._settle(outcome)[1:]
        self._frontier.discard(settled)
        return entries

    def wakeup(self) -> float | None:
        """When :meth:`take` can next give something without an outcome coming in; None when only one can help."""
        if self.ending:
            return None
        times = [self._retries[0][0]] if self._retries else []
        if (host := self._frontier.wakeup()) is not None:
            times.append(host)
        return min(times, default=None)

    def _current(self, request: Request) -> Request:
        """``request`` with the depth and via that are known now; they may have got shorter while it waited."""
        depth = self._depths[request.url]
        if depth >= request.depth:
            return request
        return msgspec.structs.replace(request, depth=depth, via=self._shorter_via.pop(request.url, request.via))

    def _settle(self, outcome: Outcome) -> list[Entry]:
        """``outcome`` is final: correct its depth, meet its links."""
        request = self._current(outcome.request)
        if request is not outcome.request:
            outcome = msgspec.structs.replace(outcome, request=request)
        if isinstance(outcome, Fetched) and outcome.location and request.redirects >= self._budget.redirects:
            outcome = Failed(request, Reason.REDIRECTS, f"one more, to {outcome.location}", at=outcome.at)
        targets, step = _edges(outcome)
        if self._budget.depth is not None:
            self._edges[request.url] = targets, step
            return [outcome, *self._meet_or_lower(targets, request, step)]
        known = self._depths
        for url in targets:
            if url not in known:
                self._meet(url, request.depth + step, request, step)
        return [outcome]

    def _meet(self, url: str, depth: int, source: Request, step: int) -> None:
        """A URL nobody has seen: admit it, leave it beyond the limit, or forget it."""
        if self._budget.depth is not None and depth > self._budget.depth:
            self._depths[url] = depth
        elif not self._scope.admits(url):
            self._depths[url] = _OUT_OF_SCOPE
        else:
            self._depths[url] = depth
            redirects = 0 if step else source.redirects + 1
            self._frontier.push(Request(url, depth, source.url, redirects=redirects))

    def _meet_or_lower(self, targets: tuple[str, ...], source: Request, step: int) -> list[Entry]:
        depth = source.depth + step
        entries: list[Entry] = []
        for url in targets:
            known = self._depths.get(url)
            if known is None:
                self._meet(url, depth, source, step)
            elif depth < known:
                entries += self._lower(url, depth, source, step)
        return entries

    def _lower(self, url: str, depth: int, source: Request, step: int) -> list[Entry]:
        """A shorter way to a known URL: lower its depth and those of what lies behind it, by a work list."""
        entries: list[Entry] = []
        work = [(url, depth, source, step)]
        while work:
            url, depth, source, step = work.pop()
            before = self._depths[url]
            if depth >= before:
                continue
            self._depths[url] = depth
            if before > self._limit >= depth:
                del self._depths[url]
                self._meet(url, depth, source, step)
            elif url in self._edges:
                entries.append(Shallower(url, depth, source.url))
                targets, length = self._edges[url]
                here = Request(url, depth)
                work += [
                    (target, depth + length, here, length)
                    for target in targets
                    if self._depths.get(target, _OUT_OF_SCOPE) > depth + length
                ]
            elif before <= self._limit:
                self._shorter_via[url] = source.url
        return entries

    @property
    def _limit(self) -> int:
        assert self._budget.depth is not None
        return self._budget.depth


def _edges(outcome: Outcome) -> tuple[tuple[str, ...], int]:
    """Where an outcome leads, and how much deeper that is."""
    match outcome:
        case Fetched(location=str() as target):
            return (target,), 0
        case Fetched(page=Page(links=links)):
            return links, 1
        case _:
            return (), 0
