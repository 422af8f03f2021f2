"""Keeps the starts on one host as far apart as they were meant to be, on the worker's side.

The core spaces what it gives out. A worker that is late - just starting, or held up by a heavy page - would still let
two requests leave at once that were given to it with the delay between them. This holds the second one back.
"""

from __future__ import annotations

import threading

from scraper.model import Request
from scraper.url import host_key

__all__ = ["Pace"]


class Pace:
    """The last start on each host that has a delay; shared by the threads of one process."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}
        self._most = _HOSTS
        self._lock = threading.Lock()

    def pause(self, request: Request, now: float) -> float:
        """Seconds after which to ask again; none, as nearly always, when ``request`` may start, and then it counts."""
        if not request.delay:
            return 0.0
        host = host_key(request.url)
        with self._lock:
            last = self._last.get(host)
            if last is not None and now < last + request.delay:
                return last + request.delay - now
            if last is None and len(self._last) >= self._most:
                self._forget(now)
            self._last[host] = now
        return 0.0

    def _forget(self, now: float) -> None:
        """Forget the hosts that nothing was started on for an hour: no delay is as long."""
        self._last = {host: at for host, at in self._last.items() if now - at < _LONG}
        self._most = max(_HOSTS, 2 * len(self._last))


_HOSTS = 10_000
_LONG = 3_600.0
"""Hosts that are remembered at least; seconds for which each is."""
