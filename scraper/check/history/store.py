"""The history of a watch: every result, what each hour and day came to, how each target does, and whom to tell.

Results are written in groups, about half a second apart, and each group is one transaction: the results, the roll-ups
they belong to, the health of their targets, the incidents they open or close, and the notices of these. So a watch that
is killed at any moment goes on from where it was: nothing that was shown is lost (see ``committed``), nothing is
counted twice, and nobody is told of a change that did not last.

All of it is read and written on one thread, the engine's. Others read the file: :mod:`scraper.check.history.reader`.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from scraper.check.health import Change, Health, Rules, Seen, step
from scraper.check.history.ledger import Ledger
from scraper.check.history.outbox import Box, Tell, nobody, put_notices
from scraper.check.history.retention import Pruner, Retention
from scraper.check.history.setback import Setback
from scraper.check.history.tables import DAY, HOUR, Kept, as_row, encoded, evidence, kept, milliseconds, prepare
from scraper.check.history.watched import Watched, states
from scraper.check.model import Result, Target, Verdict
from scraper.check.timing.maintenance import Windows
from scraper.errors import StoreError
from scraper.printing import utf8
from scraper.store.database import Passing
from scraper.store.sink import GROUP, GROUP_SECONDS

__all__ = ["Committed", "History"]

_TARGET = """INSERT INTO targets (key, place, url, definition) VALUES (?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET
    place = coalesce(place, excluded.place), url = excluded.url, definition = excluded.definition"""
_RESULT = "INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_OPENED = """INSERT INTO incidents (target, kind, started, opened, verdict, reason, detail, flapping)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_MOVED = "UPDATE incidents SET started = ?, opened = ? WHERE target = ? AND kind = ? AND ended IS NULL"
_CLOSED = "UPDATE incidents SET ended = ?, closed = ? WHERE target = ? AND kind = ? AND ended IS NULL"
_STATE = "INSERT OR REPLACE INTO states VALUES (?, ?, ?, ?)"
_LATE = "UPDATE meta SET value = value + 1 WHERE key = 'late'"

_MOST = 20_000
"""Results that wait at most while the disk refuses them; some tens of megabytes."""


class Committed(msgspec.Struct, frozen=True):
    """What a group has made durable."""

    results: tuple[Result, ...]
    changes: tuple[Change, ...]


class History(Box):
    """The history of ``targets`` in a SQLite file, which is made if it is not there; for one process at a time.

    A target is known by its key. One that is not among ``targets`` any more stays in the history, its open incidents
    end at its last result, and its results are not recorded: nor are those of others that were asked for out of turn.

    :param only: whether these are all that is watched now; if not, others go on to be, as for a check in between.
    :param windows: of maintenance.
    :param tell: says who is to be told of a change; there is a notice in the outbox for each.
    :param committed: is called after each group with what is durable now.
    :param clock: seconds, for the time between groups.
    :param say: is given a line where the disk refuses, and where it takes again what it is given.
    :raises StoreError: when the file cannot be opened, is in use, or is no history of this schema.
    """

    def __init__(
        self,
        path: str | Path,
        targets: Sequence[Target],
        *,
        only: bool = True,
        rules: Rules | None = None,
        windows: Windows | None = None,
        retention: Retention | None = None,
        tell: Tell = nobody,
        committed: Callable[[Committed], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._setback = Setback("the history", say)
        self._rules, self._windows = rules or Rules(), windows or Windows()
        self._tell, self._committed, self._clock = tell, committed, clock
        self._pruner = Pruner(retention or Retention())
        self._hours, self._days = Ledger("hour", HOUR), Ledger("day", DAY)
        self._waiting: list[Result] = []
        self._since = 0.0
        self._watched: dict[str, Watched] = {}
        self._numbers: list[int] = []
        self._reasons: dict[str, int] = {}
        super().__init__(path, prepare, resume=True, again="start it again if it has ended")
        self._inode = _inode(self.name)
        try:
            self._register(targets, only)
            self._load()
        except BaseException:
            super().close()
            raise

    def write(self, results: Sequence[Result]) -> None:
        """Record ``results``; see :class:`scraper.store.base.Writer`.

        Where the disk is full, or another program writes, what waits stays and is tried again: checks go on.

        :raises StoreError: when the disk refuses for good, more waits than there is room for, or the file is gone.
        """
        if results and not self._waiting:
            self._since = self._clock()
        self._waiting.extend(results)
        now = self._clock()
        full = len(self._waiting) >= GROUP or now - self._since >= GROUP_SECONDS
        if not self._waiting or not full or self._setback.holds(now):
            return
        try:
            self.commit()
        except Passing as error:
            if len(self._waiting) > _MOST:
                raise
            self._setback.strike(now, error)

    def commit(self) -> None:
        """Make durable what was written, now."""
        if _inode(self.name) != self._inode:
            raise StoreError(f"{self.name} was deleted or replaced while it was written: what was found last is lost")
        results = self._waiting
        changes: list[Change] = []
        try:
            with self._transaction() as db:
                recorded = [result for result in results if self._record(db, result, changes)]
                late = self._hours.flush(db) | self._days.flush(db)
                if late:
                    db.execute(_LATE)
                self._save(db, recorded)
                now = max((milliseconds(result.at) for result in recorded), default=0)
                self._pruner.step(db, now, self._numbers)
        except BaseException:
            self._forget()
            raise
        self._waiting = []
        self._setback.pass_over()
        if self._committed is not None and recorded:
            self._committed(Committed(tuple(recorded), tuple(changes)))

    def _finish(self) -> None:
        if self._waiting:
            self.commit()

    def last_checked(self) -> dict[str, float]:
        """When each target was due when it was checked last, by its key; seconds since the epoch."""
        return {key: watched.last.due for key, watched in self._known().items() if watched.last is not None}

    def _record(self, db: sqlite3.Connection, result: Result, changes: list[Change]) -> bool:
        """Record one result; False when it is of no target of ours, or was recorded before."""
        watched = self._known().get(_key(result.target))
        if watched is None or watched.target.url != result.target.url:
            return False
        maintenance = self._windows.cover(result.target, result.due, result.at)
        text = evidence(result, watched.last)
        row = as_row(watched.id, result, maintenance, self._reason(db, result.reason), text)
        if not db.execute(_RESULT, row).rowcount:
            return False
        server_us = None if result.status is None else result.server_us
        for ledger in (self._hours, self._days):
            ledger.add(db, watched.id, row[1], result.verdict, server_us, maintenance)
        seen = Seen(result.at, result.verdict, _text(result.reason), _text(result.detail))
        for kind in self._rules.kinds:
            before = watched.health.get(kind, Health())
            after, change = step(before, seen, self._rules, kind, maintenance=maintenance)
            if before.cause is not None and after.at < before.at:
                self._move(db, watched, kind, after, change)
            watched.health[kind] = after
            if change is not None:
                changes.append(self._change(db, watched, change))
        watched.last = Kept.of_result(result, "")
        return True

    def _move(
        self, db: sqlite3.Connection, watched: Watched, kind: Verdict, now: Health, change: Change | None
    ) -> None:
        """Let the open incident have begun as a clock says that was set back: else it would lie in the future."""
        started = now.since if change is None else change.started
        times = [milliseconds(each or now.at) for each in (started, now.cause.at if now.cause else started)]
        db.execute(_MOVED, (*times, watched.id, kind.value))

    def _change(self, db: sqlite3.Connection, watched: Watched, change: Change) -> Change:
        """Write the incident and the notices of ``change``."""
        change = msgspec.structs.replace(change, key=_key(watched.target))
        started, known = milliseconds(change.started), milliseconds(change.at)
        about = (change.verdict.value, change.reason, change.detail, change.flapping)
        if change.opened:
            db.execute(_OPENED, (watched.id, change.kind.value, started, known, *about))
        else:
            ended = milliseconds(change.at if change.ended is None else change.ended)
            db.execute(_CLOSED, (ended, known, watched.id, change.kind.value))
        put_notices(db, change, self._tell(change, watched.target))
        return change

    def _save(self, db: sqlite3.Connection, recorded: Sequence[Result]) -> None:
        """Write how the targets of ``recorded`` do now, each once."""
        latest = {_key(result.target): result for result in recorded}
        rows = []
        for key, result in latest.items():
            watched = self._watched[key]
            rows.append((watched.id, milliseconds(result.due), encoded(watched.health), kept(result)))
        db.executemany(_STATE, rows)

    def _reason(self, db: sqlite3.Connection, word: str) -> int | None:
        """The number of a reason; the words are few."""
        if not word:
            return None
        number = self._reasons.get(word)
        if number is None:
            db.execute("INSERT OR IGNORE INTO reasons (word) VALUES (?)", (_text(word),))
            number = int(db.execute("SELECT id FROM reasons WHERE word = ?", (_text(word),)).fetchone()[0])
            self._reasons[word] = number
        return number

    def _register(self, targets: Sequence[Target], only: bool) -> None:
        """Take ``targets`` as those that are watched, and where they are all of them end what is open of others."""
        with self._transaction() as db:
            db.execute("INSERT OR IGNORE INTO meta VALUES ('late', 0)")
            if only:
                db.execute("UPDATE targets SET place = NULL")
            (free,) = db.execute("SELECT coalesce(max(place) + 1, 0) FROM targets").fetchone()
            rows = [(_key(each), place, _text(each.url), encoded(each)) for place, each in enumerate(targets, free)]
            db.executemany(_TARGET, rows)
            for _, place, watched in states(db) if only else ():
                for kind in list(watched.health):
                    if place is None or kind not in self._rules.kinds:
                        self._drop(db, watched, kind)

    def _drop(self, db: sqlite3.Connection, watched: Watched, kind: Verdict) -> None:
        """Watch for ``kind`` no more."""
        health = watched.health.pop(kind)
        if health.cause is not None:
            cause, started = health.cause, health.since or health.at
            about = (cause.verdict, cause.reason, cause.detail)
            end = Change(False, kind, health.at, started, health.at, *about, removed=True)
            self._change(db, watched, end)
        db.execute("UPDATE states SET health = ? WHERE target = ?", (encoded(watched.health), watched.id))

    def _known(self) -> dict[str, Watched]:
        """The targets that are watched, by their keys."""
        if not self._watched:
            self._load()
        return self._watched

    def _load(self) -> None:
        found = states(self._database)
        self._watched = {key: watched for key, place, watched in found if place is not None}
        self._numbers = [watched.id for _, _, watched in found]

    def _forget(self) -> None:
        """Know nothing that is not in the file: a transaction has failed."""
        self._watched, self._reasons = {}, {}
        self._hours.forget()
        self._days.forget()


def _inode(name: str) -> tuple[int, int] | None:
    """What tells a file from another one with its name; None where there is none."""
    try:
        found = Path(name).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _key(target: Target) -> str:
    return utf8(target.key)


def _text(text: str) -> str:
    """``text`` as the database can hold it, and as much of it as anyone reads."""
    return utf8(text[:2000])
