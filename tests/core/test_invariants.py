"""What the core promises, over thousands of random webs, latencies, capacities and interruptions."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.backends.simulated import Simulated
from scraper.core import Crawl
from scraper.model import Shallower
from scraper.settings import Scope, ScopeMode, Settings
from scraper.url import host_key
from tests.webs import EVERYWHERE, URLS, Crawled, Final, Log, Plan, Reference, crawl, drawn, latencies, plans, rules

SCOPES = [
    EVERYWHERE,
    EVERYWHERE,
    Scope.around(URLS[:1], ScopeMode.HOST),
    Scope(ScopeMode.ANY, exclude=("/1$",)),
    Scope.around(URLS[:1], ScopeMode.HOST, exclude=("/1$",)),
    Scope.around(URLS[:1], ScopeMode.PATH),
]

seeds = st.lists(st.sampled_from(URLS), min_size=1, max_size=4)
scopes = st.sampled_from(SCOPES)
depths = st.sampled_from([None, 0, 1, 2, 3])
chances = st.integers(0, 99)
capacities = st.sampled_from([1, 2, 3, 8, 16])


def run_at(plan: Plan, start: list[str], how: Settings, chance: int, capacity: int, **more: object) -> Crawled:
    """One crawl whose latencies and jitter are drawn by ``chance``."""
    jitter = random.Random(chance).random
    return crawl(
        plan.web,
        *start,
        settings=how,
        capacity=capacity,
        latency=latencies(chance),
        chance=jitter,
        **more,  # type: ignore[arg-type]
    )


def finals(ended: Crawled, how: Settings) -> dict[str, Final]:
    assert_each_once(ended.log)
    return ended.log.finals(depths=how.budget.depth is not None)


def assert_each_once(log: Log) -> None:
    """Invariant 1."""
    assert [url for url, count in Counter(log.urls).items() if count > 1] == []


@pytest.mark.unmeasured
@settings(max_examples=400)
@given(plans(), seeds, scopes, depths, st.booleans(), st.lists(st.tuples(chances, capacities), min_size=5, max_size=5))
def test_the_set_of_finals_is_the_same_for_every_capacity_and_latency(
    plan: Plan, start: list[str], scope: Scope, depth: int | None, robots: bool, ways: list[tuple[int, int]]
) -> None:
    how = rules(depth=depth, scope=scope, redirects=len(URLS), robots=robots)
    expected = Reference(plan.web, start, how).finals()
    for chance, capacity in ways:
        assert finals(run_at(plan, start, how, chance, capacity), how) == expected


MANY = [f"http://{host}/{page}" for host in "abcde" for page in range(20)]


@pytest.mark.unmeasured
def test_a_thousand_crawls_of_webs_deep_and_wide_each_find_all() -> None:
    """Larger webs than hypothesis draws: there the shortest way is often not the first that is found.

    Each crawl is also cut somewhere and resumed.
    """
    corrections = 0
    for seed in range(200):
        plan, how = drawn(seed, MANY), rules(depth=2 + seed % 5, redirects=len(MANY))
        expected = Reference(plan.web, MANY[:3], how).finals()
        for chance in range(3):
            whole = run_at(plan, MANY[:3], how, chance, 1 + 5 * chance)
            log = whole.log.entries[: (seed * 7 + chance * 31) % (len(whole.log.entries) + 1)]
            resumed = run_at(plan, MANY[:3], how, chance + 1, 8, log=log, corrected=seed % 2 == 0)
            assert finals(whole, how) == finals(resumed, how) == expected
            corrections += len(whole.log.entries) - len(whole.log.urls)
    assert corrections > 1_000


@pytest.mark.unmeasured
def test_a_seeds_redirects_widen_the_scope_whatever_comes_first() -> None:
    """Half of these webs are redirects: to what was out, to what a link has met before, in chains and in loops."""
    widened = 0
    for seed in range(400):
        draw = random.Random(seed)
        plan = drawn(seed, MANY[::5])
        rows = [(url, "redirect" if draw.random() < 0.5 else kind, *rest) for url, kind, *rest in plan.rows]
        plan, start = Plan(tuple(rows), plan.robots), MANY[:15:5]  # type: ignore[arg-type]
        scope = Scope.around(start, draw.choice([ScopeMode.HOST, ScopeMode.DOMAIN]))
        how = rules(depth=draw.choice([None, 1, 2]), scope=scope, redirects=len(MANY), robots=draw.random() < 0.5)
        expected = Reference(plan.web, start, how).finals()
        for chance in range(2):
            whole = run_at(plan, start, how, chance, 1 + 7 * chance)
            log = whole.log.entries[: draw.randint(0, len(whole.log.entries))]
            resumed = run_at(plan, start, how, chance + 1, 8, log=log, corrected=seed % 2 == 0)
            assert finals(whole, how) == finals(resumed, how) == expected
        widened += any(not scope.admits(url) for url in expected)
    assert widened > 50


@pytest.mark.unmeasured
@settings(max_examples=300)
@given(plans(), seeds, chances, st.integers(1, 3), st.sampled_from([0.0, 0.25, 2.0]), capacities)
def test_no_host_is_asked_too_often_or_too_much_at_once(
    plan: Plan, start: list[str], chance: int, per_host: int, delay: float, capacity: int
) -> None:
    ended = run_at(plan, start, rules(per_host=per_host, delay=delay), chance, capacity)
    assert max(at_once(ended, URLS), default=0) <= capacity
    for host in "abc":
        visits = [visit for visit in ended.arrivals if host_key(visit.url) == host]
        assert all(later.at - earlier.at >= delay - 1e-9 for earlier, later in pairwise(visits))
        assert max(at_once(ended, [url for url in URLS if host_key(url) == host]), default=0) <= per_host


def at_once(ended: Crawled, urls: list[str]) -> list[int]:
    """For each start, how many requests for ``urls`` the servers were busy with."""
    visits = [visit for visit in ended.arrivals if visit.url in urls]
    return [sum(other.at <= visit.at < other.until for other in visits) for visit in visits]


@pytest.mark.unmeasured
@settings(max_examples=400)
@given(plans(), seeds, scopes, depths, chances, capacities, st.integers(0, 60), st.booleans())
def test_a_crawl_cut_anywhere_goes_on_to_the_same_end(
    plan: Plan, start: list[str], scope: Scope, depth: int | None, chance: int, capacity: int, cut: int, corrected: bool
) -> None:
    how = rules(depth=depth, scope=scope, redirects=len(URLS))
    whole = run_at(plan, start, how, chance, capacity)
    log = whole.log.entries[:cut]
    resumed = run_at(plan, start, how, chance + 1, capacity, log=log, corrected=corrected)
    assert finals(resumed, how) == Reference(plan.web, start, how).finals()
    assert {visit.url for visit in resumed.arrivals}.isdisjoint(Log(log).urls)


@pytest.mark.unmeasured
@settings(max_examples=400)
@given(plans(), seeds, seeds, depths, depths, chances, st.integers(0, 60), st.booleans())
def test_a_crawl_resumed_with_other_limits_and_seeds_finds_what_those_ask_for(
    plan: Plan,
    start: list[str],
    more: list[str],
    first: int | None,
    then: int | None,
    chance: int,
    cut: int,
    corrected: bool,
) -> None:
    before, after = rules(depth=first, redirects=len(URLS)), rules(depth=then, redirects=len(URLS))
    log = run_at(plan, start, before, chance, 8).log.entries[:cut]
    resumed = run_at(plan, start + more, after, chance + 1, 8, log=log, corrected=corrected)
    expected = Reference(plan.web, start + more, after).finals()
    found = finals(resumed, after)
    assert found.keys() == expected.keys() | set(Log(log).urls)
    assert {url: found[url] for url in expected} == expected


@pytest.mark.unmeasured
@settings(max_examples=300)
@given(plans(), seeds, chances, capacities, st.integers(0, 12), st.none() | st.integers(0, 12))
def test_a_page_budget_is_used_up_in_each_run(
    plan: Plan, start: list[str], chance: int, capacity: int, pages: int, then: int | None
) -> None:
    first = run_at(plan, start, rules(pages=pages, redirects=len(URLS)), chance, capacity)
    everything = Reference(plan.web, start, rules(redirects=len(URLS))).finals()
    assert len(finals(first, rules())) == min(pages, len(everything))
    how = rules(pages=then, redirects=len(URLS))
    resumed = finals(run_at(plan, start, how, chance + 1, capacity, log=first.log.entries), how)
    allowed = len(everything) if then is None else pages + then
    assert len(resumed) == min(allowed, len(everything))
    assert resumed.items() <= everything.items()


@pytest.mark.unmeasured
@settings(max_examples=200)
@given(st.integers(0, 1_000_000), st.sampled_from([2, 3, 4]), chances)
def test_one_answer_corrects_a_record_at_most_once_and_never_upwards(draw: int, depth: int, chance: int) -> None:
    backend = Simulated(drawn(draw, MANY).web, 8, latencies(chance))
    machine = Crawl(rules(depth=depth, redirects=len(MANY)), lambda: 0.5)
    machine.seed(MANY[:3])
    known: dict[str, int] = {}
    while not machine.done:
        for request in machine.take(backend.clock(), 8 - machine.in_flight).start:
            backend.submit(request)
        for outcome in backend.collect(1.0):
            entries = machine.receive(outcome, backend.clock())
            corrected = [entry for entry in entries if isinstance(entry, Shallower)]
            assert all(entry.depth < known[entry.url] for entry in corrected)
            assert len({entry.url for entry in corrected}) == len(corrected)
            known |= {e.url: e.depth if isinstance(e, Shallower) else e.request.depth for e in entries}
