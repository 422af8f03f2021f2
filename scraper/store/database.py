"""A SQLite database of ours: locked for one process, opened and checked, written in transactions.

A commit goes to the write-ahead log with ``synchronous=NORMAL``: what was committed survives the death of our process,
SIGKILL included; a power cut can cost the last commits, never the database (sqlite.org/wal.html). Others read while we
write.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from scraper import __version__
from scraper.errors import StoreError
from scraper.store.files import exists_already, open_locked, trouble
from scraper.store.record import SCHEMA, encode

__all__ = ["CRAWL", "HISTORY", "Database", "Layout", "Passing", "begin", "put", "recognise", "translated", "tune"]

_RESUME = "go on with --resume"
_TROUBLE = {
    sqlite3.SQLITE_FULL: "the disk is full: make room, then {again}",
    sqlite3.SQLITE_NOTADB: "it is no SQLite database: name another file",
    sqlite3.SQLITE_CORRUPT: "the database is damaged: 'sqlite3 FILE .recover' can save what is readable",
    sqlite3.SQLITE_BUSY: "another program is writing to it: close that, then {again}",
    sqlite3.SQLITE_READONLY: "it may not be written: check its permissions and its folder's",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: check its permissions and its folder's",
    sqlite3.SQLITE_IOERR: "the disk failed, or a limit on file sizes is reached: make room, then {again}",
}

_PASSING = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_IOERR})


class Passing(StoreError):
    """Trouble that can pass without us: no room, or another program that writes. Nothing of the transaction is kept."""


class Layout(NamedTuple):
    """What a database of ours is for.

    :ivar table: the one that tells it from others.
    :ivar schema: the number of the layout that this version writes.
    :ivar what: what it holds, for a message.
    """

    table: str
    schema: int
    what: str


CRAWL = Layout("outcomes", SCHEMA, "records")
HISTORY = Layout("results", 1, "the history of a watch")
_OURS = (CRAWL, HISTORY)

Prepare = Callable[[sqlite3.Connection, str], None]
"""Sees that a connection's database is ours, or makes it so; the second argument is its name, for messages."""


class Database:
    """An open database, for one process at a time; the base of what keeps something in one.

    :param prepare: checks the tables, makes them in a new file, and brings old ones up to date.
    :param resume: go on with the file if it is there.
    :param again: what to do when there is room again, for messages.
    :raises ConfigError: when the file holds something and ``resume`` was not said.
    :raises StoreError: when it cannot be opened, is in use, or is no database of this layout.
    """

    def __init__(self, path: str | Path, prepare: Prepare, resume: bool, again: str = _RESUME) -> None:
        self.name, self._again = str(path), again
        self._lock = _lock(self.name)
        try:
            self._db: sqlite3.Connection | None = self._connect(prepare, resume)
        except BaseException:
            _unlock(self.name, self._lock)
            raise

    def close(self) -> None:
        """Commit what waits, fold the write-ahead log into the one file, let it go; may be called twice."""
        if self._db is None:
            return
        try:
            self._finish()
        finally:
            db, self._db = self._db, None
            db.close()
            _unlock(self.name, self._lock)

    def _finish(self) -> None:
        """What is to be written before the end; a subclass that keeps something back commits it here."""

    def meta(self, key: str) -> Any:
        """What was kept under ``key``; None when nothing was."""
        with translated(self.name, self._again):
            row = self._database.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else msgspec.json.decode(row[0])

    def save_meta(self, key: str, value: Any) -> None:
        """Keep ``value``, anything that JSON can hold, under ``key``, at once."""
        with self._transaction() as db:
            put(db, key, value)

    @property
    def _database(self) -> sqlite3.Connection:
        if self._db is None:
            raise StoreError(f"{self.name} is closed")
        return self._db

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing of what is done inside."""
        db = self._database
        with translated(self.name, self._again):
            try:
                db.execute("BEGIN IMMEDIATE")
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:  # SQLite rolls back by itself when the disk is full
                    db.execute("ROLLBACK")
                raise

    def _connect(self, prepare: Prepare, resume: bool) -> sqlite3.Connection:
        file = Path(self.name)
        with translated(self.name, self._again):
            if file.exists() and file.stat().st_size and not resume:
                raise exists_already(self.name, resumable=True)
            db = sqlite3.connect(self.name, timeout=2.0, isolation_level=None)
            try:
                prepare(db, self.name)
            except BaseException:
                db.close()
                raise
        return db


def recognise(db: sqlite3.Connection, name: str, layout: Layout) -> bool:
    """Whether ``db`` is laid out as ``layout`` already; False when it is empty.

    :raises StoreError: when it holds anything else: another program's, the other of ours, or another schema's.
    """
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return False
    found = next((each for each in _OURS if {"meta", each.table} <= tables), None)
    row = found and db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    if found is None or row is None:
        raise StoreError(f"{name} is the database of another program: name another file")
    if found is not layout:
        raise StoreError(f"{name} holds {found.what}{_OTHER[found]}: name another file")
    if row[0] != str(layout.schema):
        raise StoreError(
            f"{name} holds {layout.what} of schema {row[0]}, this version reads {layout.schema}: name another file"
        )
    return True


_OTHER = {CRAWL: " of a crawl, not the history of a watch", HISTORY: ", not the records of a crawl"}


def tune(db: sqlite3.Connection, page_size: int, checkpoint: int) -> None:
    """See to a write-ahead log that is folded in every ``checkpoint`` bytes; a new file gets pages of ``page_size``."""
    db.execute(f"PRAGMA page_size = {page_size}")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(f"PRAGMA wal_autocheckpoint = {checkpoint // page_size}")
    db.execute("PRAGMA synchronous = NORMAL")


def begin(db: sqlite3.Connection, tables: str, layout: Layout) -> None:
    """The ``tables`` of a new database, in whatever transaction is open."""
    for statement in filter(str.strip, tables.split(";")):
        db.execute(statement)
    about = {"schema": layout.schema, "version": __version__, "created": round(time.time(), 3)}
    for key, value in about.items():
        put(db, key, value)


def put(db: sqlite3.Connection, key: str, value: Any) -> None:
    """Keep ``value`` under ``key``, in whatever transaction is open."""
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, encode(value).decode()))


@contextlib.contextmanager
def translated(name: str, again: str = _RESUME) -> Iterator[None]:
    """SQLite's errors, and the system's, as one message each.

    :param again: what to do when there is room again.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        primary = None if code is None else code & 0xFF  # the rest says where inside SQLite: sqlite.org/rescode.html
        message = _TROUBLE.get(primary or 0)
        kind = Passing if primary in _PASSING else StoreError
        raise kind(f"{name}: {message.format(again=again) if message else error}") from error
    except OSError as error:
        raise trouble(name, error) from error


def _lock(name: str) -> int:
    """Lock the database for this process, by a file beside it.

    On the database itself the lock would not be safe: closing any descriptor of it drops the locks that SQLite holds
    on it in this process (sqlite.org/howtocorrupt.html, 2.2). SQLite's own exclusive mode would shut out readers.
    """
    if Path(name).is_dir():
        raise StoreError(f"{name}: it is a folder: name a file in it")
    return open_locked(_lock_file(name), name)


def _lock_file(name: str) -> str:
    """The lock's name: one and the same by whatever symbolic link the database is opened."""
    return f"{os.path.realpath(name)}-lock"


def _unlock(name: str, fd: int) -> None:
    """While we hold it: whoever opened the file before, and locks it after, sees that it is gone."""
    with contextlib.suppress(OSError):
        Path(_lock_file(name)).unlink()
    os.close(fd)
