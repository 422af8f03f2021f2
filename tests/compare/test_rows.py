"""Which rates a law is fitted to: those of one backend, from one request in flight on."""

from __future__ import annotations

import pytest

from scraper.compare.api import Plan, compare
from scraper.compare.model import Case, Fit, Workload
from tests.compare.bench import Bench, benches

SEQUENTIAL, STEP = 11.0, 10.0


def linear(case: Case) -> float:
    """One request in flight is a little faster than its share of many."""
    return SEQUENTIAL if case.concurrency == 1 else STEP * case.concurrency


def fits_of(backends: str, concurrency: tuple[int, ...], workers: tuple[int, ...] = ()) -> tuple[Fit, ...]:
    work = Workload(name="far", fixture="web:", concurrency=concurrency, workers=workers)
    plan = Plan(workloads=(work,), backends=tuple(backends.split(",")), rounds=2, warmup=0, watch=False)
    return compare(plan, bench=benches(Bench(linear, noise=0.0))).fits


def test_a_sweep_without_one_request_in_flight_begins_with_the_sequential_rate() -> None:
    amdahl, gustafson, _ = fits_of("sequential,threads", (4, 8, 16, 32, 64))
    assert amdahl.points == 6
    assert amdahl.parameters["rate"].value == pytest.approx(SEQUENTIAL, rel=0.1)
    assert gustafson.parameters["rate"].value == pytest.approx(SEQUENTIAL, rel=0.1)


def test_four_numbers_and_the_sequential_rate_are_enough_for_a_law() -> None:
    assert {fit.points for fit in fits_of("sequential,asyncio", (4, 16, 32, 64))} == {5}
    assert fits_of("asyncio", (4, 16, 32, 64)) == ()


def test_a_rate_of_its_own_comes_first() -> None:
    assert {fit.points for fit in fits_of("sequential,threads", (1, 2, 4, 8, 16))} == {5}


def test_fewer_requests_than_workers_belong_to_the_sweep_of_those_workers() -> None:
    found = fits_of("sequential,hybrid", (1, 2, 4, 8, 16), workers=(1, 4))
    assert {(fit.workers, fit.points) for fit in found} == {(1, 5), (4, 5)}


def test_what_is_not_swept_has_no_law() -> None:
    assert fits_of("sequential,threads", (64,)) == ()
