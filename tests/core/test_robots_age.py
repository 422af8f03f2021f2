"""Robots files in the course of time: who waits for them and who does not, what is kept when they cannot be had."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from scraper.backends.simulated import Web
from scraper.core import Crawl
from scraper.model import Kind, Reason
from scraper.settings import Discovery, Politeness, Settings
from tests.webs import Crawled, Log, crawl, rules

A = "http://a.test"
ROBOTS = f"{A}/robots.txt"
PAGES = [f"{A}/{page}" for page in range(20)]


def aging(delay: float, age: float = 60.0, again: float = 600.0) -> Settings:
    polite = Politeness(delay=delay, robots_age=age, robots_again=again)
    return msgspec.structs.replace(rules(retries=0), politeness=polite)


def whys(ended: Crawled) -> dict[str, object]:
    return {url.removeprefix(A): final.why for url, final in ended.log.finals(depths=False).items()}


def changing(web: Web, after: int, change: Callable[[Web], None]) -> Callable[[Crawl, Log], None]:
    """Change the web when ``after`` pages are there."""

    def look(machine: Crawl, log: Log) -> None:
        if len(log.urls) == after:
            change(web)

    return look


@pytest.mark.parametrize(
    "trouble",
    [lambda web: web.status(ROBOTS, 503), lambda web: web.fail(ROBOTS, Reason.TIMEOUT)],
    ids=["503", "timeout"],
)
def test_an_old_file_is_used_while_no_newer_one_can_be_had(trouble: Callable[[Web], None]) -> None:
    """It would be a pity to lose all that waits when a robots file fails once in a crawl of days."""
    web = Web()
    web.robots(A, "User-agent: *\nDisallow: /19")
    ended = crawl(web, *PAGES, settings=aging(10.0, again=50.0), during=changing(web, 3, trouble))
    assert whys(ended) == {f"/{page}": Reason.ROBOTS if page == 19 else 404 for page in range(20)}
    asked = [arrival.at for arrival in ended.arrivals if arrival.url == ROBOTS]
    assert asked == [0.0, 70.0, 130.0, 190.0]


def test_a_newer_file_may_ask_for_shorter_pauses() -> None:
    web = Web()
    web.robots(A, "User-agent: *\nCrawl-delay: 30")
    ended = crawl(web, *PAGES, settings=aging(1.0), during=changing(web, 1, lambda web: web.robots(A, "")))
    assert ended.seconds < 200.0  # and not 600


def test_the_pauses_of_a_host_are_the_longest_that_its_origins_ask_for() -> None:
    web = Web()
    web.robots(A, "User-agent: *\nCrawl-delay: 30")
    web.robots("https://a.test", "User-agent: *\nCrawl-delay: 3")
    ended = crawl(web, "https://a.test/0", *PAGES[:5], settings=aging(1.0, age=40.0))
    pages = sorted(arrival.at for arrival in ended.arrivals if not arrival.url.endswith("robots.txt"))
    assert pages[-1] - pages[-2] >= 30.0


def test_pages_that_can_only_be_refused_wait_for_nothing() -> None:
    web = Web()
    web.status(ROBOTS, 503, retry_after=250.0)
    ended = crawl(web, *PAGES, settings=aging(20.0))
    assert set(whys(ended).values()) == {Reason.ROBOTS}
    assert ended.seconds < 1.0


def test_what_was_barred_is_asked_for_again_with_the_gate_open() -> None:
    """The police looks on: a page that comes late lets robots.txt be asked for, but not before its Retry-After."""
    web = Web()
    web.status(ROBOTS, 503, retry_after=100.0)
    web.page("http://b.test/", [f"{A}/late"])
    ended = crawl(
        web, A + "/", "http://b.test/", settings=aging(0.0, again=5.0), latency=lambda r: 9.0 * (r.url[-6:] == ".test/")
    )
    asked = [arrival.at for arrival in ended.arrivals if arrival.url == ROBOTS]
    assert asked == [0.0, 100.0]


def test_a_loop_of_redirects_is_gone_round_once() -> None:
    web = Web()
    web.redirect(ROBOTS, "http://b.test/robots.txt")
    web.redirect("http://b.test/robots.txt", ROBOTS)
    ended = crawl(web, f"{A}/", settings=rules(robots=True))
    assert [arrival.url for arrival in ended.arrivals] == [ROBOTS, "http://b.test/robots.txt", f"{A}/"]
    assert whys(ended) == {"/": 404}


def test_a_crawl_of_few_pages_does_not_read_all_sitemaps_first() -> None:
    web = Web()
    web.robots(A, f"Sitemap: {A}/index.xml")
    web.sitemap(f"{A}/index.xml", [f"/{number}.xml" for number in range(300)], index=True)
    settings = msgspec.structs.replace(rules(robots=True, pages=5, delay=0.5), discovery=Discovery(sitemaps=True))
    ended = crawl(web, *PAGES, settings=settings)
    assert (len(ended.log.urls), ended.seconds < 10.0) == (5, True)


def test_a_host_that_is_left_alone_is_not_asked_for_sitemaps() -> None:
    web = Web()
    web.robots(A, f"User-agent: *\nCrawl-delay: 31\nSitemap: {A}/sitemap.xml")
    settings = msgspec.structs.replace(rules(robots=True), discovery=Discovery(sitemaps=True))
    ended = crawl(web, f"{A}/", settings=settings)
    assert whys(ended) == {"/": Reason.CRAWL_DELAY}
    assert [o.url for o in ended.log.read() if o.request.kind is not Kind.PAGE] == [ROBOTS]
