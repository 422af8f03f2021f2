"""One store out of several: a checkpoint, and outputs that follow it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from scraper.model import Entry, Outcome
from scraper.store.base import Store

__all__ = ["Tee"]


class Tee:
    """Writes to all of its stores, reads from the first, which is the checkpoint.

    The first is written first: what an output holds, the checkpoint holds or held in its unwritten group.
    """

    def __init__(self, primary: Store, *others: Store) -> None:
        self._primary, self._others = primary, others

    def write(self, entries: Sequence[Entry]) -> None:
        """Append ``entries`` to every store."""
        self._primary.write(entries)
        for store in self._others:
            store.write(entries)

    def read(self) -> Iterator[Outcome]:
        """What the first store holds."""
        return self._primary.read()

    def close(self) -> None:
        """Close every store, whatever happens to one of them; the first trouble is raised."""
        with contextlib.ExitStack() as stack:
            for store in (*self._others[::-1], self._primary):
                stack.callback(store.close)
