"""A worker for the blocking backends: one fetcher and one parser, used by one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from scraper.fetch.blocking import BlockingFetcher
from scraper.model import Outcome, Request
from scraper.parse import make_parser
from scraper.settings import Settings
from scraper.stats import Stats
from scraper.url import host_key
from scraper.visit import visit

__all__ = ["Shed", "Worker"]


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


class Shed:
    """The workers that no thread has in hand: for a host a thread takes one that has connections to it.

    Did each thread keep a worker of its own, 64 threads would connect 64 times to every host, and shake hands as often.
    """

    def __init__(self, workers: Iterable[Worker] = ()) -> None:
        self._lock = threading.Lock()
        self._idle = dict.fromkeys(workers)
        """Who has been idle longest comes first: its connections are the oldest."""
        self._knowing: dict[str, list[Worker]] = {}

    def put(self, worker: Worker) -> None:
        """Bring ``worker``, or bring it back."""
        with self._lock:
            self._idle[worker] = None

    def take(self, request: Request) -> Worker:
        """A worker for ``request``; there is one as long as there are as many as threads."""
        host = host_key(request.url)
        with self._lock:
            if len(self._knowing) > _HOSTS:
                self._knowing.clear()
            knowing = self._knowing.setdefault(host, [])
            worker = next((one for one in reversed(knowing) if one in self._idle), None) or next(iter(self._idle))
            del self._idle[worker]
            if worker not in knowing:
                knowing.append(worker)
        return worker

    def close_one(self) -> None:
        """Close a worker that is idle: what every thread does at its end."""
        with self._lock:
            worker, _ = self._idle.popitem()
        worker.close()


_HOSTS = 10_000
"""Hosts that are remembered; connections to more are not kept, either."""
