"""The simulated backend by itself; the law that it shares with the others is tested with them."""

from __future__ import annotations

import pytest

from scraper.backends.simulated import Arrival, Simulated, Web
from scraper.errors import ConfigError
from scraper.model import Failed, Fetched, Page, Reason, Request

A, B = "http://a/", "http://a/b"


def test_what_was_said_is_answered() -> None:
    web = Web()
    web.page(A, ["/b", "http://c", "/b#part", "mailto:x@y"], title="A")
    web.redirect(B, "/old")
    web.status("http://a/gone", 410, retry_after=3.0)
    assert web.answer(Request(A)) == Fetched(
        Request(A), 200, Page("A", (B, "http://c/"), "utf-8"), content_type="text/html"
    )
    assert web.answer(Request(B, 2)) == Fetched(Request(B, 2), 301, location="http://a/old")
    assert web.answer(Request("http://a/gone")) == Fetched(Request("http://a/gone"), 410, retry_after=3.0)
    assert web.answer(Request("http://a/nothing")) == Fetched(Request("http://a/nothing"), 404)


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
