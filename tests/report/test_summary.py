from __future__ import annotations

import io
from typing import Any

import pytest

from scraper.model import Failed, Fetched, Outcome, Reason, Refused, Request, Timings
from scraper.options import make_settings
from scraper.report.hints import hints
from scraper.report.style import paint, wants_color
from scraper.report.summary import summary
from scraper.run import around
from scraper.stats import Stats


def crawl() -> Stats:
    stats = Stats()
    outcomes: list[Outcome] = [
        Fetched(
            Request(f"http://h{number % 5}/"), status, size=30_000, wire=9_000, timings=Timings(300, 20_000, 5, 400)
        )
        for number, status in enumerate([200] * 1500 + [301] * 20 + [404] * 3)
    ]
    outcomes.append(Failed(Request("http://slow/"), Reason.TIMEOUT, timings=Timings(300, 0, 0, 0)))
    outcomes.append(Refused(Request("http://h0/private"), Reason.ROBOTS))
    for outcome in outcomes:
        stats.count_fetch(outcome)
        stats.count_final(outcome)
    return stats


def test_a_crawl_is_told_in_full() -> None:
    go_on = "scraper crawl --store a.sqlite --resume"
    text = summary(crawl(), 12.2, results="a.sqlite", go_on=go_on, recorded=1_000, interrupted=True)
    assert text.splitlines() == [
        "interrupted: 1,525 pages in 12.2 s, 125.0 a second, 4 failures",
        "  outcomes  200              1,500   98.4%",
        "            301                 20    1.3%",
        "            404                  3    0.2%",
        "            refused: robots      1    0.1%",
        "            timeout              1    0.1%",
        "  hosts     6: h0 306, h1 305, h2 305, and 3 more",
        "  server    p50 20.5 ms, p90 20.5 ms, p99 20.5 ms, max 20.5 ms to the headers",
        "  waiting   0.3 ms a fetch, in our own queues",
        "  parsing   0.4 ms a fetch",
        "  received  13.7 MB, 45.7 MB decompressed, in 1,524 fetches",
        "  results   a.sqlite",
        "  before    1,000 already recorded",
        "  to go on  scraper crawl --store a.sqlite --resume",
    ]


def test_what_is_no_page_has_a_row() -> None:
    assert "  besides   3 robots.txt, 1 sitemap\n" in summary(Stats(others={"robots": 3, "sitemap": 1}), 1.0)
    assert "  besides   2 sitemaps\n" in summary(Stats(others={"sitemap": 2}), 1.0)
    assert "besides" not in summary(Stats(), 1.0)


def test_hints_are_notes_under_each_other() -> None:
    text = summary(Stats(), 1.0, hints=["one", "two \x1b[31m"], go_on="scraper")
    assert text.splitlines()[1:] == ["  note      one", "            two \ufffd[31m", "  to go on  scraper"]


def hinted(stats: Stats, seeds: list[str], **options: Any) -> list[str]:
    return list(hints(stats, around(make_settings(**options), seeds), seeds))


def test_hints_name_what_could_be_done() -> None:
    outcomes = {"200": 3, "refused: robots": 1200, "refused: crawl-delay": 1, "private-address": 2}
    assert hinted(Stats(outcomes=outcomes, sitemaps_named=3), ["http://a/"]) == [
        "1,200 URLs refused by robots.txt",
        "1 URL left alone: robots.txt asks for longer pauses than --max-crawl-delay",
        "2 URLs at addresses that are not public: --allow-private",
        "robots.txt names 3 sitemaps, not read: --sitemaps",
    ]
    assert hinted(Stats(sitemaps_named=3), ["http://a/"], sitemaps=True) == []
    assert hinted(Stats(), ["http://a/"], ignore_robots="our own site") == ["robots.txt ignored: our own site"]
    left_out = ["--include and --exclude leave out every URL that was given"]
    assert hinted(Stats(), ["http://a/", "http://b/"], exclude="://a") == []
    assert hinted(Stats(), ["http://a/", "http://b/"], include="x$") == left_out


def test_a_crawl_of_nothing_is_told_too() -> None:
    assert summary(Stats(), 0.0) == "0 pages in 0 ms, 0.0 a second, 0 failures\n"


def test_failures_are_red_where_colour_is_wanted() -> None:
    assert paint("404            ", "red") in summary(crawl(), 1.0, color=True)
    assert "\x1b" not in summary(crawl(), 1.0)


def test_nothing_of_a_name_steers_the_terminal() -> None:
    assert "\x1b" not in summary(Stats(), 1.0, results="\x1b]0;evil\x07.csv", go_on="\u202e")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("mode", "stream", "environ", "wanted"),
    [
        ("auto", Terminal(), {}, True),
        ("auto", Terminal(), {"NO_COLOR": "1"}, False),
        ("auto", Terminal(), {"NO_COLOR": ""}, True),
        ("auto", Terminal(), {"TERM": "dumb"}, False),
        ("auto", io.StringIO(), {}, False),
        ("always", io.StringIO(), {"NO_COLOR": "1"}, True),
        ("never", Terminal(), {}, False),
    ],
)
def test_colour_goes_where_it_is_wanted(mode: str, stream: io.StringIO, environ: dict[str, str], wanted: bool) -> None:
    assert wants_color(mode, stream, environ) is wanted


def test_pages_that_the_users_function_failed_on_have_a_row() -> None:
    text = summary(Stats(outcomes={"200": 1}, failures=1, parse_errors=1), 1.0)
    assert "1 failure\n" in text
    assert "  parse     1 page on which your function failed" in text
