"""Workers are lent to threads: for a host one that has connections to it."""

from __future__ import annotations

import pytest

from scraper.backends import create
from scraper.backends.worker import Shed, Worker
from scraper.model import Fetched, Request
from scraper.settings import Politeness, Settings
from tests.hazards.apparatus import everywhere, gather
from tests.server import ClosedPort, ScriptedServer, page

A, B = Request("http://a.test/1"), Request("http://b.test/")


def test_who_knows_a_host_is_taken_for_it() -> None:
    first, second = Worker(Settings()), Worker(Settings())
    shed = Shed([first, second])
    assert shed.take(A) is first
    assert shed.take(A) is second  # nobody who knows it is idle
    shed.put(first)
    shed.put(second)
    assert [shed.take(Request("http://a.test/2")), shed.take(A)] == [second, first]  # who came to know it last


def test_for_a_new_host_who_has_been_idle_longest_is_taken() -> None:
    first, second = Worker(Settings()), Worker(Settings())
    shed = Shed([first, second])
    shed.put(shed.take(A))
    assert shed.take(B) is second


def test_one_is_closed_for_each_that_ends() -> None:
    closed: list[Worker] = []

    class Closing(Worker):
        def close(self) -> None:
            closed.append(self)

    workers = [Closing(Settings()) for _ in range(3)]
    shed = Shed(workers)
    for _ in workers:
        shed.close_one()
    assert len(set(closed)) == 3


@pytest.mark.parametrize("name", ["threads", "processes"])
def test_threads_do_not_each_connect_to_every_host(name: str) -> None:
    """Four threads in one process, twelve pages one after the other: one connection carries them all."""
    with ScriptedServer() as server, ClosedPort() as nobody:
        urls = [server.script(f"/{number}", page("<title>t</title>")) for number in range(12)]
        settings = everywhere(capacity=4, private=True)
        backend = create(name, Settings(safety=settings.safety, politeness=Politeness(), concurrency=4, workers=1))
        try:
            while backend.capacity < 4:
                backend.collect(0.05)
            for number in range(4):  # so that all threads are there
                backend.submit(Request(nobody.url(f"/{number}")))
            gather(backend, 4)
            for url in urls:
                backend.submit(Request(url))
                (outcome,) = gather(backend, 1)
                assert isinstance(outcome, Fetched)
        finally:
            backend.close()
        assert server.connections == 1
