"""The backend that goes over to another one: what it sees, when it goes, and that nothing is lost or rude meanwhile."""

from __future__ import annotations

import itertools
import os
import time
from collections import Counter
from collections.abc import Callable

import msgspec
import pytest

from scraper.backends import BEGIN, Backend, choose
from scraper.backends.auto import Auto
from scraper.backends.child import Setup
from scraper.backends.hybrid import Hybrid
from scraper.backends.look import Look, Outlook
from scraper.bounds import Load
from scraper.compare.fixture import Fixture
from scraper.compare.site import Site
from scraper.errors import BackendError
from scraper.model import Fetched, Outcome, Request
from scraper.run import Nowhere, open_run
from scraper.serving.server import Server
from scraper.settings import Budget, Parsing, Politeness, Settings
from tests.backends.autos import PATIENCE, SETTINGS, auto, drive, endless, is_over


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


def test_only_what_can_be_told_beforehand_is() -> None:
    local = [f"http://127.0.0.{number}/" for number in range(1, 9)]
    assert choose(Settings(workers=1), local)[0] == "asyncio"
    assert choose(Settings(workers=1, parsing=Parsing(function="x:y")), local)[0] == "auto"
    assert choose(Settings(politeness=Politeness(delay=0.1)), local)[0] == "asyncio"
