"""Backpressure: who is faster than the next one in the row must be slowed down, or memory fills up with what waits.

The guard: all goes round one loop on one thread. While the store writes, nothing is taken; what was taken is at most
``capacity``, and so is what can wait between the workers and the store.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Sequence

from scraper import Simulated, Web, acrawl
from scraper.backends.threads import Threads
from scraper.core import Crawl
from scraper.engine import run
from scraper.model import Entry, Fetched, Outcome
from tests.hazards.apparatus import PATIENCE, everywhere, in_background, numbered, until, waiting_at
from tests.hazards.test_deadlock import Roomless

CAPACITY, PAGES = 4, 300
SETTINGS = everywhere(capacity=CAPACITY, per_host=PAGES)
REFUSED = numbered("http://127.0.0.1", range(PAGES))
ANYTHING = Web.of(lambda request: Fetched(request, 200))


class Gated:
    """A store whose disk stands still until :attr:`moves` is set."""

    def __init__(self) -> None:
        self.moves = threading.Event()
        self.stands = threading.Event()
        self.handed = 0
        self.written: list[Entry] = []

    def write(self, entries: Sequence[Entry]) -> None:
        if entries:
            self.handed = self.handed or len(entries)
            self.stands.set()
            assert self.moves.wait(PATIENCE)
            self.written += entries

    def close(self) -> None:
        pass


def waiting_outcomes(core: type[Crawl], backend: Threads) -> int:
    """How many outcomes wait for a store that stands still, once the workers have done all they were given."""
    crawl, store = core(SETTINGS, lambda: 0.5), Gated()
    crawl.seed(REFUSED)
    with contextlib.closing(backend):
        engine = in_background(lambda: all(True for _ in run(crawl, backend, store)))
        assert store.stands.wait(PATIENCE)
        threads, inbox = backend._threads, backend._inbox
        assert until(lambda: inbox.empty() and waiting_at(inbox.not_empty) == len(threads))
        waiting = store.handed + backend._outbox.qsize()
        store.moves.set()
        engine.join(PATIENCE)
    assert len(store.written) == PAGES
    return waiting


def test_no_more_waits_for_a_slow_store_than_was_in_flight() -> None:
    assert waiting_outcomes(Crawl, Threads(SETTINGS)) <= CAPACITY


def test_without_room_everything_waits_for_a_slow_store() -> None:
    assert waiting_outcomes(Roomless, Threads(SETTINGS)) == PAGES


class WriteBehind:
    """A store that never makes the engine wait: it has a queue, and a thread of its own that writes what is in it."""

    def __init__(self, store: Gated) -> None:
        self.queue: queue.Queue[Sequence[Entry]] = queue.Queue()
        self._store = store
        in_background(self._work)

    def write(self, entries: Sequence[Entry]) -> None:
        if entries:
            self.queue.put(entries)

    def close(self) -> None:
        pass

    def _work(self) -> None:
        while True:
            self._store.write(self.queue.get())


def fetched_while_the_disk_stands(store: Gated, writer: Gated | WriteBehind) -> int:
    """Pages of a crawl of 300 that are fetched by the time that nothing moves any more."""
    crawl, backend = Crawl(SETTINGS, lambda: 0.5), Simulated(ANYTHING, CAPACITY)
    crawl.seed(REFUSED)
    engine = in_background(lambda: all(True for _ in run(crawl, backend, writer)))
    assert store.stands.wait(PATIENCE)
    if writer is not store:
        engine.join(PATIENCE)
    fetched = len(backend.arrivals)
    store.moves.set()
    engine.join(PATIENCE)
    assert until(lambda: len(store.written) == PAGES)
    return fetched


def test_while_the_store_writes_nothing_is_fetched() -> None:
    store = Gated()
    assert fetched_while_the_disk_stands(store, store) == CAPACITY


def test_without_waiting_for_the_store_all_of_the_crawl_waits_in_a_queue() -> None:
    """It looks like speed, and is the memory of the whole crawl."""
    store = Gated()
    assert fetched_while_the_disk_stands(store, WriteBehind(store)) == PAGES


def test_a_consumer_that_is_busy_holds_up_the_crawl() -> None:
    """Over the border between a thread and an event loop, too: the engine makes a round when it is asked for one."""
    backend = Simulated(ANYTHING, CAPACITY)

    async def consume() -> int:
        async with acrawl(*REFUSED, settings=SETTINGS, backend=backend) as outcomes:
            await anext(outcomes)
            await asyncio.sleep(0.05)  # as long as one likes
            return len(backend.arrivals)

    assert asyncio.run(consume()) == CAPACITY


def test_without_that_the_crawl_runs_away_from_its_consumer() -> None:
    backend = Simulated(ANYTHING, CAPACITY)

    async def consume() -> int:
        waiting: asyncio.Queue[Outcome] = asyncio.Queue()

        async def pump() -> None:
            async for outcome in acrawl(*REFUSED, settings=SETTINGS, backend=backend):
                waiting.put_nowait(outcome)

        pumping = asyncio.create_task(pump())
        await waiting.get()
        await asyncio.wait_for(pumping, PATIENCE)  # the consumer is busy with the first one
        return waiting.qsize()

    assert asyncio.run(consume()) == PAGES - 1
