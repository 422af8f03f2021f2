"""What a store is: a log of final outcomes, which is also the checkpoint.

A crawl is resumed by replaying its log; what was in flight at a kill is simply not in it. So a fetch happens at least
once, a record exactly once. One writer, the engine's thread: no lock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from scraper.model import Entry, Outcome

__all__ = ["Store"]


class Store(Protocol):
    """Keeps entries in the order they were written."""

    def write(self, entries: Sequence[Entry]) -> None:
        """Append ``entries``; they become durable in groups, at most about half a second later.

        Called every round, with nothing too: that is when a group's time can end.

        :raises scraper.errors.StoreError: when the disk refuses.
        """

    def read(self) -> Iterator[Outcome]:
        """The recorded outcomes in the order they were written, corrections applied where the store keeps them."""

    def close(self) -> None:
        """Make everything durable and let the file go; may be called twice."""
