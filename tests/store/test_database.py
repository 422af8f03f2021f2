from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from scraper import __version__
from scraper.errors import ConfigError, StoreError
from scraper.store.database import CRAWL, HISTORY, Database, Layout, begin, recognise, translated, tune

TABLES = "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT); CREATE TABLE {} (a);"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.sqlite"


class Prepared(Database):
    """A database of ``layout``, with a way to write to it."""

    def __init__(self, path: Path, layout: Layout = HISTORY, *, resume: bool = True) -> None:
        self.layout = layout
        super().__init__(path, self.prepare, resume, again="feed the cat")

    def prepare(self, db: sqlite3.Connection, name: str) -> None:
        there = recognise(db, name, self.layout)
        tune(db, page_size=8192, checkpoint=81_920)
        if not there:
            begin(db, TABLES.format(self.layout.table), self.layout)

    def put(self, *values: object) -> None:
        with self._transaction() as db:
            for value in values:
                db.execute(f"INSERT INTO {self.layout.table} VALUES (?)", (value,))


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


def test_a_transaction_is_all_or_nothing(path: Path) -> None:
    database = Prepared(path)
    database.put(1, 2)
    with pytest.raises(StoreError, match="type 'object' is not supported"):
        database.put(3, object())
    assert rows(path, "SELECT a FROM results") == [(1,), (2,)]
    database.close()


def test_it_is_tuned_and_leaves_one_file(path: Path) -> None:
    database = Prepared(path)
    assert rows(path, "PRAGMA journal_mode") == [("wal",)]
    assert rows(path, "PRAGMA page_size") == [(8192,)]
    database.close()
    database.close()
    assert list(path.parent.iterdir()) == [path]
    with pytest.raises(StoreError, match="is closed"):
        database.meta("schema")


def test_meta_is_kept(path: Path) -> None:
    database = Prepared(path)
    database.save_meta("a", {"b": [1, None]})
    database.close()
    again = Prepared(path)
    assert (again.meta("a"), again.meta("c"), again.meta("version")) == ({"b": [1, None]}, None, __version__)
    again.close()


def test_what_is_there_is_gone_on_with_only_when_it_is_said(path: Path) -> None:
    Prepared(path).close()
    with pytest.raises(ConfigError, match="already exists"):
        Prepared(path, resume=False)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("written", "read", "message"),
    [
        (CRAWL, HISTORY, "records of a crawl, not the history"),
        (HISTORY, CRAWL, "the history of a watch, not the records"),
    ],
)
def test_one_of_ours_is_not_taken_for_the_other(path: Path, written: Layout, read: Layout, message: str) -> None:
    Prepared(path, written).close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=f"holds {message}"):
        Prepared(path, read)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_trouble_says_what_to_do_then(path: Path) -> None:
    database = Prepared(path)
    (pages,) = database._database.execute("PRAGMA page_count").fetchone()
    database._database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="the disk is full: make room, then feed the cat"):
        database.put("x" * 99_999)
    database.close()
    with pytest.raises(StoreError, match=r"then go on with --resume"), translated("x"):
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error
