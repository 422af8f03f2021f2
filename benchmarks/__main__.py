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
from benchmarks.server import Server
from benchmarks.site import Site
from benchmarks.steps import steps
from scraper.backends import NAMES
from scraper.tuning import tune


def main() -> None:
    """Print both tables as Markdown."""
    options = _options()
    site = Site(hosts=options.hosts, pages=options.pages)
    cores = len(os.sched_getaffinity(0))
    print(f"scraper {scraper.__version__}, Python {platform.python_version()}, {cores} cores, {platform.machine()}")
    print(f"{site.hosts} hosts x {site.pages} pages of {site.size:,} bytes and {site.links} links on loopback;")
    print(f"{options.concurrency} in flight, no pauses, robots.txt obeyed, a SQLite store;")
    print(f"median of {options.repeat} interleaved runs\n")
    with Server(site, latency=options.latency) as served:
        _print_backends(served, options)
    with Server(Site(hosts=2, pages=100)) as served:
        tune()
        print("\n| step | CPU µs a page |\n|---|---:|")
        for name, cost in steps(served):
            print(f"| {name} | {cost:.{0 if cost >= 10 else 1}f} |", flush=True)


def _print_backends(site: Site, options: argparse.Namespace) -> None:
    pages = site.hosts * site.pages
    runs: dict[str, list[Run]] = {name: [] for name in options.backends}
    for _ in range(options.repeat):
        for name, done in runs.items():
            done.append(crawl(site, name, options.concurrency))
    print("| backend | pages/s | CPU ms a page | peak MB, whole tree |\n|---|---:|---:|---:|")
    for name, done in runs.items():
        rate = statistics.median(pages / run.wall for run in done)
        cpu = statistics.median(run.cpu / pages for run in done)
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
