"""The backends: ways to run many workers at once, all under the law in :mod:`scraper.backends.base`.

They are imported by name, when one is made: a crawl on asyncio does not load requests, nor the other way round.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from importlib import import_module

from scraper.backends.base import Backend
from scraper.errors import ConfigError
from scraper.fetch.headers import RequestHeaders
from scraper.fetch.route import read_proxy
from scraper.settings import Parsing, Settings
from scraper.url import host_key

__all__ = ["BEGIN", "NAMES", "Backend", "choose", "cores", "create"]

_CLASSES = {
    "sequential": "Sequential",
    "threads": "Threads",
    "processes": "Processes",
    "asyncio": "Asyncio",
    "hybrid": "Hybrid",
}
NAMES = tuple(_CLASSES)
"""The network backends, by the names that users give; ``auto`` is one that goes from one of them to another."""

BEGIN = "asyncio to begin with, until its first pages have shown what they cost"
"""Why ``auto`` is what it is before anything is known."""


def create(name: str, settings: Settings) -> Backend:
    """Make the backend called ``name``; it starts workers when it is used, not before.

    :raises ConfigError: for an unknown name, and for headers, a login or a proxy that cannot be used.
    """
    if name not in _CLASSES and name != "auto":
        raise ConfigError(f"there is no backend {name!r}: choose one of {', '.join(NAMES)}")
    RequestHeaders(settings.identity)  # here, since a worker process could only die of what is wrong with them
    read_proxy(settings.identity)
    module = import_module(f"scraper.backends.{name}")
    backend: Backend = getattr(module, _CLASSES.get(name, "Auto"))(settings)
    return backend


def choose(settings: Settings, seeds: Sequence[str]) -> tuple[str, str]:
    """What ``auto`` means for these seeds: a backend's name, and the reason in words.

    Where it can be told beforehand that one core is enough, or all there is, that is asyncio; else ``auto`` itself,
    which looks at its first pages. What a page costs with another parser, or a function of the user's, nobody knows.
    """
    hosts = {host_key(seed) for seed in seeds}
    paced = [settings.politeness.delay_for(host) for host in hosts]
    if len(seeds) == 1 and settings.budget.depth == 0:
        return "sequential", "there is one URL to fetch"
    if multiprocessing.current_process().daemon:
        return "asyncio", "this process may not start others"
    if settings.parsing != Parsing():
        return "auto", BEGIN
    if cores() == 1 or settings.workers == 1:
        return "asyncio", "there is one core to use"
    if paced and all(paced) and sum(1 / delay for delay in paced) < _ONE_CORE:
        return "asyncio", f"politeness admits {sum(1 / delay for delay in paced):.0f} requests/s: one core is enough"
    return "auto", BEGIN


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_ONE_CORE = 1000
"""Pages a second that one core surely fetches and parses; see the measured figures in the README."""
