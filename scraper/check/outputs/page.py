"""The report: one HTML file that needs nothing else, neither network nor script, and stays under a megabyte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import chain
from typing import TYPE_CHECKING, Any

from scraper.check.model import TROUBLE, Verdict
from scraper.check.moments import moment, utc
from scraper.check.outputs.base import Summary
from scraper.check.outputs.rows import Row, Table, evidence
from scraper.check.outputs.words import answer, certificate_rows, duration, joined, phases, why
from scraper.check.record import CheckRecord, HopRecord, TryRecord
from scraper.printing import printable
from scraper.report.human import human_count, human_duration
from scraper.report.templates import template

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["HtmlOutput"]

_EVIDENCE, _ALL = 350_000, 960_000
"""Bytes at most of the evidence, and of all that is listed."""
_OPEN = 3
"""So many in trouble are unfolded; more are easier to look over folded."""
_LINKED = 1000
"""Where there are more rows, they are no links: that would double the size."""
_BAR = 1000
"""Width of a bar, in its own unit."""
_OURS = 2
"""The first phases are our own: they are in no bar, where they could dwarf the server's."""


class HtmlOutput(Table):
    """Tiles, those in trouble with their evidence, the others in a row each."""

    def _parts(self, rows: Sequence[Row], summary: Summary) -> Iterator[str]:
        rows = sorted(rows, key=lambda row: row.order)
        bad = [row for row in rows if row.verdict is not Verdict.UP]
        ups = rows[len(bad) :]
        grouped = any(row.group for row in rows)
        shown = _fitting((_trouble(row, unfolded=len(bad) <= _OPEN) for row in bad), _EVIDENCE)
        linked = len(rows) - len(shown) <= _LINKED
        room = _ALL - _size(shown)
        compact = _fitting((_trouble_row(row, grouped, linked=linked) for row in bad[len(shown) :]), room)
        listed = _fitting((_up_row(row, grouped, linked=linked) for row in ups), room - _size(compact))
        yield template(__package__, "page.html.j2").render(
            **_head(summary),
            grouped=grouped,
            troubled=_markup(shown),
            compact=_markup(compact),
            ups=_markup(listed),
            more=_more(len(bad) - len(shown) - len(compact), len(ups) - len(listed)),
        )


def _head(summary: Summary) -> dict[str, Any]:
    failures, total = summary.failures, summary.total
    targets = human_count(total, "target")
    words = ", ".join(verdict.value for verdict in TROUBLE if verdict in summary.fail_on)
    return {
        "title": f"{human_count(failures)} of {targets} failed" if failures else f"None of {targets} failed",
        "about": joined(
            moment(utc(summary.started)),
            f"took {human_duration(summary.elapsed)}",
            summary.backend and f"backend {summary.backend}",
            f"fails on {words or 'nothing'}",
            f"{human_count(summary.unchecked)} not checked: broken off" if summary.unchecked else "",
        ),
        "command": printable(summary.command),
        "tiles": [(verdict.value, human_count(summary.counts.get(verdict, 0))) for verdict in TROUBLE],
    }


def _more(bad: int, ups: int) -> str:
    left = joined(f"{human_count(bad)} in trouble" if bad else "", f"{human_count(ups)} up" if ups else "")
    return f"Not listed, for want of room: {left}. The formats jsonl and csv have them all." if left else ""


def _fitting(parts: Iterator[str], room: int) -> list[str]:
    """As many of ``parts`` as there is room for, in bytes."""
    fitting = []
    for part in parts:
        room -= len(part.encode())
        if room < 0:
            break
        fitting.append(part)
    return fitting


def _size(parts: Sequence[str]) -> int:
    return sum(len(part.encode()) for part in parts)


def _row(row: Row, grouped: bool, *, linked: bool) -> str:
    """Cells and rows need no end in HTML; with ten thousand of them that counts."""
    group = f"<td>{escape(row.group)}" if grouped else ""
    figures = f"<td class=n>{_status(row)}<td class=n>{duration(row.server_us / 1000)}"
    return f"<td>{_name(row, linked=linked)}{group}{figures}<td>{escape(row.note)}\n"


def _trouble_row(row: Row, grouped: bool, *, linked: bool) -> str:
    verdict = row.verdict.value
    return f"<tr><td class={verdict}>{verdict}{_row(row, grouped, linked=linked)}"


def _up_row(row: Row, grouped: bool, *, linked: bool) -> str:
    return f"<tr>{_row(row, grouped, linked=linked)}"


def _name(row: Row, *, linked: bool) -> str:
    title = escape(row.title)
    return f'<a href="{escape(row.link)}">{title}</a>' if linked and row.link else title


def _status(row: Row) -> str:
    return "-" if row.status is None else str(row.status)


def _trouble(row: Row, *, unfolded: bool) -> str:
    record = evidence(row)
    assert record is not None  # each row in trouble has it
    return template(__package__, "trouble.html.j2").render(
        row=row,
        record=record,
        checked=moment(record.checked_at),
        open=unfolded,
        status="no answer" if row.status is None else row.status,
        time=duration(row.server_us / 1000),
        tries=_tries(record),
        certificate=list(certificate_rows(record.certificate)) if record.certificate else (),
    )


def _tries(record: CheckRecord) -> list[dict[str, Any]]:
    """The tries, their bars in one scale."""
    hops = chain.from_iterable(attempt.hops for attempt in record.tries)
    longest = max((sum(ms for _, ms in phases(hop)[_OURS:]) for hop in hops), default=0.0)
    return [_try(attempt, longest) for attempt in record.tries]


def _try(attempt: TryRecord, longest: float) -> dict[str, Any]:
    return {
        "at": moment(attempt.at),
        "verdict": attempt.verdict.value,
        "why": why(attempt.reason, attempt.detail),
        "hops": [_hop(hop, longest) for hop in attempt.hops],
    }


def _hop(hop: HopRecord, longest: float) -> dict[str, Any]:
    bars, x = [], 0.0
    for number, (name, ms) in enumerate(phases(hop)[_OURS:]):
        if ms > 0:
            width = ms / longest * _BAR
            label = f"{name} {duration(ms)}"
            bars.append({"color": f"p{number}", "x": f"{x:.1f}", "width": f"{width:.1f}", "label": label})
            x += width
    ours = joined(*(f"{name} {duration(ms)}" for name, ms in phases(hop)[:_OURS] if ms))
    return {"request": f"{hop.method} {hop.url}", "answer": answer(hop), "bars": bars, "ours": ours}


def _markup(parts: Sequence[str]) -> Markup:
    """Rendered parts, which are not escaped again."""
    from markupsafe import Markup

    return Markup("".join(parts))  # noqa: S704 - rendered by us, each value escaped
