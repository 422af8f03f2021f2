"""Lists with dots: whatever they leave out is found, and nothing is guessed."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.compare.ladder import LONGEST, read_ladder
from scraper.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("8", (8,)),
        ("1,2,4,...,64", (1, 2, 4, 8, 16, 32, 64)),
        ("1, 2, ..., 8", (1, 2, 4, 8)),
        ("1,2,...,6", (1, 2, 3, 4, 5, 6)),
        ("10,20,…,50", (10, 20, 30, 40, 50)),
        ("1,4,..,64", (1, 4, 16, 64)),
        ("1,2,3,...,6,12,...,48", (1, 2, 3, 4, 5, 6, 12, 24, 48)),
        ("16,1,16", (1, 16)),
        ("1,2,...,4", (1, 2, 4)),
    ],
)
def test_a_list_is_read(text: str, numbers: tuple[int, ...]) -> None:
    assert read_ladder(text) == numbers


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no number"),
        ("0", "no number"),
        ("-1", "no number"),
        ("1.5", "no number"),
        ("٣", "no number"),
        ("9999999", "no number"),
        ("1,,2", "no number"),
        ("...", "two numbers before"),
        ("1,...,8", "two numbers before"),
        ("1,2,...", "one behind"),
        ("1,2,...,...,8", "no number"),
        ("2,1,...,8", "neither"),
        ("1,2,...,2", "neither"),
        ("3,5,...,8", "neither"),
        ("1,2,...,999", "more than"),
        ("1,2,3,...,99999,", "more than"),
    ],
)
def test_what_is_no_list_is_told(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        read_ladder(text)


@given(first=st.integers(1, 50), factor=st.integers(2, 5), count=st.integers(2, 8))
def test_dots_stand_for_the_same_factor(first: int, factor: int, count: int) -> None:
    whole = [first * factor**power for power in range(count + 1)]
    if whole[-1] < 1_000_000:
        assert read_ladder(f"{whole[0]},{whole[1]},...,{whole[-1]}") == tuple(whole)


@given(first=st.integers(1, 1000), step=st.integers(1, 1000), count=st.integers(2, LONGEST - 1), seen=st.integers(2, 9))
def test_dots_stand_for_the_same_step_where_no_factor_leads_there(first: int, step: int, count: int, seen: int) -> None:
    whole = [first + step * index for index in range(count + 1)]
    seen = min(seen, count)
    found = read_ladder(",".join(map(str, [*whole[:seen], "...", whole[-1]])))
    ratio = whole[seen - 1] / whole[seen - 2]
    if not ratio.is_integer():
        assert found == tuple(whole)
    assert set(found) >= {*whole[:seen], whole[-1]}


@given(st.text("0123456789,. ", max_size=20))
def test_whatever_is_written_is_a_list_or_one_message(text: str) -> None:
    with contextlib.suppress(ConfigError):
        numbers = read_ladder(text)
        assert numbers[0] > 0
        assert numbers == tuple(sorted(set(numbers)))
        assert len(numbers) <= LONGEST
        assert read_ladder(",".join(map(str, numbers))) == numbers
