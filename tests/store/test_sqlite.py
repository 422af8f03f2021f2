from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from scraper import __version__
from scraper.errors import StoreError
from scraper.model import Fetched, Page, Request, Timings
from scraper.store import SqliteStore
from tests.store.examples import OTHERS, SHAPES, outcomes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(path)
    yield store
    store.close()


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


def test_others_read_while_a_crawl_writes(store: SqliteStore, path: Path) -> None:
    store.write(outcomes(2))
    store.commit()
    assert rows(path, "SELECT count(*) FROM outcomes") == [(2,)]


def test_links_open_with_sql(store: SqliteStore, path: Path) -> None:
    store.write(SHAPES)
    store.commit()
    assert rows(path, "SELECT target FROM links WHERE source LIKE '%/data'") == [("https://example.com/a,b",)]
    assert rows(path, "SELECT count(*) FROM pages") == [(5,)]
    assert rows(path, "SELECT json_extract(data, '$.a[0]') FROM outcomes WHERE data IS NOT NULL") == [(1,)]


def test_views_tell_pages_with_several_names(store: SqliteStore, path: Path) -> None:
    store.write([*OTHERS])
    for name, digest in (("a", 1), ("b", 1), ("c", 2)):
        store.write([Fetched(Request(f"http://x/{name}"), 200, Page(canonical="http://x/a"), digest=digest)])
    store.write([Fetched(Request("http://x/d"), 200, Page(), digest=3), Fetched(Request("http://x/e"), 404, digest=1)])
    store.commit()
    assert rows(path, "SELECT canonical, pages FROM canonical_clusters") == [("http://x/a", 3), ("http://x/d", 1)]
    assert rows(path, "SELECT * FROM duplicates") == [("0000000000000001", 2, '["http://x/a","http://x/b"]')]
    assert rows(path, "SELECT count(*) FROM pages") == [(4,)]


OF_BEFORE = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE outcomes (
    id INTEGER PRIMARY KEY, url TEXT NOT NULL, outcome TEXT NOT NULL, status INTEGER, reason TEXT, detail TEXT,
    title TEXT, depth INTEGER NOT NULL, via TEXT, location TEXT, attempts INTEGER NOT NULL, redirects INTEGER NOT NULL,
    content_type TEXT, charset TEXT, size INTEGER NOT NULL, wire INTEGER NOT NULL,
    waited_us INTEGER NOT NULL, server_us INTEGER NOT NULL, body_us INTEGER NOT NULL, parse_us INTEGER NOT NULL,
    fetched_at REAL NOT NULL, retry_after REAL, error TEXT, data TEXT, links TEXT
);
CREATE VIEW pages AS
    SELECT url, status, title, depth, size, server_us, datetime(fetched_at, 'unixepoch') AS fetched
    FROM outcomes WHERE outcome = 'fetched' AND status BETWEEN 200 AND 299;
CREATE VIEW links AS
    SELECT outcomes.url AS source, link.value AS target FROM outcomes, json_each(outcomes.links) AS link;
INSERT INTO meta VALUES ('schema', '1'), ('seeds', '["http://x/"]');
INSERT INTO outcomes VALUES (1, 'http://x/', 'fetched', 200, NULL, NULL, 'X', 0, NULL, NULL, 1, 0, 'text/html', 'utf-8',
    10, 10, 1, 2, 3, 4, 1.5, NULL, NULL, NULL, '["http://x/1"]');
"""
"""A database as the first version of the schema made it."""


def test_a_database_of_before_gets_what_it_lacks(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(OF_BEFORE)
    for number in (1, 2):
        store = SqliteStore(path, resume=True)
        (first, *_) = list(store.read())
        page = Page("X", ("http://x/1",), "utf-8")
        assert first == Fetched(
            Request("http://x/"), 200, page, None, None, "text/html", 10, 10, Timings(1, 2, 3, 4), 1.5
        )
        store.write([*OTHERS, *SHAPES][number : number + 1])
        store.close()
    assert rows(path, "SELECT count(*) FROM outcomes WHERE kind = 'robots'") == [(1,)]
    assert rows(path, "SELECT count(*) FROM canonical_clusters") == [(1,)]
    assert rows(path, "SELECT count(*) FROM pages") == [(1,)]


def test_seeds_and_settings_are_kept(store: SqliteStore, path: Path) -> None:
    store.save_seeds(["http://a/", "http://b/"])
    store.save_meta("settings", {"depth": 2})
    store.close()
    again = SqliteStore(path, resume=True)
    again.save_seeds(["http://b/", "http://c/"])
    assert again.seeds() == ["http://a/", "http://b/", "http://c/"]
    assert again.meta("settings") == {"depth": 2}
    assert (again.meta("schema"), again.meta("version"), again.meta("none")) == (1, __version__, None)
    again.close()


def test_a_full_disk_is_named_and_what_was_committed_stands(store: SqliteStore, path: Path) -> None:
    store.write(outcomes(5))
    store.commit()
    (pages,) = store._database.execute("PRAGMA page_count").fetchone()
    store._database.execute(f"PRAGMA max_page_count = {pages}")
    store.write(outcomes(150)[5:])
    with pytest.raises(StoreError, match=r"a\.sqlite: the disk is full: make room, then go on with --resume"):
        store.commit()
    store.close()
    again = SqliteStore(path, resume=True)
    assert list(again.read()) == outcomes(5)
    again.close()


def test_a_write_lock_of_another_program_is_named(store: SqliteStore, path: Path) -> None:
    store._database.execute("PRAGMA busy_timeout = 1")
    store.write(outcomes(1))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program is writing to it"):
            store.commit()


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("CREATE TABLE t (a)", "is the database of another program"),
        ("CREATE TABLE meta (key, value); CREATE TABLE outcomes (a)", "is the database of another program"),
        (
            "CREATE TABLE meta (key, value); CREATE TABLE outcomes (a); INSERT INTO meta VALUES ('schema', '2')",
            "holds records of schema 2, this version reads 1",
        ),
    ],
)
def test_foreign_databases_are_refused_and_left_alone(path: Path, sql: str, message: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(sql)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=message):
        SqliteStore(path, resume=True)
    assert path.read_bytes() == before


def test_a_damaged_database_is_named(path: Path) -> None:
    store = SqliteStore(path)
    store.write(outcomes(300))
    store.close()
    content = bytearray(path.read_bytes())
    content[32768:] = b"\xff" * (len(content) - 32768)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        again = SqliteStore(path, resume=True)
        try:
            list(again.read())
        finally:
            again.close()
