"""What the system knows of the calling thread: who it is, and how long it ran and waited to run."""

from __future__ import annotations

import contextlib
import os
import threading
import time

from scraper.evidence import Span

__all__ = ["Stopwatch", "queued"]


class Stopwatch:
    """Takes the times of one piece of work on the thread that does it, from where it is made.

    :param began: when the fetch began, by :func:`time.perf_counter`.
    """

    __slots__ = ("_began", "_cpu", "_fetched", "_queued")

    def __init__(self, began: float) -> None:
        self._began = began
        self._queued = queued()
        self._cpu = time.thread_time_ns()
        self._fetched = time.perf_counter()

    def span(self) -> Span:
        """What was measured until now."""
        parsed = time.perf_counter()
        cpu_us = (time.thread_time_ns() - self._cpu) // 1000
        queued_us = (queued() - self._queued) // 1000
        return Span(os.getpid(), threading.get_native_id(), self._began, self._fetched, parsed, cpu_us, queued_us)


class _Schedule:
    """The kernel's figures of one thread, kept open as long as that lives: to open them costs ten times a look."""

    def __init__(self) -> None:
        self._file: int | None = None
        with contextlib.suppress(OSError):  # not on this system
            self._file = os.open("/proc/thread-self/schedstat", os.O_RDONLY | os.O_CLOEXEC)

    def queued(self) -> int:
        """Nanoseconds that the thread was ready to run and had no core: the second field (proc(5), sched-stats.rst)."""
        if self._file is None:
            return 0
        fields = os.pread(self._file, 100, 0).split()
        return int(fields[1]) if len(fields) > 1 else 0

    def __del__(self) -> None:
        if self._file is not None:
            os.close(self._file)


_own = threading.local()


def queued() -> int:
    """Nanoseconds that the calling thread was ready to run and had no core; 0 where the system does not count them."""
    try:
        schedule: _Schedule = _own.schedule
    except AttributeError:
        schedule = _own.schedule = _Schedule()
    return schedule.queued()
