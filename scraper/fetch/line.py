"""What one thread waits for: its sockets are opened, read and broken off within the limits of the fetch it is at."""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any, TypeAlias

from scraper.fetch.errors import FetchError, lost_proxy, timed_out, unconnected
from scraper.fetch.framing import Head
from scraper.fetch.guard import Guard
from scraper.fetch.room import Room
from scraper.fetch.route import Proxy, load_socks
from scraper.fetch.trace import Trace
from scraper.model import Reason
from scraper.settings import Limits
from scraper.url import is_address

__all__ = ["Dialer", "Line"]

_RECEIVE = 64 * 1024


class Line:
    """The deadlines of the fetch that a thread is at, and the socket it waits on; one for all of its connections.

    :ivar limits: those of the fetch.
    :ivar address: the IP address of the server that the fetch is talking to, where that is known.
    :ivar room: what the body may take.
    :ivar trace: takes the times of a probe; None of any other fetch.
    :ivar head: the status line and headers that came last.
    :ivar target: what the request line names: part of the canonical URL as it stands. urllib3 would escape it, and what
        is escaped already once more where there is a lone ``%``.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.trace: Trace | None = None
        self._ends = self._connect_by = 0.0
        self._socket: socket.socket | None = None
        self._aborted = False
        self.address: str | None = None
        self.head: Head | None = None
        self.target = "/"
        self.room = Room(limits.size)

    def start(self, room: Room, limits: Limits, trace: Trace | None = None) -> None:
        """A fetch begins, of a body that ``room`` is for."""
        self.address = None
        self.room, self.limits, self.trace = room, limits, trace
        self._ends = time.monotonic() + limits.total

    def start_connect(self) -> None:
        """A connection is about to be made."""
        self._connect_by = time.monotonic() + self.limits.connect

    def connecting(self, sock: socket.socket, share: float = 1.0) -> None:
        """Let the next step of connecting ``sock`` take that share of the time that is left.

        :raises FetchError: when none is left.
        """
        now = time.monotonic()
        if now >= self._connect_by:
            raise timed_out("connect", self.limits.connect)
        self._set(sock, min(self._connect_by - now, self._left(now)) * share)

    def send(self, sock: socket.socket, data: bytes) -> None:
        """Send all of ``data``."""
        self._set(sock, self._left(time.monotonic()))
        sock.sendall(data)

    def receive(self, sock: socket.socket) -> bytes:
        """Some bytes, at least one; none when the other side has closed.

        :raises FetchError: TIMEOUT when nothing came within the limits.
        """
        if isinstance(sock, ssl.SSLSocket) and not sock.pending():
            # What SSLSocket gives as the end of the data may be a reset, which only the bare socket tells
            self._in_time(sock, functools.partial(socket.socket.recv, sock, 1, socket.MSG_PEEK))
        return self._in_time(sock, functools.partial(sock.recv, _RECEIVE))

    def _in_time(self, sock: socket.socket, receive: Callable[[], bytes]) -> bytes:
        left = self._left(time.monotonic())
        self._set(sock, min(self.limits.read, left))
        try:
            return receive()
        except TimeoutError:
            if left <= self.limits.read:
                raise timed_out("total", self.limits.total) from None
            raise timed_out("read", self.limits.read) from None

    def abort(self) -> None:
        """Wake the thread from its wait, for good; it finds its connection closed."""
        self._aborted = True
        sock = self._socket
        if sock is not None:
            with contextlib.suppress(OSError):  # closed or not connected: then nobody waits on it
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # of an SSLSocket too, without its goodbye

    def _left(self, now: float) -> float:
        if now >= self._ends:
            raise timed_out("total", self.limits.total)
        return self._ends - now

    def _set(self, sock: socket.socket, timeout: float) -> None:
        self._socket = sock
        if self._aborted:
            raise FetchError(Reason.RESET, "broken off: the crawl ends")
        sock.settimeout(timeout)


class Dialer:
    """Opens the connections of one thread: straight, or by way of a SOCKS proxy."""

    def __init__(self, line: Line, guard: Guard, proxy: Proxy | None) -> None:
        self._line = line
        self._guard = guard
        self._proxy = proxy
        self._socks = load_socks() if proxy and proxy.socks else None

    def to_server(self, key: str, host: str, port: int) -> tuple[socket.socket, str | None]:
        """A connection to an address of ``host`` that may be connected to, and that address unless a proxy knows it.

        :param key: the host key of the URL.
        :raises FetchError: when there is none.
        """
        if self._proxy is not None and self._socks is not None:
            return self._by_socks(self._proxy, key, host, port), None
        if self._proxy is not None and self._proxy.replays:
            return self.to_proxy(self._proxy.host, self._proxy.port), None
        return self._first(self._admitted(key, host, port), f"{host}:{port}", Reason.CONNECT)

    def to_proxy(self, host: str, port: int) -> socket.socket:
        """A connection to a proxy, whatever its address: it is the user's word.

        :raises FetchError: when there is none.
        """
        return self._first(self._look_up(host, port, Reason.PROXY), f"{host}:{port}", Reason.PROXY)[0]

    def _look_up(self, host: str, port: int, trouble: Reason) -> list[_Address]:
        trace = self._line.trace
        if trace is None or ":" in host or is_address(host):
            return _look_up(host, port, trouble)
        trace.enter("dns")
        found = _look_up(host, port, trouble)
        trace.leave()
        return found

    def again(self, address: str, port: int) -> socket.socket:
        """One more connection to an address that one was made to before, within the time that is left.

        :raises OSError, FetchError: when there is none.
        """
        self._line.start_connect()
        return self._connect(socket.AF_INET6 if ":" in address else socket.AF_INET, (address, port), 1.0)

    def _admitted(self, key: str, host: str, port: int) -> list[_Address]:
        found = self._look_up(host, port, Reason.DNS)
        admitted = self._guard.choose(key, [where[0] for _, where in found])
        return [(family, where) for family, where in found if where[0] in admitted]

    def _first(self, found: list[_Address], shown: str, trouble: Reason) -> tuple[socket.socket, str]:
        """A connection to the first address that takes one; each has an equal share of the time."""
        failure = OSError("the name has no address")
        if self._line.trace is not None:
            self._line.trace.enter("connect")
        for left, (family, where) in zip(range(len(found), 0, -1), found, strict=True):
            try:
                return self._connect(family, where, 1 / left), where[0]
            except OSError as error:
                failure = error
        if isinstance(failure, TimeoutError):
            raise timed_out("connect", self._line.limits.connect) from failure
        raise FetchError(unconnected(failure, trouble), f"{shown}: {failure.strerror}") from failure

    def _connect(self, family: int, where: Any, share: float) -> socket.socket:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._line.connecting(sock, share)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            trace = self._line.trace
            if trace is not None:
                trace.tried(where[0] if self._proxy is None else None)
            sock.connect(where)
            if trace is not None:
                trace.connected(sock)
            self._line.connecting(sock)
        except BaseException:
            sock.close()
            raise
        return sock

    def _by_socks(self, proxy: Proxy, key: str, host: str, port: int) -> socket.socket:
        targets = [host]
        if self._guard.judges:
            targets = proxy.sendable([where[0] for _, where in self._admitted(key, host, port)])
        for target in targets[:-1]:
            try:
                return self._ask(proxy, target, port)
            except FetchError as error:
                if error.reason is not Reason.CONNECT:
                    raise
        return self._ask(proxy, targets[-1], port)

    def _ask(self, proxy: Proxy, target: str, port: int) -> socket.socket:
        assert self._socks is not None
        sock = self.to_proxy(proxy.host, proxy.port)
        if self._line.trace is not None:
            self._line.trace.enter("connect")
        try:
            self._socks.ask(proxy, target, port, _Bounded(self._line, sock))
        except TimeoutError as error:
            raise timed_out("connect", self._line.limits.connect) from error
        except OSError as error:
            raise lost_proxy(error) from error
        except BaseException:
            sock.close()
            raise
        if self._line.trace is not None:
            self._line.trace.leave()
        return sock


class _Bounded:
    """The socket to a proxy, as much of it as python-socks needs; each step has the time that is left."""

    def __init__(self, line: Line, sock: socket.socket) -> None:
        self._line = line
        self._socket = sock
        self.close = sock.close

    def sendall(self, data: bytes) -> None:
        self._line.connecting(self._socket)
        self._socket.sendall(data)

    def recv(self, size: int) -> bytes:
        self._line.connecting(self._socket)
        return self._socket.recv(size)


_Address: TypeAlias = tuple[int, Any]
"""A family and what ``connect`` wants of it: the address first."""


def _look_up(host: str, port: int, trouble: Reason) -> list[_Address]:
    """The addresses of ``host``, in the system's order."""
    literal = ":" in host or host[-1:].isdigit()  # one is an address also where the system has none of its family
    flags = 0 if literal else socket.AI_ADDRCONFIG
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    except socket.gaierror as error:
        raise FetchError(trouble, f"{host}: {error.strerror}") from error
    return [(family, where) for family, _, _, _, where in found]
