"""The tables of a watch's history: made, checked and brought up to date; and results as their rows.

Times are whole milliseconds since the epoch; an hour and a day are numbered from there, in UTC. A result is known by
its target and its time, so that it can be recorded once only. Of most results only the figures are kept; see
:func:`evidence`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from scraper.check.model import Attempt, Hop, Result, Target, Verdict
from scraper.model import Certificate
from scraper.printing import utf8
from scraper.store.database import HISTORY, begin, recognise, tune

__all__ = [
    "DAY",
    "HOUR",
    "VERDICTS",
    "Kept",
    "as_result",
    "as_row",
    "encoded",
    "evidence",
    "kept",
    "milliseconds",
    "prepare",
]

HOUR, DAY = 3_600_000, 86_400_000
"""Milliseconds."""

VERDICTS = (Verdict.UP, Verdict.SLOW, Verdict.CERT, Verdict.BLOCKED, Verdict.DOWN)
"""The verdict that each number means; 0 and 1 take no room in a row."""

_LOG = 16_000_000
"""Bytes of the write-ahead log that stay on the disk when it was longer."""
_LONGEST = 16_384
"""Bytes of evidence at most; a server that sends us around with long URLs gets less of it kept."""

_ROLLUP = """
CREATE TABLE {name} (
    {period} INTEGER NOT NULL, target INTEGER NOT NULL, up INTEGER NOT NULL, slow INTEGER NOT NULL,
    cert INTEGER NOT NULL, blocked INTEGER NOT NULL, down INTEGER NOT NULL, maintenance INTEGER NOT NULL,
    answers INTEGER NOT NULL, total_us INTEGER NOT NULL, least_us INTEGER NOT NULL, most_us INTEGER NOT NULL,
    times BLOB NOT NULL, PRIMARY KEY ({period}, target)
) WITHOUT ROWID;
"""
_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE verdicts (id INTEGER PRIMARY KEY, word TEXT NOT NULL);
CREATE TABLE reasons (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE);
CREATE TABLE targets (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, place INTEGER, url TEXT NOT NULL, definition TEXT NOT NULL
);
CREATE TABLE states (target INTEGER PRIMARY KEY, due INTEGER NOT NULL, health TEXT NOT NULL, result TEXT NOT NULL);
CREATE TABLE results (
    target INTEGER NOT NULL, at INTEGER NOT NULL, verdict INTEGER NOT NULL, maintenance INTEGER NOT NULL,
    attempts INTEGER NOT NULL, status INTEGER, reason INTEGER, dns_us INTEGER NOT NULL, connect_us INTEGER NOT NULL,
    tls_us INTEGER NOT NULL, first_us INTEGER NOT NULL, body_us INTEGER NOT NULL, evidence TEXT,
    PRIMARY KEY (target, at)
) WITHOUT ROWID;
CREATE TABLE incidents (
    id INTEGER PRIMARY KEY, target INTEGER NOT NULL, kind TEXT NOT NULL, started INTEGER NOT NULL,
    opened INTEGER NOT NULL, ended INTEGER, closed INTEGER, verdict TEXT NOT NULL, reason TEXT NOT NULL,
    detail TEXT NOT NULL, flapping INTEGER NOT NULL
);
CREATE UNIQUE INDEX incidents_open ON incidents (target, kind) WHERE ended IS NULL;
CREATE INDEX incidents_target ON incidents (target, started);
CREATE INDEX incidents_started ON incidents (started);
CREATE TABLE notices (
    id INTEGER PRIMARY KEY, change TEXT NOT NULL, receiver TEXT NOT NULL, at INTEGER NOT NULL, state TEXT NOT NULL,
    again INTEGER NOT NULL, told INTEGER, tries INTEGER NOT NULL, trouble TEXT NOT NULL, UNIQUE (change, receiver)
);
CREATE INDEX notices_pending ON notices (receiver, id) WHERE state = 'pending';
CREATE INDEX notices_sending ON notices (id) WHERE state = 'sending';
CREATE VIEW checks AS
    SELECT key, datetime(at / 1000, 'unixepoch') AS checked_at, verdicts.word AS verdict, reasons.word AS reason,
        status, attempts, dns_us + connect_us + tls_us + first_us + body_us AS server_us, maintenance
    FROM results JOIN targets ON targets.id = target JOIN verdicts ON verdicts.id = verdict
        LEFT JOIN reasons ON reasons.id = reason;
CREATE VIEW uptime AS
    SELECT key, date(day * 86400, 'unixepoch') AS day, up + slow + cert AS up, down, blocked, maintenance,
        total_us / answers AS server_us
    FROM days JOIN targets ON targets.id = target;
"""


def prepare(db: sqlite3.Connection, name: str) -> None:
    """See that ``db`` is the history of a watch, or make it so."""
    there = recognise(db, name, HISTORY)
    # Results of one group lie far apart, a page each: small ones. Pages of before the retention can be given back.
    db.execute("PRAGMA auto_vacuum = INCREMENTAL")
    tune(db, page_size=4096, checkpoint=4_096_000)
    db.execute(f"PRAGMA journal_size_limit = {_LOG}")  # it grows while somebody reads for long; see sqlite.org/wal.html
    if there:
        return
    db.execute("BEGIN IMMEDIATE")
    rollups = (_ROLLUP.format(name=f"{period}s", period=period) for period in ("hour", "day"))
    begin(db, "".join((*rollups, _TABLES)), HISTORY)
    words = [(number, verdict.value) for number, verdict in enumerate(VERDICTS)]
    db.executemany("INSERT INTO verdicts VALUES (?, ?)", words)
    db.execute("COMMIT")


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """A result without its target, which the table of targets has."""

    verdict: Verdict
    reason: str
    detail: str
    due: float
    at: float
    attempts: tuple[Attempt, ...] = ()
    certificate: Certificate | None = None

    @classmethod
    def of_result(cls, result: Result, detail: str) -> Kept:
        """``result`` with so much of its detail."""
        return cls(result.verdict, result.reason, detail, result.due, result.at, result.attempts, result.certificate)

    def of(self, target: Target) -> Result:
        """The result that it was."""
        return Result(
            target, self.verdict, self.reason, self.detail, self.due, self.at, self.attempts, self.certificate
        )


def kept(result: Result) -> str:
    """``result`` as JSON, without its target; with as much evidence as there is room for."""
    whole = Kept.of_result(result, result.detail[:500])
    text = encoded(whole)
    if len(text) > _LONGEST:
        whole = msgspec.structs.replace(whole, attempts=tuple(map(_short, result.attempts[-1:])))
        text = encoded(whole)
    if len(text) > _LONGEST:
        text = encoded(msgspec.structs.replace(whole, certificate=None))
    return text if len(text) <= _LONGEST else encoded(msgspec.structs.replace(whole, certificate=None, attempts=()))


def _short(attempt: Attempt) -> Attempt:
    return msgspec.structs.replace(attempt, detail=attempt.detail[:500], hops=attempt.hops[-1:])


def evidence(result: Result, before: Kept | None) -> str | None:
    """What is kept of ``result`` besides its figures; None of what is up, and of trouble that just goes on.

    Trouble that is as it was is kept whole once an hour: a thousand targets that are down for days tell little more
    each minute.

    :param before: the result before it.
    """
    if result.verdict is Verdict.UP:
        return None
    if before is not None and _kind(before) == _kind(result) and before.at // 3600 == result.at // 3600:
        return None
    return kept(result)


def _kind(result: Result | Kept) -> tuple[Verdict, str, int | None]:
    hops = result.attempts[-1].hops if result.attempts else ()
    return result.verdict, result.reason, hops[-1].status if hops else None


def encoded(value: Any) -> str:
    """``value`` as JSON; lone surrogates, as in what a server says, are replaced: neither JSON nor SQLite has them."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode(_scrubbed(msgspec.to_builtins(value))).decode()


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return utf8(value)
    if isinstance(value, dict):
        return {_scrubbed(key): _scrubbed(each) for key, each in value.items()}
    return [_scrubbed(each) for each in value] if isinstance(value, list | tuple) else value


def milliseconds(at: float) -> int:
    """Seconds since the epoch as the tables have them."""
    return round(at * 1000)


def as_row(target: int, result: Result, maintenance: bool, reason: int | None, text: str | None) -> tuple[Any, ...]:
    """The columns of the table of results.

    :param reason: its number; ``text`` the evidence.
    """
    about = (VERDICTS.index(result.verdict), maintenance, len(result.attempts), result.status, reason)
    return (target, milliseconds(result.at), *about, *result.phases_us, text)


def as_result(target: Target, row: Sequence[Any]) -> Result:
    """The result that a row ``at, verdict, attempts, status, reason (the word), the five phases, evidence`` was.

    Where no evidence was kept there is one hop for all, and nothing but their number is known of earlier attempts.
    """
    at, number, attempts, status, reason, *phases, text = row
    if text is not None:
        return msgspec.json.decode(text, type=Kept).of(target)
    verdict, at, reason = VERDICTS[number], at / 1000, reason or ""
    dns, connect, tls, first, body = phases
    hop = Hop(target.url, status=status, dns_us=dns, connect_us=connect, tls_us=tls, first_us=first, body_us=body)
    earlier = (Attempt(at, Verdict.DOWN),) * (attempts - 1)
    last = (Attempt(at, verdict, reason, hops=(hop,)),) if attempts else ()
    return Result(target, verdict, reason, "", at, at, earlier + last)
