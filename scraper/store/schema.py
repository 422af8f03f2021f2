"""The tables of the SQLite store: made, checked and brought up to date; and records as their rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from scraper.store.database import CRAWL, begin, recognise, tune
from scraper.store.record import SCHEMA, Record, encode

__all__ = ["COLUMNS", "as_record", "as_row", "prepare"]

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE outcomes (
    id INTEGER PRIMARY KEY, url TEXT NOT NULL, outcome TEXT NOT NULL, status INTEGER, reason TEXT, detail TEXT,
    title TEXT, depth INTEGER NOT NULL, via TEXT, location TEXT, attempts INTEGER NOT NULL, redirects INTEGER NOT NULL,
    content_type TEXT, charset TEXT, size INTEGER NOT NULL, wire INTEGER NOT NULL,
    waited_us INTEGER NOT NULL, server_us INTEGER NOT NULL, body_us INTEGER NOT NULL, parse_us INTEGER NOT NULL,
    fetched_at REAL NOT NULL, retry_after REAL, error TEXT, data TEXT, links TEXT
);
"""
_ADDED = {
    "kind": "TEXT NOT NULL DEFAULT 'page'",
    "kinds": "TEXT",
    "unfollowed": "TEXT",
    "canonical": "TEXT",
    "robots": "TEXT",
    "cut": "TEXT",
    "simhash": "TEXT",
    "digest": "TEXT",
    "address": "TEXT",
}
"""Columns that the first databases of this schema lack; they get them when they are gone on with."""
_VIEWS = {
    "pages": """
        SELECT url, status, title, depth, size, server_us, datetime(fetched_at, 'unixepoch') AS fetched
        FROM outcomes WHERE kind = 'page' AND outcome = 'fetched' AND status BETWEEN 200 AND 299""",
    "links": """
        SELECT outcomes.url AS source, link.value AS target FROM outcomes, json_each(outcomes.links) AS link""",
    "canonical_clusters": """
        SELECT coalesce(canonical, url) AS canonical, count(*) AS pages, json_group_array(url) AS urls
        FROM outcomes WHERE kind = 'page' AND outcome = 'fetched' AND status BETWEEN 200 AND 299 GROUP BY 1""",
    "duplicates": """
        SELECT digest, count(*) AS pages, json_group_array(url) AS urls
        FROM outcomes WHERE kind = 'page' AND status BETWEEN 200 AND 299 AND digest IS NOT NULL
        GROUP BY digest HAVING count(*) > 1""",
}
COLUMNS = (
    "url, outcome, status, reason, detail, title, depth, via, location, attempts, redirects, content_type, charset, "
    "size, wire, waited_us, server_us, body_us, parse_us, fetched_at, retry_after, error, data, links, "
    "kind, kinds, unfollowed, canonical, robots, cut, simhash, digest, address"
)
_NAMES = tuple(COLUMNS.split(", "))


def prepare(db: sqlite3.Connection, name: str) -> None:
    """See that ``db`` is ours, or make it so."""
    there = recognise(db, name, CRAWL)
    # A record with its links is about 5 kB: larger pages hold several instead of overflowing, 17 µs a page and not 24.
    tune(db, page_size=16384, checkpoint=4_096_000)
    missing = _ADDED.keys() - {row[1] for row in db.execute("PRAGMA table_info(outcomes)")}
    if not missing:
        return
    db.execute("BEGIN IMMEDIATE")
    if not there:
        begin(db, _TABLES, CRAWL)
    for name in _ADDED:
        if name in missing:
            db.execute(f"ALTER TABLE outcomes ADD COLUMN {name} {_ADDED[name]}")
    for name, query in _VIEWS.items():
        db.execute(f"DROP VIEW IF EXISTS {name}")
        db.execute(f"CREATE VIEW {name} AS {query}")
    db.execute("COMMIT")


def as_row(record: Record) -> tuple[Any, ...]:
    """The values of :data:`COLUMNS`."""
    times, links, data, others = record.timings, record.links, bytes(record.data), record.unfollowed
    return (
        record.url,
        record.outcome,
        record.status,
        record.reason and record.reason.value,
        record.detail,
        record.title,
        record.depth,
        record.via,
        record.location,
        record.attempts,
        record.redirects,
        record.content_type,
        record.charset,
        record.size,
        record.wire,
        times.waited_us,
        times.server_us,
        times.body_us,
        times.parse_us,
        record.fetched_at,
        record.retry_after,
        record.error,
        None if data == b"null" else data.decode(),
        None if links is None else encode(links).decode(),
        record.kind.value,
        record.kinds,
        None if others is None else encode(others).decode(),
        record.canonical,
        record.robots,
        record.cut,
        record.simhash,
        record.digest,
        record.address,
    )


def as_record(row: tuple[Any, ...], names: Sequence[str] = _NAMES) -> Record:
    """The record that :func:`as_row` laid out, of the columns ``names``: older databases have fewer."""
    values = dict(zip(names, row, strict=True))
    values["timings"] = {name: values.pop(name) for name in _TIMES}
    values["data"] = msgspec.Raw((values["data"] or "null").encode())
    for name in ("links", "unfollowed"):
        values[name] = values.get(name) and msgspec.json.decode(values[name])
    return msgspec.convert({"schema": SCHEMA, **values}, Record)


_TIMES = ("waited_us", "server_us", "body_us", "parse_us")
