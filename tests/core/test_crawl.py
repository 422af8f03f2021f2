"""The life of a URL, one decision after the other; test_invariants.py shows what holds for all webs."""

from __future__ import annotations

import pytest

from scraper.backends.simulated import Web
from scraper.core import Crawl
from scraper.model import Entry, Failed, Fetched, Outcome, Page, Reason, Refused, Request, Shallower
from scraper.settings import Scope, ScopeMode, Settings
from tests.webs import Log, crawl, rules

A, B, C, D, E = (f"http://{name}/" for name in "abcde")


class Hand:
    """A crawl driven by hand: answers come when and in the order that the test says."""

    def __init__(self, settings: Settings | None = None, *seeds: str, log: list[Outcome] | None = None) -> None:
        self.crawl = Crawl(settings or rules(), lambda: 0.5)
        self.replayed = self.crawl.replay(log or [], seeds)
        self.seeded = self.crawl.seed(seeds)
        self.now = 0.0
        self.flying: dict[str, Request] = {}

    def take(self, room: int = 99) -> list[str]:
        requests = self.crawl.take(self.now, room).start
        self.flying |= {request.url: request for request in requests}
        return [request.url for request in requests]

    def page(self, url: str, *links: str, status: int = 200) -> list[Entry]:
        return self.receive(Fetched(self.flying.pop(url), status, Page(links=links)))

    def redirect(self, url: str, target: str) -> list[Entry]:
        return self.receive(Fetched(self.flying.pop(url), 301, location=target))

    def fail(self, url: str, reason: Reason = Reason.TIMEOUT) -> list[Entry]:
        return self.receive(Failed(self.flying.pop(url), reason))

    def receive(self, outcome: Outcome) -> list[Entry]:
        return self.crawl.receive(outcome, self.now)


def site(pages: dict[str, list[str]]) -> Web:
    web = Web()
    for url, links in pages.items():
        web.page(url, links)
    return web


CHAIN = site({A: [B], B: [C], C: [D], D: [E], E: []})


# Seeds


def test_without_seeds_a_crawl_is_done() -> None:
    hand = Hand()
    assert (hand.crawl.done, hand.crawl.wakeup(), hand.take()) == (True, None, [])


def test_a_seed_that_is_given_twice_is_fetched_once() -> None:
    assert Hand(None, A, B, A).take() == [A, B]


def test_a_seed_that_is_also_a_link_is_fetched_once_at_depth_0() -> None:
    log = crawl(site({A: [B], B: [A]}), A, B, settings=rules(depth=1)).log
    assert (sorted(log.urls), log.depth(B), log[B].request.via) == ([A, B], 0, None)


def test_a_seed_that_the_patterns_leave_out_is_refused_once() -> None:
    hand = Hand(rules(scope=Scope(ScopeMode.ANY, exclude=("b/",))), A, B, B)
    assert [(entry.url, type(entry)) for entry in hand.seeded] == [(B, Refused)]
    assert hand.take() == [A]


def test_a_seed_outside_the_mode_of_the_scope_is_fetched_all_the_same() -> None:
    assert Hand(rules(scope=Scope.around([A])), B).take() == [B]


@pytest.mark.parametrize("depth", [None, 0, 1])
def test_a_late_seed_that_was_met_as_a_link_is_fetched(depth: int | None) -> None:
    """In scope or not, within the depth limit or beyond it."""
    for scope in (Scope(ScopeMode.ANY), Scope.around([A])):
        hand = Hand(rules(depth=depth, scope=scope), A)
        hand.take()
        hand.page(A, B)
        assert hand.crawl.seed([B]) == []
        assert hand.take() == [B]


def test_a_late_seed_that_is_final_stays_as_it_was_recorded() -> None:
    hand = Hand(rules(depth=1), A)
    hand.take()
    hand.page(A, B)
    hand.take()
    hand.page(B, C)
    assert (hand.crawl.seed([B]), hand.take()) == ([], [])


# Depth


@pytest.mark.parametrize(("depth", "found"), [(0, [A]), (1, [A, B]), (3, [A, B, C, D]), (None, [A, B, C, D, E])])
def test_links_are_followed_to_the_depth_limit(depth: int | None, found: list[str]) -> None:
    log = crawl(CHAIN, A, settings=rules(depth=depth)).log
    assert log.urls == found
    assert [log.depth(url) for url in found] == list(range(len(found)))


def test_a_redirect_adds_no_depth() -> None:
    web = site({B: [C], C: []})
    web.redirect(A, B)
    log = crawl(web, A, settings=rules(depth=0)).log
    assert [(url, log.depth(url), log[url].request.via) for url in log.urls] == [(A, 0, None), (B, 0, A)]


def met_the_long_way() -> Hand:
    """The seeds A and D are in flight; C was met behind A and B, at depth 2 of 2."""
    hand = Hand(rules(depth=2), A, D)
    hand.take()
    hand.page(A, B)
    hand.take()
    hand.page(B, C)
    return hand


def test_a_shorter_way_to_a_waiting_url() -> None:
    hand = met_the_long_way()
    assert hand.page(D, C)[1:] == []
    hand.take()
    assert hand.flying[C] == Request(C, depth=1, via=D)


def test_a_shorter_way_to_a_url_in_flight() -> None:
    hand = met_the_long_way()
    hand.take()
    assert hand.flying[C] == Request(C, depth=2, via=B)
    assert hand.page(D, C)[1:] == []
    (entry,) = hand.page(C, E)
    assert isinstance(entry, Fetched)
    assert entry.request == Request(C, depth=1, via=D)
    hand.take()
    assert hand.flying[E].depth == 2


def test_a_shorter_way_to_a_url_that_waits_for_a_retry() -> None:
    hand = met_the_long_way()
    hand.take()
    assert hand.fail(C) == []
    assert hand.page(D, C)[1:] == []
    hand.now = 9.0
    hand.take()
    assert hand.flying[C] == Request(C, depth=1, via=D, attempt=2)


def test_a_shorter_way_to_a_final_url_corrects_the_record_and_admits_its_links() -> None:
    hand = met_the_long_way()
    hand.take()
    hand.page(C, E)
    assert hand.take() == []
    assert hand.page(D, C)[1:] == [Shallower(C, 1, D)]
    assert hand.take() == [E]
    assert hand.flying[E] == Request(E, depth=2, via=C)


def test_a_shorter_way_to_a_failed_url_corrects_the_record() -> None:
    hand = met_the_long_way()
    hand.take()
    hand.fail(C, Reason.TLS)
    assert hand.page(D, C)[1:] == [Shallower(C, 1, D)]


def test_lowering_goes_through_redirects_and_round_loops() -> None:
    hand = met_the_long_way()
    hand.take()
    hand.redirect(C, E)
    hand.take()
    assert hand.flying[E] == Request(E, depth=2, via=C, redirects=1)
    hand.redirect(E, C)
    assert hand.page(D, C)[1:] == [Shallower(C, 1, D), Shallower(E, 1, C)]


def test_of_two_shorter_ways_in_one_answer_only_the_shortest_is_told() -> None:
    """C links to E, B redirects to E: the redirect is looked at first, though the link comes first."""
    far, farther = f"{A}far", f"{A}farther"
    hand = Hand(rules(depth=4), A, D)
    for url, links in {A: [far], far: [farther], farther: [C, B], C: [E]}.items():
        hand.take()
        hand.page(url, *links)
    hand.redirect(B, E)
    hand.take()
    hand.page(E)
    assert hand.page(D, C, B)[1:] == [Shallower(C, 1, D), Shallower(B, 1, D), Shallower(E, 1, B)]


def test_a_shorter_way_beyond_the_limit_changes_nothing() -> None:
    hand = Hand(rules(depth=0), A, D)
    hand.take()
    assert hand.page(A, B)[1:] == hand.page(D, B)[1:] == []
    assert (hand.take(), hand.crawl.done) == ([], True)


def test_without_a_limit_the_first_way_stands() -> None:
    hand = Hand(rules(), A, D)
    hand.take()
    hand.page(A, B)
    hand.take()
    hand.page(B, C)
    hand.take()
    assert hand.page(D, C)[1:] == []
    (entry,) = hand.page(C)
    assert isinstance(entry, Fetched)
    assert entry.request == Request(C, depth=2, via=B)


# Scope and redirects


def test_links_and_redirects_out_of_scope_are_not_followed() -> None:
    web = site({A: [B, f"{A}in"], B: []})
    web.redirect(f"{A}in", C)
    assert crawl(web, A, settings=rules(scope=Scope.around([A]))).log.urls == [A, f"{A}in"]


@pytest.mark.parametrize(("limit", "length", "fails"), [(0, 1, True), (1, 1, False), (3, 3, False), (3, 4, True)])
def test_a_chain_of_redirects_ends_at_the_limit(limit: int, length: int, fails: bool) -> None:
    web = Web()
    for step in range(length):
        web.redirect(f"{A}{step}", f"{A}{step + 1}")
    web.page(f"{A}{length}")
    outcomes = list(crawl(web, f"{A}0", settings=rules(redirects=limit)).log.read())
    last = outcomes[-1]
    assert (isinstance(last, Failed) and last.reason is Reason.REDIRECTS) == fails
    assert len(outcomes) == (limit if fails else length) + 1


def test_a_link_begins_a_new_chain() -> None:
    web = site({f"{A}1": [f"{A}2"], f"{A}3": []})
    web.redirect(f"{A}0", f"{A}1")
    web.redirect(f"{A}2", f"{A}3")
    assert all(isinstance(outcome, Fetched) for outcome in crawl(web, f"{A}0", settings=rules(redirects=1)).log.read())


def test_a_redirect_to_itself_and_a_loop_end() -> None:
    web = Web()
    web.redirect(A, A)
    web.redirect(B, C)
    web.redirect(C, B)
    assert sorted(crawl(web, A, B).log.urls) == [A, B, C]


def test_an_endless_chain_of_redirects_ends() -> None:
    class Trap(Web):
        def answer(self, request: Request) -> Outcome:
            return Fetched(request, 302, location=request.url + "x")

    log = crawl(Trap(), A).log
    assert len(log.urls) == 11
    assert isinstance(log[log.urls[-1]], Failed)


# Retries


def test_a_transient_failure_is_tried_again_after_a_wait_that_doubles() -> None:
    web = site({A: []})
    web.fail(A, Reason.TIMEOUT, times=2)
    ended = crawl(web, A, latency=0.0)
    assert [visit.at for visit in ended.arrivals] == [0.0, 0.75, 0.75 + 1.5]
    assert ended.log[A].request.attempt == 3


@pytest.mark.parametrize(("chance", "wait"), [(0.0, 0.5), (0.5, 0.75), (0.999, 0.9995)])
def test_half_of_the_wait_is_drawn_by_chance(chance: float, wait: float) -> None:
    web = site({A: []})
    web.fail(A, Reason.DNS, times=1)
    ended = crawl(web, A, latency=0.0, chance=lambda: chance)
    assert [visit.at for visit in ended.arrivals] == pytest.approx([0.0, wait])


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_the_last_failure_is_final(retries: int) -> None:
    web = Web()
    web.fail(A, Reason.RESET)
    ended = crawl(web, A, settings=rules(retries=retries))
    assert len(ended.arrivals) == retries + 1
    assert ended.log.finals(depths=False)[A].why is Reason.RESET


@pytest.mark.parametrize("reason", list(Reason))
def test_only_transient_failures_are_tried_again(reason: Reason) -> None:
    web = Web()
    web.fail(A, reason)
    assert len(crawl(web, A).arrivals) == (3 if reason.transient else 1)


@pytest.mark.parametrize(("status", "tries"), [(200, 1), (404, 1), (408, 1), (429, 3), (500, 3), (501, 1), (503, 3)])
def test_only_statuses_that_may_pass_are_tried_again(status: int, tries: int) -> None:
    web = Web()
    web.status(A, status)
    assert len(crawl(web, A).arrivals) == tries


def test_the_wakeup_before_a_retry_is_its_time() -> None:
    hand = Hand(None, A)
    hand.take()
    hand.fail(A)
    assert (hand.crawl.wakeup(), hand.crawl.waiting, hand.crawl.done) == (0.75, 1, False)
    hand.now = 0.74
    assert hand.take() == []
    hand.now = 0.75
    assert hand.take() == [A]


def test_a_retry_goes_before_the_hosts_other_urls() -> None:
    hand = Hand(None, f"{A}1", f"{A}2", f"{A}3")
    assert hand.take(1) == [f"{A}1"]
    hand.fail(f"{A}1")
    hand.now = 1.0
    assert hand.take() == [f"{A}1", f"{A}2", f"{A}3"]


def test_an_outcome_that_nobody_asked_for_is_a_fault_of_the_backend() -> None:
    hand = Hand(None, A)
    with pytest.raises(KeyError):
        hand.receive(Fetched(Request(A), 200))
    assert hand.take() == [A]


# Budgets and stops


def test_no_more_than_room_are_taken() -> None:
    hand = Hand(None, A, B, C)
    assert (hand.take(0), hand.take(-1), hand.take(2), hand.take(2)) == ([], [], [A, B], [C])


def test_the_page_budget_ends_the_crawl() -> None:
    ended = crawl(CHAIN, A, settings=rules(pages=3))
    assert ended.log.urls == [A, B, C]
    assert (ended.crawl.pages_left, ended.crawl.ending, ended.crawl.done) == (0, True, True)


def test_a_retry_gives_back_its_share_of_the_page_budget() -> None:
    hand = Hand(rules(pages=1), A, B)
    assert hand.take() == [A]
    assert (hand.crawl.ending, hand.crawl.wakeup()) == (True, None)
    hand.fail(A)
    assert hand.crawl.done is False
    assert hand.take() == [B]
    hand.page(B)
    assert hand.crawl.done


def test_the_page_budget_is_for_each_run() -> None:
    first = crawl(CHAIN, A, settings=rules(pages=2)).log
    assert crawl(CHAIN, A, settings=rules(pages=1), log=first.entries).log.urls == [A, B, C]
    assert crawl(CHAIN, A, settings=rules(pages=2), log=first.entries).log.urls == [A, B, C, D]


def test_after_the_time_budget_nothing_is_started() -> None:
    ended = crawl(CHAIN, A, settings=rules(time=1.0), latency=0.4)
    assert [visit.at for visit in ended.arrivals] == pytest.approx([0.0, 0.4, 0.8])
    assert ended.log.urls == [A, B, C]


def test_the_time_budget_counts_from_the_first_take() -> None:
    hand = Hand(rules(time=1.0), A, B)
    hand.now = 1_000.0
    assert hand.take(1) == [A]
    hand.now = 1_001.0
    assert (hand.take(), hand.crawl.ending, hand.crawl.done) == ([], True, False)


def test_a_stop_lets_in_what_is_in_flight() -> None:
    def stop(machine: Crawl, log: Log) -> None:
        machine.stop()

    ended = crawl(site({A: [C], B: [D]}), A, B, latency=0.1, during=stop)
    assert (ended.log.urls, ended.crawl.done, ended.crawl.waiting) == ([A, B], True, 2)


def test_a_failure_after_a_stop_is_left_to_a_resume() -> None:
    hand = Hand(None, A)
    hand.take()
    hand.crawl.stop()
    assert (hand.fail(A), hand.crawl.done, hand.crawl.wakeup(), hand.crawl.waiting) == ([], True, None, 1)


def test_the_counts_for_a_progress_line() -> None:
    hand = Hand(rules(pages=9), A, B)
    hand.take(1)
    hand.page(A, C, D, f"{A}2")
    hand.take(2)
    crawl = hand.crawl
    assert (crawl.in_flight, crawl.waiting, crawl.known, crawl.hosts, crawl.pages_left) == (2, 2, 5, 4, 6)


# Resuming


def test_replaying_a_whole_log_leaves_nothing_to_do() -> None:
    log = crawl(CHAIN, A, settings=rules(depth=2)).log
    again = crawl(CHAIN, A, settings=rules(depth=2), log=log.entries)
    assert (again.arrivals, again.log.entries) == ([], log.entries)


def test_a_record_that_is_there_twice_is_replayed_once() -> None:
    hand = Hand(rules(pages=2), A, log=[Fetched(Request(A), 200, Page(links=(B,)))] * 3)
    assert hand.take() == [B]


def test_a_refused_seed_is_not_recorded_again() -> None:
    how = rules(scope=Scope(ScopeMode.ANY, exclude=("b/",)))
    log = crawl(CHAIN, A, B, settings=how).log
    assert crawl(CHAIN, A, B, settings=how, log=log.entries).log.urls == log.urls


def test_a_failed_record_is_not_fetched_again() -> None:
    hand = Hand(None, A, log=[Failed(Request(A), Reason.TIMEOUT)])
    assert hand.crawl.done


def test_a_deeper_limit_goes_on_where_the_last_run_stopped() -> None:
    log = crawl(CHAIN, A, settings=rules(depth=1)).log
    ended = crawl(CHAIN, A, settings=rules(depth=3), log=log.entries)
    assert ended.log.urls == [A, B, C, D]
    assert [visit.url for visit in ended.arrivals] == [C, D]


def test_a_record_beyond_a_smaller_limit_is_not_fetched_again_when_a_shorter_way_turns_up() -> None:
    log: list[Outcome] = [
        Fetched(Request(A), 200, Page(links=(B,))),
        Fetched(Request(B, 1, A), 200, Page(links=(C,))),
        Fetched(Request(C, 2, B), 200, Page(links=(E,))),
    ]
    hand = Hand(rules(depth=1), A, D, log=log)
    assert hand.take() == [D]
    assert hand.page(D, C)[1:] == [Shallower(C, 1, D)]
    assert hand.take() == []


def test_a_log_without_shortest_ways_is_corrected_under_a_limit() -> None:
    log: list[Outcome] = [
        Fetched(Request(A), 200, Page(links=(B,))),
        Fetched(Request(B, 1, A), 200, Page(links=(C,))),
        Fetched(Request(D), 200, Page(links=(C,))),
        Fetched(Request(C, 2, B), 200, Page(links=(E,))),
    ]
    hand = Hand(rules(depth=2), A, D, log=log)
    assert [(entry.url, entry.depth) for entry in hand.replayed if isinstance(entry, Shallower)] == [(C, 1)]
    assert hand.take() == [E]


def test_corrections_that_were_lost_with_the_end_of_a_log_are_given_again() -> None:
    hand = met_the_long_way()
    hand.take()
    log = [*hand.page(C), *hand.page(D, C)]
    torn: list[Outcome] = [entry for entry in log if isinstance(entry, Fetched)]
    before: list[Outcome] = [
        Fetched(Request(A), 200, Page(links=(B,))),
        Fetched(Request(B, 1, A), 200, Page(links=(C,))),
    ]
    assert Hand(rules(depth=2), A, D, log=[*before, *torn]).replayed == [Shallower(C, 1, D)]
