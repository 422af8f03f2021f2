from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest

from scraper.fetch.asyncio import AsyncFetcher
from scraper.fetch.blocking import BlockingFetcher
from scraper.model import Kind, Outcome, Page, Request, Response
from scraper.settings import Identity, Limits, Safety
from scraper.visit import visit, visit_async
from tests.behaviours.stage import word as word  # the same words here as there
from tests.server import ScriptedServer

ANYWHERE = Safety(private=True)
BORDERS = ("blocking", "asyncio", "uvloop")
LIMITS = Limits(connect=0.4, read=0.3, total=0.8, size=100_000, header=4_096)


class Border:
    """One of the two fetchers behind the same few words, so that one test body serves for both."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._identity = Identity()
        self._limits = LIMITS
        self._safety = ANYWHERE
        self._close: Callable[[], None] = lambda: None
        self._visit: Callable[[Request], Outcome] | None = None

    def be(self, identity: Identity, limits: Limits = LIMITS, safety: Safety = ANYWHERE) -> Border:
        """Say who we are, and where we may go, before the first fetch."""
        self._identity, self._limits, self._safety = identity, limits, safety
        return self

    def visit(self, request: Request) -> Outcome:
        """The outcome of a request; all of them are made on one fetcher."""
        if self._visit is None:
            self._visit = self._threaded() if self.name == "blocking" else self._looped()
        return self._visit(request)

    def fetch(self, *urls: str) -> list[Outcome]:
        """The outcomes of fetching ``urls``, one after the other."""
        return [self.visit(Request(url)) for url in urls]

    def __call__(self, url: str) -> str:
        """The outcome of one fetch in a word: the status or the reason."""
        (outcome,) = self.fetch(url)
        return word(outcome)

    def close(self) -> None:
        self._close()

    def _threaded(self) -> Callable[[Request], Outcome]:
        fetcher = BlockingFetcher(self._limits, self._identity, self._safety)
        self._close = fetcher.close
        return lambda request: visit(fetcher, body_as_page, request, time.perf_counter())

    def _looped(self) -> Callable[[Request], Outcome]:
        fetcher = AsyncFetcher(self._limits, self._identity, self._safety)
        loop = pytest.importorskip("uvloop").new_event_loop() if self.name == "uvloop" else asyncio.new_event_loop()

        def end() -> None:
            loop.run_until_complete(fetcher.close())
            loop.run_until_complete(loop.shutdown_default_executor())
            left = asyncio.all_tasks(loop)
            loop.close()
            assert not left

        self._close = end
        return lambda request: loop.run_until_complete(visit_async(fetcher, body_as_page, request, time.perf_counter()))


def body_as_page(response: Response, kind: Kind = Kind.PAGE) -> Page:
    return Page(title=response.body[:100].decode("iso-8859-1"))


@pytest.fixture(params=["blocking", "asyncio"])
def border(request: pytest.FixtureRequest) -> Iterator[Border]:
    made = Border(request.param)
    yield made
    made.close()


@pytest.fixture(params=BORDERS)
def prober(request: pytest.FixtureRequest) -> Iterator[Border]:
    """Either border, the one with a loop on both kinds of it: probes go deeper into them than pages do."""
    made = Border(request.param)
    yield made
    made.close()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running
