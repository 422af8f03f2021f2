"""What a comparison makes of its runs: which are made, in which order, and what stands in it however it ended."""

from __future__ import annotations

import pytest

from scraper.compare.api import Comparing, Plan, Step, compare
from scraper.compare.model import Case, Comparison, Workload
from scraper.errors import BackendError
from tests.compare.bench import LATENCY, Bench, benches

WORK = Workload(name="far", fixture="web:hosts=20,pages=1000,latency=100ms", concurrency=(4, 8, 16, 32, 64))
WARM, CASES = 5, 11
FACTOR = {"sequential": 0.95, "threads": 0.8, "asyncio": 0.9}


def rate_of(case: Case) -> float:
    return FACTOR[case.backend] * case.concurrency / LATENCY


def plan_of(**changes: object) -> Plan:
    given: dict[str, object] = {"workloads": (WORK,), "backends": tuple(FACTOR), "rounds": 3, "seconds": 0.5}
    return Plan(**{**given, **changes})  # type: ignore[arg-type]


def rows(comparison: Comparison) -> dict[str, float]:
    return {row.case.name: row.rate.value for row in comparison.rows}


def test_every_case_is_run_once_a_round_in_mixed_order() -> None:
    bench = Bench(rate_of)
    compare(plan_of(), bench=benches(bench))
    warm, rest = bench.asked[:WARM], bench.asked[WARM:]
    assert [case.name for case, *_ in warm] == [
        *("far/sequential/1", "far/threads/4", "far/asyncio/4", "far/threads/64", "far/asyncio/64")
    ]
    orders = [[case for case, _, at, watch in rest if at == number and not watch] for number in range(3)]
    assert len({tuple(order) for order in orders}) == 3
    assert all(len(order) == len(set(order)) == CASES for order in orders)
    watched = [case.name for case, _, _, watch in rest if watch]
    assert watched == ["far/sequential/1", "far/threads/64", "far/asyncio/64"]


def test_runs_take_about_the_time_that_was_asked_for() -> None:
    bench = Bench(rate_of)
    comparison = compare(plan_of(seconds=1.0), bench=benches(bench))
    assert all(0.6 < run.seconds < 2.5 for run in comparison.runs)
    pages = [row.pages for row in comparison.rows]
    assert (min(pages), max(pages) > 500) == (20, True)


def test_rows_are_what_was_measured() -> None:
    comparison = compare(plan_of(), bench=benches(Bench(rate_of)))
    for row in comparison.rows:
        assert row.rate.low < rate_of(row.case) < row.rate.high
        assert row.same
        assert row.ceiling == pytest.approx(row.case.concurrency / LATENCY)
        assert row.speedup is not None
        assert row.speedup.value == pytest.approx(rate_of(row.case) / 9.5, rel=0.05)
    assert {(fit.backend, fit.law) for fit in comparison.fits} == {
        (backend, law) for backend in ("threads", "asyncio") for law in ("amdahl", "gustafson", "usl")
    }
    assert len(comparison.serial) == 10
    (verdict,) = comparison.verdicts
    assert verdict.winner == Case("far", "asyncio", 64)


def test_the_same_seed_gives_the_same_order() -> None:
    asked = []
    for seed in (1, 1, 2):
        bench = Bench(rate_of)
        compare(plan_of(seed=seed), bench=benches(bench))
        asked.append([case for case, *_ in bench.asked])
    assert asked[0] == asked[1] != asked[2]


def test_a_difference_is_named_and_nobody_wins() -> None:
    odd = Case("far", "threads", 8)
    comparison = compare(plan_of(), bench=benches(Bench(rate_of, differing={odd: (3, 5)})))
    assert [row.case for row in comparison.rows if not row.same] == [odd]
    wrong = [run for run in comparison.runs if run.different]
    assert {run.case for run in wrong} == {odd}
    assert wrong[0].different == 2
    assert wrong[0].differences == ("http://127.0.0.2/page-3", "http://127.0.0.2/page-5")
    assert comparison.verdicts[0].winner is None


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BackendError("a worker keeps dying")])
def test_what_was_measured_before_a_break_stands(error: BaseException) -> None:
    """In the middle of the third round of the first of two workloads."""
    near = Workload(name="near", fixture="web:latency=0ms")
    bench = Bench(rate_of, fails={WARM + 2 * CASES + 5: error})
    comparing = Comparing(plan_of(workloads=(WORK, near)), bench=benches(bench, Bench(rate_of)))
    with pytest.raises(type(error)):
        comparing.run()
    comparison = comparing.comparison()
    assert len(comparison.runs) == 26
    assert len(comparison.rows) == 11
    assert [work.name for work in comparison.workloads] == ["far"]
    assert any("of 3 rounds of far 2 are whole" in note for note in comparison.notes)
    assert any("near was not measured" in note for note in comparison.notes)


def test_broken_off_in_the_first_round_only_what_ran_has_a_row() -> None:
    bench = Bench(rate_of, fails={WARM + 5: KeyboardInterrupt()})
    comparing = Comparing(plan_of(), bench=benches(bench))
    with pytest.raises(KeyboardInterrupt):
        comparing.run()
    assert len(comparing.comparison().rows) == 4


def test_broken_off_before_the_first_round_there_is_nothing() -> None:
    bench = Bench(rate_of, fails={WARM: KeyboardInterrupt()})
    comparing = Comparing(plan_of(), bench=benches(bench))
    with pytest.raises(KeyboardInterrupt):
        comparing.run()
    assert comparing.comparison().rows == ()


def test_it_is_told_what_comes_next() -> None:
    steps: list[Step] = []
    compare(plan_of(), tell=steps.append, bench=benches(Bench(rate_of)))
    rounds = [f"round {number} of 3" for number in (1, 2, 3)]
    assert [step.doing for step in steps] == [
        *["warming up"] * WARM,
        *(doing for doing in rounds for _ in range(CASES)),
        *["watching"] * len(FACTOR),
    ]
    assert steps[0].left > steps[-1].left > 0


def test_few_rounds_and_few_pages_are_remarked() -> None:
    comparison = compare(plan_of(rounds=1), bench=benches(Bench(rate_of, total=15)))
    assert any("1 round says little" in note for note in comparison.notes)
    assert any("fewer than 20 pages" in note for note in comparison.notes)


def test_an_outlier_is_named() -> None:
    slow = iter([1.0] * (WARM + 2 * CASES) + [0.2] * CASES + [1.0] * 100)

    def disturbed(case: Case) -> float:
        return rate_of(case) * next(slow)

    comparison = compare(plan_of(rounds=6), bench=benches(Bench(disturbed, noise=0.002)))
    assert any("round 3 was an outlier" in note for note in comparison.notes)
