"""A web in a dict and a clock that jumps: for tests of crawls, ours and yours, without a socket, a sleep or a mock.

::

    web = Web()
    web.page("http://a/", title="A", links=["/b", "http://c/"])
    web.redirect("http://a/old", "/b")
    web.status("http://a/gone", 410)
    web.fail("http://c/", Reason.TIMEOUT, times=2)
    backend = Simulated(web, latency=0.2)

What is not in the web answers 404. Every answer is a function of the request alone, so one web serves any number of
crawls, and all of them see the same. :class:`Simulated` runs inline, without threads; hours of politeness pass in
milliseconds.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from scraper.errors import ConfigError
from scraper.model import Failed, Fetched, Outcome, Page, Reason, Request, Timings
from scraper.stats import Stats
from scraper.url import canonical, join_all

__all__ = ["Arrival", "Simulated", "Web"]


class Web:
    """What every URL answers. URLs may be written as people write them; links and targets may be relative."""

    def __init__(self) -> None:
        self._answers: dict[str, Outcome] = {}
        self._first: dict[str, tuple[int, Outcome]] = {}

    def page(self, url: str, links: Iterable[str] = (), title: str | None = None, status: int = 200) -> None:
        """Let ``url`` answer a page with ``links``, in this order.

        :raises ConfigError: here and below, for a text that is no http(s) URL.
        """
        request = _request(url)
        page = Page(title, join_all(request.url, links), "utf-8")
        self._answers[request.url] = Fetched(request, status, page, content_type="text/html")

    def redirect(self, url: str, target: str, status: int = 301) -> None:
        """Let ``url`` lead to ``target``."""
        request = _request(url)
        self._answers[request.url] = Fetched(request, status, location=_canonical(target, request.url))

    def status(self, url: str, status: int, *, times: int | None = None, retry_after: float | None = None) -> None:
        """Let ``url`` answer ``status`` without a page: always, or at the first ``times`` attempts.

        :param retry_after: seconds that the answer asks to be left alone for.
        """
        self._put(Fetched(_request(url), status, retry_after=retry_after), times)

    def fail(self, url: str, reason: Reason, *, times: int | None = None, detail: str = "simulated") -> None:
        """Let ``url`` fail: always, or at the first ``times`` attempts; then it answers what else was said of it."""
        self._put(Failed(_request(url), reason, detail), times)

    def answer(self, request: Request) -> Outcome:
        """What comes back for ``request``."""
        times, outcome = self._first.get(request.url, (0, None))
        if outcome is None or request.attempt > times:
            outcome = self._answers.get(request.url) or Fetched(request, 404)
        return msgspec.structs.replace(outcome, request=request)

    def _put(self, outcome: Outcome, times: int | None) -> None:
        if times is None:
            self._answers[outcome.url] = outcome
        else:
            self._first[outcome.url] = times, outcome


class Arrival(NamedTuple):
    """A request as the server saw it; times are simulated seconds."""

    at: float
    url: str
    until: float
    """When its answer was complete: with it, spacing and concurrency can be proved from the server's side."""


class Simulated:
    """The backend over a :class:`Web`; see :class:`scraper.backends.base.Backend`.

    :param latency: seconds from a start to its answer: the same for all, or a function of the request.
    :ivar arrivals: every start, in order.
    """

    def __init__(self, web: Web, capacity: int = 16, latency: float | Callable[[Request], float] = 0.05) -> None:
        self.capacity = capacity
        self.arrivals: list[Arrival] = []
        self._web = web
        self._latency = latency
        self._now = 0.0
        self._turn = 0
        self._due: list[tuple[float, int, Outcome]] = []
        self._stats = Stats()

    def submit(self, request: Request) -> None:
        """Let ``request`` reach the server now; its answer is due after its latency."""
        wait = self._latency(request) if callable(self._latency) else self._latency
        self.arrivals.append(Arrival(self._now, request.url, self._now + wait))
        outcome = self._web.answer(request)
        outcome = msgspec.structs.replace(outcome, timings=Timings(server_us=round(wait * 1e6)), at=self._now)
        self._turn += 1
        heapq.heappush(self._due, (self._now + wait, self._turn, outcome))

    def collect(self, timeout: float) -> list[Outcome]:
        """Jump to the next answer, at most ``timeout`` seconds ahead; all that are due then."""
        horizon = self._now + timeout
        self._now = max(self._now, min(horizon, self._due[0][0])) if self._due else horizon
        outcomes: list[Outcome] = []
        while self._due and self._due[0][0] <= self._now:
            outcomes.append(heapq.heappop(self._due)[2])
            self._stats.count_fetch(outcomes[-1])
        return outcomes

    def close(self) -> None:
        """Drop what is in flight."""
        self._due.clear()

    def clock(self) -> float:
        """The simulated time: seconds since this backend was made."""
        return self._now

    def stats(self) -> Stats:
        """What was collected so far."""
        return Stats().merge(self._stats)

    def describe(self) -> list[str]:
        """How many answers are due, and when the next one is."""
        if not self._due:
            return [f"simulated at {self._now:.3f} s: nothing in flight"]
        return [f"simulated at {self._now:.3f} s: {len(self._due)} in flight, next answer at {self._due[0][0]:.3f} s"]


def _request(url: str) -> Request:
    return Request(_canonical(url))


def _canonical(text: str, base: str | None = None) -> str:
    url = canonical(text, base)
    if url is None:
        raise ConfigError(f"{text!r} is no http(s) URL")
    return url
