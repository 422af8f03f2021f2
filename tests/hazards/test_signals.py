"""A signal comes between any two instructions of the main thread: in the middle of a write, and inside a lock too.

The guards: a handler only says what is wanted. It raises nothing but where the engine waits, and waits for no lock.
"""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from scraper import Simulated, Web
from scraper.backends.threads import Threads
from scraper.core import Crawl
from scraper.model import Entry, Fetched
from scraper.run import Run, _BrokenOff
from tests.hazards.apparatus import PATIENCE, everywhere, numbered

ANYTHING = Web.of(lambda request: Fetched(request, 200))


@pytest.fixture
def handle() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Say what is to be done when the signal comes."""
    before = signal.getsignal(signal.SIGUSR2)
    yield lambda work: (signal.signal(signal.SIGUSR2, lambda *_: work()), None)[1]
    signal.signal(signal.SIGUSR2, before)


class Halves:
    """A store that writes each record in two halves; a signal comes in between."""

    def __init__(self) -> None:
        self.halves = 0

    def write(self, entries: Sequence[Entry]) -> None:
        for _ in entries:
            self.halves += 1
            signal.raise_signal(signal.SIGUSR2)
            self.halves += 1

    def close(self) -> None:
        pass


def interrupted() -> Run[Entry]:
    """A run whose first record a signal will come into, on a backend that does its visits itself."""
    crawl = Crawl(everywhere(), lambda: 0.5)
    crawl.seed(numbered("http://a.test", range(3)))
    return Run(crawl, Simulated(ANYTHING, capacity=1), Halves())


def halves(run: Run[Entry]) -> int:
    store: Any = run.store
    return int(store.halves)


def test_a_break_off_lets_the_store_finish_what_it_writes(handle: Any) -> None:
    run = interrupted()
    handle(run.break_off)
    assert sum(len(entries) for entries in run.rounds()) == 1  # and then no more
    assert halves(run) == 2


def test_without_looking_where_it_strikes_a_break_off_tears_the_record(handle: Any) -> None:
    run = interrupted()

    def strike() -> None:
        raise _BrokenOff

    handle(strike)
    assert list(run.rounds()) == []
    assert halves(run) == 1


class Striking(Simulated):
    """A backend whose wait a signal comes into."""

    def collect(self, timeout: float) -> list[Any]:
        signal.raise_signal(signal.SIGUSR2)
        return super().collect(timeout)


def test_where_the_engine_waits_it_strikes_at_once(handle: Any) -> None:
    run = interrupted()
    run.backend = Striking(ANYTHING, capacity=1)
    handle(run.break_off)
    assert list(run.rounds()) == []
    assert halves(run) == 0
    assert run.stopped


def test_what_a_crawl_is_doing_is_told_past_the_lock(handle: Any) -> None:
    """On SIGUSR1; the signal may come in the middle of a put, whose lock its own thread holds then."""
    backend = Threads(everywhere())
    mutex = backend._inbox.mutex
    told: list[str] = []
    handle(lambda: told.extend(backend.describe()))
    rescue = threading.Timer(PATIENCE, mutex.release)  # or else this test would never end
    rescue.start()
    mutex.acquire()
    signal.raise_signal(signal.SIGUSR2)
    assert mutex.locked()
    rescue.cancel()
    mutex.release()
    rescue.join()
    assert told == ["threads: 0 of 16 started, 0 requests queued"]


def test_without_care_for_locks_a_handler_waits_for_its_own_thread(handle: Any) -> None:
    """``Queue.qsize``, ``put`` and ``get`` all begin by taking it."""
    inbox: queue.Queue[str] = queue.Queue()
    came: list[bool] = []
    handle(lambda: came.append(inbox.mutex.acquire(timeout=0.05)))
    with inbox.mutex:
        signal.raise_signal(signal.SIGUSR2)
    assert came == [False]  # without the timeout it would wait for ever


def test_a_stop_waits_for_nothing(handle: Any) -> None:
    run = interrupted()
    handle(run.stop)
    before = threading.active_count()
    assert sum(len(entries) for entries in run.rounds()) == 1
    assert run.stopped
    assert threading.active_count() <= before  # of tests before this one, some may have ended
