"""Where the answers of a recording stand in its file: the index that a replay looks them up in.

The bodies stay in the file. A record can be torn at its end, by a process that was killed: what is whole before that
counts. The file may be another tool's, also without compression; what is none of ours in it is passed over.
"""

from __future__ import annotations

import itertools
import os
import re
import zlib
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec
from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from scraper.archive.about import About
from scraper.archive.records import ATTEMPT, BODY, KIND, SERVER, Trouble
from scraper.errors import ConfigError
from scraper.model import Kind, Reason
from scraper.url import canonical

__all__ = ["Index", "Recorded", "read_block", "scan"]


class Recorded(NamedTuple):
    """One fetch of a recording.

    :ivar attempt: 1 for the first try.
    :ivar status: of the answer; None where there was none.
    :ivar server: seconds until the head was there, or the fetch had failed; ``body`` from there to the end.
    :ivar size: bytes of the message, head included.
    :ivar reason: why there was no answer, with a ``detail`` for a person.
    :ivar place: where its record begins in the file, and how many bytes it takes there.
    """

    url: str
    kind: Kind = Kind.PAGE
    attempt: int = 1
    status: int | None = None
    server: float = 0.0
    body: float = 0.0
    size: int = 0
    reason: Reason | None = None
    detail: str = ""
    place: tuple[int, int] = (0, 0)


class Index(NamedTuple):
    """What a file holds.

    :ivar entries: the fetches, in the order of their ends.
    :ivar abouts: what each crawl that is in it says of itself.
    :ivar end: how many bytes of it are whole records; ``cut`` how many come after them.
    :ivar packed: whether its records are gzip members.
    """

    entries: list[Recorded]
    abouts: list[About]
    end: int
    cut: int
    packed: bool


def scan(name: str) -> Index:
    """Read through the recording ``name``.

    :raises ConfigError: when it cannot be opened, is no WARC file, is damaged in its middle, or cannot be read record
        by record.
    """
    try:
        with Path(name).open("rb") as file:
            packed = _begins(name, file)
            return _scanned(name, file, packed=packed)
    except OSError as error:
        raise ConfigError(f"{name} cannot be read: {error.strerror or error}") from error


def read_block(fd: int, entry: Recorded, *, packed: bool) -> bytes:
    """The block of a record: the answer as a whole message.

    :raises OSError, ValueError, zlib.error: when the file has changed since it was scanned.
    """
    start, length = entry.place
    record = os.pread(fd, min(length, entry.size + 2 * _HEADERS), start)  # behind a block there may be anything
    if packed:
        record = zlib.decompressobj(31).decompress(record, entry.size + _HEADERS)
    begin = record.index(b"\r\n\r\n") + 4
    block = record[begin : begin + entry.size]
    if len(block) < entry.size:
        raise ValueError("the record is cut")
    return block


def _begins(name: str, file: BinaryIO) -> bool:
    """Whether the file is compressed; it must be one that is read here."""
    start = file.read(5)
    file.seek(0)
    if not start:
        raise ConfigError(f"{name} is empty: it holds no recording")
    if start[:2] != b"\x1f\x8b" and start != b"WARC/":
        raise ConfigError(f"{name} is no recording: it is no WARC file, neither plain nor compressed by gzip")
    return start != b"WARC/"


def _scanned(name: str, file: BinaryIO, *, packed: bool) -> Index:
    found: list[tuple[int, Recorded | About | None]] = []
    trouble: Exception | None = None
    try:
        for record in ArchiveIterator(file, parse_http=False):
            found.append((record.stream_pos, _read(record)))  # noqa: PERF401 - what came before an error counts
    except (OSError, ValueError) as error:
        trouble = error
    starts = [start for start, _ in found]
    if any(later <= sooner for sooner, later in itertools.pairwise(starts)):
        raise ConfigError(f"{name} is not compressed record by record: 'warcio recompress' mends that")
    end = _sound_end(name, file, starts, trouble, packed=packed)
    if starts and end == starts[-1]:
        found.pop()  # it is torn
    abouts = [what for _, what in found if isinstance(what, About)]
    entries = [
        what._replace(place=(start, stop - start))
        for (start, what), stop in zip(found, [*starts[1:], end], strict=False)
        if isinstance(what, Recorded)
    ]
    return Index(entries, abouts, end, os.fstat(file.fileno()).st_size - end, packed)


def _sound_end(name: str, file: BinaryIO, starts: list[int], trouble: Exception | None, *, packed: bool) -> int:
    """Where the last whole record ends. What comes then must be torn: a record that ends too soon, and nothing else.

    :param starts: where the records begin that were read, the last of which may be torn; ``trouble`` is what came then.
    :raises ConfigError: for anything else.
    """
    start = starts[-1] if starts else 0
    try:
        if not packed:
            if trouble is not None:
                raise ValueError(trouble)
            return _record_end(file, start) if starts else 0
        end = _member_end(file, start) if starts else start
        if trouble is not None and (not starts or end > start) and _member_end(file, end) > end:
            raise ValueError(trouble)
    except (ValueError, zlib.error) as error:
        what = f"damaged behind byte {start}" if starts else "no WARC file"
        raise ConfigError(f"{name} cannot be read: it is {what}: {error}") from error
    return end


def _member_end(file: BinaryIO, start: int) -> int:
    """Where the gzip member ends that begins at ``start``; there, if the file ends first.

    :raises zlib.error: for what is none; ``ValueError`` for one that holds no record.
    """
    file.seek(start)
    unpacker, opening = zlib.decompressobj(31), b""
    while not unpacker.eof:
        data = unpacker.unconsumed_tail or file.read(_STEP)
        if not data:
            return start
        plain = unpacker.decompress(data, _STEP if opening else 5)
        opening = opening or plain
        if not b"WARC/".startswith(opening):
            raise ValueError("no record begins there")
    return file.tell() - len(unpacker.unused_data)


def _record_end(file: BinaryIO, start: int) -> int:
    """Where the record ends that begins at ``start``, without compression; there, if the file ends first."""
    file.seek(start)
    head = file.read(_HEADERS)
    begin, length = head.find(b"\r\n\r\n") + 4, _LENGTH.search(head)
    end = start + begin + int(length[1]) + 4 if length else start
    return end if end <= os.fstat(file.fileno()).st_size else start


def _read(record: WarcRecord) -> Recorded | About | None:
    """What a record says that matters here."""
    fields, kind = record.headers, record.record_type
    if record.content_length > (_LARGEST if kind is WarcRecordType.response else _LARGEST_OWN):
        return None
    if kind is WarcRecordType.warcinfo:
        return About.read(record.reader.read())
    url = canonical((fields.get("WARC-Target-URI") or "").strip("<>"))
    if url is None:
        return None
    known = Recorded(
        url,
        _KINDS.get(fields.get(KIND) or "", Kind.PAGE),
        _number(fields, ATTEMPT) or 1,
        server=_number(fields, SERVER) / 1e6,
        body=_number(fields, BODY) / 1e6,
        size=record.content_length,
    )
    if kind is WarcRecordType.response and record.is_http:
        line = _STATUS_LINE.match(record.reader.read(13))
        return known._replace(status=int(line[1])) if line else None
    if kind is WarcRecordType.metadata and KIND in fields:
        return _troubled(known, record.reader.read())
    return None


def _troubled(known: Recorded, block: bytes) -> Recorded | None:
    try:
        trouble = msgspec.json.decode(block, type=Trouble)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    reason = _REASONS.get(trouble.reason)
    return None if reason is None else known._replace(reason=reason, detail=trouble.detail)


def _number(fields: Any, name: str) -> int:
    """A number of our own fields, an hour of microseconds at most; 0 for what is none."""
    text = fields.get(name) or ""
    return min(int(text), _HOUR) if text.isascii() and text.isdigit() and len(text) < 12 else 0


_STEP = 1 << 18
_HEADERS = 1 << 17
"""Bytes that a record's own headers may take."""
_LARGEST = 1 << 28
"""Bytes of the largest block that is replayed: five times those of a sitemap, which may be larger than any page."""
_LARGEST_OWN = 1 << 26
"""The same of a block that is taken apart here: a million seeds fit in."""
_HOUR = 3_600_000_000
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,15})", re.IGNORECASE)
_STATUS_LINE = re.compile(rb"HTTP/1\.\d ([1-9]\d\d)")
_KINDS = {kind.value: kind for kind in Kind}
_REASONS = {reason.value: reason for reason in Reason}
