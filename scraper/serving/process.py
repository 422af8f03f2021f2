"""What runs in the process of a local server: listen, make ready, answer until the parent is gone."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import socket
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import uvloop

from scraper.serving.answers import Prepared, Source
from scraper.serving.connection import Connection
from scraper.serving.desk import Desk
from scraper.tuning import tune

__all__ = ["serve"]

_BACKLOG = 4_096
_TRIES = 8
"""Ports that are tried: one that is free on the first address may be taken on another."""


def serve(pipe: Pipe, source: Source, scale: float, log: Path | None) -> None:
    """Serve until the other end of ``pipe`` is closed; it is told the port, or why there is none."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent says when to end
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    tune()
    try:
        sockets = _listen(source.hosts())
    except OSError as error:
        pipe.send(_trouble(error))
        return
    port = sockets[0].getsockname()[1]
    if isinstance(source, Prepared):
        source.prepare(port)
    desk = Desk(source, scale, log=log is not None)
    uvloop.run(_answer(pipe, desk, sockets, port))
    if log is not None and desk.log is not None:
        log.write_text("".join(f"{url}\n" for url in desk.log), "latin-1")


async def _answer(pipe: Pipe, desk: Desk, sockets: list[socket.socket], port: int) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for listener in sockets:
        await loop.create_server(lambda: Connection(desk), sock=listener, backlog=_BACKLOG)

    def told() -> None:
        try:
            reset = pipe.recv()
            pipe.send(desk.take() if reset else desk.requests)
        except (EOFError, OSError):
            loop.remove_reader(pipe.fileno())
            ended.set()

    loop.add_reader(pipe.fileno(), told)
    with contextlib.suppress(OSError):  # a parent that is gone already
        pipe.send(port)
    await ended.wait()


def _listen(hosts: list[str]) -> list[socket.socket]:
    """Sockets on one port of all ``hosts``."""
    for last in [*[False] * (_TRIES - 1), True]:
        sockets: list[socket.socket] = []
        try:
            for host in hosts:
                port = sockets[0].getsockname()[1] if sockets else 0
                sockets.append(socket.create_server((host, port), backlog=_BACKLOG))
        except OSError as error:
            for listener in sockets:
                listener.close()
            if last or error.errno != errno.EADDRINUSE:
                error.filename = error.filename or host
                raise
        else:
            return sockets
    raise AssertionError("the last try returns or raises")


def _trouble(error: OSError) -> str:
    if error.errno == errno.EADDRNOTAVAIL:
        return (
            f"the local server cannot listen on {error.filename}: this system has no such loopback address; "
            f"Linux has all of 127.0.0.0/8, on macOS add them one by one: sudo ifconfig lo0 alias {error.filename}"
        )
    return f"the local server cannot listen on {error.filename}: {error.strerror or error}"
