"""Keeps the starts on one host as far apart as they were meant to be, on the worker's side.

The core spaces what it gives out. A worker that is late - just starting, or held up by a heavy page - would still let
two requests leave at once that were given to it with the delay between them. This holds the second one back.
"""

from __future__ import annotations

import threading

from scraper.settings import Politeness
from scraper.url import host_key

__all__ = ["Pace"]


class Pace:
    """The next allowed start on each host that has a delay; shared by the threads of one process."""

    def __init__(self, politeness: Politeness) -> None:
        self._politeness = politeness
        self._next: dict[str, float] = {}
        self._lock = threading.Lock()

    def pause(self, url: str, now: float) -> float:
        """Seconds to wait before starting on ``url``, which counts as started then; nearly always none."""
        if self._politeness.delay == 0.0:
            return 0.0
        host = host_key(url)
        delay = self._politeness.delay_for(host)
        if not delay:
            return 0.0
        with self._lock:
            start = max(now, self._next.get(host, now))
            self._next[host] = start + delay
        return start - now
