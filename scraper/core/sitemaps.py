"""Sitemaps (sitemaps.org): which are asked for, and which of their entries count.

A sitemap speaks for its own host, and for each host whose robots.txt has named it, or an index or redirect that led to
it ("Sitemaps & Cross Submits"); else anybody could send a crawler anywhere. A host may name one that was read before,
for another: what it lists is kept for that.
"""

from __future__ import annotations

from collections.abc import Callable

from scraper.core.frontier import Frontier
from scraper.core.known import Edges
from scraper.model import Entry, Fetched, Kind, Outcome, Page, Request
from scraper.settings import Discovery, Settings
from scraper.url import bare_host

__all__ = ["Sitemaps", "least_depth"]

Lead = Callable[[Edges], list[Entry]]

_SITEMAPS = 10_000
"""Sitemaps of one crawl at most."""
_NESTED = 3
"""How deep an index may lead to further indexes; sitemaps.org allows none."""
_FOREIGN = 100_000
"""Entries that are kept, should another host name their sitemap."""


class _Sitemap:
    """One that was met.

    :ivar depth: that of its entries.
    :ivar via: the robots file that was the first to name it, or what led to it.
    :ivar level: how many indexes have led to it.
    :ivar hosts: those that it speaks for, with their ports and without ``www.``; http and https are the same.
    :ivar below: the sitemaps that it has led to.
    :ivar foreign: the entries of other hosts, by host.
    """

    __slots__ = ("below", "depth", "foreign", "hosts", "is_index", "level", "url", "via")

    def __init__(self, request: Request, level: int) -> None:
        self.url, self.depth, self.via, self.level = request.url, request.depth, request.via, level
        self.hosts = {bare_host(url) for url in (request.url, request.via) if url is not None}
        self.is_index = False
        self.below: list[str] = []
        self.foreign: dict[str, list[str]] = {}


class Sitemaps:
    """Those that were met, and what has come of them.

    :param lead: meets pages.
    """

    def __init__(self, settings: Settings, frontier: Frontier, lead: Lead) -> None:
        self._discovery, self._redirects = settings.discovery, settings.budget.redirects
        self._no_links = settings.budget.depth == 0
        self._frontier, self._lead = frontier, lead
        self._met: dict[str, _Sitemap] = {}
        self._looked: set[str] = set()
        self._unasked: dict[str, Request] | None = {}
        self._room = _FOREIGN

    def seed(self) -> None:
        """Ask for those that the user gave, and those that an earlier run has met and not read."""
        if self._unasked is not None:
            unasked, self._unasked = self._unasked, None
            self._looked.clear()  # a robots file may name others than it did in an earlier run
            for request in unasked.values():
                self._frontier.push_file(request)
        for url in self._discovery.given:
            self._ask(Request(url, kind=Kind.SITEMAP), 0)

    def look(self, origin: str, named: tuple[str, ...]) -> list[Entry]:
        """Ask for those that the robots file of a site has ``named``, or for the one at the usual place."""
        if not self._discovery.sitemaps or self._no_links or origin in self._looked:
            return []
        self._looked.add(origin)
        robots = f"{origin}/robots.txt"
        if not named:
            self._ask(Request(f"{origin}/sitemap.xml", 1, None, Kind.SITEMAP), 0)
        entries: list[Entry] = []
        for url in named:
            sitemap = self._ask(Request(url, 1, robots, Kind.SITEMAP), 0)
            if sitemap is not None:
                entries += self._name(sitemap, {bare_host(robots)})
                entries += self._pass_on(sitemap)
        return entries

    def end(self, outcome: Outcome) -> list[Entry]:
        """One has answered: ask for those that it lists or leads to, and meet its entries."""
        request, sitemap = outcome.request, self._met[outcome.url]
        entries: list[Entry] = []
        match outcome:
            case Fetched(location=str() as url) if request.redirects < self._redirects:
                again = Request(url, request.depth, request.via, Kind.SITEMAP, redirects=request.redirects + 1)
                self._lead_to(sitemap, again, sitemap.level)
            case Fetched(page=Page(links=links, data=data)) if outcome.status < 300:
                sitemap.is_index = isinstance(data, dict) and data.get("kind") == "index"
                entries = self._let_in(sitemap, [url for url in links if self._admits(sitemap, url)])
        return entries + self._pass_on(sitemap)

    def replay(self, outcome: Outcome) -> list[Entry]:
        """Take over one that an earlier run recorded: it is not read again."""
        request = outcome.request
        if request.url not in self._met:
            self._met[request.url] = _Sitemap(request, 0)
        if self._unasked is not None:
            self._unasked.pop(request.url, None)
        return self.end(outcome)

    def _ask(self, request: Request, level: int) -> _Sitemap | None:
        """The sitemap at ``request``'s URL, asked for if it is new; None where there is one too many."""
        sitemap = self._met.get(request.url)
        if sitemap is None and len(self._met) < _SITEMAPS:
            sitemap = self._met[request.url] = _Sitemap(request, level)
            if self._unasked is None:
                self._frontier.push_file(request)
            else:
                self._unasked[request.url] = request
        return sitemap

    def _lead_to(self, sitemap: _Sitemap, request: Request, level: int) -> None:
        if self._ask(request, level) is not None:
            sitemap.below.append(request.url)

    def _admits(self, sitemap: _Sitemap, url: str) -> bool:
        """Whether ``sitemap`` speaks for ``url``; if not, it is kept."""
        host = bare_host(url)
        if host in sitemap.hosts:
            return True
        if self._room > 0:
            self._room -= 1
            sitemap.foreign.setdefault(host, []).append(url)
        return False

    def _let_in(self, sitemap: _Sitemap, own: list[str]) -> list[Entry]:
        """Meet entries for which ``sitemap`` speaks; those of an index are sitemaps."""
        if not sitemap.is_index:
            return self._lead(Edges(sitemap.url, sitemap.depth, 0, tuple(own)))
        for url in own if sitemap.level < _NESTED else ():
            self._lead_to(sitemap, Request(url, sitemap.depth, sitemap.via, Kind.SITEMAP), sitemap.level + 1)
        return []

    def _name(self, sitemap: _Sitemap, hosts: set[str]) -> list[Entry]:
        """``sitemap`` speaks for ``hosts`` too."""
        sitemap.hosts |= hosts
        own = [url for host in sorted(hosts) for url in sitemap.foreign.pop(host, ())]
        return self._let_in(sitemap, own) if own else []

    def _pass_on(self, sitemap: _Sitemap) -> list[Entry]:
        """Let what ``sitemap`` has led to speak for all hosts that it speaks for, and so on, by a work list."""
        entries: list[Entry] = []
        work = [sitemap]
        while work:
            above = work.pop()
            for below in map(self._met.__getitem__, above.below):
                if more := above.hosts - below.hosts:
                    entries += self._name(below, more)
                    work.append(below)
        return entries


def least_depth(discovery: Discovery) -> int | None:
    """The least depth that entries of sitemaps have; None where none is read."""
    if discovery.given:
        return 0
    return 1 if discovery.sitemaps else None
