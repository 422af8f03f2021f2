"""A worker's tools for the blocking backends: one fetcher and one parser, used by one thread."""

from __future__ import annotations

from scraper.fetch.blocking import BlockingFetcher
from scraper.model import Outcome, Request
from scraper.parse import make_parser
from scraper.settings import Settings
from scraper.stats import Stats
from scraper.visit import visit

__all__ = ["Worker"]


class Worker:
    """Turns requests into outcomes, one at a time, and counts what they cost."""

    def __init__(self, settings: Settings) -> None:
        self._fetcher = BlockingFetcher(settings.limits, settings.identity, settings.safety)
        self._parse = make_parser(settings)
        self.stats = Stats()
        self.doing: str | None = None

    def __call__(self, request: Request, submitted: float) -> Outcome:
        """Visit ``request``, which was submitted at ``submitted`` (:func:`time.perf_counter`); never raises."""
        self.doing = request.url
        outcome = visit(self._fetcher, self._parse, request, submitted)
        self.stats.count_fetch(outcome)
        self.doing = None
        return outcome

    def abort(self) -> None:
        """Break off what is being fetched at this moment; for another thread to call."""
        self._fetcher.abort()

    def close(self) -> None:
        """Close the worker's connections."""
        self._fetcher.close()
