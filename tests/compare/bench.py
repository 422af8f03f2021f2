"""A bench without processes and servers: rates are given, and every round is a little off, by a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from scraper.compare.api import BenchOf, Measuring
from scraper.compare.model import Case, Quantiles, Run, Workload
from scraper.compare.runs import Measured
from scraper.compare.timeline import Visit, Watched
from scraper.evidence import Span

__all__ = ["Bench", "benches"]

LATENCY = 0.1


class Bench:
    """Measures what ``rate_of`` says, give or take ``noise``.

    :param differing: by case, URLs that come out otherwise there.
    :param fails: what a run raises, by its number.
    :ivar asked: all runs that were asked for.
    """

    def __init__(
        self,
        rate_of: Callable[[Case], float],
        *,
        total: int = 1000,
        noise: float = 0.02,
        differing: Mapping[Case, Sequence[int]] = {},
        fails: Mapping[int, BaseException] = {},
    ) -> None:
        self._rate_of, self._noise, self._differing, self._fails = rate_of, noise, differing, fails
        self.urls = [f"http://127.0.0.2/page-{number}" for number in range(total)]
        self.asked: list[tuple[Case, int, int, bool]] = []
        self._chance = random.Random(3)

    def run(self, case: Case, pages: int, round: int, watch: bool = False) -> Measured:  # noqa: A002
        self.asked.append((case, pages, round, watch))
        if len(self.asked) in self._fails:
            raise self._fails[len(self.asked)]
        rate = self._rate_of(case) * (1 + self._noise * (2 * self._chance.random() - 1))
        outcomes = dict.fromkeys(self.urls[:pages], 7)
        for number in self._differing.get(case, ()):
            outcomes[self.urls[number]] = 8
        return Measured(_run(case, pages, round, rate), outcomes, _watched() if watch else Watched())


def _run(case: Case, pages: int, number: int, rate: float) -> Run:
    latency, own = Quantiles(LATENCY, LATENCY, LATENCY, LATENCY), Quantiles(0.001, 0.002, 0.003, 0.001)
    return Run(
        case=case,
        round=number,
        pages=pages,
        seconds=pages / rate,
        start=0.2,
        user=0.0008 * pages,
        system=0.0002 * pages,
        start_cpu=0.1,
        memory=50_000_000,
        switches=(3 * pages, 1),
        server=latency,
        own=own,
        parse=Quantiles(0.0005, 0.0005, 0.0005, 0.0005),
        flying=float(case.concurrency),
        server_cpu=0.0001 * pages,
        late=0.0001,
    )


def _watched() -> Watched:
    visits = [Visit(at, at + 0.13, Span(9, 9, at + 0.01, at + 0.11, at + 0.12, 4000, 0)) for at in (1.0, 1.2, 1.4)]
    return Watched(visits)


def benches(*made: Bench) -> BenchOf:
    """Each workload gets the next one."""
    left = iter(made)

    @contextmanager
    def opened(workload: Workload, seed: int) -> Iterator[Measuring]:
        yield next(left)

    return opened
