"""What only worker processes can get wrong: waiting in the wrong place, standing still, a terminal's signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

import scraper
from scraper.backends import create
from scraper.backends.pace import Pace
from scraper.model import Failed, Fetched, Outcome, Reason, Request
from scraper.parse import Document
from scraper.settings import Limits, Politeness, Safety, Settings
from tests.server import Behaviour, ScriptedServer, ok, page, stall

SETTINGS = Settings(
    concurrency=16, workers=2, limits=Limits(connect=10.0, read=20.0, total=20.0), safety=Safety(private=True)
)
KINDS = ["processes", "hybrid"]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as made:
        yield made


@pytest.fixture(params=KINDS)
def backend(request: pytest.FixtureRequest) -> Iterator[Any]:
    made = create(request.param, SETTINGS)
    yield made
    made.close()


def ready(backend: Any) -> None:
    """Wait until all workers are."""
    while backend.capacity < SETTINGS.concurrency:
        backend.collect(0.1)


def arrivals(backend: Any, count: int) -> list[Outcome]:
    outcomes: list[Outcome] = []
    while len(outcomes) < count:
        outcomes += backend.collect(0.5)
    return outcomes


def together(count: int) -> Callable[[], Behaviour]:
    """Behaviours that answer only when ``count`` requests are there at the same time."""
    barrier = threading.Barrier(count)
    answer = ok()

    def behave(connection: Any) -> bool:
        barrier.wait(15)
        return answer(connection)

    return lambda: behave


def test_requests_of_one_round_are_fetched_side_by_side(backend: Any, server: ScriptedServer) -> None:
    make = together(SETTINGS.concurrency)
    ready(backend)
    for number in range(SETTINGS.concurrency):
        backend.submit(Request(server.script(f"/{number}", make())))
    outcomes = arrivals(backend, SETTINGS.concurrency)
    assert all(isinstance(outcome, Fetched) and outcome.status == 200 for outcome in outcomes)


def test_there_is_no_room_before_the_workers_are_ready(backend: Any) -> None:
    assert backend.capacity == 0
    ready(backend)
    assert backend.capacity == SETTINGS.concurrency


def test_a_worker_that_stands_still_is_replaced(backend: Any, server: ScriptedServer) -> None:
    ready(backend)
    backend._silence = 0.3
    backend.submit(Request(server.script("/", stall())))
    (worker,) = (worker for worker in backend._workers if worker.pending)
    os.kill(worker.process.pid, signal.SIGSTOP)
    (lost,) = arrivals(backend, 1)
    assert isinstance(lost, Failed)
    assert lost.reason is Reason.LOST
    backend._silence = 60.0
    backend.submit(Request(server.script("/good", ok())))
    (found,) = arrivals(backend, 1)
    assert isinstance(found, Fetched)


def killing(found: Document) -> None:
    """A user's function that takes its worker with it."""
    if found.url.endswith("/poison"):
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_that_kills_takes_no_other_with_it(kind: str, server: ScriptedServer) -> None:
    server.script("/poison", page("<title>x</title>"))
    urls = [server.script(f"/{number}", slow) for number in range(15)]
    outcomes = scraper.crawl(
        *urls, server.url("/poison"), depth=0, backend=kind, parse=f"{__name__}:killing", delay=0.0, per_host=16
    )
    failed = [outcome for outcome in outcomes if not isinstance(outcome, Fetched)]
    assert [(outcome.url, outcome.reason) for outcome in failed] == [(server.url("/poison"), Reason.LOST)]


def slow(connection: Any) -> bool:
    """An answer that is still to come when a worker is killed."""
    threading.Event().wait(0.3)
    return ok()(connection)


@pytest.mark.parametrize("kind", KINDS)
def test_a_closed_stderr_costs_no_page(kind: str, server: ScriptedServer) -> None:
    url = server.script("/", ok())
    command = [sys.executable, "-m", "scraper", "crawl", url, "--backend", kind]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" 2>&-', "sh", *command], stdout=subprocess.PIPE, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout.split()[0]) == (0, "200")


def test_a_host_with_a_delay_never_leaves_its_worker() -> None:
    settings = msgspec.structs.replace(SETTINGS, politeness=Politeness(per_host=16, delay=0.001))
    backend: Any = create("hybrid", settings)
    try:
        homes = {id(backend._choose(Request("http://a.test/", delay=0.001))) for _ in range(50)}
        for number in range(20):
            backend.submit(Request(f"http://a.test/{number}", delay=0.001))
        assert {id(backend._choose(Request("http://a.test/", delay=0.001)))} == homes
        assert sorted(len(worker.pending) for worker in backend._workers) == [0, 20]
    finally:
        backend.close()


def test_pace_holds_back_what_comes_too_early() -> None:
    pace = Pace()
    one, two, other = (Request(url, delay=2.0) for url in ("http://a/1", "http://a/2", "http://b/"))
    assert pace.pause(one, 10.0) == 0.0
    assert pace.pause(other, 10.5) == 0.0
    assert pace.pause(two, 10.5) == 1.5
    assert pace.pause(two, 11.5) == 0.5  # nothing is reserved: who asks first when it is time goes first
    assert pace.pause(two, 12.0) == 0.0
    assert pace.pause(one, 12.0) == 2.0


def test_pace_holds_nothing_where_there_is_no_delay() -> None:
    pace = Pace()
    assert [pace.pause(Request("http://a/"), 1.0) for _ in range(3)] == [0.0, 0.0, 0.0]
