"""A store that forgets: a list, for short crawls and for tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from scraper.model import Entry, Kind, Outcome, Shallower

__all__ = ["MemoryStore"]


class MemoryStore:
    """Keeps outcomes in a list, corrections applied.

    :ivar outcomes: what was written, in order.
    """

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self._places: dict[str, int] = {}

    def write(self, entries: Sequence[Entry]) -> None:
        """Append ``entries``."""
        for entry in entries:
            if isinstance(entry, Shallower):
                self._correct(entry)
            else:
                if entry.request.kind is Kind.PAGE:
                    self._places[entry.url] = len(self.outcomes)
                self.outcomes.append(entry)

    def read(self) -> Iterator[Outcome]:
        """The recorded outcomes in the order they were written."""
        return iter(self.outcomes)

    def close(self) -> None:
        """Nothing to let go."""

    def _correct(self, entry: Shallower) -> None:
        place = self._places.get(entry.url)
        if place is None:
            return
        outcome = self.outcomes[place]
        request = msgspec.structs.replace(outcome.request, depth=entry.depth, via=entry.via)
        self.outcomes[place] = msgspec.structs.replace(outcome, request=request)
