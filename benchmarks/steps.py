"""Where the time of one page goes: each step alone, on the same pages, in CPU microseconds a page.

The figures are the least of several rounds: what the step costs when nothing else disturbs it.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from benchmarks.site import Site
from scraper.backends import create
from scraper.backends.frames import Frames, pack
from scraper.core import Crawl
from scraper.model import Fetched, Outcome, Page, Request, Response
from scraper.parse import make_parser
from scraper.settings import Limits, Parsing, Politeness, Safety, Scope, Settings
from scraper.stats import Stats
from scraper.store.base import Store
from scraper.store.jsonl import JsonlStore
from scraper.store.sqlite import SqliteStore

__all__ = ["steps"]

_T = TypeVar("_T")

ROUNDS = 5
_HEADERS = {"content-type": "text/html; charset=utf-8"}


def steps(site: Site) -> Iterator[tuple[str, float]]:
    """Name and cost of each step, in the order of a page's life. ``site`` must be served."""
    urls = list(site.urls())
    bodies = [site.page(host, number) for host in range(site.hosts) for number in range(site.pages)]
    responses = [Response(url, 200, _HEADERS, body) for url, body in zip(urls, bodies, strict=True)]
    for backend in ("asyncio", "threads", "sequential"):
        yield f"fetch and parse, {backend}", least(partial(_visit, backend, urls), len(urls))
    for parser in ("turbo", "lexbor", "soup"):
        parse = make_parser(Parsing(parser=parser), Limits())
        some = responses[:50] if parser == "soup" else responses
        yield f"parse, title, links: {parser}", least(partial(_each, parse, some), len(some))
    parse = make_parser(Parsing(), Limits())
    outcomes = [_outcome(response, parse(response)) for response in responses]
    yield "core: admit, dedupe, schedule", least(lambda: _core(site, outcomes), len(urls))
    yield "core with a depth limit", least(lambda: _core(site, outcomes, depth=50), len(urls))
    yield "store: SQLite", least(lambda: _store(SqliteStore, "s.sqlite", outcomes), len(urls))
    yield "store: JSON lines", least(lambda: _store(JsonlStore, "s.jsonl", outcomes), len(urls))
    yield "between processes: encode", least(lambda: [pack([outcome], Stats()) for outcome in outcomes], len(urls))
    sent = b"".join(pack([outcome], Stats()) for outcome in outcomes)
    yield "between processes: decode", least(lambda: Frames().feed(sent), len(urls))


def _each(function: Callable[[_T], object], values: Iterable[_T]) -> None:
    for value in values:
        function(value)


def least(step: Callable[[], object], pages: int) -> float:
    """CPU microseconds a page of the quickest of :data:`ROUNDS` rounds of ``step`` over ``pages`` pages."""
    costs = []
    for _ in range(ROUNDS):
        start = time.process_time()
        step()
        costs.append(time.process_time() - start)
    return min(costs) / pages * 1e6


def _visit(name: str, urls: Sequence[str]) -> None:
    backend = create(name, Settings(concurrency=16, safety=Safety(private=True)))
    waiting, collected = iter(urls), 0
    for url in itertools.islice(waiting, backend.capacity):
        backend.submit(Request(url))
    while collected < len(urls):
        arrived = backend.collect(1.0)
        collected += len(arrived)
        for _, url in zip(arrived, waiting, strict=False):
            backend.submit(Request(url))
    backend.close()


def _outcome(response: Response, page: Page) -> Outcome:
    return Fetched(Request(response.url), 200, page, content_type="text/html", size=len(response.body), at=time.time())


def _core(site: Site, outcomes: Iterable[Outcome], depth: int | None = None) -> None:
    settings = Settings(scope=Scope.around(site.seeds()), politeness=Politeness(per_host=64, delay=0))
    settings = msgspec.structs.replace(settings, budget=msgspec.structs.replace(settings.budget, depth=depth))
    crawl = Crawl(settings, chance=lambda: 0.5)
    crawl.seed(site.seeds())
    answers = {outcome.url: outcome for outcome in outcomes}
    while not crawl.done:
        for request in crawl.take(0.0, 64):
            crawl.receive(msgspec.structs.replace(answers[request.url], request=request), 0.0)


def _store(make: Callable[[Path], Store], name: str, outcomes: Sequence[Outcome]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = make(Path(folder) / name)
        for start in range(0, len(outcomes), 32):
            store.write(outcomes[start : start + 32])
        store.close()
