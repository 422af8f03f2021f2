"""Looking things up in a store, without going on with it: no lock, no change, also while a crawl writes to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import msgspec

from scraper.errors import ConfigError, StoreError
from scraper.model import Kind
from scraper.store.database import translated
from scraper.store.files import is_stream, trouble
from scraper.store.jsonl import parsed
from scraper.store.opening import JSONL
from scraper.store.record import SCHEMA, Record, encode
from scraper.store.schema import COLUMNS, as_record

__all__ = ["Lookup", "open_lookup"]


class Lookup(Protocol):
    """Questions to a store."""

    def mentioning(self, urls: Collection[str]) -> Iterator[Record]:
        """The records that are about one of ``urls``, or have a link or a redirect to one, in their order."""

    def seeds(self) -> list[str]:
        """The seeds of the crawl."""

    def moved_seeds(self) -> list[str]:
        """Where seeds have led to by redirects: seeds too."""

    def options(self) -> dict[str, Any] | None:
        """The options of the crawl; None where the store keeps none."""

    def close(self) -> None:
        """Let the store go."""


def open_lookup(path: str) -> Lookup:
    """The store at ``path``: JSON lines where the name says so, SQLite else.

    :raises ConfigError: when there is none.
    :raises StoreError: when it cannot be read, or is foreign.
    """
    if is_stream(path):
        raise ConfigError(f"{path} cannot be read back: name a file")
    if not Path(path).exists():
        raise ConfigError(f"there is no store {path}")
    if Path(path).is_dir():
        raise ConfigError(f"{path} is a folder: name the file of the store in it")
    return _Lines(path) if Path(path).suffix.lower() in JSONL else _Database(path)


def _mentions(record: Record, urls: Collection[str]) -> bool:
    return (
        record.url in urls
        or record.location in urls
        or any(url in urls for url in record.links or ())
        or any(url in urls for _, url in record.unfollowed or ())
    )


class _Database:
    """SQLite."""

    def __init__(self, path: str) -> None:
        self._name = path
        file = str(Path(path).resolve())
        # where no crawl is writing, without the two files that a write-ahead log needs even for reading
        mode = "mode=ro" if Path(f"{file}-wal").exists() else "mode=ro&immutable=1"
        with translated(path):
            self._db = sqlite3.connect(f"file:{quote(file)}?{mode}", uri=True, timeout=2.0)
        try:
            with translated(path):
                there = {row[1] for row in self._db.execute("PRAGMA table_info(outcomes)")}
                schema = self._meta("schema") if there else None
        except StoreError as error:
            self._db.close()
            raise StoreError(str(error).replace("--resume", "this")) from error
        if schema != SCHEMA:
            self._db.close()
            raise StoreError(f"{path} holds no records of schema {SCHEMA}")
        self._names = tuple(name for name in COLUMNS.split(", ") if name in there)

    def mentioning(self, urls: Collection[str]) -> Iterator[Record]:
        """See :class:`Lookup`. A link is found by its JSON text, which is faster than opening every array."""
        columns = [name for name in ("links", "unfollowed") if name in self._names]
        where = ["url = ?", "location = ?", *(f"instr({column}, ?)" for column in columns)]
        condition = " OR ".join(where * len(urls))
        values = [value for url in urls for value in (url, url, *[_needle(url).decode()] * len(columns))]
        query = f"SELECT {', '.join(self._names)} FROM outcomes WHERE {condition} ORDER BY id"  # noqa: S608 - own names
        for row in self._rows(query, values):
            record = as_record(row, self._names)
            if _mentions(record, urls):
                yield record

    def seeds(self) -> list[str]:
        """See :class:`Lookup`."""
        with translated(self._name):
            return list(self._meta("seeds") or ())

    def moved_seeds(self) -> list[str]:
        """See :class:`Lookup`."""
        query = "SELECT location FROM outcomes WHERE depth = 0 AND location IS NOT NULL"
        return [url for (url,) in self._rows(query + (" AND kind = 'page'" if "kind" in self._names else ""))]

    def options(self) -> dict[str, Any] | None:
        """See :class:`Lookup`."""
        with translated(self._name):
            found = self._meta("options")
        return found if isinstance(found, dict) else {}

    def close(self) -> None:
        """See :class:`Lookup`."""
        self._db.close()

    def _rows(self, query: str, values: Iterable[str] = ()) -> Iterator[tuple[Any, ...]]:
        with translated(self._name):
            yield from self._db.execute(query, list(values))

    def _meta(self, key: str) -> Any:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else msgspec.json.decode(row[0])


class _Lines:
    """JSON lines, read through for every question."""

    def __init__(self, path: str) -> None:
        self._name = path
        for _ in self._records():  # is the first one ours?
            break

    def mentioning(self, urls: Collection[str]) -> Iterator[Record]:
        """See :class:`Lookup`. Only lines in which a URL stands are decoded."""
        needles = [_needle(url) for url in urls]
        return (record for record in self._records(needles) if _mentions(record, urls))

    def seeds(self) -> list[str]:
        """See :class:`Lookup`; those that are recorded."""
        top = self._records([b'"depth":0,"via":null'])
        return [record.url for record in top if record.kind is Kind.PAGE and record.via is None]

    def moved_seeds(self) -> list[str]:
        """See :class:`Lookup`."""
        top = self._records([b'"depth":0,'])
        return [record.location for record in top if record.kind is Kind.PAGE and record.location and not record.depth]

    def options(self) -> dict[str, Any] | None:
        """See :class:`Lookup`."""
        return None

    def close(self) -> None:
        """See :class:`Lookup`."""

    def _records(self, needles: Collection[bytes] = (b"",)) -> Iterator[Record]:
        """The records in whose line one of ``needles`` stands; a last line that is torn is none."""
        try:
            with Path(self._name).open("rb") as file:
                for number, line in enumerate(file, 1):
                    if line.endswith(b"\n") and any(needle in line for needle in needles):
                        yield parsed(self._name, number, line)
        except OSError as error:
            raise trouble(self._name, error) from error


def _needle(url: str) -> bytes:
    """``url`` as it stands in JSON."""
    return encode(url)
