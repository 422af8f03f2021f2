"""A race: two threads look whether a URL is known, both find that it is not, and both add it.

The guard: one owner. Workers only turn a request into an outcome; what is known is looked up and added by one thread,
so that nothing can come between the look and the addition, and no lock is needed.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import pytest

from scraper.backends.threads import Threads
from scraper.core import Crawl
from scraper.engine import run
from scraper.model import Fetched, Outcome, Page, Request
from tests.hazards.apparatus import PATIENCE, everywhere, in_background
from tests.server import Behaviour, ScriptedServer, page
from tests.webs import Log

A, B, NEW = "http://a.test/", "http://b.test/", "http://new.test/"


class Hesitant(dict[int, int]):
    """The depths of the known URLs, with a stop between the look and the addition: both threads must have looked.

    From there on they go one after the other. Not even at the same time need they add, for it to go wrong.
    """

    def __init__(self, known: dict[int, int], patience: float) -> None:
        super().__init__(known)
        self.one_by_one = threading.Lock()
        self._both = threading.Barrier(2)
        self._patience = patience

    def __contains__(self, key: object) -> bool:
        found = super().__contains__(key)
        with contextlib.suppress(threading.BrokenBarrierError):  # nobody else came
            self._both.wait(self._patience)
        assert self.one_by_one.acquire(timeout=PATIENCE)
        return found


class Scene:
    """A crawl whose two seeds have been fetched and not received; both have a link to a third page."""

    def __init__(self, patience: float) -> None:
        self.crawl = Crawl(everywhere(), lambda: 0.5)
        self.crawl.seed([A, B])
        requests = self.crawl.take(0.0, 2).start
        known = self.crawl._reach._known
        known.depths = self.depths = Hesitant(known.depths, patience)
        self.outcomes: list[Outcome] = [Fetched(request, 200, Page(links=(NEW,))) for request in requests]

    def receive(self, outcome: Outcome) -> None:
        self.crawl.receive(outcome, 0.0)
        self.depths.one_by_one.release()

    def fetched_after(self) -> list[str]:
        """What is fetched from here on."""
        urls: list[str] = []
        while started := self.crawl.take(0.0, 10).start:
            for request in started:
                urls.append(request.url)
                self.crawl.receive(Fetched(request, 200), 0.0)
        return urls


def test_one_owner_lets_a_link_in_once() -> None:
    scene = Scene(patience=0.05)  # in which nobody else comes
    for outcome in scene.outcomes:
        scene.receive(outcome)
    assert scene.fetched_after() == [NEW]


def test_without_the_owner_two_workers_let_the_same_link_in() -> None:
    """Each worker tells the crawl itself what it has found."""
    scene = Scene(patience=PATIENCE)
    workers = [in_background(scene.receive, outcome) for outcome in scene.outcomes]
    for worker in workers:
        worker.join(PATIENCE)
    assert scene.fetched_after() == [NEW, NEW]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as made:
        yield made


def together(count: int, answer: Behaviour) -> Behaviour:
    """An answer that goes out when ``count`` requests are there."""
    barrier = threading.Barrier(count)

    def behave(connection: object) -> bool:
        barrier.wait(PATIENCE)
        return answer(connection)  # type: ignore[arg-type]

    return behave


def test_eight_pages_that_come_in_at_the_same_time_lead_to_one_fetch(server: ScriptedServer) -> None:
    """The real thing: eight threads parse the same link at the same moment."""
    target = server.script("/target", page("<title>target</title>"))
    links = together(8, page(f'<a href="{target}">there</a>'))
    seeds = [server.script(f"/{number}", links) for number in range(8)]
    settings = everywhere(capacity=8, per_host=8, private=True)
    crawl, backend, store = Crawl(settings, lambda: 0.5), Threads(settings), Log()
    crawl.seed(seeds)
    with contextlib.closing(backend):
        for _ in run(crawl, backend, store):
            pass
    assert server.hits["/target"] == 1
    assert sorted(store.urls) == sorted([*seeds, target])
    assert isinstance(store[target], Fetched)
    assert store[target].request == Request(target, 1, store[target].request.via)
