"""SQLite: one table of outcomes, written in groups, that any SQL tool reads, also while a crawl runs.

What a power cut has cost (see :mod:`scraper.store.database`) is fetched again at resume. The links of a page are one
column, a JSON array; the view ``links`` opens it with ``json_each``. With 70 links a page costs 17 µs so; a row for
each link would cost 50 µs more.

No index is kept up while records are added: that a URL comes once is the core's promise, and an index on ``url`` costs
6 µs a page. It is made when the first correction needs it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from scraper.model import Entry, Outcome, Shallower
from scraper.store.database import Database, translated
from scraper.store.record import outcome_of, record_of
from scraper.store.schema import COLUMNS, as_record, as_row, prepare
from scraper.store.sink import GROUP, GROUP_SECONDS

__all__ = ["SqliteStore"]

_INSERT = f"INSERT INTO outcomes ({COLUMNS}) VALUES ({', '.join('?' * len(COLUMNS.split(', ')))})"  # noqa: S608 - names of our own
_SELECT = f"SELECT {COLUMNS} FROM outcomes ORDER BY id"  # noqa: S608
_CORRECT = "UPDATE outcomes SET depth = ?, via = ? WHERE url = ? AND kind = 'page'"
_INDEX = "CREATE INDEX IF NOT EXISTS outcomes_url ON outcomes (url)"


class SqliteStore(Database):
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
        self._clock = clock
        self._rows: list[tuple[Any, ...]] = []
        self._shallower: list[tuple[int, str | None, str]] = []
        self._since = 0.0
        self._indexed = False
        super().__init__(path, prepare, resume)

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

    def _finish(self) -> None:
        if self._waiting:
            self.commit()

    def seeds(self) -> list[str]:
        """The seeds that were saved: with them a crawl is resumed without naming its URLs again."""
        return list(self.meta("seeds") or ())

    def save_seeds(self, urls: Iterable[str]) -> None:
        """Add ``urls`` to the seeds, each once, in order."""
        self.save_meta("seeds", list(dict.fromkeys([*self.seeds(), *urls])))

    @property
    def _waiting(self) -> int:
        return len(self._rows) + len(self._shallower)
