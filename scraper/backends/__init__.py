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
from scraper.settings import Settings
from scraper.url import host_key

__all__ = ["NAMES", "Backend", "choose", "create"]

_CLASSES = {
    "sequential": "Sequential",
    "threads": "Threads",
    "processes": "Processes",
    "asyncio": "Asyncio",
    "hybrid": "Hybrid",
}
NAMES = tuple(_CLASSES)
"""The network backends, by the names that users give."""


def create(name: str, settings: Settings) -> Backend:
    """Make the backend called ``name``; it starts workers when it is used, not before.

    :raises ConfigError: for an unknown name, and for headers, a login or a proxy that cannot be used.
    """
    if name not in _CLASSES:
        raise ConfigError(f"there is no backend {name!r}: choose one of {', '.join(NAMES)}")
    RequestHeaders(settings.identity)  # here, since a worker process could only die of what is wrong with them
    read_proxy(settings.identity)
    module = import_module(f"scraper.backends.{name}")
    backend: Backend = getattr(module, _CLASSES[name])(settings)
    return backend


def choose(settings: Settings, seeds: Sequence[str]) -> tuple[str, str]:
    """What ``auto`` means for these seeds: a backend's name, and the reason in words.

    Every host is asked at a bounded pace, so what one core can do is enough unless politeness admits more than that
    and there are cores to spare; a start of further processes must also be worth it.
    """
    hosts = {host_key(seed) for seed in seeds}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    paced = [settings.politeness.delay_for(host) for host in hosts]
    if len(seeds) == 1 and settings.budget.depth == 0:
        return "sequential", "there is one URL to fetch"
    if multiprocessing.current_process().daemon:
        return "asyncio", "this process may not start others"
    if cores == 1 or settings.workers == 1:
        return "asyncio", "there is one core to use"
    if paced and all(paced) and sum(1 / delay for delay in paced) < _ONE_CORE:
        return "asyncio", f"politeness admits {sum(1 / delay for delay in paced):.0f} requests/s: one core is enough"
    return "hybrid", f"politeness admits more than one core can fetch, and there are {cores}"


_ONE_CORE = 1000
"""Pages a second that one core surely fetches and parses; see the measured figures in the README."""
