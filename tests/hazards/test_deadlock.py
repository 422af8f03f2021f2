"""Deadlock: everybody waits for a place that only somebody who waits could make.

The guards: what is under way is bounded by ``room``, not by the length of a queue, so that no ``put`` ever waits; and a
pipe to a dead worker is broken before its feeder thread is waited for.
"""

from __future__ import annotations

import fcntl
import multiprocessing
import queue
import struct
import termios
from typing import Any

from scraper.backends.processes import _Worker
from scraper.backends.threads import Threads
from scraper.core import Crawl, Turn
from scraper.engine import run
from scraper.model import Entry
from scraper.settings import Settings
from tests.hazards.apparatus import PATIENCE, everywhere, in_background, numbered, until, waiting_at
from tests.webs import Log

URLS = numbered("http://127.0.0.1", range(40))
SETTINGS = everywhere(capacity=4, per_host=len(URLS))


class Bounded(Threads):
    """Both queues hold four at most, against unbounded memory."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._inbox = queue.Queue(4)
        self._outbox: Any = queue.Queue(4)


class Roomless(Crawl):
    """Takes all that may be started, whether there is room for it or not."""

    def take(self, now: float, room: int) -> Turn[Entry]:
        return super().take(now, 1_000_000)


def crawl(core: type[Crawl], backend: Threads, store: Log) -> None:
    made = core(SETTINGS, lambda: 0.5)
    made.seed(URLS)
    for _ in run(made, backend, store):
        pass


def finishes(core: type[Crawl], backend: Threads) -> list[str]:
    """The URLs that are recorded in the end, if there is an end."""
    store = Log()
    thread = in_background(crawl, core, backend, store)
    thread.join(PATIENCE)
    if not thread.is_alive():  # or else no pill would find a place, either
        backend.close()
    return sorted(store.urls)


def test_room_keeps_even_bounded_queues_from_filling_up() -> None:
    assert finishes(Crawl, Bounded(SETTINGS)) == sorted(URLS)


def test_unbounded_queues_cannot_be_full() -> None:
    assert finishes(Roomless, Threads(SETTINGS)) == sorted(URLS)


def test_without_both_the_owner_and_all_workers_wait_for_each_other() -> None:
    store, backend = Log(), Bounded(SETTINGS)
    engine = in_background(crawl, Roomless, backend, store)
    inbox, outbox = backend._inbox, backend._outbox
    assert until(lambda: waiting_at(inbox.not_full) == 1 and waiting_at(outbox.not_full) == 4)
    assert inbox.full()
    assert outbox.full()
    assert engine.is_alive()
    assert store.urls == []  # four more were fetched than the outbox holds, and not one outcome was ever seen
    with outbox.mutex:  # the guard put back: the outbox has no bound any more
        outbox.maxsize = 1_000_000
        outbox.not_full.notify_all()
    engine.join(PATIENCE)
    backend.close()
    assert sorted(store.urls) == sorted(URLS)


def forsaken() -> _Worker:
    """The parent's side of a worker that died: more waits for it than a pipe holds, and nobody will read it."""
    worker = _Worker(0)
    worker.inbox = multiprocessing.get_context("spawn").JoinableQueue()
    worker.inbox._ignore_epipe = True  # type: ignore[attr-defined]
    for _ in range(100):
        worker.inbox.put(bytes(10_000))
    assert until(lambda: in_pipe(worker) > 50_000)
    return worker


def in_pipe(worker: _Worker) -> int:
    """Bytes that the feeder thread has written and nobody has read."""
    fileno = worker.inbox._reader.fileno()  # type: ignore[attr-defined]
    (count,) = struct.unpack("i", fcntl.ioctl(fileno, termios.FIONREAD, bytes(4)))
    return int(count)


def feeder(worker: _Worker) -> Any:
    return worker.inbox._thread  # type: ignore[attr-defined]


def test_a_put_for_a_worker_that_does_not_read_never_blocks() -> None:
    worker = forsaken()  # its puts have come back, although the pipe is full: the feeder thread waits, not the owner
    assert feeder(worker).is_alive()
    worker._let_go()


def test_a_feeder_whose_reader_is_dead_is_let_go() -> None:
    worker = forsaken()
    thread = feeder(worker)
    ended = in_background(worker._let_go)
    ended.join(PATIENCE)
    assert not ended.is_alive()
    assert not thread.is_alive()


def test_without_breaking_the_pipe_its_owner_waits_for_the_feeder_for_ever() -> None:
    """``close`` and ``join_thread`` alone: our own copy of the reading end keeps the full pipe whole."""
    worker = forsaken()
    inbox, thread = worker.inbox, feeder(worker)

    def let_go() -> None:
        inbox.close()
        inbox.join_thread()

    stuck = in_background(let_go)
    stuck.join(0.2)
    assert stuck.is_alive()  # for ever: whether it is 0.2 s or a day, there is no reader
    assert thread.is_alive()
    assert in_pipe(worker) > 50_000
    worker._let_go()  # the guard put back
    stuck.join(PATIENCE)
    assert not stuck.is_alive()
