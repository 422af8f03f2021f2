"""What the figures of a crawl suggest to its user: a line each, with the option that would change it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scraper.model import Reason
from scraper.report.human import human_count
from scraper.settings import Settings
from scraper.stats import Stats

__all__ = ["hints"]

_LEFT_OUT = {
    Reason.ROBOTS: "refused by robots.txt",
    Reason.CRAWL_DELAY: "left alone: robots.txt asks for longer pauses than --max-crawl-delay",
    Reason.GIVEN_UP: "let go with hosts that failed too often: --max-host-failures",
    Reason.PRIVATE_ADDRESS: "at addresses that are not public: --allow-private",
}


def hints(stats: Stats, settings: Settings, seeds: Sequence[str]) -> Iterator[str]:
    """The hints for a crawl of ``seeds`` by ``settings`` that came to ``stats``."""
    if settings.politeness.unasked is not None:
        yield f"robots.txt ignored: {settings.politeness.unasked}"
    for reason, words in _LEFT_OUT.items():
        count = stats.outcomes.get(f"refused: {reason.value}", 0) + stats.outcomes.get(reason.value, 0)
        if count:
            yield f"{human_count(count, 'URL')} {words}"
    if stats.sitemaps_named and not settings.discovery.sitemaps:
        yield f"robots.txt names {human_count(stats.sitemaps_named, 'sitemap')}, not read: --sitemaps"
    if seeds and not any(map(settings.scope.selects, seeds)):
        yield "--include and --exclude leave out every URL that was given"
