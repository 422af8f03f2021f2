from __future__ import annotations

import io

import pytest

from scraper.model import Failed, Fetched, Reason, Request
from scraper.report.progress import LIVE_SECONDS, PLAIN_SECONDS, Progress, Rate, eta
from scraper.stats import Stats


class Stage:
    """A crawl's clock and screen."""

    def __init__(self, *, live: bool, quiet: bool = False) -> None:
        self.now = 100.0
        self.stats = Stats()
        self.screen = io.StringIO()
        self.progress = Progress(self.screen, live=live, quiet=quiet, clock=lambda: self.now)

    def fetch(self, pages: int, status: int = 200) -> None:
        for _ in range(pages):
            self.stats.count_final(Fetched(Request("http://a/"), status))

    def look(self, after: float, pages_left: int | None = None, time_left: float | None = None) -> None:
        self.now += after
        self.progress.update(self.stats, in_flight=3, waiting=1234, hosts=1, pages_left=pages_left, time_left=time_left)

    @property
    def shown(self) -> str:
        return self.screen.getvalue()


def test_a_pipe_gets_a_plain_line_every_ten_seconds() -> None:
    stage = Stage(live=False)
    for _ in range(25 * 8):
        stage.look(0.125)
        stage.fetch(1)
    assert stage.shown.splitlines() == [
        "79 pages  7.9/s  3 in flight  1,234 waiting  1 host",
        "159 pages  8.0/s  3 in flight  1,234 waiting  1 host",
    ]


def test_a_terminal_is_redrawn_five_times_a_second_at_most() -> None:
    stage = Stage(live=True)
    for _ in range(1001):
        stage.look(0.001)
    assert stage.shown.count("\r") == 5 + 1
    assert "\n" not in stage.shown


def test_a_live_line_is_taken_away_once() -> None:
    stage = Stage(live=True)
    stage.progress.clear()
    assert stage.shown == ""
    stage.look(1)
    stage.progress.clear()
    stage.progress.clear()
    assert stage.shown.endswith("\x1b[K\r\x1b[K")
    assert stage.shown.count("\r") == 2


def test_a_live_line_never_wraps() -> None:
    stage = Stage(live=True)
    for status in (404, 410, 500, 503):
        stage.fetch(1000, status)
    stage.look(1, pages_left=1_000_000)
    assert len(stage.shown.removeprefix("\r").removesuffix("\x1b[K")) == 79


def test_failures_are_named_the_most_frequent_first() -> None:
    stage = Stage(live=False)
    stage.fetch(2)
    stage.fetch(3, status=404)
    stage.stats.count_final(Failed(Request("http://a/"), Reason.DNS))
    stage.look(10)
    assert "4 failed (404 3, dns 1)" in stage.shown


def test_the_time_left_is_told_when_a_budget_tells() -> None:
    stage = Stage(live=False)
    stage.fetch(100)
    stage.look(10, pages_left=600)
    assert stage.shown.endswith("  1m00s left\n")


def test_quiet_is_quiet() -> None:
    stage = Stage(live=True, quiet=True)
    stage.look(60)
    assert not stage.progress.due
    assert stage.shown == ""


def test_a_screen_that_is_gone_ends_no_crawl(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(text: str) -> int:
        raise BrokenPipeError

    stage = Stage(live=False)
    monkeypatch.setattr(stage.screen, "write", refuse)
    stage.look(PLAIN_SECONDS)
    assert not stage.progress.due


def test_the_rate_is_that_of_the_window() -> None:
    rate = Rate(window=10)
    assert rate.at(0, 0) == 0
    assert rate.at(5, 500) == 100
    assert rate.at(10, 500) == 50
    assert rate.at(20, 510) == 1
    assert rate.at(20, 510) == 1


@pytest.mark.parametrize(
    ("rate", "pages_left", "time_left", "seconds"),
    [
        (10.0, None, None, None),
        (0.0, 100, None, None),
        (10.0, 100, None, 10.0),
        (10.0, 100, 5.0, 5.0),
        (0.0, 100, 5.0, 5.0),
        (10.0, 100, 50.0, 10.0),
        (10.0, None, -1.0, 0.0),
    ],
)
def test_the_nearer_budget_ends_the_crawl(
    rate: float, pages_left: int | None, time_left: float | None, seconds: float | None
) -> None:
    assert eta(rate, pages_left, time_left) == seconds


def test_looks_are_as_often_as_documented() -> None:
    assert (LIVE_SECONDS, PLAIN_SECONDS) == (0.2, 10.0)


def test_one_page_is_no_pages() -> None:
    stage = Stage(live=False)
    stage.fetch(1)
    stage.look(PLAIN_SECONDS)
    assert stage.shown.startswith("1 page  ")
