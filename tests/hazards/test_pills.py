"""Poison pills: the message that ends a worker. With one too few, somebody waits for ever.

The guards: a pill for each thread, behind all work; that is broken off first, so that the pill is reached at once; no
exception ends a worker before its pill does.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from scraper.backends.processes import Processes, _Worker
from scraper.backends.threads import Threads
from scraper.model import Failed, Outcome, Reason, Request
from scraper.visit import conclude
from tests.hazards.apparatus import PATIENCE, everywhere, until, waiting_at
from tests.server import ClosedPort, ScriptedServer, ok

SETTINGS = everywhere(capacity=4, private=True)
ONE_PROCESS = msgspec.structs.replace(SETTINGS, workers=1)


class OneShort(Threads):
    """Has a pill for all threads but one."""

    def close(self) -> None:
        self._threads.pop()
        super().close()


def idle(backend: Threads) -> list[threading.Thread]:
    """The four threads of ``backend``, when all of them wait for work."""
    for _ in range(4):
        backend._start()
    assert until(lambda: waiting_at(backend._inbox.not_empty) == 4)
    return [*backend._threads]


def alive(threads: list[threading.Thread]) -> int:
    return sum(thread.is_alive() for thread in threads)


def test_a_pill_for_each_thread_ends_them_all() -> None:
    backend = Threads(SETTINGS)
    threads = idle(backend)
    backend.close()
    assert alive(threads) == 0
    assert backend._inbox.empty()


def test_without_one_of_the_pills_a_thread_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scraper.backends.threads._GRACE", 0.05)
    backend = OneShort(SETTINGS)
    threads = idle(backend)
    backend.close()
    assert until(lambda: alive(threads) == 1)
    assert waiting_at(backend._inbox.not_empty) == 1
    assert backend._inbox.empty()  # and nobody is left who would put anything in
    backend._inbox.put(None)
    assert until(lambda: alive(threads) == 0)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as made:
        yield made


class Busy:
    """One thread, which waits for the answer to its first request; two more are queued."""

    def __init__(self, server: ScriptedServer) -> None:
        self.answer = threading.Event()
        self.backend = Threads(everywhere(capacity=1, private=True))
        self._server = server
        for number in range(3):
            self.backend.submit(Request(server.script(f"/{number}", self._behave)))
        assert until(lambda: server.hits["/0"])
        (self.thread,) = self.backend._threads

    def _behave(self, connection: Any) -> bool:
        self.answer.wait(PATIENCE)
        return ok()(connection)

    @property
    def asked(self) -> list[int]:
        return [self._server.hits[f"/{number}"] for number in range(3)]


def test_the_pill_is_reached_at_once_since_what_is_before_it_is_broken_off(server: ScriptedServer) -> None:
    busy = Busy(server)
    busy.backend.close()
    assert not busy.thread.is_alive()  # although the server has not answered
    assert busy.asked == [1, 0, 0]
    busy.answer.set()


def test_without_breaking_off_the_pill_waits_behind_all_work(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scraper.backends.threads._GRACE", 0.05)
    monkeypatch.setattr("scraper.backends.worker.Worker.abort", lambda worker: None)
    busy = Busy(server)
    busy.backend.close()
    assert busy.thread.is_alive()  # the crawl is over, and its threads go on asking
    busy.answer.set()
    busy.thread.join(PATIENCE)
    assert not busy.thread.is_alive()
    assert busy.asked == [1, 1, 1]


def fetch_from_nobody(backend: Threads) -> list[Outcome]:
    with ClosedPort() as nobody, contextlib.closing(backend):
        backend.submit(Request(nobody.url()))
        assert until(lambda: backend._outbox.qsize() == 1 or not alive(backend._threads))
        return backend.collect(0)


def test_whatever_happens_to_a_request_its_worker_lives_on() -> None:
    backend = Threads(SETTINGS)
    (outcome,) = fetch_from_nobody(backend)
    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.CONNECT
    assert backend._inbox.unfinished_tasks == 0


def test_without_that_an_exception_ends_the_worker_and_nobody_hears_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def raising(fetcher: Any, parse: Any, request: Request, submitted: float) -> Outcome:
        return conclude(parse, request, fetcher.fetch(request))

    died: list[str] = []
    monkeypatch.setattr("scraper.backends.worker.visit", raising)
    monkeypatch.setattr(threading, "excepthook", lambda death: died.append(death.exc_type.__name__))
    backend = Threads(SETTINGS)
    assert fetch_from_nobody(backend) == []
    assert len(died) == 1
    assert backend._inbox.unfinished_tasks > 0  # for this one ``Queue.join`` would wait for ever


class OneShortEach(Processes):
    """Has a pill for all threads of a worker but one."""

    def close(self) -> None:
        self._share -= 1
        super().close()


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How worker processes have ended."""
    ends: list[str] = []
    bury = _Worker.bury

    def burying(worker: _Worker) -> str:
        ends.append(bury(worker))
        return ends[-1]

    monkeypatch.setattr(_Worker, "bury", burying)
    return ends


def start_and_close(backend: Processes) -> None:
    before = multiprocessing.active_children()
    with contextlib.closing(backend):
        assert until(lambda: not backend.collect(0.01) and backend.capacity == 4)
    assert set(multiprocessing.active_children()) <= set(before)


def test_processes_end_by_a_pill_for_each_of_their_threads(ends: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scraper.backends.processes._GRACE", PATIENCE)  # a machine may be slow
    start_and_close(Processes(ONE_PROCESS))
    assert ends == ["the worker ended with code 0"]


def test_without_one_of_the_pills_processes_must_be_killed(ends: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left then is the last guard: patience, and a kill."""
    monkeypatch.setattr("scraper.backends.processes._GRACE", 0.1)
    start_and_close(OneShortEach(ONE_PROCESS))
    assert ends == ["the worker was killed by signal 9"]
