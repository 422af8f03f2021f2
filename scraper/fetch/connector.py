"""aiohttp's pool of connections, with addresses judged, proxies of both kinds, and a bound to those at rest.

Where aiohttp has no public place for it, its own steps are replaced: ``_factory``, ``_resolve_host``,
``_wrap_create_connection``, ``_release``. The tests at the border fail if a release of aiohttp moves one.
"""

from __future__ import annotations

import asyncio
import functools
import os
import socket
from typing import Any

import aiohappyeyeballs
from aiohttp import TCPConnector
from aiohttp.abc import ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest, ConnectionKey

from scraper.fetch.errors import FetchError, lost_proxy, timed_out, unconnected
from scraper.fetch.files import idle_in_loop
from scraper.fetch.guard import Guard
from scraper.fetch.protocol import Flight, Protocol
from scraper.fetch.resolver import NAMES_KEPT, Resolver
from scraper.fetch.route import Proxy, load_socks
from scraper.fetch.trace import Trace
from scraper.model import Reason
from scraper.settings import Limits
from scraper.url import is_address

__all__ = ["Connector"]


class Connector(TCPConnector):
    """aiohttp's pool, without a limit of connections in use, and with one of those at rest.

    aiohttp keeps each connection for 15 s. Over the limit the one that has rested longest is closed; it is cut off and
    not told goodbye, since a TLS server that does not answer one would hold the socket for long.

    :param reuse: whether connections are kept; ``remember`` whether addresses are.
    """

    def __init__(
        self,
        flights: dict[asyncio.Task[object], Flight],
        limits: Limits,
        guard: Guard,
        proxy: Proxy | None,
        *,
        reuse: bool,
        remember: bool = True,
    ) -> None:
        self._names = Resolver()
        super().__init__(
            limit=0,
            force_close=not reuse,
            resolver=self._names,
            use_dns_cache=remember,
            ttl_dns_cache=NAMES_KEPT,
        )
        self._flights = flights
        self._guard = guard
        self._proxy = proxy
        self._socks = load_socks() if proxy and proxy.socks else None
        self._idle: dict[ResponseHandler, ConnectionKey] = {}
        self._most_idle = idle_in_loop()
        self._factory = functools.partial(  # type: ignore[assignment]
            Protocol, self._loop, flights, limits, self._idle, straight=proxy is None
        )

    async def _resolve_host(self, host: str, port: int, traces: Any = None) -> list[ResolveResult]:
        """The addresses that a connection to ``host`` may be made to: judged each time, also when they were kept."""
        if self._socks is not None and not self._guard.judges:
            return [_told_to_proxy(host, port)]
        flight = self._flight()
        trace = flight.trace if flight else None
        if trace is None or ":" in host or is_address(host):
            found = await super()._resolve_host(host, port, traces)
        else:
            found = await self._look_up(trace, host, port)
        if not self._guard.judges:
            return found  # those of the proxy
        admitted = self._guard.choose(flight.key if flight else "", [result["host"] for result in found])
        return [result for result in found if result["host"] in admitted]

    async def _wrap_create_connection(
        self, *args: Any, addr_infos: list[Any], **options: Any
    ) -> tuple[asyncio.Transport, ResponseHandler]:
        """A connection to the first of ``addr_infos`` that takes one; by way of a SOCKS proxy, where there is one."""
        flight = self._flight()
        trace = flight.trace if flight else None
        if self._proxy is None or self._socks is None:
            if flight is not None and trace is not None:
                return await self._wrap_traced_connection(flight, trace, *args, addr_infos=addr_infos, **options)
            return await super()._wrap_create_connection(*args, addr_infos=addr_infos, **options)
        targets = self._proxy.sendable([where[0] for *_, where in addr_infos])
        if trace is not None:
            trace.enter("connect")
        sock = await self._by_socks(self._proxy, targets, options["req"].port)
        if trace is not None:
            trace.leave()
        return await self._wrap_existing_connection(*args, sock=sock, **options)

    async def _wrap_traced_connection(
        self, flight: Flight, trace: Trace, *args: Any, addr_infos: list[Any], **options: Any
    ) -> tuple[asyncio.Transport, ResponseHandler]:
        """As aiohttp does it, with the connection told apart from the handshake; all addresses are tried once."""

        def tried(info: Any) -> socket.socket:
            trace.tried(info[4][0] if self._proxy is None else None)
            return socket.socket(*info[:3])

        trace.enter("connect")
        found = list(addr_infos)
        del addr_infos[1:]  # aiohttp takes the first away where nothing comes of it, and would go on with the others
        try:
            sock = await aiohappyeyeballs.start_connection(
                found,
                happy_eyeballs_delay=self._happy_eyeballs_delay,
                interleave=self._interleave,
                loop=self._loop,
                socket_factory=tried,
            )
        except OSError as error:
            raise self._unconnected(flight, options["req"], error) from error
        trace.connected(sock)
        return await self._wrap_existing_connection(*args, sock=sock, **options)

    def _unconnected(self, flight: Flight, request: ClientRequest, error: OSError) -> FetchError:
        """Why a probe has no connection, in the words of the other border; asyncio has others."""
        if isinstance(error, TimeoutError) and flight.limits is not None:
            return timed_out("connect", flight.limits.connect)
        reason = unconnected(error, Reason.CONNECT if self._proxy is None else Reason.PROXY)
        shown = os.strerror(error.errno) if error.errno else error
        return FetchError(reason, f"{request.url.raw_host}:{request.port}: {shown}")

    async def _look_up(self, trace: Trace, host: str, port: int) -> list[ResolveResult]:
        """The addresses of ``host``, which nobody remembers."""
        trace.enter("dns")
        lookup = await self._names.look_up(host, port)
        trace.looked_up(lookup.seconds)
        if isinstance(lookup.error, socket.gaierror):
            reason = Reason.DNS if self._proxy is None else Reason.PROXY
            raise FetchError(reason, f"{host}: {lookup.error.strerror}") from lookup.error
        if lookup.error is not None:
            raise lookup.error
        return lookup.results

    def _flight(self) -> Flight | None:
        """What the running task fetches; None of any other task."""
        task = asyncio.current_task(self._loop)
        return self._flights.get(task) if task else None

    async def _by_socks(self, proxy: Proxy, targets: list[str], port: int) -> socket.socket:
        for target in targets[:-1]:
            try:
                return await self._ask(proxy, target, port)
            except FetchError as error:
                if error.reason is not Reason.CONNECT:
                    raise
        return await self._ask(proxy, targets[-1], port)

    async def _ask(self, proxy: Proxy, target: str, port: int) -> socket.socket:
        assert self._socks is not None
        sock = await self._to_proxy(proxy)
        try:
            await self._socks.ask_in_loop(proxy, target, port, sock)
        except OSError as error:
            raise lost_proxy(error) from error
        return sock

    async def _to_proxy(self, proxy: Proxy) -> socket.socket:
        """A connection to a SOCKS proxy, whatever its address: it is the user's word."""
        try:
            found = await super()._resolve_host(proxy.host, proxy.port)
        except OSError as error:
            raise FetchError(Reason.PROXY, f"{proxy.host}: {error.strerror}") from error
        try:
            return await aiohappyeyeballs.start_connection(self._convert_hosts_to_addr_infos(found), loop=self._loop)
        except OSError as error:
            shown = os.strerror(error.errno) if error.errno else error  # asyncio has words of its own
            raise FetchError(Reason.PROXY, f"{proxy.host}:{proxy.port}: {shown}") from error

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        """Take back a connection that has served; one that serves nobody else is cut off where that means no loss."""
        if self._force_close and key.is_ssl:
            protocol.abort()  # see above: a probe must not leave sockets behind that wait for a goodbye
        super()._release(key, protocol, should_close=should_close)
        if not self._closed and protocol.transport is not None and not self._force_close:
            self._idle[protocol] = key
            if len(self._idle) > self._most_idle:
                self._evict(next(iter(self._idle)))

    def _evict(self, oldest: ResponseHandler) -> None:
        """Close ``oldest``, and forget what stands before it: that rested longer, so it is closed already."""
        key = self._idle.pop(oldest)
        oldest.abort()
        waiting = self._conns.get(key)
        while waiting and waiting.popleft()[0] is not oldest:
            pass
        if not waiting:
            self._conns.pop(key, None)


def _told_to_proxy(host: str, port: int) -> ResolveResult:
    """A name in place of its address."""
    return ResolveResult(hostname=host, host=host, port=port, family=socket.AF_UNSPEC, proto=0, flags=0)
