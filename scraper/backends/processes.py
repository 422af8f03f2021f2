"""Worker processes: one ``JoinableQueue`` a worker for its requests, ended by poison pills, and one pipe back.

No queue is shared, since a worker killed inside ``get`` would leave a shared one locked for ever, and only one end
writes to each pipe, so no lock can be left behind either. What comes back are frames: a length and msgpack. A frame
that a dying worker did not finish is dropped. The end of a pipe is the death of its worker: what it had in hand becomes
``Failed(LOST)``, and another is started in its place. One page may have killed it while the others only happened to be
there: so the last try of a URL that was lost before is made alone. Workers end by themselves when the parent does.

Pages stay where they were fetched: only the outcome crosses the border, never a body.
"""

from __future__ import annotations

import contextlib
import fcntl
import multiprocessing
import os
import selectors
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable
from multiprocessing.context import SpawnProcess

import msgspec

from scraper.backends.child import HELD_BACK, PILL, Setup, serve_threads
from scraper.backends.frames import Frame, Frames
from scraper.errors import BackendError
from scraper.model import Failed, Outcome, Reason, Request
from scraper.settings import Settings
from scraper.spawning import main_hidden, signals_held_back
from scraper.stats import Stats
from scraper.url import host_key

__all__ = ["Processes"]

_PIPE = 1 << 20  # bytes a pipe holds, so that a worker need not wait while the parent writes to its store
_STILLBORN = 3  # workers in a row that died without an outcome: then nothing will help


class Processes:
    """``workers`` processes with ``concurrency`` requests in flight among them, on worker threads inside each.

    With as many workers as requests in flight each process fetches one page at a time. A host stays with one worker
    while that has room, so that its connections are used again.
    """

    _serve: Callable[[Setup], None] = staticmethod(serve_threads)
    _batched = False  # a message is taken by one thread: all requests in one would wait for one another

    def __init__(self, settings: Settings) -> None:
        workers = max(1, min(settings.workers, settings.concurrency))
        self._concurrency = settings.concurrency
        self._share = -(-settings.concurrency // workers)
        self._silence = settings.limits.total + _PATIENCE
        self._settings = msgspec.structs.replace(settings, concurrency=self._share)
        self._selector = selectors.DefaultSelector()
        self._workers = [_Worker(number) for number in range(workers)]
        self._homes: dict[str, _Worker] = {}
        self._arrived: list[Outcome] = []
        self._stats = Stats()
        self._lost: set[str] = set()
        self._stillborn = 0

    @property
    def capacity(self) -> int:
        """What the workers that are ready can take; none before the first :meth:`collect` has started them.

        A worker that is still starting would let its first requests wait, and then start them all at once, whatever
        delay was meant to be between them.
        """
        ready = sum(worker.ready for worker in self._workers)
        return min(self._concurrency, ready * self._share)

    def submit(self, request: Request) -> None:
        worker = self._choose(request)
        worker.pending[request.url] = request
        last_try = request.attempt > self._settings.retry.retries
        (worker.alone if last_try and request.url in self._lost else worker.outgoing).append(request)

    def collect(self, timeout: float) -> list[Outcome]:
        """As the law has it.

        :raises BackendError: when workers die one after the other without having done anything.
        """
        now = time.monotonic()
        for worker in self._workers:
            if worker.process is None:
                self._start(worker)
            elif worker.silent(now) > self._silence:
                worker.kill()
            worker.send(self._batched)
        for key, _ in self._selector.select(0 if self._arrived else timeout):
            self._receive(key.data)
        arrived, self._arrived = self._arrived, []
        return arrived

    def close(self) -> None:
        """End the workers: by a pill those that are idle, by a kill those that are not."""
        for worker in self._workers:
            worker.dismiss(pills=self._share)
        for worker in self._workers:
            if worker.process is not None:
                worker.bury()
        self._selector.close()

    def clock(self) -> float:
        return time.monotonic()

    def stats(self) -> Stats:
        return self._stats

    def describe(self) -> Iterable[str]:
        """Say what each worker has in hand, and let each print its own stacks to stderr."""
        for worker in self._workers:
            yield worker.describe()
            worker.ask_for_stacks()

    def _choose(self, request: Request) -> _Worker:
        host = host_key(request.url)
        home = self._homes.get(host)
        if home is not None and (len(home.pending) < self._share or request.delay):
            return home  # also a full one, where there is a delay: only one process can keep it
        emptiest = min(self._workers, key=lambda worker: (not worker.ready, len(worker.pending), worker.hosts))
        if home is None:
            self._homes[host] = emptiest
            emptiest.hosts += 1
        return emptiest

    def _start(self, worker: _Worker) -> None:
        if self._stillborn >= _STILLBORN:
            raise BackendError(f"{_STILLBORN} worker processes in a row died at their start: see their messages above")
        try:
            worker.start(self._serve, self._settings)
        except (OSError, AssertionError) as error:  # the latter in a process that may not have children
            raise BackendError(f"no worker process can be started: {error}") from error
        self._selector.register(worker.pipe, selectors.EVENT_READ, worker)

    def _receive(self, worker: _Worker) -> None:
        frames = worker.receive()
        if frames is None:
            self._selector.unregister(worker.pipe)
            self._mourn(worker)
            return
        for frame in frames:
            self._stats.add(frame.stats)
            for outcome in frame.outcomes:
                del worker.pending[outcome.url]
                worker.sent.remove(outcome.url)
                self._lost.discard(outcome.url)
                self._stillborn = 0
            self._arrived += frame.outcomes

    def _mourn(self, worker: _Worker) -> None:
        self._stillborn += not worker.ready
        detail = worker.bury()
        for url in worker.sent:
            outcome = Failed(worker.pending.pop(url), Reason.LOST, detail, at=time.time())
            self._stats.count_fetch(outcome)
            self._arrived.append(outcome)
        self._lost |= worker.sent
        worker.sent.clear()


class _Worker:
    """The parent's side of one worker; it is started anew after each death."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.hosts = 0
        self.pending: dict[str, Request] = {}
        self.outgoing: list[Request] = []
        self.alone: deque[Request] = deque()
        self.sent: set[str] = set()
        self.process: SpawnProcess | None = None
        self.ready = False
        self.heard = 0.0
        self._frames = Frames()
        self._is_alone = False

    def start(self, serve: Callable[[Setup], None], settings: Settings) -> None:
        # spawn: a fork would copy the parent's threads' locks, and every worker's pipes to every other one
        context = multiprocessing.get_context("spawn")
        self.inbox = context.JoinableQueue()
        self.inbox._ignore_epipe = True  # type: ignore[attr-defined]  # see _let_go
        self.pipe, outbox = context.Pipe(duplex=False)
        with contextlib.suppress(OSError, AttributeError):  # the user's share is used up; not on this system
            fcntl.fcntl(self.pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)
        os.set_blocking(self.pipe.fileno(), False)
        self._frames = Frames()
        setup = Setup(self.inbox, outbox, settings)
        process = context.Process(target=serve, args=(setup,), name=f"fetch-{self.number}", daemon=True)
        try:
            with main_hidden(), signals_held_back(HELD_BACK):
                process.start()
        except BaseException:
            self.pipe.close()
            raise
        finally:
            outbox.close()
        self.process = process

    def send(self, batched: bool) -> None:
        """Put what was submitted since the last time into the worker's queue, once it is ready to begin.

        What goes alone waits until the worker has nothing else in hand, and lets nothing follow before its outcome.
        """
        if not self.ready or (self.sent and (self.alone or self._is_alone)):
            return
        self._is_alone = bool(self.alone)
        requests = [self.alone.popleft()] if self.alone else self.outgoing
        if not requests:
            return
        if not self.sent:
            self.heard = time.monotonic()  # it had nothing to do until now
        now = time.perf_counter()
        for message in [requests] if batched else [[request] for request in requests]:
            self.inbox.put(_encode((now, message)))
        self.sent.update(request.url for request in requests)
        if requests is self.outgoing:
            self.outgoing = []

    def silent(self, now: float) -> float:
        """Seconds for which a worker that has something to do has sent nothing."""
        return now - self.heard if self.sent else 0.0

    def kill(self) -> None:
        """End a worker that is stopped or stuck; the end of its pipe tells the rest."""
        assert self.process is not None
        self.process.kill()

    def receive(self) -> list[Frame] | None:
        """The whole frames that have come in; None when the worker is dead and all it had sent was received."""
        try:
            chunk = os.read(self.pipe.fileno(), _PIPE)
        except BlockingIOError:
            return []
        if not chunk:
            return None
        self.ready, self.heard = True, time.monotonic()
        return self._frames.feed(chunk)

    def dismiss(self, pills: int) -> None:
        """Tell the worker to end: by a pill for each of its threads, or at once if it is still busy or starting."""
        if self.process is None:
            return
        if self.pending or not self.ready:
            self.process.kill()
        else:
            for _ in range(pills):
                self.inbox.put(PILL)

    def bury(self) -> str:
        """Wait for the end of a dismissed or dead worker, and let go of all that was its; say how it ended."""
        assert self.process is not None
        self.process.join(_GRACE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        code = self.process.exitcode or 0
        self.process.close()
        self.process, self.ready = None, False
        self.pipe.close()
        self._let_go()
        return f"the worker was killed by signal {-code}" if code < 0 else f"the worker ended with code {code}"

    def _let_go(self) -> None:
        """End the queue's feeder thread, also where a pipe that nobody reads any more is full: that one is broken."""
        self.inbox._reader.close()  # type: ignore[attr-defined]  # the queue itself would close it after the feeder
        self.inbox.close()
        self.inbox.join_thread()
        self.inbox._writer.close()  # type: ignore[attr-defined]  # a feeder that met a broken pipe has left it open

    def describe(self) -> str:
        if self.process is None:
            return f"process {self.number}: not started"
        urls = list(self.pending)
        return f"process {self.number} (pid {self.process.pid}): {len(urls)} in hand {' '.join(urls[:3])}"

    def ask_for_stacks(self) -> None:
        if self.process is not None and self.ready and self.process.pid:
            os.kill(self.process.pid, signal.SIGUSR1)


_PATIENCE = 60.0
"""Seconds beyond the limit of a fetch that a worker may be silent for, with something in hand: for heavy pages, and for
a user's function. Then it is taken for stopped or stuck."""
_GRACE = 5.0  # seconds that a dismissed worker may take to close its connections
_encode = msgspec.msgpack.Encoder().encode
