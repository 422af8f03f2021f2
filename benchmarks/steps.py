"""Where the time of one page goes: each step alone, on the same pages, in CPU microseconds a page.

The figures are the least of several rounds: what the step costs when nothing else disturbs it.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

import msgspec
import xxhash

from scraper.backends import create
from scraper.backends.frames import Frames, pack
from scraper.compare.site import ROBOTS, Site
from scraper.core import Crawl
from scraper.core.cookies import Jar
from scraper.core.robots import Rules
from scraper.core.traps import Duplicates, judge
from scraper.fetch.guard import Guard
from scraper.join import join_all
from scraper.model import Fetched, Outcome, Page, Request, Response
from scraper.parse import make_parser, robots
from scraper.parse.engines import engine
from scraper.parse.gather import tags_for
from scraper.parse.links import Linker
from scraper.parse.simhash import simhash
from scraper.settings import Budget, Discovery, Parsing, Politeness, Safety, Scope, Settings, Traps
from scraper.stats import Stats
from scraper.store.base import Store
from scraper.store.jsonl import JsonlStore
from scraper.store.sqlite import SqliteStore
from scraper.suffixes import is_public_suffix
from scraper.url import host_key, stripper

__all__ = ["steps"]

_T = TypeVar("_T")

ROUNDS = 5
_HEADERS = {"content-type": "text/html; charset=utf-8"}


def steps(site: Site) -> Iterator[tuple[str, float]]:
    """Name and cost of each step, in the order of a page's life. ``site`` must be served.

    Steps whose name begins with a dash are parts of the one above.
    """
    urls = site.urls()
    bodies = [site.body(place) for place in range(site.pages)]
    responses = [Response(url, 200, _HEADERS, body) for url, body in zip(urls, bodies, strict=True)]
    for backend in ("asyncio", "threads", "sequential"):
        yield f"fetch and parse, {backend}", least(partial(_visit, backend, urls), len(urls))
    yield "- a digest of the body", least(partial(_each, xxhash.xxh3_64_intdigest, bodies), len(urls))
    yield "- may this address be connected to (once a connection)", least(partial(_guard, urls), len(urls))
    for parser in ("turbo", "lexbor", "soup"):
        parse = make_parser(Settings(parsing=Parsing(parser=parser)))
        some = responses[:50] if parser == "soup" else responses
        yield f"parse, title, links: {parser}", least(partial(_each, parse, some), len(some))
    yield from _parts_of_parsing(responses)
    parse = make_parser(Settings())
    outcomes = [_outcome(response, parse(response)) for response in responses]
    sent = b"".join(pack([outcome], Stats()) for outcome in outcomes)
    yield "core: admit, dedupe, schedule", least(partial(_core, site, None), len(urls), partial(_answers, sent))
    yield from _parts_of_core(urls)
    yield "core with a depth limit", least(partial(_core, site, 50), len(urls), partial(_answers, sent))
    yield "store: SQLite", least(lambda: _store(SqliteStore, "s.sqlite", outcomes), len(urls))
    yield "store: JSON lines", least(lambda: _store(JsonlStore, "s.jsonl", outcomes), len(urls))
    yield "between processes: encode", least(lambda: [pack([outcome], Stats()) for outcome in outcomes], len(urls))
    yield "between processes: decode", least(lambda: Frames().feed(sent), len(urls))


def _parts_of_parsing(responses: Sequence[Response]) -> Iterator[tuple[str, float]]:
    """What is done with the links of a page, and the fingerprint that is made on demand."""
    read = engine("turbo", tags_for(Discovery().follow))
    found = [(response.url, read(response.body)) for response in responses]
    linker, pages = Linker(Discovery(), stripper((), sessions=True)), len(responses)
    hrefs = [(url, [*chain.from_iterable(findings.links.values())]) for url, findings in found]
    yield "- join the links", least(lambda: [join_all(url, links) for url, links in hrefs], pages)
    kinds = least(lambda: [linker(url, _HEADERS, findings) for url, findings in found], pages)
    yield "- join them by kinds, without session ids", kinds
    yield "- a fingerprint, where wanted", least(lambda: [simhash(findings.tree) for _, findings in found], pages)


def _parts_of_core(urls: Sequence[str]) -> Iterator[tuple[str, float]]:
    """What policy asks of every page; of its links only those are asked about that are new, one a page."""
    rules = Rules.of(robots.parse(ROBOTS, "scraper", urls[0]).data)
    yield "- robots.txt: is it allowed", least(partial(_each, rules.allowed, urls), len(urls))
    trapped = judge(Traps(this_year=2026))
    yield "- is it a trap", least(partial(_each, trapped, urls), len(urls))
    yield "- is it a duplicate", least(partial(_duplicates, urls), len(urls))
    yield "- cookies, where they are on", least(partial(_cookies, urls), len(urls))


def _each(function: Callable[[_T], object], values: Iterable[_T]) -> None:
    for value in values:
        function(value)


def least(step: Callable[..., object], pages: int, prepare: Callable[[], tuple[object, ...]] = tuple) -> float:
    """CPU microseconds a page of the quickest of :data:`ROUNDS` rounds of ``step`` over ``pages`` pages.

    :param prepare: makes what ``step`` is given in each round, outside of the measurement.
    """
    costs = []
    for _ in range(ROUNDS):
        given = prepare()
        start = time.process_time()
        step(*given)
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


def _answers(sent: bytes) -> tuple[dict[str, Outcome]]:
    """The outcomes by URL, every text of them new: a text that was hashed before is quicker to look up."""
    outcomes = [outcome for frame in Frames().feed(sent) for outcome in frame.outcomes]
    return ({outcome.url: outcome for outcome in outcomes},)


def _core(site: Site, depth: int | None, answers: dict[str, Outcome]) -> None:
    settings = Settings(
        scope=Scope.around(site.seeds()),
        politeness=Politeness(per_host=64, delay=0),
        budget=Budget(depth=depth),
        traps=Traps(this_year=2026),
    )
    crawl = Crawl(settings, chance=lambda: 0.5)
    crawl.seed(site.seeds())
    rules = robots.parse(ROBOTS, "scraper", site.seeds()[0])
    while not crawl.done:
        for request in crawl.take(0.0, 64).start:
            known = answers.get(request.url)
            outcome = Fetched(request, 200, rules) if known is None else msgspec.structs.replace(known, request=request)
            crawl.receive(outcome, 0.0)


def _guard(urls: Iterable[str]) -> None:
    guard = Guard(Safety(), None)
    for url in urls:
        guard.choose(host_key(url), ("93.184.215.14",))


def _duplicates(urls: Iterable[str]) -> None:
    duplicates = Duplicates(20)
    for digest, url in enumerate(urls):
        duplicates.exceeds(host_key(url), digest)


def _cookies(urls: Iterable[str]) -> None:
    """An answer that sets one, and a request that it is sent with."""
    jar = Jar(is_public_suffix)
    for url in urls:
        jar.store(url, ("session=0123456789abcdef; Path=/; HttpOnly",), 0.0)
        jar.header(url, 0.0)


def _store(make: Callable[[Path], Store], name: str, outcomes: Sequence[Outcome]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = make(Path(folder) / name)
        for start in range(0, len(outcomes), 32):
            store.write(outcomes[start : start + 32])
        store.close()
