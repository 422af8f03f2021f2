"""The asyncio side on loops as backends use them."""

from __future__ import annotations

import asyncio
import gc
import socket
import struct
import time
from collections.abc import Callable
from types import SimpleNamespace

import msgspec
import pytest

from scraper.fetch.asyncio import AsyncFetcher, _Sweeper
from scraper.fetch.errors import FetchError
from scraper.fetch.protocol import Flight, Protocol
from scraper.model import Outcome, Request
from scraper.settings import Identity, Limits
from scraper.visit import visit_async
from tests.fetch.conftest import ANYWHERE, LIMITS, body_as_page, word
from tests.server import ScriptedServer, ask_for_more, ok, stall

uvloop = pytest.importorskip("uvloop")
LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


class Pumped:
    """A loop that turns only while :meth:`pump` is called."""

    def __init__(self, make: Callable[[], asyncio.AbstractEventLoop], limits: Limits = LIMITS) -> None:
        self.loop = make()
        self.fetcher = AsyncFetcher(limits, Identity(), ANYWHERE)
        self.outcomes: list[Outcome] = []
        self.tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    def submit(self, url: str) -> None:
        self.tasks.append(self.loop.create_task(self._visit(Request(url))))

    async def _visit(self, request: Request) -> None:
        self.outcomes.append(await visit_async(self.fetcher, body_as_page, request, time.perf_counter()))
        self._stop()

    def _stop(self) -> None:
        """Once a turn: a second stop() is what uvloop's next run begins with."""
        if not self._stopping:
            self._stopping = True
            self.loop.stop()

    def pump(self, seconds: float) -> None:
        self._stopping = False
        timer = self.loop.call_later(seconds, self._stop)
        self.loop.run_forever()
        timer.cancel()

    def finish(self) -> list[str]:
        while len(self.outcomes) < len(self.tasks):
            self.pump(0.01)
        return [word(outcome) for outcome in self.outcomes]

    def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*self.tasks, return_exceptions=True))
        self.loop.run_until_complete(self.fetcher.close())
        assert not asyncio.all_tasks(self.loop)
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        gc.collect()  # what was left open would warn here, and warnings are errors


@pytest.mark.parametrize("make", LOOPS)
def test_pumped_now_and_then(server: ScriptedServer, make: Callable[[], asyncio.AbstractEventLoop]) -> None:
    url = server.script("/", ok())
    pumped = Pumped(make)
    for _ in range(20):
        pumped.submit(url)
        pumped.pump(0.001)
        time.sleep(0.005)
    assert pumped.finish() == ["200"] * 20
    pumped.close()


@pytest.mark.parametrize("make", LOOPS)
def test_time_without_pumping_is_not_held_against_servers(
    server: ScriptedServer, make: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    pumped = Pumped(make)
    pumped.submit(server.script("/", ok()))
    pumped.pump(0.001)
    time.sleep(LIMITS.total + 0.2)
    assert pumped.finish() == ["200"]
    pumped.close()


def test_stalls_at_every_turn_are_not_held_against_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """An owner who works a fifth of the limit between any two turns takes the time, and not the server."""
    clock = SimpleNamespace(now=0.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr("scraper.fetch.asyncio.time", clock)
    monkeypatch.setattr("scraper.fetch.protocol.time", clock)

    async def run() -> tuple[int, int]:
        task = asyncio.create_task(asyncio.sleep(60))
        flight = Flight(task, 10.0)
        sweeper = _Sweeper(Limits(connect=1.0, read=2.0, total=10.0), {task: flight})
        sweeper.watch(flight)
        cancelled = []
        for turns in (20, 50):
            for _ in range(turns):
                clock.now += 0.19
                sweeper._sweep()
            cancelled.append(task.cancelling())
        sweeper.stop()
        return cancelled[0], cancelled[1]

    assert asyncio.run(run()) == (0, 1)


@pytest.mark.parametrize("make", LOOPS)
def test_second_try_is_forgiven_what_the_first_was(
    server: ScriptedServer, make: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    def late(connection: socket.socket) -> bool:
        time.sleep(0.15)
        return ok()(connection)

    url = server.script("/", ask_for_more(ok(), late_close, late))
    pumped = Pumped(make)
    pumped.submit(url)
    assert pumped.finish() == ["200"]
    pumped.submit(url)
    pumped.pump(0.02)
    time.sleep(LIMITS.total + 0.2)
    assert pumped.finish() == ["200", "200"]
    pumped.close()


def late_close(connection: socket.socket) -> bool:
    """Take the request, and close a while later without a word."""
    time.sleep(0.1)
    return False


@pytest.mark.parametrize("make", LOOPS)
def test_close_in_the_middle(server: ScriptedServer, make: Callable[[], asyncio.AbstractEventLoop]) -> None:
    pumped = Pumped(make, msgspec.structs.replace(LIMITS, read=30.0, total=60.0))
    for _ in range(5):
        pumped.submit(server.script("/", stall(b"HTTP/1.1 200 OK\r\n\r\nhello")))
    pumped.pump(0.05)
    pumped.close()
    assert not pumped.outcomes
    assert all(task.cancelled() for task in pumped.tasks)


@pytest.mark.parametrize("make", LOOPS)
def test_many_timeouts_at_once(server: ScriptedServer, make: Callable[[], asyncio.AbstractEventLoop]) -> None:
    url = server.script("/", stall())
    pumped = Pumped(make)
    for _ in range(30):
        pumped.submit(url)
    assert pumped.finish() == ["timeout"] * 30
    pumped.close()


def test_cancelled_by_nobody() -> None:
    """A future that is cancelled inside the library must not pass for the end of the task."""

    async def land() -> None:
        task = asyncio.current_task()
        assert task is not None
        with pytest.raises(FetchError, match="inside the HTTP library"):
            Flight(task, 0.0).land()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(0)
        Flight(task, 0.0).land()

    asyncio.run(land())


@pytest.mark.parametrize("make", LOOPS)
def test_a_server_that_resets_at_once_leaves_no_address_and_no_trouble(
    make: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """The system knows no peer of such a connection any more; what a protocol raises goes to stderr."""
    told: list[object] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: told.append(context))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            connection = socket.create_connection(listener.getsockname())
            accepted, _ = listener.accept()
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            accepted.close()
            connection.setblocking(False)
            await loop.create_connection(lambda: Protocol(loop, {}, LIMITS, {}, straight=True), sock=connection)
            await asyncio.sleep(0.01)

    loop = make()
    loop.run_until_complete(run())
    loop.close()
    assert told == []


def test_close_without_a_fetch() -> None:
    asyncio.run(AsyncFetcher(LIMITS, Identity(), ANYWHERE).close())


def test_closing_twice(server: ScriptedServer) -> None:
    async def run() -> None:
        fetcher = AsyncFetcher(LIMITS, Identity(), ANYWHERE)
        await fetcher.fetch(Request(server.script("/", ok())))
        await fetcher.close()
        await fetcher.close()

    asyncio.run(run())
