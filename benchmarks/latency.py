"""``make bench-latency``: whether the time of a server is its own, however many probes are in flight.

A server of known latency, in a process of its own, is probed at 10, 100 and 1,000 targets at once, all of them in
flight together, on each backend. What one probe says of the server must not depend on how many others there are: the
drift is how far the median of the server's time lies from that with 10 targets. The server measures its own delay from
a request's arrival to the answer, so that what it was late itself, having no core to run on, is not taken for ours.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import ssl
import statistics
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, cast

import uvloop

from scraper.backends import create
from scraper.backends.base import Backend
from scraper.fetch.kernel import ask, lag_of_arrival
from scraper.model import Fetched, Outcome, Probe, Request
from scraper.settings import Identity, Limits, Safety, Settings
from scraper.tuning import raise_file_limit

__all__ = ["Server", "Sight", "main", "probe"]

CERTS = Path(__file__).parent.parent / "tests" / "fetch" / "certs"
PORTS = 16
ONE_BY_ONE = 20
"""Probes that are made one after the other, to hold their sum against a clock outside."""


class Sight(NamedTuple):
    """What a burst of probes saw; times are milliseconds.

    :ivar first, server: of each answer, from the request to the first byte, and all phases.
    :ivar own: what was ours of each, besides waiting for a worker.
    :ivar gap: the most by which phases and own time differ from the whole.
    :ivar failed: how many probes came to no answer.
    """

    first: list[float]
    server: list[float]
    own: list[float]
    gap: float
    failed: int


class Server:
    """Answers each request after ``latency`` seconds while the ``with`` block lasts.

    :ivar ports: where it listens.
    """

    def __init__(self, latency: float, *, tls: bool = False) -> None:
        self._scheme = "https" if tls else "http"
        self._args = latency, tls

    def __enter__(self) -> Self:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, *self._args), daemon=True)
        self._process.start()
        theirs.close()
        self.ports: list[int] = self._pipe.recv()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._pipe.send(False)
        self._process.join(10)
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def urls(self, count: int) -> list[str]:
        """As many different URLs, on all ports."""
        return [f"{self._scheme}://127.0.0.1:{self.ports[n % PORTS]}/{n}" for n in range(count)]

    def delays(self) -> list[float]:
        """Milliseconds from the arrival to the answer of each request since the last call."""
        self._pipe.send(True)
        found: list[float] = self._pipe.recv()
        return found


class _Answering(asyncio.Protocol):
    def __init__(self, latency: float, delays: list[float]) -> None:
        self._latency, self._delays = latency, delays

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"\r\n\r\n"):
            came = time.perf_counter() - lag_of_arrival(ask(self._transport.get_extra_info("socket")))
            asyncio.get_running_loop().call_later(self._latency, self._answer, came)

    def _answer(self, came: float) -> None:
        self._transport.write(_ANSWER)
        self._delays.append((time.perf_counter() - came) * 1e3)


_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n"


def _serve(pipe: Connection, latency: float, tls: bool) -> None:
    raise_file_limit()
    uvloop.run(_listen(pipe, latency, tls))


async def _listen(pipe: Connection, latency: float, tls: bool) -> None:
    loop, delays, over = asyncio.get_running_loop(), list[float](), asyncio.Event()

    def told() -> None:
        if not pipe.recv():
            over.set()
            return
        pipe.send(delays[:])
        delays.clear()

    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTS / "server.pem")
    make = [
        loop.create_server(lambda: _Answering(latency, delays), "127.0.0.1", 0, backlog=4_096, ssl=context)
        for _ in range(PORTS)
    ]
    servers = await asyncio.gather(*make)
    loop.add_reader(pipe.fileno(), told)
    pipe.send([server.sockets[0].getsockname()[1] for server in servers])
    await over.wait()


def probe(name: str, urls: Sequence[str]) -> Sight:
    """Probe all of ``urls`` at once on the backend called ``name``."""
    backend = create(name, _settings(len(urls)))
    try:
        _warm_up(backend, len(urls))
        for url in urls:
            backend.submit(Request(url, probe=Probe()))
        outcomes: list[Outcome] = []
        while len(outcomes) < len(urls):
            outcomes += backend.collect(1.0)
    finally:
        backend.close()
    return _sight(outcomes)


def outside(name: str, urls: Sequence[str]) -> list[float]:
    """Milliseconds by which a clock around the backend says more than a probe does, one probe at a time."""
    backend = create(name, _settings(2))
    more: list[float] = []
    try:
        _warm_up(backend, 1)
        for url in urls:
            began = time.perf_counter()
            backend.submit(Request(url, probe=Probe()))
            while not (outcomes := backend.collect(1.0)):
                pass
            more.append((time.perf_counter() - began) * 1e3 - _sum(outcomes[0]))
    finally:
        backend.close()
    return more


def _settings(count: int) -> Settings:
    return Settings(
        concurrency=count,
        workers=2,
        safety=Safety(private=True),
        limits=Limits(connect=60.0, read=60.0, total=60.0),
        identity=Identity(ca_file=str(CERTS / "ca.pem")),
    )


def _warm_up(backend: Backend, count: int) -> None:
    """Wait until the workers are there."""
    while backend.capacity < count:
        backend.collect(0.1)


def _sight(outcomes: Sequence[Outcome]) -> Sight:
    found = [outcome for outcome in outcomes if isinstance(outcome, Fetched) and outcome.evidence is not None]
    evidences = [outcome.evidence for outcome in found if outcome.evidence is not None]
    return Sight(
        first=[evidence.first_us / 1e3 for evidence in evidences],
        server=[(e.dns_us + e.connect_us + e.tls_us + e.first_us + e.body_us) / 1e3 for e in evidences],
        own=[evidence.own_us / 1e3 for evidence in evidences],
        gap=max((abs(_wall(outcome) - _sum(outcome)) for outcome in found), default=0.0),
        failed=len(outcomes) - len(found),
    )


def _sum(outcome: Outcome) -> float:
    """Our waiting, our own time and all phases."""
    assert isinstance(outcome, Fetched)
    assert outcome.evidence is not None
    e = outcome.evidence
    phases = e.own_us + e.dns_us + e.connect_us + e.tls_us + e.first_us + e.body_us
    return (outcome.timings.waited_us + phases) / 1e3


def _wall(outcome: Fetched) -> float:
    timings = outcome.timings
    return (timings.waited_us + timings.server_us + timings.body_us) / 1e3


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="make bench-latency", description=__doc__.split("\n\n")[0])
    parser.add_argument("--backends", default="asyncio,hybrid,threads,processes")
    parser.add_argument("--targets", default="10,100,1000")
    parser.add_argument("--latency", type=float, default=0.2, help="seconds that the server takes (default 0.2)")
    parser.add_argument("--tls", action="store_true", help="probe https:// URLs")
    args = parser.parse_args(argv)
    raise_file_limit()
    print("milliseconds       targets   first p95     server    p95  drift  delay    p95    own   gap failed")
    with Server(args.latency, tls=args.tls) as server:
        for name in args.backends.split(","):
            _measure(server, name, [int(count) for count in args.targets.split(",")])
    return 0


def _measure(server: Server, name: str, counts: Sequence[int]) -> None:
    base = 0.0
    for count in counts:
        sight = probe(name, server.urls(count))
        delays = server.delays()
        median = statistics.median(sight.server)
        base = base or median
        print(
            f"{name:<16} {count:>9} {statistics.median(sight.first):>7.1f} {_p95(sight.first):>6.1f}"
            f" {median:>7.1f} {_p95(sight.server):>6.1f} {median / base - 1:>+6.1%}"
            f" {statistics.median(delays):>6.1f} {_p95(delays):>6.1f} {statistics.median(sight.own):>6.1f}"
            f" {sight.gap:>5.3f} {sight.failed:>6}",
            flush=True,
        )
    more = outside(name, server.urls(ONE_BY_ONE))
    shown = f"{statistics.median(more):.2f} ms more than the sum, p95 {_p95(more):.2f}"
    print(f"{name:<16} one by one: a clock outside, handing over included, says {shown}", flush=True)
    server.delays()


if __name__ == "__main__":
    raise SystemExit(main())
