"""Backends that go over to another one soon, and who keeps them busy."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator

from scraper.backends import Backend, create
from scraper.backends.auto import Auto
from scraper.backends.look import Look
from scraper.compare.site import Site
from scraper.model import Outcome, Request
from scraper.settings import Limits, Politeness, Safety, Settings
from scraper.url import host_key

SETTINGS = Settings(
    concurrency=4,
    workers=2,
    limits=Limits(connect=5.0, read=2.0, total=5.0),
    safety=Safety(private=True),
    politeness=Politeness(delay=0.0, robots=False),
)
PATIENCE = 60.0


def auto(name: str, make: Callable[[str, Settings], Backend] = create) -> Auto:
    """One that has seen enough after a dozen pages, and then wants ``name``."""
    return Auto(SETTINGS, make=make, look=Look(4, 2, least=4), choose=lambda load: (name, "as the test has it"))


def is_over(backend: Auto) -> bool:
    """Whether it has gone over, and nothing is left of asyncio."""
    return backend._passage is None and backend._now is not backend._asyncio


def drive(
    backend: Auto, urls: Iterator[str], until: Callable[[], bool], delay: float = 0.0
) -> tuple[list[str], list[Outcome]]:
    """Keep ``backend`` full until it is ``until``, then collect what is in flight; what was submitted and came back.

    :param delay: between two of a host, as far as the core can see.
    """
    submitted: list[str] = []
    outcomes: list[Outcome] = []
    due: dict[str, float] = {}
    waiting = next(urls)
    deadline = time.monotonic() + PATIENCE
    while (now := time.monotonic()) < deadline:
        while (
            not until() and len(submitted) - len(outcomes) < backend.capacity and due.get(host_key(waiting), 0) <= now
        ):
            due[host_key(waiting)] = now + delay
            submitted.append(waiting)
            backend.submit(Request(waiting, delay=delay))
            waiting = next(urls)
        if until() and len(submitted) == len(outcomes):
            break
        outcomes += backend.collect(min(0.25, max(0.0, due.get(host_key(waiting), 0) - now)) if delay else 0.25)
    return submitted, outcomes


def endless(site: Site) -> Iterator[str]:
    return (f"{url}?{turn}" for turn in itertools.count() for url in site.urls())
