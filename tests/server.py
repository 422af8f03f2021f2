"""A server on the loopback interface that does exactly what it is told, byte by byte, good or bad.

::

    with ScriptedServer() as server:
        server.script("/slow", drip(b"HTTP/1.1 200 OK\\r\\n\\r\\nhello", every=0.01))
        fetch(server.url("/slow"))
        assert server.hits["/slow"] == 1

A behaviour is called with the connection once the request's headers are in, and says whether the connection serves
another request. What no script was made for gets a 404.
"""

from __future__ import annotations

import contextlib
import gzip
import select
import socket
import ssl
import struct
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeAlias

import brotli
import zstandard

__all__ = [
    "Behaviour",
    "ClosedPort",
    "ScriptedServer",
    "ask_for_more",
    "bomb",
    "chunked",
    "close",
    "drip",
    "endless",
    "free_port",
    "ok",
    "once_then_close",
    "pack",
    "page",
    "raw",
    "redirect",
    "reset",
    "sequence",
    "stall",
    "status",
]

Behaviour: TypeAlias = Callable[[socket.socket], bool]
KEEP, END = True, False


class ScriptedServer:
    """Accepts on 127.0.0.1, a thread for each connection; all of them are gone after the ``with``.

    :ivar hits: requests by path, without the query.
    :ivar requests: the bytes of each request, in order of their arrival.
    :ivar connections: how many were accepted.
    :param tls: a context to wrap each connection with.
    :param greeting: what is said to the first bytes of a connection, whatever they are, before it is closed.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, greeting: bytes | None = None) -> None:
        self.hits: Counter[str] = Counter()
        self.requests: list[bytes] = []
        self.connections = 0
        self._tls = tls
        self._greeting = greeting
        self._scripts: dict[str, Behaviour] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._over = threading.Event()

    @property
    def port(self) -> int:
        """The port that the system chose."""
        port: int = self._listener.getsockname()[1]
        return port

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        """The URL of ``path`` here."""
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def script(self, path: str, behaviour: Behaviour) -> str:
        """Answer requests for ``path`` with ``behaviour``; gives the URL."""
        self._scripts[path] = behaviour
        return self.url(path)

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.add(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        plain = connection
        try:
            connection.settimeout(10)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                self._open.add(connection)
                _shake_hands(connection)
            if self._greeting is not None:
                connection.recv(65536)
                connection.sendall(self._greeting)
                return
            while self._answer(connection):
                pass
        except (OSError, ValueError):
            pass  # the client has gone, as many tests want it to
        finally:
            self._open -= {plain, connection}
            connection.close()
            plain.close()

    def _answer(self, connection: socket.socket) -> bool:
        request = b""
        while b"\r\n\r\n" not in request:
            data = connection.recv(65536)
            if not data:
                return END
            request += data
        self.requests.append(request)
        method, target = request.split(b" ", 2)[:2]
        path = _path(target.decode())
        self.hits[path] += 1
        if method == b"CONNECT":
            return self._scripts.get("CONNECT", status(405))(connection)
        return self._scripts.get(path, status(404))(connection)


class ClosedPort(ScriptedServer):
    """A port that nobody listens at, nor anybody else gets as long as it is there, unlike :func:`free_port`."""

    def __init__(self) -> None:
        super().__init__()
        self._listener.close()
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))

    def __enter__(self) -> Self:
        return self


def raw(data: bytes, *, keep: bool = False) -> Behaviour:
    """Send ``data`` as it stands, and close."""

    def behave(connection: socket.socket) -> bool:
        connection.sendall(data)
        return keep

    return behave


def ok(body: bytes = b"hello", headers: str = "", *, code: str = "200 OK") -> Behaviour:
    """A whole answer with a Content-Length; the connection is kept. ``headers`` are lines that each end in CRLF."""
    head = f"HTTP/1.1 {code}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return raw(head.encode("iso-8859-1") + body, keep=True)


def page(html: str, headers: str = "") -> Behaviour:
    """A whole HTML page in UTF-8."""
    return ok(html.encode(), f"Content-Type: text/html; charset=utf-8\r\n{headers}")


def status(code: int, headers: str = "") -> Behaviour:
    """An answer with this status and a word of text."""
    return ok(b"no body to speak of", f"Content-Type: text/plain\r\n{headers}", code=f"{code} Status")


def redirect(location: str, code: int = 302) -> Behaviour:
    """An answer that points elsewhere."""
    return status(code, f"Location: {location}\r\n")


def chunked(*chunks: bytes, headers: str = "", end: bytes = b"0\r\n\r\n") -> Behaviour:
    """A body in chunks, each sent by itself."""
    head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{headers}\r\n".encode()
    return sequence(
        raw(head, keep=True), *(raw(b"%x\r\n%b\r\n" % (len(c), c), keep=True) for c in chunks), raw(end, keep=True)
    )


def drip(data: bytes, every: float, size: int = 1) -> Behaviour:
    """Send ``data`` in pieces of ``size`` bytes, ``every`` so many seconds, and close."""

    def behave(connection: socket.socket) -> bool:
        for at in range(0, len(data), size):
            connection.sendall(data[at : at + size])
            if _gone(connection, every):
                break
        return END

    return behave


def stall(data: bytes = b"") -> Behaviour:
    """Send ``data`` and then nothing, until the client goes away."""

    def behave(connection: socket.socket) -> bool:
        connection.sendall(data)
        _gone(connection, 10)
        return END

    return behave


def close(data: bytes = b"") -> Behaviour:
    """Send ``data`` and close."""
    return raw(data)


def reset(data: bytes = b"") -> Behaviour:
    """Send ``data`` and break the connection with a RST."""

    def behave(connection: socket.socket) -> bool:
        connection.sendall(data)
        time.sleep(0.02 if data else 0)  # a RST overtakes what was not read yet
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return END

    return behave


def endless(head: bytes, unit: bytes, limit: int = 50_000_000) -> Behaviour:
    """``head``, then ``unit`` again and again until the client has enough."""

    def behave(connection: socket.socket) -> bool:
        connection.sendall(head)
        block = unit * max(1, 65536 // len(unit))
        for _ in range(limit // len(block)):
            connection.sendall(block)
        return END

    return behave


def once_then_close(behaviour: Behaviour) -> Behaviour:
    """Serve the first request of each connection, and close at the second one without a word."""
    served: set[int] = set()

    def behave(connection: socket.socket) -> bool:
        if id(connection) in served:
            served.discard(id(connection))
            return END
        served.add(id(connection))
        return behaviour(connection)

    return behave


def sequence(*behaviours: Behaviour) -> Behaviour:
    """One after the other, on one request; the last says whether the connection is kept."""

    def behave(connection: socket.socket) -> bool:
        keep = KEEP
        for behaviour in behaviours:
            keep = behaviour(connection)
        return keep

    return behave


def ask_for_more(*behaviours: Behaviour) -> Behaviour:
    """The first behaviour for the first request, and so on; the last for all that follow."""
    left = list(behaviours)

    def behave(connection: socket.socket) -> bool:
        return (left.pop(0) if len(left) > 1 else left[0])(connection)

    return behave


def pack(coding: str, body: bytes) -> bytes:
    """``body`` in a content coding; ``raw`` is deflate without its wrapper."""
    return _PACK[coding](body)


def bomb(coding: str, size: int) -> Behaviour:
    """A small body that unpacks to ``size`` zero bytes."""
    return ok(pack(coding, bytes(size)), f"Content-Encoding: {'deflate' if coding == 'raw' else coding}\r\n")


def _raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


_PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "raw": _raw_deflate,
    "br": lambda body: bytes(brotli.compress(body, quality=5)),
    "zstd": lambda body: zstandard.ZstdCompressor().compress(body),
}


def _path(target: str) -> str:
    if target.startswith("http://"):
        target = "/" + target.split("/", 3)[3]
    return target.partition("?")[0]


def _shake_hands(connection: ssl.SSLSocket) -> None:
    """The handshake; when it fails the client is left the time to read why: a close with bytes unread is a reset."""
    try:
        connection.do_handshake()
    except ssl.SSLError:
        socket.socket.shutdown(connection, socket.SHUT_WR)
        while socket.socket.recv(connection, 65536):
            pass
        raise


def _gone(connection: socket.socket, seconds: float) -> bool:
    """Wait, but no longer than the client stays."""
    readable, _, _ = select.select([connection], [], [], seconds)
    return bool(readable)


def free_port() -> int:
    """A port on the loopback interface that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port: int = unused.getsockname()[1]
        return port
