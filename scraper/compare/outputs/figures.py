"""The figures of one workload: what is drawn in each, and how it is to be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import NamedTuple

from markupsafe import Markup

from scraper.compare.laws import rate_at
from scraper.compare.model import Row, Timeline
from scraper.compare.outputs.charts_bars import Bar, Stack, bars, quantile_bars, stacks
from scraper.compare.outputs.charts_bars import Track as Times
from scraper.compare.outputs.charts_lanes import Track, timeline
from scraper.compare.outputs.charts_lines import Axes, Guide, Line, lines
from scraper.compare.outputs.picks import Part, Series
from scraper.compare.outputs.words import case_label, number, percent, spread, tick

__all__ = ["Figure", "costs", "lanes", "overview"]

_CURVE = 48
"""Points of a law's line."""
_ALL_LANES = 64
"""With more requests in flight a timeline has only some of its lanes."""
BASELINE = "sequential"
_IN_FLIGHT = "requests in flight (N)"


class Figure(NamedTuple):
    """A picture with its title, and a caption that says how to read it; ``legend`` as (class, words)."""

    title: str
    picture: Markup
    caption: str
    legend: Sequence[tuple[str, str]] = ()


def overview(part: Part, cores: int) -> Iterator[Figure]:
    """How fast, how much faster, how well used, how long it took."""
    found = (_rates(part), _speedups(part), _efficiencies(part, cores)) if part.swept else (_bars(part),)
    yield from (figure for figure in (*found, _times(part)) if figure.picture)


def costs(part: Part) -> Iterator[Figure]:
    """What it took of the machine."""
    yield _cpu(part)
    yield _memory(part)


def _rates(part: Part) -> Figure:
    points = [_line(part, series, lambda row: row.rate.value, 1.0) for series in part.series]
    guides = [Guide("ceiling", _ceilings(part))]
    axes = Axes(
        f"Pages a second of {_names(part)} over the requests in flight",
        _IN_FLIGHT,
        "pages/s",
        tick,
        log=(True, True),
    )
    caption = (
        "Equal steps are equal quotients on both axes: where twice the requests bring twice the pages, a line goes up "
        "straight. Small dots are the repeats, marks their mean, dashes the law that fits best, and grey is the "
        "ceiling: requests in flight divided by the servers' time, or the pace of politeness."
    )
    return Figure("Pages a second", lines(points, guides, axes), caption)


def _line(part: Part, series: Series, value: Callable[[Row], float | None], unit: float) -> Line:
    """A series in units of ``unit`` pages/s."""
    points = [(row, found) for row in series.rows if (found := value(row)) is not None]
    dots = [(row.case.concurrency, run.rate / unit) for row, _ in points for run in part.runs[row.case]]
    titles = [
        f"{series.name}, {row.case.concurrency} in flight: {spread(row.rate)} pages/s, {row.finding.bound.value}"
        for row, _ in points
    ]
    return Line(
        series.name,
        series.backend,
        [(row.case.concurrency, found) for row, found in points],
        titles,
        dots,
        [(n, rate / unit) for n, rate in _curve(series, 1 if _base(part) else series.rows[0].case.concurrency)],
        hollow=series.name != series.backend and series.workers == 1,
    )


def _curve(series: Series, low: int) -> Iterator[tuple[float, float]]:
    """A law's line, from the N of the sequential backend on, where there is one: there it begins."""
    if series.fit is None:
        return
    high = series.rows[-1].case.concurrency
    for index in range(_CURVE + 1):
        n = low * (high / low) ** (index / _CURVE)
        yield n, rate_at(series.fit, n)


def _ceilings(part: Part) -> list[tuple[float, float]]:
    """The middle of what bounds the backends at each N: each has measured its own mean of the servers' times."""
    numbers = sorted({row.case.concurrency for row in part.rows if row.ceiling is not None})
    found = {n: [row.ceiling for row in part.rows if row.case.concurrency == n and row.ceiling] for n in numbers}
    return [(n, median(ceilings)) for n, ceilings in found.items() if ceilings]


def _base(part: Part) -> float:
    """The rate of the sequential backend; 0 without one."""
    return next((row.rate.value for row in part.rows if row.case.backend == BASELINE), 0.0)


def _speedups(part: Part) -> Figure:
    base = _base(part)
    points = [_line(part, series, _speedup, base) for series in _others(part)] if base else []
    most = max((row.case.concurrency for row in part.rows), default=1)
    ceilings = [(n, value / base) for n, value in _ceilings(part)] if base else []
    axes = Axes(
        f"Speedup over sequential of {_names(part)} over the requests in flight",
        _IN_FLIGHT,
        "times sequential",
        tick,
        log=(False, False),
    )
    caption = (
        "The same, over the sequential backend and in equal steps. On the line called ideal, N requests in flight are "
        "N times as fast; what bends away from it pays less and less for each further request."
    )
    guides = [Guide("ideal", [(0, 0), (1, 1), (most, most)]), Guide("ceiling", ceilings)]
    return Figure("Speedup", lines(points, guides, axes), caption)


def _others(part: Part) -> list[Series]:
    """Without the sequential one, which all the others are measured by."""
    return [series for series in part.series if series.backend != BASELINE]


def _speedup(row: Row) -> float | None:
    return row.speedup.value if row.speedup else None


def _efficiencies(part: Part, cores: int) -> Figure:
    points = [
        _line(part, series, lambda row: row.efficiency, 1.0)._replace(dots=(), curve=()) for series in _others(part)
    ]
    points = [line for line in points if line.points]
    most = max((row.case.concurrency for row in part.rows), default=1)
    upright = (float(cores), f"{cores} core{'s' * (cores != 1)}") if cores <= most else None
    axes = Axes(
        f"Speedup for each request in flight, of {_names(part)}",
        _IN_FLIGHT,
        "speedup / N",
        percent,
        upright=upright,
    )
    caption = (
        "Speedup divided by N: what each request in flight is worth. Work that waits for servers stays near 100 % far "
        "beyond the number of cores; work that computes cannot pass it."
    )
    guides = [Guide("", [(min(row.case.concurrency for row in part.rows), 1.0), (most, 1.0)])]
    return Figure("Efficiency", lines(points, guides, axes), caption)


def _bars(part: Part) -> Figure:
    given = [
        Bar(
            row.case.backend if _alone(part, row) else case_label(row.case),
            row.case.backend,
            row.rate.value,
            row.rate.low,
            row.rate.high,
            [run.rate for run in part.runs[row.case]],
            spread(row.rate),
            f"{case_label(row.case)}: {spread(row.rate)} pages/s",
        )
        for row in part.rows
    ]
    ceilings = [row.ceiling for row in part.rows if row.ceiling is not None and row.case.backend != BASELINE]
    near = ceilings and min(ceilings) < 1.5 * max(row.rate.value for row in part.rows)
    same = near and max(ceilings) < 1.1 * min(ceilings)
    guide = (median(ceilings), f"ceiling {number(median(ceilings))}") if same else None
    picture = bars(given, f"Pages a second of {_names(part)}", "pages/s", guide)
    caption = "Bars are means, whiskers the 95 % interval, dots the repeats."
    more = " The ceiling is what requests in flight and the servers' time, or politeness, admit." if guide else ""
    return Figure("Pages a second", picture, caption + more)


def _alone(part: Part, row: Row) -> bool:
    return sum(other.case.backend == row.case.backend for other in part.rows) == 1


def _times(part: Part) -> Figure:
    given = []
    for row in part.best:
        kinds = (("t-server", "server time", row.server), ("t-own", "own waiting", row.own))
        tracks = [
            Times(
                cls,
                (1000 * found.p50, 1000 * found.p95, 1000 * found.p99),
                f"{case_label(row.case)}, {words}: half within {number(1000 * found.p50)} ms, 95 % within "
                f"{number(1000 * found.p95)} ms, 99 % within {number(1000 * found.p99)} ms",
            )
            for cls, words, found in kinds
        ]
        given.append((case_label(row.case), row.case.backend, tracks))
    picture = quantile_bars(given, f"Times of a page, the servers' and our own, of {_names(part)}", "milliseconds")
    caption = (
        "Half of the pages took no longer than the dark part, 95 of 100 no longer than the next, 99 no longer than the "
        "palest; the figures are p50 / p95 / p99. Server time is the servers'; own waiting is all else, from the "
        "submission to the outcome: queues, locks, parsing. Without it threads would look slow for what only waits."
    )
    return Figure("Time of a page", picture, caption, (("t-server", "server time"), ("t-own", "own waiting")))


def _cpu(part: Part) -> Figure:
    given = []
    for row in part.best:
        parsed, user, system = _cpu_parts(part, row)
        runs = part.runs[row.case]
        served = median(1000 * run.server_cpu / max(1, run.pages) for run in runs) if runs else 0.0
        given.append(
            Stack(
                case_label(row.case),
                row.case.backend,
                (
                    ("c-parse", parsed, f"parsing {number(parsed)} s"),
                    ("c-user", user - parsed, f"user, without parsing {number(user - parsed)} s"),
                    ("c-system", system, f"system {number(system)} s"),
                ),
                f"{number(user + system)} s",
                (served, f"the local server {number(served)} s"),
            )
        )
    picture = stacks(given, f"CPU seconds for 1,000 pages, of {_names(part)}", "CPU seconds for 1,000 pages")
    caption = (
        "Of the whole tree of processes. The grey band below is the local server's: not ours, but on the same cores."
    )
    legend = (("c-parse", "parsing"), ("c-user", "other user"), ("c-system", "system"), ("band", "local server"))
    return Figure("CPU", picture, caption, legend)


def _cpu_parts(part: Part, row: Row) -> tuple[float, float, float]:
    """Parsing, user with it, and system, in CPU seconds for 1,000 pages.

    A parse is measured on the wall; what of it was on a core the timeline of the backend knows.
    """
    user, system = 1000 * row.user / max(1, row.pages), 1000 * row.system / max(1, row.pages)
    core = next((each.core for each in part.timelines if each.case.backend == row.case.backend), 1.0)
    return min(user, 1000 * row.parse.mean * core), user, system


def _memory(part: Part) -> Figure:
    given = [
        Stack(
            case_label(row.case),
            row.case.backend,
            (("c-memory", row.memory / 1e6, f"{case_label(row.case)}: {row.memory / 1e6:.0f} MB"),),
            f"{row.memory / 1e6:.0f} MB",
        )
        for row in part.best
    ]
    picture = stacks(given, f"The most memory of {_names(part)}", "MB")
    caption = "The most that all processes of a crawl held at one time: interpreter and libraries are most of it."
    return Figure("Peak memory", picture, caption)


def lanes(part: Part, cores: int, room: int) -> Figure:
    """The timeline of all backends that were watched."""
    tracks = [
        Track(
            case_label(each.case),
            each.case.backend,
            _about(each),
            each.lanes,
            each.case.concurrency <= _ALL_LANES,
            min(1.0, each.core / (1 - each.lock)) if each.core and each.lock < 1 else 1.0,
        )
        for each in part.timelines
    ]
    return Figure("Timeline", timeline(tracks, cores, room=room), "")


def _about(found: Timeline) -> str:
    """How its parsing time was spent."""
    if found.lock < 0.005:
        return ""
    return f"{percent(found.lock)} of the parsing time was waited for the interpreter's lock"


def _names(part: Part) -> str:
    return ", ".join(dict.fromkeys(row.case.backend for row in part.rows))
