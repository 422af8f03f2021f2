"""Made-up webs: how they are asked for, what is in them, and that they are crawled as real ones."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import scraper
from scraper.compare.fixture import Fixture, read_fixture
from scraper.compare.latency import Latency, read_latency
from scraper.compare.site import Site, most_links
from scraper.errors import ConfigError
from scraper.parse.engines import engine
from scraper.serving.answers import Answer, Prepared
from scraper.serving.server import Server
from scraper.url import resolve

DEFAULT = "web:hosts=20,pages=2000,latency=lognormal(80ms),size=35KB,links=80,seed=7"

micros = st.integers(0, 5_000_000).map(lambda number: number / 1e6)
latencies = st.one_of(
    st.builds(Latency, st.sampled_from(["fixed", "exponential"]), micros),
    st.builds(Latency, st.just("lognormal"), micros, st.integers(0, 80).map(lambda number: number / 100)),
    st.tuples(micros, micros).map(lambda pair: Latency("uniform", min(pair), max(pair))),
)
fixtures = st.builds(
    Fixture,
    hosts=st.integers(1, 40),
    pages=st.integers(40, 300),
    latency=latencies,
    size=st.integers(1_000, 30_000),
    links=st.integers(0, 12),
    seed=st.integers(0, 1_000),
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("web", DEFAULT),
        ("web:", DEFAULT),
        (DEFAULT, DEFAULT),
        (" web: hosts = 3 , pages=1_000 ", "web:hosts=3,pages=1000,latency=lognormal(80ms),size=35KB,links=80,seed=7"),
        ("web:latency=20ms,seed=1", "web:hosts=20,pages=2000,latency=20ms,size=35KB,links=80,seed=1"),
        ("web:latency=fixed(1.5s)", "web:hosts=20,pages=2000,latency=1.5s,size=35KB,links=80,seed=7"),
        ("web:latency=0,size=999", "web:hosts=20,pages=2000,latency=0ms,size=999,links=12,seed=7"),
        (
            "web:latency=lognormal( 80ms , 0.8 ),links=3",
            "web:hosts=20,pages=2000,latency=lognormal(80ms,0.8),size=35KB,links=3,seed=7",
        ),
        (
            "web:latency=Uniform(20ms,0.2),pages=3",
            "web:hosts=3,pages=3,latency=uniform(20ms,200ms),size=35KB,links=80,seed=7",
        ),
        ("web:latency=exponential(80.5ms)", DEFAULT.replace("lognormal(80ms)", "exponential(80.5ms)")),
    ],
)
def test_it_is_asked_for_in_one_line(text: str, meant: str) -> None:
    assert str(read_fixture(text)) == meant
    assert read_fixture(meant) == read_fixture(text)


@given(fixtures)
def test_what_it_says_of_itself_is_read_again(fixture: Fixture) -> None:
    assume(fixture.latency.at(1.0) <= 60)
    assert read_fixture(str(fixture)) == fixture
    assert pickle.loads(pickle.dumps(fixture)) == fixture


@pytest.mark.parametrize(
    ("text", "at", "problem"),
    [
        ("wbe:hosts=3", 1, "unknown kind of fixture 'wbe': did you mean web:"),
        ("hosts=3", 1, "unknown kind of fixture 'hosts=3': there is web:"),
        ("web:hosts=3,host=3", 13, "unknown 'host': did you mean 'hosts'?"),
        ("web:colour=red", 5, "unknown 'colour': there are hosts, pages, latency, size, links, seed"),
        ("web:hosts=3,", 13, "something is missing: there are hosts,"),
        ("web:hosts=3,,seed=1", 13, "something is missing"),
        ("web:hosts=3, hosts=4", 14, "hosts is given twice"),
        ("web:pages", 5, "pages has no value: write pages=2000"),
        ("web:pages=many", 5, "pages: 'many' is no whole number"),
        ("web:pages=-1", 5, "pages: '-1' is no whole number"),
        ("web:pages=٣", 5, "is no whole number"),
        ("web:size=big", 5, "size: 'big' is no size"),
        ("web:hosts=0", 5, "hosts is 0: from 1 to 250"),
        ("web:hosts=251", 5, "hosts is 251: from 1 to 250"),
        ("web:pages=100001", 5, "pages is 100,001: from 1 to 100,000"),
        ("web:size=199", 5, "size is 199 B: from 200 B to 5 MB"),
        ("web:links=1001,size=5MB,pages=20", 5, "links is 1,001: from 0 to 1,000"),
        ("web:hosts=20,pages=19", 5, "19 pages for 20 hosts: at least one each"),
        ("web:seed=1,pages=50000", 12, "all pages together take 1.8 GB: at most 1 GB"),
        ("web:size=2KB,links=29", 14, "29 links do not fit into 2 kB: 28 links at most"),
        ("web:seed=1,latency=soon", 12, "latency: 'soon' is no duration"),
        ("web:latency=lognormall(80ms)", 5, "latency: unknown distribution 'lognormall': did you mean lognormal?"),
        ("web:latency=x(80ms)", 5, "unknown distribution 'x': there are fixed, lognormal, uniform, exponential"),
        ("web:latency=uniform(80ms)", 5, "uniform(80ms): write uniform(20ms,200ms)"),
        ("web:latency=uniform(2s,1s)", 5, "uniform(2s,1s): write uniform(20ms,200ms)"),
        ("web:latency=lognormal(80ms,wide)", 5, "'wide' is no sigma: write a number from 0 to 9"),
        ("web:latency=lognormal(80ms", 5, "'lognormal(80ms' is no duration"),
        ("web:latency=lognormal(20s)", 5, "'lognormal(20s)' may take 1m34s: at most 1m00s"),
        ("web:latency=2m", 5, "'2m' is too long: at most 1m00s"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, at: int, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_fixture(text)
    assert str(caught.value).startswith(f"fixture {text!r}, at character {at}: ")
    assert problem in str(caught.value)


@given(st.text("web:hostspagelncy=,()0123456789.ms \x1b\n", max_size=60).map(lambda text: f"web:{text}"))
def test_any_text_is_a_fixture_or_a_clear_mistake(text: str) -> None:
    try:
        fixture = read_fixture(text)
    except ConfigError as error:
        said = str(error)
    else:
        said = str(fixture)
        assert read_fixture(said) == fixture
    assert said.isprintable()


@given(latencies, st.lists(st.floats(0, 1), min_size=2))
def test_latencies_grow_with_the_quantile_and_have_a_mean(latency: Latency, shares: list[float]) -> None:
    found = [latency.at(share) for share in sorted(shares)]
    assert found == sorted(found)
    assert 0 <= latency.at(0.0) <= latency.mean * (1 + 1e-9)
    assert latency.mean <= latency.at(1.0) * (1 + 1e-9)


@pytest.mark.parametrize(
    ("text", "median", "mean"),
    [
        ("80ms", 0.08, 0.08),
        ("lognormal(80ms)", 0.08, 0.0906),  # exp(mu + sigma ** 2 / 2) is 90.7, without the cut
        ("uniform(20ms,200ms)", 0.11, 0.11),
        ("exponential(100ms)", 0.0693, 0.0999),
    ],
)
def test_latencies_have_the_median_and_the_mean_of_their_distribution(text: str, median: float, mean: float) -> None:
    latency = read_latency(text)
    assert latency.at(0.5) == pytest.approx(median, rel=0.001)
    assert latency.mean == pytest.approx(mean, rel=0.001)


@given(st.integers(0, 10**12 - 1))
def test_each_prefix_has_nearly_the_mean_latency(seed: int) -> None:
    fixture = Fixture(seed=seed, pages=200, hosts=7)
    mean, total = fixture.latency.mean, 0.0
    for count, url in enumerate(fixture.urls(80), 1):
        total += fixture.latency_of(url)
        assert count < 20 or total / count == pytest.approx(mean, rel=0.1)


def test_a_seed_changes_the_order_of_latencies_and_the_pages() -> None:
    one, other = Fixture(seed=1), Fixture(seed=2)
    assert [one.delay(place) for place in range(20)] != [other.delay(place) for place in range(20)]
    assert one.site(80).body(3) != other.site(80).body(3)
    assert one.site(80).body(3) == Fixture(seed=1).site(80).body(3)


def test_the_hosts_take_turns() -> None:
    urls = Fixture(hosts=3, pages=8).urls(8000)
    assert [url.split("/")[2] for url in urls] == [f"127.0.0.{host}:8000" for host in (2, 3, 4, 2, 3, 4, 2, 3)]
    assert urls[0] == "http://127.0.0.2:8000/"
    assert urls[7] == "http://127.0.0.3:8000/s2/page-00002.html"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.2:80/s9/page-00001.html",
        "http://127.0.0.2:80/s1/page-1.html",
        "http://127.0.0.9:80/",
        "http://127.0.0.1:80/",
        "http://127.0.0.2:80/s0/page-99990.html",
        "https://127.0.0.2:80/",
        "",
    ],
)
def test_what_is_not_there_takes_no_time(url: str) -> None:
    assert Fixture(hosts=2, pages=20).latency_of(url) == 0


@given(fixtures, st.data())
def test_pages_have_their_size_and_their_links(fixture: Fixture, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, fixture.pages - 1))
    body = fixture.site(40_000).body(place)
    assert len(body) == fixture.size
    assert len(re.findall(b"<a ", body)) == fixture.links


def test_as_many_links_as_fit_do_fit() -> None:
    for size in (200, 1_000, 20_000):
        site = Site(hosts=250, pages=100_000, size=size, links=most_links(size), port=65_535)
        assert {len(site.body(place)) for place in (0, 1, 9_999, 99_999)} == {size}


def test_all_pages_are_reached_from_the_roots() -> None:
    site = Fixture(hosts=3, pages=100, size=2_000, links=4).site(8000)
    read, reached, left = engine("turbo", frozenset({"a"})), set(site.seeds()), site.seeds()
    places = {url: place for place, url in enumerate(site.urls())}
    while left:
        url = left.pop()
        for href in read(site.body(places[url])).links["a"]:
            target = resolve(href, url)
            if target in places and target not in reached:
                reached.add(target)
                left.append(target)
    assert reached == set(places)


@contextmanager
def prepared(fixture: Fixture) -> Iterator[Prepared]:
    source = pickle.loads(pickle.dumps(fixture.source()))
    assert isinstance(source, Prepared)
    source.prepare(8000)
    yield source


def test_the_source_gives_what_the_fixture_says() -> None:
    fixture = Fixture(hosts=3, pages=30, size=3_000, links=8)
    with prepared(fixture) as source:
        for place, url in enumerate(fixture.urls(8000)):
            answer = source.answer(url, 0)
            assert isinstance(answer, Answer)
            assert answer.delay == fixture.latency_of(url) > 0
            assert answer.payload.endswith(b"\r\n\r\n" + fixture.site(8000).body(place))
        robots = source.answer("http://127.0.0.4:8000/robots.txt", 0)
        assert robots is not None
        assert robots.delay == fixture.latency_of("http://127.0.0.4:8000/robots.txt") == 0
        assert source.answer("http://127.0.0.5:8000/robots.txt", 0) is None


def test_a_large_web_is_made_page_by_page() -> None:
    fixture = Fixture(hosts=1, pages=1_000, size=1_000_000)
    with prepared(fixture) as source:
        answer = source.answer(fixture.urls(8000)[999], 0)
        assert answer is not None
        assert len(answer.payload) > 1_000_000


@pytest.mark.parametrize("backend", ["threads", "asyncio"])
def test_it_is_crawled_as_a_real_web(backend: str) -> None:
    fixture = Fixture(hosts=3, pages=45, latency=Latency("uniform", 0.001, 0.01), size=2_000, links=8)
    with Server(fixture.source()) as server:
        site = fixture.site(server.port)
        crawl = scraper.crawl(*site.seeds(), backend=backend, delay=0.0, per_host=8, concurrency=16)
        outcomes = [outcome for outcome in crawl if isinstance(outcome, scraper.Fetched)]
        served = server.reset()
    assert sorted(outcome.url for outcome in outcomes) == sorted(site.urls())
    assert {outcome.status for outcome in outcomes} == {200}
    assert all(outcome.timings.server_us >= fixture.latency_of(outcome.url) * 1e6 - 1_000 for outcome in outcomes)
    assert served.requests == 45 + 3
