"""What checks ask for, when, and what comes of it: on a simulated web, whose police looks on."""

from __future__ import annotations

import random
import tracemalloc
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.backends.simulated import Simulated, Web
from scraper.check.core import AT_ONCE, HOSTS, LOSSES, Checks
from scraper.check.model import Result, Statuses, Target, Verdict
from scraper.check.schedule import Once
from scraper.check.timing.rounds import Rounds
from scraper.cli.diagnose import describe
from scraper.engine import run
from scraper.model import Certificate, Evidence, Failed, Fetched, Outcome, Reason, Refused, Request, Timings
from scraper.run import Nowhere, Run
from scraper.settings import Settings
from scraper.url import host_key
from tests.check.checking import NOW, Checked, check, facts, manners, reason, statuses
from tests.webs import latencies

A, B, C = "http://a/", "http://b/", "http://c/"


@pytest.fixture
def web() -> Web:
    web = Web()
    for url in (A, B, C):
        web.page(url)
    return web


# attempts


def test_what_is_up_is_asked_once(web: Web) -> None:
    ended = check(web, A)
    (attempt,) = ended[A].attempts
    assert (reason(ended[A]), ended[A].detail, statuses(ended[A])) == ("up", "", [[200]])
    assert (ended[A].due, attempt.at, round(ended[A].at - NOW, 3)) == (NOW, NOW, 0.05)
    assert attempt.hops[0].method == "HEAD"
    assert attempt.hops[0].address is not None


def test_one_failed_try_is_not_down(web: Web) -> None:
    web.status(A, 500, times=1)
    ended = check(web, A)
    assert (reason(ended[A]), statuses(ended[A])) == ("up", [[500, 500], [200]])
    assert [attempt.verdict for attempt in ended[A].attempts] == [Verdict.DOWN, Verdict.UP]


def test_attempts_are_spaced_wider_and_wider(web: Web) -> None:
    web.fail(A, Reason.CONNECT, detail="Connection refused")
    ended = check(web, Target(url=A, tries=4, pause=2.0), latency=0.5)
    assert (reason(ended[A]), ended[A].detail, len(ended[A].attempts)) == ("down connect", "refused", 4)
    assert [late - early for early, late in pairwise(ended.starts(A))] == [2.5, 4.5, 8.5]


def test_a_quarter_of_a_pause_is_chance(web: Web) -> None:
    web.fail(A, Reason.CONNECT)
    ended = check(web, Target(url=A, tries=2, pause=2.0), latency=0.0, chance=lambda: 0.5)
    assert ended.starts(A) == [0.0, 2.25]


@pytest.mark.parametrize(
    "failure",
    [reason for reason in Reason if reason not in {Reason.LOST, Reason.URL, Reason.PRIVATE_ADDRESS}],
)
def test_whatever_is_down_is_tried_again(web: Web, failure: Reason) -> None:
    web.fail(A, failure, times=2)
    assert reason(check(web, Target(url=A, method="get"))[A]) == "up"
    assert reason(check(web, Target(url=A, method="get", tries=2))[A]) == f"down {failure.value}"


@pytest.mark.parametrize("failure", [Reason.URL, Reason.PRIVATE_ADDRESS])
def test_what_is_our_own_doing_is_not_tried_again(web: Web, failure: Reason) -> None:
    web.fail(A, failure)
    assert len(check(web, A).starts(A)) == 1


def test_what_policy_refuses_is_down_by_its_own_word() -> None:
    core = Checks([Target(url=A)], manners(), Once(1), lambda: 0.0)
    (request,) = core.take(0.0, 1).start
    (result,) = core.receive(Refused(request, Reason.PRIVATE_ADDRESS, "10.0.0.1 is not a public address"), 1.0)
    assert (reason(result), result.detail) == ("down private-address", "10.0.0.1 is not a public address")
    assert (statuses(result), result.certificate, core.done) == ([[None]], None, True)


@pytest.mark.parametrize(("status", "word"), [(401, "login"), (403, "forbidden"), (429, "rate")])
def test_who_turns_us_away_is_not_asked_again(web: Web, status: int, word: str) -> None:
    web.status(A, status)
    ended = check(web, Target(url=A, method="get"))
    assert (reason(ended[A]), statuses(ended[A])) == (f"blocked {word}", [[status]])


def test_slow_is_what_the_server_took(web: Web) -> None:
    ended = check(web, Target(url=A, slower_than=1.0), Target(url=B, slower_than=3.0), latency=2.0, capacity=1)
    assert [reason(ended[url]) for url in (A, B)] == ["slow slow", "up"]
    assert ended[B].attempts[0].hops[0].waited_us == 2_000_000


# hops


def test_a_chain_of_redirects_is_one_attempt(web: Web) -> None:
    web.redirect(A, B)
    web.redirect(B, "/2")
    web.page("http://b/2")
    ended = check(web, A)
    (attempt,) = ended[A].attempts
    assert statuses(ended[A]) == [[301, 301, 200]]
    assert [(hop.url, hop.location) for hop in attempt.hops] == [(A, B), (B, "http://b/2"), ("http://b/2", None)]
    assert attempt.server_us == 150_000


def test_a_redirect_is_the_answer_where_none_is_followed(web: Web) -> None:
    web.redirect(A, B)
    moved = Statuses(((301, 301),))
    ended = check(web, Target(url=A, follow=False, expect=moved), Target(url=B, follow=False, expect=moved, tries=1))
    assert [reason(ended[url]) for url in (A, B)] == ["up", "down status"]
    assert statuses(ended[A]) == [[301]]


def test_a_circle_of_redirects_ends(web: Web) -> None:
    web.redirect(A, "/2")
    web.redirect("http://a/2", A)
    ended = check(web, Target(url=A, tries=2))
    assert (reason(ended[A]), ended[A].detail) == ("down redirects", f"in a circle, back to {A}")
    assert statuses(ended[A]) == [[301, 301], [301, 301]]


def test_redirects_are_followed_so_far_and_no_further(web: Web) -> None:
    for number in range(4):
        web.redirect(f"http://a/{number}", f"/{number + 1}")
    web.page("http://a/4")
    far, near = Target(url="http://a/0", redirects=4), Target(url="http://a/0", redirects=3, tries=1, name="near")
    ended = check(web, far, near)
    assert {result.target.title: (reason(result), result.detail) for result in ended.results} == {
        "http://a/0": ("up", ""),
        "near": ("down redirects", "more than 3"),
    }


def test_where_head_is_not_taken_well_get_goes_on(web: Web) -> None:
    """Behind a redirect as well; and what has learnt that, begins its next attempt so."""
    ended = check(by_method(web, {"HEAD": 405, "GET": 500}, 1), A)
    assert methods(ended[A]) == [["HEAD", "GET"], ["GET"]]
    assert statuses(ended[A]) == [[405, 500], [200]]


@pytest.mark.parametrize("failure", [Reason.PROTOCOL, Reason.RESET])
def test_where_head_is_cut_off_get_goes_on(web: Web, failure: Reason) -> None:
    ended = check(by_method(web, {"HEAD": failure}, 9), A)
    assert (reason(ended[A]), methods(ended[A])) == ("up", [["HEAD", "GET"]])


@pytest.mark.parametrize("answer", [Reason.TIMEOUT, Reason.DNS, 429, 200, 304])
def test_else_head_is_enough(web: Web, answer: int | Reason) -> None:
    ended = check(by_method(web, {"HEAD": answer}, 9), Target(url=A, tries=1))
    assert methods(ended[A]) == [["HEAD"]]


def test_a_head_that_is_never_answered_is_a_get_the_next_time(web: Web) -> None:
    ended = check(by_method(web, {"HEAD": Reason.TIMEOUT}, 9), A, Target(url=B, method="head", tries=2))
    assert [reason(ended[url]) for url in (A, B)] == ["up", "down timeout"]
    assert [methods(ended[url]) for url in (A, B)] == [[["HEAD"], ["GET"]], [["HEAD"], ["HEAD"]]]


def test_a_head_that_leads_nowhere_is_a_get(web: Web) -> None:
    ended = check(by_method(web, {"HEAD": 302}, 9), A)
    assert (reason(ended[A]), methods(ended[A])) == ("up", [["HEAD", "GET"]])


def test_a_status_that_is_expected_of_head_is_enough(web: Web) -> None:
    web.status(A, 404)
    ended = check(web, Target(url=A, expect=Statuses(((404, 404),))))
    assert (reason(ended[A]), methods(ended[A])) == ("up", [["HEAD"]])


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"method": "get"}, ["GET"]),
        ({"method": "head"}, ["HEAD"]),
        ({"texts": ("x",)}, ["GET"]),
        ({"method": "auto"}, ["HEAD", "GET"]),
    ],
)
def test_the_method_is_what_the_target_says(web: Web, target: dict[str, Any], expected: list[str]) -> None:
    web.status(A, 404)
    assert methods(check(web, Target(url=A, tries=1, **target))[A]) == [expected]


def test_the_probe_of_a_request_holds_what_is_expected_of_it(web: Web) -> None:
    target = Target(url=A, texts=("x",), patterns=("y",), values=(("z", "1"),), timeout=3.0)
    core = Checks([target], manners(), Once(1), lambda: 0.0)
    (request,) = core.take(0.0, 1).start
    assert request.probe == target.probe()
    assert (request.depth, request.attempt, request.cookie) == (0, 1, None)


def by_method(web: Web, answers: dict[str, int | Reason], attempts: int) -> Web:
    """``web``, where requests by some methods are answered so in the first ``attempts`` tries."""

    class Methods(Web):
        def answer(self, request: Request) -> Outcome:
            assert request.probe is not None
            said = answers.get(request.probe.method)
            if said is None or request.attempt > attempts:
                return web.answer(request)
            return Fetched(request, said) if isinstance(said, int) else Failed(request, said)

    return Methods()


def methods(result: Result) -> list[list[str]]:
    return [[hop.method for hop in attempt.hops] for attempt in result.attempts]


# evidence


def test_phases_are_the_probes_own_where_it_has_them(web: Web) -> None:
    certificate = Certificate(subject="a", earliest=NOW + 100 * 86_400)
    evidence = Evidence(1, 2, 3, 4, 5, 6, "1.1", "192.0.2.7", certificate)
    ended = check(Web.of(lambda request: Fetched(request, 200, evidence=evidence)), A)
    (hop,) = ended[A].attempts[0].hops
    assert (hop.own_us, hop.dns_us, hop.connect_us, hop.tls_us, hop.first_us, hop.body_us) == (1, 2, 3, 4, 5, 6)
    assert (hop.http, hop.address, hop.server_us) == ("1.1", "192.0.2.7", 20)
    assert ended[A].certificate == certificate


def test_a_failure_has_a_hop_and_a_certificate_too(web: Web) -> None:
    certificate = Certificate(subject="a", trouble="self-signed")
    evidence = Evidence(connect_us=7, address="192.0.2.7", certificate=certificate)
    ended = check(Web.of(lambda request: Failed(request, Reason.TLS, evidence=evidence)), Target(url=A, tries=1))
    (hop,) = ended[A].attempts[0].hops
    assert (hop.status, hop.connect_us, hop.address) == (None, 7, "192.0.2.7")
    assert (ended[A].certificate, ended[A].detail) == (certificate, "self-signed")


def test_no_trouble_of_a_certificate_on_the_way_is_lost() -> None:
    """The next attempt begins without what the last one has seen."""
    days = {"https://a/": 6.5, "https://b/": 90.0}

    def answer(request: Request) -> Outcome:
        left = days.get(request.url)
        shown = None if left is None else Certificate(subject=request.url, not_after=NOW + left * 86_400)
        target = {"https://a/": "https://b/", "https://b/": "http://c/"}.get(request.url)
        status = 301 if target else 500 if request.attempt == 1 else 200
        return Fetched(request, status, location=target, evidence=Evidence(certificate=shown))

    ended = check(Web.of(answer), Target(url="https://a/", method="get"), Target(url="https://b/", method="get"))
    assert (reason(ended["https://a/"]), reason(ended["https://b/"])) == ("cert cert", "up")
    assert [ended[url].certificate.subject for url in days] == list(days)  # type: ignore[union-attr]


def test_the_backends_own_queue_is_our_waiting(web: Web) -> None:
    core = Checks([Target(url=A)], manners(), Once(1), lambda: 0.0)
    (request,) = core.take(10.0, 1).start
    (result,) = core.receive(Fetched(request, 200, timings=Timings(waited_us=300, server_us=20)), 11.0)
    (hop,) = result.attempts[0].hops
    assert (hop.waited_us, hop.server_us) == (300, 20)


def test_waiting_counts_from_when_a_hop_could_have_been_made(web: Web) -> None:
    """Our politeness is ours: the second hop waits for its host, the second attempt for no more than its pause."""
    web.redirect(A, "/2")
    web.fail("http://a/2", Reason.TIMEOUT)
    ended = check(web, Target(url=A, tries=2, pause=0.1), settings=manners(delay=1.0), latency=0.25)
    waits = [[hop.waited_us for hop in attempt.hops] for attempt in ended[A].attempts]
    assert waits == [[0, 750_000], [650_000, 750_000]]


# our own workers


def test_a_worker_that_died_is_no_finding(web: Web) -> None:
    web.fail(A, Reason.LOST, times=LOSSES)
    ended = check(web, A)
    assert (reason(ended[A]), statuses(ended[A])) == ("up", [[200]])
    assert len(ended.starts(A)) == LOSSES + 1


def test_but_not_for_ever(web: Web) -> None:
    web.fail(A, Reason.LOST)
    ended = check(web, A)
    assert (reason(ended[A]), len(ended[A].attempts), len(ended.starts(A))) == ("down lost", 1, LOSSES + 1)


# twins


def test_one_url_is_never_asked_for_twice_at_once(web: Web) -> None:
    """The police would see it; all of them are checked, one after the other."""
    web.redirect(B, A)
    ended = check(web, *[Target(url=A, name=f"twin {n}") for n in range(20)], B, B, latency=1.0)
    assert Counter(map(reason, ended.results)) == {"up": 22}
    assert ended.starts(A) == [pytest.approx(float(second)) for second in range(22)]


# politeness


def test_a_hosts_delay_is_between_all_starts(web: Web) -> None:
    """Hops and further attempts too."""
    web.redirect(A, "/2")
    web.page("http://a/2")
    web.status("http://a/down", 500)
    ended = check(web, A, "http://a/down", B, settings=manners(delay=2.0))
    starts = sorted(arrival.at for arrival in ended.arrivals if host_key(arrival.url) == "a")
    assert len(starts) == 6
    assert min(late - early for early, late in pairwise(starts)) >= 2.0
    assert ended.starts(B) == [0.0]


def test_hosts_take_turns(web: Web) -> None:
    """One with many targets does not keep others back."""
    web = Web.of(lambda request: Fetched(request, 200))
    many = [f"http://a/{n}" for n in range(50)]
    ended = check(web, *many, B, C, capacity=2)
    assert max(*ended.starts(B), *ended.starts(C)) <= 0.1


def test_what_was_begun_comes_before_what_was_not(web: Web) -> None:
    web = Web.of(lambda request: Fetched(request, 200))
    web.redirect("http://a/0", "/end")
    ended = check(web, *[f"http://a/{n}" for n in range(50)], settings=manners(per_host=1))
    assert ended.starts("http://a/end") == [0.05]


def test_per_host_and_address_hold() -> None:
    """Seen by the police; here only that its eyes are open."""
    web = Web.of(lambda request: Fetched(request, 200))
    for name in "abcdef":
        web.address(name, "192.0.2.1")
    urls = [f"http://{name}/{n}" for name in "abcdef" for n in range(5)]
    ended = check(web, *urls, settings=manners(per_host=2, per_address=3), capacity=50)
    assert len(ended.results) == len(urls)
    late = [arrival for arrival in ended.arrivals if arrival.at > 0.04]
    assert max(sum(other.at <= this.at < other.until for other in late) for this in late) == 3


def test_retry_after_holds_the_host_and_the_next_attempt(web: Web) -> None:
    web.status(A, 503, times=1, retry_after=20.0)
    ended = check(web, Target(url=A, method="get"), Target(url="http://a/other", tries=1), B, capacity=1, latency=0.0)
    assert ended.starts(A)[:2] == [0.0, 20.0]
    assert ended.starts("http://a/other")[0] >= 20.0
    assert ended.starts(B) == [0.0]
    assert reason(ended[A]) == "up"


def test_an_answer_may_say_itself_when_to_try_again(web: Web) -> None:
    """Also one that says nothing about its whole host."""
    web.status(A, 500, times=1, retry_after=20.0)
    ended = check(web, Target(url=A, method="get"), "http://a/other", latency=0.0)
    assert ended.starts(A) == [0.0, 20.0]
    assert ended.starts("http://a/other")[0] == 0.0


def test_who_wants_to_be_left_alone_for_long_is_not_asked_again(web: Web) -> None:
    web.status(A, 503, retry_after=31.0)
    ended = check(web, A)
    assert (reason(ended[A]), statuses(ended[A])) == ("down status", [[503]])


def test_no_more_than_so_many_go_off_in_one_turn() -> None:
    core = Checks([Target(url=f"http://h{n}/") for n in range(1_000)], manners(), Once(1_000), lambda: 0.0)
    assert len(core.take(0.0, 500).start) == AT_ONCE
    assert core.wakeup() == 0.0
    assert len(core.take(0.0, 10).start) == 10
    assert core.in_flight == AT_ONCE + 10


# the life around


def test_checks_without_targets_are_done_at_once() -> None:
    assert check(Web()).results == []


def test_a_stop_receives_what_is_in_flight_and_starts_nothing(web: Web) -> None:
    """What has come to an end has its result; a first failed try has not."""
    web.fail(B, Reason.TIMEOUT)
    web.redirect(C, A)

    def stop(core: Checks, results: Sequence[Result], now: float) -> None:
        core.stop()

    ended = check(web, A, B, C, "http://a/later", capacity=3, latency=lambda request: 0.5, during=stop)
    assert [result.target.url for result in ended.results] == [A]
    assert len(ended.arrivals) == 3
    assert ended.core.wakeup() is None


def test_a_target_can_be_asked_for_out_of_turn(web: Web) -> None:
    further = [Target(url=B, name="asked")]

    def ask(core: Checks, results: Sequence[Result], now: float) -> None:
        if results and further:
            core.ask(further.pop(), now)

    ended = check(web, A, during=ask)
    due = pytest.approx(NOW + 0.05)
    assert [(result.target.title, result.due) for result in ended.results] == [(A, NOW), ("asked", due)]


def test_rounds_go_on_until_they_are_stopped(web: Web) -> None:
    """Each at its own interval, also while the clock's numbers are rounded."""
    targets = [Target(url=A, every="10s"), Target(url=B, every="30s"), Target(url=C, every="1m")]

    def stop(core: Checks, results: Sequence[Result], now: float) -> None:
        if now >= 600:
            core.stop()

    rounds = Rounds(targets, "1m", NOW, random.Random(1).random, {})
    ended = check(web, *targets, schedule=rounds, during=stop)
    counts = Counter(result.target.url for result in ended.results)
    assert [round(counts[url] / 10) for url in (A, B, C)] == [6, 2, 1]
    assert {reason(result) for result in ended.results} == {"up"}


def test_hosts_that_redirects_lead_to_are_not_remembered_for_years() -> None:
    """A server that sends us to another name each time would fill the memory."""
    count = 0

    def elsewhere(request: Request) -> Outcome:
        nonlocal count
        count += request.url == A
        return Fetched(request, 302, location=f"http://h{count}/") if request.url == A else Fetched(request, 200)

    most = 0

    def look(core: Checks, results: Sequence[Result], now: float) -> None:
        nonlocal most
        most = max(most, core._frontier.hosts)
        if len(results) == 3000:
            core.stop()

    targets = [Target(url=A, every="1s")]
    ended = check(Web.of(elsewhere), *targets, schedule=Rounds(targets, "1m", NOW, lambda: 0.0), during=look)
    assert count >= 3000
    assert {reason(result) for result in ended.results} == {"up"}
    assert most <= HOSTS + 10


@pytest.mark.parametrize("per_host", [1, 3])
def test_what_is_forgotten_is_as_polite_as_ever(per_host: int) -> None:
    """The police of the simulated web looks on; it is as if nothing had been forgotten, before every turn."""
    urls = [f"http://h{n % 7}.test/{n}" for n in range(60)]

    def run_with(most: int) -> Checked:
        def forget(core: Checks, results: Sequence[Result], now: float) -> None:
            core._most = most

        web = Web.of(lambda request: Fetched(request, 429 if request.url.endswith("7") else 200, retry_after=3.0))
        settings = manners(per_host, delay=0.4, per_address=2)
        return check(web, *urls, settings=settings, during=forget, latency=lambda request: len(request.url) / 20)

    ended, plain = run_with(-1), run_with(10**9)
    assert facts(ended.results) == facts(plain.results)
    assert [(each.url, each.at) for each in ended.arrivals] == [(each.url, each.at) for each in plain.arrivals]


def test_what_a_schedule_rounds_is_not_waited_for_for_ever(web: Web) -> None:
    """On a clock that jumps from wakeup to wakeup, the time would never be quite come."""

    class Rounding(Once):
        def due(self, now: float) -> list[int]:
            return super().due(now) if now > NOW + 10 else []

        def next(self) -> float | None:
            return NOW + 10 if super().next() is not None else None

    ended = check(web, A, schedule=Rounding(1), rounds=1_000)
    assert ended.starts(A) == [10.0]


def test_the_clock_may_be_set_meanwhile(web: Web) -> None:
    """The epoch is the caller's; the results' times follow it."""
    web.fail(A, Reason.TIMEOUT, times=1)

    def turn_back(core: Checks, results: Sequence[Result], now: float) -> None:
        core.epoch = NOW - 3600

    ended = check(web, A, during=turn_back)
    assert ended[A].due == NOW
    assert ended[A].attempts[1].at < NOW - 3500


def test_a_backend_that_breaks_its_law_is_told() -> None:
    core = Checks([], Settings(), Once(0), lambda: 0.0)
    with pytest.raises(KeyError):
        core.receive(Fetched(Request(A), 200), 0.0)


def test_a_run_drives_checks_as_it_drives_crawls(web: Web) -> None:
    backend = Simulated(web)
    core = Checks([Target(url=A), Target(url=B)], manners(), Once(2), lambda: 0.0, NOW)
    with Run(core, backend, Nowhere()) as under_way:
        results = [result for results in under_way.rounds() for result in results]
        assert under_way.stats.fetches == 2
        assert under_way.elapsed == pytest.approx(0.05)
    assert [reason(result) for result in results] == ["up", "up"]


def test_a_run_of_checks_can_be_told_about(web: Web) -> None:
    core = Checks([Target(url=A), Target(url="http://a/2")], manners(per_host=1), Once(2), lambda: 0.0, NOW)
    with Run(core, Simulated(web, latency=60.0), Nowhere()) as under_way:
        next(iter(under_way.rounds()))
        under_way.stop()
        assert [*describe(under_way)][:3] == [
            "checks: 0.2 s, 1 in flight, 1 waiting",
            "  clock 0.250 s, only an outcome helps",
            "  ending: nothing new is started",
        ]


def test_a_run_of_checks_can_be_broken_off(web: Web) -> None:
    core = Checks([Target(url=A), Target(url=B)], manners(), Once(2), lambda: 0.0, NOW)
    with Run(core, Simulated(web, latency=60.0), Nowhere()) as under_way:
        for _ in under_way.rounds():
            assert core.in_flight == 2
            under_way.break_off()
    assert under_way.stopped


@pytest.mark.unmeasured
def test_ten_thousand_targets_take_little_memory() -> None:
    """Less than 4 KB each, with all that the frontier keeps of ten thousand hosts; results are the caller's."""
    web = Web.of(lambda request: Fetched(request, 200))
    targets = [Target(url=f"http://host{n}.example/") for n in range(10_000)]
    core = Checks(targets, manners(), Once(len(targets)), lambda: 0.0)
    backend = Simulated(web, 100)
    tracemalloc.start()
    try:
        ended = 0
        for results in run(core, backend, Nowhere()):
            ended += len(results)
            backend.arrivals.clear()
        left, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert ended == 10_000
    assert peak < 40_000_000
    assert left < 30_000_000


# properties

PATHS = [f"http://{host}/{page}" for host in "abc" for page in range(4)]
Rows = list[tuple[str, str]]
Way = tuple[int, int, int, float]


def set_up(web: Web, url: str, kind: str, to: str) -> None:
    match kind:
        case "redirect":
            web.redirect(url, to)
        case "gone" | "error" | "forbidden" | "login" | "busy":
            web.status(url, {"gone": 404, "error": 500, "forbidden": 403, "login": 401, "busy": 429}[kind])
        case "unavailable":
            web.status(url, 503, retry_after=5.0)
        case "closed":
            web.status(url, 503, retry_after=120.0)
        case "lost" | "timeout" | "reset" | "tls":
            web.fail(url, Reason(kind))
        case "flapping":
            web.page(url)
            web.status(url, 500, times=1)
        case "dying":
            web.page(url)
            web.fail(url, Reason.LOST, times=2)
        case _:
            web.page(url)


KINDS = ["page"] * 4 + ["redirect"] * 6
KINDS += ["gone", "error", "forbidden", "login", "busy", "unavailable", "closed", "lost", "timeout", "reset", "tls"]
KINDS += ["flapping", "dying"]
rows = st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(PATHS)), min_size=len(PATHS), max_size=len(PATHS))
targets = st.lists(
    st.builds(
        Target,
        url=st.sampled_from(PATHS),
        method=st.sampled_from(["auto", "get", "head"]),
        follow=st.booleans(),
        redirects=st.integers(0, 3),
        tries=st.integers(1, 3),
        pause=st.sampled_from([0.0, 1.0, 7.0]),
        expect=st.sampled_from([Statuses(), Statuses(((404, 404),)), Statuses(((200, 200), (403, 403)))]),
    ),
    min_size=1,
    max_size=8,
).map(lambda made: [replaced(target, number) for number, target in enumerate(made)])
ways = st.lists(
    st.tuples(st.integers(0, 99), st.sampled_from([1, 2, 5, 32]), st.integers(1, 3), st.sampled_from([0.0, 0.3, 2.0])),
    min_size=2,
    max_size=4,
)


def replaced(target: Target, number: int) -> Target:
    return Target(**{**{name: getattr(target, name) for name in target.__struct_fields__}, "name": str(number)})


def run_at(
    rows: list[tuple[str, str]], targets: list[Target], way: tuple[int, int, int, float], **more: Any
) -> Checked:
    web = Web()
    for url, (kind, to) in zip(PATHS, rows, strict=True):
        set_up(web, url, kind, to)
    seed, capacity, per_host, delay = way
    return check(
        web,
        *targets,
        settings=manners(per_host, delay),
        capacity=capacity,
        latency=latencies(seed),
        chance=random.Random(seed).random,
        **more,
    )


@pytest.mark.unmeasured
@settings(max_examples=300, deadline=None)
@given(rows, targets, ways)
def test_results_are_the_same_for_every_capacity_and_latency(
    rows: Rows, targets: list[Target], ways: list[Way]
) -> None:
    """Every due target ends in exactly one result; what it says does not depend on timing. The police looks on."""
    first, *others = [run_at(rows, targets, way) for way in ways]
    assert sorted(result.target.key for result in first.results) == sorted(target.key for target in targets)
    for other in others:
        assert facts(other.results) == facts(first.results)
    assert (first.core.in_flight, first.core.waiting) == (0, 0)


@pytest.mark.unmeasured
@settings(max_examples=60, deadline=None)
@given(rows, targets, st.tuples(st.integers(0, 99), st.sampled_from([1, 5]), st.just(2), st.just(0.0)))
def test_each_round_of_a_target_says_the_same(rows: Rows, targets: list[Target], way: Way) -> None:
    """However rounds and targets overlap: each check is what it would be alone."""

    def stop(core: Checks, results: Sequence[Result], now: float) -> None:
        if now >= 300:
            core.stop()

    schedule = Rounds(targets, "20s", NOW, random.Random(7).random, {})
    alone = {row[0]: row for row in facts(run_at(rows, targets, way).results)}
    ended = run_at(rows, targets, way, schedule=schedule, during=stop)
    assert set(facts(ended.results)) <= set(alone.values())
    assert {result.target.key for result in ended.results} == set(alone)
