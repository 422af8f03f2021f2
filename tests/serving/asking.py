"""A source of a few answers, and a client that writes and reads bytes."""

from __future__ import annotations

import socket
from typing import Self

from scraper.serving.answers import Answer, message

__all__ = ["Client", "Few"]


class Few:
    """Answers by the path: its number is the delay in milliseconds, what stands behind a dash that of the rest.

    ``bare`` has a head of bare line feeds, ``large`` a body of a megabyte.
    """

    def __init__(self, *hosts: str) -> None:
        self._hosts = hosts or ("127.0.0.2",)

    def hosts(self) -> list[str]:
        return list(self._hosts)

    def answer(self, url: str, turn: int) -> Answer | None:
        if url.endswith("/bare"):
            return Answer(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok")
        if url.endswith("/large"):
            return Answer(message("text/plain", f"{turn:04} {url}".encode().ljust(1_000_000)))
        delay, _, rest = url.rpartition("/")[2].partition("-")
        if not delay.isdecimal():
            return None
        payload = message("text/plain", f"{url} {turn}".encode())
        return Answer(payload, int(delay) / 1000, 20 if rest else 0, int(rest or 0) / 1000)


class Client:
    """One connection."""

    def __init__(self, port: int, host: str = "127.0.0.2") -> None:
        self._host = f"{host}:{port}"
        self.sock = socket.create_connection((host, port), timeout=30)
        self._file = self.sock.makefile("rb")

    def ask(self, *targets: str, method: str = "GET", more: str = "", version: str = "1.1") -> None:
        """Ask for all ``targets`` at once."""
        heads = [f"{method} {target} HTTP/{version}\r\nHost: {self._host}\r\n{more}\r\n" for target in targets]
        self.sock.sendall("".join(heads).encode())

    def hear(self, bare: bool = False) -> tuple[int, str]:
        """Status and body of the next answer; 0 at the end of the connection."""
        line, length = self._file.readline(), 0
        if not line:
            return 0, ""
        while (field := self._file.readline().rstrip()) != b"":
            if field.lower().startswith(b"content-length:"):
                length = int(field.split(b":")[1])
        return int(line.split()[1]), "" if bare else self._file.read(length).decode()

    def get(self, target: str) -> tuple[int, str]:
        self.ask(target)
        return self.hear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.sock.close()
