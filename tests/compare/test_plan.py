from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.backends import NAMES
from scraper.compare.model import Case, Workload
from scraper.compare.plan import FEWEST, WAVES, cases_of, mixed, sample

WORK = Workload(name="w", concurrency=(1, 4), workers=(1, 2))


def test_each_backend_has_the_cases_that_make_sense_for_it() -> None:
    names = [case.name for case in cases_of(WORK, NAMES, 2)]
    assert names == [
        "w/sequential/1",
        "w/threads/1",
        "w/threads/4",
        "w/processes/1x1",
        "w/processes/4x1",
        "w/processes/4x2",
        "w/asyncio/1",
        "w/asyncio/4",
        "w/hybrid/1x1",
        "w/hybrid/4x1",
        "w/hybrid/4x2",
    ]


def test_where_nothing_is_said_there_are_as_many_workers_as_cores() -> None:
    assert cases_of(Workload(name="w", concurrency=(8,)), ["hybrid", "threads"], 3) == (
        Case("w", "hybrid", 8, 3),
        Case("w", "threads", 8, 0),
    )


def test_a_round_has_every_case_once_in_an_order_that_its_seed_says() -> None:
    cases = cases_of(WORK, NAMES, 2)
    chance = random.Random(7)
    rounds = [mixed(cases, chance) for _ in range(3)]
    again = random.Random(7)
    assert rounds == [mixed(cases, again) for _ in range(3)]
    assert all(sorted(order) == sorted(cases) for order in rounds)
    assert len({tuple(order) for order in rounds}) == 3


@pytest.mark.parametrize(("rate", "seconds", "total", "places", "pages"), [
    (800, 1.0, 2000, 64, 832),
    (600, 1.0, 2000, 64, 640),
    (500, 1.0, 2000, 64, 640),  # ten waves
    (100, 1.0, 2000, 64, 192),  # ten waves would take six seconds
    (12, 1.0, 2000, 1, 20),
    (0, 1.0, 2000, 64, 192),
    (0, 1.0, 2000, 1, 20),
    (9000, 1.0, 2000, 64, 1984),
    (9000, 1.0, 40, 64, 40),
    (9000, 1.0, 7, 1, 7),
])  # fmt: skip
def test_sample(rate: float, seconds: float, total: int, places: int, pages: int) -> None:
    assert sample(rate, seconds, total, places) == pages


@given(st.floats(0, 1e5), st.floats(0.01, 100), st.integers(1, 10_000), st.integers(1, 500))
def test_a_sample_is_made_of_whole_waves_and_takes_about_the_time(
    rate: float, seconds: float, total: int, places: int
) -> None:
    pages = sample(rate, seconds, total, places)
    assert 1 <= pages <= total
    assert pages % places == 0 or pages == total
    if rate and pages > max(FEWEST, places) + places:
        assert pages <= 1.5 * rate * seconds + places
    if total >= pages + places:
        assert pages >= rate * seconds - 1
        assert pages >= min(1.5 * rate * seconds - 1, WAVES * places)
