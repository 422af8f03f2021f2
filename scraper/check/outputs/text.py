"""The table for people: the worst first, a line a target."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from scraper.check.model import Verdict
from scraper.check.outputs.base import COLORS, Summary, headline
from scraper.check.outputs.rows import Row, Table, by_group, evidence
from scraper.check.outputs.width import cut, padded, width
from scraper.check.outputs.words import duration, evidence_lines
from scraper.report.human import human_count
from scraper.report.style import paint

__all__ = ["TextOutput"]

_VERDICT = max(len(verdict.value) for verdict in Verdict)
_TITLE = 60
"""Columns of titles at most; a longer one is cut on a terminal, and elsewhere moves what is behind it."""
_TIME = 7
_UPS = 200
"""So many targets that are up are listed; more are counted, unless all was asked for."""


class TextOutput(Table):
    """Lines as ``down     mail.example  -    -        timeout: no answer in 10 s, 3 of 3 tries failed``.

    :param color: whether verdicts are coloured, too.
    :param verbose: list all targets that are up, and each try of those that are not.
    """

    def __init__(self, file: str | None, *, color: bool = False, verbose: bool = False) -> None:
        super().__init__(file)
        self._color, self._verbose = color, verbose

    def _parts(self, rows: Sequence[Row], summary: Summary) -> Iterator[str]:
        ups = sum(row.verdict is Verdict.UP for row in rows)
        listed = self._verbose or ups <= _UPS
        shown = [row for row in rows if listed or row.verdict is not Verdict.UP]
        columns = _terminal_width() if self._sink.terminal else None
        limit = _TITLE if columns is None else min(_TITLE, columns * 2 // 5)
        wide = min(max((width(row.title) for row in shown), default=0), limit)
        groups = by_group(rows)
        for name, members in groups:
            if len(groups) > 1 or name:
                yield paint(f"[{name}]" if name else "(no group)", "bold", self._color) + "\n"
            yield from self._lines(members, listed, wide, columns)
        yield f"{headline(summary, color=self._color)}\n"

    def _lines(self, rows: Iterable[Row], listed: bool, wide: int, columns: int | None) -> Iterator[str]:
        counted = 0
        for row in rows:
            if row.verdict is Verdict.UP and not listed:
                counted += 1
                continue
            yield self._line(row, wide, columns)
            if self._verbose and (record := evidence(row)):
                yield from (f"{' ' * (_VERDICT + 3)}{line}\n" for line in evidence_lines(record))
        if counted:
            targets = human_count(counted, "target")
            yield f" {paint(f'{Verdict.UP.value:<{_VERDICT}}', COLORS[Verdict.UP], self._color)}  {targets}\n"

    def _line(self, row: Row, wide: int, columns: int | None) -> str:
        title = row.title if columns is None else cut(row.title, wide)
        status = "-" if row.status is None else str(row.status)
        about = f"{padded(title, wide)}  {status:<3}  {duration(row.server_us / 1000):>{_TIME}}  {_about(row)}".rstrip()
        if columns is not None:
            about = cut(about, max(columns - _VERDICT - 4, 0))  # a space before, two behind, and the last column wraps
        return f" {paint(f'{row.verdict.value:<{_VERDICT}}', COLORS[row.verdict], self._color)}  {about}\n"


def _about(row: Row) -> str:
    """The note; and where a target is in trouble that only has a name so far, its URL."""
    if row.verdict is Verdict.UP or not row.url:
        return row.note
    return f"{row.note}  {row.url}"


def _terminal_width() -> int:
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80
