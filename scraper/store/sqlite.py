"""SQLite: one table of outcomes, written in groups, that any SQL tool reads, also while a crawl runs.

A commit goes to the write-ahead log with ``synchronous=NORMAL``: what was committed survives the death of our process,
SIGKILL included; a power cut can cost the last commits, never the database (sqlite.org/wal.html), and what it cost is
fetched again at resume. The links of a page are one column, a JSON array; the view ``links`` opens it with
``json_each``. With 70 links a page costs 17 µs so; a row for each link would cost 50 µs more.

No index is kept up while records are added: that a URL comes once is the core's promise, and an index on ``url`` costs
6 µs a page. It is made when the first correction needs it.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from scraper.errors import StoreError
from scraper.model import Entry, Outcome, Shallower
from scraper.store.files import exists_already, open_locked, trouble
from scraper.store.record import outcome_of, record_of
from scraper.store.schema import COLUMNS, as_record, as_row, prepare, put
from scraper.store.sink import GROUP, GROUP_SECONDS

__all__ = ["SqliteStore", "translated"]

_INSERT = f"INSERT INTO outcomes ({COLUMNS}) VALUES ({', '.join('?' * len(COLUMNS.split(', ')))})"  # noqa: S608 - names of our own
_SELECT = f"SELECT {COLUMNS} FROM outcomes ORDER BY id"  # noqa: S608
_CORRECT = "UPDATE outcomes SET depth = ?, via = ? WHERE url = ? AND kind = 'page'"
_INDEX = "CREATE INDEX IF NOT EXISTS outcomes_url ON outcomes (url)"

_FULL = "the disk is full: make room, then go on with --resume"
_TROUBLE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_NOTADB: "it is no SQLite database: name another file",
    sqlite3.SQLITE_CORRUPT: "the database is damaged: 'sqlite3 FILE .recover' can save what is readable",
    sqlite3.SQLITE_BUSY: "another program is writing to it: close that, then go on with --resume",
    sqlite3.SQLITE_READONLY: "it may not be written: check its permissions and its folder's",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: check its permissions and its folder's",
    sqlite3.SQLITE_IOERR: "the disk failed, or a limit on file sizes is reached: make room, then go on with --resume",
}


class SqliteStore:
    """Outcomes in a SQLite database, one process at a time.

    :param resume: go on with the database if it is there.
    :raises ConfigError: when the file holds something and ``resume`` was not said.
    :raises StoreError: when it cannot be opened, is in use, or is no database of this schema.
    """

    def __init__(
        self,
        path: str | Path,
        resume: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name, self._clock = str(path), clock
        self._rows: list[tuple[Any, ...]] = []
        self._shallower: list[tuple[int, str | None, str]] = []
        self._since = 0.0
        self._indexed = False
        self._lock = _lock(self.name)
        try:
            self._db: sqlite3.Connection | None = self._connect(resume)
        except BaseException:
            _unlock(self.name, self._lock)
            raise

    def write(self, entries: Sequence[Entry]) -> None:
        """Append ``entries``; see :class:`scraper.store.base.Store`. A correction goes with its group."""
        if entries and not self._waiting:
            self._since = self._clock()
        for entry in entries:
            if isinstance(entry, Shallower):
                self._shallower.append((entry.depth, entry.via, entry.url))
            else:
                self._rows.append(as_row(record_of(entry)))
        if self._waiting and (self._waiting >= GROUP or self._clock() - self._since >= GROUP_SECONDS):
            self.commit()

    def commit(self) -> None:
        """Make durable what was written, now.

        :raises StoreError: when the disk refuses; what was committed before stands.
        """
        rows, corrections = self._rows, self._shallower
        self._rows, self._shallower = [], []
        with self._transaction() as db:
            db.executemany(_INSERT, rows)
            if corrections and not self._indexed:
                db.execute(_INDEX)
                self._indexed = True
            db.executemany(_CORRECT, corrections)

    def read(self) -> Iterator[Outcome]:
        """The recorded outcomes in the order they were written, corrections applied."""
        if self._waiting:
            self.commit()
        with translated(self.name):
            cursor = self._database.execute(_SELECT)
            for row in cursor:
                yield outcome_of(as_record(row))

    def close(self) -> None:
        """Commit, fold the write-ahead log into the one file, let it go; may be called twice."""
        if self._db is None:
            return
        try:
            if self._waiting:
                self.commit()
        finally:
            db, self._db = self._db, None
            db.close()
            _unlock(self.name, self._lock)

    def meta(self, key: str) -> Any:
        """What was kept under ``key``; None when nothing was."""
        with translated(self.name):
            row = self._database.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else msgspec.json.decode(row[0])

    def save_meta(self, key: str, value: Any) -> None:
        """Keep ``value``, anything that JSON can hold, under ``key``, at once."""
        with self._transaction() as db:
            put(db, key, value)

    def seeds(self) -> list[str]:
        """The seeds that were saved: with them a crawl is resumed without naming its URLs again."""
        return list(self.meta("seeds") or ())

    def save_seeds(self, urls: Iterable[str]) -> None:
        """Add ``urls`` to the seeds, each once, in order."""
        self.save_meta("seeds", list(dict.fromkeys([*self.seeds(), *urls])))

    @property
    def _waiting(self) -> int:
        return len(self._rows) + len(self._shallower)

    @property
    def _database(self) -> sqlite3.Connection:
        if self._db is None:
            raise StoreError(f"{self.name} is closed")
        return self._db

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing of what is done inside."""
        db = self._database
        with translated(self.name):
            try:
                db.execute("BEGIN IMMEDIATE")
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:  # SQLite rolls back by itself when the disk is full
                    db.execute("ROLLBACK")
                raise

    def _connect(self, resume: bool) -> sqlite3.Connection:
        file = Path(self.name)
        with translated(self.name):
            if file.exists() and file.stat().st_size and not resume:
                raise exists_already(self.name, resumable=True)
            db = sqlite3.connect(self.name, timeout=2.0, isolation_level=None)
            try:
                prepare(db, self.name)
            except BaseException:
                db.close()
                raise
        return db


@contextlib.contextmanager
def translated(name: str) -> Iterator[None]:
    """SQLite's errors, and the system's, as one message each."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        primary = None if code is None else code & 0xFF  # the rest says where inside SQLite: sqlite.org/rescode.html
        raise StoreError(f"{name}: {_TROUBLE.get(primary or 0, str(error))}") from error
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
