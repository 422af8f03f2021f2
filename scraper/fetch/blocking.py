"""Fetching with requests, for one thread at a time.

An HTTPAdapter is used as it is, without a Session: that spares redirects, cookies, netrc and proxies from the
environment, which are not wanted here, and two thirds of the time of a request. Below it stands urllib3 with
connections of our own (:mod:`scraper.fetch.connection`), which write the request, read the answer and keep every limit
of time, none of which ``http.client`` does well enough.

One limit differs from :mod:`scraper.fetch.asyncio`: the system's resolver cannot be interrupted, so that a name whose
servers are silent takes as long as ``resolv.conf`` says, and then fails.
"""

from __future__ import annotations

import contextlib
import functools
import ssl
import weakref
from collections.abc import Mapping
from typing import Any

from requests import PreparedRequest, RequestException
from requests import Response as Answer
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3._collections import RecentlyUsedContainer

from scraper.evidence import EXCHANGE
from scraper.fetch.certificate import shown_again
from scraper.fetch.connection import PlainConnection, TLSConnection
from scraper.fetch.errors import FetchError, StaleError
from scraper.fetch.files import kept_in_thread
from scraper.fetch.guard import Guard
from scraper.fetch.headers import RequestHeaders, cookies_of, joined
from scraper.fetch.line import Dialer, Line
from scraper.fetch.replayed import check_replayed
from scraper.fetch.response import Stopwatch, respond
from scraper.fetch.room import limits_of, room_for
from scraper.fetch.route import Proxy, read_proxy
from scraper.fetch.tls import shared_context, tls_context
from scraper.fetch.trace import Trace
from scraper.model import Reason, Request, Response
from scraper.settings import Identity, Limits, Safety
from scraper.url import host_key, hostname

__all__ = ["BlockingFetcher"]

_PIECE = 1 << 20
_SAFE = Safety()


class BlockingFetcher:
    """One session for one thread: its connections are kept until :meth:`close`.

    :raises ConfigError: for headers that cannot be sent, a ``ca_file`` that cannot be read or a proxy of no use.
    """

    def __init__(self, limits: Limits, identity: Identity, safety: Safety = _SAFE) -> None:
        proxy = read_proxy(identity)
        self._limits = limits
        self._line = Line(limits)
        self._headers = RequestHeaders(identity)
        self._cookies = identity.cookies
        self._guard = Guard(safety, proxy)
        self._dialer = Dialer(self._line, self._guard, proxy)
        self._adapter = _Adapter(self._line, self._dialer, identity, proxy)
        if identity.ca_file is not None:
            self._adapter.trust(shared_context(identity))
        self._prober: _Adapter | None = None
        self._identity, self._proxy = identity, proxy
        self._replays = proxy is not None and proxy.replays
        self._proxies = {"http": proxy.url, "https": proxy.url} if proxy and proxy.scheme == "http" else None
        _OPEN.add(self)

    def fetch(self, request: Request, trace: Trace | None = None) -> Response:
        """Ask for ``request.url`` and read the answer whole.

        :param trace: takes the times of a probe, and what else there is to know, also where this raises.
        :raises FetchError: for what the border found; requests' and urllib3's own errors pass through.
        """
        self._guard.check(request.url)
        if trace is not None:
            return self._probe(request, trace)
        self._line.start(room_for(request, self._limits), self._limits)
        watch = Stopwatch()
        try:
            return self._attempt(self._adapter, request, watch)
        except StaleError:  # its connection is gone, and it was the only one to the host
            return self._attempt(self._adapter, request, watch)

    def abort(self) -> None:
        """Break off what is being fetched, and all that is asked for later; for any thread to call."""
        self._line.abort()

    def close(self) -> None:
        """Close all connections."""
        _OPEN.discard(self)
        self._adapter.close()

    def _probe(self, request: Request, trace: Trace) -> Response:
        """As :meth:`fetch`, by a connection and a lookup of its own, and with the certificate."""
        assert request.probe is not None
        if self._prober is None:
            self._prober = _Adapter(self._line, self._dialer, self._identity, self._proxy)
        if request.url.startswith("https"):
            self._prober.trust(shared_context(self._identity))  # now: it takes long to make, and is no phase
        limits = limits_of(request.probe, self._limits)
        self._line.start(room_for(request, limits), limits, trace)
        try:
            return self._attempt(self._prober, request, trace.watch)
        except RequestException:
            if trace.refused and trace.address is not None:
                self._look_again(request.url, trace)
            raise
        finally:
            self._prober.close()

    def _look_again(self, url: str, trace: Trace) -> None:
        """Ask for the certificate that was refused, by a connection of its own to the same address."""
        assert trace.address is not None
        assert trace.refused is not None
        self._line.trace = None
        _, host, port = _endpoint(url)
        with contextlib.suppress(OSError, FetchError):
            sock = self._dialer.again(trace.address, port)
            trace.certificate = shown_again(sock, host.strip("[]").rstrip("."), trace.refused)

    def _attempt(self, adapter: _Adapter, request: Request, watch: Stopwatch) -> Response:
        prepared = self._prepare(request)
        self._line.target = request.url if self._replays else adapter.request_url(prepared, self._proxies)
        answer = adapter.send(prepared, stream=True, proxies=self._proxies)
        watch.headers()
        raw = answer.raw
        try:
            pieces = list(iter(lambda: raw.read(_PIECE, decode_content=False), b""))
        finally:
            raw.release_conn() if raw.closed else raw.close()
        headers = joined(raw.headers.items())
        line = self._line
        if self._replays and line.head:
            check_replayed(line.head.block)
        cookies = cookies_of(headers) if self._cookies else ()
        head = line.head.block if request.wants & EXCHANGE and line.head else None
        return respond(
            request.url, raw.status, headers, pieces, watch, line.room, address=line.address, cookies=cookies, head=head
        )

    def _prepare(self, request: Request) -> PreparedRequest:
        """A request as ``prepare()`` would make it, for an URL that is canonical already."""
        prepared = PreparedRequest()
        prepared.method, prepared.url = "GET", request.url
        own = self._headers.own_to(request)
        prepared.headers = {"Host": host_key(request.url), **self._headers.open, **own}  # type: ignore[assignment]
        if request.probe is not None:
            prepared.method = request.probe.method
            if not any(name.lower() == "connection" for name in self._headers.open):
                prepared.headers["Connection"] = "close"
        return prepared


_OPEN: weakref.WeakSet[BlockingFetcher] = weakref.WeakSet()
"""The fetchers of this process, who share its sockets."""


class _Adapter(HTTPAdapter):
    """Puts our connections under requests, and leaves out what it does for each answer that nobody reads."""

    def __init__(self, line: Line, dialer: Dialer, identity: Identity, proxy: Proxy | None) -> None:
        plain, safe = (functools.partial(kind, line, dialer) for kind in (PlainConnection, TLSConnection))
        self._pools = {
            "http": functools.partial(_make_pool, HTTPConnectionPool, plain),
            "https": functools.partial(_make_pool, HTTPSConnectionPool, safe),
        }
        self._secure = proxy is None or not proxy.replays
        if not self._secure:
            self._pools["https"] = self._pools["http"]
        self._identity = identity
        self._login = proxy.headers if proxy else {}
        self._tls: ssl.SSLContext | None = None
        super().__init__(pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools
        self.poolmanager.pools = _Hosts()

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> PoolManager:
        manager: PoolManager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = self._pools  # type: ignore[assignment]
        if not isinstance(manager.pools, _Hosts):
            manager.pools = _Hosts()
        return manager

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        """What the proxy alone is told; its URL comes here without its login."""
        return self._login

    def get_connection_with_tls_context(
        self,
        request: PreparedRequest,
        verify: Any,
        proxies: Mapping[str, str] | None = None,
        cert: Any = None,
    ) -> HTTPConnectionPool:
        """The pool for the request's host, without parsing an URL that is canonical already."""
        scheme, host, port = _endpoint(str(request.url))
        options = {"ssl_context": self._trusted()} if scheme == "https" and self._secure else None
        manager = self.proxy_manager_for(proxies[scheme]) if proxies else self.poolmanager
        pool: HTTPConnectionPool = manager.connection_from_host(host, port, scheme, options)
        return pool

    def request_url(self, request: PreparedRequest, proxies: Mapping[str, str] | None) -> str:
        """What stands in the request line: for a proxy the whole URL (RFC 9112, 3.2)."""
        url = str(request.url)
        if proxies and url.startswith("http:"):
            return url
        return "/" + url.split("/", 3)[3]

    def _trusted(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = tls_context(self._identity)
        return self._tls

    def trust(self, context: ssl.SSLContext) -> None:
        """Connect with ``context`` from now on."""
        self._tls = context

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing to do: the context verifies."""

    def build_response(self, req: PreparedRequest, resp: Any) -> Answer:
        """Without the cookies, the guess of an encoding and the copy of the headers."""
        answer = Answer()
        answer.status_code, answer.raw, answer.request, answer.url = resp.status, resp, req, str(req.url)
        return answer


class _Hosts(RecentlyUsedContainer[Any, HTTPConnectionPool]):
    """The hosts whose connection is kept; how many depends on how many threads there are at the moment."""

    def __setitem__(self, key: Any, pool: HTTPConnectionPool) -> None:
        """Keep ``pool``; those that were used longest ago go, and their connections with them."""
        self._maxsize = kept_in_thread(len(_OPEN))
        while len(self._container) > self._maxsize:
            self._container.popitem(last=False)
        super().__setitem__(key, pool)


def _make_pool(pool: type[HTTPConnectionPool], connection: Any, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
    made = pool(*args, **kwargs)
    made.ConnectionCls = connection
    return made


def _endpoint(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a canonical URL.

    :raises FetchError: CONNECT for port 0, which urllib3 takes for none.
    """
    scheme, host = url.partition(":")[0], hostname(url)
    port = host_key(url)[len(host) + 1 :]
    if port == "0":
        raise FetchError(Reason.CONNECT, f"{host}:0: nobody can listen there")
    return scheme, host, int(port) if port else _PORTS[scheme]


_PORTS = {"http": 80, "https": 443}
