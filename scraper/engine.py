"""The only loop: it joins a core, a backend and a store, the same way for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, TypeVar

from scraper.backends.base import Backend
from scraper.core import Turn
from scraper.model import Outcome
from scraper.store.base import Writer

__all__ = ["TICK", "Core", "run"]

TICK = 0.25
"""Seconds after which :func:`run` gives control back even when nothing happened: for progress, signals and commits."""

_E = TypeVar("_E")


class Core(Protocol[_E]):
    """Decides what is asked for, and what it comes to: crawls have :class:`scraper.core.Crawl`, checks another one.

    Like it, a core opens nothing, sleeps nowhere and reads no clock; ``now`` is seconds on the backend's.
    """

    @property
    def in_flight(self) -> int:
        """Requests taken and not received yet."""

    @property
    def waiting(self) -> int:
        """Requests that are not in flight."""

    @property
    def done(self) -> bool:
        """Whether nothing is in flight and nothing will be."""

    def take(self, now: float, room: int) -> Turn[_E]:
        """At most ``room`` requests that may be started at this instant, and what has become final without one."""

    def receive(self, outcome: Outcome, now: float) -> list[_E]:
        """End the flight of ``outcome``'s request; what has become final by it."""

    def wakeup(self) -> float | None:
        """When :meth:`take` can next give something without an outcome coming in; None when only one can help."""

    def stop(self) -> None:
        """Start nothing any more; what is in flight is still received."""


def run(core: Core[_E], backend: Backend, store: Writer[_E]) -> Iterator[list[_E]]:
    """Go on until ``core`` is done, giving after each round what became final in it, already handed to the store.

    Everything runs on the caller's thread. A slow store or a slow caller slows ``take``: that is the back-pressure.
    ``core.stop()`` between two rounds, or in a signal handler, lets what is in flight come in and ends the loop.
    """
    clock = backend.clock
    while not core.done:
        now = clock()
        turn = core.take(now, backend.capacity - core.in_flight)
        for request in turn.start:
            backend.submit(request)
        outcomes = backend.collect(_patience(core, backend, now))
        now = clock()
        entries = [*turn.final, *(entry for outcome in outcomes for entry in core.receive(outcome, now))]
        store.write(entries)
        yield entries


def _patience(core: Core[_E], backend: Backend, now: float) -> float:
    """How long to wait for an outcome. With a full backend a wakeup is no reason to look up: it would spin."""
    if core.done:
        return 0.0
    if core.in_flight >= backend.capacity:
        return TICK
    wakeup = core.wakeup()
    return TICK if wakeup is None else min(TICK, max(0.0, wakeup - now))
