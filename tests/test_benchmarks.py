"""The benchmarks come to their end and measure what they say."""

from __future__ import annotations

from benchmarks.runs import crawl
from benchmarks.server import Server
from benchmarks.site import Site
from benchmarks.steps import steps


def test_every_step_has_its_cost() -> None:
    with Server(Site(hosts=2, pages=10, size=2_000, links=8)) as site:
        found = dict(steps(site))
    assert len(found) >= 10
    assert all(cost > 0 for cost in found.values())


def test_a_whole_crawl_is_measured() -> None:
    with Server(Site(hosts=2, pages=10, size=2_000, links=8)) as site:
        run = crawl(site, "asyncio", 4)
    assert run.code == 0
    assert run.cpu > 0
    assert run.memory > 10_000_000
