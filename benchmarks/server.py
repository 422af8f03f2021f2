"""A static server that costs little, so that a benchmark measures the crawler: all answers are made before the start.

One process, one loop, HTTP/1.1 with keep-alive, GET only. Every request is noted in an access log that can be read
when the server has ended: a line a request, the URL.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import multiprocessing.connection
from pathlib import Path
from types import TracebackType
from typing import Protocol, cast

import uvloop

from benchmarks.site import ROBOTS, Site, path

__all__ = ["Server"]


class Server:
    """Serves a :class:`Site` from a process of its own while the ``with`` block lasts.

    :param latency: seconds that every answer takes.
    :param log: file that the access log is written to.
    """

    def __init__(self, site: Site, latency: float = 0.0, log: Path | None = None) -> None:
        self._args = site, latency, log
        self._served = multiprocessing.RawValue("L", 0)

    @property
    def served(self) -> int:
        """How many requests were answered so far."""
        return int(self._served.value)

    def __enter__(self) -> Site:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._stop = ours
        self._process = context.Process(target=_serve, args=(theirs, self._served, *self._args), daemon=True)
        self._process.start()
        theirs.close()
        site, _, _ = self._args
        return site._replace(port=ours.recv())

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._stop.send(None)
        self._process.join(10)
        self._process.kill()
        self._process.join()
        self._process.close()
        self._stop.close()


class _Count(Protocol):
    value: int


class _Connection(asyncio.Protocol):
    def __init__(self, answers: dict[bytes, bytes], latency: float, log: list[bytes], served: _Count) -> None:
        self._answers, self._latency, self._log, self._served = answers, latency, log, served
        self._partial = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        *requests, self._partial = (self._partial + data).split(b"\r\n\r\n")
        for request in requests:
            key = _key(request)
            self._log.append(key)
            self._served.value += 1
            answer = self._answers.get(key, _NOT_FOUND)
            if self._latency:
                asyncio.get_running_loop().call_later(self._latency, self._answer, answer)
            else:
                self._answer(answer)

    def _answer(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def _key(request: bytes) -> bytes:
    """Host and path of a request: its identity in answers and log."""
    line, _, headers = request.partition(b"\r\n")
    start = headers.lower().index(b"host:") + 5
    host = headers[start:].partition(b"\r\n")[0].strip()
    return host + line.split(b" ", 2)[1]


def _serve(
    stop: multiprocessing.connection.Connection, served: _Count, site: Site, latency: float, log: Path | None
) -> None:
    uvloop.run(_serve_until(stop, served, site, latency, log))


async def _serve_until(
    stop: multiprocessing.connection.Connection, served: _Count, site: Site, latency: float, log: Path | None
) -> None:
    loop, ended, seen = asyncio.get_running_loop(), asyncio.Event(), list[bytes]()
    answers: dict[bytes, bytes] = {}
    servers: list[asyncio.Server] = []
    for host in range(site.hosts):  # loopback addresses only, never all interfaces
        name = f"127.0.0.{host + 2}"
        make = loop.create_server(lambda: _Connection(answers, latency, seen, served), name, site.port, backlog=4096)
        servers.append(await make)
        site = site._replace(port=servers[0].sockets[0].getsockname()[1])
    for host in range(site.hosts):
        name = f"127.0.0.{host + 2}:{site.port}"
        answers[f"{name}/robots.txt".encode()] = _answer("text/plain", ROBOTS)
        for number in range(site.pages):
            answers[f"{name}{path(number)}".encode()] = _answer("text/html; charset=utf-8", site.page(host, number))
    stop.send(site.port)
    loop.add_reader(stop.fileno(), ended.set)
    await ended.wait()
    for server in servers:
        server.close()
    if log is not None:
        log.write_bytes(b"".join(b"http://" + key + b"\n" for key in seen))  # noqa: ASYNC240 - nothing else runs


def _answer(media_type: str, body: bytes) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
