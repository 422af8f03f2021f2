r"""A web in a dict and a clock that jumps: for tests of crawls, ours and yours, without a socket, a sleep or a mock.

::

    web = Web()
    web.page("http://a/", title="A", links=["/b", "http://c/"])
    web.redirect("http://a/old", "/b")
    web.status("http://a/gone", 410)
    web.fail("http://c/", Reason.TIMEOUT, times=2)
    web.robots("http://a", "User-agent: *\nDisallow: /private")
    backend = Simulated(web, latency=0.2, watch=Police(Politeness(delay=1.0)))

What is not in the web answers 404, robots files too. Every answer is a function of the request alone, so one web serves
any number of crawls, and all of them see the same. :class:`Simulated` runs inline, without threads; hours of politeness
pass in milliseconds. A :class:`~scraper.backends.police.Police` fails a crawl that is not polite.
"""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Callable, Iterable
from typing import NamedTuple, Self

import msgspec

from scraper.backends.police import Police
from scraper.errors import ConfigError
from scraper.join import join_all
from scraper.model import Failed, Fetched, Kind, Outcome, Page, Reason, Request, Timings
from scraper.parse import robots
from scraper.settings import is_loopback
from scraper.stats import Stats
from scraper.url import canonical, hostname, is_address, origin

__all__ = ["Arrival", "Simulated", "Web"]


class Web:
    """What every URL answers. URLs may be written as people write them; links and targets may be relative.

    For a web that is worked out from the URLs, see :meth:`of`, or overwrite :meth:`answer`.

    :param agent: the product token that robots files call the crawler by.
    """

    def __init__(self, agent: str = "scraper") -> None:
        self._agent = agent
        self._answers: dict[str, Outcome] = {}
        self._first: dict[str, tuple[int, Outcome]] = {}
        self._texts: dict[str, str] = {}
        self._cookies: dict[str, tuple[str, ...]] = {}
        self._addresses: dict[str, str] = {}
        self._rest: Callable[[Request], Outcome | None] = lambda request: None

    @classmethod
    def of(cls, answer: Callable[[Request], Outcome | None], agent: str = "scraper") -> Self:
        """A web whose pages a function works out, so that it may have millions, and none is kept.

        ::

            Web.of(lambda request: Fetched(request, 200, Page(links=(request.url + "x",))))

        :param answer: is asked for every page of which nothing else was said; None is a 404. Robots files and sitemaps
            are what was said of them.
        """
        web = cls(agent)
        web._rest = answer
        return web

    def page(
        self,
        url: str,
        links: Iterable[str] = (),
        title: str | None = None,
        status: int = 200,
        *,
        nofollow: Iterable[str] = (),
        canonical: str | None = None,
        robots: str | None = None,
        cut: str | None = None,
        digest: int | None = None,
    ) -> None:
        """Let ``url`` answer a page with ``links``, in this order.

        :param nofollow: further links, that the page asks not to follow.
        :param canonical: what the page calls its own URL.
        :param robots: what its meta robots says, as ``noindex``; to have none of its links followed say ``cut`` too.
        :param cut: see :class:`scraper.model.Page`.
        :param digest: of its body: pages of the same one have equal bodies. Without it, no other page's is equal.
        :raises ConfigError: here and below, for a text that is no http(s) URL.
        """
        request = _request(url)
        page = Page(
            title,
            join_all(request.url, links),
            "utf-8",
            others=tuple([("nofollow", link) for link in join_all(request.url, nofollow)]),
            canonical=None if canonical is None else _canonical(canonical, request.url),
            robots=robots,
            cut=cut,
        )
        self._answers[request.url] = Fetched(request, status, page, content_type="text/html", digest=digest)

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

    def robots(self, site: str, text: str) -> None:
        """Let the site at ``site`` (its origin, or any URL of it) have the robots file ``text``.

        What else may become of asking for it - statuses, failures, redirects - is said of its URL, like a page's.
        """
        url = f"{origin(_canonical(site))}/robots.txt"
        page = robots.parse(text.encode(), self._agent, url)
        self._texts[url] = text
        self._answers[url] = Fetched(Request(url, kind=Kind.ROBOTS), 200, page, content_type="text/plain")

    def sitemap(self, url: str, entries: Iterable[str], *, index: bool = False) -> None:
        """Let ``url`` answer a sitemap: of pages, or with ``index`` of further sitemaps."""
        request = msgspec.structs.replace(_request(url), kind=Kind.SITEMAP)
        page = Page(links=join_all(request.url, entries), data={"kind": "index" if index else "urlset"})
        self._answers[request.url] = Fetched(request, 200, page, content_type="application/xml")

    def address(self, host: str, address: str) -> None:
        """Let ``host`` (a name) be at the IP address ``address``; otherwise each has one that is made of its name."""
        self._addresses[host] = address

    def cookies(self, url: str, *values: str) -> None:
        """Let every answer of ``url`` set cookies: ``values`` are those of its ``Set-Cookie`` headers."""
        self._cookies[_canonical(url)] = values

    def text(self, url: str) -> str:
        """The robots file at ``url`` as it was written; empty where there is none."""
        return self._texts.get(url, "")

    def answer(self, request: Request) -> Outcome:
        """What comes back for ``request``."""
        outcome = self._said(request)
        if not isinstance(outcome, Fetched):
            return msgspec.structs.replace(outcome, request=request)
        page = outcome.page
        if page is not None and request.kind is not outcome.request.kind:
            page = None if request.kind is Kind.PAGE else Page()  # read as what it is not, a body says nothing
        address = outcome.address or self._address(request.url)
        cookies = self._cookies.get(request.url, outcome.cookies)
        return msgspec.structs.replace(outcome, request=request, page=page, address=address, cookies=cookies)

    def _said(self, request: Request) -> Outcome:
        times, outcome = self._first.get(request.url, (0, None))
        if outcome is not None and request.attempt <= times:
            return outcome
        outcome = self._answers.get(request.url)
        if outcome is None and request.kind is Kind.PAGE:
            outcome = self._rest(request)
        return outcome or Fetched(request, 404)

    def _address(self, url: str) -> str:
        """What was said of the host, or an address of the block for benchmarks of networks (RFC 2544)."""
        host = hostname(url)
        if host in self._addresses or is_loopback(host):
            return self._addresses.get(host, "127.0.0.1")
        if is_address(host):
            return host.strip("[]")
        number = zlib.crc32(host.encode())
        return f"198.{18 + (number >> 16 & 1)}.{number >> 8 & 255}.{number & 255}"

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
    :param watch: sees every request and answer, and fails the crawl where it is not polite.
    :ivar arrivals: every start, in order.
    """

    def __init__(
        self,
        web: Web,
        capacity: int = 16,
        latency: float | Callable[[Request], float] = 0.05,
        watch: Police | None = None,
    ) -> None:
        self.capacity = capacity
        self.arrivals: list[Arrival] = []
        self._web = web
        self._latency = latency
        self._watch = watch
        self._now = 0.0
        self._turn = 0
        self._due: list[tuple[float, int, Outcome]] = []
        self._stats = Stats()

    def submit(self, request: Request) -> None:
        """Let ``request`` reach the server now; its answer is due after its latency.

        :raises Impolite: when it is watched, and should not have come.
        """
        if self._watch is not None:
            self._watch.asked(request, self._now)
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
            if self._watch is not None:
                self._watch.answered(outcomes[-1], self._now, self._web.text(outcomes[-1].url))
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
