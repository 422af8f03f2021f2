"""The frontier: turns of the hosts, delays, requests in flight."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.core.frontier import Flight, Frontier
from scraper.model import Kind, Request
from scraper.settings import Politeness


class Hand:
    """A frontier driven by hand."""

    def __init__(
        self, *urls: str, per_host: int = 4, per_address: int | None = None, delay: float | None = 0.0
    ) -> None:
        politeness = Politeness(per_host=per_host, per_address=per_address, delay=delay)
        self.waiting = Frontier(politeness)
        self.flights: dict[str, Flight] = {}
        self.push(*urls)

    def push(self, *urls: str) -> None:
        for url in urls:
            self.waiting.push([f"http://{url}"], 0, None)

    def pop(self, now: float = 0.0) -> str | None:
        """Start what may be started next."""
        site = self.waiting.pop(now)
        if site is None:
            return None
        request = self.waiting.next(site)
        name = request.url.removeprefix("http://")
        self.flights[name] = self.waiting.start(request, site, now)
        return name

    def popped(self, now: float = 0.0) -> list[str]:
        """All that may be started at ``now``."""
        names: list[str] = []
        while (name := self.pop(now)) is not None:
            names.append(name)
        return names

    def release(self, name: str) -> None:
        self.waiting.release(self.flights.pop(name))

    def locate(self, host: str, address: str) -> None:
        self.waiting.locate(self.waiting.site(f"http://{host}/"), address)


def hashes(*urls: str) -> set[int]:
    return {hash(f"http://{url}") for url in urls}


def test_nothing_waits_in_a_new_one() -> None:
    empty = Hand().waiting
    assert (len(empty), empty.hosts, empty.pop(0.0), empty.wakeup()) == (0, 0, None, None)


def test_hosts_take_turns() -> None:
    hand = Hand("a/1", "a/2", "a/3", "b/1", "c/1", "c/2")
    assert hand.popped() == ["a/1", "b/1", "c/1", "a/2", "c/2", "a/3"]


def test_a_port_is_a_host_of_its_own() -> None:
    hand = Hand("a/1", "a:81/1", "a/2", per_host=1)
    assert hand.popped() == ["a/1", "a:81/1"]
    assert hand.waiting.hosts == 2


def test_two_schemes_of_one_host_share_its_limits() -> None:
    hand = Hand("a/1", per_host=1)
    hand.waiting.push(["https://a/2"], 0, None)
    assert hand.popped() == ["a/1"]
    hand.release("a/1")
    assert (hand.popped(), hand.waiting.hosts) == (["https://a/2"], 1)


def test_no_more_than_per_host_are_in_flight() -> None:
    hand = Hand("a/1", "a/2", "a/3", "b/1", per_host=2)
    assert hand.popped() == ["a/1", "b/1", "a/2"]
    assert hand.waiting.wakeup() is None
    hand.release("b/1")
    assert hand.popped() == []
    hand.release("a/2")
    assert (hand.waiting.wakeup(), hand.popped(), len(hand.waiting)) == (0.0, ["a/3"], 0)


def test_the_delay_passes_between_two_starts() -> None:
    hand = Hand("a/1", "a/2", "b/1", delay=2.0)
    assert hand.popped(10.0) == ["a/1", "b/1"]
    assert hand.waiting.wakeup() == 12.0
    assert hand.popped(11.9) == []
    assert hand.popped(12.0) == ["a/2"]


def test_the_delay_counts_from_the_start_not_from_the_end() -> None:
    hand = Hand("a/1", "a/2", per_host=1, delay=2.0)
    assert hand.popped(0.0) == ["a/1"]
    assert hand.popped(5.0) == []
    hand.release("a/1")
    assert hand.popped(5.0) == ["a/2"]


def test_a_url_pushed_later_keeps_the_delay_of_its_host() -> None:
    hand = Hand("a/1", delay=2.0)
    assert hand.popped(0.0) == ["a/1"]
    hand.release("a/1")
    hand.push("a/2")
    assert (hand.waiting.wakeup(), hand.popped(1.0), hand.popped(2.0)) == (2.0, [], ["a/2"])


def test_a_host_whose_delay_has_passed_waits_for_one_turn_of_the_ready_ones() -> None:
    hand = Hand("a/1", "a/2", delay=None)
    assert hand.popped(0.0) == ["a/1"]
    for page in range(1, 4):
        hand.push(f"127.0.0.1/{page}")
    assert hand.popped(0.5) == ["127.0.0.1/1", "a/2", "127.0.0.1/2", "127.0.0.1/3"]


def test_the_automatic_delay_spares_loopback_addresses() -> None:
    hand = Hand("127.0.0.1:8000/1", "127.0.0.1:8000/2", "a/1", "a/2", delay=None)
    assert sorted(hand.popped(0.0)) == ["127.0.0.1:8000/1", "127.0.0.1:8000/2", "a/1"]
    assert hand.popped(0.5) == ["a/2"]


def test_the_wakeup_is_that_of_the_host_that_is_next() -> None:
    hand = Hand("a/1", "a/2", "b/1", "b/2", delay=2.0)
    first = hand.pop(1.0)
    assert first is not None
    second = hand.pop(1.5)
    assert second is not None
    assert hand.waiting.wakeup() == 3.0
    assert hand.popped(3.0) == [first.replace("1", "2")]
    assert hand.waiting.wakeup() == 3.5


def test_a_retry_goes_first() -> None:
    hand = Hand("a/1", "a/2")
    hand.waiting.push_again(Request("http://a/again", attempt=2))
    assert hand.popped() == ["a/again", "a/1", "a/2"]


def test_discarded_urls_are_not_asked_for() -> None:
    hand = Hand("a/1", "a/2", "b/1", "c/1")
    hand.waiting.discard(hashes("a/1", "b/1", "nowhere/"))
    assert len(hand.waiting) == 2
    assert hand.popped() == ["a/2", "c/1"]
    assert hand.waiting.wakeup() is None


def test_discarding_keeps_delays_and_flights() -> None:
    hand = Hand("a/1", "a/2", "a/3", per_host=1, delay=2.0)
    assert hand.popped(0.0) == ["a/1"]
    hand.waiting.discard(hashes("a/2"))
    assert hand.popped(9.0) == []
    hand.release("a/1")
    assert (hand.popped(1.0), hand.popped(2.0)) == ([], ["a/3"])


def test_an_emptied_host_can_wait_again() -> None:
    hand = Hand("a/1")
    hand.waiting.discard(hashes("a/1"))
    assert (hand.popped(), hand.waiting.wakeup()) == ([], None)
    hand.push("a/2")
    assert hand.popped() == ["a/2"]


# Addresses


def test_hosts_on_one_address_share_its_limit() -> None:
    hand = Hand("a/1", "b/1", "c/1", per_address=2)
    for host in "abc":
        hand.locate(host, "198.18.0.1")
    assert hand.popped() == ["a/1", "b/1"]
    hand.release("b/1")
    assert hand.popped() == ["c/1"]


def test_an_address_is_asked_at_most_four_times_as_often_as_a_host() -> None:
    hand = Hand("a/1", "b/1", "c/1", "a/2", delay=2.0)
    for host in "abc":
        hand.locate(host, "198.18.0.1")
    assert [hand.popped(at) for at in (10.0, 10.4, 10.5, 10.9, 11.0)] == [["a/1"], [], ["b/1"], [], ["c/1"]]
    assert (hand.popped(11.9), hand.popped(12.0)) == ([], ["a/2"])


def test_what_waits_behind_a_full_address_holds_up_nobody_else() -> None:
    hand = Hand("a/1", "a/2", "b/1", "b/2", "c/1", per_host=1, per_address=1)
    for host in "ab":
        hand.locate(host, "198.18.0.1")
    assert hand.popped() == ["a/1", "c/1"]
    hand.release("a/1")
    assert hand.popped() == ["b/1"]
    hand.release("b/1")
    assert hand.popped() == ["a/2"]


def test_a_place_that_a_waiting_site_cannot_use_goes_to_the_next() -> None:
    """``a`` waits first at the address, but its host is full when a place is free: ``b`` must have it."""
    hand = Hand("a/1", "a/2", "b/1", per_host=1, per_address=2)
    for host in "ab":
        hand.locate(host, "198.18.0.1")
    hand.push("c/1")
    hand.locate("c", "198.18.0.1")
    assert hand.popped() == ["a/1", "b/1"]
    hand.release("b/1")
    assert hand.popped() == ["c/1"]


def test_an_address_met_in_flight_counts_from_the_next_start_on() -> None:
    hand = Hand("a/1", "a/2", "a/3", per_address=1)
    assert hand.pop() == "a/1"
    hand.locate("a", "198.18.0.1")
    assert hand.popped() == ["a/2"]
    hand.release("a/1")
    assert hand.popped() == []
    hand.release("a/2")
    assert hand.popped() == ["a/3"]


def test_the_schemes_of_a_host_have_one_address() -> None:
    hand = Hand("a/1", per_host=9, per_address=1)
    hand.locate("a", "198.18.0.1")
    hand.waiting.push(["https://a/2"], 0, None)
    assert hand.popped() == ["a/1"]
    hand.release("a/1")
    assert hand.popped() == ["https://a/2"]


# Files


def test_files_go_before_pages_and_do_not_wait_for_robots() -> None:
    hand = Hand("a/1")
    hand.waiting.site("http://a/").asking = True
    assert hand.popped() == []
    hand.waiting.push_file(Request("http://a/robots.txt", kind=Kind.ROBOTS))
    assert (hand.popped(), len(hand.waiting)) == (["a/robots.txt"], 1)


def test_sitemaps_take_turns_with_pages_and_robots_files_go_first() -> None:
    hand = Hand("a/1", "a/2")
    for file in ("1.xml", "2.xml", "3.xml"):
        hand.waiting.push_file(Request(f"http://a/{file}", kind=Kind.SITEMAP))
    hand.waiting.push_file(Request("http://a/robots.txt", kind=Kind.ROBOTS))
    started = []
    while (name := hand.pop()) is not None:
        hand.release(name)
        started.append(name.removeprefix("a/"))
    assert started == ["robots.txt", "1.xml", "1", "2.xml", "2", "3.xml"]


@settings(max_examples=200)
@given(st.lists(st.integers(1, 30), min_size=2, max_size=8), st.integers(1, 4))
def test_no_host_with_work_waits_longer_than_one_turn_of_the_others(sizes: list[int], per_host: int) -> None:
    hand = Hand(*(f"{host}/{page}" for host, size in enumerate(sizes) for page in range(size)), per_host=per_host)
    waited, left = [0] * len(sizes), list(sizes)
    while (name := hand.pop()) is not None:
        hand.release(name)
        asked = int(name.partition("/")[0], 10) if name[0].isdigit() else 0
        left[asked] -= 1
        waited = [0 if host == asked else turns + 1 for host, turns in enumerate(waited)]
        assert all(turns < len(sizes) for turns, count in zip(waited, left, strict=True) if count)
    assert left == [0] * len(sizes)


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 2)), min_size=1, max_size=40),
    st.integers(1, 3),
    st.integers(1, 3),
    st.sampled_from([0.0, 1.0]),
    st.data(),
)
def test_whatever_ends_in_whatever_order_everything_is_started(
    pages: list[tuple[str, int]], per_host: int, per_address: int, delay: float, data: st.DataObject
) -> None:
    """No turn is lost between the gates of hosts and addresses."""
    hand = Hand(per_host=per_host, per_address=per_address, delay=delay)
    hand.push(*(f"{host}/{number}" for number, (host, _) in enumerate(pages)))
    for host, address in dict(pages).items():
        hand.locate(host, f"198.18.0.{address}")
    now, started = 0.0, 0
    while True:
        started += len(hand.popped(now))
        if hand.flights:
            hand.release(data.draw(st.sampled_from(sorted(hand.flights))))
        elif (wakeup := hand.waiting.wakeup()) is None:
            break
        else:
            assert wakeup > now
            now = wakeup
    assert started == len(pages)
