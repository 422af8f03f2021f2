"""The simulated backend by itself; the law that it shares with the others is tested with them."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from scraper.backends.police import Impolite, Police
from scraper.backends.simulated import Arrival, Simulated, Web
from scraper.errors import ConfigError
from scraper.model import Failed, Fetched, Kind, Page, Reason, Request
from scraper.settings import Politeness
from tests.webs import page_of

A, B = "http://a/", "http://a/b"


def test_what_was_said_is_answered() -> None:
    web = Web()
    web.page(A, ["/b", "http://c", "/b#part", "mailto:x@y"], title="A")
    web.redirect(B, "/old")
    web.status("http://a/gone", 410, retry_after=3.0)
    page, at = Page("A", (B, "http://c/"), "utf-8"), "198.18.1.1"
    web.address("a", at)
    assert web.answer(Request(A)) == Fetched(Request(A), 200, page, content_type="text/html", address=at)
    assert web.answer(Request(B, 2)) == Fetched(Request(B, 2), 301, location="http://a/old", address=at)
    gone, nothing = Request("http://a/gone"), Request("http://a/nothing")
    assert web.answer(gone) == Fetched(gone, 410, retry_after=3.0, address=at)
    assert web.answer(nothing) == Fetched(nothing, 404, address=at)


def test_a_page_says_what_a_parser_would_have_found() -> None:
    web = Web()
    web.page(A, ["/b"], nofollow=["/c"], canonical="/x", robots="noindex", cut="nofollow", digest=7)
    outcome = fetched(web, A)
    assert outcome.digest == 7
    assert outcome.page == Page(
        None,
        (B,),
        "utf-8",
        others=(("nofollow", "http://a/c"),),
        canonical="http://a/x",
        robots="noindex",
        cut="nofollow",
    )


ROBOTS = "http://a/robots.txt"


def test_a_robots_file_is_read_as_a_worker_reads_it() -> None:
    web = Web(agent="bot")
    web.robots("http://a/any/page", "User-agent: bot\nDisallow: /x\nCrawl-delay: 3\nSitemap: /s.xml")
    page = page_of(web.answer(Request(ROBOTS, kind=Kind.ROBOTS)))
    assert page.links == ("http://a/s.xml",)
    assert page.data == {"rules": [[False, "/x"]], "delay": 3.0}
    assert fetched(web, ROBOTS).page is None  # asked for as a page, it is text/plain
    web.page(A, ["/b"])
    assert page_of(web.answer(Request(A, kind=Kind.ROBOTS))) == Page()


def test_a_site_of_which_nothing_was_said_has_no_robots_file() -> None:
    assert fetched(Web(), ROBOTS, Kind.ROBOTS).status == 404


def test_asking_for_a_robots_file_may_fail_or_lead_elsewhere() -> None:
    web = Web()
    web.robots("http://a", "User-agent: *\nDisallow: /")
    web.status(ROBOTS, 503, times=1)
    assert [fetched(web, ROBOTS, Kind.ROBOTS, attempt).status for attempt in (1, 2)] == [503, 200]
    web.redirect(ROBOTS, "http://b/robots.txt")
    assert fetched(web, ROBOTS, Kind.ROBOTS, 2).location == "http://b/robots.txt"


def test_a_sitemap_lists_pages_or_further_sitemaps() -> None:
    web = Web()
    web.sitemap("http://a/s.xml", ["/b"])
    web.sitemap("http://a/i.xml", ["/s.xml"], index=True)
    pages, index = (page_of(web.answer(Request(f"http://a/{name}.xml", kind=Kind.SITEMAP))) for name in "si")
    assert (pages.links, index.links) == ((B,), ("http://a/s.xml",))
    assert (pages.data["kind"], index.data["kind"]) == ("urlset", "index")


def test_every_host_has_an_address_that_does_not_change() -> None:
    web = Web()
    found = {host: fetched(web, f"http://{host}/").address for host in ("a", "b.test", "c:8080")}
    assert found == {host: fetched(Web(), f"http://{host}/x").address for host in found}
    assert all(ip_address(address or "") in ip_network("198.18.0.0/15") for address in found.values())
    assert len(set(found.values())) == 3
    themselves = {
        "127.0.0.1": "127.0.0.1",
        "localhost": "127.0.0.1",
        "192.0.2.7": "192.0.2.7",
        "[2001:db8::1]": "2001:db8::1",
    }
    assert {host: fetched(web, f"http://{host}/").address for host in themselves} == themselves


def test_every_answer_sets_the_cookies_that_were_said() -> None:
    web = Web()
    web.redirect(A, "/b")
    web.cookies(A, "a=1", "b=2; Path=/")
    assert fetched(web, A).cookies == ("a=1", "b=2; Path=/")


def test_a_web_may_be_worked_out_from_its_urls() -> None:
    def tree(request: Request) -> Fetched | None:
        number = int(request.url.rpartition("/")[2] or 1)
        links = tuple(f"http://a/{child}" for child in (2 * number, 2 * number + 1))
        return Fetched(request, 200, Page(links=links)) if number < 1_000_000 else None

    web = Web.of(tree)
    web.page(B, title="said")
    assert page_of(web.answer(Request("http://a/500000"))).links == ("http://a/1000000", "http://a/1000001")
    assert fetched(web, "http://a/1000000").status == 404
    assert page_of(web.answer(Request(B))).title == "said"
    assert fetched(web, ROBOTS, Kind.ROBOTS).status == 404  # the function is asked for pages only


def test_the_police_sees_every_request_and_answer() -> None:
    backend = Simulated(Web(), watch=Police(Politeness(delay=1.0, robots=False)))
    backend.submit(Request(A))
    backend.collect(0.9)
    with pytest.raises(Impolite, match=r"page http://a/b at 0.050 s: only 0.050 s after"):
        backend.submit(Request(B))


def fetched(web: Web, url: str, kind: Kind = Kind.PAGE, attempt: int = 1) -> Fetched:
    outcome = web.answer(Request(url, kind=kind, attempt=attempt))
    assert isinstance(outcome, Fetched)
    return outcome


def test_trouble_passes_after_so_many_attempts_or_never() -> None:
    web = Web()
    web.page(A)
    web.fail(A, Reason.TIMEOUT, times=2)
    web.fail(B, Reason.DNS)
    assert [type(web.answer(Request(A, attempt=attempt))) for attempt in (1, 2, 3)] == [Failed, Failed, Fetched]
    assert web.answer(Request(B, attempt=99)) == Failed(Request(B, attempt=99), Reason.DNS, "simulated")


@pytest.mark.parametrize("url", ["", "a", "ftp://a/", "http://"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="no http"):
        Web().page(url)


def test_the_clock_jumps_to_the_next_answer_and_no_further_than_asked() -> None:
    backend = Simulated(Web(), latency=lambda request: 1.0 if request.url == A else 5.0)
    backend.submit(Request(B))
    backend.submit(Request(A))
    assert (backend.collect(0.5), backend.clock()) == ([], 0.5)
    assert ([outcome.url for outcome in backend.collect(9.0)], backend.clock()) == ([A], 1.0)
    assert backend.describe() == ["simulated at 1.000 s: 1 in flight, next answer at 5.000 s"]
    assert ([outcome.url for outcome in backend.collect(9.0)], backend.clock()) == ([B], 5.0)
    assert (backend.collect(2.0), backend.clock()) == ([], 7.0)
    assert backend.arrivals == [Arrival(0.0, B, 5.0), Arrival(0.0, A, 1.0)]
    assert backend.stats().fetches == 2


def test_closing_drops_what_is_in_flight() -> None:
    backend = Simulated(Web())
    backend.submit(Request(A))
    backend.close()
    backend.close()
    assert backend.collect(1.0) == []
    assert backend.describe() == ["simulated at 1.000 s: nothing in flight"]
