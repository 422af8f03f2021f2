"""Who gets in: scope and seeds' redirects, traps, hosts given up, pages whose links are not met, cookies."""

from __future__ import annotations

import msgspec
import pytest

from scraper.backends.simulated import Web
from scraper.core import Crawl
from scraper.core.admission import Admission
from scraper.core.known import Edges
from scraper.model import Entry, Fetched, Outcome, Page, Reason, Request
from scraper.settings import Identity, Scope, ScopeMode, Settings, Traps
from tests.webs import Log, crawl, rules

A = "http://a.test"


def with_traps(**traps: int | None) -> Settings:
    return msgspec.structs.replace(rules(), traps=Traps(**traps))  # type: ignore[arg-type]


def found(log: Log) -> set[str]:
    return {url.removeprefix(A) for url in log.urls}


def why(log: Log) -> dict[str, object]:
    return {url.removeprefix(A): getattr(log[url], "reason", None) for url in log.urls}


# Scope


def test_where_a_seed_leads_to_is_a_seeds_place_too() -> None:
    web = Web()
    web.redirect("http://old.test/", "http://new.test/home")
    web.page("http://new.test/home", ["/more", "http://other.test/"])
    web.page("http://new.test/more")
    log = crawl(web, "http://old.test/", settings=rules(scope=Scope.around(["http://old.test/"]))).log
    assert log.urls == ["http://old.test/", "http://new.test/home", "http://new.test/more"]


def test_it_does_not_matter_whether_the_links_or_the_redirect_came_first() -> None:
    web = Web()
    web.redirect("http://old.test/", "http://new.test/home")
    web.page("http://new.test/home")
    web.page("http://new.test/early")
    web.page(f"{A}/", ["http://new.test/early", "http://other.test/"])
    seeds = [f"{A}/", "http://old.test/"]
    for slow in seeds:
        settings = rules(scope=Scope.around(seeds))
        ended = crawl(web, *seeds, settings=settings, latency=lambda request, slow=slow: 5.0 * (request.url == slow))  # type: ignore[misc]
        assert set(ended.log.urls) == {*seeds, "http://new.test/home", "http://new.test/early"}


def test_what_is_kept_for_a_wider_scope_is_small() -> None:
    """No URL that is a trap there too, and not with each one all that its page leads to."""
    admission = Admission(rules(scope=Scope.around([A])))
    admission.seeded()
    targets = ("http://b.test/x", f"http://b.test/{'x' * 3_000}", "http://c.test/")
    for target in targets:
        assert not admission.admits(target, Edges(A, 1, 0, targets))
    assert [*admission.widen("http://b.test/")] == [("http://b.test/x", Edges(A, 1, 0, ()))]


def test_a_chain_of_redirects_widens_to_its_end_and_a_links_redirect_does_not() -> None:
    web = Web()
    web.redirect(f"{A}/", "http://b.test/")
    web.redirect("http://b.test/", "http://c.test/")
    web.page("http://c.test/", ["/x", "/away"])
    web.page("http://c.test/x")
    web.redirect("http://c.test/away", "http://d.test/")
    log = crawl(web, f"{A}/", settings=rules(scope=Scope.around([f"{A}/"]))).log
    assert set(log.urls) == {f"{A}/", "http://b.test/", "http://c.test/", "http://c.test/x", "http://c.test/away"}


def test_exclude_also_holds_for_where_a_seed_leads_to() -> None:
    web = Web()
    web.redirect(f"{A}/", "http://b.test/")
    scope = Scope.around([f"{A}/"], ScopeMode.HOST, exclude=["b[.]test"])
    assert crawl(web, f"{A}/", settings=rules(scope=scope)).log.urls == [f"{A}/"]


# Traps


@pytest.mark.parametrize(
    ("rule", "trap"),
    [
        ({"segments": 3}, "/1/2/3/4"),
        ({"length": 60}, "/" + "x" * 60),
        ({"repeats": 2}, "/a/b/a/b/a/b"),
        ({"parameters": 2}, "/?a=1&b=2&c=3"),
    ],
)
def test_links_into_a_trap_are_not_followed_and_seeds_are(rule: dict[str, int], trap: str) -> None:
    web = Web()
    web.page(f"{A}/", [trap, "/fine"])
    assert found(crawl(web, f"{A}/", settings=with_traps(**rule)).log) == {"/", "/fine"}
    assert found(crawl(web, f"{A}/", settings=with_traps(**dict.fromkeys(rule))).log) == {"/", "/fine", trap}
    assert found(crawl(web, f"{A}{trap}", settings=with_traps(**rule)).log) == {trap}


def test_an_endless_row_of_queries_ends() -> None:
    def answer(request: Request) -> Outcome:
        number = int(request.url.partition("=")[2] or 0)
        return Fetched(request, 200, Page(links=(f"{A}/list?page={number + 1}",)))

    log = crawl(Web.of(answer), f"{A}/list", settings=with_traps(queries=30)).log
    assert len(log.urls) == 31


def test_what_waits_for_one_site_is_bounded_and_seeds_always_may() -> None:
    web = Web()
    for page in range(10):
        web.page(f"{A}/{page}", [f"/{page}/{'x' * 6_000}/{number}" for number in range(10)])
    seeds = [f"{A}/{page}" for page in range(10)]
    few = crawl(web, *seeds, settings=with_traps(length=None, backlog=120_000), capacity=1).log
    assert len(seeds) + 20 <= len(few.urls) < len(seeds) + 40
    assert len(crawl(web, *seeds, settings=with_traps(length=None, backlog=None)).log.urls) == 110


def test_the_links_of_too_many_equal_pages_are_not_followed() -> None:
    def answer(request: Request) -> Outcome:
        number = int(request.url.rpartition("/")[2] or 0)
        return Fetched(request, 200, Page(links=(f"{A}/{number + 1}",)), digest=7)

    log = crawl(Web.of(answer), f"{A}/", settings=with_traps(duplicates=10)).log
    cut = [outcome.url for outcome in log.read() if isinstance(outcome, Fetched) and outcome.page and outcome.page.cut]
    assert (len(log.urls), cut) == (11, [f"{A}/10"])
    resumed = crawl(Web.of(answer), f"{A}/", settings=with_traps(duplicates=10), log=log.entries)
    assert len(resumed.log.urls) == 11


@pytest.mark.parametrize("cut", ["nofollow", "soft-404"])
def test_the_links_of_a_page_that_is_cut_off_are_not_followed(cut: str) -> None:
    web = Web()
    web.page(f"{A}/", ["/x"], cut=cut)
    assert found(crawl(web, f"{A}/").log) == {"/"}


# Hosts


def test_a_host_that_never_answers_is_given_up() -> None:
    web = Web()
    urls = [f"{A}/{number}" for number in range(20)]
    for url in urls:
        web.fail(url, Reason.TIMEOUT)
    web.page("http://b.test/", [f"{A}/late"])
    made = rules(retries=0)
    settings = msgspec.structs.replace(made, politeness=msgspec.structs.replace(made.politeness, host_failures=5))
    ended = crawl(web, *urls, "http://b.test/", settings=settings, capacity=1)
    reasons = [*why(ended.log).values()]
    assert (reasons.count(Reason.TIMEOUT), reasons.count(Reason.GIVEN_UP)) == (5, 16)
    assert [arrival.url for arrival in ended.arrivals].count(f"{A}/late") == 0


def test_an_answer_in_between_starts_the_count_anew() -> None:
    web = Web()
    urls = [f"{A}/{number}" for number in range(20)]
    for url in urls:
        web.fail(url, Reason.TIMEOUT)
    for url in urls[4::5]:
        web.status(url, 500)
    made = rules(retries=0)
    settings = msgspec.structs.replace(made, politeness=msgspec.structs.replace(made.politeness, host_failures=5))
    assert Reason.GIVEN_UP not in why(crawl(web, *urls, settings=settings, capacity=1).log).values()


def test_retry_after_holds_the_whole_host_and_no_other() -> None:
    web = Web()
    web.status(f"{A}/busy", 503, times=1, retry_after=100.0)
    ended = crawl(web, f"{A}/busy", f"{A}/1", f"{A}/2", "http://b.test/", settings=rules(), capacity=1, latency=1.0)
    starts = {arrival.url.removeprefix(A): arrival.at for arrival in ended.arrivals}
    assert starts == {"http://b.test/": 1.0, "/busy": 101.0, "/1": pytest.approx(102, abs=2), "/2": starts["/2"]}
    assert starts["/2"] >= 101.0


# Cookies


def cookies(log: Log) -> list[Entry]:
    return [entry for entry in log.entries if "secret" in str(msgspec.to_builtins(entry))]  # no repr shows any


def test_cookies_are_sent_back_where_they_are_on_and_are_never_recorded() -> None:
    web, seen = Web(), dict[str, str | None]()
    web.page(f"{A}/", ["/in", "http://b.test/"])
    web.page(f"{A}/in")
    web.cookies(f"{A}/", "id=secret; Path=/")

    def note(request: Request) -> float:
        seen[request.url.removeprefix(A)] = request.cookie
        return 0.1

    on = msgspec.structs.replace(rules(), identity=Identity(cookies=True))
    assert cookies(crawl(web, f"{A}/", settings=on, latency=note).log) == []
    assert seen == {"/": None, "/in": "id=secret", "http://b.test/": None}
    crawl(web, f"{A}/", settings=rules(), latency=note)
    assert seen["/in"] is None


def test_the_request_says_how_far_apart_its_host_is_asked() -> None:
    machine = Crawl(rules(delay=2.5), lambda: 0.5)
    machine.seed([f"{A}/"])
    (request,) = machine.take(0.0, 9).start
    assert request.delay == 2.5


def test_cookies_are_not_recorded_where_a_chain_ends_either() -> None:
    web = Web()
    for number in range(30):
        web.redirect(f"{A}/{number}", f"{A}/{number + 1}")
        web.cookies(f"{A}/{number}", "id=secret; Path=/")
    on = msgspec.structs.replace(rules(), identity=Identity(cookies=True))
    log = crawl(web, f"{A}/0", settings=on).log
    assert Reason.REDIRECTS in why(log).values()
    assert cookies(log) == []
