"""The only loop: it joins a crawl, a backend and a store, the same way for all of them."""

from __future__ import annotations

from collections.abc import Iterator

from scraper.backends.base import Backend
from scraper.core import Crawl
from scraper.model import Entry
from scraper.store.base import Store

__all__ = ["TICK", "run"]

TICK = 0.25
"""Seconds after which :func:`run` gives control back even when nothing happened: for progress, signals and commits."""


def run(crawl: Crawl, backend: Backend, store: Store) -> Iterator[list[Entry]]:
    """Crawl until done, giving after each round what became final in it, already handed to the store.

    Everything runs on the caller's thread. A slow store or a slow caller slows ``take``: that is the back-pressure.
    ``crawl.stop()`` between two rounds, or in a signal handler, lets what is in flight come in and ends the loop.
    """
    clock = backend.clock
    while not crawl.done:
        now = clock()
        turn = crawl.take(now, backend.capacity - crawl.in_flight)
        for request in turn.start:
            backend.submit(request)
        outcomes = backend.collect(_patience(crawl, backend, now))
        now = clock()
        entries = [*turn.final, *(entry for outcome in outcomes for entry in crawl.receive(outcome, now))]
        store.write(entries)
        yield entries


def _patience(crawl: Crawl, backend: Backend, now: float) -> float:
    """How long to wait for an outcome. With a full backend a wakeup is no reason to look up: it would spin."""
    if crawl.done:
        return 0.0
    if crawl.in_flight >= backend.capacity:
        return TICK
    wakeup = crawl.wakeup()
    return TICK if wakeup is None else min(TICK, max(0.0, wakeup - now))
