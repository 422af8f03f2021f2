"""Which backend a crawl that began on asyncio should go on with: a table of rules; the first that speaks counts.

What is reckoned with are differences between the backends that no other machine turns round: what a second process, or
a thread, costs and brings.
"""

from __future__ import annotations

from scraper.bounds.model import Load
from scraper.bounds.words import percent, rate, seconds

__all__ = ["choose_by"]

_HELD = 0.3
"""Of the time, what an event loop may stand still in functions that wait, without this being what counts."""
_FULL = 0.85
"""Of a core, what counts as a full one."""
_IDLE = 0.4
"""Of the time, what the loop's core must have been idle for, for further cores to be of no use. Answers come in waves,
and wait for one another long before the core is full: with one that is busy for 60 % already more than half as long
again as they take by themselves (a queue with one server), and all of a wave where servers take equally long."""
_GAIN = 1.15
"""How much faster another backend must be reckoned to be, to be worth the change."""
_WORTH = 1.0
"""Seconds that it must save, at least: processes take half a second to start, and as much CPU."""
_THREADS = 1.3
"""CPU of a page on threads over that on asyncio: requests over aiohttp, and the switches."""
_HANDING = 0.1e-3
"""Seconds of CPU that an outcome costs on both sides of a pipe between two processes."""


def choose_by(load: Load) -> tuple[str, str]:
    """The backend to go on with, and why, from what the first pages of a crawl on asyncio have cost.

    Decided by CPU use: where the loop's core is full, the server's time is inflated by our own loop.

    :param load: its ``cores`` are those that workers may have, one process each.
    """
    for rule in _CHOICES:
        choice = rule(load)
        if choice is not None:
            return choice
    return "hybrid", f"its core was busy {percent(load.full)} of the time, and there are {load.cores}"


def _loop_held(load: Load) -> tuple[str, str] | None:
    if load.idle_parse * load.rate < _HELD:
        return None
    why = f"a page's function waits {seconds(load.idle_parse)} without the CPU, and holds up all others meanwhile"
    wanted = _THREADS * load.cpu * load.places / (load.quickest + load.parse)
    if load.cores > 1 and wanted > _FULL and _saves(load, wanted):
        return "processes", f"{why}; as threads their pages would want {wanted:.1f} cores, and there are {load.cores}"
    return "threads", f"{why}: threads wait side by side"


def _one_core(load: Load) -> tuple[str, str] | None:
    return None if load.cores > 1 else ("asyncio", "there is one core to use")


def _idle_core(load: Load) -> tuple[str, str] | None:
    idle = 1.0 - load.full
    return None if idle < _IDLE else ("asyncio", f"{percent(idle)} of the time its core had nothing to do")


def _polite_enough(load: Load) -> tuple[str, str] | None:
    if load.admitted is None or load.admitted * load.cpu >= 1.0 - _IDLE:
        return None
    return "asyncio", f"politeness admits {rate(load.admitted)} pages/s: one core is enough"


def _own_share(load: Load) -> tuple[str, str] | None:
    gain = load.cpu / max(load.stays + _HANDING, (load.cpu + _HANDING) / load.cores)
    if gain >= _GAIN:
        return None
    return "asyncio", f"{percent(load.stays / load.cpu)} of its CPU goes to what no worker can take over"


def _little_left(load: Load) -> tuple[str, str] | None:
    if _saves(load, load.cores):
        return None
    waiting = "1 page waits" if load.left == 1 else f"{load.left:,} pages wait"
    return "asyncio", f"{waiting}: too few to be worth the start of processes"


_CHOICES = (_loop_held, _one_core, _idle_core, _polite_enough, _own_share, _little_left)


def _saves(load: Load, cores: float) -> bool:
    """Whether what is left takes so long that processes on ``cores`` save more than their start costs."""
    return load.left is None or load.left / max(load.rate, 1e-9) * (1 - 1 / max(1.0, cores)) >= _WORTH
