"""One measured crawl, in a fresh process: what runs there, and what it tells."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from xxhash import xxh3_64_intdigest

from scraper.backends import create
from scraper.backends.base import Backend
from scraper.compare.gauge import Gauge, Taken, WatchedCore, WatchedStore
from scraper.compare.model import Case
from scraper.compare.timeline import Act, Watched
from scraper.compare.tree import Used, busy, tree, used_by
from scraper.errors import BackendError, ScraperError
from scraper.model import Fetched, Kind, Outcome
from scraper.run import CrawlRun, open_run
from scraper.settings import Settings
from scraper.stats import label, parse_error
from scraper.store.sqlite import SqliteStore
from scraper.tuning import tune

__all__ = ["MEASURED", "Measures", "Task", "measure", "outcome_hash"]

MEASURED = "measured"
"""What is told when the crawl is over: what follows is reckoning, and no part of its memory."""

_START = 60.0
"""Seconds that the workers of a backend may take until they are ready."""
_TICK = 0.05


class Task(NamedTuple):
    """What is to be crawled, and how.

    :ivar folder: an empty one, for the store; whoever made it takes it away, also when we are killed.
    :ivar settings: as :func:`scraper.run.around` has bound them to ``urls``.
    """

    case: Case
    urls: tuple[str, ...]
    settings: Settings
    folder: Path
    watch: bool = False
    seed: int = 0


class Measures(NamedTuple):
    """What a crawl came to; see :class:`scraper.compare.model.Run`.

    :ivar pages: what each page took; ``outcomes`` a number for what came of it, equal where that is.
    :ivar failed: pages that failed, and in ``failure`` the reason of most.
    :ivar busy: CPU seconds of all that ran on our cores in those ``seconds``.
    """

    start: float
    seconds: float
    start_cpu: float
    used: Used
    flying: float
    pages: dict[str, Taken]
    outcomes: dict[str, int]
    watched: Watched
    failed: int = 0
    failure: str = ""
    busy: float = 0.0


def measure(task: Task, report: Connection) -> None:
    """Crawl, and tell ``report``: :data:`MEASURED`, then the :class:`Measures`; or the error that broke it off."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it, and ends us
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=_end_with_parent, args=(task.folder,), name="end-with-parent", daemon=True).start()
    tune()
    try:
        report.send(_measured(task, report))
    except ScraperError as error:
        report.send(error)


def _measured(task: Task, report: Connection) -> Measures:
    began, acts = time.perf_counter(), list[Act]()
    settings = task.settings
    gauge = Gauge(create(task.case.backend, settings), watch=task.watch)
    with _joined(task, gauge, acts) as (run, store):
        _make_ready(gauge, settings.concurrency)
        start, before, all_before = time.perf_counter() - began, _used(), busy()
        for _ in run.rounds():
            pass
        store.commit()
        seconds = time.perf_counter() - gauge.began
        used, all_after = _used().since(before), busy()
        report.send(MEASURED)
        found = [outcome for outcome in store.read() if outcome.request.kind is Kind.PAGE]
    watched = Watched(gauge.visits, acts if task.watch else ())
    return Measures(
        start,
        seconds,
        before.user + before.system,
        used,
        gauge.flown / seconds,
        gauge.pages,
        {outcome.url: outcome_hash(outcome) for outcome in found},
        watched,
        *_failures(found),
        busy=(all_after or 0.0) - (all_before or 0.0),
    )


def _failures(outcomes: Sequence[Outcome]) -> tuple[int, str]:
    """How many came to no page, or to one that the user's function failed on; and why most of them did."""
    reasons = (parse_error(each) if isinstance(each, Fetched) else label(each) for each in outcomes)
    counts = Counter(reason for reason in reasons if reason is not None)
    return counts.total(), next((reason for reason, _ in counts.most_common(1)), "")


@contextlib.contextmanager
def _joined(task: Task, gauge: Gauge, acts: list[Act]) -> Iterator[tuple[CrawlRun, SqliteStore]]:
    """The crawl and its store; where it is watched, both note what they do."""
    store = SqliteStore(task.folder / "crawl.sqlite")
    with open_run(task.settings, task.urls, gauge, store, random.Random(task.seed).random) as run:  # noqa: S311 - no secret
        if task.watch:
            run.core, run.store = WatchedCore(run.core, acts), WatchedStore(store, acts)
        yield run, store


def _make_ready(backend: Backend, places: int) -> None:
    """Start the workers, and wait until all can take requests.

    :raises BackendError: when they do not become ready.
    """
    patience = time.monotonic() + _START
    while backend.capacity < places:
        if time.monotonic() > patience:
            raise BackendError(f"after {_START:.0f} s the workers take {backend.capacity} of {places} requests")
        backend.collect(_TICK)


def outcome_hash(outcome: Outcome) -> int:
    """64 bits of all that must be equal, whoever fetched a page: what it is, what was found in it, why there is none.

    Not when, from which address and in which words a failure was told; nor whether links were not followed because
    other pages came before with the same content.
    """
    parts: list[Any] = [label(outcome)]
    if isinstance(outcome, Fetched):
        page = None if outcome.page is None else msgspec.structs.replace(outcome.page, cut=None)
        parts += [outcome.location, outcome.content_type, outcome.size, outcome.digest, page]
    return xxh3_64_intdigest(msgspec.msgpack.encode(parts))


def _used() -> Used:
    """What this process and its descendants have used so far, those that have ended included."""
    total = used_by(tree(os.getpid())[1:])
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        total = total.plus(Used(usage.ru_utime, usage.ru_stime, usage.ru_nvcsw, usage.ru_nivcsw))
    return total


def _end(number: int, frame: object) -> None:
    """Break off, and let go of workers and queues in good order: semaphores outlive a process that is killed."""
    sys.exit(1)


def _end_with_parent(folder: Path) -> None:
    """When whoever made ``folder`` was killed, nobody else is left to take it away."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)  # workers see the end of their pipes and follow
