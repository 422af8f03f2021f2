"""Who gets in: the one place that says which URLs are admitted, and which admitted ones are fetched.

============  ====================================================  =============================================
asked         when                                                  by
============  ====================================================  =============================================
a link        it is new, and within the depth limit                 scope, traps, queries of one path, backlog
a seed        it is given                                           include and exclude
a request     it is its turn                                        host given up, robots.txt
a page        it is final: whether its links are met                nofollow, soft 404, duplicates
============  ====================================================  =============================================
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator

import msgspec

from scraper.core.known import Edges
from scraper.core.site import Site
from scraper.core.traps import Duplicates, Queries, judge
from scraper.model import Failed, Fetched, Kind, Outcome, Reason, Refused, Request
from scraper.settings import Settings
from scraper.url import MAX_LENGTH, host_key

__all__ = ["Admission"]

_OUTSIDE = 100_000
"""URLs out of scope that are kept while seeds are under way: a seed's redirect may yet bring them in."""
_REFUSALS = frozenset({Reason.ROBOTS, Reason.CRAWL_DELAY, Reason.PRIVATE_ADDRESS, Reason.GIVEN_UP})


class Admission:
    """The rules, and what they remember."""

    def __init__(self, settings: Settings) -> None:
        self._scope = settings.scope
        self._judge = judge(settings.traps)
        self._backlog = settings.traps.backlog
        self._queries = Queries(settings.traps.queries) if settings.traps.queries is not None else None
        duplicates, near = settings.traps.duplicates, settings.traps.near
        self._duplicates = Duplicates(duplicates, near) if duplicates is not None else None
        self._seeds = 0
        self._seedlike: set[str] = set()
        self._led: dict[str, str] = {}
        self._outside: deque[tuple[str, Edges]] = deque(maxlen=_OUTSIDE)

    def refuses_seed(self, url: str) -> str | None:
        """Why a seed is not fetched: its place is what the scope is drawn around, so only include and exclude count."""
        return None if self._scope.selects(url) else "include or exclude leaves it out"

    def admits(self, url: str, edges: Edges) -> bool:
        """Whether a URL that nobody has seen belongs to the crawl."""
        if not self._scope.admits(url):
            self._keep_outside(url, edges)
            return False
        return self._judge(url) is None and (self._queries is None or self._queries.admit(url))

    @property
    def crowd(self) -> float:
        """URLs that cannot be too large a backlog of any site, however long they are."""
        return math.inf if self._backlog is None else self._backlog / MAX_LENGTH

    def has_room(self, site: Site) -> bool:
        """Whether further URLs may wait for ``site``."""
        return self._backlog is None or site.backlog < self._backlog

    @property
    def may_widen(self) -> bool:
        """Whether seeds are under way, whose redirects can still bring in what is out of scope."""
        return self._seeds > 0

    def note_outside(self, url: str, edges: Edges) -> None:
        """A way leads to what is out: it counts if a seed's redirect should bring that in."""
        if self._seeds and not self._scope.admits(url):
            self._keep_outside(url, edges)

    def _keep_outside(self, url: str, edges: Edges) -> None:
        if self._seeds and self._judge(url) is None:
            self._outside.append((url, Edges(edges.via, edges.depth, edges.redirects, ())))  # not all of its page's

    def bars(self, site: Site, request: Request) -> Refused | Failed | None:
        """The outcome of a request that must not be made; None where it may."""
        given_up = site.gate.given_up
        if given_up is not None:
            return Refused(request, Reason.GIVEN_UP, given_up)
        if request.kind is not Kind.PAGE:
            return None
        if site.barred is not None:
            reason, detail = site.barred
            kind = Refused if reason in _REFUSALS else Failed
            return kind(request, reason, detail)
        if not site.rules.allowed(request.url):
            return Refused(request, Reason.ROBOTS, "robots.txt forbids it")
        return None

    def given_up(self, failures: int, outcome: Outcome) -> str:
        """Why a host is given up, for the URLs that are left."""
        last = f", the last: {outcome.reason.value}" if isinstance(outcome, Failed) else ""
        return f"{failures} failures in a row{last}"

    def cut(self, outcome: Outcome) -> Outcome:
        """``outcome``, with its links cut off if there are too many pages like it."""
        if self._duplicates is None or not isinstance(outcome, Fetched) or outcome.digest is None:
            return outcome
        page = outcome.page
        if page is None or page.cut is not None or not page.links:
            return outcome
        if self._duplicates.exceeds(host_key(outcome.url), outcome.digest, page.simhash):
            return msgspec.structs.replace(outcome, page=msgspec.structs.replace(page, cut="duplicate"))
        return outcome

    def seeded(self) -> None:
        """There is one more seed under way."""
        self._seeds += 1

    def is_seed(self, request: Request) -> bool:
        """Whether ``request`` is for a seed, or for where one has led to by redirects."""
        return request.via is None or request.url in self._seedlike

    def ended(self, request: Request, target: str | None) -> None:
        """A page is final, and leads to ``target`` if it is a redirect."""
        if self.is_seed(request):
            self._seedlike.discard(request.url)
            self._seeds = max(0, self._seeds - 1)
            if not self._seeds:
                self._outside.clear()
                self._led.clear()
        elif target is not None and self._seeds and len(self._led) < _OUTSIDE:
            self._led[request.url] = target

    def chain(self, url: str) -> Iterator[str]:
        """``url``, where a seed has led to, and where that has led to already: whichever came first, all are seeds."""
        target: str | None = url
        while target is not None:
            url = target
            target = self._led.pop(url, None)
            if target is None and url not in self._seedlike:
                self._seedlike.add(url)  # perhaps it is final; then this one never ends, which costs no more than room
                self._seeds += 1
            yield url

    def widen(self, url: str) -> Iterator[tuple[str, Edges]]:
        """Let the scope reach ``url``, where a seed has led to.

        :returns: what was out of scope and is not any more, to be met anew.
        """
        if self._scope.admits(url) or not self._scope.selects(url):
            return
        self._scope = self._scope.widened(url)
        waiting = [*self._outside]
        self._outside.clear()
        for outside, edges in waiting:
            if self._scope.admits(outside):
                yield outside, edges
            else:
                self._outside.append((outside, edges))
