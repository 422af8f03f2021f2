from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from scraper import __version__
from scraper.errors import StoreError
from scraper.store import SqliteStore
from tests.store.examples import SHAPES, outcomes


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
    assert rows(path, "SELECT count(*) FROM pages") == [(4,)]
    assert rows(path, "SELECT json_extract(data, '$.a[0]') FROM outcomes WHERE data IS NOT NULL") == [(1,)]


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
