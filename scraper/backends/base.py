"""What a backend is, and the law that every one keeps.

A backend is only a way to run many workers at once; it knows nothing of policy.

The law, shown for each backend by one test body:

1. Each submitted request yields exactly one outcome, whatever dies.
   (A URL is submitted once at a time: it is the identity of its request.)
2. Nothing blocks longer than the ``timeout`` that was given.
3. ``close`` leaves no thread, process, socket or file behind, and may be called twice.
4. A backend belongs to the thread that made it; what it locks, it locks inside.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from scraper.model import Outcome, Request
from scraper.stats import Stats

__all__ = ["Around", "Backend"]


class Backend(Protocol):
    """Runs workers that turn requests into outcomes."""

    @property
    def capacity(self) -> int:
        """Requests that may be submitted and not collected yet; it may grow while workers start, and shrink."""

    def submit(self, request: Request) -> None:
        """Start ``request``, or let it wait for a worker; never blocks."""

    def collect(self, timeout: float) -> list[Outcome]:
        """Outcomes that have come in; waits for the first of them, at most ``timeout`` seconds."""

    def close(self) -> None:
        """End all workers at once; what is still in flight is dropped."""

    def clock(self) -> float:
        """The steady clock this backend lives by, in seconds: the machine's, or a simulated one."""

    def stats(self) -> Stats:
        """What the workers have counted so far."""

    def describe(self) -> Iterable[str]:
        """What every worker is doing and how full each queue is, a line each; safe in a signal handler."""


class Around:
    """A backend around another one, which does all that a subclass does not do itself.

    :ivar inner: who does the work.
    """

    def __init__(self, inner: Backend) -> None:
        self.inner = inner

    @property
    def capacity(self) -> int:
        """See :class:`Backend`, as for all the others."""
        return self.inner.capacity

    def submit(self, request: Request) -> None:
        """Hand ``request`` on."""
        self.inner.submit(request)

    def collect(self, timeout: float) -> list[Outcome]:
        """What the inner one gives."""
        return self.inner.collect(timeout)

    def close(self) -> None:
        """End the inner one."""
        self.inner.close()

    def clock(self) -> float:
        """The inner one's."""
        return self.inner.clock()

    def stats(self) -> Stats:
        """What the workers have counted so far."""
        return self.inner.stats()

    def describe(self) -> Iterable[str]:
        """What every worker is doing."""
        return self.inner.describe()
