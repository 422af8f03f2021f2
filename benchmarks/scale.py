"""``make bench-scale``: what a large crawl takes, in memory for every URL it knows and in CPU for every page.

Core and engine crawl a web that takes no memory itself, on the simulated backend. Memory is the growth of the resident
set of a fresh process, divided by the URLs known, without a store: *waiting* is the moment when they are known and few
are fetched, *fetched* the end of the crawl, and the peak is the most on the way. CPU is measured twice: of the core
alone, ``take`` and ``receive``; and of all that one page takes but the network: engine, core, parsing a page of 35 KB,
and the SQLite store.
"""

from __future__ import annotations

import argparse
import gc
import math
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from benchmarks.web import LINKS, Endless
from scraper.backends.simulated import Arrival, Simulated, Web
from scraper.compare.site import Site
from scraper.core import Crawl
from scraper.engine import run
from scraper.model import Outcome, Request, Response
from scraper.parse import make_parser
from scraper.run import Nowhere
from scraper.settings import Budget, Politeness, Scope, Settings, Traps
from scraper.store.base import Store
from scraper.store.sqlite import SqliteStore
from scraper.tuning import tune

__all__ = ["Point", "alone", "core", "main", "memory", "rounds", "whole"]

_T = TypeVar("_T")

ROUND = 64
"""Requests that are taken at a time."""
DEPTH = 50
"""The depth limit of the points that have one; no page lies as deep."""
WARM = 300
"""Pages of the crawl before the first look: what is made once at the first use is no part of a URL."""


class Point(NamedTuple):
    """One crawl: up to ``known`` URLs, over ``hosts`` hosts; to the end where ``fetched``."""

    known: int
    hosts: int
    fetched: bool
    limited: bool

    def web(self) -> Endless:
        """Its web; it has as many URLs as shall be known."""
        return Endless(self.hosts, math.ceil(self.known / self.hosts), fresh=2 if self.fetched else LINKS)

    def crawl(self, seeds: Iterable[str]) -> Crawl:
        """Its crawl: the settings as they stand, without pauses."""
        settings = Settings(
            scope=Scope.around(seeds),
            politeness=Politeness(per_host=ROUND, delay=0.0),
            budget=Budget(depth=DEPTH if self.limited else None),
            traps=Traps(this_year=2026),
            concurrency=ROUND,
        )
        crawl = Crawl(settings, chance=lambda: 0.5)
        crawl.seed(seeds)
        return crawl


class Memory(NamedTuple):
    """Bytes a known URL beyond the base, at the end and at the most; URLs known, and seconds it took."""

    now: float
    peak: float
    known: int
    seconds: float


def memory(point: Point) -> Memory:
    """Crawl ``point`` in this process, which should be a fresh one."""
    tune()
    small = point._replace(known=WARM)
    for _ in rounds(small, small.web(), Nowhere()):
        pass
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted anew (proc(5))
    base, began, known = _resident(), time.perf_counter(), 0
    for crawl in rounds(point, point.web(), Nowhere()):
        known = crawl.known
    now = _resident()
    peak = max(now, _bytes("/proc/self/status", "VmHWM"))
    return Memory((now - base) / known, (peak - base) / known, known, time.perf_counter() - began)


def core(point: Point) -> float:
    """CPU microseconds of the core for every page of ``point``, crawled to its end."""
    tune()
    web, spent, pages = point.web(), 0.0, 0
    crawl = point.crawl(web.seeds())
    while not crawl.done:
        began = time.process_time()
        taken = crawl.take(0.0, ROUND).start
        spent += time.process_time() - began
        outcomes = [web.answer(request) for request in taken]
        began = time.process_time()
        for outcome in outcomes:
            crawl.receive(outcome, 0.0)
        spent += time.process_time() - began
        pages += len(taken)
    return spent / pages * 1e6


def whole(point: Point) -> float:
    """CPU microseconds of everything but the network for every page of ``point``, crawled to its end."""
    tune()
    web = _Parsed(point.web())
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "crawl.sqlite")
        began = time.process_time()
        for _ in rounds(point, web, store):
            pass
        store.close()
    return (time.process_time() - began) / point.known * 1e6


class _Parsed(Web):
    """``web``, where every answer costs what it costs to parse a page."""

    def __init__(self, web: Web) -> None:
        super().__init__()
        self._web = web
        self._body = Site().body(20)
        self._parse = make_parser(Settings())

    def answer(self, request: Request) -> Outcome:
        self._parse(Response(request.url, 200, {"content-type": "text/html"}, self._body))
        return self._web.answer(request)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both tables as Markdown."""
    options = _options(arguments)
    length = len(Endless(1, 1).seeds()[0])
    print(f"a web of {options.hosts} hosts with {LINKS} links a page and URLs of {length} characters\n")
    print("| URLs | state | depth limit | bytes a known URL | at the peak | seconds |\n|---:|---|---|---:|---:|---:|")
    points = [
        Point(size, options.hosts, fetched, limited)
        for size in options.urls
        for fetched in (False, True)
        for limited in (False, True)
    ]
    for point, found in zip(points, alone(memory, points, options.jobs), strict=True):
        state, limit = "fetched" if point.fetched else "waiting", DEPTH if point.limited else "none"
        row = f"{found.known:,} | {state} | {limit} | {found.now:.0f} | {found.peak:.0f} | {found.seconds:.1f}"
        print(f"| {row} |", flush=True)
    print(
        "\n| pages | depth limit | core, CPU µs a page | against the first | all but the network | against the first |"
    )
    print("|---:|---|---:|---:|---:|---:|")
    for limited in (False, True):
        _print_cpu([Point(size, options.hosts, True, limited) for size in options.pages], options.repeat)


def _print_cpu(points: list[Point], repeat: int) -> None:
    cores, wholes = (_least(measure, points, repeat) for measure in (core, whole))
    for point, a, b in zip(points, cores, wholes, strict=True):
        limit = DEPTH if point.limited else "none"
        row = f"{point.known:,} | {limit} | {a:.1f} | {a / cores[0]:.2f} | {b:.0f} | {b / wholes[0]:.2f}"
        print(f"| {row} |", flush=True)


def _least(measure: Callable[[Point], float], points: list[Point], repeat: int) -> list[float]:
    """For each point the least of ``repeat`` interleaved rounds; of a small crawl, a round is the median of several."""
    costs: list[list[float]] = [[] for _ in points]
    for _ in range(repeat):
        for point, done in zip(points, costs, strict=True):
            times = max(1, min(5, 20_000 // point.known))
            done.append(statistics.median(alone(measure, [point] * times, 1)))
    return [min(done) for done in costs]


def rounds(point: Point, web: Web, store: Store) -> Iterator[Crawl]:
    """The crawl of ``point`` after each round of the engine; the last is the moment that ``point`` names."""
    crawl, backend = point.crawl(point.web().seeds()), Simulated(web, ROUND)
    backend.arrivals = _Unkept()
    for _ in run(crawl, backend, store):
        yield crawl
        if not point.fetched and crawl.known >= point.known:
            return


class _Unkept(list[Arrival]):
    """Arrivals that nobody will ask for: they would take more memory than the crawl."""

    def append(self, arrival: Arrival) -> None:
        pass


def alone(measure: Callable[[Point], _T], points: Sequence[Point], jobs: int) -> Iterator[_T]:
    """What ``measure`` finds for each of ``points``, each in a fresh process, ``jobs`` at a time."""
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=1) as pool:
        yield from pool.imap(measure, points, chunksize=1)


def _resident() -> int:
    """Bytes of this process in memory. Counted page by page: ``statm`` and ``status`` may be half a MB behind."""
    return _bytes("/proc/self/smaps_rollup", "Rss")


def _bytes(file: str, name: str) -> int:
    """What the kernel counts under ``name``."""
    lines = Path(file).read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.scale", description=__doc__)
    parser.add_argument("--hosts", type=int, default=20)
    parser.add_argument("--urls", type=int, nargs="*", default=[10_000, 100_000, 1_000_000], help="known, for memory")
    parser.add_argument("--pages", type=int, nargs="*", default=[1_000, 10_000, 100_000], help="fetched, for CPU")
    parser.add_argument("--repeat", type=int, default=1, help="rounds of the CPU table")
    parser.add_argument("--jobs", type=int, default=2, help="memory is measured of so many crawls at a time")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
