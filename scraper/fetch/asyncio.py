"""Fetching with aiohttp, for one event loop.

aiohttp's timeouts cost a timer each a request and know nothing of a limit without bytes while headers come, so there is
one sweeper for all fetches in flight instead: it looks at them fifty times within the shortest limit, and cancels
what is overdue. Below aiohttp's pool stand protocols of our own (:mod:`scraper.fetch.protocol`), which read the answer.

Bodies are decompressed on the loop: at most ``limits.size`` bytes, some 3 ms a megabyte. The loop may stand still at
times, being pumped by its owner; such time is not held against the servers: of the time between two looks no more than
the usual is counted, which is the less the oftener they come.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from typing import Any

import aiohttp
from yarl import URL

from scraper.evidence import EXCHANGE
from scraper.fetch.certificate import shown, trusting
from scraper.fetch.connector import Connector
from scraper.fetch.errors import FetchError, StaleError, timed_out
from scraper.fetch.guard import Guard
from scraper.fetch.headers import RequestHeaders, cookies_of, joined
from scraper.fetch.protocol import Flight
from scraper.fetch.replayed import check_replayed
from scraper.fetch.response import Stopwatch, respond
from scraper.fetch.room import limits_of, room_for
from scraper.fetch.route import read_proxy
from scraper.fetch.tls import shared_context, tls_context, tls_trouble
from scraper.fetch.trace import TRACE, Handshake, Trace
from scraper.model import Certificate, Reason, Request, Response
from scraper.settings import Identity, Limits, Safety
from scraper.url import host_key, hostname

__all__ = ["AsyncFetcher"]

_BUFFER = 256 * 1024
_SAFE = Safety()


class AsyncFetcher:
    """One session for one loop: made anywhere, used and closed on the loop.

    :raises ConfigError: for headers that cannot be sent, a ``ca_file`` that cannot be read or a proxy of no use.
    """

    def __init__(self, limits: Limits, identity: Identity, safety: Safety = _SAFE) -> None:
        self._limits = limits
        self._identity = identity
        self._headers = RequestHeaders(identity)
        self._proxy = read_proxy(identity)
        self._replays = self._proxy is not None and self._proxy.replays
        self._guard = Guard(safety, self._proxy)
        self._tls = tls_context(identity) if identity.ca_file else None
        self._flights: dict[asyncio.Task[object], Flight] = {}
        self._sweeper = _Sweeper(limits, self._flights)
        self._pooled: aiohttp.ClientSession | None = None
        self._fresh: aiohttp.ClientSession | None = None
        self._probing: aiohttp.ClientSession | None = None
        self._tls_of_probes: ssl.SSLContext | None = None

    async def fetch(self, request: Request, trace: Trace | None = None) -> Response:
        """Ask for ``request.url`` and read the answer whole.

        :param trace: takes the times of a probe, and what else there is to know, also where this raises.
        :raises FetchError: for what the border found; aiohttp's own errors pass through.
        """
        self._guard.check(request.url)
        if trace is not None:
            return await self._probe(request, trace)
        watch, task, key = Stopwatch(), asyncio.current_task(), host_key(request.url)
        assert task is not None
        room = room_for(request, self._limits)
        first = Flight(task, time.monotonic() + self._limits.total, key, room)
        try:
            if self._pooled is None:
                self._pooled = self._session(reuse=True)
            return await self._attempt(self._pooled, request, watch, first)
        except StaleError:  # there may be more such connections in the pool
            if self._fresh is None:
                self._fresh = self._session(reuse=False)
            second = Flight(task, first.ends, key, room)  # what the first was forgiven counts for both
            return await self._attempt(self._fresh, request, watch, second)

    async def close(self) -> None:
        """Close all connections; what is in flight must have been cancelled before."""
        self._sweeper.stop()
        for session in (self._pooled, self._fresh, self._probing):
            if session is not None:
                await session.close()
        self._pooled = self._fresh = self._probing = None
        await asyncio.sleep(0)  # transports say their last word on the next turn of the loop

    async def _probe(self, request: Request, trace: Trace) -> Response:
        """As :meth:`fetch`, by a connection and a lookup of its own, and with the certificate."""
        assert request.probe is not None
        if request.url.startswith("https"):
            self._trusted_by_probes()  # now: it takes long to make, and is no phase
        if self._probing is None:
            self._probing = self._session(reuse=False, remember=False)
        task, limits = asyncio.current_task(), limits_of(request.probe, self._limits)
        assert task is not None
        flight = Flight(task, time.monotonic() + limits.total, host_key(request.url), room_for(request, limits))
        flight.limits, flight.trace = limits, trace
        TRACE.set(trace)
        try:
            return await self._attempt(self._probing, request, trace.watch, flight)
        except aiohttp.ClientConnectorCertificateError as error:
            trace.refused = tls_trouble(error.certificate_error)
            if trace.refused and trace.address is not None:
                left = min(limits.connect, max(0.0, flight.ends - time.monotonic()))
                with contextlib.suppress(OSError, RuntimeError):
                    async with asyncio.timeout(left):
                        trace.certificate = await _look_again(trace.address, request.url, trace.refused)
            raise

    async def _attempt(
        self, session: aiohttp.ClientSession, request: Request, watch: Stopwatch, flight: Flight
    ) -> Response:
        self._flights[flight.task] = flight
        self._sweeper.watch(flight)
        answer: aiohttp.ClientResponse | None = None
        pieces: list[bytes] = []
        try:
            method, url = "GET" if request.probe is None else request.probe.method, _url(request.url)
            answer = await session.request(method, url, allow_redirects=False, **self._options(request))
            watch.headers()
            while piece := await answer.content.readany():
                pieces.append(piece)
        except asyncio.CancelledError:
            flight.land()
            raise
        except Exception as error:
            better = self._better(error, flight)
            if better is error:
                raise
            raise better from error
        finally:
            del self._flights[flight.task]
            if answer is not None:
                answer.close()
        headers = flight.head.headers if flight.head else joined(answer.headers.items())  # a mock's
        if self._replays and flight.head:
            check_replayed(flight.head.block)
        cookies = cookies_of(headers) if self._identity.cookies else ()
        head = flight.head.block if request.wants & EXCHANGE and flight.head else None
        room, address = room_for(request, self._limits), flight.address
        return respond(
            request.url, answer.status, headers, pieces, watch, room, address=address, cookies=cookies, head=head
        )

    def _options(self, request: Request) -> dict[str, Any]:
        """What is sent besides, whom to trust, and by which way; the proxy's login goes to it alone."""
        headers, secure = self._headers.own_to(request), request.url.startswith("https") and not self._replays
        trusted = self._trusted if request.probe is None else self._trusted_by_probes
        options: dict[str, Any] = {"ssl": trusted() if secure else True}
        if self._proxy is not None and not self._proxy.socks:
            options["proxy"] = URL(self._proxy.url)
            if secure:
                options["proxy_headers"] = self._proxy.headers
            else:
                headers = {**headers, **self._proxy.headers}
        return {**options, "headers": headers} if headers else options

    def _better(self, error: Exception, flight: Flight) -> Exception:
        """What ``error`` is, where aiohttp does not know: a stale connection, or trouble with the proxy."""
        if flight.stale and not (isinstance(error, FetchError) and error.reason is not Reason.RESET):
            return StaleError(Reason.RESET, str(error))
        if self._proxy and not self._proxy.socks and isinstance(error, aiohttp.ClientConnectorDNSError):
            return FetchError(Reason.PROXY, str(error))
        if isinstance(error, aiohttp.ClientHttpProxyError):
            return FetchError(Reason.PROXY, f"the proxy answered {error.status}")
        return error

    def _trusted(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = tls_context(self._identity)
        return self._tls

    def _trusted_by_probes(self) -> ssl.SSLContext:
        if self._tls_of_probes is None:
            self._tls_of_probes = shared_context(self._identity, Handshake)
        return self._tls_of_probes

    def _session(self, *, reuse: bool, remember: bool = True) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=Connector(self._flights, self._limits, self._guard, self._proxy, reuse=reuse, remember=remember),
            request_class=_Replayed if self._replays else aiohttp.ClientRequest,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self._headers.open,
            timeout=aiohttp.ClientTimeout(total=None),
            read_bufsize=_BUFFER,
            auto_decompress=False,
            trust_env=False,
        )


class _Replayed(aiohttp.ClientRequest):
    """A request that goes to a replay: in absolute form and without TLS, also where the URL is an ``https`` one."""

    def is_ssl(self) -> bool:
        return False


def _url(url: str) -> URL:
    """A canonical URL as it stands; an empty query, which yarl leaves out, goes for part of the path."""
    if not url.endswith("?"):
        return URL(url, encoded=True)
    scheme, _, authority, path = url.split("/", 3)
    return URL.build(scheme=scheme[:-1], authority=authority, path=f"/{path}", encoded=True)


async def _look_again(address: str, url: str, trouble: str) -> Certificate | None:
    """The certificate that was refused, by a connection of its own to the same address."""
    loop, key, host = asyncio.get_running_loop(), host_key(url), hostname(url)
    port = int(key[len(host) + 1 :] or 443)
    with contextlib.closing(socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)) as sock:
        sock.setblocking(False)
        await loop.sock_connect(sock, (address, port))
        transport, _ = await loop.create_connection(
            asyncio.Protocol, sock=sock, ssl=trusting(), server_hostname=host.strip("[]").rstrip(".")
        )
        try:
            return shown(transport.get_extra_info("ssl_object"), trouble)
        finally:
            transport.abort()


class _Sweeper:
    """Cancels the fetches that are over a limit of time."""

    def __init__(self, limits: Limits, flights: dict[asyncio.Task[object], Flight]) -> None:
        self._limits = limits
        self._flights = flights
        self._tick = _tick_for(limits)
        self._timer: asyncio.TimerHandle | None = None
        self._swept = 0.0

    def watch(self, flight: Flight) -> None:
        """Look after ``flight``, which has just begun."""
        if flight.limits is not None:
            self._tick = min(self._tick, _tick_for(flight.limits))
        if self._timer is None:
            self._swept = flight.began
            self._arm()

    def stop(self) -> None:
        """Leave nothing on the loop."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._tick, self._sweep)

    def _sweep(self) -> None:
        now = time.monotonic()
        stood_still = max(0.0, now - self._swept - self._tick)
        self._swept = now
        for flight in self._flights.values():
            flight.forgive(stood_still)
            late = self._overdue(flight, now)
            if late is not None:
                flight.cancel(late)
        self._timer = None
        if self._flights:
            self._arm()

    def _overdue(self, flight: Flight, now: float) -> FetchError | None:
        limits = flight.limits or self._limits
        if not flight.connected and now - flight.began >= limits.connect:
            return timed_out("connect", limits.connect)
        if now >= flight.ends:
            return timed_out("total", limits.total)
        return timed_out("read", limits.read) if flight.connected and now - flight.heard >= limits.read else None


def _tick_for(limits: Limits) -> float:
    """Seconds between two looks."""
    return min(0.1, max(0.01, min(limits.connect, limits.read, limits.total) / 50))
