"""Call back at moments, to a fraction of a millisecond, which is what event loops count in."""

from __future__ import annotations

import asyncio
import ctypes
import heapq
import itertools
import math
import os
import sys
import time
from collections.abc import Callable

__all__ = ["Alarm"]


class Alarm:
    """Calls back when it is time; times are those of :func:`time.monotonic`.

    On Linux one timer of the kernel's wakes the loop for all of them (timerfd_create(2)): answers were 1 ms late on
    average with libuv's own timers, which is much of an answer that is to take 10. Elsewhere those must do.

    :param exact: whether to ask the kernel.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, *, exact: bool = sys.platform == "linux") -> None:
        self._loop = loop
        self._calls: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._handle: asyncio.TimerHandle | None = None
        self._timer = _Timer() if exact else None
        if self._timer is not None:
            loop.add_reader(self._timer.fd, self._ring)

    def at(self, due: float, call: Callable[[], object]) -> None:
        """Call back at ``due``, never before it."""
        entry = due, next(self._numbers), call
        heapq.heappush(self._calls, entry)
        if self._calls[0] is entry:
            self._set(due)

    def close(self) -> None:
        """Forget all."""
        self._calls.clear()
        if self._timer is not None:
            self._loop.remove_reader(self._timer.fd)
            os.close(self._timer.fd)

    def _ring(self) -> None:
        calls = self._calls
        while calls and calls[0][0] <= time.monotonic():
            heapq.heappop(calls)[2]()
        self._set(calls[0][0] if calls else 0.0)

    def _set(self, due: float) -> None:
        """Wake at ``due``; never, where it is 0."""
        if self._timer is not None:
            self._timer.set(due)
            return
        if self._handle is not None:
            self._handle.cancel()
        if due:
            # In the loop's own milliseconds, so that it is not a part of one early.
            wait = math.ceil(due * 1000) - math.floor(time.monotonic() * 1000)
            self._handle = self._loop.call_later(wait / 1000, self._ring)


class _Timer:
    """A timer of the kernel's, as a file that can be read from when it is time; Python itself has it from 3.13 on."""

    def __init__(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._settime = libc.timerfd_settime
        self.fd: int = libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._spec = (ctypes.c_long * 4)()

    def set(self, due: float) -> None:
        """Become readable at ``due``, and not before; never, where it is 0."""
        seconds = int(due)
        self._spec[2] = seconds
        self._spec[3] = min(math.ceil((due - seconds) * 1e9), _BILLION - 1)
        self._settime(self.fd, _ABSOLUTE, self._spec, None)


_BILLION = 1_000_000_000
_ABSOLUTE = 1  # TFD_TIMER_ABSTIME of sys/timerfd.h
