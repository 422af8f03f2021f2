"""The files that say where to go: robots.txt (RFC 9309) and sitemaps (sitemaps.org).

They are fetched as pages are, through the same sites, gates, retries and log. A site's pages wait until its robots file
is there. Redirects of either file are followed, to other hosts too, as further requests of the same kind; sites that
ask for the same file, or are led to it, share one fetch.
"""

from __future__ import annotations

from collections.abc import Callable

from scraper.core.frontier import Frontier
from scraper.core.known import Edges
from scraper.core.robots import ALLOW_ALL, Verdict, target, verdict
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
        self._askers: dict[str, list[tuple[Site, tuple[str, ...]]]] = {}
        self._sitemaps: dict[str, int] = {}  # how deep in indexes
        self._looked: set[str] = set()

    def seed(self) -> None:
        """Ask for the sitemaps that the user gave."""
        for url in self._discovery.given:
            self._ask_sitemap(Request(url, kind=Kind.SITEMAP))

    def due(self, site: Site, now: float) -> Request | None:
        """The request for the robots file of a site whose turn it is; None while what is known of it holds."""
        if site.files_wait or site.asking or now < site.expires or site.gate.given_up:
            return None
        if not self._politeness.robots:
            site.expires = float("inf")
            self._look_for_sitemaps(site, ())
            return None
        request = Request(f"{site.origin}/robots.txt", kind=Kind.ROBOTS)
        return request if self._join(site, request.url) else None

    def end_robots(self, outcome: Outcome, now: float) -> None:
        """A robots file has answered for good, or leads elsewhere."""
        for site, before in self._askers.pop(outcome.url, []):
            url, led = target(outcome, len(before)), (*before, outcome.url)
            if url is None or url in led:  # a loop leads nowhere, however often it is gone round
                self._apply(site, outcome, now)
                site.asking = False
                self._frontier.place(site)
            elif self._join(site, url, led):
                self._frontier.push_file(Request(url, via=outcome.url, kind=Kind.ROBOTS, redirects=len(led)))

    def end_sitemap(self, outcome: Outcome, lead: Lead) -> list[Entry]:
        """A sitemap has answered: ask for those that it lists or leads to, and meet its entries."""
        request = outcome.request
        level = self._sitemaps.get(request.url, 0)
        match outcome:
            case Fetched(location=str() as url) if request.redirects < self._redirects:
                self._ask_sitemap(_other(request, url, request.redirects + 1), level)
            case Fetched(page=Page(links=links, data=data)) if outcome.status < 300:
                named_by = request.via if request.via and request.via.endswith("/robots.txt") else None
                own = tuple([url for url in links if admits(url, request.url, named_by)])
                if not (isinstance(data, dict) and data.get("kind") == "index"):
                    return lead(Edges(request.url, request.depth, 0, own))
                for url in own if level < _NESTED else ():
                    self._ask_sitemap(_other(request, url, 0), level + 1)
        return []

    def replay(self, outcome: Outcome, lead: Lead) -> None:
        """Take over what an earlier run recorded: sitemaps are not read twice, robots files are asked for again."""
        if outcome.request.kind is Kind.SITEMAP:
            self._sitemaps.setdefault(outcome.url, 0)
            self.end_sitemap(outcome, lead)

    def _join(self, site: Site, url: str, led: tuple[str, ...] = ()) -> bool:
        """Let ``site`` wait for the robots file at ``url``; whether it is the first, so that it must be asked for.

        :param led: the URLs whose redirects have led the site there.
        """
        site.asking = True
        askers = self._askers.setdefault(url, [])
        askers.append((site, led))
        return len(askers) == 1

    def _apply(self, site: Site, outcome: Outcome, now: float) -> None:
        found = verdict(outcome)
        site.expires = now + (self._politeness.robots_age if found.known else self._politeness.robots_again)
        if site.heard and not found.known:
            return  # an old file may be used as long as no newer one can be had (RFC 9309, 2.4)
        site.heard = found.known
        site.rules = found.rules
        site.barred = self._bar(outcome, found)
        if site.barred is not None:
            site.rules = ALLOW_ALL
        self._pace(site)
        if site.barred is None:
            page = outcome.page if isinstance(outcome, Fetched) else None
            self._look_for_sitemaps(site, page.links if page else ())

    def _bar(self, outcome: Outcome, found: Verdict) -> tuple[Reason, str] | None:
        """Why no page of a site may be fetched, where that is so."""
        if not found.known:
            return _unknown(outcome)
        delay, longest = found.rules.delay or 0.0, self._politeness.longest_crawl_delay
        if delay > longest:
            return Reason.CRAWL_DELAY, f"robots.txt asks for {delay:g} s between two pages, over {longest:g} s"
        return None

    def _pace(self, site: Site) -> None:
        """Keep the longest ``Crawl-delay`` that the robots files of a host ask for, as they are now."""
        host = site.gate
        asked = [origin.rules.delay or 0.0 for origin in self._frontier.origins(site)]
        host.floor = max(self._politeness.delay_for(site.host), *asked)
        host.pace(max(host.delay, host.floor))

    def _look_for_sitemaps(self, site: Site, named: tuple[str, ...]) -> None:
        if not self._discovery.sitemaps or self._depth == 0 or site.origin in self._looked:
            return
        self._looked.add(site.origin)
        robots = f"{site.origin}/robots.txt"
        for url in named or (f"{site.origin}/sitemap.xml",):
            self._ask_sitemap(Request(url, 1, robots if named else None, Kind.SITEMAP))

    def _ask_sitemap(self, request: Request, level: int = 0) -> None:
        if request.url not in self._sitemaps and len(self._sitemaps) < _SITEMAPS:
            self._sitemaps[request.url] = level
            self._frontier.push_file(request)


def _other(request: Request, url: str, redirects: int) -> Request:
    """The request for another sitemap that ``request`` has led to; who named the first stands for all."""
    return Request(url, request.depth, request.via, Kind.SITEMAP, redirects=redirects)


def _unknown(outcome: Outcome) -> tuple[Reason, str]:
    """Why the pages of a site cannot be fetched whose robots file cannot be had."""
    match outcome:
        case Failed(reason=reason, detail=detail) | Refused(reason=reason, detail=detail):
            if reason in _UNREACHABLE:
                return reason, detail
            return Reason.ROBOTS, f"robots.txt cannot be had: {reason.value}"
        case Fetched(status=status):
            return Reason.ROBOTS, f"robots.txt cannot be had: status {status}"
