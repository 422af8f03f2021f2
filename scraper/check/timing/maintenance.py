"""Windows of maintenance: times in which trouble is expected. Functions of the time that they are given.

A window that comes again begins when its cron line says so, by the clock on the wall of its time zone, and lasts so
many seconds by the stopwatch: over a night in which clocks are set, it begins as always and its end moves on the wall.
A beginning that the clocks skip counts as if they were not put forward, and one that comes twice begins twice.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

from scraper.check.asking.config import Maintenance
from scraper.check.model import Target
from scraper.check.timing.every import Trigger, read_every
from scraper.check.timing.zones import zone_of
from scraper.errors import ConfigError

__all__ = ["Windows"]


class Windows:
    """All windows of a watch.

    :param zone: the time zone of cron lines, and of times, that name none.
    :raises ConfigError: for a time zone or a cron line that is none.
    """

    def __init__(self, windows: Iterable[Maintenance] = (), zone: tzinfo = UTC) -> None:
        self._windows = [_read(window, zone) for window in windows]

    def titles(self, target: Target, at: float) -> list[str]:
        """The windows that are open for ``target`` at ``at``, seconds since the epoch."""
        return [window.about.title for window in self._windows if window.concerns(target) and window.open(at)]

    def cover(self, target: Target, *times: float) -> bool:
        """Whether a window is open for ``target`` at one of ``times``."""
        return any(window.concerns(target) and any(map(window.open, times)) for window in self._windows)


class _Once:
    def __init__(self, about: Maintenance, start: float, end: float) -> None:
        self.about, self._start, self._end = about, start, end

    def open(self, at: float) -> bool:
        return self._start <= at < self._end

    def concerns(self, target: Target) -> bool:
        """Whether the window names the target; one that names nothing is for all."""
        groups, checks = self.about.groups, self.about.checks
        if not groups and not checks:
            return True
        return _fits(target.group, groups) or _fits(target.key, checks) or _fits(target.title, checks)


class _Again(_Once):
    """Remembers the beginning next to the last time that was asked for: asking a cron line takes some 20 µs."""

    def __init__(self, about: Maintenance, trigger: Trigger, zone: tzinfo, duration: float) -> None:
        super().__init__(about, 0.0, 0.0)
        self._trigger, self._zone, self._duration = trigger, zone, duration
        self._none = (0.0, 0.0)

    def open(self, at: float) -> bool:
        """See the class. No beginning lies between the two of ``_none``, which are set at once: threads may share."""
        earliest, (asked, start) = at - self._duration, self._none
        if not asked <= earliest < start:
            start = self._first(earliest)
            self._none = (earliest, start)
        return start <= at

    def _first(self, after: float) -> float:
        """The first beginning after ``after``."""
        then = self._trigger.get_next_fire_time(None, datetime.fromtimestamp(after + 0.001, self._zone))
        return float("inf") if then is None else then.timestamp()


def _fits(name: str, patterns: Iterable[str]) -> bool:
    """Whether ``name`` is one of ``patterns``, in which ``*`` and ``?`` may stand for others."""
    return any(name == pattern or fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _read(about: Maintenance, default: tzinfo) -> _Once:
    zone = zone_of(about.timezone, "maintenance") if about.timezone else default
    if about.start is not None and about.end is not None:
        return _Once(about, _time(about.start, zone), _time(about.end, zone))
    trigger = read_every(about.every or "", zone)
    if isinstance(trigger, float):
        raise ConfigError(f"maintenance {about.title!r}: every: {about.every!r} is no cron line of five fields")
    return _Again(about, trigger, zone, about.duration or 0.0)


def _time(moment: datetime, zone: tzinfo) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
