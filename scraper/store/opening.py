"""From a file's name to its store."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from scraper.errors import ConfigError
from scraper.model import Outcome
from scraper.store.base import Store
from scraper.store.exports import CsvWriter, JsonWriter, TextWriter
from scraper.store.files import is_stream
from scraper.store.jsonl import JsonlStore
from scraper.store.lines import LineStore
from scraper.store.sqlite import SqliteStore

__all__ = ["FORMATS", "JSONL", "check_format", "open_output", "open_store"]

_WRITERS: dict[str, type[LineStore]] = {"jsonl": JsonlStore, "json": JsonWriter, "csv": CsvWriter, "text": TextWriter}
_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv", ".txt": "text"}

JSONL = frozenset(suffix for suffix, kind in _SUFFIXES.items() if kind == "jsonl")
"""Endings of names of JSON lines."""

FORMATS = tuple(_WRITERS)
"""The formats of an output."""


def open_store(path: str | Path, resume: bool = False) -> SqliteStore | JsonlStore:
    """The store at ``path`` that a crawl can be resumed from, by its suffix: JSON lines for .jsonl, SQLite else.

    :param resume: go on with it if it is there.
    :raises ConfigError: for a format that cannot be read back, or when it holds something and ``resume`` was not said.
    :raises StoreError: when it cannot be opened, is in use, or is foreign.
    """
    kind = _SUFFIXES.get(Path(path).suffix.lower())
    if is_stream(str(path)):
        raise ConfigError(f"{path} cannot be read back: name a file to resume from")
    if kind is None:
        return SqliteStore(path, resume)
    if kind == "jsonl":
        return JsonlStore(path, resume)
    raise ConfigError(f"{path}: {kind} cannot be resumed from: end the name in .sqlite or .jsonl")


def open_output(
    path: str | Path,
    format: str | None = None,  # noqa: A002
    resume: bool = False,
    refill: Iterable[Outcome] | None = None,
) -> Store:
    """The output at ``path``, ``-`` for the standard output.

    :param format: one of :data:`FORMATS`; without it the suffix says, and a stream gets ``text``.
    :param resume: go on with the file if it is there; only JSON lines can.
    :param refill: at resume beside a store, what that one holds: it replaces what the file holds. A stream gets it
        once more.
    :raises ConfigError: when the format is unknown or cannot be resumed, or the file holds something; with ``refill``
        only something that no earlier crawl wrote in this format.
    :raises StoreError: when it cannot be opened or is in use.
    """
    chosen = check_format(path, format, resume)
    if chosen == "jsonl":
        return JsonlStore(path, resume, refill)
    return _WRITERS[chosen](path, refill)


def check_format(path: str | Path, format: str | None = None, resume: bool = False) -> str:  # noqa: A002
    """The format of the output at ``path``; the arguments and errors are those of :func:`open_output`."""
    chosen = format or _SUFFIXES.get(Path(path).suffix.lower()) or ("text" if is_stream(str(path)) else None)
    if chosen is None:
        raise ConfigError(f"{path}: the name tells no format: end it in .jsonl, .json, .csv or .txt, or name a format")
    if chosen not in _WRITERS:
        raise ConfigError(f"{chosen!r} is no format: choose {', '.join(FORMATS)}")
    if resume and chosen != "jsonl":
        raise ConfigError(f"{path}: {chosen} cannot be gone on with: write .jsonl, or keep a store beside it")
    return chosen
