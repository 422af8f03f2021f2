"""What a status page wants to know of a history, read from the file while a watch writes to it.

A connection of its own, read-only and without locks: whoever writes never waits for it. All of one answer is of one
moment. What is asked most, all targets with their last 90 days, comes from the roll-ups; those of past days and hours
are read once and kept, since only results that come late can still change them, and these are counted.

Uptime is up / (up + down): slow and an ending certificate count as up, blocked and all in maintenance count for
nothing (:mod:`scraper.check.history.rollup`). Days and hours are those of UTC. The last 90 days are today and the 89
before it, the last 24 hours this one and the 23 before it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias
from urllib.parse import quote

import msgspec

from scraper.check.health import Health
from scraper.check.history.ledger import COLUMNS
from scraper.check.history.outbox import as_notice
from scraper.check.history.rollup import Rollup
from scraper.check.history.tables import DAY, HOUR, Kept, as_result, milliseconds
from scraper.check.model import Result, Target, Verdict
from scraper.check.notices.notice import Notice, State, Told
from scraper.check.timing.maintenance import Windows
from scraper.check.views import Incident, Point, Span, View
from scraper.store.database import HISTORY, recognise, translated

__all__ = ["HistoryReader"]

_DAYS, _HOURS = 90, 24
_SPANS = (7, 30, 90)
_STATES = """SELECT id, key, definition, health, result FROM targets LEFT JOIN states ON target = id
    WHERE place IS NOT NULL ORDER BY place"""
_RESULTS = """SELECT at, verdict, attempts, status, word, dns_us, connect_us, tls_us, first_us, body_us, evidence
    FROM results LEFT JOIN reasons ON reasons.id = reason WHERE target = ? ORDER BY at DESC LIMIT ?"""
_INCIDENTS = "SELECT key, started, ended, verdict, reason, detail FROM incidents JOIN targets ON targets.id = target"
_OPEN = f"{_INCIDENTS} WHERE ended IS NULL ORDER BY kind = 'down'"
"""Those that are down last: of several of one target it is the one that is shown."""
_NOTICES = "SELECT id, receiver, change, tries, state, told, again, trouble FROM notices ORDER BY id DESC LIMIT ?"


_Row: TypeAlias = tuple[int, str, str, str | None, str | None]
"""What :data:`_STATES` selects."""


class _Known(NamedTuple):
    """The values of such a row."""

    number: int
    target: Target
    health: Health
    result: Result | None


class _Past(NamedTuple):
    """The periods of one table before its newest.

    :ivar key: what they hold for: the first and the newest period, and how many results came late.
    :ivar spans: of each target, in order.
    :ivar sums: of each target, for each of the last so many periods, (up, checks).
    """

    key: tuple[int, int, int]
    spans: dict[int, tuple[Span, ...]]
    sums: dict[int, list[tuple[int, int]]]


class HistoryReader:
    """Reads the history in the file ``path``; made, used and closed on one and the same thread.

    :param windows: of maintenance, to tell which are open.
    :raises StoreError: when the file cannot be read, or is no history.
    """

    def __init__(self, path: str | Path, windows: Windows | None = None) -> None:
        self._name, self._windows = str(path), windows or Windows()
        self._pasts: dict[str, _Past] = {}
        self._seen: dict[int, tuple[_Row, _Known]] = {}
        with translated(self._name, "try again"):
            self._db = sqlite3.connect(_address(path), uri=True, timeout=2.0, isolation_level=None)
            try:
                recognise(self._db, self._name, HISTORY)
            except BaseException:
                self._db.close()
                raise

    def views(self, keys: Sequence[str] | None, now: float) -> list[View]:
        """Of the targets ``keys``, or of all that are watched, in their order; unknown keys are left out."""
        with self._snapshot() as db:
            days = _Periods(db, "day", DAY, now, _DAYS, _SPANS, self._pasts)
            hours = _Periods(db, "hour", HOUR, now, _HOURS, (_HOURS,), self._pasts)
            open_ = {row[0]: _incident(*row) for row in db.execute(_OPEN)}
            rows = db.execute(_STATES).fetchall()
        wanted = None if keys is None else set(keys)
        chosen = [row for row in rows if wanted is None or row[1] in wanted]
        return [self._view(row, open_.get(row[1]), hours, days, now) for row in chosen]

    def results(self, key: str, limit: int) -> list[Result]:
        """The last checks of one target, the newest first."""
        with self._snapshot() as db:
            row = db.execute("SELECT id, definition FROM targets WHERE key = ?", (key,)).fetchone()
            if row is None:
                return []
            target = msgspec.json.decode(row[1], type=Target)
            return [as_result(target, each) for each in db.execute(_RESULTS, (row[0], limit))]

    def incidents(self, key: str | None, limit: int) -> list[Incident]:
        """Of one target, or of all; those that last first, then the newest first."""
        where, values = ("1", ()) if key is None else ("target = (SELECT id FROM targets WHERE key = ?)", (key,))
        order = f"AND {where} ORDER BY started DESC LIMIT ?"
        with self._snapshot() as db:
            rows = db.execute(f"{_INCIDENTS} WHERE ended IS NULL {order}", (*values, limit)).fetchall()
            room = limit - len(rows)
            rows += db.execute(f"{_INCIDENTS} WHERE ended IS NOT NULL {order}", (*values, room)).fetchall()
        return [_incident(*row) for row in rows]

    def series(self, key: str, by: Literal["hour", "day"], since: float, until: float) -> list[Point]:
        """How the target did, the oldest first; hours and days in which nothing was checked are left out."""
        length = HOUR if by == "hour" else DAY
        first, last = milliseconds(since) // length, milliseconds(until) // length
        select = f"SELECT {by}, {COLUMNS} FROM {by}s WHERE {by} = ? AND target = ?"  # noqa: S608 - names of our own
        with self._snapshot() as db:
            row = db.execute("SELECT id FROM targets WHERE key = ?", (key,)).fetchone()
            found = [db.execute(select, (at, row[0])).fetchone() for at in range(first, last + 1)] if row else []
        return [_point(each[0] * length / 1000, Rollup.of_row(each[1:])) for each in found if each is not None]

    def notices(self, limit: int) -> list[tuple[Notice, Told]]:
        """Who was told of what, or will be, the newest first."""
        with self._snapshot() as db:
            return [(as_notice(*row[:4]), _told(row[0], *row[4:])) for row in db.execute(_NOTICES, (limit,))]

    def close(self) -> None:
        """Let the database go."""
        self._db.close()

    def _view(self, row: _Row, incident: Incident | None, hours: _Periods, days: _Periods, now: float) -> View:
        number, target, health, result = self._decoded(row)
        (day,), (week, month, quarter) = hours.uptimes(number), days.uptimes(number)
        return View(
            target,
            health.state,
            health.since,
            result,
            self._windows.cover(target, now),
            incident,
            days.spans(number),
            hours.spans(number),
            (day, week, month, quarter),
        )

    def _decoded(self, row: _Row) -> _Known:
        """The values of a row of states; those of a row that is as it was are not made again."""
        before = self._seen.get(row[0])
        if before is not None and before[0] == row:
            return before[1]
        number, _, definition, health, result = row
        target = msgspec.json.decode(definition, type=Target)
        healths = msgspec.json.decode(health, type=dict[Verdict, Health]) if health else {}
        main = healths.get(Verdict.DOWN) or next(iter(healths.values()), Health())
        last = msgspec.json.decode(result, type=Kept).of(target) if result else None
        values = _Known(number, target, main, last)
        self._seen[number] = (row, values)
        return values

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        """All that is read inside is of one moment."""
        with translated(self._name, "try again"):
            self._db.execute("BEGIN")
            try:
                yield self._db
            finally:
                self._db.execute("COMMIT")


class _Periods:
    """The last hours, or days, of all targets, at one moment: the past ones, which are kept, and what still grows.

    :param count: how many of them; ``shares`` for how many of them uptime is asked.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        period: str,
        length: int,
        now: float,
        count: int,
        shares: tuple[int, ...],
        pasts: dict[str, _Past],
    ) -> None:
        today = milliseconds(now) // length
        newest = db.execute(f"SELECT max({period}) FROM {period}s").fetchone()[0]  # noqa: S608 - names of our own
        late = int(db.execute("SELECT value FROM meta WHERE key = 'late'").fetchone()[0])
        first, grows = today - count + 1, min(today, today if newest is None else newest)
        since = [(today - share + 1) * length / 1000 for share in shares]
        past = pasts.get(period)
        if past is None or past.key != (first, grows, late):
            past = pasts[period] = _past((first, grows, late), _spans(db, period, length, first, grows), since)
        self._past = past
        self._growing = _spans(db, period, length, max(first, grows), today + 1)
        self._since = since

    def spans(self, target: int) -> tuple[Span, ...]:
        """Those of ``target``, the oldest first."""
        return (*self._past.spans.get(target, ()), *self._growing.get(target, ()))

    def uptimes(self, target: int) -> list[float | None]:
        """Its uptime, for each of the shares; None where nothing was checked."""
        past, growing = self._past.sums.get(target), self._growing.get(target, ())
        found: list[float | None] = []
        for place, since in enumerate(self._since):
            up, checks = past[place] if past else (0, 0)
            for span in growing:
                if span.at >= since:
                    up, checks = up + span.up, checks + span.checks
            found.append(up / checks if checks else None)
        return found


def _spans(db: sqlite3.Connection, period: str, length: int, first: int, end: int) -> dict[int, list[Span]]:
    """The periods from ``first`` to before ``end`` of each target, in order."""
    spans: dict[int, list[Span]] = {}
    select = f"""SELECT target, {period} * {length // 1000}.0, up + slow + cert + down, up + slow + cert,
        CASE answers WHEN 0 THEN 0 ELSE total_us / answers END
        FROM {period}s WHERE {period} >= ? AND {period} < ? ORDER BY {period}"""  # noqa: S608 - names of our own
    for target, *values in db.execute(select, (first, end)):
        spans.setdefault(target, []).append(Span(*values))
    return spans


def _past(key: tuple[int, int, int], spans: dict[int, list[Span]], since: Sequence[float]) -> _Past:
    sums = {target: [_sum(each, moment) for moment in since] for target, each in spans.items()}
    return _Past(key, {target: tuple(each) for target, each in spans.items()}, sums)


def _sum(spans: Sequence[Span], since: float) -> tuple[int, int]:
    late = [span for span in spans if span.at >= since]
    return sum(span.up for span in late), sum(span.checks for span in late)


def _point(at: float, rollup: Rollup) -> Point:
    up = rollup.up + rollup.slow + rollup.cert
    mean = rollup.total_us // rollup.answers if rollup.answers else 0
    p50, p95 = (min(rollup.times.percentile(share), rollup.most_us) for share in (0.5, 0.95))
    counts = (up + rollup.down, up, rollup.blocked, rollup.maintenance)
    return Point(at, *counts, mean, p50, p95, rollup.least_us, rollup.most_us)


def _incident(key: str, started: int, ended: int | None, verdict: str, reason: str, detail: str) -> Incident:
    return Incident(key, started / 1000, None if ended is None else ended / 1000, Verdict(verdict), reason, detail)


def _told(number: int, state: str, told: int | None, again: int, trouble: str) -> Told:
    return Told(number, State(state), (told or 0) / 1000, again / 1000, trouble)


def _address(path: str | Path) -> str:
    return f"file:{quote(str(Path(path).resolve()))}?mode=ro"
