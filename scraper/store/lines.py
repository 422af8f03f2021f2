"""What all stores of one record a line have in common: a sink, and corrections that are applied at the end.

A line that is written cannot be changed in place. A :class:`scraper.model.Shallower` is remembered and, at close, the
file is rewritten once if there were any. A killed crawl leaves them out; its replay at resume finds them again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from scraper.model import Entry, Outcome, Shallower
from scraper.store.files import exists_already, is_stream, open_locked, rewrite
from scraper.store.record import Record, record_of
from scraper.store.sink import FileSink, Sink, StreamSink

__all__ = ["LineStore"]


class LineStore:
    """One record a line, written to a file or a stream; a subclass says what a line is.

    :param path: a file; or a pipe, a device, ``-`` for the standard output.
    :param anew: replace what the file holds; without, a file that is not empty is left alone.
    :raises ConfigError: when the file holds something already.
    :raises StoreError: when it cannot be opened or is in use by another process.
    """

    head = b""
    """Lines before the first record."""
    tail = b""
    """What closes the file."""

    def __init__(self, path: str | Path, anew: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = str(path)
        self._anew = anew
        self._shallower: dict[str, Shallower] = {}
        self._open = True
        if is_stream(self.name):
            self._sink: Sink = StreamSink(self.name, self.tail)
            end = 0
        else:
            self._sink, end = self._open_file(clock)
        try:
            self._begin(end)
        except BaseException:
            self._sink.close()
            raise

    def write(self, entries: Sequence[Entry]) -> None:
        """Append ``entries``; see :class:`scraper.store.base.Store`.

        :raises PipeClosed: when it is a pipe and nobody reads it any more.
        """
        records = []
        for entry in entries:
            if isinstance(entry, Shallower):
                self._shallower[entry.url] = entry
            else:
                records.append(record_of(entry))
        if records:
            self._sink.put(self._lines(records), len(records))
        self._sink.tick()

    def read(self) -> Iterator[Outcome]:
        """Nothing: an output is new, and only JSON lines can be read back."""
        return iter(())

    def close(self) -> None:
        """Write what is left, apply the corrections, let the file go; may be called twice."""
        if not self._open:
            return
        self._open = False
        try:
            self._sink.finish()
            if self._shallower and isinstance(self._sink, FileSink) and not self._sink.broken:
                rewrite(self.name, self._sink.fd, self._corrected)
        finally:
            self._sink.close()

    def _lines(self, records: Sequence[Record]) -> bytes:
        raise NotImplementedError

    def _corrected(self, line: bytes) -> bytes:
        """``line`` with the correction that its record got, if any."""
        raise NotImplementedError

    def _existing(self, fd: int, size: int) -> int:
        """Where to go on in a file that is not empty."""
        if not self._anew:
            raise exists_already(self.name)
        os.ftruncate(fd, 0)
        return 0

    def _begin(self, end: int) -> None:
        if end == 0 and self.head:
            self._sink.put(self.head, 0)
            self._sink.flush()

    def _open_file(self, clock: Callable[[], float]) -> tuple[FileSink, int]:
        fd = open_locked(self.name, self.name)
        try:
            size = os.fstat(fd).st_size
            end = self._existing(fd, size) if size else 0
        except BaseException:
            os.close(fd)
            raise
        return FileSink(fd, self.name, end, self.tail, clock), end


def lowered(record: Record, shallower: dict[str, Shallower]) -> Record:
    """``record`` with the correction that it got, if any."""
    correction = shallower.get(record.url)
    if correction is None:
        return record
    return msgspec.structs.replace(record, depth=correction.depth, via=correction.via)
