"""A real crawl is killed, twice, and goes on: every page recorded exactly once, nothing left alive.

The moments are drawn by seed, in requests that the server has answered, so that they fall inside the crawl on any
machine. ``make kills SEEDS=20`` draws more of them.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scraper.backends import NAMES
from scraper.compare.fixture import Fixture
from scraper.compare.latency import Latency
from scraper.compare.site import Site
from scraper.model import Fetched, Kind, Outcome
from scraper.serving.server import Server
from tests.kills.group import Group, recorded

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")]

SEEDS = range(int(os.environ.get("KILL_SEEDS", "1")))
PAGES = 240


class Web:
    """A served site, and how to crawl it."""

    def __init__(self, server: Server, site: Site) -> None:
        self.server, self.site = server, site

    def start(self, backend: str, store: Path) -> Group:
        kept = ["--store", str(store)] if store.suffix == ".sqlite" else ["-o", str(store)]
        options = ["--concurrency", "6", "--workers", "2", "--delay", "0", "--per-host", "6", "--retries", "5"]
        command = [sys.executable, "-m", "scraper", "crawl", *self.site.seeds(), "-q", "--backend", backend, "--resume"]
        return Group([*command, *options, *kept])

    def wait_for(self, requests: int, group: Group) -> None:
        """Wait until so many further requests were answered, or the crawl has ended."""
        goal = self.server.served + requests
        while self.server.served < goal and group.running:
            time.sleep(0.001)


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    fixture = Fixture(hosts=3, pages=PAGES, latency=Latency("fixed", 0.004), size=3_000, links=12)
    with Server(fixture.source()) as server:
        yield Web(server, fixture.site(server.port))


def pages(store: Path) -> list[Outcome]:
    """The recorded pages; robots files are asked for in each run anew."""
    return [outcome for outcome in recorded(store) if outcome.request.kind is Kind.PAGE]


def assert_whole(web: Web, store: Path) -> None:
    outcomes = pages(store)
    assert sorted(outcome.url for outcome in outcomes) == sorted(web.site.urls())
    assert all(isinstance(outcome, Fetched) and outcome.status == 200 for outcome in outcomes)


@pytest.mark.parametrize("backend", NAMES)
@pytest.mark.parametrize("how", ["group", "parent", "Ctrl-C", "SIGTERM"])
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["crawl.sqlite", "crawl.jsonl"])
def test_killed_twice_then_whole(web: Web, tmp_path: Path, backend: str, how: str, seed: int, name: str) -> None:
    rng, store = random.Random(f"{seed}/{backend}/{how}/{name}"), tmp_path / name
    for _ in range(2):
        group = web.start(backend, store)
        web.wait_for(rng.randrange(1, PAGES // 3), group)
        code = group.end(how)
        assert code == (-signal.SIGKILL if how in ("group", "parent") else 130), group.errors
        group.assert_gone()
    group = web.start(backend, store)
    assert group.wait() == 0, group.errors
    group.assert_gone()
    assert_whole(web, store)


@pytest.mark.parametrize("backend", ["processes", "hybrid"])
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["crawl.sqlite", "crawl.jsonl"])
def test_killed_workers_are_replaced(web: Web, tmp_path: Path, backend: str, seed: int, name: str) -> None:
    rng, store = random.Random(f"{seed}/{backend}/{name}"), tmp_path / name
    group = web.start(backend, store)
    for _ in range(2):
        web.wait_for(rng.randrange(1, PAGES // 3), group)
        group.kill_worker(rng)
    assert group.wait() == 0, group.errors
    group.assert_gone()
    assert_whole(web, store)


def test_a_second_interrupt_ends_at_once(web: Web, tmp_path: Path) -> None:
    store = tmp_path / "crawl.sqlite"
    group = web.start("asyncio", store)
    web.wait_for(50, group)
    group.signal(signal.SIGINT)
    group.signal(signal.SIGINT)
    assert group.wait() == 130, group.errors
    group.assert_gone()
    outcomes = pages(store)
    assert len({outcome.url for outcome in outcomes}) == len(outcomes)
