"""A process and its descendants, as /proc shows them: their memory, and what they have used so far; and all others."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

__all__ = ["Memory", "Used", "busy", "memory_of", "own_cores", "tree", "used_by"]

_AGAIN = 5
"""Looks after which :class:`Memory` searches for new processes: that costs more, and they come at the start."""


class Memory:
    """The most resident memory that a tree has had at one time; somebody must look, every 20 to 50 ms.

    The resident pages of each process are counted, of its libraries too: what several of them share counts for each, by
    which a tree of three is some 10 MB too large. The fair share of each (Pss) would be less for a process that shares
    its pages with one that is not of the tree, and takes 200 µs to read where this takes 20.

    :param root: the id of the first process of the tree.
    :ivar peak: bytes.
    """

    def __init__(self, root: int) -> None:
        self._root = root
        self._looks = 0
        self._known: list[int] = []
        self.peak = 0

    def look(self) -> None:
        """Take the memory of this moment into account."""
        if self._looks % _AGAIN == 0:
            self._known = tree(self._root)
        self._looks += 1
        self.peak = max(self.peak, memory_of(self._known))


class Used(NamedTuple):
    """What processes have used so far: CPU seconds, and context switches that they asked for and did not ask for."""

    user: float = 0.0
    system: float = 0.0
    waits: int = 0
    preempted: int = 0

    def plus(self, other: Used) -> Used:
        """What both have used."""
        user, system = self.user + other.user, self.system + other.system
        return Used(user, system, self.waits + other.waits, self.preempted + other.preempted)

    def since(self, before: Used) -> Used:
        """What was used since ``before``, never less than nothing."""
        user, system = max(0.0, self.user - before.user), max(0.0, self.system - before.system)
        return Used(user, system, max(0, self.waits - before.waits), max(0, self.preempted - before.preempted))


def tree(root: int) -> list[int]:
    """The ids of ``root`` and of all its descendants; children are noted with the thread that started them."""
    found = [root]
    for pid in found:
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):  # the thread has ended meanwhile
                found += map(int, task.read_text().split())
    return found


def memory_of(pids: Iterable[int]) -> int:
    """Bytes that the processes ``pids`` have resident, those that have ended none."""
    pages = 0
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, IndexError):
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def used_by(pids: Iterable[int]) -> Used:
    """What the processes ``pids`` have used; those that have ended count as nothing."""
    total = Used()
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, IndexError):
            total = total.plus(_used(pid))
    return total


def _used(pid: int) -> Used:
    """Of one process: its CPU by its clock, to the nanosecond; how that is parted, by ticks of 10 ms (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system = int(fields[11]), int(fields[12])
    share = user / (user + system) if user + system else 1.0
    cpu = time.clock_gettime(~pid << 3 | _SCHED)
    return Used(cpu * share, cpu * (1 - share), *_switches(pid))


_SCHED = 2  # a process's CPU clock, as the kernel makes its number of the process's (posix-timers.h)


def _switches(pid: int) -> tuple[int, int]:
    waits = preempted = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        with contextlib.suppress(OSError):
            for line in status.read_text().splitlines():
                name, _, value = line.partition(":")
                waits += int(value) if name == "voluntary_ctxt_switches" else 0
                preempted += int(value) if name == "nonvoluntary_ctxt_switches" else 0
    return waits, preempted


def own_cores() -> Collection[int]:
    """The numbers of the cores that this process may use."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)


def busy() -> float | None:
    """CPU seconds of all that ran on our cores since the start of the system, time that a host took away included.

    None where the system does not tell.
    """
    names = {f"cpu{number}" for number in own_cores()}
    try:
        lines = [line.split() for line in Path("/proc/stat").read_text("ascii").splitlines()]
        ticks = os.sysconf("SC_CLK_TCK")
        # proc(5): user nice system idle iowait irq softirq steal; guests are in user already
        return sum(sum(map(int, [*line[1:4], *line[6:9]])) for line in lines if line[0] in names) / ticks
    except (OSError, ValueError, IndexError):
        return None
