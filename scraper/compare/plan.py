"""What is measured in which order, and how many pages each run is given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from scraper.compare.model import Case, Workload

__all__ = ["FEWEST", "WAVES", "Chance", "cases_of", "mixed", "sample"]

FEWEST = 20
"""Pages of a sample at least: the mean latency of fewer says little."""
WAVES = 10
"""How often a sample should fill all places in flight; see :func:`sample`."""
_FIRST = 3
"""The same of the first sample, when nothing is known yet."""
_LONGER = 1.5
"""How much longer than asked for a run may take for it."""

_PROCESSES = frozenset({"processes", "hybrid"})


class Chance(Protocol):
    """What an order is drawn by: a :class:`random.Random`, seeded."""

    def random(self) -> float:
        """A number in [0, 1)."""


def cases_of(workload: Workload, backends: Iterable[str], cores: int) -> tuple[Case, ...]:
    """The cases of ``workload`` under each of ``backends``, each once, in order.

    Sequential fetching has one request in flight and is one case. Backends without processes have a case for each
    concurrency, the others one for each number of workers too: as many as there are cores where the workload does not
    say. More workers than requests in flight would never be started, so they count as that many.
    """
    found: dict[Case, None] = {}
    for backend in backends:
        for places in (1,) if backend == "sequential" else workload.concurrency:
            for workers in workload.workers or (cores,) if backend in _PROCESSES else (0,):
                found[Case(workload.name, backend, places, min(workers, places))] = None
    return tuple(found)


def mixed(cases: Sequence[Case], chance: Chance) -> list[Case]:
    """One round: every case once, in an order of its own: what drifts, as heat does, strikes all alike."""
    return sorted(cases, key=lambda case: chance.random())


def sample(rate: float, seconds: float, total: int, concurrency: int) -> int:
    """How many pages, from the beginning of the list, a run is given that is to take about ``seconds``.

    A crawl is slower than its rate while the first answers are waited for, and at its end, while fewer and fewer
    requests are in flight: all in all it loses about as much time as the slowest of the last ones takes. So a sample is
    a multiple of the concurrency, and has :data:`WAVES` waves where that makes the run half as long again at most.
    Where a core is what is short, next to nothing is lost, and fewer do. It has :data:`FEWEST` pages and one wave at
    least, and never more than there are.

    :param rate: pages a second that were seen before; 0 where nothing is known.
    :param total: pages that there are.
    """
    places = max(1, concurrency)
    usual = rate * seconds
    enough = min(WAVES * places, _LONGER * usual) if rate else _FIRST * places
    wanted = max(usual, enough, FEWEST, places)
    waves = min(-(-int(wanted) // places), max(1, total // places))
    return min(waves * places, total)
