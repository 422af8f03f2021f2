"""The values of a comparison, from what is to be measured to what came of it; the JSON file is the last of them.

Times are seconds where nothing else is said, sizes bytes, rates pages a second.
"""

from __future__ import annotations

from typing import Any

import msgspec

from scraper.bounds import Finding

__all__ = [
    "SCHEMA",
    "Case",
    "Comparison",
    "Fit",
    "Interval",
    "Lane",
    "Machine",
    "Quantiles",
    "Row",
    "Run",
    "Serial",
    "Timeline",
    "Verdict",
    "Workload",
]

SCHEMA = 1
"""The number of the form of the JSON file; it grows when a reader of the old form would be misled."""


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """What is crawled: pages that a local server gives, and how they are treated.

    :ivar name: one word, as ``latency``; ``about`` says in a sentence what it is an example of.
    :ivar fixture: the made-up web, as ``web:hosts=20,pages=1000,...``; None where there is a recording.
    :ivar recording: the file of a recorded crawl; None where there is a fixture.
    :ivar options: how it is crawled, by the names of :class:`scraper.options.Options`: ``parser``, ``delay``.
    :ivar concurrency: requests in flight at most, each a case of its own; ``workers`` likewise, for the backends that
        have processes.
    """

    name: str
    about: str = ""
    fixture: str | None = None
    recording: str | None = None
    options: dict[str, Any] = {}
    concurrency: tuple[int, ...] = (64,)
    workers: tuple[int, ...] = ()


class Case(msgspec.Struct, frozen=True, order=True):
    """One line of the table: a workload under one backend.

    :ivar workers: processes; 0 for the backends that have none.
    """

    workload: str
    backend: str
    concurrency: int = 1
    workers: int = 0

    @property
    def name(self) -> str:
        """As it is written: ``latency/hybrid/64x2``."""
        return f"{self.workload}/{self.backend}/{self.concurrency}" + (f"x{self.workers}" if self.workers else "")


class Quantiles(msgspec.Struct, frozen=True):
    """Seconds that half, 95 of 100, and 99 of 100 do not exceed, and their mean."""

    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    mean: float = 0.0


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One crawl of a case, measured.

    :ivar round: which of the interleaved rounds it belongs to, from 0.
    :ivar pages: pages fetched, in ``seconds`` from the first submission, when all workers were ready, to the last
        outcome written.
    :ivar start: seconds before that: making the backend, starting its workers.
    :ivar user, system: CPU seconds of the whole tree in those ``seconds``; ``start_cpu`` those before them.
    :ivar memory: the most resident memory that the whole tree had at one time.
    :ivar switches: context switches of the whole tree, those that it asked for (waiting) and those that it did not.
    :ivar server: how long the server took for a page, as it was meant to (its latency) or as it was recorded.
    :ivar own: what else a page took, from its submission to its outcome: queues, connecting, transport, locks.
    :ivar parse: the parse of a page, the user's function included, by the clock on the wall.
    :ivar flying: requests in flight on average.
    :ivar server_cpu: CPU seconds of the local server meanwhile; ``late`` by how much 95 of 100 of its answers were
        given later than they were due, at most.
    :ivar differences: URLs whose outcome was another one than in most runs, or was missing, a few of them;
        ``different`` counts all.
    :ivar failed: pages of which there is nothing, or on which the user's function failed; ``failure`` is the reason of
        most of them.
    :ivar others: CPU seconds that other programs took of our cores meanwhile.
    """

    case: Case
    round: int
    pages: int
    seconds: float
    start: float
    user: float
    system: float
    start_cpu: float
    memory: int
    switches: tuple[int, int]
    server: Quantiles
    own: Quantiles
    parse: Quantiles
    flying: float
    server_cpu: float
    late: float
    different: int = 0
    differences: tuple[str, ...] = ()
    failed: int = 0
    failure: str = ""
    others: float = 0.0

    @property
    def rate(self) -> float:
        """Pages a second."""
        return self.pages / self.seconds


class Interval(msgspec.Struct, frozen=True):
    """An estimate, and where the truth lies with a probability of 95 %; both ends are the value where nobody knows."""

    value: float
    low: float
    high: float

    def overlaps(self, other: Interval) -> bool:
        """Whether both may be the same."""
        return self.low <= other.high and other.low <= self.high


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What the runs of a case come to.

    :ivar rate: pages a second: the geometric mean of the runs.
    :ivar speedup: over the sequential backend on the same workload, paired by rounds; None without one.
    :ivar efficiency: speedup for each request in flight.
    :ivar ceiling: pages a second that in flight / latency, and politeness, admit; None where neither bounds it.
    :ivar outliers: rounds whose rate is far from the others'; they are named, and count all the same.
    :ivar same: whether every run had the outcomes that all others had.
    :ivar finding: what keeps this case from being faster.

    The others are medians of the runs'.
    """

    case: Case
    rate: Interval
    speedup: Interval | None
    efficiency: float | None
    ceiling: float | None
    pages: int
    start: float
    user: float
    system: float
    memory: int
    switches: tuple[int, int]
    server: Quantiles
    own: Quantiles
    parse: Quantiles
    outliers: tuple[int, ...]
    same: bool
    finding: Finding


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """A law fitted to the rates of one backend on one workload over N, its requests in flight.

    ========== ==================================================== ==========================================
    law        rate of N                                            parameters
    ========== ==================================================== ==========================================
    amdahl     r N / (1 + s (N - 1))                                ``rate`` r, ``serial`` s
    gustafson  r (N - s (N - 1))                                    ``rate`` r, ``serial`` s
    usl        r N / (1 + a (N - 1) + b N (N - 1))                  ``rate`` r, ``contention`` a, ``coherence`` b
    ========== ==================================================== ==========================================

    N is 1 up to the most that was measured: where a backend was not measured with one request in flight, the sequential
    backend's rate stands there, which is what speedup is measured against.

    :ivar peak: the N beyond which the rate falls, for the USL; None where the points show none.
    :ivar points: how many N there were, five at least.
    :ivar error: the root mean square of the relative errors.
    :ivar best: whether of the laws on these points this one explains them best, for the number of its parameters.
    """

    workload: str
    backend: str
    workers: int
    law: str
    parameters: dict[str, Interval]
    peak: float | None
    points: int
    error: float
    best: bool = False


class Serial(msgspec.Struct, frozen=True):
    """The serial fraction that Karp and Flatt (1990) would find in one case: e = (1/S - 1/N) / (1 - 1/N)."""

    case: Case
    fraction: float


class Lane(msgspec.Struct, frozen=True, array_like=True):
    """What one worker did: ``spans`` are (state, from, to) in microseconds since the begin of the timeline.

    States are ``wait`` (in our own queues), ``fetch``, ``parse``, ``lock`` (of a parse, what was waited for the
    interpreter's lock), ``write`` and ``decide`` (both the engine's).
    """

    name: str
    spans: tuple[tuple[str, int, int], ...]


class Timeline(msgspec.Struct, frozen=True):
    """A stretch of one further run of a case, which was watched page by page; its rate is in no row.

    :ivar lock: the share of its parsing time that was waited for the interpreter's lock, of the whole run.
    :ivar core: the share of its parsing time that was spent on a core.
    """

    case: Case
    lanes: tuple[Lane, ...]
    lock: float
    core: float


class Verdict(msgspec.Struct, frozen=True):
    """What is to be said of one workload.

    :ivar winner: the case with the highest rate, of those whose outcomes are the same; None where they are not, or
        where nobody is ahead beyond doubt and nothing is to be gained by choosing.
    :ivar over: how much faster than the second backend at its best, and than the sequential one.
    :ivar text: sentences for people: who is ahead, why, and what to do.
    """

    workload: str
    winner: Case | None
    over_second: Interval | None
    over_sequential: Interval | None
    text: tuple[str, ...]


class Machine(msgspec.Struct, frozen=True):
    """Where it was measured."""

    system: str
    processor: str
    cores: int
    memory: int
    python: str
    versions: dict[str, str]
    commit: str | None = None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All of a comparison, and all that is needed to make it once more.

    :ivar command: as it was typed; ``began`` is seconds since the epoch, ``seconds`` how long it took.
    :ivar server_share: the share of the machine that the local server took, at most, of any row.
    :ivar notes: what a reader should know: a busy machine, a server that took too much of it, outliers, differences.
    """

    command: str
    began: float
    seconds: float
    machine: Machine
    seed: int
    rounds: int
    workloads: tuple[Workload, ...]
    rows: tuple[Row, ...]
    runs: tuple[Run, ...]
    fits: tuple[Fit, ...] = ()
    serial: tuple[Serial, ...] = ()
    timelines: tuple[Timeline, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    server_share: float = 0.0
    notes: tuple[str, ...] = ()
    schema: int = SCHEMA
