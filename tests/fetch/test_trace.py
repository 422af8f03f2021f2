"""Whose time is whose: what our own loop was late is not the server's."""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
import sys
import time
from collections.abc import Callable

import pytest

from scraper.fetch.asyncio import AsyncFetcher
from scraper.fetch.trace import Trace
from scraper.model import Fetched, Outcome, Probe, Request
from scraper.visit import visit_async
from tests.fetch.conftest import ANYWHERE, body_as_page
from tests.fetch.test_probe import adds_up, evidence
from tests.fetch.test_tls import CERTS, ROOMY, TRUSTING, tls_server
from tests.server import Behaviour, ScriptedServer, ok

uvloop = pytest.importorskip("uvloop")
LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]
linux = pytest.mark.skipif(sys.platform != "linux", reason="only there the kernel knows better")


def test_phases_and_what_lies_between() -> None:
    trace = Trace()
    trace.enter("dns")
    trace.leave()
    trace.leave()  # of none
    trace.enter("connect")
    trace.enter("first")  # the one before is over
    trace.whole()
    ended = time.perf_counter()
    found = trace.evidence(ended)
    phases = found.dns_us + found.connect_us + found.tls_us + found.first_us + found.body_us
    assert found.own_us + phases == int((ended - trace.watch.began) * 1e6)


def test_a_phase_that_was_under_way_ends_with_the_whole() -> None:
    trace = Trace()
    trace.enter("tls")
    ended = time.perf_counter() + 5.0
    assert 4_900_000 < trace.evidence(ended).tls_us <= 5_100_000


def test_no_lag_makes_a_phase_negative() -> None:
    trace = Trace()
    trace.enter("first")
    trace.leave(lag=100.0)
    assert trace.evidence(time.perf_counter()).first_us == 0
    trace.enter("dns")
    trace.looked_up(seconds=100.0)
    assert trace.evidence(time.perf_counter()).own_us >= 0


def test_the_address_is_that_of_the_connection_and_not_of_the_last_try() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        trace = Trace()
        trace.enter("connect")
        trace.tried("127.0.0.1")
        with socket.create_connection(listener.getsockname()) as sock:
            trace.tried("192.0.2.1")  # the race had begun when the first one won it
            trace.connected(sock)
    assert trace.evidence(time.perf_counter()).address == "127.0.0.1"


def probed(make: Callable[[], asyncio.AbstractEventLoop], url: str, held_up: asyncio.Event) -> Outcome:
    """The outcome of a probe of ``url`` on a loop that stands still for a second as soon as ``held_up`` is set."""

    async def hold_up() -> None:
        await held_up.wait()
        time.sleep(1.0)  # noqa: ASYNC251  # that is the point

    async def run() -> Outcome:
        fetcher = AsyncFetcher(ROOMY, TRUSTING, ANYWHERE)
        holding = asyncio.create_task(hold_up())
        try:
            outcome = await visit_async(fetcher, body_as_page, Request(url, probe=Probe()), time.perf_counter())
            await holding
        finally:
            await fetcher.close()
        return outcome

    loop = make()
    try:
        return loop.run_until_complete(run())
    finally:
        loop.close()


def telling(held_up: asyncio.Event, make: list[asyncio.AbstractEventLoop], then: Behaviour) -> Behaviour:
    """Let the loop stand still, and answer half a second later, while it does."""

    def behave(connection: socket.socket) -> bool:
        make[0].call_soon_threadsafe(held_up.set)
        time.sleep(0.5)
        return then(connection)

    return behave


@linux
@pytest.mark.parametrize("make", LOOPS)
@pytest.mark.parametrize("secure", [False, True])
def test_what_the_loop_was_late_is_ours(make: Callable[[], asyncio.AbstractEventLoop], secure: bool) -> None:
    held_up, loops = asyncio.Event(), list[asyncio.AbstractEventLoop]()

    def made() -> asyncio.AbstractEventLoop:
        loops.append(make())
        return loops[0]

    with tls_server() if secure else ScriptedServer() as server:
        url = server.script("/", telling(held_up, loops, ok()))
        outcome = probed(made, url, held_up)
    assert isinstance(outcome, Fetched), outcome
    adds_up(outcome)
    found = evidence(outcome)
    assert found.first_us >= 480_000
    assert found.own_us >= 200_000  # of half a second: the server may have been late itself


class LateHandshake(ScriptedServer):
    """Lets the loop stand still when a connection says its first word, and answers half a second later."""

    held_up: asyncio.Event
    loop: asyncio.AbstractEventLoop

    def _serve(self, connection: socket.socket) -> None:
        select.select([connection], [], [], 10.0)
        self.loop.call_soon_threadsafe(self.held_up.set)
        time.sleep(0.5)
        super()._serve(connection)


@linux
@pytest.mark.parametrize("make", LOOPS)
def test_a_loop_that_is_late_for_the_handshake_too(make: Callable[[], asyncio.AbstractEventLoop]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / "server.pem")
    server = LateHandshake(context)
    server.held_up = asyncio.Event()

    def made() -> asyncio.AbstractEventLoop:
        server.loop = make()
        return server.loop

    with server:
        outcome = probed(made, server.script("/", ok()), server.held_up)
    assert isinstance(outcome, Fetched), outcome
    adds_up(outcome)
    assert evidence(outcome).tls_us >= 480_000
    assert evidence(outcome).own_us >= 200_000
