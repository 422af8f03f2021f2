"""Starvation: who has much to do, or is slow, must not keep the others from ever getting their turn.

The guards: hosts take turns, and ``per_host`` leaves places that no single host can take.
"""

from __future__ import annotations

import itertools
from collections import deque

import pytest

from scraper import Simulated, Web
from scraper.core import Crawl
from scraper.core.frontier import Frontier
from scraper.core.site import Site
from scraper.engine import run
from scraper.model import Fetched, Request
from scraper.run import Nowhere
from scraper.settings import Politeness, Settings
from scraper.url import host_key
from tests.hazards.apparatus import everywhere, numbered

HUGE = numbered("http://huge.test", range(10_000))
SMALL = [url for host in range(20) for url in numbered(f"http://small{host}.test", range(5))]
SLOW = numbered("http://slow.test", range(100))
QUICK = [url for host in range(20) for url in numbered(f"http://quick{host}.test", range(40))]

ANYTHING = Web.of(lambda request: Fetched(request, 200))


class OneRow(deque[Site]):
    """Gives out whoever was met first, as long as there is anything to start: no turns."""

    def __init__(self) -> None:
        super().__init__()
        self._met: dict[str, int] = {}

    def append(self, site: Site, /) -> None:
        self._met.setdefault(site.origin, len(self._met))
        super().append(site)

    def popleft(self) -> Site:
        first = min(self, key=lambda site: self._met[site.origin])
        self.remove(first)
        return first


class FirstComeFirstServed(Frontier):
    """A frontier that is one row of URLs, as a plain ``Queue`` is."""

    def __init__(self, politeness: Politeness) -> None:
        super().__init__(politeness)
        self._ready = OneRow()


def started(settings: Settings, seeds: list[str], patience: int = 1_000) -> list[str]:
    """The hosts of the first ``patience`` requests, in the order in which they were started."""
    crawl, backend = Crawl(settings, lambda: 0.5), Simulated(ANYTHING, settings.concurrency)
    crawl.seed(seeds)
    for _ in run(crawl, backend, Nowhere()):
        if len(backend.arrivals) >= patience:
            break
    return [host_key(arrival.url) for arrival in backend.arrivals]


def test_a_huge_host_takes_one_turn_in_every_round() -> None:
    hosts = started(everywhere(capacity=4), [*HUGE, *SMALL])
    everyone = {host_key(url) for url in [HUGE[0], *SMALL]}
    rounds = [set(hosts[at : at + len(everyone)]) for at in range(0, 5 * len(everyone), len(everyone))]
    assert rounds == [everyone] * 5


def test_without_turns_a_huge_host_starves_the_small_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scraper.core.crawl.Frontier", FirstComeFirstServed)
    assert set(started(everywhere(capacity=4), [*HUGE, *SMALL])) == {"huge.test"}


def seconds(settings: Settings) -> tuple[float, float]:
    """When the last page of the quick hosts came in, and the first of the slow one: simulated seconds."""

    def latency(request: Request) -> float:
        return 30.0 if host_key(request.url) == "slow.test" else 0.1

    crawl, backend = Crawl(settings, lambda: 0.5), Simulated(ANYTHING, settings.concurrency, latency)
    crawl.seed([*SLOW, *QUICK])
    for _ in itertools.takewhile(lambda _: backend.clock() < 200.0, run(crawl, backend, Nowhere())):
        pass
    ends = {slow: [at.until for at in backend.arrivals if ("slow" in at.url) == slow] for slow in (True, False)}
    assert len(ends[False]) == len(QUICK)
    return max(ends[False]), min(ends[True])


def test_a_slow_host_keeps_no_more_than_its_places() -> None:
    last_quick, first_slow = seconds(everywhere(capacity=16, per_host=4))
    assert last_quick < first_slow == 30.0


def test_without_a_limit_a_slow_host_ends_up_with_all_places() -> None:
    """Turns alone do not help: every place that falls to the slow host is gone for half a minute."""
    last_quick, first_slow = seconds(everywhere(capacity=16, per_host=16))
    assert last_quick > 30.0 == first_slow
