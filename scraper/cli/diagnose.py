"""What a crawl is doing at this moment, for when it seems to hang: on SIGUSR1, and the crawl goes on.

First comes the stack of the interrupted thread, from faulthandler, in C, so that it is printed even where Python itself
does not get to run. As soon as it does, the stacks of all threads follow, the engine's figures and the backend's own
words. Not all stacks at once from C: to walk the frames of a thread that runs meanwhile can end the process.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

from scraper.cli.notes import shown
from scraper.run import CrawlRun, Run

__all__ = ["Teller", "describe", "told_on_request"]


def describe(run: Run[Any]) -> Iterator[str]:
    """The figures of the engine, then what every worker is doing, a line each."""
    core = run.core
    wakeup = core.wakeup()
    waiting = "only an outcome helps" if wakeup is None else f"next start possible at {wakeup:.3f} s"
    what, final = ("crawl", f"{run.stats.pages} final, ") if isinstance(run, CrawlRun) else ("checks", "")
    yield f"{what}: {run.elapsed:.1f} s, {final}{core.in_flight} in flight, {core.waiting} waiting"
    known = f"{run.crawl.known} URLs known, {run.crawl.hosts} hosts; " if isinstance(run, CrawlRun) else ""
    yield f"  {known}clock {run.backend.clock():.3f} s, {waiting}"
    if run.crawl.ending if isinstance(run, CrawlRun) else run.stopped:
        yield "  ending: nothing new is started"
    yield from run.backend.describe()


class Teller:
    """Handles SIGUSR1.

    :ivar run: what there is to tell about; None before it begins and after it has ended.
    """

    run: Run[Any] | None = None

    def __call__(self, *_: Any) -> None:
        """Print all stacks and :func:`describe` to stderr."""
        faulthandler.dump_traceback(sys.stderr)
        if self.run is None:
            return
        # not print: the signal may have come in the middle of one, and a stream is not reentrant
        text = "".join(f"{shown(line)}\n" for line in describe(self.run))
        with contextlib.suppress(OSError):
            os.write(sys.stderr.fileno(), text.encode(errors="backslashreplace"))

    @contextlib.contextmanager
    def about(self, run: Run[Any]) -> Iterator[None]:
        """Tell about ``run`` inside."""
        self.run = run
        try:
            yield
        finally:
            self.run = None


@contextlib.contextmanager
def told_on_request() -> Iterator[Teller]:
    """Print stacks to stderr whenever SIGUSR1 comes, where that exists, and what the teller has to say.

    From the start of the command, because reading a large store takes a while too. Afterwards the signal is ignored:
    its default would end the process.
    """
    teller, number = Teller(), getattr(signal, "SIGUSR1", None)
    if number is None:
        yield teller
        return
    heard = _has_descriptor()
    signal.signal(number, teller if heard else signal.SIG_IGN)
    if heard:
        faulthandler.register(number, all_threads=False, chain=True)
    try:
        yield teller
    finally:
        faulthandler.unregister(number)
        signal.signal(number, signal.SIG_IGN)


def _has_descriptor() -> bool:
    try:
        return sys.stderr.fileno() >= 0
    except (AttributeError, OSError, ValueError):
        return False
