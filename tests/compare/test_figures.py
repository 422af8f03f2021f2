"""Means, intervals, ratios and outliers: what is known of them from tables, and what must hold of all."""

from __future__ import annotations

import math
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.bounds import Bound, Finding
from scraper.compare.figures import agree, f_tail, interval, outliers, quantiles, ratio, t_quantile
from scraper.compare.model import Case, Interval, Quantiles, Row

RATES = st.lists(st.floats(1e-3, 1e6), min_size=2, max_size=12)
ROW = Row(
    case=Case("latency", "threads", 8),
    rate=Interval(10.0, 9.0, 11.0),
    speedup=None,
    efficiency=None,
    ceiling=None,
    pages=1,
    start=0.0,
    user=0.0,
    system=0.0,
    memory=0,
    switches=(0, 0),
    server=Quantiles(),
    own=Quantiles(),
    parse=Quantiles(),
    outliers=(),
    same=True,
    finding=Finding(Bound.UNKNOWN, 0.0, ""),
)


@pytest.mark.parametrize(
    ("dof", "known"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (30, 2.042), (100, 1.984), (100_000, 1.960)],
)
def test_students_t_is_that_of_the_tables(dof: int, known: float) -> None:
    assert round(t_quantile(dof), 3) == known


@pytest.mark.parametrize(
    ("f", "above", "below", "known"),
    [(161.45, 1, 1, 0.05), (6.39, 4, 4, 0.05), (2.71, 4, 28, 0.05), (3.33, 5, 10, 0.05), (5.64, 5, 10, 0.01)],
)
def test_fishers_f_is_that_of_the_tables(f: float, above: int, below: int, known: float) -> None:
    assert f_tail(f, above, below) == pytest.approx(known, rel=0.01)
    assert (f_tail(0.0, above, below), f_tail(math.inf, above, below)) == (1.0, 0.0)


def test_an_interval_worked_by_hand() -> None:
    """Logarithms 0, 1 and 2 have mean 1 and deviation 1; t of 2 degrees is 4.3027, over the root of 3 it is 2.4841."""
    found = interval([1.0, math.e, math.e**2])
    assert found.value == pytest.approx(math.e)
    assert found.low == pytest.approx(math.exp(1 - 2.4841), rel=1e-3)
    assert found.high == pytest.approx(math.exp(1 + 2.4841), rel=1e-3)


def test_where_nothing_varies_or_is_known_to_the_ends_are_the_value() -> None:
    assert interval([7.1]) == interval([7.1] * 5) == Interval(7.1, 7.1, 7.1)


def test_a_rate_of_nothing_makes_the_mean_nothing() -> None:
    assert interval([0.0, 5.0]) == Interval(0.0, 0.0, 5.0)
    with pytest.raises(ValueError):
        interval([])


def test_an_interval_covers_the_truth_as_often_as_it_says() -> None:
    """In 95 of 100; five runs of 2,000 rows, so between 93.6 and 96.4 of 100 in all but one of 300 tries."""
    chance = random.Random(5)
    rows = (interval([chance.lognormvariate(2.0, 0.05) for _ in range(5)]) for _ in range(2000))
    covered = sum(row.low <= math.exp(2.0) <= row.high for row in rows)
    assert 0.936 < covered / 2000 < 0.964


@given(RATES)
def test_an_interval_is_in_order_and_its_inverse_is_that_of_the_inverses(rates: list[float]) -> None:
    found, inverse = interval(rates), interval([1 / rate for rate in rates])
    assert found.low <= found.value <= found.high
    assert [1 / inverse.value, 1 / inverse.high, 1 / inverse.low] == pytest.approx(
        [found.value, found.low, found.high], rel=1e-6
    )


@given(RATES, st.floats(0.1, 10.0))
def test_what_disturbs_both_of_a_round_cancels(rates: list[float], times: float) -> None:
    found = ratio([times * rate for rate in rates], rates)
    assert [found.low, found.value, found.high] == pytest.approx([times] * 3, rel=1e-9)


def test_a_pair_with_nothing_below_is_left_out() -> None:
    assert ratio([4.0, 9.0], [2.0, 0.0]) == Interval(2.0, 2.0, 2.0)
    with pytest.raises(ValueError):
        ratio([1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ([100, 101, 99, 100, 50], (4,)),
        ([100, 300, 101, 99, 100], (1,)),
        ([100, 102, 98, 101, 97], ()),
        ([100, 100, 100, 100, 100.1], ()),
        ([100, 100, 100, 100, 110], (4,)),
        ([100, 100, 50], ()),
        ([0, 100, 100, 100, 100], ()),
        ([], ()),
    ],
)
def test_what_is_far_off_is_named(values: list[float], named: tuple[int, ...]) -> None:
    assert outliers(values) == named


@pytest.mark.parametrize(("size", "most"), [(5, 0.05), (9, 0.05), (30, 0.12)])
def test_runs_that_behave_well_are_seldom_named(size: int, most: float) -> None:
    """The usual 3.5 would name one of five runs in every fifth row."""
    chance = random.Random(9)
    rows = ([chance.lognormvariate(0.0, 0.05) for _ in range(size)] for _ in range(1000))
    assert sum(bool(outliers(row)) for row in rows) / 1000 < most


@given(st.lists(st.floats(0, 1e3), min_size=1, max_size=250))
def test_a_quantile_is_the_least_value_that_so_many_do_not_exceed(values: list[float]) -> None:
    found = quantiles(values)
    for percent, value in ((50, found.p50), (95, found.p95), (99, found.p99)):
        assert sum(other <= value for other in values) * 100 >= percent * len(values)
        assert sum(other < value for other in values) * 100 < percent * len(values)


def test_quantiles_of_a_hundred_and_of_none() -> None:
    assert quantiles([number / 100 for number in range(100, 0, -1)]) == Quantiles(0.5, 0.95, 0.99, 0.505)
    assert quantiles([]) == Quantiles()


def test_two_tables_agree_where_their_intervals_touch() -> None:
    def row(concurrency: int, low: float, high: float) -> Row:
        case = Case("latency", "threads", concurrency)
        return msgspec.structs.replace(ROW, case=case, rate=Interval((low + high) / 2, low, high))

    ours = [row(1, 9, 11), row(2, 19, 21), row(4, 38, 42)]
    theirs = [row(2, 21, 23), row(1, 12, 13), row(8, 80, 84)]
    assert agree(ours, theirs) == (2, (Case("latency", "threads", 1),))
    assert agree(ours, ours) == (3, ())
