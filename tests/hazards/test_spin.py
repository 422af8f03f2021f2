"""A livelock: a loop that is always busy and gets nowhere, since what it looks up for cannot be done.

The guard: with a full backend only an outcome can help, so the engine waits for one, whatever else is due.
"""

from __future__ import annotations

import itertools

import pytest

from scraper import Simulated, Web, engine
from scraper.backends import Backend
from scraper.core import Crawl
from scraper.engine import TICK, Core, run
from scraper.model import Fetched
from scraper.run import Nowhere
from tests.hazards.apparatus import everywhere, numbered

ANYTHING = Web.of(lambda request: Fetched(request, 200))


def rounds(most: int = 1_000) -> tuple[int, float]:
    """Rounds of the engine, and simulated seconds, until the first of three answers of a second each is there."""
    crawl, backend = Crawl(everywhere(), lambda: 0.5), Simulated(ANYTHING, capacity=1, latency=1.0)
    crawl.seed(numbered("http://a.test", range(3)))
    waiting = itertools.takewhile(lambda entries: not entries, run(crawl, backend, Nowhere()))
    return len(list(itertools.islice(waiting, most))), backend.clock()


def test_a_full_backend_is_waited_for() -> None:
    assert rounds() == (round(1.0 / TICK) - 1, 1.0)


def impatient(core: Core[object], backend: Backend, now: float) -> float:
    """How long to wait: until something may be started, whether there is room for it or not."""
    wakeup = core.wakeup()
    return TICK if wakeup is None else min(TICK, max(0.0, wakeup - now))


def test_without_looking_at_the_room_the_loop_spins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_patience", impatient)
    assert rounds() == (1_000, 0.0)  # and so on for ever: in the simulation not even the clock moves
