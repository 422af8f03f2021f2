"""A site: what waits for one origin, and what its robots.txt says.

URLs wait packed: those that one page leads to are one text, unpacked when their turn comes. A waiting URL costs some
70 bytes so, a :class:`Request` for each would cost three times that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from scraper.core.gate import Gate
from scraper.core.robots import ALLOW_ALL, Rules
from scraper.model import Kind, Reason, Request
from scraper.url import host_key

__all__ = ["Batch", "Site"]


class Batch(NamedTuple):
    """URLs of one site that were met together, joined by line breaks, which no canonical URL has."""

    urls: str
    depth: int
    via: str | None
    redirects: int


class Site:
    """One origin. Requests leave it by :meth:`next`, in the order: robots files, tries again, new pages.

    Sitemaps take turns with pages: there may be thousands of them, and a crawl of ten pages does not need them all.

    :ivar gate: that of its host.
    :ivar waiting: pages that wait; ``backlog`` is how many characters the URLs of the packed ones have.
    :ivar placed: whether it waits for its turn somewhere in the frontier.
    :ivar asking: whether its robots file is under way; its pages wait for that.
    :ivar rules: what the robots file allows; ``expires`` is when it must be asked for again.
    :ivar heard: whether there was ever an answer that says what may be fetched.
    :ivar barred: why no page at all may be fetched, where that is so.
    """

    __slots__ = (
        *("_again", "_batches", "_files", "_first", "_pages_next", "_unpacked", "asking", "barred", "expires", "gate"),
        *("backlog", "heard", "host", "origin", "placed", "rules", "waiting"),
    )

    def __init__(self, origin: str, host: Gate) -> None:
        self.origin = origin
        self.host = host_key(origin + "/")
        self.gate = host
        self.waiting = self.backlog = 0
        self.placed = self.asking = self.heard = False
        self.rules: Rules = ALLOW_ALL
        self.expires = 0.0
        self.barred: tuple[Reason, str] | None = None
        self._files: list[Request] = []  # lists: a deque takes 600 bytes, and there are many sites
        self._again: list[Request] = []
        self._batches: list[Batch] = []
        self._first = 0
        self._unpacked: list[Request] = []
        self._pages_next = False

    @property
    def gates(self) -> tuple[Gate, ...]:
        """Those of its host and, once it is known, of its address."""
        return self.gate.row

    @property
    def has_next(self) -> bool:
        """Whether something here could be started now, were it for this site alone."""
        return bool(self._files) or (self.waiting > 0 and not self.asking)

    @property
    def files_wait(self) -> bool:
        """Whether the next request is one for a robots file or a sitemap."""
        if not self._files:
            return False
        return self._files[0].kind is Kind.ROBOTS or not self._pages_next or not self.waiting or self.asking

    def refuses(self, now: float) -> bool:
        """Whether all that it has next can only be refused at ``now``, so that no gate needs to be open for it."""
        if self.gate.given_up is not None:
            return True
        return self.barred is not None and now < self.expires and not self._files

    def push_file(self, request: Request) -> None:
        """Let a request for a robots file or a sitemap wait; others wait for robots files."""
        if request.kind is Kind.ROBOTS:
            self._files.insert(0, request)
        else:
            self._files.append(request)

    def push_again(self, request: Request) -> None:
        """Let a page that was asked for before wait in front of all new ones."""
        self._again.append(request)
        self.waiting += 1

    def push(self, urls: list[str], depth: int, via: str | None, redirects: int) -> None:
        """Let new pages wait, behind all others."""
        for start in range(0, len(urls), _PACKED):
            batch = Batch("\n".join(urls[start : start + _PACKED]), depth, via, redirects)
            self._batches.append(batch)
            self.backlog += len(batch.urls)
        self.waiting += len(urls)

    def next(self) -> Request:
        """Take the next request out. There must be one: see :attr:`has_next`."""
        if self.files_wait:
            request = self._files.pop(0)
            self._pages_next = request.kind is Kind.SITEMAP
            return request
        self._pages_next = False
        self.waiting -= 1
        if self._again:
            return self._again.pop(0)
        if not self._unpacked:
            self._unpack()
        return self._unpacked.pop()

    def discard(self, keys: AbstractSet[int]) -> None:
        """Forget the pages whose URL's hash is among ``keys``."""
        kept = [*_only(reversed(self._unpacked), keys)]
        self._unpacked = kept[::-1]
        self._again = [*_only(self._again, keys)]
        batches, self._batches, self._first, self.backlog = self._batches[self._first :], [], 0, 0
        self.waiting = len(self._again) + len(self._unpacked)
        for batch in batches:
            urls = [url for url in batch.urls.split("\n") if hash(url) not in keys]
            self.push(urls, batch.depth, batch.via, batch.redirects)

    def _unpack(self) -> None:
        """Take the first batch out of the row; those that are gone are cut off now and then."""
        batch = self._batches[self._first]
        self.backlog -= len(batch.urls)
        self._unpacked = list(_requests(batch))
        self._unpacked.reverse()
        self._first += 1
        if 2 * self._first >= len(self._batches):
            del self._batches[: self._first]
            self._first = 0


_PACKED = 256
"""URLs in one text at most: what is unpacked at a time."""


def _requests(batch: Batch) -> Iterator[Request]:
    for url in batch.urls.split("\n"):
        yield Request(url, batch.depth, batch.via, redirects=batch.redirects)


def _only(requests: Iterable[Request], keys: AbstractSet[int]) -> Iterator[Request]:
    return (request for request in requests if hash(request.url) not in keys)
