"""The pace of a worker: starts on one host are as far apart as the request says that comes now."""

from __future__ import annotations

from scraper.backends.pace import Pace
from scraper.model import Request


def page(delay: float, host: str = "a") -> Request:
    return Request(f"http://{host}/", delay=delay)


def test_the_first_start_counts_and_the_next_is_held_back() -> None:
    pace = Pace()
    assert pace.pause(page(2.0), 10.0) == 0.0
    assert pace.pause(page(2.0), 10.5) == 1.5
    assert pace.pause(page(2.0, "b"), 10.5) == 0.0
    assert pace.pause(page(2.0), 12.0) == 0.0
    assert pace.pause(page(2.0), 12.0) == 2.0


def test_a_delay_that_has_changed_counts_from_the_last_start_on() -> None:
    """A server that has recovered, or a robots file that asks for less than the one before."""
    pace = Pace()
    assert pace.pause(page(30.0), 0.0) == 0.0
    assert pace.pause(page(1.0), 1.0) == 0.0
    assert pace.pause(page(5.0), 2.0) == 4.0


def test_what_has_no_delay_is_never_held_back() -> None:
    pace = Pace()
    assert [pace.pause(page(0.0), 1.0) for _ in range(3)] == [0.0] * 3


def test_hosts_that_are_not_met_again_are_forgotten() -> None:
    """A watch may meet new ones for years."""
    pace = Pace()
    for number in range(50_000):
        assert pace.pause(page(1.0, f"host{number}"), float(number)) == 0.0
    assert len(pace._last) <= 10_000
    assert pace.pause(page(1.0, "host49999"), 49_999.5) == 0.5
