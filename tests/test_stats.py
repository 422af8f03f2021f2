from __future__ import annotations

import copy
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.model import Failed, Fetched, Kind, Outcome, Page, Reason, Refused, Request, Timings
from scraper.stats import Histogram, Stats, is_failure, is_failure_label, label

durations = st.integers(0, 10**9)
requests = st.builds(Request, st.sampled_from(["http://a/1", "http://a/2", "https://b:8443/", "http://c/"]))
timings = st.builds(Timings, durations, durations, durations, durations)
reasons = st.sampled_from(Reason)
outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(
        Fetched,
        requests,
        st.sampled_from([200, 301, 404, 503]),
        page=st.sampled_from([None, Page(), Page(error="ValueError: boom")]),
        size=durations,
        wire=durations,
        timings=timings,
    ),
    st.builds(Failed, requests, reasons, timings=timings),
    st.builds(Refused, requests, reasons),
)


def counted(outcomes: list[Outcome]) -> Stats:
    stats = Stats()
    for outcome in outcomes:
        stats.count_fetch(outcome)
        stats.count_final(outcome)
    return stats


def histogram_of(values: Iterable[int]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


stats = st.lists(outcomes, max_size=6).map(counted)


@given(stats, stats, stats)
def test_merging_is_associative(one: Stats, two: Stats, three: Stats) -> None:
    assert one.merge(two).merge(three) == one.merge(two.merge(three))


@given(stats, stats)
def test_merging_is_commutative(one: Stats, two: Stats) -> None:
    assert one.merge(two) == two.merge(one)


@given(stats)
def test_no_stats_are_the_zero(one: Stats) -> None:
    assert one.merge(Stats()) == Stats().merge(one) == Stats.total([one]) == one


@given(stats, stats)
def test_merging_changes_neither(one: Stats, two: Stats) -> None:
    before = copy.deepcopy((one, two))
    merged = one.merge(two)
    merged.count_fetch(Fetched(Request("http://new/"), 200))
    merged.count_final(Fetched(Request("http://new/"), 200))
    assert (one, two) == before


@given(st.lists(st.lists(outcomes, max_size=5), max_size=5))
def test_parts_add_up_to_the_whole(parts: list[list[Outcome]]) -> None:
    whole = counted([outcome for part in parts for outcome in part])
    assert Stats.total(map(counted, parts)) == whole
    assert whole.pages == sum(whole.hosts.values()) == sum(map(len, parts))


@given(st.lists(durations, min_size=1, max_size=50), st.floats(0.01, 1.0))
def test_a_percentile_is_within_a_sixteenth_of_the_truth(values: list[int], share: float) -> None:
    histogram = histogram_of(values)
    need = share * len(values)
    truth = next(value for rank, value in enumerate(sorted(values), 1) if rank >= need)
    assert truth <= histogram.percentile(share) <= truth + truth / 16


@given(st.lists(durations, max_size=20), st.lists(durations, max_size=20))
def test_histograms_add_up(one: list[int], two: list[int]) -> None:
    merged = Stats(server=histogram_of(one)).merge(Stats(server=histogram_of(two)))
    assert merged.server == histogram_of(one + two)


def test_percentiles_grow_and_nothing_has_none() -> None:
    assert Histogram().percentile(0.5) == 0
    histogram = histogram_of(range(1000))
    shares = [histogram.percentile(share / 100) for share in range(1, 101)]
    assert shares == sorted(shares)


def test_a_clock_that_went_backwards_counts_as_no_time() -> None:
    histogram = histogram_of([-5])
    assert histogram.percentile(1.0) == 0


@pytest.mark.parametrize(
    ("outcome", "name", "failure"),
    [
        (Fetched(Request("http://a/"), 200), "200", False),
        (Fetched(Request("http://a/"), 301), "301", False),
        (Fetched(Request("http://a/"), 404), "404", True),
        (Failed(Request("http://a/"), Reason.TOO_LARGE), "too-large", True),
        (Failed(Request("http://a/"), Reason.ROBOTS), "robots", True),
        (Refused(Request("http://a/"), Reason.ROBOTS), "refused: robots", False),
    ],
)
def test_outcomes_have_their_labels(outcome: Outcome, name: str, failure: bool) -> None:
    assert (label(outcome), is_failure(outcome), is_failure_label(name)) == (name, failure, failure)


def test_a_page_that_the_users_function_failed_on_is_a_failure_whatever_its_status() -> None:
    failing = [Fetched(Request("http://a/"), status, Page(error="ValueError: boom")) for status in (200, 404)]
    stats = counted([*failing, Fetched(Request("http://a/"), 200, Page())])
    assert (stats.parse_errors, stats.failures, stats.outcomes) == (2, 2, {"200": 2, "404": 1})


def test_robots_files_and_sitemaps_are_no_pages() -> None:
    robots = Request("http://a/robots.txt", kind=Kind.ROBOTS)
    sitemap = Request("http://a/map.xml", kind=Kind.SITEMAP)
    found = [Fetched(robots, 200, Page(links=("http://a/map.xml", "http://a/more.xml"))), Fetched(robots, 404)]
    stats = counted([*found, Failed(sitemap, Reason.TIMEOUT), Fetched(Request("http://a/"), 200, Page())])
    assert (stats.pages, stats.failures, stats.outcomes) == (1, 0, {"200": 1})
    assert (stats.others, stats.sitemaps_named) == ({"robots": 2, "sitemap": 1}, 2)
    assert stats.fetches == 4
    assert stats.merge(stats).others == {"robots": 4, "sitemap": 2}
