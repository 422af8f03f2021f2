"""The parent's side of a local server."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from scraper.errors import BackendError, ConfigError
from scraper.serving.answers import Source
from scraper.serving.desk import Served
from scraper.serving.process import serve
from scraper.spawning import main_hidden, signals_held_back

__all__ = ["Server"]

_GRACE = 10.0
"""Seconds that the process may take to end, and to write its log."""


class Server:
    """Serves what ``source`` gives, from a process of its own, while the ``with`` block lasts.

    GET and HEAD of HTTP/1.1, also in absolute form and for https (RFC 9112, 3.2.2), as a proxy is asked. It listens on
    loopback addresses only, and ends with its parent, however that ends.

    >>> with Server(fixture.source()) as server:  # doctest: +SKIP
    ...     urls = fixture.urls(server.port)

    :param scale: what all delays are multiplied by; 0 answers at once.
    :param log: where to write, at the end, the URLs that were asked for, a line each.
    :ivar port: where it listens, the same on all addresses.
    """

    def __init__(self, source: Source, *, scale: float = 1.0, log: Path | None = None) -> None:
        self._args = source, scale, log
        self.port = 0

    def __enter__(self) -> Self:
        """Start, and wait until the answers are ready.

        :raises ConfigError: where it cannot listen.
        :raises BackendError: where it cannot start.
        """
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, *self._args), name="server", daemon=True)
        try:
            self._start()
            theirs.close()
            told = self._hear()
            if isinstance(told, str):
                raise ConfigError(told)
        except BaseException:
            theirs.close()
            self._end()
            raise
        self.port = int(told)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End it.

        :raises BackendError: where it was killed before, so that nobody takes what failed since for the servers' doing.
        """
        code = self._process.exitcode
        self._end()
        if code is not None and kind is None:
            raise _ended(code)

    def _start(self) -> None:
        try:
            with main_hidden(), signals_held_back({signal.SIGINT}):
                self._process.start()
        except (OSError, AssertionError) as error:  # the latter in a process that may not have children
            raise BackendError(f"the local server cannot be started: {error}") from error

    @property
    def served(self) -> int:
        """How many requests came since the start, whatever was reset."""
        return int(self._ask(False))

    def reset(self) -> Served:
        """The figures since the last reset, or the start; they and the turns begin anew.

        :raises BackendError: where the process was killed.
        """
        served: Served = self._ask(True)
        return served

    def _ask(self, reset: bool) -> Any:
        with contextlib.suppress(OSError):
            self._pipe.send(reset)
        return self._hear()

    def _hear(self) -> Any:
        try:
            return self._pipe.recv()
        except (EOFError, OSError) as error:
            self._process.join(_GRACE)
            raise _ended(self._process.exitcode) from error

    def _end(self) -> None:
        self._pipe.close()
        if self._process.pid is not None:
            self._process.join(_GRACE)
            self._process.kill()
            self._process.join()
        self._process.close()


def _ended(code: int | None) -> BackendError:
    return BackendError(f"the local server has ended by itself, with code {code}")
