"""The frontier: turns of the hosts, delays, requests in flight."""

from __future__ import annotations

from scraper.core import Frontier
from scraper.model import Request
from tests.webs import rules


def frontier(*urls: str, per_host: int = 4, delay: float | None = 0.0) -> Frontier:
    made = Frontier(rules(per_host=per_host, delay=delay).politeness)
    for url in urls:
        made.push(Request(url))
    return made


def popped(waiting: Frontier, now: float = 0.0) -> list[str]:
    """All that may be started at ``now``."""
    urls: list[str] = []
    while (request := waiting.pop(now)) is not None:
        urls.append(request.url.removeprefix("http://"))
    return urls


def test_nothing_waits_in_a_new_one() -> None:
    empty = frontier()
    assert (len(empty), empty.hosts, empty.pop(0.0), empty.wakeup()) == (0, 0, None, None)


def test_hosts_take_turns() -> None:
    waiting = frontier("http://a/1", "http://a/2", "http://a/3", "http://b/1", "http://c/1", "http://c/2")
    assert popped(waiting) == ["a/1", "b/1", "c/1", "a/2", "c/2", "a/3"]


def test_a_port_is_a_host_of_its_own() -> None:
    waiting = frontier("http://a/1", "http://a:81/1", "https://a/2", per_host=1)
    assert popped(waiting) == ["a/1", "a:81/1"]
    assert waiting.hosts == 2


def test_no_more_than_per_host_are_in_flight() -> None:
    waiting = frontier("http://a/1", "http://a/2", "http://a/3", "http://b/1", per_host=2)
    assert popped(waiting) == ["a/1", "b/1", "a/2"]
    assert waiting.wakeup() is None
    waiting.release(Request("http://b/1"))
    assert popped(waiting) == []
    waiting.release(Request("http://a/2"))
    assert (waiting.wakeup(), popped(waiting), len(waiting)) == (0.0, ["a/3"], 0)


def test_the_delay_passes_between_two_starts() -> None:
    waiting = frontier("http://a/1", "http://a/2", "http://b/1", delay=2.0)
    assert popped(waiting, 10.0) == ["a/1", "b/1"]
    assert waiting.wakeup() == 12.0
    assert popped(waiting, 11.9) == []
    assert popped(waiting, 12.0) == ["a/2"]


def test_the_delay_counts_from_the_start_not_from_the_end() -> None:
    waiting = frontier("http://a/1", "http://a/2", per_host=1, delay=2.0)
    assert popped(waiting, 0.0) == ["a/1"]
    assert popped(waiting, 5.0) == []
    waiting.release(Request("http://a/1"))
    assert popped(waiting, 5.0) == ["a/2"]


def test_a_url_pushed_later_keeps_the_delay_of_its_host() -> None:
    waiting = frontier("http://a/1", delay=2.0)
    assert popped(waiting, 0.0) == ["a/1"]
    waiting.release(Request("http://a/1"))
    waiting.push(Request("http://a/2"))
    assert (waiting.wakeup(), popped(waiting, 1.0), popped(waiting, 2.0)) == (2.0, [], ["a/2"])


def test_a_host_whose_delay_has_passed_waits_for_one_turn_of_the_ready_ones() -> None:
    waiting = frontier("http://a/1", "http://a/2", delay=None)
    assert popped(waiting, 0.0) == ["a/1"]
    for page in range(1, 4):
        waiting.push(Request(f"http://127.0.0.1/{page}"))
    assert popped(waiting, 0.5) == ["127.0.0.1/1", "a/2", "127.0.0.1/2", "127.0.0.1/3"]


def test_the_automatic_delay_spares_loopback_addresses() -> None:
    waiting = frontier("http://127.0.0.1:8000/1", "http://127.0.0.1:8000/2", "http://a/1", "http://a/2", delay=None)
    assert sorted(popped(waiting, 0.0)) == ["127.0.0.1:8000/1", "127.0.0.1:8000/2", "a/1"]
    assert popped(waiting, 0.5) == ["a/2"]


def test_the_wakeup_is_that_of_the_host_that_is_next() -> None:
    waiting = frontier("http://a/1", "http://a/2", "http://b/1", "http://b/2", delay=2.0)
    first = waiting.pop(1.0)
    assert first is not None
    second = waiting.pop(1.5)
    assert second is not None
    assert waiting.wakeup() == 3.0
    assert popped(waiting, 3.0) == [first.url.removeprefix("http://").replace("1", "2")]
    assert waiting.wakeup() == 3.5


def test_a_retry_goes_first() -> None:
    waiting = frontier("http://a/1", "http://a/2")
    waiting.push(Request("http://a/again", attempt=2), first=True)
    assert popped(waiting) == ["a/again", "a/1", "a/2"]


def test_discarded_urls_are_not_asked_for() -> None:
    waiting = frontier("http://a/1", "http://a/2", "http://b/1", "http://c/1")
    waiting.discard({"http://a/1", "http://b/1", "http://nowhere/"})
    assert len(waiting) == 2
    assert popped(waiting) == ["a/2", "c/1"]
    assert waiting.wakeup() is None


def test_discarding_keeps_delays_and_flights() -> None:
    waiting = frontier("http://a/1", "http://a/2", "http://a/3", per_host=1, delay=2.0)
    assert popped(waiting, 0.0) == ["a/1"]
    waiting.discard({"http://a/2"})
    assert popped(waiting, 9.0) == []
    waiting.release(Request("http://a/1"))
    assert (popped(waiting, 1.0), popped(waiting, 2.0)) == ([], ["a/3"])


def test_an_emptied_host_can_wait_again() -> None:
    waiting = frontier("http://a/1")
    waiting.discard({"http://a/1"})
    assert (popped(waiting), waiting.wakeup()) == ([], None)
    waiting.push(Request("http://a/2"))
    assert popped(waiting) == ["a/2"]
