"""How far a crawl reaches: which URLs were met, which of them are admitted, and how deep each lies.

A final outcome leads to others: by links one step deeper, by a redirect to the same depth. What is new is admitted or
refused by :mod:`scraper.core.admission`; what is known may turn out to lie less deep, and what lies behind it too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import msgspec

from scraper.core.admission import Admission
from scraper.core.frontier import Frontier
from scraper.core.known import OUT, Edges, End, Known
from scraper.model import Entry, Fetched, Outcome, Page, Reason, Refused, Request, Shallower

__all__ = ["Reach"]


class Reach:
    """The URLs that were met, from seeds on. ``limit`` is the depth limit, None for no limit.

    :param open_from: see :class:`scraper.core.known.Known`.
    """

    def __init__(
        self, limit: int | None, admission: Admission, frontier: Frontier, open_from: int | None = None
    ) -> None:
        self._limit, self._admission, self._frontier = limit, admission, frontier
        self._known = Known(limit, open_from)
        self._promised: set[int] = set()

    @property
    def known(self) -> int:
        """URLs met so far, in scope or not."""
        return len(self._known)

    def seed(self, urls: Iterable[str]) -> list[Entry]:
        """Admit ``urls`` at depth 0; see :meth:`scraper.core.crawl.Crawl.seed`."""
        entries: list[Entry] = []
        fresh: list[str] = []
        for url in urls:
            if self._known.depth(url) is not None and hash(url) not in self._promised:
                if self._limit is not None:
                    entries += self._spread(Edges(None, 0, 0, (url,)))
                continue
            self.promise(url)
            self._promised.discard(hash(url))
            if (why := self._admission.refuses_seed(url)) is None:
                fresh.append(url)
            else:
                refused = Refused(Request(url), Reason.SCOPE, why)
                entries += [refused, *self.follow(refused)]
        self._frontier.push(fresh, 0, None)
        return entries

    def recall(self, request: Request) -> None:
        """An earlier run has recorded ``request``'s URL, at the depth that was known then."""
        url, depth = request.url, request.depth
        self._promised.discard(hash(url))
        known = self._known.depth(url)
        if known is None:
            self._known.add(url, depth)
        elif depth < known:
            self._known.lower(url, Edges(request.via, depth, 0, ()))

    def promise(self, url: str) -> None:
        """``url`` is at depth 0, whatever else is known of it."""
        if self._known.depth(url) is None:
            self._known.add(url, 0)
            self._promised.add(hash(url))
            self._admission.seeded()

    def current(self, request: Request) -> Request:
        """``request`` with the depth and via that are known now; they may have got shorter while it waited."""
        depth = self._known.depths[hash(request.url)]
        if depth >= request.depth:
            return request
        return msgspec.structs.replace(request, depth=depth, via=self._known.via(request.url, request.via))

    def follow(self, final: Outcome) -> list[Entry]:
        """Meet what ``final`` leads to."""
        request, end = final.request, _end(final)
        redirect = end.targets[0] if end.targets and not end.step else None
        entries = self._widen(redirect) if redirect is not None and self._admission.is_seed(request) else []
        edges = Edges(request.url, request.depth + end.step, 0 if end.step else request.redirects + 1, end.targets)
        entries += self.lead(edges)
        self._known.finish(request.url, end, whole=self._admission.may_widen)
        self._admission.ended(request, redirect)
        return entries

    def _widen(self, target: str) -> list[Entry]:
        """A seed leads to ``target``: a seed's place too, and what was out because of it is looked at again."""
        entries: list[Entry] = []
        for url in self._admission.chain(target):
            if self._known.depth(url) is None:
                self._known.forget(url)  # it may have been out
            for outside, edges in self._admission.widen(url):
                if self._known.depth(outside) is None:
                    self._known.forget(outside)
                entries += self.lead(self._as_now(edges)._replace(targets=(outside,)))
        return entries

    def _as_now(self, edges: Edges) -> Edges:
        """``edges`` with the depth that their page has now."""
        depth = None if edges.via is None else self._known.depth(edges.via)
        return edges if depth is None else edges._replace(depth=depth if edges.redirects else depth + 1)

    def lead(self, edges: Edges) -> list[Entry]:
        """Meet the targets of ``edges``."""
        if self._limit is not None:
            return self._spread(edges)
        depths = self._known.depths
        targets = edges.targets
        fresh = [url for url, key in zip(targets, map(hash, targets), strict=True) if key not in depths]
        if fresh:
            self._meet(fresh, edges)
        return []

    def _meet(self, urls: list[str], edges: Edges) -> None:
        """URLs nobody has seen, within the depth limit: admit those that scope and traps do."""
        admitted: list[str] = []
        crowded = len(self._frontier) > self._admission.crowd
        for url in urls:
            if (not crowded or self._admission.has_room(self._frontier.site(url))) and self._admission.admits(
                url, edges
            ):
                self._known.add(url, edges.depth)
                admitted.append(url)
            else:
                self._known.refuse(url)
        if admitted:
            self._frontier.push(admitted, edges.depth, edges.via, edges.redirects)

    def _spread(self, edges: Edges) -> list[Entry]:
        """With a depth limit: meet what is new, lower what is known, and go on behind what is final, by a work list.

        The list is in the order of depth (a 0-1 breadth-first search), so nothing is lowered twice in one call.

        :returns: corrections for the final ones.
        """
        assert self._limit is not None
        entries: list[Entry] = []
        may_widen = self._admission.may_widen
        work = deque([edges])
        while work:
            edges = work.popleft()
            if edges.depth > self._limit:
                continue
            depth, depths = edges.depth, self._known.depths
            fresh: list[str] = []
            for url, key in zip(edges.targets, map(hash, edges.targets), strict=True):
                known = depths.get(key)
                if known is None:
                    fresh.append(url)
                elif known > depth:  # seldom: nearly all links lead to known URLs
                    entries += self._lower(url, edges, work)
                elif known == OUT and may_widen:
                    self._admission.note_outside(url, edges)
            if fresh:
                self._meet(fresh, edges)
        return entries

    def _lower(self, url: str, edges: Edges, work: deque[Edges]) -> list[Entry]:
        if self._known.settled(url):
            return []
        end = self._known.lower(url, edges)
        if end is None:
            return []
        if end.step:
            work.append(Edges(url, edges.depth + 1, 0, end.targets))
        else:
            work.appendleft(Edges(url, edges.depth, edges.redirects + 1, end.targets))
        return [Shallower(url, edges.depth, edges.via)]


def _end(outcome: Outcome) -> End:
    """Where an outcome leads, and how much deeper that is."""
    match outcome:
        case Fetched(location=str() as target):
            return End((target,), 0)
        case Fetched(page=Page(links=links, cut=None)):
            return End(links, 1)
        case _:
            return End((), 0)
