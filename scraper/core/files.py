"""Robots files (RFC 9309): who waits for which, and what comes of it.

They are fetched as pages are, and sitemaps too (:mod:`scraper.core.sitemaps`): through the same sites, gates, retries
and log. A site's pages wait until its robots file is there. Redirects of either are followed, to other hosts too, as
further requests of the same kind; sites that ask for the same file, or are led to it, share one fetch.
"""

from __future__ import annotations

from scraper.core.frontier import Frontier
from scraper.core.robots import ALLOW_ALL, Verdict, target, verdict
from scraper.core.site import Site
from scraper.core.sitemaps import Sitemaps
from scraper.model import Entry, Failed, Fetched, Kind, Outcome, Reason, Refused, Request
from scraper.settings import Politeness
from scraper.url import origin

__all__ = ["Files"]

_UNREACHABLE = frozenset(
    {Reason.DNS, Reason.CONNECT, Reason.TLS, Reason.PROXY, Reason.PRIVATE_ADDRESS, Reason.URL, Reason.INTERNAL}
)
"""What stands between us and every page of the site alike: its pages end for that reason, and not for robots.txt."""


class Files:
    """Which sites wait for which robots file, and what comes of it."""

    def __init__(self, politeness: Politeness, frontier: Frontier, sitemaps: Sitemaps) -> None:
        self._politeness, self._frontier, self._sitemaps = politeness, frontier, sitemaps
        self._askers: dict[str, list[tuple[Site, tuple[str, ...]]]] = {}
        self._led: dict[str, set[str]] = {}

    def due(self, site: Site, now: float) -> Request | None:
        """The request for the robots file of a site whose turn it is; None while what is known of it holds."""
        if site.files_wait or site.asking or now < site.expires or site.gate.given_up:
            return None
        if not self._politeness.robots:
            site.expires = float("inf")
            self._sitemaps.look(site.origin, ())
            return None
        request = Request(f"{site.origin}/robots.txt", kind=Kind.ROBOTS)
        return request if self._join(site, request.url) else None

    def end_robots(self, outcome: Outcome, now: float) -> list[Entry]:
        """A robots file has answered for good, or leads elsewhere."""
        entries: list[Entry] = []
        for site, before in self._askers.pop(outcome.url, []):
            url, led = target(outcome, len(before)), (*before, outcome.url)
            if url is None or url in led:  # a loop leads nowhere, however often it is gone round
                entries += self._apply(site, outcome, now)
                site.asking = False
                self._frontier.place(site)
            elif self._join(site, url, led):
                self._frontier.push_file(Request(url, via=outcome.url, kind=Kind.ROBOTS, redirects=len(led)))
        return entries

    def replay(self, outcome: Outcome) -> list[Entry]:
        """Take over a robots file that an earlier run recorded, for its sitemaps only: it is asked for again."""
        origins = self._led.pop(outcome.url, set())
        if outcome.request.via is None:
            origins.add(origin(outcome.url))
        if (url := target(outcome, outcome.request.redirects)) is not None:
            self._led.setdefault(url, set()).update(origins)
            return []
        if self._bar(outcome, verdict(outcome)) is not None:
            return []
        return [entry for site in sorted(origins) for entry in self._look(site, outcome)]

    def _look(self, site: str, outcome: Outcome) -> list[Entry]:
        page = outcome.page if isinstance(outcome, Fetched) else None
        return self._sitemaps.look(site, page.links if page else ())

    def _join(self, site: Site, url: str, led: tuple[str, ...] = ()) -> bool:
        """Let ``site`` wait for the robots file at ``url``; whether it is the first, so that it must be asked for.

        :param led: the URLs whose redirects have led the site there.
        """
        site.asking = True
        askers = self._askers.setdefault(url, [])
        askers.append((site, led))
        return len(askers) == 1

    def _apply(self, site: Site, outcome: Outcome, now: float) -> list[Entry]:
        found = verdict(outcome)
        site.expires = now + (self._politeness.robots_age if found.known else self._politeness.robots_again)
        if site.heard and not found.known:
            return []  # an old file may be used as long as no newer one can be had (RFC 9309, 2.4)
        site.heard = found.known
        site.rules = found.rules
        site.barred = self._bar(outcome, found)
        if site.barred is not None:
            site.rules = ALLOW_ALL
        self._pace(site)
        return self._look(site.origin, outcome) if site.barred is None else []

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
        asked = [other.rules.delay or 0.0 for other in self._frontier.origins(site) if self._politeness.paced]
        host.floor = max([self._politeness.delay_for(site.host), *asked])
        host.pace(max(host.delay, host.floor))


def _unknown(outcome: Outcome) -> tuple[Reason, str]:
    """Why the pages of a site cannot be fetched whose robots file cannot be had."""
    match outcome:
        case Failed(reason=reason, detail=detail) | Refused(reason=reason, detail=detail):
            if reason in _UNREACHABLE:
                return reason, detail
            return Reason.ROBOTS, f"robots.txt cannot be had: {reason.value}"
        case Fetched(status=status):
            return Reason.ROBOTS, f"robots.txt cannot be had: status {status}"
