"""Where records go: the checkpoint, and what is written beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from scraper.errors import ConfigError
from scraper.run import Nowhere
from scraper.store import CsvWriter, JsonlStore, JsonWriter, SqliteStore, Store, Tee, open_output, open_store
from scraper.store.files import check_place, exists_already, is_stream
from scraper.store.opening import check_format

__all__ = ["Kept", "check_places", "is_there", "open_kept"]


class Kept(NamedTuple):
    """An opened store.

    :ivar whole: what the crawl writes to.
    :ivar checkpoint: the part of it that the crawl can be resumed from; None where nothing can be.
    :ivar place: the file with the results, for the summary; None where they went to stdout.
    :ivar began: whether ``--resume`` found nothing to go on with.
    """

    whole: Store
    checkpoint: SqliteStore | JsonlStore | None
    place: str | None
    began: bool


def open_kept(given: dict[str, Any]) -> Kept:
    """Open what ``--store``, ``-o``, ``-f`` and ``--resume`` ask for.

    With both a store and an output the store is the checkpoint, and at resume the output is written anew from it, if
    it held a crawl: a name with a slip in it must not cost the output.

    :raises ConfigError: when they do not go together, or would overwrite something.
    :raises StoreError: when one cannot be opened.
    """
    check_places(given)
    path, output, resume = given["store"], given["output"], given["resume"]
    if path:
        return _with_store(path, given)
    began = resume and not Path(output).exists()
    opened = open_output(output or "-", given["form"], resume=resume)
    if isinstance(opened, JsonlStore) and not is_stream(output or "-"):
        return Kept(opened, opened, output, began)
    return Kept(Tee(Nowhere(), opened), None, output, began)


def check_places(given: dict[str, Any]) -> None:
    """Whether ``--store``, ``-o`` and ``--resume`` go together, as far as that is seen without opening anything.

    :raises ConfigError: when they do not, or would overwrite something.
    """
    path, output, resume = given["store"], given["output"], given["resume"]
    if path and output and Path(output).resolve() == Path(path).resolve():
        raise ConfigError(f"--store and -o are the same file: {path}")
    if resume and not path and output is None:
        raise ConfigError("--resume needs what it can go on with: --store FILE, or -o FILE.jsonl")
    for name in (path, output):
        if name and not is_stream(name):
            check_place(name)
    if output or not path:
        check_format(output or "-", given["form"], resume=resume and not path)
    for name in (path, output):
        if name and not resume and is_there(name):
            raise exists_already(name, resumable=name == path or (not path and Path(name).suffix == ".jsonl"))


def is_there(name: str) -> bool:
    """Whether ``name`` is a file that holds something."""
    return Path(name).is_file() and Path(name).stat().st_size > 0


def _with_store(path: str, given: dict[str, Any]) -> Kept:
    output, form, resume = given["output"], given["form"], given["resume"]
    new = not Path(path).exists()
    checkpoint = open_store(path, resume)
    if output is None and form is None:
        return Kept(checkpoint, checkpoint, path, resume and new)
    try:
        opened = _beside(checkpoint, output or "-", form, resume)
    except BaseException:
        checkpoint.close()
        if new:  # nothing ran, so nothing is left that the next try would find in its way
            Path(path).unlink(missing_ok=True)
        raise
    place = path if output is None else f"{path}, {output}"
    return Kept(Tee(checkpoint, opened), checkpoint, place, resume and new)


def _beside(checkpoint: SqliteStore | JsonlStore, output: str, form: str | None, resume: bool) -> Store:
    """The output that follows ``checkpoint``."""
    if resume and (next(checkpoint.read(), None) is not None or _holds_no_record(output)):
        return open_output(output, form, refill=checkpoint.read())
    if not is_stream(output) and is_there(output):
        if not resume:
            raise exists_already(output, resumable=False)
        raise ConfigError(
            f"{output} already exists, and {checkpoint.name} holds no crawl that it could be written anew from: "
            "check the name of the store, or name another file for the output"
        )
    return open_output(output, form)


def _holds_no_record(name: str) -> bool:
    """Whether the file is an output of a crawl that ended before its first record."""
    path = Path(name)
    return path.is_file() and path.stat().st_size < 1000 and path.read_bytes() in _EMPTY


_EMPTY = {b"", CsvWriter.head, JsonWriter.head + JsonWriter.tail}
