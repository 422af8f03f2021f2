"""A worker is killed while it holds the lock of the queue that all read from: the others never read again.

It need not even be at work: a reader holds the lock of a ``multiprocessing.Queue`` while it waits for the next item, so
that the idle one is the one that takes the queue with it. The guards: one queue a worker, so that a lock dies with the
only one who needs it; and the end of its pipe tells that a worker is dead, so that what it had in hand is ``LOST``, and
tried again.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from scraper.backends.processes import Processes, _Worker
from scraper.core import Crawl
from scraper.engine import run
from scraper.model import Fetched, Request
from tests.hazards.apparatus import everywhere, gather, until
from tests.server import ScriptedServer, ask_for_more, ok, stall
from tests.webs import Log

SETTINGS = everywhere(capacity=2, private=True)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as made:
        yield made


class Sharing(_Worker):
    """The parent's side of a worker that reads from the same queue as all others, as the textbook's pool does."""

    queue: Any

    @property
    def inbox(self) -> Any:
        return self.queue

    @inbox.setter
    def inbox(self, own: Any) -> None:
        """The queue that was made for it alone is not used."""

    def _let_go(self) -> None:
        """The others still need the queue."""


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """One queue for the workers of all backends that are made from here on."""
    Sharing.queue = multiprocessing.get_context("spawn").JoinableQueue()
    monkeypatch.setattr("scraper.backends.processes._Worker", Sharing)
    yield Sharing.queue
    Sharing.queue.close()
    Sharing.queue.join_thread()


def is_held(inbox: Any) -> bool:
    """Whether somebody holds the lock of those who read."""
    return bool(inbox._rlock._semlock._is_zero())


def pid(worker: _Worker) -> int:
    assert worker.process is not None
    assert worker.process.pid is not None
    return worker.process.pid


def ready(backend: Processes, workers: int) -> None:
    assert until(lambda: not backend.collect(0.01) and backend.capacity == workers)


def kill_the_first_reader(backend: Processes) -> Any:
    """Kill a worker that waits for work, with another beside it; it is replaced. Gives the queue that it had."""
    first, second = backend._workers
    backend._workers = [first]  # alone, so that it is the one that holds the lock
    ready(backend, 1)
    inbox = first.inbox
    assert until(lambda: is_held(inbox))
    backend._workers = [first, second]
    ready(backend, 2)
    os.kill(pid(first), signal.SIGKILL)
    assert until(lambda: not backend.collect(0.01) and backend.capacity < 2)
    ready(backend, 2)
    return inbox


def submit_two(backend: Processes, server: ScriptedServer) -> None:
    for number in range(2):
        backend.submit(Request(server.script(f"/{number}", ok())))


def test_the_lock_that_a_killed_worker_held_is_nobody_elses(server: ScriptedServer) -> None:
    backend = Processes(SETTINGS)
    try:
        inbox = kill_the_first_reader(backend)
        assert is_held(inbox)  # for ever; but nobody reads from there any more
        submit_two(backend, server)
        assert [type(outcome) for outcome in gather(backend, 2)] == [Fetched] * 2
    finally:
        backend.close()


def test_without_a_queue_of_its_own_a_killed_worker_locks_out_all_others(server: ScriptedServer, shared: Any) -> None:
    backend = Processes(SETTINGS)
    try:
        inbox = kill_the_first_reader(backend)
        submit_two(backend, server)
        assert backend.collect(0.2) == []
        assert not inbox._rlock.acquire(timeout=0.1)  # two workers are alive and well, and none of them holds it
        assert inbox.qsize() == 2
        inbox._rlock.release()  # what the dead one never did; any process may
        assert until(lambda: server.hits["/0"] == server.hits["/1"] == 1)
    finally:
        backend.close()


class Killing:
    """A crawl of six pages on two workers; the one that has the first page in hand is killed once."""

    def __init__(self, server: ScriptedServer, backend: Processes) -> None:
        self.urls = [server.script(f"/{number}", ok()) for number in range(6)]
        server.script("/0", ask_for_more(stall(), ok()))
        self.crawl, self.store, self.victim = Crawl(SETTINGS, lambda: 0.5), Log(), 0
        self._server, self._backend = server, backend
        self.crawl.seed(self.urls)

    def rounds(self) -> Iterator[None]:
        for _ in run(self.crawl, self._backend, self.store):
            if self._server.hits["/0"] == 1 and not self.victim:
                (worker,) = [worker for worker in self._backend._workers if self.urls[0] in worker.pending]
                self.victim = pid(worker)
                os.kill(self.victim, signal.SIGKILL)
            yield


def test_what_a_killed_worker_had_in_hand_is_tried_again(server: ScriptedServer) -> None:
    """The whole design: the worker is dead, its request comes back as lost, and the core has it tried again."""
    backend = Processes(SETTINGS)
    killing = Killing(server, backend)
    with contextlib.closing(backend):
        assert all(True for _ in killing.rounds())
    assert sorted(killing.store.urls) == sorted(killing.urls)
    assert all(isinstance(outcome, Fetched) for outcome in killing.store.pages())
    assert killing.store[killing.urls[0]].request.attempt == 2


def replaced(backend: Processes, victim: int) -> bool:
    return backend.capacity == 2 and all(pid(worker) != victim for worker in backend._workers)


class Heartless(Processes):
    """Replaces dead workers, and does not ask what they had in hand."""

    def _mourn(self, worker: _Worker) -> None:
        worker.bury()


def test_without_an_outcome_for_the_lost_request_the_crawl_never_ends(server: ScriptedServer) -> None:
    backend = Heartless(SETTINGS)
    killing = Killing(server, backend)
    with contextlib.closing(backend):
        rounds = killing.rounds()
        assert until(lambda: next(rounds) or (len(killing.store.urls) == 5 and replaced(backend, killing.victim)))
        assert backend.collect(0.1) == []  # both workers are alive, and idle
        assert (killing.crawl.in_flight, killing.crawl.wakeup(), killing.crawl.done) == (1, None, False)
        assert server.hits["/0"] == 1
