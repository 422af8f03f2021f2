"""The URLs that were met, and how deep each is.

A URL is known by the 64 bits of its hash: 75 bytes each, however long it is. That two URLs share one, so that the
second is never fetched, has a probability of 3e-8 in a crawl of a million URLs (n² / 2^65). Python's hash of a text is
SipHash under a key drawn at the start, so that nobody can make URLs that collide; a resumed crawl makes all anew.

With a depth limit, depth is the *shortest known* distance, and may shrink after a page is final; then those of its
links shrink too. Its links are remembered for this, but only as long as it can happen: a depth can be undercut only
while something unfinished lies less deep. In a crawl that goes by depth that is soon over.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["OUT", "Edges", "End", "Known"]

OUT = -1
"""The depth of what is never looked at again: nothing is shorter."""
_FAR = 1 << 62


class Edges(NamedTuple):
    """Ways from one URL to others: ``depth`` and ``redirects`` are what the targets have by them."""

    via: str | None
    depth: int
    redirects: int
    targets: tuple[str, ...]


class End(NamedTuple):
    """Where a final page leads, and how much deeper that is: nothing by a redirect."""

    targets: tuple[str, ...]
    step: int


class Known:
    """Depths by URL. ``limit`` is the depth limit; without one depths are only noted, never lowered.

    :param open_from: the least depth of what may turn up at any time, whatever is unfinished: entries of sitemaps.
    :ivar depths: by the hash of the URL; for the hot path.
    """

    def __init__(self, limit: int | None, open_from: int | None = None) -> None:
        self.depths: dict[int, int] = {}
        self._limit = limit
        self._unfinished = [0] * (min(limit, _DEEP) + 2) if limit is not None else []
        self._ends: list[dict[int, End]] = [{} for _ in self._unfinished]
        self._floor = 0
        self._vias: dict[int, str | None] = {}
        if open_from is not None:
            self._count(open_from, 1)  # never finished, so that nothing deeper is ever settled

    def __len__(self) -> int:
        return len(self.depths)

    def depth(self, url: str) -> int | None:
        """The depth of ``url``; None if it is not known, or out."""
        depth = self.depths.get(hash(url), OUT)
        return None if depth == OUT else depth

    def via(self, url: str, before: str | None) -> str | None:
        """Where the shorter way to ``url`` comes from that was found while it waited; ``before`` if there is none."""
        return self._vias.pop(hash(url), before)

    def add(self, url: str, depth: int) -> None:
        """``url`` is admitted."""
        self.depths[hash(url)] = depth
        self._count(depth, 1)

    def refuse(self, url: str) -> None:
        """``url`` is out."""
        self.depths[hash(url)] = OUT

    def forget(self, url: str) -> None:
        """``url`` was refused and is not any more."""
        self.depths.pop(hash(url), None)

    def finish(self, url: str, end: End, *, whole: bool = False) -> None:
        """``url`` is final; where it leads was met already.

        :param whole: remember the targets that are out, too: they may still be let in.
        """
        key = hash(url)
        depth = self.depths[key]
        if self._limit is None:
            return
        self._count(depth, -1)
        self._settle()
        if depth > self._floor or depth >= len(self._ends) - 1:
            self._ends[self._slot(depth)][key] = End(end.targets if whole else self._lowerable(end), end.step)

    def settled(self, url: str) -> bool:
        """Whether ``url`` is final, as far as is still known: then its depth stays."""
        return self.depths[hash(url)] <= self._floor

    def lower(self, url: str, edges: Edges) -> End | None:
        """A shorter way to a known URL, not settled: where it leads if it is final already, None otherwise."""
        key = hash(url)
        before = self.depths[key]
        self.depths[key] = edges.depth
        if self._limit is None:
            return None
        end = self._ends[self._slot(before)].pop(key, None)
        if end is not None:
            self._ends[self._slot(edges.depth)][key] = end
            return end
        self._vias[key] = edges.via
        self._count(before, -1)
        self._count(edges.depth, 1)
        return None

    def _count(self, depth: int, more: int) -> None:
        if self._unfinished:
            self._unfinished[self._slot(depth)] += more

    def _slot(self, depth: int) -> int:
        """Where ``depth`` is counted: all beyond the limit, which only a log holds, and beyond reason, as one."""
        return min(depth, len(self._unfinished) - 1)

    def _settle(self) -> None:
        """Drop the ends that nothing can undercut any more; what lies less deep than all unfinished is settled."""
        floor = next((depth for depth, count in enumerate(self._unfinished) if count), len(self._unfinished))
        for depth in range(self._floor, min(floor + 1, len(self._ends) - 1)):
            self._ends[depth].clear()
        self._floor = floor

    def _lowerable(self, end: End) -> tuple[str, ...]:
        """The targets whose depth this way could still lower: most links lead up, and cannot."""
        depths, least = self.depths, self._floor + end.step
        return tuple([url for url in end.targets if depths.get(hash(url), _FAR) > least])


_DEEP = 1_000
"""Limits beyond it are kept, but the depths beyond it are counted as one: nobody sets such a limit in earnest."""
