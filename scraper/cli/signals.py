"""Signals between a start and an end of the process; :mod:`scraper.cli.interrupt` has those of a crawl under way."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

__all__ = ["ENDING", "ignore_late", "interrupt_early", "kept"]

ENDING = (signal.SIGINT, signal.SIGTERM)
"""What people and systems send to end a command."""
_OURS = (*ENDING, *((signal.SIGUSR1,) if hasattr(signal, "SIGUSR1") else ()))


def interrupt_early() -> None:
    """Let SIGTERM do what Ctrl-C does, a KeyboardInterrupt, as long as there is no crawl to end in order."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def ignore_late() -> None:
    """Pass over SIGINT and SIGTERM from now on: all is done, and the exit code is to say how it went."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Put back, at the end, the handlers that are there now."""
    before = {number: signal.getsignal(number) for number in _OURS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
