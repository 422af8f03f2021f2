"""The schedule of a watch: each target again and again, at its own interval or as its cron line says.

The times come from APScheduler's triggers, which are functions of the time that they are given. Its schedulers are left
out: they read clocks and own threads and pools, and here time and chance are arguments. What they would do besides is
little: a heap of what is due next, and what happens to rounds that come too late.

The life of a target: it waits in a heap; :meth:`Rounds.due` takes it out; :meth:`Rounds.ended` puts it back with its
next time. So there is never a second round of it while one is under way, and rounds that came due meanwhile are missed,
not made up for. Intervals are counted from the first round, so they do not drift, however long a check took.

Times are seconds since the epoch, and that clock is set back and forth. Intervals live on a plan of their own, in which
no clock is ever set: where the clock leaps, be it that it was set or that the machine was asleep, the whole plan is
moved with it, so all targets keep their distances. Cron lines are about the clock, and are asked anew.
"""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from apscheduler.triggers.interval import IntervalTrigger

from scraper.check.model import Target
from scraper.check.timing.every import Trigger, read_every

__all__ = ["LEAP", "PACE", "Rounds"]

LEAP = 15.0
"""Seconds from which on the clock did not pass but leapt: it is read several times a second."""

PACE = 20.0
"""Targets a second, where their intervals allow it, that are begun with: so long the first rounds are spread."""

_TINY = 1e-6
"""Seconds: what a datetime can tell apart."""

_SOONEST = 5.0
"""Seconds over which the first rounds are spread at least: soon enough for who has just started it."""


class _Row(NamedTuple):
    """A target's place in a heap.

    :ivar at: when it is due; ``planned`` is the same without the jitter.
    """

    at: float
    target: int
    planned: float


class _Out(NamedTuple):
    """A target whose round is under way: ``planned`` as it was to be, ``given`` as it came."""

    planned: float
    given: float


class Rounds:
    """A schedule without an end; see :class:`scraper.check.schedule.Schedule`.

    :param default_every: for targets that say nothing themselves.
    :param start: now.
    :param chance: gives numbers from 0 to 1, for the jitter.
    :param last: when the targets were checked last, by their keys; a watch that is started again goes on from there.
    :param jitter: seconds that a round comes late at most, by chance; half an interval is the most.
    :param zone: the time zone of cron lines.
    :param spread: whether the first rounds are spread, rather than all at once.
    :ivar missed: rounds that were left out because the one before was still under way.
    :ivar leaps: how often the clock has leapt; rounds that fell into such a gap are not counted as missed.
    :raises ConfigError: when ``every`` of a target cannot be read.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        default_every: str,
        start: float,
        chance: Callable[[], float],
        last: Mapping[str, float] | None = None,
        *,
        jitter: float = 0.0,
        zone: tzinfo = UTC,
        spread: bool = True,
    ) -> None:
        self.missed = self.leaps = 0
        self._chance, self._jitter, self._zone = chance, jitter, zone
        self._seen = start
        self._offset = 0.0
        self._intervals: list[_Row] = []
        self._crons: list[_Row] = []
        self._triggers: list[Trigger] = []
        self._every: list[float | None] = []
        self._out: dict[int, _Out] = {}
        slowest = max(_SOONEST, len(targets) / PACE) if spread else 0.0
        for index, target in enumerate(targets):
            self._admit(index, target, target.every or default_every, slowest, (last or {}).get(target.key))
        heapq.heapify(self._intervals)
        heapq.heapify(self._crons)

    def due(self, now: float) -> list[int]:
        """Whose time has come, the earliest first; each is given once until it has :meth:`ended`."""
        self._look_at_clock(now)
        rows = self._take(self._intervals, now - self._offset)
        if self._crons and self._crons[0].at <= now:
            crons = self._take(self._crons, now)
            rows = sorted([*(row._replace(at=row.at + self._offset) for row in rows), *crons])
        return [row.target for row in rows]

    def ended(self, index: int, now: float) -> None:
        """The round of a target is over: its next one is the first that has not come yet.

        One that would follow the start of this one within a quarter of an interval, because that came late, is missed.
        """
        self._look_at_clock(now)
        out = self._out.pop(index)
        every = self._every[index]
        if every is None:
            self._plan_cron(index, out, now)
        else:
            self._plan_interval(index, out, every, max(now - self._offset, out.given + every / 4))

    def next(self) -> float | None:
        """When :meth:`due` next gives something, as far as the clock is not set; None when nothing waits."""
        times = [self._intervals[0].at + self._offset] if self._intervals else []
        if self._crons:
            times.append(self._crons[0].at)
        return min(times, default=None)

    def _admit(self, index: int, target: Target, every: str, slowest: float, last: float | None) -> None:
        now, read = self._seen, read_every(every, self._zone)
        if not isinstance(read, float):
            self._every.append(None)
            self._triggers.append(read)
            self._push_cron(index, self._after(index, None, now))
            return
        first = now + share(target.key) * min(read, slowest)
        if last is not None and now - read < last <= now:
            first = last + read
        self._every.append(read)
        self._triggers.append(IntervalTrigger(seconds=read, start_date=datetime.fromtimestamp(first, UTC)))
        self._intervals.append(_Row(first + self._late(read), index, first))

    def _take(self, heap: list[_Row], now: float) -> list[_Row]:
        rows = []
        while heap and heap[0].at <= now:
            row = heapq.heappop(heap)
            self._out[row.target] = _Out(row.planned, now)
            rows.append(row)
        return rows

    def _plan_interval(self, index: int, out: _Out, every: float, now: float) -> None:
        then = self._after(index, out.planned, now)
        if then is not None and then <= now:
            then = self._after(index, None, now + _TINY)
            self.missed += round((then - out.planned) / every) - 1 if then else 0
        if then is not None:
            heapq.heappush(self._intervals, _Row(then + self._late(every), index, then))

    def _plan_cron(self, index: int, out: _Out, now: float) -> None:
        then = self._after(index, out.planned, now)
        while then is not None and then <= now:
            self.missed += 1
            then = self._after(index, then, now)
        self._push_cron(index, then)

    def _push_cron(self, index: int, then: float | None) -> None:
        if then is None:
            return
        after = self._after(index, then, then) if self._jitter else None
        late = self._late(after - then) if after is not None else 0.0
        heapq.heappush(self._crons, _Row(then + late, index, then))

    def _after(self, index: int, before: float | None, now: float) -> float | None:
        """The time of a target's trigger that comes next after ``before``, else not before ``now``."""
        zone = self._zone if self._every[index] is None else UTC
        past = None if before is None else datetime.fromtimestamp(before, zone)
        then = self._triggers[index].get_next_fire_time(past, datetime.fromtimestamp(now, zone))
        return None if then is None else then.timestamp()

    def _late(self, every: float) -> float:
        return min(self._jitter, every / 2) * self._chance() if self._jitter else 0.0

    def _look_at_clock(self, now: float) -> None:
        """Move the plan of the intervals with a clock that was set; ask the cron lines anew."""
        leap = now - self._seen
        self._seen = now
        if abs(leap) < LEAP:
            return
        self.leaps += 1
        self._offset += leap
        for index, out in self._out.items():
            if self._every[index] is None:
                self._out[index] = out._replace(planned=now)
        waiting, self._crons = self._crons, []
        for row in waiting:
            self._push_cron(row.target, self._after(row.target, None, now))


def share(key: str) -> float:
    """From 0 to 1: the same for one key each time, and different for most."""
    return zlib.crc32(key.encode()) / 0x1_0000_0000
