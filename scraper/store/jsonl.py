"""JSON lines: one record a line, as text that every tool reads, and a checkpoint all the same."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from scraper.errors import StoreError
from scraper.model import Outcome
from scraper.printing import escaped, on_its_line
from scraper.store.files import trouble
from scraper.store.lines import LineStore, lowered
from scraper.store.record import SCHEMA, Record, decode, encode, encode_lines, outcome_of, url_of
from scraper.store.sink import FileSink

__all__ = ["JsonlStore", "parsed"]

_OPENING = b'{"schema":'
_BLOCK = 1 << 16


class JsonlStore(LineStore):
    """Records as JSON, each on its line.

    :param path: a file; or a pipe, a device, ``-`` for the standard output.
    :param resume: go on with the file if it is there. A last line that is torn is cut off: that URL is fetched again.
    :param refill: replace what the file holds by these; see :class:`scraper.store.lines.LineStore`.
    :raises ConfigError: when the file holds something and neither was said.
    :raises StoreError: when it cannot be opened, is in use, or holds no records of this schema.
    """

    resumable = True

    def __init__(
        self,
        path: str | Path,
        resume: bool = False,
        refill: Iterable[Outcome] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._resume = resume
        super().__init__(path, refill, clock)

    def read(self) -> Iterator[Outcome]:
        """The recorded outcomes in the order they were written, corrections applied; a stream gives none.

        :raises StoreError: at a line that is no record of this schema, with its number.
        """
        if not isinstance(self._sink, FileSink):
            return
        if self._open:
            self._sink.flush()
        with Path(self.name).open("rb") as file:
            for number, line in enumerate(file, 1):
                yield outcome_of(lowered(parsed(self.name, number, line), self._shallower))

    def _lines(self, records: Sequence[Record]) -> bytes:
        return on_its_line(encode_lines(records))

    def _shown(self, lines: bytes) -> bytes:
        return escaped(lines)

    def _corrected(self, line: bytes) -> bytes:
        if url_of(line) not in self._shallower:
            return line
        return on_its_line(encode(lowered(decode(line), self._shallower))) + b"\n"

    def _ours(self, lines: Sequence[bytes]) -> bool:
        if not lines[0].endswith(b"\n"):  # the torn first line of a crawl that was killed
            return _OPENING.startswith(lines[0][: len(_OPENING)])
        try:
            return decode(lines[0]).schema == SCHEMA
        except msgspec.DecodeError:
            return False

    def _existing(self, fd: int, size: int) -> int:
        if not self._resume:
            return super()._existing(fd, size)
        try:
            end = _sound_end(self.name, fd, size)
            os.ftruncate(fd, end)
        except OSError as error:
            raise trouble(self.name, error) from error
        return end


class _Schema(msgspec.Struct):
    schema: int


def parsed(name: str, number: int, line: bytes) -> Record:
    """The record in ``line``, the ``number``-th of the file.

    :raises StoreError: when it is none of this schema.
    """
    try:
        record = decode(line)
    except msgspec.DecodeError as error:
        _check_schema(name, line)
        raise StoreError(f"{name}:{number}: no record: {error}; mend or remove the line") from error
    if record.schema != SCHEMA:
        _check_schema(name, line)
    return record


def _check_schema(name: str, line: bytes) -> None:
    try:
        schema = msgspec.json.decode(line, type=_Schema).schema
    except msgspec.DecodeError:
        return
    if schema != SCHEMA:
        raise StoreError(f"{name} holds records of schema {schema}, this version reads {SCHEMA}: name another file")


def _sound_end(name: str, fd: int, size: int) -> int:
    """How many bytes of the file are whole lines of records, the last one looked at, and none of a foreign file."""
    if not _OPENING.startswith(os.pread(fd, len(_OPENING), 0)):
        raise StoreError(f"{name} is no file of records: name another file")
    end = _line_start(fd, size)  # what follows the last newline is torn
    start = _line_start(fd, end - 1)
    if start == end:
        return end
    line = os.pread(fd, end - start, start)
    try:
        decode(line)
    except msgspec.DecodeError:
        _check_schema(name, line)
        return start
    _check_schema(name, line)
    return end


def _line_start(fd: int, end: int) -> int:
    """Where the line begins that ends at ``end`` or contains it: behind the last newline before ``end``."""
    while end > 0:
        start = max(0, end - _BLOCK)
        found = os.pread(fd, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
