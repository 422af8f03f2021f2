"""One request after the other, on the caller's thread: the baseline of every comparison."""

from __future__ import annotations

import time
from collections.abc import Iterable

from scraper.backends.pace import Pace
from scraper.backends.worker import Worker
from scraper.model import Outcome, Request
from scraper.settings import Settings
from scraper.stats import Stats

__all__ = ["Sequential"]


class Sequential:
    """Keeps the one submitted request; :meth:`collect` makes the visit itself.

    So the law's second part is kept by the limits of the fetch alone: a visit is not broken off at ``timeout``.
    """

    capacity = 1

    def __init__(self, settings: Settings) -> None:
        self._worker = Worker(settings)
        self._pace = Pace()
        self._kept: tuple[Request, float] | None = None

    def submit(self, request: Request) -> None:
        self._kept = request, time.perf_counter()

    def collect(self, timeout: float) -> list[Outcome]:
        if self._kept is None:
            time.sleep(timeout)
            return []
        request, submitted = self._kept
        pause = self._pace.pause(request, time.monotonic())
        if pause:
            time.sleep(min(pause, timeout))
            return []
        self._kept = None
        return [self._worker(request, submitted)]

    def close(self) -> None:
        self._worker.close()

    def clock(self) -> float:
        return time.monotonic()

    def stats(self) -> Stats:
        return self._worker.stats

    def describe(self) -> Iterable[str]:
        return [f"sequential: {self._worker.doing or 'idle'}"]
