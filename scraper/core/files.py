"""The files that say where to go: robots.txt (RFC 9309) and sitemaps (sitemaps.org).

They are fetched as pages are, through the same sites, gates, retries and log. A site's pages wait until its robots file
is there. Redirects of either file are followed, to other hosts too, as further requests of the same kind; sites that
ask for the same file, or are led to it, share one fetch.
"""

from __future__ import annotations

from collections.abc import Callable

from scraper.core.frontier import Frontier
from scraper.core.known import Edges
from scraper.core.robots import ALLOW_ALL, target, verdict
from scraper.core.site import Site
from scraper.core.sitemaps import admits
from scraper.model import Entry, Failed, Fetched, Kind, Outcome, Page, Reason, Refused, Request
from scraper.settings import Settings

__all__ = ["Files"]

Lead = Callable[[Edges], list[Entry]]

_SITEMAPS = 10_000
"""Sitemaps of one crawl at most."""
_NESTED = 3
"""How deep an index may lead to further indexes; sitemaps.org allows none."""
_UNREACHABLE = frozenset(
    {Reason.DNS, Reason.CONNECT, Reason.TLS, Reason.PROXY, Reason.PRIVATE_ADDRESS, Reason.URL, Reason.INTERNAL}
)
"""What stands between us and every page of the site alike: its pages end for that reason, and not for robots.txt."""


class Files:
    """Which sites wait for which robots file, which sitemaps were met, and what comes of them."""

    def __init__(self, settings: Settings, frontier: Frontier) -> None:
        self._politeness, self._discovery = settings.politeness, settings.discovery
        self._redirects, self._depth = settings.budget.redirects, settings.budget.depth
        self._frontier = frontier
        self._askers: dict[str, list[tuple[Site, int]]] = {}
        self._sitemaps: set[str] = set()
        self._looked: set[str] = set()

    def seed(self) -> None:
        """Ask for the sitemaps that the user gave."""
        for url in self._discovery.given:
            self._ask_sitemap(Request(url, kind=Kind.SITEMAP))

    def due(self, site: Site, now: float) -> Request | None:
        """The request for the robots file of a site whose turn it is; None while what is known of it holds."""
        if site.files_wait or site.asking or now < site.expires or site.gates[0].given_up:
            return None
        if not self._politeness.robots:
            site.expires = float("inf")
            self._look_for_sitemaps(site, ())
            return None
        request = Request(f"{site.origin}/robots.txt", kind=Kind.ROBOTS)
        return request if self._join(site, request.url) else None

    def end_robots(self, outcome: Outcome, now: float) -> None:
        """A robots file has answered for good, or leads elsewhere."""
        for site, redirects in self._askers.pop(outcome.url, []):
            url = target(outcome, redirects)
            if url is None:
                self._apply(site, outcome, now)
                site.asking = False
                self._frontier.place(site)
            elif self._join(site, url, redirects + 1):
                request = Request(url, via=outcome.url, kind=Kind.ROBOTS, redirects=redirects + 1)
                self._frontier.push_file(request)

    def end_sitemap(self, outcome: Outcome, lead: Lead) -> list[Entry]:
        """A sitemap has answered: ask for those that it lists or leads to, and meet its entries."""
        request = outcome.request
        match outcome:
            case Fetched(location=str() as url) if request.redirects < self._redirects:
                self._ask_sitemap(_other(request, url, request.redirects + 1))
            case Fetched(page=Page(links=links, data=data)) if outcome.status < 300:
                named_by = request.via if request.via and request.via.endswith("/robots.txt") else None
                own = tuple([url for url in links if admits(url, request.url, named_by)])
                if not (isinstance(data, dict) and data.get("kind") == "index"):
                    return lead(Edges(request.url, request.depth, 0, own))
                for url in own if request.redirects < _NESTED else ():
                    self._ask_sitemap(_other(request, url, request.redirects + 1))
        return []

    def replay(self, outcome: Outcome, lead: Lead) -> None:
        """Take over what an earlier run recorded: sitemaps are not read twice, robots files are asked for again."""
        if outcome.request.kind is Kind.SITEMAP:
            self._sitemaps.add(outcome.url)
            self.end_sitemap(outcome, lead)

    def _join(self, site: Site, url: str, redirects: int = 0) -> bool:
        """Let ``site`` wait for the robots file at ``url``; whether it is the first, so that it must be asked for."""
        site.asking = True
        askers = self._askers.setdefault(url, [])
        askers.append((site, redirects))
        return len(askers) == 1

    def _apply(self, site: Site, outcome: Outcome, now: float) -> None:
        found = verdict(outcome)
        site.rules = found.rules
        site.barred = None if found.known else _bar(outcome)
        site.expires = now + (self._politeness.robots_age if found.known else self._politeness.robots_again)
        if found.rules.delay is not None:
            self._slow_down(site, found.rules.delay)
        if found.known:
            page = outcome.page if isinstance(outcome, Fetched) else None
            self._look_for_sitemaps(site, page.links if page else ())

    def _slow_down(self, site: Site, delay: float) -> None:
        longest = self._politeness.longest_crawl_delay
        if delay > longest:
            site.rules = ALLOW_ALL
            site.barred = Reason.CRAWL_DELAY, f"robots.txt asks for {delay:g} s between two pages, over {longest:g} s"
            return
        host = site.gates[0]
        host.floor = max(host.floor, delay)
        host.pace(max(host.delay, delay))

    def _look_for_sitemaps(self, site: Site, named: tuple[str, ...]) -> None:
        if not self._discovery.sitemaps or self._depth == 0 or site.origin in self._looked:
            return
        self._looked.add(site.origin)
        robots = f"{site.origin}/robots.txt"
        for url in named or (f"{site.origin}/sitemap.xml",):
            self._ask_sitemap(Request(url, 1, robots if named else None, Kind.SITEMAP))

    def _ask_sitemap(self, request: Request) -> None:
        if request.url not in self._sitemaps and len(self._sitemaps) < _SITEMAPS:
            self._sitemaps.add(request.url)
            self._frontier.push_file(request)


def _other(request: Request, url: str, redirects: int) -> Request:
    """The request for another sitemap that ``request`` has led to; who named the first stands for all."""
    return Request(url, request.depth, request.via, Kind.SITEMAP, redirects=redirects)


def _bar(outcome: Outcome) -> tuple[Reason, str]:
    """Why the pages of a site cannot be fetched whose robots file cannot be had."""
    match outcome:
        case Failed(reason=reason, detail=detail) | Refused(reason=reason, detail=detail):
            if reason in _UNREACHABLE:
                return reason, detail
            return Reason.ROBOTS, f"robots.txt cannot be had: {reason.value}"
        case Fetched(status=status):
            return Reason.ROBOTS, f"robots.txt cannot be had: status {status}"
