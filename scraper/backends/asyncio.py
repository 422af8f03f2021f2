"""Tasks under a semaphore on one event loop, with one aiohttp session; uvloop where it is installed.

There is no second thread: :meth:`Asyncio.collect` pumps the loop until something has arrived.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Iterable

from scraper.backends.pace import Pace
from scraper.fetch.asyncio import AsyncFetcher
from scraper.fetch.trace import Trace
from scraper.model import Kind, Outcome, Refused, Request, Response
from scraper.parse import make_parser
from scraper.settings import Settings
from scraper.stats import Stats
from scraper.visit import visit_async

try:
    import uvloop
except ImportError:  # not on Windows
    new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
else:
    new_event_loop = uvloop.new_event_loop

__all__ = ["Asyncio"]


class Asyncio:
    """One loop, one session, a task for each request.

    :ivar pace: the last starts on each host.
    """

    def __init__(self, settings: Settings) -> None:
        self.capacity = settings.concurrency
        self._fetcher = AsyncFetcher(settings.limits, settings.identity, settings.safety)
        self._parse = make_parser(settings)
        self._loop = new_event_loop()  # behind what may refuse the settings: it must be closed
        self._semaphore = asyncio.Semaphore(self.capacity)
        self._turns = _Turns(self._loop, self._fetcher)
        self._tasks: set[asyncio.Task[None]] = set()
        self._arrived: list[Outcome] = []
        self.pace = Pace()
        self._stats = Stats()
        self._waker: int | None = None
        self._pausing = False

    def submit(self, request: Request) -> None:
        task = self._loop.create_task(self._visit(request, time.perf_counter()), name=request.url)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def collect(self, timeout: float) -> list[Outcome]:
        self._pausing = False
        self._turns.begin()
        patience = self._loop.call_later(timeout, self._pause)
        self._loop.run_forever()
        patience.cancel()
        arrived, self._arrived = self._arrived, []
        self._turns.learn(arrived)
        return arrived

    def wake_on(self, fileno: int) -> None:
        """Let :meth:`collect` return early whenever ``fileno`` is readable: for a loop inside a worker process."""
        self._loop.add_reader(fileno, self._pause)
        os.set_blocking(fileno, True)  # uvloop has it otherwise; whoever reads a message waits for the whole of it
        self._waker = fileno

    def close(self) -> None:
        if not self._loop.is_closed():
            self._pausing = True  # what ends now must not stop the loop before all has ended
            self._loop.run_until_complete(self._end())
            self._loop.close()

    def clock(self) -> float:
        return time.monotonic()

    def stats(self) -> Stats:
        return self._stats

    def take_stats(self) -> Stats:
        """What was counted since the last call."""
        taken, self._stats = self._stats, Stats()
        return taken

    def describe(self) -> Iterable[str]:
        yield f"asyncio: {len(self._tasks)} tasks of at most {self.capacity}, {len(self._arrived)} outcomes to collect"
        for task in list(self._tasks):
            yield f"  task: {task.get_name()}"

    async def _visit(self, request: Request, submitted: float) -> None:
        while pause := self.pace.pause(request, time.monotonic()):  # noqa: ASYNC110  # only the clock tells
            await asyncio.sleep(pause)
        async with self._semaphore:
            outcome = await visit_async(self._turns, self._parse, request, submitted)
        self._stats.count_fetch(outcome)
        self._arrived.append(outcome)
        self._pause()

    def _pause(self) -> None:
        """Stop the loop, once: uvloop would keep a second stop for its next run."""
        if not self._pausing:
            self._pausing = True
            self._loop.stop()

    async def _end(self) -> None:
        if self._waker is not None:
            self._loop.remove_reader(self._waker)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._fetcher.close()
        await self._loop.shutdown_asyncgens()
        await self._loop.shutdown_default_executor()


class _Turns:
    """Fetches, and lets few pages go on to be parsed each time that the loop is pumped; others wait in their order.

    Answers that were asked for together come in together. Were all of them parsed before the engine sees the first
    outcome, the next requests would leave together as well, and late: with 64 in flight, 100 ms of latency and 0.5 ms
    for a page a sixth of the time was lost to that, wave after wave.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, fetcher: AsyncFetcher) -> None:
        self._loop, self._fetcher = loop, fetcher
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._left = self._share = _AT_ONCE

    def begin(self) -> None:
        """The loop is about to be pumped."""
        self._left = self._share
        while self._left and self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():  # as one whose task was cancelled
                waiter.set_result(None)
                self._left -= 1

    def learn(self, outcomes: Iterable[Outcome]) -> None:
        """Let as many go on next time as take a moment together, by what the last ones took: one, of heavy pages."""
        took = [found.timings.parse_us for found in outcomes if not isinstance(found, Refused)]
        if took:
            self._share = max(1, min(_AT_ONCE, _MOMENT_US * len(took) // (1 + sum(took))))

    async def fetch(self, request: Request, trace: Trace | None = None) -> Response:
        """See :meth:`scraper.fetch.asyncio.AsyncFetcher.fetch`."""
        response = await self._fetcher.fetch(request, trace)
        if trace is None and request.kind is Kind.PAGE:
            await self._turn()
        return response

    async def _turn(self) -> None:
        if self._left:
            self._left -= 1
            return
        waiter = self._loop.create_future()
        self._waiting.append(waiter)
        await waiter


_AT_ONCE, _MOMENT_US = 16, 5_000
"""Pages that go on in one turn at most, and the time that they may take together; one goes on in any case. With eight,
a page that costs next to nothing would cost 6 % more."""
