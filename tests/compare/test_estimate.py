"""How fast a case will be, and how long all of them will take."""

from __future__ import annotations

from scraper.compare.estimate import Estimate, ends, expected
from scraper.compare.model import Case

SWEEP = [Case("far", backend, number) for backend in ("threads", "asyncio") for number in (4, 8, 16, 32, 64)]


def test_only_the_ends_of_a_sweep_are_tried() -> None:
    assert ends(SWEEP) == [SWEEP[0], SWEEP[5], SWEEP[4], SWEEP[9]]
    assert ends([Case("far", "sequential")]) == [Case("far", "sequential")]
    two = [Case("far", "hybrid", number, workers) for number in (2, 8) for workers in (1, 2)]
    assert sorted(ends(two)) == two


def test_between_them_rates_grow_until_they_do_not() -> None:
    seen = {SWEEP[0]: 40.0, SWEEP[4]: 200.0}
    assert [expected(case, seen) for case in SWEEP[:5]] == [40, 80, 160, 200, 200]
    assert expected(SWEEP[5], seen) == 0


def test_what_is_left_shrinks_run_by_run_and_learns_from_them() -> None:
    estimate = Estimate(warm=2, runs=4, brief=0.3, seconds=1.0)
    before = estimate.left
    estimate.took(0.5, warm=True)
    estimate.took(0.5, warm=True)
    assert estimate.left < before
    for _ in range(3):
        estimate.took(3.0, warm=False)
    assert 1.5 < estimate.left < 3.0
    estimate.took(3.0, warm=False)
    assert estimate.left == 0
    estimate.took(3.0, warm=False)
    assert estimate.left == 0
