"""What the laboratory is equipped with: waiting for a state instead of a time, and seeing who waits for what.

A hazard has struck when nobody can move any more, not when something took long. So these tests look at who waits where,
and a slow machine only makes them slow. Every wait has an end, so that no test hangs when it fails.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from scraper.backends import Backend
from scraper.model import Outcome
from scraper.settings import Limits, Politeness, Retry, Safety, Scope, ScopeMode, Settings

__all__ = ["PATIENCE", "everywhere", "gather", "in_background", "numbered", "until", "waiting_at"]

PATIENCE = 20.0
"""Seconds after which a test gives up; none takes as long unless it fails."""


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Whether ``condition`` has come true, which is waited for."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True


def in_background(work: Callable[..., object], *args: object) -> threading.Thread:
    """A thread that does ``work``; it ends with the process, whatever becomes of it."""
    thread = threading.Thread(target=work, args=args, daemon=True)
    thread.start()
    return thread


def gather(backend: Backend, count: int) -> list[Outcome]:
    """Collect until ``count`` outcomes are there."""
    outcomes: list[Outcome] = []
    deadline = time.monotonic() + PATIENCE
    while len(outcomes) < count and time.monotonic() < deadline:
        outcomes += backend.collect(0.1)
    return outcomes


def waiting_at(condition: threading.Condition) -> int:
    """How many threads wait for ``condition``, as those of a ``queue.Queue``: ``not_empty`` and ``not_full``."""
    waiters: Any = condition
    return len(waiters._waiters)


def everywhere(*, capacity: int = 16, per_host: int = 4, private: bool = False, retries: int = 2) -> Settings:
    """Settings of a crawl without scope, delay and robots files.

    :param private: whether addresses such as 127.0.0.1 may be asked. If not, they are refused without a connection, by
        the real worker: the quickest outcome there is.
    """
    return Settings(
        scope=Scope(ScopeMode.ANY),
        politeness=Politeness(per_host=per_host, delay=0.0, robots=False, host_failures=None),
        retry=Retry(retries, base=0.001),
        limits=Limits(connect=PATIENCE, read=PATIENCE, total=PATIENCE),
        safety=Safety(private=private),
        concurrency=capacity,
        workers=min(2, capacity),
    )


def numbered(origin: str, numbers: Iterable[int]) -> list[str]:
    """Pages of ``origin``, by number."""
    return [f"{origin}/{number}" for number in numbers]
