"""``make bench-watch``: what a watch of 700 targets every 10 s costs, and how fast its page is meanwhile.

The watch is the command, in a process of its own, with its history on disk; its targets are pages on loopback
addresses, served by another process. All the while some clients ask for the page and the JSON, some listen to its
events, and one scrapes the metrics as Prometheus does. The CPU share is that of the watch alone, of one core, workers
and page included; the times of the page are as a client has them, so what the machine does besides is in them. Rounds
are missed where a target's results are too far apart.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import platform
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import aiohttp

import scraper
from scraper.compare.fixture import Fixture
from scraper.compare.latency import Latency
from scraper.compare.tree import memory_of, tree, used_by
from scraper.serving.server import Server

__all__ = ["Load", "Measured", "main", "measure", "told"]

_PAGES = ("", "targets/host-0/first", "api/v1/targets", "api/v1/summary")
_METRICS, _SCRAPED = "metrics", 15.0
_WARM = 15.0
"""Seconds after the start before anything counts: imports, the first page, the first round."""


class Load(NamedTuple):
    """What is measured.

    :ivar seconds: for how long, after the start; ``every`` is the interval of each target, in seconds.
    :ivar clients: who ask for pages, each again some ``pause`` seconds after its answer; ``listeners`` have the events.
    """

    hosts: int = 20
    pages: int = 35
    every: int = 10
    seconds: float = 300.0
    clients: int = 6
    listeners: int = 4
    pause: float = 0.25
    warm: float = _WARM


_Answers = dict[str, list[float]]


class Measured(NamedTuple):
    """What came of it.

    :ivar cpu: seconds of the watch's process tree, in the ``wall`` seconds that count.
    :ivar memory: resident bytes of the tree, each some seconds.
    :ivar answers: seconds that each answer took, by what was asked for.
    :ivar events: how many the listeners were given.
    :ivar done, expected: checks in the time that counts; ``missed`` are rounds.
    :ivar down: results that were not up; a page of the benchmark never is down.
    """

    wall: float
    cpu: float
    memory: list[int]
    answers: _Answers
    events: int
    done: int
    expected: int
    missed: int
    down: int
    size: int


def measure(load: Load) -> Measured:
    """Watch under ``load``; see the module."""
    latency = Latency("fixed", 0.005)
    fixture = Fixture(load.hosts, load.hosts * load.pages, latency, size=3_000, links=10)
    with tempfile.TemporaryDirectory() as folder, Server(fixture.source()) as server:
        file, store = Path(folder) / "checks.txt", Path(folder) / "watch.sqlite"
        file.write_text(
            "".join(
                f"{url} method=get group=host-{n % load.hosts}{'' if n else ' name=first'}\n"
                for n, url in enumerate(fixture.urls(server.port))
            )
        )
        options = ["--every", f"{load.every}s", "--listen", "127.0.0.1:0", "--store", str(store)]
        command = [sys.executable, "-m", "scraper", "watch", str(file), *options]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            try:
                url = _page_of(process)
                time.sleep(load.warm)
                began = time.time()
                before, start = _cpu_of(process.pid), time.perf_counter()
                answers, events, memory = asyncio.run(_clients(load, url, process.pid))
                wall, cpu = time.perf_counter() - start, _cpu_of(process.pid) - before
            finally:
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=60)
        counted = _count(store, load, began, began + wall)
        return Measured(wall, cpu, memory, answers, events, *counted, store.stat().st_size)


def _page_of(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if "status page: " in line:
            return line.partition("status page: ")[2].strip()
    raise SystemExit("the watch has ended")


async def _clients(load: Load, url: str, pid: int) -> tuple[_Answers, int, list[int]]:
    answers: _Answers = {path: [] for path in (*_PAGES, _METRICS)}
    events, memory = [0], list[int]()
    until = time.perf_counter() + load.seconds
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(60)) as session, asyncio.TaskGroup() as group:
        for number in range(load.clients):
            paths = itertools.islice(itertools.cycle(_PAGES), number, None)
            group.create_task(_ask(session, url, paths, load.pause, until, answers))
        group.create_task(_ask(session, url, itertools.repeat(_METRICS), _SCRAPED, until, answers))
        for _ in range(load.listeners):
            group.create_task(_listen(url, until, events))
        group.create_task(_sample(pid, until, memory))
    return answers, events[0], memory


async def _ask(
    session: aiohttp.ClientSession, url: str, paths: Iterator[str], pause: float, until: float, answers: _Answers
) -> None:
    while time.perf_counter() < until:
        path = next(paths)
        start = time.perf_counter()
        async with session.get(url + path) as answer:
            answer.raise_for_status()
            await answer.read()
        answers[path].append(time.perf_counter() - start)
        await asyncio.sleep(min(pause, max(0.0, until - time.perf_counter())))


async def _listen(url: str, until: float, events: list[int]) -> None:
    forever = aiohttp.ClientTimeout(None)
    with contextlib.suppress(TimeoutError):
        async with (
            asyncio.timeout(until - time.perf_counter()),
            aiohttp.ClientSession(timeout=forever) as session,
            session.get(f"{url}events") as answer,
        ):
            async for line in answer.content:
                events[0] += line.startswith(b"data:")


async def _sample(pid: int, until: float, memory: list[int]) -> None:
    while time.perf_counter() < until:
        memory.append(memory_of(tree(pid)))
        await asyncio.sleep(min(5.0, max(0.1, until - time.perf_counter())))


def _count(store: Path, load: Load, since: float, until: float) -> tuple[int, int, int, int]:
    """Checks done, checks expected, rounds missed and results that are not up, between two moments."""
    with contextlib.closing(sqlite3.connect(store)) as db:
        found = db.execute(
            "SELECT target, at, verdict FROM results WHERE at >= ? AND at < ? ORDER BY target, at",
            (since * 1000, until * 1000),
        ).fetchall()
    missed = sum(
        round((after[1] - before[1]) / 1000 / load.every) - 1
        for before, after in itertools.pairwise(found)
        if before[0] == after[0] and after[1] - before[1] > 1500 * load.every
    )
    expected = round(load.hosts * load.pages * (until - since) / load.every)
    return len(found), expected, missed, sum(verdict != 0 for _, _, verdict in found)


def _cpu_of(root: int) -> float:
    """Seconds of CPU that the tree of ``root`` has taken."""
    used = used_by(tree(root))
    return used.user + used.system


def main() -> None:
    """Print the figures as Markdown."""
    load = _options()
    cores = len(os.sched_getaffinity(0))
    print(f"scraper {scraper.__version__}, Python {platform.python_version()}, {cores} cores, {platform.machine()}")
    print(
        f"{load.hosts * load.pages} targets on {load.hosts} hosts, each every {load.every} s, for {load.seconds:.0f} s;"
    )
    print(f"{load.clients} clients that ask for pages, {load.listeners} that listen to events\n", flush=True)
    found = measure(load)
    for line in told(found):
        print(line)


def told(found: Measured) -> list[str]:
    """What was found, as lines of Markdown."""
    memory = [size / 1e6 for size in found.memory]
    steps = [memory[len(memory) * part // 5] for part in range(5)] + memory[-1:]
    lines = ["| what | |", "|---|---:|"]
    lines.append(f"| checks done of those expected | {found.done:,} of {found.expected:,} |")
    lines.append(f"| rounds missed, results not up | {found.missed}, {found.down} |")
    lines.append(f"| CPU, share of one core | {100 * found.cpu / found.wall:.1f} % |")
    lines.append(f"| CPU, ms a check, page included | {1000 * found.cpu / max(1, found.done):.2f} |")
    lines.append(f"| memory at each fifth, MB | {', '.join(f'{size:.0f}' for size in steps)} |")
    lines.append(f"| events given to listeners | {found.events:,} |")
    lines.append(f"| history, MB | {found.size / 1e6:.1f} |")
    lines += ["", "| asked for | answers | p50 ms | p95 ms | p99 ms |", "|---|---:|---:|---:|---:|"]
    for path, times in found.answers.items():
        p50, p95, p99 = (1000 * _quantile(times, share) for share in (50, 95, 99))
        lines.append(f"| /{path} | {len(times):,} | {p50:.1f} | {p95:.1f} | {p99:.1f} |")
    return lines


def _quantile(values: Sequence[float], share: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1] if len(values) > 1 else sum(values)


def _options() -> Load:
    usual = Load()
    parser = argparse.ArgumentParser(prog="benchmarks.watch", description=__doc__)
    parser.add_argument("--minutes", type=float, default=usual.seconds / 60)
    parser.add_argument("--hosts", type=int, default=usual.hosts)
    parser.add_argument("--pages", type=int, default=usual.pages, help="targets a host")
    parser.add_argument("--every", type=int, default=usual.every, help="seconds")
    parser.add_argument("--clients", type=int, default=usual.clients, help="that ask for pages")
    parser.add_argument("--listeners", type=int, default=usual.listeners, help="that listen to events")
    given = vars(parser.parse_args())
    return usual._replace(seconds=given.pop("minutes") * 60, **given)


if __name__ == "__main__":
    main()
