"""``make bench``: every backend on a local site, and where the time of one page goes.

The server is a process of its own on the same machine, so that wall times include its share; CPU times do not.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics

import scraper
from benchmarks.runs import Run, crawl
from benchmarks.steps import steps
from scraper.backends import NAMES
from scraper.compare.fixture import Fixture
from scraper.compare.latency import Latency
from scraper.compare.site import Site
from scraper.serving.server import Server
from scraper.tuning import tune


def main() -> None:
    """Print both tables as Markdown."""
    options = _options()
    pages, latency = options.hosts * options.pages, Latency("fixed", options.latency)
    fixture = Fixture(hosts=options.hosts, pages=pages, latency=latency)
    cores = len(os.sched_getaffinity(0))
    print(f"scraper {scraper.__version__}, Python {platform.python_version()}, {cores} cores, {platform.machine()}")
    shape = f"{fixture.size:,} bytes and {fixture.links} links"
    print(f"{options.hosts} hosts x {options.pages} pages of {shape} on loopback;")
    print(f"{options.concurrency} in flight, no pauses, robots.txt obeyed, a SQLite store;")
    print(f"median of {options.repeat} interleaved runs\n")
    with Server(fixture.source()) as server:
        _print_backends(fixture.site(server.port), options)
    few = Fixture(hosts=2, pages=200)
    with Server(few.source(), scale=0) as server:
        tune()
        print("\n| step | CPU µs a page |\n|---|---:|")
        for name, cost in steps(few.site(server.port)):
            print(f"| {name} | {cost:.{0 if cost >= 10 else 1}f} |", flush=True)


def _print_backends(site: Site, options: argparse.Namespace) -> None:
    runs: dict[str, list[Run]] = {name: [] for name in options.backends}
    for _ in range(options.repeat):
        for name, done in runs.items():
            done.append(crawl(site, name, options.concurrency))
    print("| backend | pages/s | CPU ms a page | peak MB, whole tree |\n|---|---:|---:|---:|")
    for name, done in runs.items():
        rate = statistics.median(site.pages / run.wall for run in done)
        cpu = statistics.median(run.cpu / site.pages for run in done)
        memory = statistics.median(run.memory for run in done)
        print(f"| {name} | {rate:,.0f} | {1000 * cpu:.2f} | {memory / 1e6:.0f} |", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--hosts", type=int, default=20)
    parser.add_argument("--pages", type=int, default=150, help="pages a host")
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that every answer takes")
    parser.add_argument("backends", nargs="*", default=list(NAMES))
    return parser.parse_args()


if __name__ == "__main__":
    main()
