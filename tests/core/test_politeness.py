"""Politeness, proved from the servers' side: the police of the simulated web looks on while random webs are crawled."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.backends.police import Impolite, Police
from scraper.backends.simulated import Simulated, Web
from scraper.core import Crawl
from scraper.model import Failed, Fetched, Kind, Outcome, Page, Reason, Refused, Request
from scraper.settings import Budget, Discovery, Politeness, Retry, Scope, ScopeMode, Settings
from scraper.url import host_key
from tests.webs import Crawled, Plan, Reference, crawl, drawn, rules

HOSTS = "abcdef"
URLS = [f"http://{host}/{page}" for host in HOSTS for page in range(6)]
AUTO = Politeness(delay=None)


@dataclass(frozen=True)
class Town:
    """A random web with all that politeness has to do with, and a way to crawl it."""

    plan: Plan
    web: Web
    settings: Settings
    slow: dict[str, float]
    capacity: int

    def latency(self, request: Request) -> float:
        """Some hosts are slow, all waver; the same request always takes the same time."""
        waver = random.Random(f"{request.url} {request.attempt} {self.capacity}").choice((0.0, 0.5, 1.0, 1.0, 9.0))
        return waver * self.slow[host_key(request.url)]

    def crawl(self, **more: object) -> Crawled:
        chance = random.Random(self.capacity).random
        return crawl(
            self.web,
            *URLS[::7],
            settings=self.settings,
            capacity=self.capacity,
            latency=self.latency,
            chance=chance,
            **more,  # type: ignore[arg-type]
        )


def town(seed: int, way: int = 0) -> Town:
    """The web is drawn by ``seed``, with hosts that share addresses; how it is crawled by ``way`` too."""
    draw = random.Random(seed)
    plan = drawn(seed, URLS)
    web = plan.web
    for host in HOSTS:
        if draw.random() < 0.7:
            web.address(host, draw.choice(("192.0.2.1", "192.0.2.2")))
    for url in draw.sample(URLS, draw.randint(0, 8)):
        web.status(
            url, draw.choice((429, 503)), times=draw.randint(1, 2), retry_after=draw.choice((0.0, 2.0, 50.0, 1e6))
        )
    how = Settings(
        scope=Scope(ScopeMode.ANY),
        politeness=Politeness(
            per_host=draw.randint(1, 4),
            per_address=draw.choice((None, None, 1, 2, 6)),
            delay=draw.choice((None, None, 0.0, 0.3, 2.0)),
            host_failures=None,
        ),
        retry=Retry(2),
        budget=Budget(depth=draw.choice((None, None, 1, 2)), redirects=len(URLS)),
    )
    ways = random.Random(f"{seed} {way}")
    slow = {host: ways.choice((0.0, 0.02, 0.2, 2.0)) for host in HOSTS}
    return Town(plan, web, how, slow, ways.choice((1, 2, 5, 16, 50)))


@pytest.mark.unmeasured
def test_a_thousand_crawls_of_random_webs_are_polite_and_find_the_same() -> None:
    """The police is in :func:`tests.webs.crawl`, and raises. Each URL has its one outcome, whatever the way."""
    met: Counter[str] = Counter()
    for seed in range(400):
        first = town(seed)
        limited = first.settings.budget.depth is not None
        expected = Reference(first.web, URLS[::7], first.settings).finals()
        for way in range(3):
            ended = town(seed, way).crawl()
            assert [url for url, count in Counter(ended.log.urls).items() if count > 1] == []
            assert ended.log.finals(depths=limited) == expected, (seed, way)
            assert ended.crawl.waiting == ended.crawl.in_flight == 0
        met.update(str(final.why) for final in expected.values())
    assert min(met[str(why)] for why in (200, 404, Reason.ROBOTS, Reason.CRAWL_DELAY, Reason.DNS)) > 100


@pytest.mark.unmeasured
@settings(max_examples=150)
@given(st.integers(400, 1_000_000), st.integers(0, 9), st.data())
def test_a_crawl_that_is_cut_and_resumed_is_polite_and_finds_the_same(seed: int, way: int, data: st.DataObject) -> None:
    whole = town(seed, way).crawl()
    log = whole.log.entries[: data.draw(st.integers(0, len(whole.log.entries)))]
    limited = town(seed).settings.budget.depth is not None
    resumed = town(seed, way + 1).crawl(log=log)
    assert resumed.log.finals(depths=limited) == whole.log.finals(depths=limited)


IMPOLITE: dict[str, Callable[[Politeness], Politeness]] = {
    "robots.txt has not been answered yet": lambda polite: msgspec.structs.replace(polite, robots=False),
    "after the start before it on [a-f]": lambda polite: msgspec.structs.replace(polite, delay=0.0),
    "in flight on [a-f]": lambda polite: msgspec.structs.replace(polite, per_host=9),
    "in flight on address": lambda polite: msgspec.structs.replace(polite, per_address=99),
    "Retry-After": lambda polite: msgspec.structs.replace(polite, longest_hold=0.5),
    "asks for pauses": lambda polite: msgspec.structs.replace(polite, longest_crawl_delay=99.0),
}
"""What the police says of crawls that keep other rules than it does."""


@pytest.mark.parametrize("complaint", IMPOLITE)
def test_the_police_of_these_tests_is_awake(complaint: str) -> None:
    spoil, caught = IMPOLITE[complaint], 0
    polite = Politeness(delay=1.0 if "after" in complaint else 0.0, per_host=2, per_address=4, host_failures=None)
    for seed in range(30):
        drawn_town = town(seed)
        police = Police(polite)
        backend = Simulated(drawn_town.web, 50, 0.7, police)
        machine = Crawl(msgspec.structs.replace(drawn_town.settings, politeness=spoil(polite)), lambda: 0.5)
        try:
            drive(machine, backend, URLS)
        except Impolite as impolite:
            caught += complaint.split("[")[0] in str(impolite)
    assert caught > 0


def drive(machine: Crawl, backend: Simulated, seeds: list[str]) -> list[Outcome]:
    """The engine without a store."""
    finals: list[Outcome] = [*machine.seed(seeds)]  # type: ignore[list-item]
    while not machine.done:
        turn = machine.take(backend.clock(), backend.capacity - machine.in_flight)
        finals += turn.final  # type: ignore[arg-type]
        for request in turn.start:
            backend.submit(request)
        for outcome in backend.collect(0.25):
            finals += machine.receive(outcome, backend.clock())  # type: ignore[arg-type]
    return finals


# Fair turns


@settings(max_examples=100)
@given(st.lists(st.integers(1, 25), min_size=2, max_size=7), st.integers(1, 3), st.booleans(), st.booleans())
def test_no_ready_host_waits_longer_than_one_turn_of_each_other(
    sizes: list[int], per_host: int, robots: bool, shared: bool
) -> None:
    """One request after the other is taken at one instant, so that every host with something left is ready."""
    web = Web.of(lambda request: Fetched(request, 200, Page()))
    machine = Crawl(rules(per_host=per_host, robots=robots, delay=0.0), lambda: 0.5)
    left = {f"h{number}": size for number, size in enumerate(sizes)}
    for name in left if shared else ():
        web.address(name, "192.0.2.1")
    machine.seed([f"http://{name}/{page}" for name, size in left.items() for page in range(size)])
    since = {name: Counter[str]() for name in left}
    while not machine.done:
        for request in machine.take(0.0, 1).start:
            host = host_key(request.url)
            left[host] -= request.kind is Kind.PAGE
            since = {other: Counter() if other == host else turns + Counter([host]) for other, turns in since.items()}
            machine.receive(web.answer(request), 0.0)
            waiting = {other: turns for other, turns in since.items() if left[other]}
            assert all(count <= 1 for turns in waiting.values() for count in turns.values()), waiting
    assert set(left.values()) == {0}


@pytest.mark.parametrize("delay", [0.0, 0.2])
def test_a_host_with_very_many_urls_does_not_starve_one_with_two(delay: float) -> None:
    web = Web()
    web.page("http://big/", [f"/{page}" for page in range(2_000)])
    web.page("http://small/", ["/1", "/2"])
    ended = crawl(web, "http://big/", "http://small/", settings=rules(delay=delay, robots=True), capacity=4)
    last = max(visit.at for visit in ended.arrivals if host_key(visit.url) == "small")
    before = sum(host_key(visit.url) == "big" and visit.at <= last for visit in ended.arrivals)
    assert before <= 12


def test_slow_hosts_on_an_address_do_not_starve_the_others_there() -> None:
    web = Web()
    slow = [f"slow{number}" for number in range(8)]
    for host in slow:
        web.robots(f"http://{host}", "User-agent: *\nCrawl-delay: 30")
    for host in (*slow, "quick"):
        web.address(host, "192.0.2.1")
    seeds = [f"http://{host}/{page}" for host in slow for page in range(8)]
    ended = crawl(web, *seeds, *(f"http://quick/{page}" for page in range(100)), settings=ADAPTIVE)
    assert max(visit.at for visit in ended.arrivals if host_key(visit.url) == "quick") < 70.0  # 0.5 s a page


# The adaptive delay


def gaps(ended: Crawled, host: str = "a") -> list[float]:
    starts = [visit.at for visit in ended.arrivals if host_key(visit.url) == host]
    return [later - earlier for earlier, later in pairwise(starts)]


def row(troubled: Callable[[int], bool], answer: Callable[[Request], Outcome], pages: int = 120) -> Web:
    """A host whose pages come one after the other, some of them with trouble; no robots file is in the way."""

    def page(request: Request) -> Outcome:
        number = int(request.url.rpartition("/")[2] or 0)
        links = (f"http://a/{number + 1}",) if number < pages else ()
        return answer(request) if troubled(number) else Fetched(request, 200, Page(links=links))

    return Web.of(page)


TROUBLES: dict[str, Callable[[Request], Outcome]] = {
    "429": lambda request: Fetched(request, 429),
    "503": lambda request: Fetched(request, 503),
    "timeout": lambda request: Failed(request, Reason.TIMEOUT),
    "reset": lambda request: Failed(request, Reason.RESET),
}
ADAPTIVE = Settings(politeness=AUTO, retry=Retry(0), scope=Scope(ScopeMode.ANY))


@pytest.mark.parametrize("trouble", TROUBLES)
def test_the_delay_grows_with_trouble_and_shrinks_again(trouble: str) -> None:
    web = row(lambda number: 1_000 <= number < 1_005, TROUBLES[trouble])
    seeds = [f"http://a/{start}" for start in (500, *range(1_000, 1_005), *range(2_000, 2_060))]
    ended = crawl(web, *seeds, settings=ADAPTIVE, capacity=4)
    found = gaps(ended)
    assert found[1] == pytest.approx(0.5)
    assert 8.0 <= max(found) <= 60.0  # five times doubled from a half
    assert found[-1] == pytest.approx(0.5)
    worst = found.index(max(found))
    assert all(later <= earlier + 1e-6 for earlier, later in pairwise(found[worst:]))


def test_the_delay_has_a_longest() -> None:
    seeds = [f"http://a/{page}" for page in range(20)]
    web = row(lambda number: True, TROUBLES["503"])
    assert max(gaps(crawl(web, *seeds, settings=ADAPTIVE))) == pytest.approx(60.0)


def test_a_slow_server_is_asked_as_slowly_as_it_answers() -> None:
    ended = crawl(Web(), *[f"http://a/{page}" for page in range(9)], settings=ADAPTIVE, latency=2.0)
    assert gaps(ended)[3:] == pytest.approx([2.0] * 6)


def test_a_delay_that_was_said_does_not_adapt() -> None:
    how = msgspec.structs.replace(ADAPTIVE, politeness=Politeness(delay=0.1))
    ended = crawl(row(lambda number: True, TROUBLES["503"]), *[f"http://a/{page}" for page in range(9)], settings=how)
    assert gaps(ended)[1:] == pytest.approx([0.1] * 8)


def test_retry_after_holds_the_host_and_nobody_else() -> None:
    web = Web()
    web.status("http://a/0", 429, retry_after=40.0)
    web.status("http://b/0", 503, retry_after=1e9)
    seeds = [f"http://{host}/{page}" for host in "abc" for page in range(3)]
    ended = crawl(web, *seeds, settings=rules(delay=0.0, per_host=1, retries=0), capacity=2)
    ends = {host: max(visit.until for visit in ended.arrivals if host_key(visit.url) == host) for host in "abc"}
    assert 40.0 <= ends["a"] < 41.0
    assert 300.0 <= ends["b"] < 301.0  # the longest that is kept
    assert ends["c"] < 1.0


# Who is left alone


def test_a_dead_host_is_given_up_and_its_urls_have_a_reason() -> None:
    web = Web()
    web.page("http://b/", [f"http://a/{page}" for page in range(50)] + ["/1"])
    for page in range(50):
        web.fail(f"http://a/{page}", Reason.CONNECT)
    how = rules(retries=0, per_host=2)
    how = msgspec.structs.replace(how, politeness=msgspec.structs.replace(how.politeness, host_failures=10))
    log = crawl(web, "http://b/", settings=how).log
    outcomes = [outcome for outcome in log.pages() if host_key(outcome.url) == "a"]
    kinds = Counter((type(outcome), getattr(outcome, "reason", None)) for outcome in outcomes)
    assert 10 <= kinds[Failed, Reason.CONNECT] <= 11  # one more may have been in flight
    assert kinds[Refused, Reason.GIVEN_UP] == 50 - kinds[Failed, Reason.CONNECT]
    assert isinstance(log["http://b/1"], Fetched)


def test_a_host_that_answers_now_and_then_is_not_given_up() -> None:
    web = Web()
    for page in range(50):
        if page % 9:
            web.fail(f"http://a/{page}", Reason.CONNECT)
    how = rules(retries=0, per_host=1)
    how = msgspec.structs.replace(how, politeness=msgspec.structs.replace(how.politeness, host_failures=9))
    log = crawl(web, *[f"http://a/{page}" for page in range(50)], settings=how).log
    assert not [outcome for outcome in log.pages() if isinstance(outcome, Refused)]


def test_nothing_waits_for_a_host_that_is_given_up() -> None:
    """Neither for the end of its Retry-After, nor for a try that was to come after it."""
    web = Web()
    web.status("http://a/busy", 503, retry_after=300.0)
    for page in range(3):
        web.fail(f"http://a/{page}", Reason.CONNECT)
    web.page("http://a/", ["/busy", "/0", "/1", "/2", *(f"/late{page}" for page in range(9))])
    how = msgspec.structs.replace(rules(retries=5), politeness=Politeness(delay=0.0, per_host=4, host_failures=3))
    ended = crawl(web, "http://a/", settings=how, latency=lambda request: 0.1 * (request.url[-1] in "012"))
    assert ended.seconds < 1.0
    assert {str(final.why) for final in ended.log.finals(depths=False).values()} == {
        "200",
        str(Reason.CONNECT),
        str(Reason.GIVEN_UP),
    }


def test_a_crawl_delay_above_the_cap_leaves_the_host_alone() -> None:
    web = Web()
    web.robots("http://a", "User-agent: *\nCrawl-delay: 31")
    web.robots("http://b", "User-agent: *\nCrawl-delay: 30")
    ended = crawl(web, "http://a/", "http://b/1", "http://b/2", settings=rules(robots=True))
    assert ended.log["http://a/"] == Refused(
        Request("http://a/"), Reason.CRAWL_DELAY, "robots.txt asks for 31 s between two pages, over 30 s"
    )
    assert gaps(ended, "b") == pytest.approx([30.0, 30.0])
    assert [visit.url for visit in ended.arrivals if host_key(visit.url) == "a"] == ["http://a/robots.txt"]


# Robots files and sitemaps on the same road


def test_a_robots_file_is_asked_for_again_when_it_has_aged() -> None:
    web = row(lambda number: False, TROUBLES["503"], pages=30)
    how = msgspec.structs.replace(ADAPTIVE, politeness=Politeness(delay=9.0, robots_age=60.0))
    visits = crawl(web, "http://a/0", settings=how).arrivals
    files = [visit.at for visit in visits if visit.url.endswith("robots.txt")]
    assert len(files) > 3
    assert all(60.0 <= later - earlier <= 80.0 for earlier, later in pairwise(files))


def test_a_page_may_have_the_url_of_a_robots_file() -> None:
    web = Web()
    web.robots("http://a", "User-agent: *\nDisallow: /x")
    web.page("http://a/", ["/robots.txt", "/x"])
    log = crawl(web, "http://a/", settings=rules(robots=True)).log
    assert sorted(log.urls) == ["http://a/", "http://a/robots.txt", "http://a/x"]


def test_what_only_sitemaps_know_is_found_wherever_they_lie() -> None:
    """The last of them waits for its host's delay while nothing else is left to do."""
    web = Web()
    web.robots("http://a", "Sitemap: http://b/index.xml")
    web.sitemap("http://b/index.xml", ["http://b/1.xml", "http://b/2.xml"], index=True)
    web.sitemap("http://b/1.xml", ["http://b/one", "http://a/one"])
    web.sitemap("http://b/2.xml", ["http://a/two"])
    how = msgspec.structs.replace(rules(robots=True, delay=5.0), discovery=Discovery(sitemaps=True))
    log = crawl(web, "http://a/", settings=how).log
    assert {"http://a/", "http://a/one", "http://a/two"} <= set(log.urls)
