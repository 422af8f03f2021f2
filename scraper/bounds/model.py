"""The values: what pages were seen to cost, and what that comes to."""

from __future__ import annotations

import enum
import math

import msgspec

__all__ = ["BEYOND_ONE", "Bound", "Finding", "Load"]

BEYOND_ONE = 1.25
"""Cores that a process held by the interpreter's lock uses at most: system calls, and a parser's C code, run beside it.
"""


class Bound(enum.Enum):
    """What a crawl waits for most; the values are the words of tables and records."""

    NETWORK = "network"
    """The servers' time: more requests in flight would help, more cores would not."""
    POLITENESS = "politeness"
    """The pace that was promised to the hosts: nothing helps."""
    GIL = "GIL"
    """The interpreter's lock: threads wait for one another while cores are idle."""
    PARSE = "parse"
    """One core, or all that are used, with parsing; or one event loop, with a function that waits."""
    CORE = "core"
    """One core, or all that are used, with all else: requests, the engine, the store."""
    QUEUE = "queue"
    """Handing over: between the engine and its workers requests or outcomes wait, and no core is full."""
    SERVER = "server"
    """The local server of a comparison: it answers late, or takes the cores that the crawl would need."""
    UNKNOWN = "unknown"
    """None of these stands out."""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What some pages of a crawl were seen to cost; times are seconds, and means a page where nothing else is said.

    :ivar pages: how many there were, in ``seconds`` on the wall.
    :ivar places: requests in flight at most; ``flying`` how many there were on average.
    :ivar processes: processes that fetch and parse; ``cores`` those of the machine that may be used.
    :ivar cpu: CPU of a page, of the whole tree.
    :ivar server: the servers' time of a page; ``waited`` that in our own queues before its fetch began.
    :ivar parse: that of a parse on the wall, the user's function included; ``parse_cpu`` what of it was spent on a
        core, None where that was not measured; ``lock`` what of it was waited for the interpreter's lock, likewise.
    :ivar admitted: pages a second that politeness admits; None for no bound.
    :ivar hosts: how many there are.
    :ivar server_cpu: CPU of a page that a local server took on the same machine; ``late`` how much too late 95 of 100
        of its answers were, at most. Both are 0 for servers elsewhere.
    :ivar parsers: pages that may be parsed side by side: one in each process on event loops, all with threads.
    :ivar stays: what of ``cpu`` belongs to the calling thread, whoever fetches: the engine, the store, the caller.
    :ivar left: pages that are known to wait; None where nobody knows.
    :ivar quickest: the least of the servers' times: under a full core, or a function that holds up its event loop, the
        only one that is not mostly our own.
    """

    pages: int
    seconds: float
    places: int
    flying: float
    cores: int
    cpu: float
    server: float
    waited: float
    parse: float
    processes: int = 1
    parse_cpu: float | None = None
    lock: float | None = None
    admitted: float | None = None
    hosts: int = 1
    server_cpu: float = 0.0
    late: float = 0.0
    parsers: int = 1
    stays: float = 0.0
    left: int | None = None
    quickest: float = 0.0

    @property
    def rate(self) -> float:
        """Pages a second."""
        return self.pages / self.seconds if self.seconds > 0 else 0.0

    @property
    def used(self) -> float:
        """Cores that the crawl kept busy, on average."""
        return self.cpu * self.rate

    @property
    def reach(self) -> int:
        """Cores that it can use: one for each process, or all, where threads are seen to share no lock."""
        shared = self.parsers <= self.processes or self.used <= BEYOND_ONE * self.processes
        return max(1, min(self.processes if shared else self.parsers, self.cores))

    @property
    def full(self) -> float:
        """How much of the cores that it can use is used up, from 0 to 1 and a little more."""
        return self.used / self.reach

    @property
    def ceiling(self) -> float:
        """Pages a second that requests in flight admit (Little, 1961); infinite where a server takes no time."""
        return self.places / self.server if self.server > 0 else math.inf

    @property
    def idle_parse(self) -> float:
        """Of a parse, what was neither spent on a core nor waited for the lock: the user's function waits itself."""
        if self.parse_cpu is None:
            return 0.0
        return max(0.0, self.parse - self.parse_cpu - (self.lock or 0.0))


class Finding(msgspec.Struct, frozen=True):
    """What bounds a crawl.

    :ivar share: how much of that bound is used up, from 0 to 1: of the ceiling that in flight / latency sets, of the
        pace that politeness admits, of a core, of the time of parsing that was waited for the lock.
    :ivar text: the same for people, with the figures: one sentence.
    """

    bound: Bound
    share: float
    text: str
