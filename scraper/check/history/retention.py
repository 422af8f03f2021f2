"""What is kept, and for how long; and letting go of the rest, a little with every group: no stop is ever long.

Results go by whole hours and hours by whole days, so that what is left of either still adds up to the roll-up above.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from scraper.check.history.tables import DAY, HOUR

__all__ = ["Pruner", "Retention"]

_STEP = 6 * HOUR
"""Of one target's results, what goes at once."""
_ROUND = 500
"""Groups in which every target has its turn; some minutes."""
_NOTICES = 100 * DAY
_SLACK, _PAGES = 256, 64
"""Free pages that are worth keeping for what comes, besides a quarter of the file; and those that go at once."""


class Retention(msgspec.Struct, frozen=True):
    """Seconds that things are kept; None for ever. Incidents are kept for ever.

    :ivar raw: each result, with its phases; ``hourly`` and ``daily`` are what the checks of an hour and a day came to.
    """

    raw: float | None = 2 * 86_400.0
    hourly: float | None = 100 * 86_400.0
    daily: float | None = None


class Pruner:
    """Lets go of what is older than ``retention``, a step at a time, in whatever transaction is open."""

    def __init__(self, retention: Retention) -> None:
        self._retention, self._place = retention, 0

    def step(self, db: sqlite3.Connection, now: int, targets: Sequence[int]) -> None:
        """One step.

        :param now: milliseconds since the epoch.
        :param targets: all numbers of targets.
        """
        if self._retention.raw is not None and targets:
            for _ in range(1 + len(targets) // _ROUND):
                self._place = (self._place + 1) % len(targets)
                _results(db, targets[self._place], _before(now, self._retention.raw, HOUR) * HOUR)
        if self._retention.hourly is not None:
            _period(db, "hour", _before(now, self._retention.hourly, DAY) * (DAY // HOUR))
        if self._retention.daily is not None:
            _period(db, "day", _before(now, self._retention.daily, DAY))
        _notice(db, now - _NOTICES)
        _give_back(db)


def _before(now: int, seconds: float, unit: int) -> int:
    """The number of the unit of time that holds the moment ``seconds`` before ``now``."""
    return (now - round(seconds * 1000)) // unit


def _results(db: sqlite3.Connection, target: int, before: int) -> None:
    oldest = db.execute("SELECT min(at) FROM results WHERE target = ?", (target,)).fetchone()[0]
    if oldest is not None and oldest < before:
        until = min(before, oldest // HOUR * HOUR + _STEP)
        db.execute("DELETE FROM results WHERE target = ? AND at < ?", (target, until))


def _period(db: sqlite3.Connection, period: str, before: int) -> None:
    oldest = db.execute(f"SELECT min({period}) FROM {period}s").fetchone()[0]  # noqa: S608 - names of our own
    if oldest is not None and oldest < before:
        db.execute(f"DELETE FROM {period}s WHERE {period} = ?", (oldest,))  # noqa: S608


def _notice(db: sqlite3.Connection, before: int) -> None:
    over = "at < ? AND state IN ('sent', 'failed', 'unsure')"
    db.execute(f"DELETE FROM notices WHERE id = (SELECT min(id) FROM notices) AND {over}", (before,))  # noqa: S608


def _give_back(db: sqlite3.Connection) -> None:
    """Make the file smaller where much of it is free: after a shorter retention, or with fewer targets."""
    free, pages = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count"))
    if free > _SLACK + pages // 4:
        for _ in range(_PAGES):  # asked for more than one page, the sqlite3 module stops after the first
            db.execute("PRAGMA incremental_vacuum(1)")
