"""Webs for tests: crawl one on the simulated backend, draw one at random, and say what a crawl of it must find."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
from hypothesis import strategies as st

from scraper.backends.police import Police, Rules
from scraper.backends.simulated import Arrival, Simulated, Web
from scraper.core import Crawl
from scraper.engine import run
from scraper.model import Entry, Failed, Fetched, Kind, Outcome, Page, Reason, Refused, Request, Shallower
from scraper.settings import Budget, Politeness, Retry, Scope, ScopeMode, Settings
from scraper.url import host_key, origin

EVERYWHERE = Scope(ScopeMode.ANY)


def rules(
    *,
    depth: int | None = None,
    pages: int | None = None,
    time: float | None = None,
    redirects: int = 10,
    per_host: int = 4,
    delay: float | None = 0.0,
    retries: int = 2,
    scope: Scope = EVERYWHERE,
    robots: bool = False,
) -> Settings:
    """Settings in the words of the tests; no delay and no scope unless a test asks for them."""
    return Settings(
        scope=scope,
        politeness=Politeness(per_host=per_host, delay=delay, robots=robots),
        retry=Retry(retries),
        budget=Budget(depth, pages, time, redirects),
    )


class Final(NamedTuple):
    """What a crawl says of one page in the end, as far as it may not depend on timing; ``links`` are those followed."""

    outcome: str
    why: int | Reason
    depth: int | None
    links: tuple[str, ...]


def final(outcome: Outcome, depth: int | None) -> Final:
    match outcome:
        case Fetched(status=status, page=page, location=location):
            links = page.links if page and not page.cut else (location,) if location else ()
            return Final("Fetched", status, depth, links)
        case Failed(reason=reason) | Refused(reason=reason):
            return Final(type(outcome).__name__, reason, depth, ())


@dataclass
class Log:
    """A store in a list."""

    entries: list[Entry] = field(default_factory=list)

    def write(self, entries: Sequence[Entry]) -> None:
        self.entries += entries

    def read(self) -> Iterator[Outcome]:
        return (entry for entry in self.entries if not isinstance(entry, Shallower))

    def corrected(self) -> Iterator[Outcome]:
        """As a store reads that keeps each record with its latest depth."""
        depths = {entry.url: entry for entry in self.entries if isinstance(entry, Shallower)}
        for outcome in self.read():
            if outcome.request.kind is Kind.PAGE and (correction := depths.get(outcome.url)):
                request = msgspec.structs.replace(outcome.request, depth=correction.depth, via=correction.via)
                outcome = msgspec.structs.replace(outcome, request=request)
            yield outcome

    def close(self) -> None:
        pass

    def pages(self) -> Iterator[Outcome]:
        """As :meth:`corrected`, without robots files and sitemaps."""
        return (outcome for outcome in self.corrected() if outcome.request.kind is Kind.PAGE)

    @property
    def urls(self) -> list[str]:
        return [outcome.url for outcome in self.pages()]

    def depth(self, url: str) -> int:
        return self[url].request.depth

    def finals(self, *, depths: bool) -> dict[str, Final]:
        return {outcome.url: final(outcome, outcome.request.depth if depths else None) for outcome in self.pages()}

    def __getitem__(self, url: str) -> Outcome:
        """The one record of ``url``."""
        (outcome,) = (outcome for outcome in self.pages() if outcome.url == url)
        return outcome


class Crawled(NamedTuple):
    """A crawl that has ended."""

    log: Log
    arrivals: list[Arrival]
    crawl: Crawl
    seconds: float


def crawl(
    web: Web,
    *seeds: str,
    settings: Settings | None = None,
    log: Iterable[Entry] = (),
    corrected: bool = False,
    capacity: int = 16,
    latency: float | Callable[[Request], float] = 0.05,
    chance: Callable[[], float] = lambda: 0.5,
    during: Callable[[Crawl, Log], None] = lambda crawl, log: None,
    watched: bool = True,
) -> Crawled:
    """Crawl ``web`` from ``seeds`` to the end, going on from ``log``.

    :param corrected: read the log as a store gives it that applies corrections.
    :param during: called after every round.
    :param watched: whether the police looks on.
    """
    settings = settings or rules()
    machine = Crawl(settings, chance)
    store = Log(list(log))
    store.write(machine.replay(list(store.corrected() if corrected else store.read()), seeds))
    store.write(machine.seed(seeds))
    backend = Simulated(web, capacity, latency, Police(settings.politeness) if watched else None)
    for rounds, _ in enumerate(run(machine, backend, store)):
        assert rounds < 10_000, "this crawl does not end"
        during(machine, store)
    return Crawled(store, backend.arrivals, machine, backend.clock())


URLS = [f"http://{host}/{page}" for host in "abc" for page in range(5)]
"""All that a random web consists of."""

_KINDS: dict[str, Callable[[Web, str, list[str]], None]] = {
    "page": lambda web, url, to: web.page(url, to),
    "redirect": lambda web, url, to: web.redirect(url, (to or [url])[0]),
    "nofollow": lambda web, url, to: web.page(url, to[:1], nofollow=to[1:]),
    "cut": lambda web, url, to: web.page(url, to, robots="nofollow", cut="nofollow"),
    "error page": lambda web, url, to: web.page(url, to, status=500),
    "nothing": lambda web, url, to: None,
    "gone": lambda web, url, to: web.status(url, 410),
    "down": lambda web, url, to: web.fail(url, Reason.CONNECT),
    "broken": lambda web, url, to: web.fail(url, Reason.TLS),
}
_TROUBLES: dict[str, Callable[[Web, str], None]] = {
    "none": lambda web, url: None,
    "slow": lambda web, url: web.fail(url, Reason.TIMEOUT, times=1),
    "twice": lambda web, url: web.fail(url, Reason.LOST, times=2),
    "busy": lambda web, url: web.status(url, 503, times=1),
    "tired": lambda web, url: web.status(url, 429, times=2, retry_after=20.0),
}


_ROBOTS: dict[str, Callable[[Web, str], None]] = {
    "none": lambda web, url: None,
    "forbidden": lambda web, url: web.status(url, 403),
    "empty": lambda web, url: web.robots(url, ""),
    "one": lambda web, url: web.robots(url, "User-agent: *\nDisallow: /1"),
    "all": lambda web, url: web.robots(url, "User-agent: *\nDisallow: /"),
    "but": lambda web, url: web.robots(url, "User-agent: *\nAllow: /2$\nAllow: /*3\nDisallow: /\nCrawl-delay: 0.5"),
    "ours": lambda web, url: web.robots(url, "User-agent: *\nDisallow: /\nUser-agent: Scraper\nDisallow: /0"),
    "slow": lambda web, url: web.robots(url, "User-agent: *\nCrawl-delay: 3"),
    "too slow": lambda web, url: web.robots(url, "User-agent: *\nCrawl-delay: 31"),
    "broken": lambda web, url: web.status(url, 500),
    "silent": lambda web, url: web.fail(url, Reason.TIMEOUT),
    "dead": lambda web, url: web.fail(url, Reason.DNS),
    "to a": lambda web, url: web.redirect(url, "http://a/robots.txt"),
    "to b": lambda web, url: web.redirect(url, "http://b/robots.txt"),
    "to c": lambda web, url: web.redirect(url, "http://c/rules"),
}
"""What may become of asking for a robots file."""


@dataclass(frozen=True)
class Plan:
    """A random web as a value that hypothesis can show and shrink: URLs, each with kind, trouble and targets.

    :ivar robots: what becomes of asking some hosts for their robots files; the others have none.
    """

    rows: tuple[tuple[str, str, str, tuple[str, ...]], ...]
    robots: tuple[tuple[str, str, str], ...] = ()

    @property
    def web(self) -> Web:
        web = Web()
        for host, variant, trouble in self.robots:
            _ROBOTS[variant](web, f"http://{host}/robots.txt")
            _TROUBLES[trouble](web, f"http://{host}/robots.txt")
        for url, kind, trouble, targets in self.rows:
            _KINDS[kind](web, url, list(targets))
            _TROUBLES[trouble](web, url)
        return web


def plans() -> st.SearchStrategy[Plan]:
    """Small random webs: links and redirects in any direction, loops, doubles, failures that pass and that stay.

    Half of them are drawn piece by piece, which shrinks well; half by one seed, which makes them dense. Their robots
    files are for crawls that ask for them.
    """
    targets = st.lists(st.sampled_from(URLS), max_size=6).map(tuple)
    row = st.tuples(st.sampled_from(URLS), st.sampled_from(_OFTEN_PAGES), st.sampled_from(_OFTEN_CALM), targets)
    file = st.tuples(st.sampled_from("abc"), st.sampled_from(sorted(_ROBOTS)), st.sampled_from(_OFTEN_CALM))
    files = st.lists(file, max_size=4).map(tuple)
    pieces = st.builds(Plan, st.lists(row, min_size=1, max_size=len(URLS)).map(tuple), files)
    return pieces | st.builds(drawn, st.integers(0, 1_000_000))


_OFTEN_PAGES = ["page"] * 6 + sorted(_KINDS)
_OFTEN_OPEN = ["none"] * 8 + sorted(_ROBOTS)
_OFTEN_CALM = ["none"] * 4 + sorted(_TROUBLES)


def drawn(seed: int, urls: Sequence[str] = URLS) -> Plan:
    """A web over ``urls``, each with a few links, drawn by ``seed``: some with many redirects, some with none."""
    draw = random.Random(seed)
    kinds = ["page"] * draw.randint(5, 40) + ["redirect"] * draw.randint(0, 10) + sorted(_KINDS)
    few = draw.randint(2, 6)
    return Plan(
        tuple(
            (url, draw.choice(kinds), draw.choice(_OFTEN_CALM), tuple(draw.choices(urls, k=draw.randint(1, few))))
            for url in urls
        ),
        tuple(
            (host, draw.choice(_OFTEN_OPEN), draw.choice(_OFTEN_CALM))
            for host in sorted({host_key(url) for url in urls})
        ),
    )


def latencies(seed: int) -> Callable[[Request], float]:
    """A latency for each request, as if drawn by chance, yet always the same."""
    return lambda request: random.Random(f"{seed} {request.url} {request.attempt}").choice((0.0, 0.05, 0.3, 1.0, 7.0))


class Reference:
    """What a crawl must find, by the plainest search there is: relax every edge until nothing changes."""

    def __init__(self, web: Web, seeds: Iterable[str], settings: Settings) -> None:
        self._web, self._settings, self._scope = web, settings, settings.scope
        self._depths = dict.fromkeys(seeds, 0)
        self._seeds = {*self._depths}
        self._said: dict[str, Outcome] = {}
        while self._relax():
            pass

    def finals(self) -> dict[str, Final]:
        limited = self._settings.budget.depth is not None
        return {
            url: final(self._answer(url), depth if limited else None)
            for url, depth in self._depths.items()
            if self._within(depth)
        }

    def _relax(self) -> bool:
        before = dict(self._depths), self._scope, len(self._seeds)
        for url, depth in before[0].items():
            found = self._answer(url)
            step = 0 if isinstance(found, Fetched) and found.location else 1
            for target in final(found, None).links if self._within(depth) else ():
                if not step and url in self._seeds:
                    self._widen(target)
                if self._scope.admits(target) or target in self._depths:
                    self._depths[target] = min(self._depths.get(target, 1_000), depth + step)
        return before != (self._depths, self._scope, len(self._seeds))

    def _widen(self, target: str) -> None:
        """Where a seed leads to is a seed."""
        if self._settings.scope.selects(target):
            self._seeds.add(target)
            self._scope = self._scope.widened(target)

    def _within(self, depth: int) -> bool:
        limit = self._settings.budget.depth
        return limit is None or depth <= limit

    def _answer(self, url: str) -> Outcome:
        if url not in self._said:
            self._said[url] = self._refusal(url) or self._last(Request(url))
        return self._said[url]

    def _last(self, request: Request) -> Outcome:
        """What comes back when no try is left."""
        for attempt in range(1, self._settings.retry.retries + 2):
            outcome = self._web.answer(msgspec.structs.replace(request, attempt=attempt))
            if not _passes(outcome):
                break
        return outcome

    def _refusal(self, url: str) -> Outcome | None:
        if not self._settings.scope.selects(url):
            return Refused(Request(url), Reason.SCOPE)
        return self._barred(url) if self._settings.politeness.robots else None

    def _barred(self, url: str) -> Outcome | None:
        """What robots.txt makes of ``url``: nothing, or an outcome."""
        file = f"{origin(url)}/robots.txt"
        for _ in range(6):
            found = self._last(Request(file, kind=Kind.ROBOTS))
            if not isinstance(found, Fetched) or found.location is None:
                break
            file = found.location
        match found:
            case Failed(reason=Reason.DNS):
                return Failed(Request(url), Reason.DNS)
            case Failed() | Fetched(status=429 | 500 | 503):
                return Refused(Request(url), Reason.ROBOTS)
            case Fetched(status=200, page=Page(data={"delay": delay})) if (delay or 0) > 30:
                return Refused(Request(url), Reason.CRAWL_DELAY)
            case Fetched(status=200) if not Rules.read(self._web.text(file), "scraper").allow(url):
                return Refused(Request(url), Reason.ROBOTS)
            case _:
                return None


def _passes(outcome: Outcome) -> bool:
    match outcome:
        case Fetched(status=429 | 500 | 502 | 503 | 504):
            return True
        case Failed(reason=reason):
            return reason in {Reason.TIMEOUT, Reason.LOST, Reason.CONNECT, Reason.DNS}
        case _:
            return False


def page_of(outcome: Outcome) -> Page:
    """The page of an outcome that has one."""
    assert isinstance(outcome, Fetched)
    assert outcome.page is not None
    return outcome.page
