"""Connections for urllib3 that keep our limits: each step waits as long as its own limit and the total leave.

``http.client`` has one timeout a system call, so a server that sends a byte now and then holds it for ever; and its
parser of headers is the one for e-mail, which is lenient and takes longer than all the rest of a request.
"""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse

from scraper.fetch.errors import FetchError, StaleError, timed_out
from scraper.fetch.framing import AnswerReader
from scraper.model import Reason
from scraper.settings import Limits

__all__ = ["Line", "PlainConnection", "TLSConnection"]

_RECEIVE = 64 * 1024


class Line:
    """The deadlines of the fetch that a thread is at, and the socket it waits on; one for all of its connections."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._ends = self._connect_by = 0.0
        self._socket: socket.socket | None = None
        self._aborted = False

    def start(self) -> None:
        """A fetch begins."""
        self._ends = time.monotonic() + self.limits.total

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


class PlainConnection(HTTPConnection):
    """A connection to an HTTP server, or to a proxy for one."""

    def __init__(self, line: Line, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._line = line
        self._served = 0

    def connect(self) -> None:
        self._served = 0
        super().connect()

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **options: Any) -> None:
        """Send a request without a body; what urllib3 says about reading the answer does not matter here."""
        if self.sock is None:
            self.connect()
        lines = [f"{method} {url} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        self._line.send(self.sock, "\r\n".join(lines).encode("iso-8859-1"))

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 does
        """The answer, as far as its head."""
        answer = _Answer(self._line, self)
        self._served += 1
        answer.read_head(fresh=self._served == 1)
        status, headers = answer.head
        return HTTPResponse(
            answer,  # type: ignore[arg-type]  # all that is asked of it is what it has
            headers,
            status,
            version=11,
            version_string="HTTP/1.1",
            preload_content=False,
            decode_content=False,
            original_response=answer,  # type: ignore[arg-type]
            enforce_content_length=False,
            request_method="GET",
        )

    def _new_conn(self) -> socket.socket:
        self._line.start_connect()
        reason = Reason.PROXY if self.proxy else None
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise FetchError(reason or Reason.DNS, f"{self.host}: {error.strerror}") from error
        try:
            return self._first(found)
        except TimeoutError as error:
            raise timed_out("connect", self._line.limits.connect) from error
        except OSError as error:
            raise FetchError(reason or Reason.CONNECT, f"{self.host}:{self.port}: {error.strerror}") from error

    def _first(self, found: list[Any]) -> socket.socket:
        """A connection to the first address that takes one; each has an equal share of the time."""
        failure = OSError("the name has no address")
        for left, (family, kind, protocol, _, address) in zip(range(len(found), 0, -1), found, strict=True):
            sock = socket.socket(family, kind, protocol)
            try:
                self._line.connecting(sock, 1 / left)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.connect(address)
                self._line.connecting(sock)
            except OSError as error:
                failure = error
                sock.close()
            except BaseException:
                sock.close()
                raise
            else:
                return sock
        raise failure

    def _tunnel(self) -> None:
        """Ask the proxy for a connection to the server itself (RFC 9110, 9.3.6)."""
        host, port = str(self._tunnel_host), self._tunnel_port
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        headers: Mapping[str, str] = {"Host": target, **self._tunnel_headers}  # type: ignore[attr-defined]
        lines = [f"CONNECT {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        self._line.send(self.sock, "\r\n".join(lines).encode("iso-8859-1"))
        answer = _Answer(self._line, self)
        answer.read_head(fresh=True)
        if answer.head.status != 200:
            raise FetchError(Reason.PROXY, f"the proxy answered {answer.head.status}")
        self._line.connecting(self.sock)


class TLSConnection(PlainConnection, HTTPSConnection):
    """A connection to an HTTPS server, through a tunnel where there is a proxy."""

    def connect(self) -> None:
        try:
            super().connect()
        except TimeoutError as error:
            raise timed_out("connect", self._line.limits.connect) from error


class _Answer:
    """An answer that is being received, as the file that urllib3 reads from."""

    def __init__(self, line: Line, connection: PlainConnection) -> None:
        self._line = line
        self._connection = connection
        self._reader = AnswerReader(line.limits.header, line.limits.size)
        self._first = b""
        self._closed = False

    @property
    def head(self) -> Any:
        return self._reader.head

    def read_head(self, *, fresh: bool) -> None:
        """Receive until the head is there.

        :raises StaleError: when the connection had served before and was closed without a byte.
        """
        try:
            while self._reader.head is None:
                self._first = self._receive()
        except (FetchError, OSError) as error:
            self.close()
            silent = not fresh and not self._reader.heard
            if silent and not (isinstance(error, FetchError) and error.reason is not Reason.RESET):
                raise StaleError(Reason.RESET, str(error)) from error
            raise
        self._settle()

    def read(self, amount: int) -> bytes:
        """The next part of the body, of about ``amount`` bytes; ``b""`` at its end."""
        parts, self._first = [self._first], b""
        size = len(parts[0])
        while size < amount and not self._reader.done:
            parts.append(self._receive())
            size += len(parts[-1])
            self._settle()
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def isclosed(self) -> bool:
        """Whether the answer is over, so that urllib3 takes the connection back."""
        return self._closed

    def close(self) -> None:
        """Give up what is still to come."""
        self._closed = True
        if not (self._reader.done and self._reader.keep):
            self._connection.close()

    def _receive(self) -> bytes:
        data = self._line.receive(self._connection.sock)
        if data:
            return self._reader.feed(data)
        self._reader.end()
        return b""

    def _settle(self) -> None:
        if self._reader.done and not self._closed:
            self.close()
