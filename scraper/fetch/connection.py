"""Connections for urllib3 that keep our limits: each step waits as long as its own limit and the total leave.

``http.client`` has one timeout a system call, so a server that sends a byte now and then holds it for ever; and its
parser of headers is the one for e-mail, which is lenient and takes longer than all the rest of a request.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Mapping
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse

from scraper.fetch.certificate import shown
from scraper.fetch.errors import FetchError, StaleError, timed_out
from scraper.fetch.framing import AnswerReader
from scraper.fetch.line import Dialer, Line
from scraper.fetch.tls import tls_trouble
from scraper.fetch.trace import Trace
from scraper.model import Reason

__all__ = ["PlainConnection", "TLSConnection"]


class PlainConnection(HTTPConnection):
    """A connection to an HTTP server, or to a proxy for one."""

    def __init__(self, line: Line, dialer: Dialer, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._line = line
        self._dialer = dialer
        self._address: str | None = None
        self._served = 0
        self._method = "GET"

    def connect(self) -> None:
        self._served = 0
        super().connect()

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **options: Any) -> None:
        """Send a request without a body; what urllib3 says about reading the answer does not matter here."""
        if self.sock is None:
            self.connect()
        lines = [
            f"{method} {self._line.target} HTTP/1.1",
            *(f"{name}: {value}" for name, value in headers.items()),
            "",
            "",
        ]
        self._method, trace = method, self._line.trace
        began = 0.0 if trace is None else trace.enter("first")
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            # closed while we spoke: what the server said before, a 408 or an alert, is still to be read
            self._line.send(self.sock, "\r\n".join(lines).encode())
        if trace is not None:
            trace.sent(began)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 does
        """The answer, as far as its head."""
        answer = _Answer(self._line, self, bare=self._method == "HEAD")
        self._line.address = self._address
        self._served += 1
        answer.read_head(fresh=self._served == 1)
        self._line.head = answer.head
        status, headers = answer.head[:2]
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
        host, port = self._dns_host, self.port or self.default_port
        if self.proxy:
            return self._dialer.to_proxy(host, port)
        name = f"[{host}]" if ":" in host else host
        key = name if port == self.default_port else f"{name}:{port}"
        sock, self._address = self._dialer.to_server(key, host, port)
        return sock

    def _tunnel(self) -> None:
        """Ask the proxy for a connection to the server itself (RFC 9110, 9.3.6)."""
        host, port = str(self._tunnel_host), self._tunnel_port
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        headers: Mapping[str, str] = {"Host": target, **self._tunnel_headers}  # type: ignore[attr-defined]
        lines = [f"CONNECT {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        if self._line.trace is not None:
            self._line.trace.enter("connect")
        self._line.send(self.sock, "\r\n".join(lines).encode("iso-8859-1"))
        answer = _Answer(self._line, self)
        answer.read_head(fresh=True)
        if answer.head.status != 200:
            raise FetchError(Reason.PROXY, f"the proxy answered {answer.head.status}")
        self._line.connecting(self.sock)


class TLSConnection(PlainConnection, HTTPSConnection):
    """A connection to an HTTPS server, through a tunnel where there is a proxy."""

    def connect(self) -> None:
        trace = self._line.trace
        try:
            super().connect()
        except TimeoutError as error:
            raise timed_out("connect", self._line.limits.connect) from error
        except ssl.SSLCertVerificationError as error:
            if trace is not None:
                trace.shook_hands()
                trace.refused = tls_trouble(error)
            raise
        if trace is not None:
            trace.shook_hands()
            trace.certificate = shown(self.sock)

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        if self._line.trace is not None and self._tunnel_host is None:
            self._line.trace.enter("tls")
        return sock

    def _tunnel(self) -> None:
        super()._tunnel()
        if self._line.trace is not None:
            self._line.trace.enter("tls")


class _Answer:
    """An answer that is being received, as the file that urllib3 reads from."""

    def __init__(self, line: Line, connection: PlainConnection, *, bare: bool = False) -> None:
        self._line = line
        self._connection = connection
        self._reader = AnswerReader(line.limits.header, line.room.size, cut=line.room.cut, bare=bare)
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
        data, trace = self._line.receive(self._connection.sock), self._line.trace
        if trace is not None:
            trace.heard() if data else trace.leave()
        if not data:
            self._reader.end()
            return b""
        body = self._reader.feed(data)
        if trace is not None:
            self._stamp(trace)
        return body

    def _stamp(self, trace: Trace) -> None:
        if self._reader.head is not None:
            trace.told(self._reader.head.version)
        if self._reader.done:
            trace.whole()

    def _settle(self) -> None:
        if self._reader.done and not self._closed:
            self.close()
