"""What ``auto`` sees of its first pages, by clocks that are set by hand."""

from __future__ import annotations

import pytest

from scraper.backends.look import Clocks, Look, Outlook
from scraper.model import Failed, Fetched, Kind, Outcome, Reason, Refused, Request, Timings


class Time:
    """Clocks that are set by hand, in seconds."""

    def __init__(self) -> None:
        self.wall = self.cpu = self.queued = 0.0

    def clocks(self) -> Clocks:
        return Clocks(lambda: self.wall, lambda: self.cpu, lambda: self.queued)

    def goes_on(self, wall: float, cpu: float = 0.0, queued: float = 0.0) -> None:
        self.wall += wall
        self.cpu += cpu
        self.queued += queued


def page(number: int, kind: Kind = Kind.PAGE, parse_us: int = 1_000) -> Fetched:
    timings = Timings(waited_us=100, server_us=30_000 if number else 20_000, body_us=1_000, parse_us=parse_us)
    return Fetched(Request(f"http://{number % 5}.test/{number}", kind=kind), 200, timings=timings)


def looked(look: Look, at: Time, pages: list[Outcome], *, wall: float, inside: float, outside: float) -> bool:
    """A turn in which ``pages`` came in; whether it was the last."""
    at.goes_on(outside, outside)
    look.enter()
    at.goes_on(wall, inside)
    return look.leave(pages, flying=10)


def test_a_look_counts_from_the_ninth_page_on() -> None:
    at = Time()
    look = Look(10, 2, least=20, clocks=at.clocks())
    for number in range(5):
        look.submitted(Request(f"http://{number}.test/", delay=0.5))
    assert not looked(look, at, [page(0), *map(page, range(1, 8))], wall=9.0, inside=5.0, outside=1.0)
    assert not looked(look, at, [page(8, Kind.ROBOTS)], wall=0.01, inside=0.002, outside=0.0)
    assert not looked(look, at, [page(number) for number in range(9, 19)], wall=0.03, inside=0.02, outside=0.005)
    at.goes_on(0.0, 0.0, queued=0.01)
    assert looked(look, at, [page(number) for number in range(19, 29)], wall=0.04, inside=0.02, outside=0.005)
    load = look.load(Outlook(left=700, hosts=50))
    assert load.pages == 20
    assert load.seconds == pytest.approx(0.01 + 0.03 + 0.005 + 0.04 + 0.005 - 0.01)
    assert load.cpu == pytest.approx(0.052 / 20)
    assert load.stays == pytest.approx(0.010 / 20)
    assert load.server == pytest.approx(0.031)
    assert load.quickest == pytest.approx(0.020)
    assert load.parse == load.parse_cpu == pytest.approx(0.001)
    assert load.flying == 10
    assert load.admitted == pytest.approx(100)
    assert (load.left, load.hosts, load.cores, load.places) == (700, 50, 2, 10)


def test_a_look_ends_after_a_while_and_sees_who_waits() -> None:
    at = Time()
    look = Look(100, 2, clocks=at.clocks())
    assert not looked(look, at, [page(number) for number in range(8)], wall=0.1, inside=0.01, outside=0.0)
    for number in range(15):
        last = looked(look, at, [page(number, parse_us=100_000)], wall=0.1, inside=0.005, outside=0.0)
        assert last == (number == 14)
    load = look.load(Outlook())
    assert load.parse == pytest.approx(0.1)
    assert load.parse_cpu == pytest.approx(0.005)
    assert load.admitted is None


def test_a_look_at_what_was_refused() -> None:
    at = Time()
    look = Look(1, 2, least=1, clocks=at.clocks())
    refused = Refused(Request("http://a.test/"), Reason.PRIVATE_ADDRESS)
    failed = Failed(Request("http://b.test/"), Reason.DNS)
    for _ in range(20):
        assert not looked(look, at, [refused], wall=0.1, inside=0.01, outside=0.0)
    assert not looked(look, at, [failed] * 8, wall=0.1, inside=0.01, outside=0.0)
    assert looked(look, at, [failed] * 2, wall=0.1, inside=0.01, outside=0.0)
    assert look.load(Outlook()).pages == 2


@pytest.mark.parametrize(
    ("hosts", "asked", "told", "admitted"),
    [(4, 40, 0, 8.0), (40, 40, 0, None), (40, 40, 1_000, 2_000.0), (4, 40, 2, 8.0)],
)
def test_what_politeness_admits_on_hosts_that_are_not_all_seen(
    hosts: int, asked: int, told: int, admitted: float | None
) -> None:
    at = Time()
    look = Look(1, 2, least=asked, clocks=at.clocks())
    for number in range(hosts):
        look.submitted(Request(f"http://{number}.test/", delay=0.5))
    looked(look, at, [page(number) for number in range(8)], wall=0.1, inside=0.01, outside=0.0)
    looked(look, at, [page(number) for number in range(asked)], wall=0.1, inside=0.01, outside=0.0)
    assert look.load(Outlook(hosts=told)).admitted == admitted
