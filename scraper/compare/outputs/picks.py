"""Which rows of a comparison are shown where: by workload, by backend, the best of a sweep."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from scraper.compare.model import Case, Comparison, Fit, Row, Run, Timeline, Verdict, Workload

__all__ = ["ORDER", "Part", "Series", "parts"]

ORDER = ("sequential", "threads", "processes", "asyncio", "hybrid")
"""The backends, from the plainest on; others come behind."""


class Series(NamedTuple):
    """One backend with so many workers, over N.

    :ivar name: the backend, with its number of workers where there are several of them.
    """

    name: str
    backend: str
    workers: int
    rows: tuple[Row, ...]
    fit: Fit | None


class Part(NamedTuple):
    """All of a comparison that one workload is about.

    :ivar best: each backend's row with the highest rate, in the order of :data:`ORDER`.
    :ivar series: all its rows, by backend and workers; ``swept`` says whether one of them has several N.
    """

    workload: Workload
    rows: tuple[Row, ...]
    best: tuple[Row, ...]
    series: tuple[Series, ...]
    runs: dict[Case, tuple[Run, ...]]
    fits: tuple[Fit, ...]
    serial: dict[Case, float]
    timelines: tuple[Timeline, ...]
    verdict: Verdict | None

    @property
    def swept(self) -> bool:
        """Whether a backend was measured with several numbers of requests in flight."""
        return any(len(series.rows) > 1 for series in self.series)

    @property
    def same(self) -> bool:
        """Whether all runs had the same outcomes."""
        return all(row.same for row in self.rows)

    @property
    def ahead(self) -> bool:
        """Whether the winner is ahead of all others beyond doubt, and not level with the second."""
        over = self.verdict.over_second if self.verdict else None
        return self.winner is not None and (over is None or over.low > 1)

    @property
    def winner(self) -> Case | None:
        """The case to choose, if there is one; where outcomes differ there is none."""
        return self.verdict.winner if self.verdict and self.same else None


def parts(comparison: Comparison) -> list[Part]:
    """The workloads that have rows, in their order; those that only rows know come last."""
    known = {workload.name: workload for workload in comparison.workloads}
    names = dict.fromkeys((*known, *(row.case.workload for row in comparison.rows)))
    return [part for name in names if (part := _part(comparison, known.get(name) or Workload(name=name))).rows]


def _part(comparison: Comparison, workload: Workload) -> Part:
    name = workload.name
    rows = tuple(sorted((row for row in comparison.rows if row.case.workload == name), key=_rank))
    fits = tuple(sorted((fit for fit in comparison.fits if fit.workload == name), key=_fitted))
    runs: dict[Case, tuple[Run, ...]] = {row.case: () for row in rows}
    for run in comparison.runs:
        if run.case in runs:
            runs[run.case] += (run,)
    timelines = (timeline for timeline in comparison.timelines if timeline.case.workload == name)
    return Part(
        workload=workload,
        rows=rows,
        best=tuple(_best(rows)),
        series=tuple(_series(rows, fits)),
        runs=runs,
        fits=fits,
        serial={each.case: each.fraction for each in comparison.serial if each.case.workload == name},
        timelines=tuple(sorted(timelines, key=lambda timeline: _place(timeline.case))),
        verdict=next((verdict for verdict in comparison.verdicts if verdict.workload == name), None),
    )


def _place(case: Case) -> tuple[int, str, int, int]:
    known = ORDER.index(case.backend) if case.backend in ORDER else len(ORDER)
    return known, case.backend, case.workers, case.concurrency


def _rank(row: Row) -> tuple[int, str, int, int]:
    return _place(row.case)


def _fitted(fit: Fit) -> tuple[int, str, int, int]:
    return _place(Case(fit.workload, fit.backend, 0, fit.workers))


def _best(rows: Sequence[Row]) -> Iterable[Row]:
    for backend in dict.fromkeys(row.case.backend for row in rows):
        yield max((row for row in rows if row.case.backend == backend), key=lambda row: row.rate.value)


def _series(rows: Sequence[Row], fits: Sequence[Fit]) -> Iterable[Series]:
    keys = list(dict.fromkeys((row.case.backend, _meant(row, rows)) for row in rows))
    for backend, workers in keys:
        several = sum(key[0] == backend for key in keys) > 1
        own_rows = (row for row in rows if (row.case.backend, _meant(row, rows)) == (backend, workers))
        own = (fit for fit in fits if fit.best and (fit.backend, fit.workers) == (backend, workers))
        yield Series(
            name=f"{backend} x{workers}" if several else backend,
            backend=backend,
            workers=workers,
            rows=tuple(sorted(own_rows, key=lambda row: row.case.concurrency)),
            fit=next(own, None),
        )


def _meant(row: Row, rows: Sequence[Row]) -> int:
    """The workers that were asked for: where fewer requests are in flight, there are only as many workers."""
    case = row.case
    same = [other.case for other in rows if other.case.backend == case.backend and other.case.workers > case.workers]
    if case.workers != case.concurrency or any(other.concurrency == case.concurrency for other in same):
        return case.workers
    return min((other.workers for other in same), default=case.workers)
