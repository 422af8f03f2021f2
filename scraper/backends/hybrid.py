"""Worker processes that each pump an asyncio backend: all cores, and many requests in flight on each."""

from __future__ import annotations

from scraper.backends.child import serve_loop
from scraper.backends.processes import Processes

__all__ = ["Hybrid"]


class Hybrid(Processes):
    """As :class:`Processes`, with an event loop in each worker instead of threads."""

    _serve = staticmethod(serve_loop)
    _batched = True
