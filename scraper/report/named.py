"""The sitemaps that were asked for by name: a failure of one is no secret, other than of those that sites may have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scraper.model import Entry, Fetched, Kind, Outcome, Shallower
from scraper.stats import label

__all__ = ["NamedSitemaps"]

_SHOWN = 5


class NamedSitemaps:
    """What has come of the sitemaps at ``urls``.

    :param redirects: how many are followed.
    :ivar failed: why one came to nothing, by its URL as it was given.
    """

    def __init__(self, urls: Iterable[str], redirects: int) -> None:
        self._given = {url: url for url in urls}
        self._redirects = redirects
        self.failed: dict[str, str] = {}

    def look(self, entries: Iterable[Entry]) -> None:
        """Look for them in what became final."""
        for entry in entries if self._given else ():
            if isinstance(entry, Shallower) or entry.request.kind is not Kind.SITEMAP or entry.url not in self._given:
                continue
            given = self._given[entry.url]
            if isinstance(entry, Fetched) and entry.location and entry.request.redirects < self._redirects:
                self._given.setdefault(entry.location, given)
            elif (trouble := _trouble(entry)) is not None:
                self.failed[given] = trouble

    def notes(self) -> Iterator[str]:
        """A line for each that failed, the first five."""
        for number, (url, why) in enumerate(self.failed.items()):
            if number < _SHOWN:
                yield f"sitemap {url}: {why}"
        if len(self.failed) > _SHOWN:
            yield f"{len(self.failed) - _SHOWN} more sitemaps failed"


def _trouble(outcome: Outcome) -> str | None:
    """Why nothing could be read there; None where a sitemap was, be it an empty or a torn one."""
    if not isinstance(outcome, Fetched):
        return f"{label(outcome)}: {outcome.detail}" if outcome.detail else label(outcome)
    if outcome.status >= 300:
        return label(outcome)
    if outcome.page is None:
        return "it is no sitemap"
    return None if outcome.page.links else outcome.page.error
