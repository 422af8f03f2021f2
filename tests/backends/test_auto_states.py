"""The backend that goes over to another one: what can come in between in each state of its life."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker

import pytest

from scraper.backends import Backend, create
from scraper.backends.asyncio import new_event_loop
from scraper.backends.auto import Auto
from scraper.compare.site import Site
from scraper.errors import BackendError
from scraper.model import Failed, Reason, Request
from scraper.run import Nowhere, open_run
from scraper.settings import Settings
from scraper.thread import queued
from tests.backends.autos import PATIENCE, SETTINGS, auto, endless
from tests.backends.test_law import held
from tests.hazards.apparatus import gather, until

STATES: dict[str, Callable[[Auto], bool]] = {
    "looking": lambda backend: True,
    "starting": lambda backend: backend._coming is not None,
    "passing": lambda backend: backend._passage is not None,
}


def brought(backend: Auto, state: str, slow: str, urls: Iterator[str]) -> int:
    """Let ``backend`` come so far, with a request for ``slow`` on asyncio; how many others are in flight."""
    backend.submit(Request(slow))
    backend.collect(0.05)
    others, deadline = 0, time.monotonic() + PATIENCE
    while not STATES[state](backend):
        assert time.monotonic() < deadline
        if state != "starting" or backend._look is not None:
            while others + 1 < backend.capacity:
                backend.submit(Request(next(urls)))
                others += 1
        others -= len(backend.collect(0.01))
    return others


@pytest.fixture
def silent() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("name", ["threads", "hybrid"])
@pytest.mark.parametrize("state", STATES)
def test_it_says_what_it_does_and_closes_without_a_trace(name: str, state: str, site: Site, silent: str) -> None:
    if (name, state) == ("threads", "starting"):
        pytest.skip("threads are there at once")
    resource_tracker.ensure_running()
    new_event_loop().close()
    queued()  # see tests/backends/test_law.py
    before = held()
    backend = auto(name)
    try:
        brought(backend, state, silent, endless(site))
        told = list(backend.describe())
    finally:
        backend.close()
        backend.close()
    assert told[0] == f"auto: {backend.why}"
    assert f"  task: {silent}" in told
    assert any(line.startswith(name if name == "threads" else "process 0") for line in told) == (state != "looking")
    assert any(line.startswith("going over: ") for line in told) == (state == "passing")
    assert until(lambda: not held() - before), held() - before


def test_a_worker_that_is_killed_on_the_way_loses_nothing_but_what_it_had(site: Site, silent: str) -> None:
    backend = auto("hybrid")
    try:
        others = brought(backend, "passing", silent, endless(site))
        while others:
            others -= len(backend.collect(0.25))
        victims = [worker for worker in backend._now._workers if worker.process]  # type: ignore[attr-defined]
        other = silent + "other"
        backend.submit(Request(other))
        backend.collect(0.05)
        (worker,) = [worker for worker in victims if worker.pending]
        os.kill(worker.process.pid, signal.SIGKILL)
        outcomes = gather(backend, 2)
    finally:
        backend.close()
    found = {outcome.url: outcome.reason for outcome in outcomes if isinstance(outcome, Failed)}
    assert found == {silent: Reason.TIMEOUT, other: Reason.LOST}


@pytest.mark.parametrize("stop", ["stop", "break_off"])
@pytest.mark.parametrize("state", STATES)
def test_a_crawl_is_stopped_and_broken_off_in_every_state(state: str, stop: str, site: Site, silent: str) -> None:
    """After a stop all that was started comes in; broken off, nothing is waited for."""
    backend = auto("threads" if state == "passing" else "hybrid")
    slow = [silent] if state == "passing" else []
    urls = [*slow, *itertools.islice(endless(site), 2_000)]
    pages = 0
    with open_run(SETTINGS, urls, backend, Nowhere()) as run:
        for entries in run.rounds():
            pages += len(entries)
            if STATES[state](backend) and not run.stopped:
                getattr(run, stop)()
        assert run.stopped
        assert run.crawl.in_flight == 0 or stop == "break_off"
    assert pages < len(urls)


def test_all_are_closed_where_one_cannot_be(site: Site, silent: str) -> None:
    def make(name: str, settings: Settings) -> Backend:
        made = create(name, settings)
        stack = contextlib.ExitStack()
        stack.callback(made.close)
        stack.callback(refuse)
        made.close = stack.close  # type: ignore[method-assign]
        return made

    def refuse() -> None:
        raise BackendError("it will not end")

    backend = auto("threads", make)
    brought(backend, "passing", silent, endless(site))
    with pytest.raises(BackendError, match="will not end"):
        backend.close()
    assert backend._asyncio._loop.is_closed()
