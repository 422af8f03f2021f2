"""A comparison, from its plan to what came of it.

The life of one: each workload has a :class:`~scraper.compare.runs.Bench`, its server; short runs tell how fast each
case is, so that every run takes about as long as was asked for; rounds follow, each a run of every case in mixed order;
then each backend's best case is run once more and watched page by page, for its timeline and its lock. What all that
comes to is reckoned at the end, from whatever there is by then.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

import msgspec

from scraper.backends import NAMES
from scraper.compare.estimate import Estimate, ends, expected
from scraper.compare.machine import cores, this_machine
from scraper.compare.model import Case, Comparison, Row, Run, Timeline, Workload
from scraper.compare.plan import cases_of, mixed, sample
from scraper.compare.remarks import others_share, remarks, server_share
from scraper.compare.rows import BASELINE, agreed, best_of, by_case, fits_of, row_of, serial_of
from scraper.compare.runs import Bench, Measured
from scraper.compare.timeline import timeline_of
from scraper.compare.verdict import load_of, verdict_of
from scraper.url import host_key

__all__ = ["BenchOf", "Comparing", "Measuring", "Plan", "Step", "compare"]

WARM = 0.3
"""Seconds that a warm-up run is to take."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be compared, and how.

    :ivar rounds: runs of each case; ``warmup`` short ones before them, of the :func:`ends` of each sweep, whose figures
        only size the others.
    :ivar seconds: about how long a run is to take.
    :ivar seed: of the order of the runs.
    :ivar watch: whether each backend's best case is run once more for its timeline.
    :ivar command: as it was typed, for the report.
    """

    workloads: tuple[Workload, ...]
    backends: tuple[str, ...] = NAMES
    rounds: int = 5
    warmup: int = 1
    seconds: float = 1.0
    seed: int = 1
    watch: bool = True
    command: str = ""


class Step(msgspec.Struct, frozen=True):
    """What is measured next.

    :ivar doing: ``warming up``, ``round 2 of 5``, ``watching``.
    :ivar left: seconds until the end of the whole comparison, about.
    """

    doing: str
    case: Case
    left: float


class Measuring(Protocol):
    """What measures one workload: a :class:`scraper.compare.runs.Bench`, or what stands in for it."""

    @property
    def urls(self) -> Sequence[str]:
        """The pages, in the order in which samples take them."""

    def run(self, case: Case, pages: int, round: int, watch: bool = False) -> Measured:  # noqa: A002
        """Crawl the first ``pages`` under ``case``; only one who watches gets spans."""


BenchOf = Callable[[Workload, int], AbstractContextManager[Measuring]]


def compare(plan: Plan, *, tell: Callable[[Step], None] = lambda step: None, bench: BenchOf = Bench) -> Comparison:
    """Measure what ``plan`` says.

    :param tell: hears what comes next, before each run.
    :raises ConfigError: for a workload that cannot be served.
    :raises BackendError: when a run breaks off. Whoever wants what was measured until then, or until a Ctrl-C, takes a
        :class:`Comparing`.
    """
    comparing = Comparing(plan, tell=tell, bench=bench)
    comparing.run()
    return comparing.comparison()


class Comparing:
    """A comparison that can be broken off: what is measured by then is a comparison, too.

    :ivar cases: how many there are; ``estimate`` tells how long all of them will take.
    """

    def __init__(self, plan: Plan, *, tell: Callable[[Step], None] = lambda step: None, bench: BenchOf = Bench) -> None:
        self._plan, self._tell, self._bench = plan, tell, bench
        self._machine = this_machine()
        self._works = [_Work(workload, cases_of(workload, plan.backends, cores())) for workload in plan.workloads]
        self._began, self._clock = time.time(), time.monotonic()
        self.cases = sum(len(work.cases) for work in self._works)
        watched = len(plan.backends) * len(self._works) if plan.watch else 0
        warm = sum(len(ends(work.cases)) for work in self._works) * plan.warmup
        self.estimate = Estimate(warm, self.cases * plan.rounds + watched, WARM, plan.seconds)

    def run(self) -> None:
        """Measure all of it.

        :raises BackendError: when a run breaks off; KeyboardInterrupt as everywhere.
        """
        chance = random.Random(self._plan.seed)  # noqa: S311 - an order, and no secret
        for work in self._works:
            with self._bench(work.workload, self._plan.seed) as bench:
                work.urls = bench.urls
                self._measure(work, bench, chance)

    def _measure(self, work: _Work, bench: Measuring, chance: random.Random) -> None:
        rates, total = self._warm_up(work, bench), len(work.urls)
        sizes = {
            case: sample(expected(case, rates), self._plan.seconds, total, case.concurrency) for case in work.cases
        }
        for number in range(self._plan.rounds):
            for case in mixed(work.cases, chance):
                doing = f"round {number + 1} of {self._plan.rounds}"
                work.take(self._run(bench, doing, case, sizes[case], number))
        if self._plan.watch:
            for case in [row.case for row in best_of(work.sum_up().rows).values()]:
                measured = self._run(bench, "watching", case, sizes[case], self._plan.rounds, watch=True)
                work.timelines.append(timeline_of(case, measured.spans))

    def _warm_up(self, work: _Work, bench: Measuring) -> dict[Case, float]:
        """Rates, as short runs of some cases show them; the last one counts, the first meets cold caches."""
        rates: dict[Case, float] = {}
        for _ in range(self._plan.warmup):
            for case in ends(work.cases):
                pages = sample(rates.get(case, 0.0), WARM, len(work.urls), case.concurrency)
                rates[case] = self._run(bench, "warming up", case, pages, 0).run.rate
        return rates

    def _run(self, bench: Measuring, doing: str, case: Case, pages: int, number: int, watch: bool = False) -> Measured:
        self._tell(Step(doing, case, self.estimate.left))
        began = time.monotonic()
        measured = bench.run(case, pages, number, watch)
        self.estimate.took(time.monotonic() - began, warm=doing == "warming up")
        return measured

    def comparison(self) -> Comparison:
        """What all that was measured until now comes to."""
        done = [work.sum_up() for work in self._works if work.runs]
        rows = tuple(row for each in done for row in each.rows)
        runs = tuple(run for each in done for run in each.runs)
        notes = [*self._missing(), *remarks(rows, runs, rounds=self._plan.rounds, others=others_share(runs, cores()))]
        return Comparison(
            command=self._plan.command,
            began=self._began,
            seconds=time.monotonic() - self._clock,
            machine=self._machine,
            seed=self._plan.seed,
            rounds=self._plan.rounds,
            workloads=tuple(work.workload for work in self._works if work.runs),
            rows=rows,
            runs=runs,
            fits=tuple(fit for each in done for fit in fits_of(each.workload.name, each.runs)),
            serial=serial_of(rows),
            timelines=tuple(timeline for work in self._works for timeline in work.timelines),
            verdicts=tuple(verdict_of(each.workload, each.rows, each.runs, self._machine) for each in done),
            server_share=max((server_share(found, cores()) for found in by_case(runs).values()), default=0.0),
            notes=tuple(notes),
        )

    def _missing(self) -> Iterator[str]:
        """What was to be measured and was not, a sentence for each workload."""
        rounds = self._plan.rounds
        for work in self._works:
            if not work.runs:
                yield f"{work.workload.name} was not measured: broken off before"
            elif work.whole < rounds:
                yield f"broken off: of {rounds} rounds of {work.workload.name} {work.whole} are whole"


class _Done(NamedTuple):
    """What one workload came to."""

    workload: Workload
    runs: list[Run]
    rows: list[Row]


class _Work:
    """One workload, and what was measured of it so far."""

    def __init__(self, workload: Workload, cases: Sequence[Case]) -> None:
        self.workload, self.cases = workload, cases
        self.urls: Sequence[str] = ()
        self.runs: list[Run] = []
        self.timelines: list[Timeline] = []
        self._outcomes: list[Mapping[str, int]] = []

    def take(self, measured: Measured) -> None:
        """Keep a run of a round."""
        self.runs.append(measured.run)
        self._outcomes.append(measured.outcomes)

    @property
    def whole(self) -> int:
        """Rounds in which every case was run."""
        counts = Counter(run.case for run in self.runs)
        return min(counts[case] for case in self.cases)

    def sum_up(self) -> _Done:
        """Rows, and the runs with what differed in them."""
        runs = agreed(self.runs, self._outcomes, self.urls)
        found = by_case(runs)
        timelines = {timeline.case: timeline for timeline in self.timelines}
        alone = next((each for case, each in timelines.items() if case.backend in _ALONE), None)
        hosts = len(set(map(host_key, self.urls)))
        baseline = [run for run in runs if run.case.backend == BASELINE]
        rows = []
        for case in self.cases:
            if case in found:
                load = load_of(
                    found[case], self.workload, hosts=hosts, cores=cores(), timeline=timelines.get(case), alone=alone
                )
                rows.append(row_of(found[case], baseline, load))
        return _Done(self.workload, runs, rows)


_ALONE = frozenset({"asyncio", "sequential"})
"""Backends that parse one page at a time, where nobody else can hold the lock."""
