"""What tables keep of a result until the end, when all are there to be sorted.

A row is small, so that ten thousand stay so; the evidence of those in trouble is kept packed, and brought to a bounded
size, since servers may say much. Everything in a row may go to a terminal: see :func:`scraper.printing.printable`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from scraper.check.model import TROUBLE, Result, Verdict
from scraper.check.outputs.base import Summary, open_sink
from scraper.check.outputs.words import note
from scraper.check.record import CheckRecord, record_of
from scraper.printing import printable, shortened

__all__ = ["Row", "Table", "by_group", "evidence", "row_of"]

_TITLE, _NOTE, _TEXT, _MANY, _LINK = 200, 400, 500, 30, 2000


class Row(msgspec.Struct, frozen=True, gc=False):
    """What a table shows of a result.

    :ivar title: what people call the target.
    :ivar url: where it is, cut; empty where the title says it.
    :ivar link: the whole URL where it can be a link; else empty.
    :ivar place: ``FILE:LINE``, or empty.
    :ivar server_us: the server's time in the try that decided, in microseconds.
    :ivar note: why, in words.
    :ivar packed: the evidence, of those in trouble; see :func:`evidence`.
    """

    verdict: Verdict
    title: str
    group: str
    url: str
    link: str
    place: str
    status: int | None
    server_us: int
    reason: str
    note: str
    packed: bytes = b""

    @property
    def order(self) -> tuple[int, str, str]:
        """The worst first, then by group and title."""
        return TROUBLE.index(self.verdict), self.group, self.title


def row_of(result: Result) -> Row:
    """What tables keep of ``result``."""
    target = result.target
    url = printable(target.url)
    return Row(
        verdict=result.verdict,
        title=shortened(printable(target.title), _TITLE),
        group=shortened(printable(target.group), _TITLE),
        url=shortened(url, _TEXT) if target.name and target.name != target.url else "",
        link=url if url == target.url and len(url) <= _LINK and url.startswith(("http://", "https://")) else "",
        place=shortened(printable(target.place), _TEXT),
        status=result.status,
        server_us=result.server_us,
        reason=printable(result.reason),
        note=shortened(printable(note(result)), _NOTE),
        packed=b"" if result.verdict is Verdict.UP else _packed(result),
    )


def evidence(row: Row) -> CheckRecord | None:
    """The record of a result in trouble, printable, its long texts and lists cut; None of one that is up."""
    return _DECODER.decode(row.packed) if row.packed else None


def by_group(rows: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    """The rows of each group, the worst first; the group with the worst row comes first."""
    groups: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row.order):
        groups.setdefault(row.group, []).append(row)
    return list(groups.items())


_DECODER = msgspec.msgpack.Decoder(CheckRecord)


def _packed(result: Result) -> bytes:
    return msgspec.msgpack.encode(_bounded(msgspec.to_builtins(record_of(result))))


def _bounded(value: Any) -> Any:
    """``value`` with its texts printable, and they and its lists cut."""
    match value:
        case str():
            return shortened(printable(value), _TEXT)
        case list() | tuple():
            return [_bounded(each) for each in value[:_MANY]]
        case dict():
            return {name: _bounded(each) for name, each in value.items()}
        case _:
            return value


class Table:
    """An output that is written at the end; a subclass says what.

    The file is opened at once: that it cannot be is better known before the first check than after the last.
    """

    def __init__(self, file: str | None) -> None:
        self._sink = open_sink(file)
        self._rows: list[Row] = []
        self._open = True

    def write(self, results: Sequence[Result]) -> None:
        """See :class:`scraper.check.outputs.base.Output`."""
        self._rows += map(row_of, results)

    def close(self, summary: Summary | None = None) -> None:
        """See :class:`scraper.check.outputs.base.Output`."""
        if not self._open:
            return
        self._open = False
        try:
            if summary is not None:
                for part in self._parts(self._rows, summary):
                    self._sink.put(part.encode(), 1)
                    self._sink.tick()
                self._sink.finish()
        finally:
            self._sink.close()

    def abandon(self) -> None:
        """See :class:`scraper.check.outputs.base.Output`."""
        self.close()

    def _parts(self, rows: Sequence[Row], summary: Summary) -> Iterable[str]:
        """The table, in pieces of any size."""
        raise NotImplementedError
