"""The backend that goes over to another one: what it sees, when it goes, and that nothing is lost or rude meanwhile."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker

import msgspec
import pytest

from scraper.backends import BEGIN, Backend, choose, create
from scraper.backends.asyncio import new_event_loop
from scraper.backends.auto import Auto
from scraper.backends.child import Setup
from scraper.backends.hybrid import Hybrid
from scraper.backends.look import Clocks, Look, Outlook
from scraper.bounds import Load
from scraper.compare.fixture import Fixture
from scraper.compare.site import Site
from scraper.errors import BackendError
from scraper.model import Failed, Fetched, Kind, Outcome, Reason, Refused, Request, Timings
from scraper.run import Nowhere, open_run
from scraper.serving.server import Server
from scraper.settings import Budget, Limits, Parsing, Politeness, Safety, Settings
from scraper.url import host_key
from tests.backends.test_law import held
from tests.hazards.apparatus import gather, until

SETTINGS = Settings(
    concurrency=4,
    workers=2,
    limits=Limits(connect=5.0, read=2.0, total=5.0),
    safety=Safety(private=True),
    politeness=Politeness(delay=0.0, robots=False),
)
PATIENCE = 60.0


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    fixture = Fixture(hosts=4, pages=400, size=2_000, links=8)
    with Server(fixture.source(), scale=0) as server:
        yield fixture.site(server.port)


def auto(name: str, make: Callable[[str, Settings], Backend] = create) -> Auto:
    """One that has seen enough after a dozen pages, and then wants ``name``."""
    return Auto(SETTINGS, make=make, look=Look(4, 2, least=4), choose=lambda load: (name, "as the test has it"))


def is_over(backend: Auto) -> bool:
    """Whether it has gone over, and nothing is left of asyncio."""
    return backend._passage is None and backend._now is not backend._asyncio


def drive(
    backend: Auto, urls: Iterator[str], until: Callable[[], bool], delay: float = 0.0
) -> tuple[list[str], list[Outcome]]:
    """Keep ``backend`` full until it is ``until``, then collect what is in flight; what was submitted and came back.

    :param delay: between two of a host, as far as the core can see.
    """
    submitted: list[str] = []
    outcomes: list[Outcome] = []
    due: dict[str, float] = {}
    waiting = next(urls)
    deadline = time.monotonic() + PATIENCE
    while (now := time.monotonic()) < deadline:
        while (
            not until() and len(submitted) - len(outcomes) < backend.capacity and due.get(host_key(waiting), 0) <= now
        ):
            due[host_key(waiting)] = now + delay
            submitted.append(waiting)
            backend.submit(Request(waiting, delay=delay))
            waiting = next(urls)
        if until() and len(submitted) == len(outcomes):
            break
        outcomes += backend.collect(min(0.25, max(0.0, due.get(host_key(waiting), 0) - now)) if delay else 0.25)
    return submitted, outcomes


def endless(site: Site) -> Iterator[str]:
    return (f"{url}?{turn}" for turn in itertools.count() for url in site.urls())


@pytest.mark.parametrize("name", ["threads", "hybrid"])
def test_it_goes_over_and_every_request_has_one_outcome(name: str, site: Site) -> None:
    backend = auto(name)
    after = itertools.count()
    try:
        submitted, outcomes = drive(backend, endless(site), lambda: is_over(backend) and next(after) > 100)
        assert Counter(outcome.url for outcome in outcomes) == Counter(submitted)
        assert all(isinstance(outcome, Fetched) for outcome in outcomes)
        assert backend.why == f"{name} from here on: as the test has it"
        assert backend.stats().fetches == len(outcomes)
        assert next(iter(backend.describe())) == f"auto: {backend.why}"
        assert not list(backend._asyncio._tasks)
        assert backend._asyncio._loop.is_closed()
    finally:
        backend.close()
        backend.close()


def test_what_is_slow_comes_in_while_others_go_on(site: Site) -> None:
    """A request that asyncio has in flight for seconds holds up nobody, and is not lost."""
    fixture = Fixture(hosts=1, pages=1)
    backend = auto("threads")
    with Server(fixture.source(), scale=12) as server:  # 80 ms as a rule
        (slow,) = fixture.urls(server.port)
        try:
            backend.submit(Request(slow))
            urls = endless(site)
            outcomes: list[Outcome] = []
            in_flight, before = 1, 0
            deadline = time.monotonic() + PATIENCE
            while not is_over(backend) and time.monotonic() < deadline:
                while in_flight < backend.capacity:
                    backend.submit(Request(next(urls)))
                    in_flight += 1
                arrived = backend.collect(0.25)
                in_flight -= len(arrived)
                outcomes += arrived
                before += len(arrived) if backend._passage is not None else 0
            assert is_over(backend)
            assert [outcome.url for outcome in outcomes].count(slow) == 1
            assert before > 4
        finally:
            backend.close()


def test_politeness_goes_over_with_it(site: Site) -> None:
    """No two starts on one host are closer than its delay, asyncio's last one and the first of the others included."""
    delay = 0.05
    backend = auto("hybrid")
    after = itertools.count()
    try:
        submitted, outcomes = drive(backend, endless(site), lambda: is_over(backend) and next(after) > 20, delay)
    finally:
        backend.close()
    assert Counter(outcome.url for outcome in outcomes) == Counter(submitted)
    starts: dict[str, list[float]] = {}
    for outcome in outcomes:
        assert isinstance(outcome, Fetched)
        starts.setdefault(outcome.url.split("/")[2], []).append(outcome.at)
    gaps = [later - sooner for at in starts.values() for sooner, later in itertools.pairwise(sorted(at))]
    assert min(gaps) > delay - 0.005  # a fetch notes its start a little after it was let go


def stillborn(setup: Setup) -> None:
    os._exit(3)


class Stillborn(Hybrid):
    """Its workers die at once."""

    _serve = staticmethod(stillborn)


def unmade(name: str, settings: Settings) -> Backend:
    raise BackendError("no more processes for you")


@pytest.mark.parametrize(
    ("make", "why"),
    [(unmade, "no more processes"), (lambda name, settings: Stillborn(settings), "died at their start")],
)
def test_where_the_other_cannot_start_it_stays(make: Callable[[str, Settings], Backend], why: str, site: Site) -> None:
    backend = auto("hybrid", make)
    after = itertools.count()
    try:
        submitted, outcomes = drive(
            backend, endless(site), lambda: "cannot be started" in backend.why and next(after) > 20
        )
        assert Counter(outcome.url for outcome in outcomes) == Counter(submitted)
        assert all(isinstance(outcome, Fetched) for outcome in outcomes)
        assert why in backend.why
        assert backend.why.startswith("asyncio stays: hybrid was wanted")
        assert backend.capacity == 4
    finally:
        backend.close()


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


def test_it_stays_and_looks_again_when_there_is_too_little_left(site: Site) -> None:
    left = itertools.chain([10, 20], itertools.repeat(100_000))
    loads: list[Load] = []

    def chosen(load: Load) -> tuple[str, str]:
        loads.append(load)
        return ("asyncio", f"{load.left} left") if load.left is not None and load.left < 1_000 else ("threads", "much")

    backend = Auto(SETTINGS, look=Look(4, 2, least=4), choose=chosen)
    backend.outlook = lambda: Outlook(next(left), 4)
    said = []
    try:

        def over() -> bool:
            said.append(backend.why)
            return is_over(backend)

        submitted, outcomes = drive(backend, endless(site), over)
    finally:
        backend.close()
    assert len(submitted) == len(outcomes)
    assert list(dict.fromkeys(said)) == [
        BEGIN,
        "asyncio stays: 10 left",
        "asyncio stays: 20 left",
        "threads from here on: much",
    ]
    pages = [load.pages for load in loads if load.left is not None]
    assert pages[0] >= 8
    assert pages[1] >= 16
    assert pages[2] >= 32


def test_a_crawl_tells_it_what_is_left(site: Site) -> None:
    backend = auto("asyncio")
    settings = msgspec.structs.replace(SETTINGS, budget=Budget(depth=0, pages=30))
    with open_run(settings, list(site.urls())[:40], backend, Nowhere()) as run:
        assert backend.outlook() == Outlook(30, 4)
        done = [entry for entries in run.rounds() for entry in entries]
    assert len(done) == 30
    assert backend.outlook().left == 0
    assert backend.why == "asyncio stays: as the test has it"


class Time:
    """Clocks that are set by hand, in seconds."""

    def __init__(self) -> None:
        self.wall = self.cpu = self.queued = 0.0

    def clocks(self) -> Clocks:
        return Clocks(lambda: self.wall, lambda: self.cpu, lambda: self.queued)

    def goes_on(self, wall: float, cpu: float = 0.0, queued: float = 0.0) -> None:
        self.wall += wall
        self.cpu += cpu
        self.queued += queued


def page(number: int, kind: Kind = Kind.PAGE, parse_us: int = 1_000) -> Fetched:
    timings = Timings(waited_us=100, server_us=30_000 if number else 20_000, body_us=1_000, parse_us=parse_us)
    return Fetched(Request(f"http://{number % 5}.test/{number}", kind=kind), 200, timings=timings)


def looked(look: Look, at: Time, pages: list[Outcome], *, wall: float, inside: float, outside: float) -> bool:
    """A turn in which ``pages`` came in; whether it was the last."""
    at.goes_on(outside, outside)
    look.enter()
    at.goes_on(wall, inside)
    return look.leave(pages, flying=10)


def test_a_look_counts_from_the_ninth_page_on() -> None:
    at = Time()
    look = Look(10, 2, least=20, clocks=at.clocks())
    for number in range(5):
        look.submitted(Request(f"http://{number}.test/", delay=0.5))
    assert not looked(look, at, [page(0), *map(page, range(1, 8))], wall=9.0, inside=5.0, outside=1.0)
    assert not looked(look, at, [page(8, Kind.ROBOTS)], wall=0.01, inside=0.002, outside=0.0)
    assert not looked(look, at, [page(number) for number in range(9, 19)], wall=0.03, inside=0.02, outside=0.005)
    at.goes_on(0.0, 0.0, queued=0.01)
    assert looked(look, at, [page(number) for number in range(19, 29)], wall=0.04, inside=0.02, outside=0.005)
    load = look.load(Outlook(left=700, hosts=50))
    assert load.pages == 20
    assert load.seconds == pytest.approx(0.01 + 0.03 + 0.005 + 0.04 + 0.005 - 0.01)
    assert load.cpu == pytest.approx(0.052 / 20)
    assert load.stays == pytest.approx(0.010 / 20)
    assert load.server == pytest.approx(0.031)
    assert load.quickest == pytest.approx(0.020)
    assert load.parse == load.parse_cpu == pytest.approx(0.001)
    assert load.flying == 10
    assert load.admitted == pytest.approx(100)
    assert (load.left, load.hosts, load.cores, load.places) == (700, 50, 2, 10)


def test_a_look_ends_after_a_while_and_sees_who_waits() -> None:
    at = Time()
    look = Look(100, 2, clocks=at.clocks())
    assert not looked(look, at, [page(number) for number in range(8)], wall=0.1, inside=0.01, outside=0.0)
    for number in range(15):
        last = looked(look, at, [page(number, parse_us=100_000)], wall=0.1, inside=0.005, outside=0.0)
        assert last == (number == 14)
    load = look.load(Outlook())
    assert load.parse == pytest.approx(0.1)
    assert load.parse_cpu == pytest.approx(0.005)
    assert load.admitted is None


def test_a_look_at_what_was_refused() -> None:
    at = Time()
    look = Look(1, 2, least=1, clocks=at.clocks())
    refused = Refused(Request("http://a.test/"), Reason.PRIVATE_ADDRESS)
    failed = Failed(Request("http://b.test/"), Reason.DNS)
    for _ in range(20):
        assert not looked(look, at, [refused], wall=0.1, inside=0.01, outside=0.0)
    assert not looked(look, at, [failed] * 8, wall=0.1, inside=0.01, outside=0.0)
    assert looked(look, at, [failed] * 2, wall=0.1, inside=0.01, outside=0.0)
    assert look.load(Outlook()).pages == 2


@pytest.mark.parametrize(
    ("hosts", "asked", "told", "admitted"),
    [(4, 40, 0, 8.0), (40, 40, 0, None), (40, 40, 1_000, 2_000.0), (4, 40, 2, 8.0)],
)
def test_what_politeness_admits_on_hosts_that_are_not_all_seen(
    hosts: int, asked: int, told: int, admitted: float | None
) -> None:
    at = Time()
    look = Look(1, 2, least=asked, clocks=at.clocks())
    for number in range(hosts):
        look.submitted(Request(f"http://{number}.test/", delay=0.5))
    looked(look, at, [page(number) for number in range(8)], wall=0.1, inside=0.01, outside=0.0)
    looked(look, at, [page(number) for number in range(asked)], wall=0.1, inside=0.01, outside=0.0)
    assert look.load(Outlook(hosts=told)).admitted == admitted


def test_only_what_can_be_told_beforehand_is() -> None:
    local = [f"http://127.0.0.{number}/" for number in range(1, 9)]
    assert choose(Settings(workers=1), local)[0] == "asyncio"
    assert choose(Settings(workers=1, parsing=Parsing(function="x:y")), local)[0] == "auto"
    assert choose(Settings(politeness=Politeness(delay=0.1)), local)[0] == "asyncio"


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
