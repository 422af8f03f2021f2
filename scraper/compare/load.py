"""What a page cost, from the runs of a case: what the reasoning in :mod:`scraper.bounds` begins with. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median

from scraper.bounds import Load
from scraper.compare.model import Run, Timeline, Workload

__all__ = ["load_of"]

_LOOPS = frozenset({"asyncio", "hybrid", "sequential"})
"""Backends that parse one page at a time in each process."""


def load_of(
    runs: Sequence[Run],
    workload: Workload,
    *,
    hosts: int,
    cores: int,
    timeline: Timeline | None = None,
    alone: Timeline | None = None,
) -> Load:
    """What a page cost in the ``runs`` of one case, by their medians.

    :param hosts: how many the workload's pages are on.
    :param timeline: of this case, for the interpreter's lock; ``alone`` that of a backend that parses one page at a
        time, asyncio or sequential: what its function waits there it waits itself, and not for the lock.
    """
    case = runs[0].case
    server, parse = (
        median(each.mean for each in found) for found in zip(*((r.server, r.parse) for r in runs), strict=True)
    )
    own_wait = 0.0 if alone is None else max(0.0, 1.0 - alone.core - alone.lock) * parse
    return Load(
        pages=round(fmean(run.pages for run in runs)),
        seconds=fmean(run.pages for run in runs) / median(run.rate for run in runs),
        places=case.concurrency,
        flying=median(run.flying for run in runs),
        processes=max(1, case.workers),
        cores=cores,
        cpu=median((run.user + run.system) / run.pages for run in runs),
        server=server,
        waited=median(run.own.mean for run in runs),
        parse=parse,
        parse_cpu=None if timeline is None else timeline.core * parse,
        lock=None if timeline is None else max(0.0, timeline.lock * parse - own_wait),
        admitted=_admitted(workload, hosts, case.concurrency, server),
        hosts=hosts,
        server_cpu=median(run.server_cpu / run.pages for run in runs),
        late=median(run.late for run in runs),
        parsers=max(1, case.workers) if case.backend in _LOOPS else case.concurrency,
    )


def _admitted(workload: Workload, hosts: int, concurrency: int, server: float) -> float | None:
    """Pages a second that the pause between two starts on a host, and the requests in flight on it, admit."""
    delay = float(workload.options.get("delay") or 0.0)
    per_host = int(workload.options.get("per_host") or concurrency)
    paces = [1 / delay] if delay > 0 else []
    if per_host * hosts < concurrency and server > 0:
        paces.append(per_host / server)
    return hosts * min(paces) if paces else None
