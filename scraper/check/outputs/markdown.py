"""The table as Markdown, for the summary of a CI job (GitHub's) or a ticket.

All that a server or a list said stands in code spans or fences: nothing is read as markup, link or mention there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from scraper.check.model import Verdict
from scraper.check.outputs.base import Summary, headline
from scraper.check.outputs.rows import Row, Table, evidence
from scraper.check.outputs.words import duration, evidence_lines
from scraper.printing import printable
from scraper.report.human import human_count

__all__ = ["MarkdownOutput"]

_TROUBLED, _EVIDENCE, _UPS = 500, 50, 200
"""Rows of each kind at most: GitHub takes a summary of 1 MiB."""
_HEAD = "\n| verdict | target | status | server time | why |\n|---|---|--:|--:|---|\n"
_NO_LINK = re.compile(r"[\s<>()\[\]|`\\]")


class MarkdownOutput(Table):
    """A line of summary, a table of the targets in trouble with their evidence folded in, one of the others folded."""

    def _parts(self, rows: Sequence[Row], summary: Summary) -> Iterator[str]:
        rows = sorted(rows, key=lambda row: row.order)
        troubled = [row for row in rows if row.verdict is not Verdict.UP]
        ups = rows[len(troubled) :]
        yield f"**{escape(headline(summary))}**\n"
        if troubled:
            yield from _table(troubled, _TROUBLED)
            yield from map(_details, troubled[:_EVIDENCE])
        if ups:
            yield f"\n<details>\n<summary>{human_count(len(ups))} up</summary>\n"
            yield from _table(ups, _UPS)
            yield "\n</details>\n"
        if summary.command:
            yield f"\n{_code(printable(summary.command))}\n"


def _table(rows: Sequence[Row], limit: int) -> Iterator[str]:
    yield _HEAD
    yield from map(_row, rows[:limit])
    if len(rows) > limit:
        yield f"\n{human_count(len(rows) - limit)} more are not listed here.\n"


def _row(row: Row) -> str:
    status = "-" if row.status is None else str(row.status)
    target = _linked(row) + (f" in {_cell(row.group)}" if row.group else "")
    note = _cell(row.note) if row.note else ""
    return f"| {row.verdict.value} | {target} | {status} | {duration(row.server_us / 1000)} | {note} |\n"


def _linked(row: Row) -> str:
    link = _NO_LINK.sub(lambda found: f"%{ord(found[0]):02X}", row.link)
    return f"[{_cell(row.title)}](<{link}>)" if link else _cell(row.title)


def _details(row: Row) -> str:
    """The evidence, folded; inside the summary no Markdown is read, but HTML is."""
    record = evidence(row)
    lines = list(evidence_lines(record)) if record else []
    title = f"{row.verdict.value}: <code>{escape(row.title)}</code>"
    return f"\n<details>\n<summary>{title}</summary>\n\n{_fenced(lines)}\n</details>\n"


def _code(text: str) -> str:
    """``text`` as a code span (CommonMark 0.31, 6.1): fenced by more backticks than it holds in a row."""
    fence = "`" * (_longest(text) + 1)
    blank = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    return f"{fence}{blank}{text}{blank}{fence}"


def _cell(text: str) -> str:
    r"""A code span within a table, where a pipe ends the cell even in code (GFM, 4.10)."""
    return _code(text).replace("|", r"\|")


def _fenced(lines: Iterable[str]) -> str:
    text = "\n".join(lines)
    fence = "`" * max(3, _longest(text) + 1)
    return f"{fence}text\n{text}\n{fence}\n"


def _longest(text: str) -> int:
    """The most backticks in a row."""
    return max(map(len, re.findall("`+", text)), default=0)
