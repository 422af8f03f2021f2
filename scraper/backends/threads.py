"""Worker threads on a ``queue.Queue``, ended by poison pills.

Threads share one interpreter: they wait for the network side by side, but parse one after the other, since the parser
and all Python code hold the GIL. They are for latency, not for speed.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable

from scraper.backends.pace import Pace
from scraper.backends.worker import Shed, Worker
from scraper.model import Outcome, Request
from scraper.settings import Settings
from scraper.stats import Stats

__all__ = ["Threads"]


class Threads:
    """As many workers as threads; one more of both is started when a request finds all others busy."""

    def __init__(self, settings: Settings) -> None:
        self.capacity = settings.concurrency
        self._settings = settings
        self._pace = Pace()
        self._inbox: queue.Queue[tuple[Request, float] | None] = queue.Queue()
        self._outbox: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._early: set[threading.Timer] = set()
        self._workers: list[Worker] = []
        self._shed = Shed()
        self._threads: list[threading.Thread] = []
        self._open = 0

    def submit(self, request: Request) -> None:
        self._open += 1
        if len(self._threads) < min(self._open, self.capacity):
            self._start()
        self._inbox.put((request, time.perf_counter()))

    def collect(self, timeout: float) -> list[Outcome]:
        outcomes: list[Outcome] = []
        try:
            outcomes.append(self._outbox.get(timeout=timeout))
            while True:
                outcomes.append(self._outbox.get_nowait())
        except queue.Empty:
            self._open -= len(outcomes)
            return outcomes

    def close(self) -> None:
        """End the threads: what is fetched at this moment is broken off by closing its connection.

        What cannot be broken off - a name lookup, a user's function - is not waited for: its thread is a daemon, and
        ends on its own or with the process.
        """
        for _ in self._threads:
            self._inbox.put(None)
        for worker in self._workers:
            worker.abort()
        patience = time.monotonic() + _GRACE
        for thread in self._threads:
            thread.join(max(0.0, patience - time.monotonic()))
        self._threads.clear()
        for timer in list(self._early):
            timer.cancel()
            timer.join()

    def clock(self) -> float:
        return time.monotonic()

    def stats(self) -> Stats:
        return Stats.total(worker.stats for worker in self._workers)

    def describe(self) -> Iterable[str]:
        queued = len(self._inbox.queue)  # qsize() takes the lock, which the interrupted thread may hold in a put
        yield f"threads: {len(self._threads)} of {self.capacity} started, {queued} requests queued"
        for number, worker in enumerate(self._workers):
            yield f"  thread {number}: {worker.doing or 'idle'}"

    def _start(self) -> None:
        worker = Worker(self._settings)
        thread = threading.Thread(target=self._work, name=f"fetch-{len(self._threads)}", daemon=True)
        self._workers.append(worker)
        self._shed.put(worker)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (item := self._inbox.get()) is not None:
            pause = self._pace.pause(item[0], time.monotonic())
            if pause:
                self._hand_back(item, pause)
            else:
                worker = self._shed.take(item[0])
                outcome = worker(*item)
                self._shed.put(worker)
                self._outbox.put(outcome)
            self._inbox.task_done()
        self._shed.close_one()
        self._inbox.task_done()

    def _hand_back(self, item: tuple[Request, float], pause: float) -> None:
        """Let ``item`` come again after ``pause`` seconds; its thread is free for another until then."""

        def come_again() -> None:
            self._inbox.put(item)
            self._early.discard(timer)

        timer = threading.Timer(pause, come_again)
        timer.daemon = True
        self._early.add(timer)
        timer.start()


_GRACE = 2.0
"""Seconds that threads may take to notice that they are to end."""
