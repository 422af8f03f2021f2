"""The roll-ups of the hours, or of the days, that are being written: each is read once, grows here, is written whole.

What was added is lost with :meth:`Ledger.forget`, as it must be when its transaction was.
"""

from __future__ import annotations

import sqlite3

from scraper.check.history.rollup import Rollup
from scraper.check.model import Verdict

__all__ = ["COLUMNS", "Ledger"]

COLUMNS = "up, slow, cert, blocked, down, maintenance, answers, total_us, least_us, most_us, times"


class Ledger:
    """One table of roll-ups.

    :param period: ``hour`` or ``day``; the table is named after it.
    :param length: of a period, in milliseconds.
    """

    def __init__(self, period: str, length: int) -> None:
        self._length = length
        self._newest: int | None = None
        self._open: dict[tuple[int, int], Rollup] = {}
        self._changed: set[tuple[int, int]] = set()
        self._select = f"SELECT {COLUMNS} FROM {period}s WHERE {period} = ? AND target = ?"  # noqa: S608 - own names
        self._insert = f"INSERT OR REPLACE INTO {period}s VALUES (?, ?, {', '.join('?' * 11)})"  # noqa: S608
        self._last = f"SELECT max({period}) FROM {period}s"  # noqa: S608

    def add(
        self, db: sqlite3.Connection, target: int, at: int, verdict: Verdict, server_us: int | None, maintenance: bool
    ) -> None:
        """Count one result; see :meth:`scraper.check.history.rollup.Rollup.add`."""
        key = (at // self._length, target)
        rollup = self._open.get(key)
        if rollup is None:
            row = db.execute(self._select, key).fetchone()
            rollup = self._open[key] = Rollup.of_row(row) if row else Rollup()
        rollup.add(verdict, server_us, maintenance=maintenance)
        self._changed.add(key)

    def flush(self, db: sqlite3.Connection) -> bool:
        """Write what has changed; say whether any of it belongs to a period before the newest one."""
        if not self._changed:
            return False
        if self._newest is None:
            self._newest = db.execute(self._last).fetchone()[0] or 0
        late = min(self._changed)[0] < self._newest
        newest = max(self._newest, max(self._changed)[0])
        db.executemany(self._insert, [(*key, *self._open[key].row()) for key in sorted(self._changed)])
        if newest > self._newest or late:
            self._open = {key: rollup for key, rollup in self._open.items() if key[0] == newest}
        self._newest = newest
        self._changed.clear()
        return late

    def forget(self) -> None:
        """Know nothing any more of what is written."""
        self._newest = None
        self._open.clear()
        self._changed.clear()
