"""What runs inside a worker process: threads that each take from the queue, or one event loop.

The parent's messages are msgpack: when they were sent, and a list of requests; :data:`PILL` ends the worker. What goes
back are frames, written whole by one ``write`` after the other.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from multiprocessing import parent_process
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from scraper.backends.frames import pack
from scraper.backends.pace import Pace
from scraper.model import Outcome, Request
from scraper.settings import Settings
from scraper.stats import Stats
from scraper.tuning import tune

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.queues import JoinableQueue

__all__ = ["HELD_BACK", "PILL", "Setup", "serve_loop", "serve_threads"]

HELD_BACK = {signal.SIGINT, signal.SIGTERM}
"""Signals that the parent alone hears; blocked while a worker starts, until it can ignore them."""

PILL = b""
"""The message that ends one thread, or one loop."""


class Setup(NamedTuple):
    """What a worker is given at its start."""

    inbox: JoinableQueue[bytes]
    outbox: Connection
    settings: Settings


def serve_threads(setup: Setup) -> None:
    """Run ``settings.concurrency`` threads, each one: get, visit, send, ``task_done``, until the pill."""
    from scraper.backends.worker import Shed, Worker  # here: the event loop's worker does without requests

    pace = Pace()
    workers = [Worker(setup.settings) for _ in range(setup.settings.concurrency)]
    shed = Shed(workers)
    _settle_in(lambda: (f"  {worker.doing or 'idle'}" for worker in workers))
    send = _Sender(setup.outbox)
    send([], Stats())

    def work() -> None:
        while (message := setup.inbox.get()) != PILL:
            sent, (request,) = _decode(message)
            while pause := pace.pause(request, time.monotonic()):
                time.sleep(pause)  # the queue has no place for what is early, and it is only ever early by a little
            worker = shed.take(request)
            outcome = worker(request, sent)
            worker.stats, counted = Stats(), worker.stats
            shed.put(worker)
            send([outcome], counted)
            setup.inbox.task_done()
        setup.inbox.task_done()
        shed.close_one()

    threads = [threading.Thread(target=work, daemon=True) for _ in workers[1:]]
    for thread in threads:
        thread.start()
    work()
    for thread in threads:
        thread.join()


def serve_loop(setup: Setup) -> None:
    """Pump one asyncio backend, which hears of new messages by the queue's file descriptor, until the pill."""
    from scraper.backends.asyncio import Asyncio  # here: a worker of threads does without aiohttp

    backend = Asyncio(setup.settings)
    _settle_in(backend.describe)
    send = _Sender(setup.outbox)
    send([], Stats())
    # The reading end of the queue's pipe has no public name. This process alone reads from it, so that what is
    # readable is there to be got.
    fileno = setup.inbox._reader.fileno()  # type: ignore[attr-defined]
    backend.wake_on(fileno)
    readable = select.poll()
    readable.register(fileno, select.POLLIN)
    while True:
        if readable.poll(0):
            message = setup.inbox.get()
            setup.inbox.task_done()
            if message == PILL:
                break
            for request in _decode(message)[1]:
                backend.submit(request)
        outcomes = backend.collect(1.0)
        if outcomes:
            send(outcomes, backend.take_stats())
    backend.close()


class _Sender:
    """Writes frames to the parent. The lock is for threads of this process only; no other process has it."""

    def __init__(self, outbox: Connection) -> None:
        self._outbox = outbox
        self._lock = threading.Lock()

    def __call__(self, outcomes: list[Outcome], stats: Stats) -> None:
        frame = memoryview(pack(outcomes, stats))
        with self._lock:
            while frame:
                frame = frame[os.write(self._outbox.fileno(), frame) :]


def _settle_in(describe: Callable[[], Iterable[str]]) -> None:
    """Live and die as the parent wishes: it alone hears Ctrl-C, its end is ours, and it may ask for our stacks."""
    for number in HELD_BACK:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_BACK)
    if sys.stderr is not None:  # closed by the user
        signal.signal(signal.SIGUSR1, lambda *_: _tell(describe))
        faulthandler.register(signal.SIGUSR1, all_threads=False, chain=True)  # all of them: see _tell
    tune()
    threading.Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()


def _tell(describe: Callable[[], Iterable[str]]) -> None:
    faulthandler.dump_traceback(sys.stderr)  # here, where the other threads wait: their frames hold still
    text = "\n".join([f"worker {os.getpid()}:", *describe(), ""])
    with contextlib.suppress(OSError):
        os.write(sys.stderr.fileno(), text.encode(errors="replace"))  # at once, so that no other worker tears it


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # nobody is left to read what an orderly end would say


_decode = msgspec.msgpack.Decoder(tuple[float, list[Request]]).decode
