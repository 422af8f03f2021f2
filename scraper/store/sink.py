"""Where bytes go: a locked file, written in groups, or a stream, written at once.

A file is written half a second or 200 records after the last time at the latest. What was written survives the death
of our process, SIGKILL included, since the kernel has it. There is no fsync before the end: a power cut can cost what
the kernel had not written back (seconds), an fsync of megabytes would stall every fetch in flight twice a second, and
whatever is lost is fetched again at resume. At the end there is one.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Protocol

from scraper.errors import StoreError
from scraper.store.files import STDOUT, trouble

__all__ = ["GROUP", "GROUP_SECONDS", "FileSink", "PipeClosed", "Sink", "StreamSink"]

GROUP = 200
"""Records after which a group is written: the loop stands still for about 2 ms then, longer with larger groups."""
GROUP_SECONDS = 0.5
"""Seconds after which a group is written."""


class PipeClosed(StoreError):
    """Whoever read our output has enough, as ``head`` does: the caller ends quietly, as other filters do."""


class Sink(Protocol):
    """Takes bytes in order.

    :ivar terminal: whether a person sees them at once.
    """

    terminal: bool

    def put(self, data: bytes, records: int) -> None:
        """Append ``data``, which holds ``records`` records."""

    def tick(self) -> None:
        """Write the group if its time has come."""

    def flush(self) -> None:
        """Write the group now."""

    def finish(self) -> None:
        """Write everything; the file ends well. After trouble: do nothing."""

    def close(self) -> None:
        """Let the file go."""


class FileSink:
    """A regular file, written in groups at its end.

    :param fd: a descriptor that the sink owns from now on.
    :param name: for messages.
    :param end: where to write: bytes from the start.
    :param tail: what closes the file (``]`` of a JSON array). It is written after each group and over-written by the
        next, so that the file is well-formed between two groups, however we end.
    :ivar broken: whether the disk has refused; nothing is written from then on.
    """

    def __init__(
        self, fd: int, name: str, end: int, tail: bytes = b"", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.fd, self._name, self._end, self._tail, self._clock = fd, name, end, tail, clock
        self._group: list[bytes] = []
        self._records = 0
        self._since = 0.0
        self.broken = False
        self.terminal = False

    def put(self, data: bytes, records: int) -> None:
        """Append ``data``, which holds ``records`` records, to the group."""
        if not self._group:
            self._since = self._clock()
        self._group.append(data)
        self._records += records

    def tick(self) -> None:
        """Write the group if it is large or old enough.

        :raises StoreError: when the disk refuses; the file ends with the group before, whole.
        """
        if self._group and (self._records >= GROUP or self._clock() - self._since >= GROUP_SECONDS):
            self.flush()

    def flush(self) -> None:
        """Write the group now; errors as :meth:`tick`."""
        data = b"".join(self._group)
        self._group.clear()
        self._records = 0
        try:
            _write_at(self.fd, data + self._tail, self._end)
        except OSError as error:
            self.broken = True
            self._restore()
            raise trouble(self._name, error) from error
        self._end += len(data)

    def finish(self) -> None:
        """Write what is left and wait for the disk; nothing after trouble."""
        if self.broken:
            return
        self.flush()
        try:
            os.fsync(self.fd)
        except OSError as error:
            self.broken = True
            raise trouble(self._name, error) from error

    def close(self) -> None:
        """Let the file and its lock go."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def _restore(self) -> None:
        with contextlib.suppress(OSError):
            os.ftruncate(self.fd, self._end)
            _write_at(self.fd, self._tail, self._end)


class StreamSink:
    """A pipe, a terminal, a device: written at once, never locked."""

    def __init__(self, name: str, tail: bytes = b"") -> None:
        self._name, self._tail = name, tail
        self.broken = False
        self._mine = name not in STDOUT
        self._out = _opened(name) if self._mine else _standard_output()
        self.terminal = self._out.isatty()

    def put(self, data: bytes, records: int) -> None:
        """Write ``data``.

        :raises PipeClosed: when nobody reads any more.
        :raises StoreError: when it cannot be written for another reason.
        """
        view = memoryview(data)
        try:
            while view:
                written = self._out.write(view)
                if written is None:  # whoever started us made it non-blocking, and nobody reads at the moment
                    _wait_until_writable(self._out.fileno())
                view = view[written or 0 :]
        except BrokenPipeError as error:
            self.broken = True
            raise PipeClosed(f"{self._name}: nobody reads it any more") from error
        except OSError as error:
            self.broken = True
            raise trouble(self._name, error) from error

    def tick(self) -> None:
        """Nothing waits."""

    def flush(self) -> None:
        """Nothing waits."""

    def finish(self) -> None:
        """Write what closes the file; nothing after trouble."""
        if not self.broken:
            self.put(self._tail, 0)

    def close(self) -> None:
        """Let the stream go; the standard output stays open."""
        if self._mine:
            self._out.close()


def _opened(name: str) -> IO[bytes]:
    try:
        return Path(name).open("wb", buffering=0)
    except OSError as error:
        raise trouble(name, error) from error


def _standard_output() -> IO[bytes]:
    """The standard output past Python's buffer: what a closed pipe refuses must not be tried again at exit."""
    sys.stdout.flush()
    buffer = sys.stdout.buffer
    raw: IO[bytes] = getattr(buffer, "raw", buffer)
    return raw


def _wait_until_writable(fd: int) -> None:
    """Sleep until ``fd`` takes something again, or its reader has gone. A poll knows no limit on descriptors."""
    waiting = select.poll()
    waiting.register(fd, select.POLLOUT)
    waiting.poll()


def _write_at(fd: int, data: bytes, place: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, place)
        view, place = view[written:], place + written
