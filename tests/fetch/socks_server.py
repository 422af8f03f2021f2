"""A SOCKS proxy on the loopback interface (RFC 1928, RFC 1929 and SOCKS4), which leads every name to one server."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from types import TracebackType
from typing import Self

from tests.fetch.test_connections import pump

__all__ = ["SocksServer"]


class SocksServer:
    """Takes connections until the end of the ``with``.

    :ivar asked: what it was asked to connect to, (host, port) each.
    :ivar logins: what it was told of user and password; ``b""`` where nothing.
    :param port: where all connections lead.
    :param login: what it wants to be told, ``user:password``.
    :param reply: the code that it answers a request with.
    :param says: what it says to the first bytes, instead of all that.
    """

    def __init__(self, port: int, *, login: bytes = b"", reply: int | None = None, says: bytes | None = None) -> None:
        self.asked: list[tuple[str, int]] = []
        self.logins: list[bytes] = []
        self._target, self._login, self._reply, self._says = port, login, reply, says
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def url(self, scheme: str, login: str = "") -> str:
        return f"{scheme}://{login and login + '@'}127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in self._open:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _start(self, work: object, *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(client)
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError, EOFError):
            client.settimeout(10)
            version = read(client, 1)
            if self._says is not None:
                client.recv(100)
                client.sendall(self._says)
            elif self._four(client) if version == b"\x04" else self._five(client):
                with socket.create_connection(("127.0.0.1", self._target)) as far:
                    there = threading.Thread(target=pump, args=(client, far), daemon=True)
                    there.start()
                    pump(far, client)
                    there.join(5)

    def _five(self, client: socket.socket) -> bool:
        methods = read(client, read(client, 1)[0])
        wanted = 2 if self._login else 0
        if wanted not in methods:
            client.sendall(b"\x05\xff")
            return False
        client.sendall(bytes([5, wanted]))
        self.logins.append(self._take_login(client) if self._login else b"")
        if self.logins[-1] != self._login:
            return False
        kind = read(client, 4)[3]
        if kind == 3:
            host = read(client, read(client, 1)[0]).decode()
        else:
            host = socket.inet_ntop(
                *((socket.AF_INET, read(client, 4)) if kind == 1 else (socket.AF_INET6, read(client, 16)))
            )
        self.asked.append((host, *struct.unpack(">H", read(client, 2))))
        client.sendall(bytes([5, self._reply or 0, 0, 1, 0, 0, 0, 0, 0, 0]))
        return not self._reply

    def _take_login(self, client: socket.socket) -> bytes:
        read(client, 1)
        user = read(client, read(client, 1)[0])
        given = user + b":" + read(client, read(client, 1)[0])
        client.sendall(bytes([1, given != self._login]))
        return given

    def _four(self, client: socket.socket) -> bool:
        _, port, address = struct.unpack(">BH4s", read(client, 7))
        user = b""
        while (letter := read(client, 1)) != b"\0":
            user += letter
        self.logins.append(user)
        self.asked.append((socket.inet_ntoa(address), port))
        client.sendall(bytes([0, self._reply or 0x5A, 0, 0, 0, 0, 0, 0]))
        return not self._reply


def read(client: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = client.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data
