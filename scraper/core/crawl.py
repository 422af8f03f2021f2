"""The crawl as a passive state machine: told what happened, asked what may be fetched now.

The life of a URL::

    met ──> beyond the depth limit: forgotten until a shorter way turns up
     │
     ├──> out of scope: never looked at again
     v
    admitted: waits in the frontier ──────────────────────────────┐
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
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from scraper.core.frontier import Frontier
from scraper.model import Entry, Failed, Fetched, Outcome, Page, Reason, Refused, Request, Shallower
from scraper.settings import Settings

__all__ = ["Crawl"]

_OUT_OF_SCOPE = -1  # as a depth: nothing is shorter, so it is never looked at again
_UNKNOWN = 1 << 62  # as a depth: everything is shorter


class _Edges(NamedTuple):
    """Ways from one URL to others: ``depth`` and ``redirects`` are what the targets have by them."""

    via: str | None
    depth: int
    redirects: int
    targets: tuple[str, ...]


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
    One exception is accepted: where chains of redirects run into one another, which of their URLs is one redirect too
    many depends on the way that was found first.

    :param chance: gives numbers in [0, 1) for the jitter of retries, such as ``random.random``.
    """

    def __init__(self, settings: Settings, chance: Callable[[], float]) -> None:
        self._scope, self._retry, self._budget = settings.scope, settings.retry, settings.budget
        self._chance = chance
        self._frontier = Frontier(settings.politeness)
        self._depths: dict[str, int] = {}
        self._final_edges: dict[str, tuple[tuple[str, ...], int]] = {}
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
        """URLs met so far within the depth limit, whether in scope or not."""
        return len(self._depths)

    @property
    def hosts(self) -> int:
        """Hosts with at least one admitted URL."""
        return self._frontier.hosts

    @property
    def pages_left(self) -> int | None:
        """What is left of the page budget; None without one."""
        return None if self._budget.pages is None else max(0, self._budget.pages - self._started)

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

    def seed(self, urls: Iterable[str]) -> list[Entry]:
        """Admit canonical ``urls`` at depth 0; for a known one, this is a shorter way to it.

        :returns: what is to be written: the seeds that ``include`` and ``exclude`` refuse, and corrections.
        """
        entries: list[Entry] = []
        for url in urls:
            if self._depths.get(url, _OUT_OF_SCOPE) != _OUT_OF_SCOPE:
                if self._budget.depth is not None:
                    entries += self._spread(_Edges(None, 0, 0, (url,)))
                continue
            self._depths[url] = 0
            request = Request(url)
            if self._scope.selects(url):
                self._frontier.push(request)
            else:
                entries.append(Refused(request, Reason.SCOPE, "include or exclude leaves it out"))
        return entries

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
        final = self._final(outcome)
        return [final, *self._follow(final)]

    def replay(self, log: Iterable[Outcome]) -> list[Entry]:
        """Take over the final outcomes of an earlier run, in the order they were written; then :meth:`seed`.

        What was waiting or in flight when that run ended waits again. The budgets of pages and time are for each run:
        the outcomes do not count. The settings may differ from those of the earlier run: what is recorded stays, the
        rest follows the new ones.

        :returns: corrections that the log does not hold yet.
        """
        logged: dict[str, int] = {}
        shallower: dict[str, Entry] = {}
        for outcome in log:
            url, depth = outcome.url, outcome.request.depth
            if url in logged:
                continue
            logged[url] = depth
            known = self._depths.get(url, _OUT_OF_SCOPE)
            self._depths[url] = depth if known == _OUT_OF_SCOPE else min(known, depth)
            final = self._final(outcome)
            if final.request.depth < depth:
                shallower[url] = Shallower(url, final.request.depth, final.request.via)
            shallower.update((entry.url, entry) for entry in self._follow(final))
        self._frontier.discard(logged.keys())
        return list(shallower.values())

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

    def _final(self, outcome: Outcome) -> Outcome:
        """``outcome`` as it is recorded: with the depth known now, and failed where it is one redirect too many."""
        request = self._current(outcome.request)
        if isinstance(outcome, Fetched) and outcome.location and request.redirects >= self._budget.redirects:
            return Failed(request, Reason.REDIRECTS, f"one more, to {outcome.location}", outcome.timings, outcome.at)
        return outcome if request is outcome.request else msgspec.structs.replace(outcome, request=request)

    def _follow(self, final: Outcome) -> list[Entry]:
        """Meet what ``final`` leads to."""
        request = final.request
        targets, step = _targets(final)
        edges = _Edges(request.url, request.depth + step, 0 if step else request.redirects + 1, targets)
        if self._budget.depth is not None:
            self._final_edges[request.url] = targets, step
            return self._spread(edges)
        known = self._depths
        for url in targets:
            if url not in known:
                self._meet(url, edges)
        return []

    def _meet(self, url: str, edges: _Edges) -> None:
        """A URL nobody has seen, within the depth limit: admit it, if the scope does."""
        if self._scope.admits(url):
            self._depths[url] = edges.depth
            self._frontier.push(Request(url, edges.depth, edges.via, redirects=edges.redirects))
        else:
            self._depths[url] = _OUT_OF_SCOPE

    def _spread(self, edges: _Edges) -> list[Entry]:
        """With a depth limit: meet what is new, lower what is known, and go on behind what is final, by a work list.

        The list is in the order of depth (a 0-1 breadth-first search), so nothing is lowered twice in one call.

        :returns: corrections for the final ones.
        """
        assert self._budget.depth is not None
        entries: list[Entry] = []
        work = deque([edges])
        while work:
            edges = work.popleft()
            if edges.depth > self._budget.depth:
                continue
            depth, known = edges.depth, self._depths.get
            for url in edges.targets:
                if known(url, _UNKNOWN) <= depth:
                    continue  # the hot path: nearly all links lead to known URLs
                if url in self._depths:
                    entries += self._lower(url, edges, work)
                else:
                    self._meet(url, edges)
        return entries

    def _lower(self, url: str, edges: _Edges, work: deque[_Edges]) -> list[Entry]:
        self._depths[url] = edges.depth
        if url not in self._final_edges:
            self._shorter_via[url] = edges.via
            return []
        targets, step = self._final_edges[url]
        if step:
            work.append(_Edges(url, edges.depth + 1, 0, targets))
        else:
            work.appendleft(_Edges(url, edges.depth, edges.redirects + 1, targets))
        return [Shallower(url, edges.depth, edges.via)]


def _targets(outcome: Outcome) -> tuple[tuple[str, ...], int]:
    """Where an outcome leads, and how much deeper that is."""
    match outcome:
        case Fetched(location=str() as target):
            return (target,), 0
        case Fetched(page=Page(links=links)):
            return links, 1
        case _:
            return (), 0
