"""What runs in the process of a local server: listen, make ready, answer until the parent is gone."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import uvloop

from scraper.serving.alarm import Alarm
from scraper.serving.answers import Prepared, Source
from scraper.serving.connection import Connection
from scraper.serving.desk import Desk
from scraper.tuning import tune

__all__ = ["serve"]

_BACKLOG = 4_096
_TRIES = 8
"""Ports that are tried: one that is free on the first address may be taken on another."""


def serve(pipe: Pipe, source: Source, scale: float, log: Path | None) -> None:
    """Serve until the other end of ``pipe`` is closed, as it is when the parent dies.

    The parent is told the port, or, in words, why there is none. Then it asks: True for the figures, which begin anew,
    False for the number of requests since the start.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent says when to end
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    tune()
    sockets = _listen(source.hosts())
    if isinstance(sockets, str):
        _tell(pipe, sockets)
        return
    if isinstance(source, Prepared):
        source.prepare(sockets[0].getsockname()[1])
    urls: list[str] | None = None if log is None else []
    uvloop.run(_answer(pipe, sockets, source, scale, urls))
    if log is not None and urls is not None:
        log.write_text("".join(f"{url}\n" for url in urls), "latin-1")


def _tell(pipe: Pipe, news: object) -> None:
    with contextlib.suppress(OSError):  # the parent is gone already
        pipe.send(news)


async def _answer(
    pipe: Pipe, sockets: list[socket.socket], source: Source, scale: float, log: list[str] | None
) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    alarm = Alarm(loop)
    desk = Desk(source, alarm, scale, log)
    servers = [await loop.create_server(lambda: Connection(desk), sock=each, backlog=_BACKLOG) for each in sockets]

    def told() -> None:
        try:
            _tell(pipe, desk.take() if pipe.recv() else desk.requests)
        except (EOFError, OSError):
            loop.remove_reader(pipe.fileno())
            ended.set()

    loop.add_reader(pipe.fileno(), told)
    _tell(pipe, sockets[0].getsockname()[1])
    await ended.wait()
    for server in servers:
        server.close()
    alarm.close()


def _listen(hosts: list[str]) -> list[socket.socket] | str:
    """Sockets on one port of all ``hosts``, or why there are none."""
    for _ in range(_TRIES):
        sockets: list[socket.socket] = []
        try:
            for host in hosts:
                port = sockets[0].getsockname()[1] if sockets else 0
                sockets.append(socket.create_server((host, port), backlog=_BACKLOG))
        except OSError as error:
            for listener in sockets:
                listener.close()
            trouble = _trouble(host, error)
            if error.errno != errno.EADDRINUSE:
                return trouble
        else:
            return sockets
    return trouble


def _trouble(host: str, error: OSError) -> str:
    what = f"the local server cannot listen on {host}: {os.strerror(error.errno or 0)}"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{what}; not every system has all of 127.0.0.0/8: on macOS, 'sudo ifconfig lo0 alias {host}' adds it"
    return what
