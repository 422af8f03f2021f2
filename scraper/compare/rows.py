"""From runs to rows: what the rounds of a case come to, beside the other cases of its workload. Pure.

Also what is reckoned over the cases of one backend: the laws, and the serial fraction.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

import msgspec

from scraper.bounds import Load, judge
from scraper.compare.figures import interval, outliers, ratio
from scraper.compare.laws import fits, karp_flatt
from scraper.compare.model import Case, Fit, Interval, Quantiles, Row, Run, Serial

__all__ = ["BASELINE", "agreed", "best_of", "by_case", "ceiling_of", "fits_of", "row_of", "serial_of"]

BASELINE = "sequential"
"""The backend that speedup is measured against."""
_NAMED = 5
"""Differences that a run names; the others are counted."""


def by_case(runs: Iterable[Run]) -> dict[Case, list[Run]]:
    """Each case's runs, by rounds."""
    found: defaultdict[Case, list[Run]] = defaultdict(list)
    for run in sorted(runs, key=lambda run: run.round):
        found[run.case].append(run)
    return dict(found)


def agreed(runs: Sequence[Run], outcomes: Sequence[Mapping[str, int]], urls: Sequence[str]) -> list[Run]:
    """``runs`` of one workload, each with the URLs whose outcome is not what most runs have, or is not there at all.

    :param outcomes: of each run, what each URL came to.
    :param urls: those of the workload, in the order in which they are measured: a run has the first of them.
    """
    votes: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for found in outcomes:
        for url, outcome in found.items():
            votes[url][outcome] += 1
    usual = {url: max(count, key=lambda outcome: (count[outcome], outcome)) for url, count in votes.items()}
    return [_marked(run, found, usual, urls[: run.pages]) for run, found in zip(runs, outcomes, strict=True)]


def _marked(run: Run, found: Mapping[str, int], usual: Mapping[str, int], due: Sequence[str]) -> Run:
    missing = [f"{url}: missing" for url in due if url not in found]
    other = [url for url, outcome in found.items() if outcome != usual[url]]
    named = tuple([*missing, *other][:_NAMED])
    return msgspec.structs.replace(run, different=len(missing) + len(other), differences=named)


def row_of(runs: Sequence[Run], baseline: Sequence[Run], load: Load) -> Row:
    """What the ``runs`` of one case come to.

    :param baseline: the sequential backend's runs of the same workload; none where it is not compared.
    :param load: what its pages cost; see :func:`scraper.compare.verdict.load_of`.
    """
    case, rates = runs[0].case, [run.rate for run in runs]
    speedup = _speedup(runs, baseline)
    return Row(
        case=case,
        rate=interval(rates),
        speedup=speedup,
        efficiency=None if speedup is None else speedup.value / case.concurrency,
        ceiling=ceiling_of(load),
        pages=round(median(run.pages for run in runs)),
        start=median(run.start for run in runs),
        user=median(run.user for run in runs),
        system=median(run.system for run in runs),
        memory=round(median(run.memory for run in runs)),
        switches=(_switches(runs, 0), _switches(runs, 1)),
        server=_quantiles([run.server for run in runs]),
        own=_quantiles([run.own for run in runs]),
        parse=_quantiles([run.parse for run in runs]),
        outliers=tuple(runs[index].round for index in outliers(rates)),
        same=not any(run.different for run in runs),
        finding=judge(load),
    )


def _speedup(runs: Sequence[Run], baseline: Sequence[Run]) -> Interval | None:
    """Paired by rounds: what disturbed a whole round disturbs no quotient."""
    theirs = {run.round: run.rate for run in baseline}
    pairs = [(run.rate, theirs[run.round]) for run in runs if run.round in theirs]
    return ratio([ours for ours, _ in pairs], [their for _, their in pairs]) if pairs else None


def ceiling_of(load: Load) -> float | None:
    """Pages a second that requests in flight and politeness admit; None where neither is a bound."""
    bound = min(load.ceiling, math.inf if load.admitted is None else load.admitted)
    return bound if math.isfinite(bound) else None


def _switches(runs: Sequence[Run], index: int) -> int:
    return round(median(run.switches[index] for run in runs))


def _quantiles(found: Sequence[Quantiles]) -> Quantiles:
    return Quantiles(
        p50=median(each.p50 for each in found),
        p95=median(each.p95 for each in found),
        p99=median(each.p99 for each in found),
        mean=median(each.mean for each in found),
    )


def best_of(rows: Iterable[Row]) -> dict[str, Row]:
    """Each backend's row with the highest rate."""
    found: dict[str, Row] = {}
    for row in rows:
        best = found.get(row.case.backend)
        if best is None or row.rate.value > best.rate.value:
            found[row.case.backend] = row
    return found


def fits_of(workload: str, runs: Sequence[Run]) -> tuple[Fit, ...]:
    """The laws of each backend that was measured with enough N; where numbers of workers vary, for each of them.

    A law begins at the rate of one. Where a backend was not measured with one request in flight, that is the sequential
    backend's, as in the usual meaning of speedup; without it a sweep that begins at 4 would leave it to guessing.
    """
    first = [(1, run.rate) for run in runs if run.case.backend == BASELINE]
    found: list[Fit] = []
    meant = {(run.case.backend, run.case.workers) for run in runs if run.case.concurrency > run.case.workers}
    for backend, workers in sorted(meant):
        own = [run for run in runs if run.case.backend == backend and _belongs(run.case, workers)]
        points = [(run.case.concurrency, run.rate) for run in own]
        if len(dict(points)) > 1:
            points += [] if 1 in dict(points) else first
            found += fits(points, workload=workload, backend=backend, workers=workers)
    return tuple(found)


def _belongs(case: Case, workers: int) -> bool:
    """Whether ``case`` is one of up to ``workers``: with fewer requests in flight there are only as many workers."""
    return case.workers == min(workers, case.concurrency)


def serial_of(rows: Iterable[Row]) -> tuple[Serial, ...]:
    """The serial fraction of each case that has a speedup and more than one request in flight."""
    found = []
    for row in rows:
        if row.speedup is not None and row.case.concurrency > 1:
            fraction = karp_flatt(row.speedup.value, row.case.concurrency)
            if fraction is not None:
                found.append(Serial(row.case, fraction))
    return tuple(found)
