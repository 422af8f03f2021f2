"""The tables of the page: headers and cells, as text that the template escapes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from scraper.compare.model import Fit, Interval, Row, Run
from scraper.compare.outputs.marks import key, style
from scraper.compare.outputs.picks import Part
from scraper.compare.outputs.words import (
    LAWS,
    between,
    case_label,
    count,
    number,
    percent,
    place,
    quantiles,
    share_between,
    spread,
    times,
)
from scraper.printing import printable

__all__ = ["Cell", "Table", "all_rows", "all_runs", "best_rows", "fit_rows", "workload_rows"]


class Cell(NamedTuple):
    """One cell; ``cls`` is ``n`` for figures, ``link`` the id of what it leads to, ``mark`` a backend's."""

    text: str
    cls: str = ""
    link: str = ""
    mark: str = ""
    badge: str = ""


class Table(NamedTuple):
    """Headers as (text, what it means); the first cell of a row is its header; ``won`` are rows to be marked."""

    headers: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[Cell]]
    won: frozenset[int] = frozenset()


def _figure(text: str) -> Cell:
    return Cell(text, "n")


def _backend(backend: str, text: str, badge: str = "") -> Cell:
    return Cell(printable(text), style(backend), mark=key(backend), badge=badge)


def workload_rows(parts: Sequence[Part]) -> Table:
    """One row for each workload: who is ahead, and by how much."""
    headers = (
        ("workload", ""),
        ("first", "the case to choose, where its rate is the highest beyond doubt or level with few"),
        ("pages/s", "with the 95 % interval"),
        ("over the second", "times the second backend at its best, with the 95 % interval"),
        ("over sequential", "times the sequential backend"),
        ("bound by", "what keeps the fastest from being faster"),
    )
    return Table(headers, [_workload(part, index) for index, part in enumerate(parts, 1)])


def _workload(part: Part, index: int) -> list[Cell]:
    best = max(part.best, key=lambda row: row.rate.value)
    verdict, won = part.verdict, part.winner is not None
    row = next((row for row in part.rows if row.case == part.winner), best)
    none = "nobody beyond doubt" if part.same else "no winner: outcomes differ"
    return [
        Cell(printable(part.workload.name), link=f"w{index}"),
        _backend(row.case.backend, case_label(row.case), _badge(part, row)) if won else Cell(none, "faint"),
        _figure(spread(row.rate)),
        _figure(_between(verdict.over_second if verdict and won else None)),
        _figure(times(verdict.over_sequential if verdict and part.same else None)),
        Cell(row.finding.bound.value),
    ]


def _between(found: Interval | None) -> str:
    if found is None:
        return "-"
    interval = f" ({number(found.low)} to {number(found.high)})" if found.high > found.low else ""
    return f"{number(found.value)}x{interval}"


_HEADERS = (
    ("backend", ""),
    ("at", "requests in flight x processes"),
    ("pages/s", "geometric mean, with the 95 % interval"),
    ("speedup", "over the sequential backend, with the 95 % interval"),
    ("eff.", "efficiency: speedup for each request in flight"),
    ("server ms", "the servers' time of a page: p50/p95/p99"),
    ("own ms", "what else a page took, from submission to outcome: p50/p95/p99"),
    ("CPU s/1k", "user + system, for 1,000 pages"),
    ("MB", "the most memory of the whole tree"),
    ("switches/1k", "context switches for 1,000 pages: asked for + forced"),
    ("bound", "what keeps it from being faster"),
    ("same", "whether its outcomes are those of all others"),
)


def best_rows(part: Part) -> Table:
    """The best case of each backend."""
    rows = [[_backend(row.case.backend, row.case.backend, _badge(part, row)), *_row(row)] for row in part.best]
    return Table(_HEADERS, rows, frozenset(i for i, row in enumerate(part.best) if row.case == part.winner))


def _badge(part: Part, row: Row) -> str:
    return ("ahead" if part.ahead else "first") if row.case == part.winner else ""


def _row(row: Row) -> list[Cell]:
    user, system = (1000 * seconds / max(1, row.pages) for seconds in (row.user, row.system))
    asked, forced = (count(round(1000 * switches / max(1, row.pages))) for switches in row.switches)
    return [
        _figure(place(row.case)),
        _figure(spread(row.rate)),
        _figure("-" if row.speedup is None else spread(row.speedup)),
        _figure(percent(row.efficiency)),
        _figure(quantiles(row.server)),
        _figure(quantiles(row.own)),
        _figure(f"{number(user)} + {number(system)}"),
        _figure(f"{row.memory / 1e6:.0f}"),
        _figure(f"{asked} + {forced}"),
        Cell(row.finding.bound.value),
        Cell("yes" if row.same else "no", "" if row.same else "bad"),
    ]


def _plain(row: Row) -> Cell:
    return Cell(printable(row.case.backend), style(row.case.backend))


def all_rows(part: Part) -> Table:
    """Every case."""
    more = (
        ("pages", "of a run"),
        ("start s", "making the backend and starting its workers"),
        ("ceiling", "pages/s that requests in flight and the servers' time, or politeness, admit"),
        ("serial", "the serial fraction of Karp and Flatt"),
        ("outliers", "rounds whose rate is far from the others', from 1"),
    )
    rows = []
    for row in part.rows:
        serial = part.serial.get(row.case)
        cells = (
            str(row.pages),
            number(row.start),
            "-" if row.ceiling is None else number(row.ceiling),
            percent(serial, 2),
            ", ".join(str(each + 1) for each in row.outliers) or "-",
        )
        rows.append([_plain(row), *_row(row), *map(_figure, cells)])
    won = frozenset(index for index, row in enumerate(part.rows) if row.case == part.winner)
    return Table((*_HEADERS, *more), rows, won)


def fit_rows(fits: Iterable[Fit]) -> Table:
    """Laws, with their parameters."""
    headers = (
        ("backend", ""),
        ("law", ""),
        ("rate of one", "pages/s of one request in flight"),
        ("serial", "Amdahl's and Gustafson's serial share"),
        ("contention", "the USL's: waiting for what only one can have"),
        ("coherence", "the USL's: each with each other; this is what makes more slower"),
        ("peak", "N beyond which the rate falls"),
        ("error", "root mean square of the relative errors"),
        ("best", "whether it explains the rates best, for the number of its parameters"),
    )
    fits = list(fits)
    rows, alone = [], all(fit.best for fit in fits)
    for fit in fits:
        name = f"{fit.backend} x{fit.workers}" if fit.workers else fit.backend
        shown = [fit.parameters.get(each) for each in ("rate", "serial", "contention", "coherence")]
        cells = [
            "-" if shown[0] is None else between(shown[0]),
            *map(share_between, shown[1:]),
            "-" if fit.peak is None else number(fit.peak),
            percent(fit.error, 1),
        ]
        law = LAWS.get(fit.law, fit.law)
        best = "-" if alone else "yes" if fit.best else "no"
        rows.append([_backend(fit.backend, name), Cell(law), *map(_figure, cells), Cell(best)])
    return _filled(Table(headers, rows))


def _filled(table: Table) -> Table:
    """Without the columns in which there is nothing."""
    columns = [column for column in range(len(table.headers)) if any(row[column].text != "-" for row in table.rows)]
    rows = [[row[column] for column in columns] for row in table.rows]
    return table._replace(headers=[table.headers[column] for column in columns], rows=rows)


def all_runs(runs: Iterable[Run]) -> Table:
    """Every run of every case, as it was measured."""
    headers = (
        ("case", "workload/backend/in flight x processes"),
        ("round", "from 1"),
        ("pages/s", ""),
        ("pages", ""),
        ("seconds", ""),
        ("user s", ""),
        ("system s", ""),
        ("MB", "the most memory of the whole tree"),
        ("in flight", "requests, on average"),
        ("own ms", "p50/p95/p99"),
        ("server CPU s", "of the local server"),
        ("late ms", "how late 95 of 100 of its answers were, at most"),
        ("different", "URLs whose outcome is not the others'"),
    )
    return Table(headers, [_run(run) for run in runs])


def _run(run: Run) -> list[Cell]:
    cells = (
        str(run.round + 1),
        number(run.rate),
        str(run.pages),
        f"{run.seconds:.3f}",
        f"{run.user:.3f}",
        f"{run.system:.3f}",
        f"{run.memory / 1e6:.0f}",
        number(run.flying),
        quantiles(run.own),
        f"{run.server_cpu:.3f}",
        f"{1000 * run.late:.1f}",
        str(run.different),
    )
    return [Cell(printable(run.case.name)), *map(Cell, cells)]
