"""What a store is: a log of final outcomes, which is also the checkpoint.

A crawl is resumed by replaying its log; what was in flight at a kill is simply not in it. So a fetch happens at least
once, a record exactly once. One writer, the engine's thread: no lock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from scraper.model import Entry, Outcome

__all__ = ["Store", "Writer"]

_E = TypeVar("_E", contravariant=True)


class Writer(Protocol[_E]):
    """Keeps entries in the order they were written: of a crawl, or of anything else that the engine drives."""

    def write(self, entries: Sequence[_E]) -> None:
        """Append ``entries``; they become durable in groups, at most about half a second later.

        Called every round, with nothing too: that is when a group's time can end.

        :raises scraper.errors.StoreError: when the disk refuses.
        """

    def close(self) -> None:
        """Make everything durable and let the file go; may be called twice."""


class Store(Writer[Entry], Protocol):
    """A writer of a crawl's entries that can be read."""

    def read(self) -> Iterator[Outcome]:
        """The recorded outcomes in the order they were written, corrections applied where the store keeps them."""
