"""The benchmarks come to their end and measure what they say."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import pytest

from benchmarks import latency, watch
from benchmarks.history import asking, keeping, writing
from benchmarks.runs import crawl
from benchmarks.scale import Point, alone, core, memory, rounds, whole
from benchmarks.steps import steps
from benchmarks.web import LINKS, Endless
from scraper.compare.fixture import Fixture
from scraper.core import Crawl
from scraper.model import Request
from scraper.run import Nowhere
from scraper.serving.server import Server
from tests.webs import page_of

SMALL = Fixture(hosts=2, pages=20, size=2_000, links=8)


def test_every_step_has_its_cost() -> None:
    with Server(SMALL.source(), scale=0) as server:
        found = dict(steps(SMALL.site(server.port)))
    assert len(found) >= 10
    assert all(cost > 0 for cost in found.values())


def test_a_whole_crawl_is_measured() -> None:
    with Server(SMALL.source(), scale=0) as server:
        run = crawl(SMALL.site(server.port), "asyncio", 4)
    assert run.code == 0
    assert run.cpu > 0
    assert run.memory > 10_000_000


def point(*, fetched: bool, limited: bool = False) -> Point:
    return Point(known=1_000, hosts=10, fetched=fetched, limited=limited)


@pytest.mark.parametrize("limited", [False, True])
def test_the_endless_web_is_known_as_a_whole_and_fetched_or_not(limited: bool) -> None:
    waiting, fetched = (memory_crawl(point(fetched=fetched, limited=limited)) for fetched in (False, True))
    assert (waiting.known, fetched.known) == (1_000, 1_000)
    assert waiting.waiting > 900
    assert fetched.done


def test_the_endless_web_answers_the_same_always() -> None:
    [root], other = Endless(1, 5_000).seeds(), Endless(1, 5_000)
    found = page_of(Endless(1, 5_000).answer(Request(root)))
    assert found == page_of(other.answer(Request(root)))
    assert len(found.links) == LINKS


def test_memory_and_cpu_of_large_crawls_are_measured_in_processes_of_their_own() -> None:
    [found] = alone(memory, [point(fetched=False)], 1)
    assert found.known == 1_000
    assert found.peak >= found.now > 0
    for measure in (core, whole):
        [cost] = alone(measure, [point(fetched=True)], 1)
        assert cost > 0


def test_a_watch_and_its_page_are_measured() -> None:
    load = watch.Load(hosts=2, pages=3, every=1, seconds=2.0, clients=4, listeners=1, pause=0.05, warm=2.0)
    found = watch.measure(load)
    assert found.done > 0
    assert found.down == 0
    assert found.cpu > 0
    assert all(times for times in found.answers.values())
    assert min(found.memory) > 10_000_000
    assert len(watch.told(found)) > 10


def memory_crawl(at: Point) -> Crawl:
    """The crawl that memory is measured of, at the moment of the measurement."""
    return deque(rounds(at, at.web(), Nowhere()), maxlen=1).pop()


def test_the_history_of_a_watch_is_measured(tmp_path: Path) -> None:
    done, *costs = writing(tmp_path / "a.sqlite", count=10, minutes=3)
    assert done >= 30
    assert all(cost > 0 for cost in costs)
    assert keeping(tmp_path / "b.sqlite", few=1, days=4).keys() >= {"results", "hours", "days", "free pages"}
    assert all(min(times) > 0 for times in asking(tmp_path / "c.sqlite", count=5, days=5).values())


def test_the_latency_of_a_server_is_measured() -> None:
    with latency.Server(0.02) as server:
        sight = latency.probe("asyncio", server.urls(20))
        delays = server.delays()
    assert (len(sight.first), len(sight.server), sight.failed, len(delays)) == (20, 20, 0, 20)
    assert sight.gap <= 0.002
    assert min(sight.first) > 10
    assert min(delays) > 10
