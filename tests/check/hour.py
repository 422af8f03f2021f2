"""A watch of 700 targets, each every 10 s, for an hour of simulated time; printed as JSON: what came of it.

A program of its own, ``python -m tests.check.hour FOLDER [SECONDS]``, so that nothing measures it but itself. Some
targets are down at times that are known: see ``OUTAGES``.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from scraper.backends.simulated import Simulated, Web
from scraper.check.asking.config import Checklist, Every, History, Watch
from scraper.check.history.store import Committed
from scraper.check.model import Target
from scraper.check.watch import Plan, open_watch
from scraper.model import Failed, Fetched, Outcome, Reason, Request
from scraper.tuning import tune

TARGETS, EVERY, HOUR = 700, 10, 3600
START = 1_800_000_000.0 + 1800.0  # not on the hour: the roll-ups change in the middle
OUTAGES = {7: (600.0, 1200.0), 77: (1500.0, 1530.0), 177: (3000.0, 9e9), 277: (905.0, 912.0)}
"""Targets, by number, and when they are down, in seconds; the last is too short to be an incident."""


def url_of(number: int) -> str:
    return f"http://h{number}.test/"


def outcome_of(request: Request, number: int, now: float) -> Outcome:
    down, up = OUTAGES.get(number, (9e9, 9e9))
    if not down <= now < up:
        return Fetched(request, 200)
    return Failed(request, Reason.TIMEOUT, "no answer") if number % 2 else Fetched(request, 500)


def watch(folder: Path, seconds: float) -> dict[str, Any]:
    """Run it; see the module."""
    numbers = {url_of(number): number for number in range(TARGETS)}
    backend = Simulated(
        Web.of(lambda request: outcome_of(request, numbers[request.url], backend.clock())),
        capacity=50,
        latency=lambda request: 0.02 + numbers[request.url] % 10 / 100,
    )
    checks = Checklist(
        targets=[
            Target(url=url, name=f"t{number}", group=f"g{number % 7}", tries=2) for url, number in numbers.items()
        ],
        watch=Watch(every=Every(f"{EVERY}s")),
        history=History(),
    )
    found: Counter[str] = Counter()
    changes: list[tuple[str, bool, float]] = []
    memory: dict[int, int] = {}

    def committed(group: Committed) -> None:
        found["committed"] += len(group.results)
        changes.extend((each.key, each.opened, each.started - START) for each in group.changes)

    tune()  # as the command does
    began, minute = time.process_time(), -1
    plan = Plan(checks=checks, store=str(folder / "hour.sqlite"))
    with open_watch(
        plan, print, committed, backend=backend, wall=lambda: START + backend.clock(), chance=lambda: 0.5
    ) as under_way:
        for results in under_way.rounds():
            for result in results:
                found["results"] += 1
                found["due"] += result.due < START + seconds
                found[result.verdict.value] += 1
            if minute != int(backend.clock() / 60):
                minute = int(backend.clock() / 60)
                backend.arrivals.clear()
                if minute % 10 == 0:
                    gc.collect()
                    memory[minute] = resident()
            if backend.clock() >= seconds + 5:
                under_way.run.stop()
        missed, leaps = under_way.schedule.missed, under_way.schedule.leaps
    cpu = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        **found,
        "changes": changes,
        "missed": missed,
        "leaps": leaps,
        "memory": memory,
        "peak": peak,
        "cpu": cpu,
        "us": cpu / found["results"] * 1e6,
    }


def resident() -> int:
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    print(json.dumps(watch(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else HOUR)))
