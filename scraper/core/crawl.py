"""The crawl as a passive state machine: told what happened, asked what may be fetched now.

The life of a URL::

    met ──> beyond the depth limit: forgotten until a shorter way turns up
     │
     ├──> out of scope, or a trap: never looked at again
     v
    admitted: waits in its site ──> robots.txt forbids it, or the host was given up: final, refused
                    │  ^
               take │  └── retry: waits for its time <──┐
                    v                                   │
                in flight ──────────────────────────────┤ receive
                                                        v
                                    final: one outcome, recorded; its links are met

Robots files and sitemaps travel the same road; see :mod:`scraper.core.files`. ``Crawl`` opens nothing, sleeps nowhere,
logs nothing and reads no clock; ``now`` is seconds on any steady clock. It belongs to one thread.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

import msgspec

from scraper.core.admission import Admission
from scraper.core.cookies import Jar
from scraper.core.files import Files
from scraper.core.frontier import Flight, Frontier
from scraper.core.gate import Gate
from scraper.core.pace import adapted, answered, hold
from scraper.core.reach import Reach
from scraper.core.site import Site
from scraper.core.sitemaps import Sitemaps, least_depth
from scraper.model import Entry, Failed, Fetched, Kind, Outcome, Reason, Request, Shallower
from scraper.settings import Settings
from scraper.suffixes import is_public_suffix

__all__ = ["Crawl", "Turn"]

_AT_ONCE = 50
"""Refusals in one turn at most, so that the loop around goes on breathing."""


_E = TypeVar("_E")


class Turn(NamedTuple, Generic[_E]):
    """What :meth:`Crawl.take` gives: requests to start, and what has become final without one."""

    start: list[Request]
    final: list[_E]


class Crawl:
    """Everything that is decided about a crawl.

    Invariant 1: every admitted URL ends in exactly one final outcome, unless the crawl is stopped or a budget ends it
    before; then it is still waiting, and a resumed crawl fetches it.

    Invariant 2 is the frontier's: politeness and fair turns.

    Invariant 3: without a page or time budget, and where answers do not depend on timing, the set of final outcomes
    is the same for every backend, capacity and latency. With a depth limit this needs one idea: depth is the
    *shortest known* distance (see :mod:`scraper.core.known`). Without a depth limit no outcome depends on depth, and a
    record's depth is that of the first way found. Accepted exceptions: where chains of redirects run into one another,
    which of their URLs is one redirect too many; where a trap's counter or a failing host's is full, which URLs were
    before it; both depend on what was found first.

    :param chance: gives numbers in [0, 1) for the jitter of retries, such as ``random.random``.
    """

    def __init__(self, settings: Settings, chance: Callable[[], float]) -> None:
        self._retry, self._budget, self._politeness = settings.retry, settings.budget, settings.politeness
        self._chance = chance
        self._admission = Admission(settings)
        self._frontier = Frontier(settings.politeness)
        self._reach = Reach(settings.budget.depth, self._admission, self._frontier, least_depth(settings.discovery))
        self._sitemaps = Sitemaps(settings, self._frontier, self._reach.lead)
        self._files = Files(settings.politeness, self._frontier, self._sitemaps)
        self._jar = Jar(is_public_suffix) if settings.identity.cookies else None
        self._flights: dict[str, Flight] = {}
        self._twins: dict[str, list[Request]] = {}
        self._retries: list[tuple[float, int, Request]] = []
        self._turn = 0
        self._started: int = 0
        self._deadline: float | None = None
        self._epoch = 0.0
        self._stopped = False
        self._end = {Kind.PAGE: self._end_page, Kind.ROBOTS: self._end_robots, Kind.SITEMAP: self._end_sitemap}

    @property
    def in_flight(self) -> int:
        """Requests taken and not received yet."""
        return len(self._flights)

    @property
    def waiting(self) -> int:
        """Requests that are not in flight: in the frontier or before a retry."""
        return len(self._frontier) + len(self._retries)

    @property
    def known(self) -> int:
        """URLs met so far within the depth limit, whether in scope or not."""
        return self._reach.known

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

        Seeds are given before the first :meth:`take`. Later ones are admitted too; one that is final stays as it is.

        :returns: what is to be written: the seeds that ``include`` and ``exclude`` refuse, and corrections.
        """
        entries = self._reach.seed(urls)
        self._sitemaps.seed()
        return entries

    def take(self, now: float, room: int) -> Turn[Entry]:
        """At most ``room`` requests that may be started at this instant; they are in flight from here on."""
        self._look_at_clock(now)
        turn: Turn[Entry] = Turn([], [])
        while len(turn.start) < room and len(turn.final) < _AT_ONCE and not self.ending:
            site = self._frontier.pop(now)
            if site is None:
                break
            request = self._next(site, turn, now)
            if request is None:
                self._frontier.put_back(site)
            else:
                turn.start.append(self._launch(request, site, now))
        return turn

    def receive(self, outcome: Outcome, now: float) -> list[Entry]:
        """End the flight of ``outcome``'s request.

        :returns: what is to be written: the outcome if it is final, and corrections to earlier records; nothing
            when a retry was scheduled.
        :raises KeyError: for a request that is not in flight: a backend broke its law.
        """
        flight = self._flights.pop(outcome.url)
        self._learn(flight.site, outcome, now)
        self._frontier.release(flight)
        for twin in self._twins.pop(outcome.url, ()):
            self._push(twin)
        if self._tries_again(flight, outcome, now):
            return []
        return self._end[flight.request.kind](outcome, now)

    def replay(self, log: Iterable[Outcome], seeds: Iterable[str] = ()) -> list[Entry]:
        """Take over the final outcomes of an earlier run, in the order they were written; then :meth:`seed`.

        What was waiting or in flight when that run ended waits again. The budgets of pages and time are for each run:
        the outcomes do not count. The settings may differ from those of the earlier run: what is recorded stays, the
        rest follows the new ones. Robots files are asked for again.

        :param seeds: those that :meth:`seed` will be given.
        :returns: corrections that the log does not hold yet.
        """
        for url in seeds:
            self._reach.promise(url)
        logged: set[int] = set()
        shallower: dict[str, Entry] = {}
        for outcome in log:
            if outcome.request.kind is not Kind.PAGE:
                files = self._sitemaps if outcome.request.kind is Kind.SITEMAP else self._files
                shallower.update((entry.url, entry) for entry in files.replay(outcome))
            elif hash(outcome.url) not in logged:
                logged.add(hash(outcome.url))
                shallower.update((entry.url, entry) for entry in self._replay(outcome))
        self._frontier.discard(logged)
        return list(shallower.values())

    def wakeup(self) -> float | None:
        """When :meth:`take` can next give something without an outcome coming in; None when only one can help."""
        if self.ending:
            return None
        times = [self._retries[0][0]] if self._retries else []
        if (site := self._frontier.wakeup()) is not None:
            times.append(site)
        return min(times, default=None)

    def _look_at_clock(self, now: float) -> None:
        if self._deadline is None and self._budget.time is not None:
            self._deadline = now + self._budget.time
        if self._deadline is not None and now >= self._deadline:
            self.stop()
        while self._retries and self._retries[0][0] <= now:
            self._push(heapq.heappop(self._retries)[2])

    def _push(self, request: Request) -> None:
        if request.kind is Kind.PAGE:
            self._frontier.push_again(request)
        else:
            self._frontier.push_file(request)

    def _next(self, site: Site, turn: Turn[Entry], now: float) -> Request | None:
        """What ``site`` starts in its turn; what it must refuse goes into ``turn``."""
        while len(turn.final) < _AT_ONCE:
            if (request := self._files.due(site, now)) is None:
                if not site.has_next:
                    return None
                request = self._frontier.next(site)
            if request.kind is Kind.PAGE:
                request = self._reach.current(request)
            if (refusal := self._admission.bars(site, request)) is not None:
                turn.final.extend(self._end[request.kind](refusal, now))
            elif request.url not in self._flights:
                return request
            else:  # one of that URL is in flight, as a page or as a file: after it
                self._twins.setdefault(request.url, []).append(request)
        return None

    def _launch(self, request: Request, site: Site, now: float) -> Request:
        delay = site.gate.delay
        cookie = self._jar.header(request.url, now + self._epoch) if self._jar else None
        if delay != request.delay or cookie != request.cookie:
            request = msgspec.structs.replace(request, delay=delay, cookie=cookie)
        self._flights[request.url] = self._frontier.start(request, site, now)
        self._started += request.kind is Kind.PAGE
        return request

    def _learn(self, site: Site, outcome: Outcome, now: float) -> None:
        """What an outcome tells of its host, whatever it means for the URL."""
        host = site.gate
        host.pace(adapted(self._politeness, host.floor, host.delay, outcome))
        if seconds := hold(self._politeness, outcome):
            host.hold(now + seconds)
        if (answer := answered(outcome)) is not None:
            host.failures = 0 if answer else host.failures + 1
            if self._politeness.host_failures is not None and host.failures >= self._politeness.host_failures:
                self._give_up(host, outcome)
        if isinstance(outcome, Fetched):
            if outcome.address is not None:
                self._frontier.locate(site, outcome.address)
            if self._jar is not None:
                self._epoch = outcome.at - now
                self._jar.store(outcome.url, outcome.cookies, outcome.at)

    def _give_up(self, host: Gate, outcome: Outcome) -> None:
        """Nothing is asked of ``host`` any more; what waits for it need not wait longer, tries again included."""
        if host.given_up is None:
            host.given_up = self._admission.given_up(host.failures, outcome)
            self._frontier.let_go(host)
            behind = [entry for entry in self._retries if self._frontier.site(entry[2].url).gate is host]
            if behind:
                self._retries = [entry for entry in self._retries if self._frontier.site(entry[2].url).gate is not host]
                heapq.heapify(self._retries)
                for _, _, request in sorted(behind):
                    self._push(request)

    def _tries_again(self, flight: Flight, outcome: Outcome, now: float) -> bool:
        """Schedule another try of ``outcome``'s request, if it is worth one."""
        wait = self._retry.wait(outcome, self._chance())
        if wait is None or flight.site.gate.given_up:
            return False
        self._turn += 1
        self._started -= flight.request.kind is Kind.PAGE
        again = msgspec.structs.replace(outcome.request, attempt=outcome.request.attempt + 1)
        wait = max(wait, hold(self._politeness, outcome))
        heapq.heappush(self._retries, (now + wait, self._turn, again))
        return True

    def _end_page(self, outcome: Outcome, now: float) -> list[Entry]:
        final = self._final(outcome)
        return [final, *self._reach.follow(final)]

    def _end_robots(self, outcome: Outcome, now: float) -> list[Entry]:
        return [_clean(outcome), *self._files.end_robots(outcome, now)]

    def _end_sitemap(self, outcome: Outcome, now: float) -> list[Entry]:
        return [_clean(outcome), *self._sitemaps.end(outcome)]

    def _replay(self, outcome: Outcome) -> list[Entry]:
        self._reach.recall(outcome.request)
        final = self._final(outcome)
        request = final.request
        corrected = request.depth < outcome.request.depth
        entries: list[Entry] = [Shallower(request.url, request.depth, request.via)] if corrected else []
        return entries + self._reach.follow(final)

    def _final(self, outcome: Outcome) -> Outcome:
        """``outcome`` as it is recorded: with the depth known now, failed where it is one redirect too many."""
        outcome = _clean(outcome)
        request = self._reach.current(outcome.request)
        if isinstance(outcome, Fetched) and outcome.location and request.redirects >= self._budget.redirects:
            return Failed(request, Reason.REDIRECTS, f"one more, to {outcome.location}", outcome.timings, outcome.at)
        if request is not outcome.request:
            outcome = msgspec.structs.replace(outcome, request=request)
        return self._admission.cut(outcome)


def _clean(outcome: Outcome) -> Outcome:
    """``outcome`` without the cookies that went and came: they are never recorded."""
    if outcome.request.cookie is not None:
        outcome = msgspec.structs.replace(outcome, request=msgspec.structs.replace(outcome.request, cookie=None))
    if isinstance(outcome, Fetched) and outcome.cookies:
        outcome = msgspec.structs.replace(outcome, cookies=())
    return outcome
