"""What a crawl is doing at this moment, for when it seems to hang: on SIGUSR1, and the crawl goes on.

The stacks come from faulthandler, in C, so that they are printed even where Python itself does not get to run; then
the engine's figures and the backend's own words follow, as soon as it does.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

from scraper.run import Run

__all__ = ["describe", "told_on_request"]


def describe(run: Run) -> Iterator[str]:
    """The figures of the engine, then what every worker is doing, a line each."""
    crawl = run.crawl
    wakeup = crawl.wakeup()
    waiting = "only an outcome helps" if wakeup is None else f"next start possible at {wakeup:.3f} s"
    yield f"crawl: {run.elapsed:.1f} s, {run.stats.pages} final, {crawl.in_flight} in flight, {crawl.waiting} waiting"
    yield f"  {crawl.known} URLs known, {crawl.hosts} hosts; clock {run.backend.clock():.3f} s, {waiting}"
    if crawl.ending:
        yield "  ending: nothing new is started"
    yield from run.backend.describe()


@contextlib.contextmanager
def told_on_request(run: Run) -> Iterator[None]:
    """Print :func:`describe` and all threads' stacks to stderr whenever SIGUSR1 comes, where that exists."""
    number = getattr(signal, "SIGUSR1", None)
    if number is None or not _has_descriptor():
        yield
        return

    def tell(*_: Any) -> None:
        # not print: the signal may have come in the middle of one, and a stream is not reentrant
        text = "".join(f"{line}\n" for line in describe(run))
        with contextlib.suppress(OSError):
            os.write(sys.stderr.fileno(), text.encode(errors="backslashreplace"))

    previous = signal.signal(number, tell)
    faulthandler.register(number, all_threads=True, chain=True)
    try:
        yield
    finally:
        faulthandler.unregister(number)
        signal.signal(number, previous)


def _has_descriptor() -> bool:
    try:
        return sys.stderr.fileno() >= 0
    except (AttributeError, OSError, ValueError):
        return False
