"""The small pictures of the page, as SVG: bars of days, the line of server times, the phases of each check.

They hold no style but classes, as the page's policy wants it, and no text but numbers and dates, so nothing in them
needs escaping. Equal days in a row are one stroke, whose dashes are the days: 700 rows stay small.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from markupsafe import Markup

from scraper.check.model import Result
from scraper.check.views import Span
from scraper.check.web.words import day, milliseconds, percent

__all__ = ["COLUMNS", "DAYS", "DAY_SECONDS", "bars", "line", "phases"]

DAYS = 90
DAY_SECONDS = 86_400
_STEP, _TALL = 6, 28
_GRADES = ((1.0, "d0"), (0.99, "d1"), (0.95, "d2"), (0.5, "d3"), (-1.0, "d4"))
"""From which share up a day has which class; ``dn`` is a day without checks."""


def bars(spans: Sequence[Span], now: float, *, each: bool = False) -> Markup:
    """The last 90 days up to ``now``, the oldest first.

    :param each: whether every day is a stroke of its own, with its own text.
    """
    first = int(now // DAY_SECONDS) - DAYS + 1
    runs = _with_today(_days(tuple(spans[:-1]), first), spans, first)
    drawn = [_Run(day, day, run.look) for run in runs for day in range(run.start, run.end + 1)] if each else runs
    strokes = "".join(_stroke_of(run, first) for run in drawn)
    return Markup(  # noqa: S704 - numbers and dates only
        f'<svg class="bars" viewBox="0 0 {DAYS * _STEP - 2} {_TALL}" preserveAspectRatio="none" role="img" '
        f'aria-label="{_said(runs)}">{strokes}</svg>'
    )


class _Run(NamedTuple):
    """Days that look the same, both ends included; 0 is the oldest that is shown."""

    start: int
    end: int
    look: tuple[str, str]


@lru_cache(maxsize=10_000)  # days that are over stay as they are, and most of the work of a row is here
def _days(spans: tuple[Span, ...], first: int) -> tuple[_Run, ...]:
    looks = [_NOT_CHECKED] * DAYS
    for span in spans:
        if span.checks and 0 <= (index := int(span.at // DAY_SECONDS) - first) < DAYS:
            looks[index] = _look_of(span.checks, span.up)
    found = []
    for look, days in groupby(range(DAYS), key=looks.__getitem__):
        start, *more = days
        found.append(_Run(start, more[-1] if more else start, look))
    return tuple(found)


def _with_today(runs: tuple[_Run, ...], spans: Sequence[Span], first: int) -> Sequence[_Run]:
    """``runs`` of all spans but the last one, with that one: it is the one that grows."""
    last = spans[-1] if spans and spans[-1].checks else None
    if last is None:
        return runs
    if int(last.at // DAY_SECONDS) - first != DAYS - 1:
        return _days(tuple(spans), first)
    *rest, run = runs
    look, today = _look_of(last.checks, last.up), DAYS - 1
    if look == run.look:
        return runs
    if run.start < today:
        rest.append(run._replace(end=today - 1))
    if rest and rest[-1].look == look:
        return [*rest[:-1], rest[-1]._replace(end=today)]
    return [*rest, _Run(today, today, look)]


def _stroke_of(run: _Run, first: int) -> str:
    when = day((first + run.start) * DAY_SECONDS)
    when = f"{when} to {day((first + run.end) * DAY_SECONDS)}" if run.end > run.start else when
    width = (run.end - run.start + 1) * _STEP - 2
    grade, text = run.look
    return f'<path class="{grade}" d="M{run.start * _STEP} {_TALL // 2}h{width}"><title>{when}: {text}</title></path>'


@lru_cache(maxsize=4_096)  # of most days and most targets the same few
def _look_of(checks: int, up: int) -> tuple[str, str]:
    share, failed = up / checks, checks - up
    grade = next(grade for least, grade in _GRADES if share >= least)
    return grade, f"{percent(share)} up" + (f", {failed:,} of {checks:,} checks failed" if failed else "")


_NOT_CHECKED = ("dn", "not checked")


def _said(runs: Sequence[_Run]) -> str:
    """The bars for those who do not see them."""
    days = Counter[str]()
    for run in runs:
        days[run.look[0]] += run.end - run.start + 1
    well, none = days["d0"], days["dn"]
    if none == DAYS:
        return "not checked in the last 90 days"
    return f"last 90 days: {well} without failures, {DAYS - well - none} with, {none} not checked"


_WIDE, _HIGH = 144, 28


def line(hours: Sequence[Span], now: float) -> Markup:
    """The server times of the last 24 hours; where nothing answered, the line is broken."""
    since = now - DAY_SECONDS
    points = [(span.at, span.server_us) for span in hours if span.at + 3_600 > since]
    known = [us for _, us in points if us]
    if not known:
        return Markup('<svg class="line" viewBox="0 0 144 28" role="img" aria-label="no server times yet"></svg>')
    top = max(known) * 1.1
    strokes = [_stroke(run, since, top) for run in _runs(points)]
    label = f"server time over 24 hours: {milliseconds(min(known))} to {milliseconds(max(known))}"
    areas = "".join(f'<path class="area" d="M{run[0][0]} {_HIGH}L{_path(run)}V{_HIGH}z"/>' for run in strokes)
    lines = "".join(f'<path d="M{_path(run)}"/>' for run in strokes)
    return Markup(  # noqa: S704 - numbers only
        f'<svg class="line" viewBox="0 0 {_WIDE} {_HIGH}" preserveAspectRatio="none" role="img" aria-label="{label}">'
        f"<title>{label}</title>{areas}{lines}</svg>"
    )


def _runs(points: Sequence[tuple[float, int]]) -> Iterator[list[tuple[float, int]]]:
    """The points without gaps of an hour or more."""
    run: list[tuple[float, int]] = []
    for at, us in points:
        if run and (not us or at - run[-1][0] > 2 * 3_600):
            yield run
            run = []
        if us:
            run.append((at, us))
    if run:
        yield run


def _stroke(run: Sequence[tuple[float, int]], since: float, top: float) -> list[tuple[float, float]]:
    placed = [
        (
            round(min(max(0.0, (at + 1_800 - since) / DAY_SECONDS), 1.0) * _WIDE, 1),
            round(_HIGH - 2 - us / top * (_HIGH - 4), 1),
        )
        for at, us in run
    ]
    return placed if len(placed) > 1 else [placed[0], (placed[0][0] + 2, placed[0][1])]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


_PHASES = (("dns", "DNS"), ("connect", "connect"), ("tls", "TLS"), ("first", "first byte"), ("body", "body"))
"""Of :attr:`scraper.check.model.Result.phases_us`: the class in the style, and the word."""
_CHART_HIGH, _CHART_STEP = 120, 12
COLUMNS = 60
"""Checks that the picture of phases has room for."""


def phases(results: Sequence[Result]) -> Markup:
    """The last checks as columns of phases, the newest at the right; all hops of the deciding attempt together.

    :param results: the newest first.
    """
    columns = [result.phases_us for result in results[:COLUMNS]]
    columns.reverse()
    top = max((sum(column) for column in columns), default=0)
    if not top:
        return Markup("")
    free = COLUMNS - len(columns)
    drawn = "".join(_column(column, free + index, top) for index, column in enumerate(columns))
    label = f"server time by phase of the last {len(columns)} checks, up to {milliseconds(top)}"
    return Markup(  # noqa: S704 - numbers only
        f'<svg class="phases" viewBox="0 0 {COLUMNS * _CHART_STEP} {_CHART_HIGH}" preserveAspectRatio="none" '
        f'role="img" aria-label="{label}">{drawn}</svg>'
    )


def _column(column: Sequence[int], index: int, top: int) -> str:
    x, y, parts = index * _CHART_STEP + 1, float(_CHART_HIGH), []
    for (name, _), us in zip(_PHASES, column, strict=True):
        high = us / top * (_CHART_HIGH - 4)
        if high >= 0.05:
            y -= high
            parts.append(f'<rect class="p-{name}" x="{x}" y="{y:.1f}" width="{_CHART_STEP - 2}" height="{high:.1f}"/>')
    said = ", ".join(f"{word} {milliseconds(us)}" for (_, word), us in zip(_PHASES, column, strict=True) if us)
    return f"<g><title>{milliseconds(sum(column))}: {said}</title>{''.join(parts)}</g>" if said else ""
