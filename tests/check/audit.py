"""What must hold of a history at any moment: the roll-ups are what the results say, and every change is whole."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from scraper.check.health import Change, Health
from scraper.check.history.ledger import COLUMNS
from scraper.check.history.rollup import Rollup
from scraper.check.history.tables import DAY, HOUR, VERDICTS
from scraper.check.model import Verdict

__all__ = ["audit", "rows"]

Rollups = dict[tuple[int, int], Rollup]


def audit(path: Path, *, quick: bool = False) -> None:
    """Fail where the history at ``path`` contradicts itself. It may be in use.

    :param quick: leave out SQLite's own check.
    """
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as db:
        db.execute("BEGIN")
        if not quick:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert_hours_are_the_results(db)
        assert_days_are_the_hours(db)
        assert_incidents_are_whole(db)
        assert_states_are_the_last_results(db)
        assert_notices_are_whole(db)


def rows(path: Path, sql: str, *values: Any) -> list[Any]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql, values).fetchall()


def assert_hours_are_the_results(db: sqlite3.Connection) -> None:
    """For every hour of which there still are results: they go by whole hours."""
    select = "SELECT target, at, verdict, maintenance, status, dns_us + connect_us + tls_us + first_us + body_us"
    counted: Rollups = defaultdict(Rollup)
    for target, at, verdict, maintenance, status, us in db.execute(f"{select} FROM results"):
        server_us = None if status is None else us
        counted[at // HOUR, target].add(VERDICTS[verdict], server_us, maintenance=bool(maintenance))
    written = rollups(db, "hour")
    assert {key: rollup for key, rollup in written.items() if key in counted} == counted
    first = {target: min(hour for hour, each in counted if each == target) for _, target in counted}
    assert [key for key in written.keys() - counted.keys() if key[0] >= first.get(key[1], 0)] == []


def assert_days_are_the_hours(db: sqlite3.Connection) -> None:
    """For every day of which there still are all hours: the oldest of them may be going, one by one."""
    summed: Rollups = {}
    for (hour, target), rollup in rollups(db, "hour").items():
        key = hour * HOUR // DAY, target
        summed[key] = merged(summed[key], rollup) if key in summed else rollup
    written = {key: rollup for key, rollup in rollups(db, "day").items() if key in summed}
    assert written.keys() == summed.keys()
    oldest = min((day for day, _ in summed), default=0)
    for key, rollup in written.items():
        assert rollup == summed[key] or (
            key[0] == oldest and rollup.up + rollup.down > summed[key].up + summed[key].down
        )


def rollups(db: sqlite3.Connection, period: str) -> Rollups:
    found = db.execute(f"SELECT {period}, target, {COLUMNS} FROM {period}s")
    return {(row[0], row[1]): Rollup.of_row(row[2:]) for row in found}


def merged(one: Rollup, other: Rollup) -> Rollup:
    first, second = one.row()[:-1], other.row()[:-1]
    sums: list[Any] = [sum(pair) for pair in zip(first, second, strict=True)]
    whole = Rollup(*sums)
    answered = [each for each in (one, other) if each.answers]
    whole.least_us = min((each.least_us for each in answered), default=0)
    whole.most_us = max((each.most_us for each in answered), default=0)
    for each in (one, other):
        for bucket, count in each.times.buckets.items():
            whole.times.buckets[bucket] = whole.times.buckets.get(bucket, 0) + count
    return whole


def assert_incidents_are_whole(db: sqlite3.Connection) -> None:
    """One at a time, in order, and those that are open are the ones that the health knows of."""
    found = db.execute("SELECT target, kind, started, opened, ended, closed FROM incidents ORDER BY started, id")
    by_target: dict[tuple[int, str], list[Any]] = defaultdict(list)
    for target, kind, *times in found:
        by_target[target, kind].append(times)
    for incidents in by_target.values():
        assert_in_order(incidents)
    healths = {
        (target, kind.value): health.cause is not None
        for target, text in db.execute("SELECT target, health FROM states")
        for kind, health in msgspec.json.decode(text, type=dict[Verdict, Health]).items()
    }
    still = {key for key, incidents in by_target.items() if incidents[-1][2] is None}
    assert {key for key, down in healths.items() if down} == still


def assert_in_order(incidents: Iterable[Any]) -> None:
    before = 0
    for started, opened, ended, closed in incidents:
        assert before < started <= opened
        assert (ended is None) == (closed is None)
        if ended is not None:
            assert started <= ended <= closed
        before = 2**62 if ended is None else ended


def assert_states_are_the_last_results(db: sqlite3.Connection) -> None:
    """Of a target with results left; where none has ever come late the last one is the newest one."""
    (late,) = db.execute("SELECT value FROM meta WHERE key = 'late'").fetchone()
    newest = dict(db.execute("SELECT target, max(at) FROM results GROUP BY 1"))
    states = dict(db.execute("SELECT target, result FROM states"))
    assert newest.keys() <= states.keys()
    for target, at in newest.items():
        last = round(msgspec.json.decode(states[target])["at"] * 1000)
        assert last == at or (late != "0" and db.execute(_RESULT, (target, last)).fetchone())


_RESULT = "SELECT 1 FROM results WHERE target = ? AND at = ?"


def assert_notices_are_whole(db: sqlite3.Connection) -> None:
    """Each receiver is told at most once of each change, and of one that there was."""
    seen = set()
    (late,) = db.execute("SELECT value FROM meta WHERE key = 'late'").fetchone()
    for receiver, text in db.execute("SELECT receiver, change FROM notices"):
        change = msgspec.json.decode(text, type=Change)
        fact = receiver, change.key, change.kind, round(change.started * 1000), change.opened
        assert fact not in seen
        seen.add(fact)
        query = """SELECT ended IS NULL FROM incidents JOIN targets ON targets.id = target
            WHERE key = ? AND kind = ? AND started = ?"""
        found = db.execute(query, (change.key, change.kind.value, round(change.started * 1000))).fetchall()
        if change.opened and late != "0":  # a clock was set back, and what had begun moved with it
            continue
        assert found == [(0,)] or (change.opened and found == [(1,)])
