"""Few pages are parsed each time that a loop is pumped, so that what follows from them leaves before the rest is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import pytest

from scraper.backends.asyncio import _AT_ONCE, _Turns, new_event_loop
from scraper.evidence import Probe
from scraper.fetch.trace import Trace
from scraper.model import Failed, Fetched, Kind, Reason, Refused, Request, Response, Timings

COUNT = 2 * _AT_ONCE + 3


class Ready:
    """A fetcher that has every answer already."""

    async def fetch(self, request: Request, trace: Trace | None = None) -> Response:
        return Response(request.url, 200, {}, b"")


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    with contextlib.closing(new_event_loop()) as made:
        yield made
        for task in asyncio.all_tasks(made):
            task.cancel()
        made.run_until_complete(asyncio.sleep(0))


class Fetches:
    """A lot of them, all with their answer; ``done`` are numbers, in the order in which they went on."""

    def __init__(self, loop: asyncio.AbstractEventLoop, kind: Kind = Kind.PAGE, trace: Trace | None = None) -> None:
        self._loop = loop
        self.turns = _Turns(loop, Ready())  # type: ignore[arg-type]  # all that is asked of it is what it has
        self.done: list[int] = []
        self.tasks = [loop.create_task(self._fetch(number, kind, trace)) for number in range(COUNT)]

    async def _fetch(self, number: int, kind: Kind, trace: Trace | None) -> None:
        probe = None if trace is None else Probe()
        await self.turns.fetch(Request(f"http://a.test/{number}", kind=kind, probe=probe), trace)
        self.done.append(number)

    def pump(self) -> int:
        """How many go on in one turn."""
        before = len(self.done)
        self.turns.begin()
        for _ in range(5):
            self._loop.run_until_complete(asyncio.sleep(0))
        return len(self.done) - before


def test_some_go_on_in_each_turn_in_their_order(loop: asyncio.AbstractEventLoop) -> None:
    fetches = Fetches(loop)
    assert [fetches.pump() for _ in range(4)] == [_AT_ONCE, _AT_ONCE, 3, 0]
    assert fetches.done == list(range(COUNT))


def test_who_is_cancelled_takes_no_turn(loop: asyncio.AbstractEventLoop) -> None:
    fetches = Fetches(loop)
    fetches.pump()
    for task in fetches.tasks[_AT_ONCE : 2 * _AT_ONCE]:
        task.cancel()
    assert fetches.pump() == 3


@pytest.mark.parametrize(("kind", "trace"), [(Kind.ROBOTS, None), (Kind.SITEMAP, None), (Kind.PAGE, Trace())])
def test_others_need_none(loop: asyncio.AbstractEventLoop, kind: Kind, trace: Trace | None) -> None:
    assert Fetches(loop, kind, trace).pump() == COUNT


@pytest.mark.parametrize(("parse_us", "turns"), [(300, _AT_ONCE), (1_000, 4), (6_000, 1), (0, _AT_ONCE)])
def test_of_heavy_pages_fewer_go_on(loop: asyncio.AbstractEventLoop, parse_us: int, turns: int) -> None:
    fetches, request = Fetches(loop), Request("http://a.test/")
    page = Fetched(request, 200, timings=Timings(parse_us=parse_us))
    fetches.turns.learn([page, page, Refused(request, Reason.ROBOTS)])
    assert fetches.pump() == turns
    fetches.turns.learn([])
    assert fetches.pump() == turns


def test_failures_count_as_light(loop: asyncio.AbstractEventLoop) -> None:
    fetches, request = Fetches(loop), Request("http://a.test/")
    fetches.turns.learn([Fetched(request, 200, timings=Timings(parse_us=6_000)), Failed(request, Reason.TIMEOUT)])
    assert fetches.pump() == 1
    fetches.turns.learn([Failed(request, Reason.TIMEOUT)])
    assert fetches.pump() == _AT_ONCE
