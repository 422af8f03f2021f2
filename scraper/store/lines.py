"""What all stores of one record a line have in common: a sink, and corrections that are applied at the end.

A line that is written cannot be changed in place. A :class:`scraper.model.Shallower` is remembered and, at close, the
file is rewritten once if there were any. A killed crawl leaves them out; its replay at resume finds them again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

import msgspec

from scraper.errors import ConfigError
from scraper.model import Entry, Kind, Outcome, Shallower
from scraper.store.files import exists_already, is_stream, open_locked, remove_stale, replacement, rewrite, trouble
from scraper.store.record import Record, record_of
from scraper.store.sink import GROUP, FileSink, Sink, StreamSink

__all__ = ["LineStore"]


class LineStore:
    """One record a line, written to a file or a stream; a subclass says what a line is.

    :param path: a file; or a pipe, a device, ``-`` for the standard output.
    :param refill: replace what the file holds by these, in one step: after any trouble it is as it was. Without, a
        file that is not empty is left alone.
    :raises ConfigError: when the file holds something already, with ``refill`` something that is no such output.
    :raises StoreError: when it cannot be opened or is in use by another process.
    """

    head = b""
    """Lines before the first record."""
    tail = b""
    """What closes the file."""
    resumable = False
    """Whether a crawl can go on with the file."""
    pages_only = False
    """Whether robots files and sitemaps are left out."""

    def __init__(
        self,
        path: str | Path,
        refill: Iterable[Outcome] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = str(path)
        self._shallower: dict[str, Shallower] = {}
        self._open = True
        if refill is not None and self.pages_only:
            refill = filter(_is_page, refill)
        if is_stream(self.name):
            self._sink: Sink = StreamSink(self.name, self.tail)
            self._begin(0, refill or ())
            return
        fd = self._lock()
        if refill is None:
            self._sink, end = self._go_on(fd, clock)
            self._begin(end, ())
        else:
            try:
                self._replace(fd, refill, clock)
            finally:
                os.close(fd)

    def write(self, entries: Sequence[Entry]) -> None:
        """Append ``entries``; see :class:`scraper.store.base.Store`.

        :raises PipeClosed: when it is a pipe and nobody reads it any more.
        """
        records = []
        for entry in entries:
            if isinstance(entry, Shallower):
                self._shallower[entry.url] = entry
            elif not self.pages_only or entry.request.kind is Kind.PAGE:
                records.append(record_of(entry))
        if records:
            lines = self._lines(records)
            self._sink.put(self._shown(lines) if self._sink.terminal else lines, len(records))
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

    def _shown(self, lines: bytes) -> bytes:
        """``lines`` as a terminal may see them; what goes anywhere else is exact."""
        return lines

    def _corrected(self, line: bytes) -> bytes:
        """``line`` with the correction that its record got, if any."""
        raise NotImplementedError

    def _existing(self, fd: int, size: int) -> int:
        """Where to go on in a file that is not empty."""
        raise exists_already(self.name, resumable=self.resumable)

    def _ours(self, lines: Sequence[bytes]) -> bool:
        """Whether a file that begins with ``lines``, two at most, is an earlier output of this kind."""
        raise NotImplementedError

    def _begins_with(self, outcome: Outcome, lines: Sequence[bytes]) -> bool:
        """Whether the first record in ``lines``, if there is a whole one, is that of ``outcome``.

        It is where both are of one crawl, since all of its stores are written in the same order.
        """
        record, newline, _ = b"".join(lines).removeprefix(self.head).lstrip().partition(b"\n")
        return not newline or record == self.tail.strip() or outcome.url.encode() in record

    def _begin(self, end: int, refill: Iterable[Outcome]) -> None:
        """Write what stands before all that is to come; the sink is closed after trouble."""
        try:
            if end == 0 and self.head:
                self._sink.put(self.head, 0)
                self._sink.flush()
            outcomes = iter(refill)
            while group := list(islice(outcomes, GROUP)):
                self.write(group)
        except BaseException:
            self._sink.close()
            raise

    def _lock(self) -> int:
        fd = open_locked(self.name, self.name)
        try:
            remove_stale(self.name)
        except OSError as error:
            os.close(fd)
            raise trouble(self.name, error) from error
        return fd

    def _go_on(self, fd: int, clock: Callable[[], float]) -> tuple[FileSink, int]:
        """The sink, and where it begins in the file, which is not at 0 after a resume."""
        try:
            size = os.fstat(fd).st_size
            end = self._existing(fd, size) if size else 0
        except BaseException:
            os.close(fd)
            raise
        return FileSink(fd, self.name, end, self.tail, clock), end

    def _replace(self, fd: int, refill: Iterable[Outcome], clock: Callable[[], float]) -> None:
        """Put a new file with ``refill`` in the place of the one that is open as ``fd``."""
        with open(fd, "rb", closefd=False) as old:
            lines = list(islice(old, 2))
        if lines and not self._ours(lines):
            raise ConfigError(f"{self.name} holds something else than records written earlier: name another file")
        outcomes = iter(refill)
        first = list(islice(outcomes, 1))
        if first and not self._begins_with(first[0], lines):
            raise ConfigError(f"{self.name} holds the records of another crawl: name another file")
        with replacement(self.name, fd) as new:
            # a descriptor of its own: after trouble both the sink and the replacement close theirs
            self._sink = FileSink(os.dup(new), self.name, 0, self.tail, clock)
            self._begin(0, chain(first, outcomes))
            self._sink.flush()
        os.close(new)


def _is_page(outcome: Outcome) -> bool:
    return outcome.request.kind is Kind.PAGE


def lowered(record: Record, shallower: dict[str, Shallower]) -> Record:
    """``record`` with the correction that it got, if any; only pages get some."""
    correction = shallower.get(record.url)
    if correction is None or record.kind is not Kind.PAGE:
        return record
    return msgspec.structs.replace(record, depth=correction.depth, via=correction.via)
