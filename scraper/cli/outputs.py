"""Where records go: the checkpoint, and what is written beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from scraper.errors import ConfigError
from scraper.run import Nowhere
from scraper.store import JsonlStore, SqliteStore, Store, Tee, open_output, open_store
from scraper.store.files import is_stream

__all__ = ["Kept", "open_kept"]


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

    With both a store and an output the store is the checkpoint, and at resume the output is written anew from it.

    :raises ConfigError: when they do not go together, or would overwrite something.
    :raises StoreError: when one cannot be opened.
    """
    path, output, resume = given["store"], given["output"], given["resume"]
    if path:
        return _with_store(path, given)
    if resume and output is None:
        raise ConfigError("--resume needs what it can go on with: --store FILE, or -o FILE.jsonl")
    began = resume and not Path(output).exists()
    opened = open_output(output or "-", given["form"], resume=resume)
    if isinstance(opened, JsonlStore) and not is_stream(output or "-"):
        return Kept(opened, opened, output, began)
    return Kept(Tee(Nowhere(), opened), None, output, began)


def _with_store(path: str, given: dict[str, Any]) -> Kept:
    output, form, resume = given["output"], given["form"], given["resume"]
    if output and Path(output).resolve() == Path(path).resolve():
        raise ConfigError(f"--store and -o are the same file: {path}")
    new = not Path(path).exists()
    checkpoint = open_store(path, resume)
    if output is None and form is None:
        return Kept(checkpoint, checkpoint, path, resume and new)
    try:
        tee = Tee(checkpoint, open_output(output or "-", form, anew=resume))
    except BaseException:
        checkpoint.close()
        if new:  # nothing ran, so nothing is left that the next try would find in its way
            Path(path).unlink(missing_ok=True)
        raise
    if resume:
        tee.refill()
    return Kept(tee, checkpoint, path if output is None else f"{path}, {output}", resume and new)
