"""Robots files and sitemaps: when they are asked for, what waits for them, and what they mean."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import msgspec
import pytest

from scraper.backends.simulated import Web
from scraper.core import Crawl
from scraper.model import Kind, Reason
from scraper.settings import Discovery, Politeness, Scope, ScopeMode, Settings
from tests.webs import EVERYWHERE, Crawled, Log, crawl, rules

A = "http://a.test"
B = "http://b.test"


def polite(scope: Scope = EVERYWHERE, *, depth: int | None = None, sitemaps: bool = False, **more: object) -> Settings:
    made = rules(scope=scope, depth=depth)
    politeness = msgspec.structs.replace(made.politeness, **{"robots": True, **more})
    return msgspec.structs.replace(made, politeness=politeness, discovery=Discovery(sitemaps=sitemaps))


def two_pages() -> Web:
    web = Web()
    web.page(f"{A}/", ["/open", "/private/x"])
    web.page(f"{A}/open")
    web.page(f"{A}/private/x")
    return web


def said(log: Log, kind: Kind = Kind.PAGE) -> dict[str, object]:
    """What became of each URL of a kind: a status, or a reason."""
    finals = {o.url: o for o in log.corrected() if o.request.kind is kind}
    return {
        url: getattr(outcome, "reason", None) or getattr(outcome, "status", None) for url, outcome in finals.items()
    }


def asked(ended: Crawled) -> list[str]:
    return [arrival.url for arrival in ended.arrivals]


def test_robots_is_asked_once_before_the_pages_of_its_site_and_recorded() -> None:
    web = two_pages()
    web.robots(A, "User-agent: *\nDisallow: /private")
    ended = crawl(web, f"{A}/", f"{A}/private/y", settings=polite())
    assert asked(ended) == [f"{A}/robots.txt", f"{A}/", f"{A}/open"]
    assert said(ended.log, Kind.ROBOTS) == {f"{A}/robots.txt": 200}
    assert said(ended.log) == {
        f"{A}/": 200,
        f"{A}/open": 200,
        f"{A}/private/x": Reason.ROBOTS,
        f"{A}/private/y": Reason.ROBOTS,
    }


def test_each_scheme_and_port_has_a_file_of_its_own() -> None:
    web = Web()
    ended = crawl(web, f"{A}/", "https://a.test/", "http://a.test:8080/", settings=polite())
    assert sorted(url for url in asked(ended) if url.endswith("robots.txt")) == [
        "http://a.test/robots.txt",
        "http://a.test:8080/robots.txt",
        "https://a.test/robots.txt",
    ]


def test_with_robots_off_nobody_asks() -> None:
    web = two_pages()
    web.robots(A, "User-agent: *\nDisallow: /")
    ended = crawl(web, f"{A}/", settings=polite(robots=False, unasked="my own site"))
    assert f"{A}/robots.txt" not in asked(ended)
    assert set(said(ended.log).values()) == {200}


ANSWERS: list[tuple[str, Callable[[Web], None], object]] = [
    ("404", lambda web: web.status(f"{A}/robots.txt", 404), 200),
    ("403", lambda web: web.status(f"{A}/robots.txt", 403), 200),
    ("500", lambda web: web.status(f"{A}/robots.txt", 500), Reason.ROBOTS),
    ("429", lambda web: web.status(f"{A}/robots.txt", 429), Reason.ROBOTS),
    ("503, then a file", lambda web: web.status(f"{A}/robots.txt", 503, times=2), 200),
    ("timeout", lambda web: web.fail(f"{A}/robots.txt", Reason.TIMEOUT), Reason.ROBOTS),
    ("broken", lambda web: web.fail(f"{A}/robots.txt", Reason.ENCODING), Reason.ROBOTS),
    ("no such host", lambda web: web.fail(f"{A}/robots.txt", Reason.DNS), Reason.DNS),
    ("refused", lambda web: web.fail(f"{A}/robots.txt", Reason.CONNECT), Reason.CONNECT),
    ("certificate", lambda web: web.fail(f"{A}/robots.txt", Reason.TLS), Reason.TLS),
    ("private", lambda web: web.fail(f"{A}/robots.txt", Reason.PRIVATE_ADDRESS), Reason.PRIVATE_ADDRESS),
    ("to nowhere", lambda web: web.status(f"{A}/robots.txt", 301), 200),
]


@pytest.mark.parametrize(("answer", "page"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
def test_what_an_answer_means_for_the_pages(answer: Callable[[Web], None], page: object) -> None:
    web = two_pages()
    answer(web)
    assert said(crawl(web, f"{A}/", settings=polite()).log)[f"{A}/"] == page


def test_what_cannot_be_had_is_asked_for_again_later() -> None:
    """``c`` leads to ``a`` only after the time for which ``a`` was barred, and then there is an answer."""
    web = two_pages()
    web.page("http://c.test/", [f"{A}/open"])
    web.status(f"{A}/robots.txt", 500)

    def mend(machine: Crawl, log: Log) -> None:
        if f"{A}/" in log.urls:
            web.status(f"{A}/robots.txt", 404)

    slow = {"http://c.test/": 50.0}
    ended = crawl(
        web,
        f"{A}/",
        "http://c.test/",
        settings=polite(robots_again=40.0),
        latency=lambda request: slow.get(request.url, 0.0),
        during=mend,
    )
    assert said(ended.log) == {f"{A}/": Reason.ROBOTS, "http://c.test/": 200, f"{A}/open": 200}


def test_redirects_are_followed_to_other_hosts_and_shared() -> None:
    web = two_pages()
    web.redirect(f"{A}/robots.txt", f"{B}/robots.txt")
    web.robots(B, "User-agent: *\nDisallow: /private")
    web.page(f"{B}/private/z")
    ended = crawl(web, f"{A}/", f"{B}/private/z", settings=polite(), capacity=1)
    assert said(ended.log)[f"{A}/private/x"] is Reason.ROBOTS
    assert said(ended.log)[f"{B}/private/z"] is Reason.ROBOTS


@pytest.mark.parametrize(("redirects", "page"), [(5, Reason.ROBOTS), (6, 200)])
def test_five_redirects_are_followed_and_one_more_is_no_file(redirects: int, page: object) -> None:
    web = two_pages()
    hosts = [A, *(f"http://r{number}.test" for number in range(redirects))]
    for here, there in pairwise(hosts):
        web.redirect(f"{here}/robots.txt", f"{there}/robots.txt")
    web.robots(hosts[-1], "User-agent: *\nDisallow: /")
    assert said(crawl(web, f"{A}/", settings=polite()).log)[f"{A}/"] == page


def test_a_robots_file_that_leads_to_itself_ends() -> None:
    web = two_pages()
    web.redirect(f"{A}/robots.txt", f"{A}/robots.txt")
    assert said(crawl(web, f"{A}/", settings=polite()).log)[f"{A}/"] == 200


def test_a_robots_file_that_is_also_a_page_is_fetched_as_both() -> None:
    web = Web()
    web.page(f"{A}/", ["/robots.txt"])
    web.robots(A, "User-agent: *\nDisallow: /nothing")
    ended = crawl(web, f"{A}/robots.txt", f"{A}/", settings=polite())
    assert asked(ended).count(f"{A}/robots.txt") == 2
    assert said(ended.log)[f"{A}/robots.txt"] == 200
    assert said(ended.log, Kind.ROBOTS) == {f"{A}/robots.txt": 200}


def test_the_crawl_delay_is_kept() -> None:
    web = two_pages()
    web.robots(A, "User-agent: *\nCrawl-delay: 7")
    ended = crawl(web, f"{A}/", settings=polite(), latency=0.0)
    times = [arrival.at for arrival in ended.arrivals]
    assert [later - earlier for earlier, later in pairwise(times[1:])] == [7.0, 7.0]


def test_a_crawl_delay_above_the_cap_leaves_the_host_alone() -> None:
    web = two_pages()
    web.robots(A, "User-agent: *\nCrawl-delay: 31")
    ended = crawl(web, f"{A}/", settings=polite())
    assert said(ended.log) == {f"{A}/": Reason.CRAWL_DELAY}
    assert asked(ended) == [f"{A}/robots.txt"]


def test_robots_do_not_count_as_pages_of_the_budget() -> None:
    settings = msgspec.structs.replace(polite(), budget=msgspec.structs.replace(polite().budget, pages=1))
    assert said(crawl(two_pages(), f"{A}/", settings=settings).log) == {f"{A}/": 200}


def test_a_file_is_asked_for_again_when_it_is_old() -> None:
    web = Web()
    web.page(f"{A}/", ["/1"])
    web.page(f"{A}/1", ["/2"])
    web.page(f"{A}/2", [])
    ended = crawl(web, f"{A}/", settings=polite(delay=6.0, robots_age=10.0), latency=0.0)
    assert [url.removeprefix(A) for url in asked(ended)] == [
        "/robots.txt",
        "/",
        "/robots.txt",
        "/1",
        "/robots.txt",
        "/2",
    ]


def test_a_resumed_crawl_asks_for_robots_again_and_for_no_page_twice() -> None:
    web = two_pages()
    web.robots(A, "User-agent: *\nDisallow: /private")
    whole = crawl(web, f"{A}/", settings=polite(), capacity=1)
    for cut in range(len(whole.log.entries) + 1):
        log = whole.log.entries[:cut]
        resumed = crawl(web, f"{A}/", settings=polite(), log=log)
        assert said(resumed.log) == said(whole.log)
        done = {entry.url for entry in log if not entry.url.endswith("robots.txt")}
        assert done.isdisjoint(asked(resumed))


# Sitemaps


def mapped() -> Web:
    web = Web()
    web.page(f"{A}/", ["/linked"])
    web.page(f"{A}/linked")
    for name in ("one", "two", "three"):
        web.page(f"{A}/{name}")
    return web


def pages(ended: Crawled) -> set[str]:
    return {url.removeprefix(A) for url, what in said(ended.log).items() if what == 200}


def test_sitemaps_that_robots_names_are_read() -> None:
    web = mapped()
    web.robots(A, f"Sitemap: {A}/maps/index.xml")
    web.sitemap(f"{A}/maps/index.xml", ["/maps/1.xml", "/maps/2.xml"], index=True)
    web.sitemap(f"{A}/maps/1.xml", ["/one", "http://elsewhere.test/x"])
    web.sitemap(f"{A}/maps/2.xml", ["/two", "/linked"])
    ended = crawl(web, f"{A}/", settings=polite(Scope.around([f"{A}/"]), sitemaps=True))
    assert pages(ended) == {"/", "/linked", "/one", "/two"}
    assert set(said(ended.log, Kind.SITEMAP)) == {f"{A}/maps/index.xml", f"{A}/maps/1.xml", f"{A}/maps/2.xml"}


def test_where_robots_names_none_the_usual_place_is_looked_at() -> None:
    web = mapped()
    web.sitemap(f"{A}/sitemap.xml", ["/one"])
    assert pages(crawl(web, f"{A}/", settings=polite(sitemaps=True))) == {"/", "/linked", "/one"}
    assert pages(crawl(web, f"{A}/", settings=polite(sitemaps=True, robots=False))) == {"/", "/linked", "/one"}
    assert pages(crawl(web, f"{A}/", settings=polite())) == {"/", "/linked"}


def test_entries_are_one_step_from_a_seed_and_a_limit_of_none_reads_no_sitemap() -> None:
    web = mapped()
    web.sitemap(f"{A}/sitemap.xml", ["/one"])
    ended = crawl(web, f"{A}/", settings=polite(sitemaps=True, depth=1))
    assert (ended.log.depth(f"{A}/one"), ended.log[f"{A}/one"].request.via) == (1, f"{A}/sitemap.xml")
    assert f"{A}/sitemap.xml" not in asked(crawl(web, f"{A}/", settings=polite(sitemaps=True, depth=0)))


@pytest.mark.parametrize("given", [False, True])
def test_a_late_sitemap_lowers_what_is_final_already(given: bool) -> None:
    """How slow a sitemap is must not decide which pages are found."""
    web = mapped()
    web.page(f"{A}/linked", ["/deep"])
    web.page(f"{A}/deep", ["/deeper"])
    web.page(f"{A}/deeper", ["/deepest"])
    web.page(f"{A}/deepest")
    web.sitemap(f"{A}/sitemap.xml", ["/deeper"])
    found = Discovery(given=(f"{A}/sitemap.xml",)) if given else Discovery(sitemaps=True)
    settings = msgspec.structs.replace(polite(depth=3), discovery=found)
    for slow in (0.0, 50.0):
        ended = crawl(web, f"{A}/", settings=settings, latency=lambda r, slow=slow: slow * r.url.endswith("xml"))  # type: ignore[misc]
        assert pages(ended) == {"/", "/linked", "/deep", "/deeper", "/deepest"}
        assert ended.log.depth(f"{A}/deepest") == (1 if given else 2)


def test_given_sitemaps_are_read_whatever_the_depth_limit() -> None:
    web = mapped()
    web.sitemap(f"{A}/given.xml", ["/one", "/two"])
    settings = polite(Scope.around([f"{A}/"], ScopeMode.HOST), depth=0)
    settings = msgspec.structs.replace(settings, discovery=Discovery(given=(f"{A}/given.xml",)))
    ended = crawl(web, f"{A}/", settings=settings)
    assert pages(ended) == {"/", "/one", "/two"}
    assert ended.log.depth(f"{A}/one") == 0


def test_an_index_that_lists_itself_and_one_without_end_both_end() -> None:
    web = mapped()
    web.robots(A, f"Sitemap: {A}/0.xml")
    for number in range(20):
        web.sitemap(f"{A}/{number}.xml", [f"/{number}.xml", f"/{number + 1}.xml"], index=True)
    ended = crawl(web, f"{A}/", settings=polite(sitemaps=True))
    assert len(said(ended.log, Kind.SITEMAP)) == 4


def test_a_sitemap_that_moved_is_followed() -> None:
    web = mapped()
    web.redirect(f"{A}/sitemap.xml", f"{A}/new.xml")
    web.sitemap(f"{A}/new.xml", ["/three"])
    assert pages(crawl(web, f"{A}/", settings=polite(sitemaps=True))) == {"/", "/linked", "/three"}


def test_redirects_to_an_index_do_not_count_as_indexes() -> None:
    """From http to https, to ``www.`` and to the index: three redirects are nothing unusual."""
    web = mapped()
    for here, there in pairwise(f"{A}/{name}" for name in ("sitemap.xml", "1", "2", "3", "index.xml")):
        web.redirect(here, there)
    web.sitemap(f"{A}/index.xml", ["/last.xml"], index=True)
    web.sitemap(f"{A}/last.xml", ["/one"])
    assert pages(crawl(web, f"{A}/", settings=polite(sitemaps=True))) == {"/", "/linked", "/one"}


def test_a_resumed_crawl_reads_no_sitemap_twice_and_loses_no_entry() -> None:
    web = mapped()
    web.sitemap(f"{A}/sitemap.xml", ["/one", "/two"])
    settings = polite(sitemaps=True)
    whole = crawl(web, f"{A}/", settings=settings, capacity=1)
    for cut in range(len(whole.log.entries) + 1):
        log = whole.log.entries[:cut]
        resumed = crawl(web, f"{A}/", settings=settings, log=log)
        assert pages(resumed) == {"/", "/linked", "/one", "/two"}
        if any(entry.url.endswith("sitemap.xml") for entry in log):
            assert f"{A}/sitemap.xml" not in asked(resumed)


def test_politeness_of_the_defaults() -> None:
    assert (Politeness().robots, Politeness().delay_for("a.test"), Politeness().host_failures) == (True, 0.5, 100)
