"""The law of a backend, one body for all of them: against a real server, a closed port and a silent one."""

from __future__ import annotations

import gc
import itertools
import os
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker
from pathlib import Path

import msgspec
import pytest

from scraper.backends import NAMES, Backend, choose, create
from scraper.backends.asyncio import new_event_loop
from scraper.compare.fixture import Fixture
from scraper.compare.site import Site
from scraper.errors import ConfigError
from scraper.model import Failed, Fetched, Outcome, Reason, Refused, Request
from scraper.serving.server import Server
from scraper.settings import Budget, Identity, Limits, Politeness, Safety, Settings
from scraper.thread import queued
from scraper.url import host_key

SETTINGS = Settings(
    concurrency=4, workers=2, limits=Limits(connect=5.0, read=1.0, total=5.0), safety=Safety(private=True)
)
BACKENDS = (*NAMES, "auto")
MAKERS = {name: lambda name=name: create(name, SETTINGS) for name in BACKENDS}
PROCESSES = ["processes", "hybrid"]

_TIMER_TICK = 0.002
"""libuv counts in whole milliseconds from the start of a turn, so that a timer of it may end one early."""

Make = Callable[[], Backend]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    fixture = Fixture(hosts=2, pages=20, size=2_000, links=8)
    with Server(fixture.source(), scale=0) as server:
        yield fixture.site(server.port)


@pytest.fixture
def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"


@pytest.fixture
def silent() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    made = MAKERS[request.param]()
    yield made
    made.close()


def gather(backend: Backend, urls: list[str], patience: float = 30.0) -> list[Outcome]:
    """Submit all ``urls`` as there is room, and collect until as many outcomes are there."""
    waiting, outcomes, in_flight = list(urls), list[Outcome](), 0
    deadline = time.monotonic() + patience
    while len(outcomes) < len(urls) and time.monotonic() < deadline:
        while waiting and in_flight < backend.capacity:
            backend.submit(Request(waiting.pop()))
            in_flight += 1
        arrived = backend.collect(0.25)
        in_flight -= len(arrived)
        outcomes += arrived
    return outcomes


def held() -> set[str]:
    """What this process holds: threads, open files, children."""
    gc.collect()
    children = {pid for task in Path("/proc/self/task").glob("*/children") for pid in task.read_text().split()}
    files = {f"{entry.name}:{entry.readlink()}" for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()}
    return {name for name in files if "/fd" not in name} | children | {str(t) for t in threading.enumerate()}


def test_each_request_yields_exactly_one_outcome(backend: Backend, site: Site, closed_port: str, silent: str) -> None:
    urls = [*site.urls(), closed_port, silent, site.origin(0) + "/missing"]
    outcomes = gather(backend, urls)
    assert Counter(outcome.url for outcome in outcomes) == Counter(urls)
    classes = {outcome.url: outcome for outcome in outcomes}
    assert all(isinstance(classes[url], Fetched) for url in site.urls())
    match classes[closed_port], classes[silent], classes[site.origin(0) + "/missing"]:
        case Failed(reason=Reason.CONNECT), Failed(reason=Reason.TIMEOUT), Fetched(status=404, page=None):
            pass
        case others:
            pytest.fail(str(others))
    assert backend.collect(0) == []


def test_the_workers_count_what_they_did(backend: Backend, site: Site) -> None:
    outcomes = gather(backend, site.urls())
    stats = backend.stats()
    assert stats.fetches == len(outcomes) == stats.server.count
    assert stats.body_bytes == sum(outcome.size for outcome in outcomes if isinstance(outcome, Fetched))


def test_an_idle_collect_comes_back_in_time(backend: Backend) -> None:
    assert backend.collect(0) == []
    before = backend.clock()
    assert backend.collect(0.02) == []
    assert backend.clock() >= before + 0.02 - _TIMER_TICK


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("name", BACKENDS)
def test_close_leaves_nothing_behind(name: str, site: Site, silent: str) -> None:
    resource_tracker.ensure_running()  # one for the life of the interpreter, started by the first of its queues
    new_event_loop().close()  # libuv keeps a pipe for the life of the process, since its first loop
    queued()  # and a thread the file in which the kernel tells how long it waited for a core
    before = held()
    backend = MAKERS[name]()
    gather(backend, site.urls())
    backend.submit(Request(silent))
    if name != "sequential":
        assert backend.collect(0.05) == []
    backend.close()
    backend.close()
    deadline = time.monotonic() + 10
    while (more := held() - before) and time.monotonic() < deadline:
        time.sleep(0.05)  # a connection's last words may still be under way
    assert not more


@pytest.mark.parametrize("name", PROCESSES)
def test_a_killed_worker_loses_its_requests_and_is_replaced(name: str, site: Site, silent: str) -> None:
    backend = MAKERS[name]()
    try:
        gather(backend, site.urls()[:4])
        backend.submit(Request(silent))
        backend.collect(0)
        for worker in backend._workers:  # type: ignore[attr-defined]
            os.kill(worker.process.pid, signal.SIGKILL)
        (lost,) = next(arrived for _ in range(20) if (arrived := backend.collect(1.0)))
        assert isinstance(lost, Failed)
        assert lost.reason is Reason.LOST
        assert "signal 9" in lost.detail
        assert len(gather(backend, site.urls())) == 20
    finally:
        backend.close()


@pytest.mark.parametrize("name", PROCESSES)
def test_more_requests_than_a_pipe_holds(name: str, closed_port: str) -> None:
    settings = msgspec.structs.replace(SETTINGS, concurrency=200)
    backend = create(name, settings)
    urls = [f"{closed_port}{number}?{'x' * 7_000}" for number in range(200)]
    try:
        outcomes = gather(backend, urls)
        assert {outcome.url for outcome in outcomes} == set(urls)
        assert all(isinstance(outcome, Failed) and outcome.reason is Reason.CONNECT for outcome in outcomes)
    finally:
        backend.close()


@pytest.mark.parametrize("name", BACKENDS)
def test_all_describe_their_workers(name: str, site: Site) -> None:
    backend = MAKERS[name]()
    try:
        gather(backend, site.urls()[:2])
        assert name in "\n".join(backend.describe()) or "process" in "\n".join(backend.describe())
    finally:
        backend.close()


@pytest.mark.parametrize("name", BACKENDS)
def test_what_comes_too_early_is_held_back_and_nothing_else_with_it(name: str, site: Site) -> None:
    """On the servers' side: starts on one host are apart, and another host does not wait for it."""
    backend = MAKERS[name]()
    slow, quick = ([url for url in site.urls() if url.startswith(site.origin(host))] for host in (0, 1))
    try:
        gather(backend, quick[:1])
        waiting = [*(Request(url, delay=0.1) for url in slow[:3]), Request(quick[1])]
        outcomes: list[Outcome] = []
        in_flight = 0
        while len(outcomes) < 4:
            while waiting and in_flight < backend.capacity:
                backend.submit(waiting.pop(0))
                in_flight += 1
            arrived = backend.collect(0.05)
            in_flight -= len(arrived)
            outcomes += arrived
    finally:
        backend.close()
    starts = sorted(outcome.at for outcome in outcomes if outcome.request.delay)
    assert all(later - sooner > 0.09 for sooner, later in itertools.pairwise(starts))
    if name in {"threads", "asyncio", "hybrid", "auto"}:
        assert next(outcome.at for outcome in outcomes if not outcome.request.delay) < starts[-1]


def test_close_lets_go_of_what_is_held_back(site: Site) -> None:
    before = threading.active_count()
    backend = create("threads", SETTINGS)
    for number in range(3):
        backend.submit(Request(f"{site.origin(0)}/?{number}", delay=60.0))
    assert len(backend.collect(5.0)) == 1
    assert len(backend.collect(0.05)) == 0
    backend.close()
    assert threading.active_count() == before


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize(
    "identity",
    [Identity(headers=(("X-Bad", "a\r\nb"),)), Identity(proxy="https://proxy.test:1"), Identity(auth=("a:b", "c"))],
)
def test_what_cannot_be_sent_is_the_callers_mistake(name: str, identity: Identity) -> None:
    with pytest.raises(ConfigError):
        create(name, Settings(identity=identity))


def test_an_unknown_backend_is_the_callers_mistake() -> None:
    with pytest.raises(ConfigError, match="sequential, threads, processes, asyncio, hybrid"):
        create("gevent", Settings())


@pytest.mark.parametrize(
    ("settings", "seeds", "expected"),
    [
        (Settings(budget=Budget(depth=0)), ["http://a/"], {"sequential"}),
        (Settings(), ["https://example.com/"], {"asyncio"}),
        (Settings(workers=1), ["http://127.0.0.1/"], {"asyncio"}),
        (Settings(politeness=Politeness(delay=0.0)), ["https://example.com/"], {"auto", "asyncio"}),
    ],
)
def test_auto_says_what_and_why(settings: Settings, seeds: list[str], expected: set[str]) -> None:
    name, why = choose(settings, seeds)
    assert name in expected
    assert why


@pytest.mark.parametrize("name", BACKENDS)
def test_all_refuse_what_is_not_public_and_was_not_named(name: str, site: Site) -> None:
    named = Safety(named=frozenset({host_key(site.origin(0) + "/")}))
    backend = create(name, msgspec.structs.replace(SETTINGS, safety=named))
    try:
        first, second = (site.origin(host) + "/" for host in (0, 1))
        outcomes = {outcome.url: outcome for outcome in gather(backend, [first, second])}
        assert isinstance(outcomes[first], Fetched)
        refused = outcomes[second]
        assert isinstance(refused, Refused)
        assert refused.reason is Reason.PRIVATE_ADDRESS
        assert backend.stats().fetches == 1
    finally:
        backend.close()
