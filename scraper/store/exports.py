"""Outputs for people and their programs: text, CSV, one JSON array. They are written only, never read back.

Text and CSV hold pages only; robots files and sitemaps are records of their own in JSON.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from scraper.model import Outcome
from scraper.printing import escaped, on_its_line, printable
from scraper.store.lines import LineStore, lowered
from scraper.store.record import Record, decode, encode, url_of

__all__ = ["CsvWriter", "JsonWriter", "TextWriter", "cell", "rows"]


class TextWriter(LineStore):
    """One line a record: ``200      https://example.com/  Title`` or ``timeout  https://example.com/  detail``.

    The first column has seven letters: a reason that is longer, or of a refusal, stands before the detail.
    """

    pages_only = True

    def _lines(self, records: Sequence[Record]) -> bytes:
        return "".join(map(_text_line, records)).encode()

    def _corrected(self, line: bytes) -> bytes:
        return line  # it shows no depth

    def _ours(self, lines: Sequence[bytes]) -> bool:
        return bool(_TEXT_LINE.match(lines[0]))


_COLUMN = 7
_TEXT_LINE = re.compile(rb"(?:\d+|[a-z-]+|refused: [a-z-]*) {2,}https?://")


def _text_line(record: Record) -> str:
    if record.outcome == "fetched":
        what, about = str(record.status), record.location and f"-> {record.location}"
    else:
        what, about = record.reason.value if record.reason else record.outcome, record.detail
        if record.outcome == "refused" or len(what) > _COLUMN:
            what, about = record.outcome, f"{what}: {about}" if about else what
    about = about or record.title or ""
    return printable(f"{what:<{_COLUMN}}  {record.url}  {about}".rstrip()) + "\n"


class CsvWriter(LineStore):
    """One row a record, RFC 4180, the links left out for their number; the first row names the columns.

    Cells that a spreadsheet would run as a formula get an apostrophe in front (OWASP, CSV injection), and every
    record keeps to one line.
    """

    pages_only = True

    COLUMNS = (
        *("url", "outcome", "status", "reason", "detail", "title", "depth", "via", "location", "attempts", "redirects"),
        *("content_type", "charset", "size", "wire", "waited_us", "server_us", "body_us", "parse_us", "fetched_at"),
        *("retry_after", "error", "data", "links", "unfollowed", "canonical", "robots", "cut", "simhash", "digest"),
        *("address",),
    )
    """``links`` and ``unfollowed`` are numbers of links."""

    head = (",".join(COLUMNS) + "\r\n").encode()

    def _lines(self, records: Sequence[Record]) -> bytes:
        return rows(map(_cells, records))

    def _corrected(self, line: bytes) -> bytes:
        row = next(csv.reader([line.decode()]))
        correction = self._shallower.get(row[0])
        if correction is None:
            return line
        row[_DEPTH], row[_VIA] = str(correction.depth), cell(correction.via)
        return rows([row])

    def _ours(self, lines: Sequence[bytes]) -> bool:
        return lines[0].startswith(_HEAD)

    def _begins_with(self, outcome: Outcome, lines: Sequence[bytes]) -> bool:
        return super()._begins_with(outcome, [self.head, *lines[1:]] if lines else lines)  # that of another version


_HEAD = b"url,outcome,status,reason,detail,title,depth,via,location,attempts,redirects,"
"""What every header line of ours begins with, of any version of this schema."""
_DEPTH, _VIA = CsvWriter.COLUMNS.index("depth"), CsvWriter.COLUMNS.index("via")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The last four are the full-width forms of the first."""


def rows(table: Iterable[list[Any]]) -> bytes:
    """``table`` as CSV, a line a row."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(table)
    return text.getvalue().encode()


def _cells(record: Record) -> list[Any]:
    times, data = record.timings, bytes(record.data).decode()
    return [
        cell(record.url),
        record.outcome,
        record.status,
        record.reason and record.reason.value,
        cell(record.detail),
        cell(record.title),
        record.depth,
        cell(record.via),
        cell(record.location),
        record.attempts,
        record.redirects,
        cell(record.content_type),
        cell(record.charset),
        record.size,
        record.wire,
        times.waited_us,
        times.server_us,
        times.body_us,
        times.parse_us,
        record.fetched_at,
        record.retry_after,
        cell(record.error),
        "" if data == "null" else cell(data),
        len(record.links or ()),
        len(record.unfollowed or ()),
        cell(record.canonical),
        cell(record.robots),
        record.cut,
        record.simhash,
        record.digest,
        record.address,
    ]


def cell(text: str | None) -> str:
    """``text`` so that no spreadsheet runs it and no terminal obeys it."""
    if not text:
        return ""
    if text.startswith(_FORMULA):
        text = f"'{text}"
    return printable(text)


class JsonArray:
    """One JSON array as it is written, an object a line; it is whole with its ``tail``."""

    head = b"["
    tail = b"\n]\n"

    _separator = b"\n"

    def _next(self, records: Iterable[Any]) -> bytes:
        """The next ``records`` of it."""
        lines = self._separator + b",\n".join(map(encode, records))
        self._separator = b",\n"
        return lines


class JsonWriter(JsonArray, LineStore):
    """One JSON array, a record a line; it is whole after every group that was written, also before the first."""

    def _lines(self, records: Sequence[Record]) -> bytes:
        return on_its_line(self._next(records))

    def _shown(self, lines: bytes) -> bytes:
        return escaped(lines)

    def _corrected(self, line: bytes) -> bytes:
        text = line.rstrip(b",\n")
        if text in (b"[", b"]", b""):
            return line
        if url_of(text) not in self._shallower:
            return line
        return on_its_line(encode(lowered(decode(text), self._shallower))) + line[len(text) :]

    def _ours(self, lines: Sequence[bytes]) -> bool:
        return lines[0] == b"[\n" and lines[1:] != [] and lines[1].startswith((b'{"schema":', b"]"))
