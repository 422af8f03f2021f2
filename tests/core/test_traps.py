"""Traps: each rule alone, at its border, and switched off; what is counted, and what is forgotten."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.core.traps import BACK, RULES, Duplicates, Queries, judge, refuse
from scraper.settings import Traps
from scraper.url import canonical

NOW = 2026
OFF = Traps(length=None, segments=None, repeats=None, parameters=None, years=None, this_year=NOW)


def only(**rule: int | None) -> Traps:
    return msgspec.structs.replace(OFF, **rule)


def refused(traps: Traps, url: str) -> str | None:
    """What both forms of the question say, which must be the same."""
    detail = refuse(traps, url)
    assert judge(traps)(url) == detail
    return detail


LONG = f"http://a.test/{'x' * 50}"


@pytest.mark.parametrize(
    ("rule", "border", "url", "words"),
    [
        ("length", 64, LONG, "64 characters, more than 63"),
        ("segments", 3, "http://a.test/a/b/c", "3 path segments, more than 2"),
        ("segments", 3, "http://a.test/a/b/c/?d/e/f/g", "3 path segments, more than 2"),
        ("segments", 4, "http://a.test////c", "4 path segments, more than 3"),
        ("segments", 1, "http://a.test/a", "1 path segments, more than 0"),
        ("repeats", 3, "http://a.test/a/x/a/y/a", "3 times the path segment 'a', more than 2"),
        ("repeats", 3, "http://a.test/a/a/a?q", "3 times the path segment 'a', more than 2"),
        ("repeats", 4, "http://a.test////x//", "4 times the path segment '', more than 3"),
        ("repeats", 1, "http://a.test/a", "1 times the path segment 'a', more than 0"),
        ("parameters", 3, "http://a.test/?a&b=1&c", "3 parameters, more than 2"),
        ("parameters", 1, "http://a.test/a&b&c?d", "1 parameters, more than 0"),
    ],
)
def test_a_rule_at_its_border(rule: str, border: int, url: str, words: str) -> None:
    assert refused(only(**{rule: border}), url) is None
    assert refused(only(**{rule: border - 1}), url) == f"{rule}: {words}"
    assert refused(OFF, url) is None


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("a/b/a/b/a/b", "repeats: 3 times in turn 'a/b'"),
        ("x/a/b/a/b/a/b/y/", "repeats: 3 times in turn 'a/b'"),
        ("a/b/c/a/b/c/a/b/c", "repeats: 3 times in turn 'a/b/c'"),
        ("a/b/a/b", None),
        ("a/b/a/b/b/a", None),
        ("a/b/c/d/a/b/c/d/a/b/c/d", None),
        ("a/b/x/a/b/y/a/b", None),
        ("a/a/b/b/c/c/d/d", None),
    ],
)
def test_rows_that_come_in_turn(path: str, detail: str | None) -> None:
    assert refused(only(repeats=3), f"http://a.test/{path}") == detail
    assert refused(only(repeats=9), f"http://a.test/{path}") is None


@pytest.mark.parametrize(
    "path",
    [
        "{}/05/", "{}/05", "{}/05/17/title", "{}/12/31/", "x/{}-05", "x/{}-05-17-title", "x_{}-05-17", "{}/5/calendar",
        "events/{}/12/", "events/{}1231", "cal?d={}0101&x", "?date={}-01-01", "?x={}-01-01T00:00", "?x={}-12",
        "?year={}", "?year={}&month=3", "?a&Y=1&tribe_year={}", "?y={}&m=3", "?m={}05", "?month={}0517",
        "/2026/05/?year={}",
    ],
)  # fmt: skip
def test_calendars_end(path: str) -> None:
    rule = only(years=3)
    for year in (NOW, NOW + 3, NOW - BACK, 1995):
        assert refused(rule, "http://a.test/" + path.format(year)) is None
    ahead, back = "http://a.test/" + path.format(NOW + 4), "http://a.test/" + path.format(NOW - BACK - 1)
    assert refused(rule, ahead) == "years: a date of 2030, more than 3 years after 2026"
    assert refused(rule, back) == "years: a date of 1925, more than 100 years before 2026"
    assert refused(only(years=4), ahead) is None
    assert refused(OFF, ahead) is None
    assert refused(only(years=3, this_year=None), ahead) is None


@pytest.mark.parametrize(
    "path",
    [
        "2099", "2099/", "2099.html", "product/2099", "thread/2099/2", "thread/2099/12", "2099-12", "2099/13/",
        "2099/00/", "item/20990101", "item-2099-13-01", "12099/05/", "20999/05", "?id=2099", "?y=2099",
        "?x=1&y=2045&z=3", "?id=2099&m=3", "?page=2099", "?year=20450", "?q=205012", "?date=209901011",
        "model-2100-black", "2101-05-x", "a2099/05", "1000/2000", "?yearly=2099", "0001/02/", "?year=0",
        "vision-2050/agenda", "events/2099-1234", "?size=2099-1234",
    ],
)  # fmt: skip
def test_numbers_that_are_no_dates(path: str) -> None:
    assert refused(only(years=3), f"http://a.test/{path}") is None


def test_a_host_is_no_date() -> None:
    assert refused(only(years=3), "http://2099-01-01.test/") is None


def test_the_first_rule_that_objects_has_the_word() -> None:
    url = f"http://a.test/{'a/' * 30}"
    assert refused(Traps(length=50, this_year=NOW), url) == "length: 74 characters, more than 50"
    assert refused(Traps(this_year=NOW), url) == "segments: 30 path segments, more than 25"
    assert RULES.keys() <= set(Traps.__struct_fields__)


ODD = st.text(st.sampled_from("/?&=-._;%2019 05aé\\@:#"), max_size=60)


@given(tail=ODD, limit=st.none() | st.integers(0, 4))
def test_any_url_gets_an_answer(tail: str, limit: int | None) -> None:
    url = canonical(f"http://a.test/{tail}")
    assert url is not None
    for name in RULES:
        refused(only(**{name: limit}), url)
    refused(Traps(limit, limit, limit, limit, None, limit, NOW), url)


def test_queries_of_one_path() -> None:
    queries = Queries(2)
    assert [queries.admit(f"http://a.test/shop?{n}") for n in range(4)] == [True, True, False, False]
    assert queries.admit("http://a.test/shop")
    assert queries.admit("http://a.test/shop/?1")
    assert queries.admit("http://b.test/shop?1")
    assert queries.detail == "queries: more than 2 different ones of one path"


def test_paths_with_few_queries_are_forgotten_first() -> None:
    queries = Queries(3, room=10)
    for n in range(3):
        assert queries.admit(f"http://a.test/trap?{n}")
    for n in range(500):
        assert queries.admit(f"http://a.test/{n}?x")
        assert len(queries) <= 10
    assert not queries.admit("http://a.test/trap?3")


def test_the_same_content() -> None:
    duplicates = Duplicates(2)
    assert [duplicates.exceeds("a.test", 7) for _ in range(4)] == [False, False, True, True]
    assert not duplicates.exceeds("b.test", 7)
    assert not duplicates.exceeds("a.test", 8)
    assert not any(duplicates.exceeds("a.test", None) for _ in range(9))
    assert duplicates.detail == "duplicates: more than 2 pages with the same content"


def test_fingerprints_count_only_where_near_is_on() -> None:
    exact, near = Duplicates(1), Duplicates(1, near=3)
    assert [exact.exceeds("a.test", n, 0) for n in range(3)] == [False, False, False]
    assert [near.exceeds("a.test", n, 0) for n in range(3)] == [False, True, True]
    assert [near.exceeds("a.test", 9, None) for _ in range(2)] == [False, True]


def test_contents_not_met_for_long_are_forgotten() -> None:
    for near in (None, 3):
        duplicates = Duplicates(1, near, room=3)
        order = [1, 2, 3, 1, 4, 1, 2, 3, 1]
        assert [duplicates.exceeds("a.test", n, 0xFFFF << 16 * (n - 1)) for n in order] == [
            False, False, False, True, False, True, False, False, True,
        ]  # fmt: skip
        assert len(duplicates) == 3


@given(
    one=st.integers(0, 2**64 - 1),
    bits=st.sets(st.integers(0, 63), max_size=8),
    near=st.integers(0, 7),
    others=st.lists(st.integers(0, 2**64 - 1), max_size=5),
)
def test_near_is_what_differs_in_few_bits(one: int, bits: set[int], near: int, others: list[int]) -> None:
    duplicates = Duplicates(1, near)
    assert not duplicates.exceeds("a.test", 1, one)
    for other in others:
        duplicates.exceeds("b.test", 1, other)
    two = one ^ sum(1 << bit for bit in bits)
    assert duplicates.exceeds("a.test", 2, two) == (len(bits) <= near)


@pytest.mark.parametrize("near", range(1, 17))
def test_bits_that_differ_in_as_many_blocks_as_may_be(near: int) -> None:
    duplicates = Duplicates(1, near)
    assert not duplicates.exceeds("a.test", 1, 0)
    assert duplicates.exceeds("a.test", 2, sum(1 << 64 * part // near for part in range(near)))


def test_of_two_clusters_as_near_the_older_one_grows() -> None:
    duplicates = Duplicates(2, near=2)
    assert [duplicates.exceeds("a.test", 1, one) for one in (0b0000, 0b1111, 0b0011, 0b1111, 0b0000)] == [
        False, False, False, False, True,
    ]  # fmt: skip


@given(prints=st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 7), max_size=60), near=st.integers(0, 3))
def test_memory_is_bounded(prints: list[int], near: int) -> None:
    duplicates = Duplicates(1, near, room=5)
    for one in prints:
        duplicates.exceeds("a.test", 1, one)
        assert len(duplicates) <= 5
