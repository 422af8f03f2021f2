"""Comparisons made by hand, for what shows them: a whole one, one whose outcomes differ, and one with a single row."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cache
from heapq import heapify, heappop, heappush
from random import Random
from statistics import fmean, median, stdev
from typing import NamedTuple

import msgspec

from scraper.bounds import Bound, Finding
from scraper.compare.model import (
    Case,
    Comparison,
    Fit,
    Interval,
    Lane,
    Machine,
    Quantiles,
    Row,
    Run,
    Serial,
    Timeline,
    Verdict,
    Workload,
)

__all__ = ["AFTER", "comparison", "different", "single"]

CORES = 2
SWEEP = (1, 2, 4, 8, 16, 32, 64)
AFTER = 1_750_000_000.0
_T = {3: 4.303, 4: 3.182, 5: 2.776}
"""Student's t for 95 %, by the number of runs."""


class Cost(NamedTuple):
    """What a page costs a backend: milliseconds of user and system time, of a parse, and of the local server."""

    user: float
    system: float
    parse: float
    served: float = 0.25
    memory: float = 60e6
    waits: float = 2.0


LATENCY = Workload(
    name="latency",
    about="Small pages from servers that take their time: what crawls of the web are mostly like.",
    fixture="web:hosts=20,pages=1000,latency=lognormal(100ms),size=8KB,links=20,seed=7",
    concurrency=SWEEP,
    workers=(2,),
)
PARSING = Workload(
    name="parsing",
    about="Large pages, parsed with BeautifulSoup: the work is our own, and the interpreter's.",
    fixture="web:hosts=20,pages=400,latency=lognormal(40ms),size=60KB,links=80,seed=7",
    options={"parser": "soup"},
    concurrency=(8,),
    workers=(2,),
)
POLITE = Workload(
    name="polite",
    about="One host that is asked 20 times a second: the pace was promised, and nothing changes it.",
    fixture="web:hosts=1,pages=200,latency=fixed(30ms),size=8KB,links=20,seed=7",
    options={"delay": 0.05},
    concurrency=(8,),
    workers=(2,),
)
MACHINE = Machine(
    system="Linux 6.1.0 x86_64",
    processor="Example Server CPU 2.9 GHz",
    cores=CORES,
    memory=8_589_934_592,
    python="CPython 3.11.7",
    versions={"scraper": "0.1.0", "aiohttp": "3.14.4", "requests": "2.33.0", "uvloop": "0.22.1", "turbohtml": "1.15"},
    commit="36cf44b1c7",
)


class Law(NamedTuple):
    """Gunther's: the rate of one, contention, coherence."""

    rate: float
    contention: float
    coherence: float

    def at(self, n: int) -> float:
        return self.rate * n / (1 + self.contention * (n - 1) + self.coherence * n * (n - 1))


_SWEPT = {
    "threads": (Law(9.4, 0.0028, 0.000045), Cost(1.5, 0.6, 0.5, 0.25, 88e6, 6)),
    "processes": (Law(9.2, 0.0049, 0.000066), Cost(1.7, 0.9, 0.5, 0.25, 310e6, 7)),
    "asyncio": (Law(9.6, 0.0009, 0.0000062), Cost(0.7, 0.2, 0.4, 0.25, 64e6, 0.3)),
    "hybrid": (Law(9.6, 0.0003, 0.0000021), Cost(0.9, 0.3, 0.4, 0.25, 190e6, 0.9)),
}
_PARSED = {
    "sequential": (13.2, Cost(33, 1.2, 31, 0.4, 71e6, 3), 1),
    "threads": (27.9, Cost(36, 2.4, 32, 0.4, 96e6, 9), 8),
    "processes": (52.8, Cost(34, 2.1, 31, 0.4, 240e6, 6), 8),
    "asyncio": (29.1, Cost(33, 0.8, 31, 0.4, 84e6, 1), 8),
    "hybrid": (54.9, Cost(34, 1.1, 31, 0.4, 210e6, 1.4), 8),
}
_POLITE = {
    "sequential": (19.7, Cost(1.1, 0.4, 0.5), 1),
    "threads": (19.8, Cost(1.4, 0.5, 0.5), 8),
    "processes": (19.8, Cost(1.6, 0.8, 0.5, 0.25, 230e6), 8),
    "asyncio": (19.9, Cost(0.7, 0.2, 0.4), 8),
    "hybrid": (19.8, Cost(0.9, 0.3, 0.4, 0.25, 180e6), 8),
}


def workers_of(backend: str) -> int:
    return 2 if backend in ("processes", "hybrid") else 0


def runs_of(case: Case, rate: float, cost: Cost, latency: float, *, rounds: int, spread: float = 0.015) -> list[Run]:
    """Runs around ``rate``, each with its own chance."""
    chance = Random(case.name)
    return [_run(case, number, rate * math.exp(chance.gauss(0, spread)), cost, latency) for number in range(rounds)]


def _run(case: Case, number: int, rate: float, cost: Cost, latency: float) -> Run:
    pages = max(8, round(rate))
    seconds = pages / rate
    stay = max(case.concurrency / rate, latency)  # Little's law
    own = max(0.0006, stay - latency)
    waits = int(pages * cost.waits)
    return Run(
        case=case,
        round=number,
        pages=pages,
        seconds=seconds,
        start=0.02 + 0.35 * case.workers,
        user=pages * cost.user / 1000,
        system=pages * cost.system / 1000,
        start_cpu=0.02 + 0.3 * case.workers,
        memory=int(cost.memory + case.concurrency * 90_000),
        switches=(waits, waits // 7),
        server=Quantiles(latency * 0.93, latency * 1.9, latency * 2.6, latency),
        own=Quantiles(own * 0.9, own * 2.1, own * 3.4, own),
        parse=Quantiles(cost.parse / 1000, cost.parse / 500, cost.parse / 300, cost.parse / 980),
        flying=min(case.concurrency, rate * latency),
        server_cpu=pages * cost.served / 1000,
        late=0.0012,
    )


def interval(values: Sequence[float]) -> Interval:
    """The geometric mean and its t-interval."""
    logs = [math.log(value) for value in values]
    half = _T[len(logs)] * stdev(logs) / math.sqrt(len(logs)) if len(logs) > 2 else 0.0
    middle = fmean(logs)
    return Interval(math.exp(middle), math.exp(middle - half), math.exp(middle + half))


def row_of(runs: Sequence[Run], base: Sequence[Run], ceiling: float | None, finding: Finding) -> Row:
    first = runs[0]
    rates = [run.rate for run in runs]
    speedup = interval([run.rate / other.rate for run, other in zip(runs, base, strict=True)]) if base else None
    middle = median(rates)
    return Row(
        case=first.case,
        rate=interval(rates),
        speedup=speedup,
        efficiency=speedup.value / first.case.concurrency if speedup else None,
        ceiling=ceiling,
        pages=first.pages,
        start=first.start,
        user=median(run.user for run in runs),
        system=median(run.system for run in runs),
        memory=first.memory,
        switches=first.switches,
        server=first.server,
        own=first.own,
        parse=first.parse,
        outliers=tuple(run.round for run in runs if abs(run.rate / middle - 1) > 0.12),
        same=not any(run.different for run in runs),
        finding=finding,
    )


def _network(case: Case, rate: float) -> Finding:
    share = min(1.0, rate * 0.1 / case.concurrency)
    admitted = case.concurrency / 0.1
    text = f"{100 * share:.0f} % of the {admitted:.0f} pages/s that {case.concurrency} in flight over 100 ms admit."
    return Finding(Bound.NETWORK, share, text)


def _latency() -> tuple[list[Run], list[Row]]:
    alone = Case("latency", "sequential")
    base = runs_of(alone, 9.5, Cost(1.0, 0.3, 0.5), 0.1, rounds=5)
    runs, rows = list(base), [row_of(base, base, 10.0, _network(alone, 9.5))]
    for backend, (law, cost) in _SWEPT.items():
        for n in SWEEP:
            case = Case("latency", backend, n, workers_of(backend))
            some = runs_of(case, law.at(n), cost, 0.1, rounds=5)
            if (backend, n) == ("threads", 32):
                some[3] = msgspec.structs.replace(some[3], seconds=some[3].seconds * 1.31)
            runs += some
            rows.append(row_of(some, base, n / 0.1, _network(case, law.at(n))))
    return runs, rows


_WHY = {
    "sequential": Finding(Bound.PARSE, 0.45, "45 % of the time one core parses, the rest it waits for the servers."),
    "threads": Finding(
        Bound.GIL,
        0.83,
        "83 % of the parsing time was waited for the interpreter's lock, while 1 core of 2 was idle.",
    ),
    "processes": Finding(Bound.PARSE, 0.95, "2 cores of 2 are 95 % busy, 86 % of that with parsing."),
    "asyncio": Finding(Bound.PARSE, 0.99, "One core is 99 % busy with parsing, on the loop's own thread; 1 is idle."),
    "hybrid": Finding(Bound.PARSE, 0.97, "2 cores of 2 are 97 % busy, 90 % of that with parsing."),
}


def _bars(
    workload: str, given: dict[str, tuple[float, Cost, int]], latency: float, ceiling: float | None, rounds: int
) -> tuple[list[Run], list[Row]]:
    runs: list[Run] = []
    rows: list[Row] = []
    base: list[Run] = []
    for backend, (rate, cost, n) in given.items():
        case = Case(workload, backend, n, workers_of(backend))
        some = runs_of(case, rate, cost, latency, rounds=rounds, spread=0.012 if ceiling is None else 0.003)
        base = base or some
        finding = Finding(Bound.POLITENESS, 0.99, "99 % of the 20 pages/s that politeness admits on 1 host.")
        runs += some
        rows.append(row_of(some, base, ceiling, _WHY[backend] if ceiling is None else finding))
    return runs, rows


def _fits() -> Iterable[Fit]:
    for backend, (law, _) in _SWEPT.items():
        params = {name: _about(value, 0.12) for name, value in law._asdict().items()} | {"rate": _about(law.rate, 0.01)}
        peak = math.sqrt((1 - law.contention) / law.coherence)
        usl = Fit(
            workload="latency",
            backend=backend,
            workers=workers_of(backend),
            law="usl",
            parameters=params,
            peak=peak,
            points=len(SWEEP),
            error=0.011,
            best=True,
        )
        serial = {"rate": _about(law.rate, 0.015), "serial": _about(law.contention * 2, 0.2)}
        for name, error in (("amdahl", 0.024), ("gustafson", 0.051)):
            yield msgspec.structs.replace(usl, law=name, parameters=serial, peak=None, error=error, best=False)
        yield usl


def _about(value: float, share: float) -> Interval:
    return Interval(value, value * (1 - share), value * (1 + share))


class _Clock:
    """Where computing goes on, one after the other: a core, or an interpreter with its lock."""

    def __init__(self) -> None:
        self.free = 0.0

    def take(self, ready: float, seconds: float) -> float:
        begin = max(ready, self.free)
        self.free = begin + seconds
        return begin


def timeline(case: Case, latency: float, parse: float, until: float) -> Timeline:
    """A small simulation: fetches run side by side, parses share interpreters, the engine has a lane of its own."""
    chance = Random(f"{case.name} lanes")
    clocks = [_Clock() for _ in range(max(1, case.workers))]
    spans: list[list[tuple[str, float, float]]] = [[] for _ in range(case.concurrency)]
    engine = _Clock()
    decided: list[tuple[str, float, float]] = []
    coming = [(latency * chance.random(), lane, 0.0) for lane in range(case.concurrency)]
    heapify(coming)
    threaded = case.backend in ("threads", "processes")
    while coming:
        fetched, lane, at = heappop(coming)
        cost = parse * chance.uniform(0.7, 1.3)
        begin = clocks[lane % len(clocks)].take(fetched, cost)
        if threaded:  # what was waited for the lock is drawn behind the rest of a parse
            done = [("parse", fetched, fetched + cost), ("lock", fetched + cost, begin + cost)]
        else:
            done = [("parse", begin, begin + cost)]
        spans[lane] += [("fetch", at, fetched if threaded else begin), *done]
        heard = engine.take(begin + cost, 0.0004)
        decided += [("decide", heard, heard + 0.0003), ("write", heard + 0.0003, heard + 0.0004)]
        spans[lane].append(("wait", begin + cost, heard + 0.0006))
        if heard < until:
            again = heard + 0.0006
            heappush(coming, (again + latency * chance.lognormvariate(-0.08, 0.4), lane, again))
    spans = [[(state, begin, min(end, until)) for state, begin, end in each if begin < until] for each in spans]
    decided = [span for span in decided if span[2] <= until]
    lanes = [_lane(f"{_WORKER.get(case.backend, 'request')} {number + 1}", each) for number, each in enumerate(spans)]
    waited = sum(end - begin for each in spans for state, begin, end in each if state == "lock")
    parsed = sum(end - begin for each in spans for state, begin, end in each if state == "parse")
    return Timeline(case, (*lanes, _lane("engine", decided)), waited / (waited + parsed), parsed / (waited + parsed))


_WORKER = {"threads": "thread", "processes": "process", "sequential": "thread"}


def _lane(name: str, spans: Iterable[tuple[str, float, float]]) -> Lane:
    us = ((state, int(begin * 1e6), int(end * 1e6)) for state, begin, end in spans)
    return Lane(name, tuple(span for span in us if span[2] > span[1]))


_TEXTS = {
    "latency": (
        "hybrid is ahead: 592 pages/s with 64 requests in flight and 2 processes.",
        "The servers' time bounds it: 93 % of the ceiling. More cores would not help, more requests in flight would.",
        "asyncio does nearly the same with one process and a third of the memory: take it unless the last 5 % count.",
    ),
    "parsing": (
        "hybrid is ahead: 55.0 pages/s with 8 requests in flight and 2 processes, 1.96 times threads on 2 cores.",
        "threads wait for the interpreter's lock for 83 % of their parsing time while a core is idle: this is the GIL.",
        "Use hybrid with 2 workers; or a parser that needs less: turbo is the default.",
    ),
    "polite": ("All backends keep the pace that was promised, 20 pages/s on 1 host: take the simplest, sequential.",),
}


@cache
def comparison() -> Comparison:
    """Three workloads, five backends, a sweep over seven N, timelines, an outlier."""
    runs, rows = _latency()
    for more_runs, more_rows in (
        _bars("parsing", _PARSED, 0.04, None, 4),
        _bars("polite", _POLITE, 0.03, 20.0, 3),
    ):
        runs, rows = runs + more_runs, rows + more_rows
    return Comparison(
        command="scraper compare --workloads latency,parsing,polite --concurrency 1,2,4,8,16,32,64 --html compare.html",
        began=AFTER,
        seconds=161.4,
        machine=MACHINE,
        seed=7,
        rounds=5,
        workloads=(LATENCY, PARSING, POLITE),
        rows=tuple(rows),
        runs=tuple(runs),
        fits=tuple(_fits()),
        serial=tuple(_serial(rows)),
        timelines=tuple(_timelines()),
        verdicts=tuple(_verdicts(rows)),
        server_share=0.07,
        notes=(
            "Outlier: round 4 of latency/threads/32 was 24 % slower than the others; it counts all the same.",
            "The machine was busy with other work at the begin: load 0.7.",
        ),
    )


def _serial(rows: Iterable[Row]) -> Iterable[Serial]:
    for row in rows:
        n = row.case.concurrency
        if row.case.workload == "latency" and row.speedup and n > 1:
            yield Serial(row.case, (1 / row.speedup.value - 1 / n) / (1 - 1 / n))


def _timelines() -> Iterable[Timeline]:
    for backend in _PARSED:
        one = backend == "sequential"
        yield timeline(Case("latency", backend, 1 if one else 64, workers_of(backend)), 0.1, 0.0009, 0.5)
        yield timeline(Case("parsing", backend, 1 if one else 8, workers_of(backend)), 0.04, 0.031, 2.0)


def _verdicts(rows: Sequence[Row]) -> Iterable[Verdict]:
    for workload, texts in _TEXTS.items():
        ranked = sorted((row for row in rows if row.case.workload == workload), key=lambda row: -row.rate.value)
        best = ranked[0]
        second = next(row for row in ranked if row.case.backend != best.case.backend)
        over = best.rate.value / second.rate.value
        clear = workload != "polite"
        yield Verdict(
            workload=workload,
            winner=best.case if clear else None,
            over_second=Interval(over, over * 0.982, over * 1.018) if clear else None,
            over_sequential=best.speedup if clear else None,
            text=texts,
        )


@cache
def different() -> Comparison:
    """One workload, whose outcomes differ on threads; and a server that took too much."""
    runs, rows = _bars("parsing", _PARSED, 0.04, None, 3)
    odd = {"differences": ("http://127.0.0.4/17", "http://127.0.0.9/203?q=<b>&x=1"), "different": 11}
    runs = [msgspec.structs.replace(run, **odd) if run.case.backend == "threads" else run for run in runs]
    rows = [msgspec.structs.replace(row, same=row.case.backend != "threads") for row in rows]
    text = "There is no winner: 11 of 28 pages had other outcomes on threads than on the others."
    return Comparison(
        command="scraper compare --workloads parsing",
        began=AFTER,
        seconds=31.0,
        machine=MACHINE,
        seed=7,
        rounds=3,
        workloads=(PARSING,),
        rows=tuple(rows),
        runs=tuple(runs),
        verdicts=(Verdict("parsing", None, None, None, (text,)),),
        server_share=0.41,
        notes=("The local server took 41 % of the machine in parsing/asyncio/8: rates above 29 pages/s are its own.",),
    )


def single() -> Comparison:
    """One run of one backend, of a recording: no interval, no speedup, no fit, no timeline, no verdict."""
    case = Case("list", "asyncio", 16)
    runs = runs_of(case, 120.0, Cost(0.7, 0.2, 0.4), 0.08, rounds=1)
    finding = Finding(Bound.UNKNOWN, 0.0, "Nothing stands out.")
    return Comparison(
        command="scraper compare --replay list.warc.gz --backends asyncio --repeat 1",
        began=AFTER,
        seconds=2.2,
        machine=msgspec.structs.replace(MACHINE, commit=None, versions={}),
        seed=0,
        rounds=1,
        workloads=(Workload(name="list", recording="list.warc.gz", concurrency=(16,)),),
        rows=(row_of(runs, (), None, finding),),
        runs=tuple(runs),
    )
