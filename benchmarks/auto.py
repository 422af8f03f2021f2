"""``make bench-auto``: whether ``--backend auto`` goes to the fastest backend, on each of the ten workloads.

Every backend is measured on the same pages, in mixed order, a fresh process each. After each round an ``auto`` crawls
until it has decided, and is not told how many pages are left. What it went to is held against the fastest: the ratio of
their rates, paired by rounds.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from scraper.backends import NAMES, cores
from scraper.backends.auto import Auto
from scraper.backends.look import Outlook
from scraper.bounds import Load, choose_by
from scraper.compare.figures import interval, ratio
from scraper.compare.model import Case, Interval, Workload
from scraper.compare.plan import cases_of, mixed, sample
from scraper.compare.runs import Bench
from scraper.compare.workloads import chosen
from scraper.run import Nowhere, open_run
from scraper.tuning import tune

__all__ = ["Decision", "Found", "compare", "decide", "main"]

NEAR = 0.9
"""Of the winner's rate, what counts as good as it."""
_WARM = 0.3


class Decision(NamedTuple):
    """Where ``auto`` went, why, and by what."""

    backend: str
    why: str
    load: Load | None


class Found(NamedTuple):
    """What one workload came to.

    :ivar rates: of each backend, by rounds.
    """

    rates: dict[str, list[float]]
    decisions: list[Decision]

    @property
    def winner(self) -> str:
        """The fastest backend."""
        return max(self.rates, key=lambda name: interval(self.rates[name]).value)

    @property
    def went_to(self) -> str:
        """Where ``auto`` went mostly."""
        return Counter(decision.backend for decision in self.decisions).most_common(1)[0][0]

    @property
    def reached(self) -> Interval:
        """Of the winner's rate, what the backend that ``auto`` went to has."""
        return ratio(self.rates[self.went_to], self.rates[self.winner])


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table as Markdown, and how many workloads it is right on."""
    options = _options(arguments)
    tune()
    print(
        "| workload | "
        + " | ".join(NAMES)
        + " | fastest | auto | reaches |\n|---|"
        + "---:|" * len(NAMES)
        + "---|---|---:|"
    )
    right = 0
    names = options.workloads or ["all"]
    for workload in chosen(names):
        found = compare(workload, rounds=options.rounds, seconds=options.seconds)
        right += found.reached.value >= NEAR
        rates = " | ".join(f"{interval(found.rates[name]).value:,.0f}" for name in NAMES)
        share = f"{found.reached.value:.2f} ({found.reached.low:.2f} to {found.reached.high:.2f})"
        went = ", ".join(f"{name} {count}x" for name, count in Counter(d.backend for d in found.decisions).items())
        print(f"| {workload.name} | {rates} | {found.winner} | {went} | {share} |", flush=True)
        if options.loads:
            for decision in found.decisions:
                print(f"  {decision.why}\n  {decision.load}", flush=True)
    print(f"\nthe winner, or one within {1 - NEAR:.0%} of it: {right} of {len(chosen(names))} workloads")


def compare(workload: Workload, *, rounds: int, seconds: float) -> Found:
    """Measure every backend, and let ``auto`` decide as often."""
    places = max(workload.concurrency)
    cases = [case for case in cases_of(workload, NAMES, cores()) if case.concurrency == places or case.concurrency == 1]
    cases = list({case.backend: case for case in cases}.values())
    found = Found({case.backend: [] for case in cases}, [])
    chance = random.Random(1)
    with Bench(workload, seed=1) as bench:
        warm = {case: bench.run(case, sample(0.0, _WARM, bench.total, case.concurrency), 0).run.rate for case in cases}
        for number in range(rounds):
            for case in mixed(cases, chance):
                pages = sample(warm[case], seconds, bench.total, case.concurrency)
                found.rates[case.backend].append(bench.run(case, pages, number).run.rate)
            found.decisions.append(decide(bench, Case(workload.name, "auto", places, cores())))
    return found


def decide(bench: Bench, case: Case) -> Decision:
    """Crawl by ``auto`` until it has decided."""
    loads: list[Load] = []

    def choose(load: Load) -> tuple[str, str]:
        loads.append(load)
        return choose_by(load)

    settings = bench.settings(case, bench.urls)
    auto = Auto(settings, choose=choose)
    with open_run(settings, bench.urls, auto, Nowhere()) as run:
        auto.outlook = Outlook
        for _ in run.rounds():
            if loads:
                break
    load = loads[-1] if loads else None
    return Decision(choose_by(load)[0] if load else "asyncio", auto.why, load)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-auto", description=__doc__)
    parser.add_argument("workloads", nargs="*", help="their names; all of them where none is given")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="about how long a run takes")
    parser.add_argument("--loads", action="store_true", help="print what was decided by, too")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
