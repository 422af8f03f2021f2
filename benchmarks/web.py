"""A web of any size that takes no memory: every answer is worked out from its URL.

Each host has a tree of pages, so that all are reached from the root, and every page names some more of its host at
random: of some twenty links nearly all lead to what is known already. Nothing is kept, so what a crawl of it takes is
the crawler's own.
"""

from __future__ import annotations

from scraper.backends.simulated import Web
from scraper.compare.site import ROBOTS
from scraper.model import Fetched, Kind, Outcome, Page, Request
from scraper.parse import robots

__all__ = ["LINKS", "Endless"]

LINKS = 20
"""Links of one page."""

_MIX = 0x9E3779B97F4A7C15  # 2 ** 64 / golden ratio: multiples of it are spread evenly (Knuth, 6.4)
_WORD = (1 << 64) - 1
_STRIDE = 7_919  # a prime, so that a page's links on its host differ


class Endless(Web):
    """``hosts`` hosts with ``pages`` pages each; a page leads to ``fresh`` pages that no page above it names.

    :param fresh: with 2, a crawl knows the whole web long before it has fetched it; with :data:`LINKS`, for every page
        fetched twenty wait.
    """

    def __init__(self, hosts: int, pages: int, fresh: int = 2) -> None:
        super().__init__()
        self._hosts, self._pages, self._fresh = hosts, pages, fresh
        self._robots = robots.parse(ROBOTS, "scraper", "https://host.example/robots.txt")

    def seeds(self) -> list[str]:
        """The root of every host."""
        return [_url(host, 0) for host in range(self._hosts)]

    def answer(self, request: Request) -> Outcome:
        """What comes back for ``request``: a page or a robots file."""
        name, _, rest = request.url.removeprefix("https://host-").partition(".example/")
        host = int(name)
        address = f"198.18.{host >> 8 & 255}.{host & 255}"  # of the block for benchmarks (RFC 2544)
        if request.kind is Kind.ROBOTS:
            return Fetched(request, 200, self._robots, content_type="text/plain", address=address)
        number = int(rest.rpartition("-")[2])
        page = Page(f"Page {number} of host {host}", self._links(host, number), "utf-8")
        digest = (number * self._hosts + host + 1) * _MIX & _WORD
        return Fetched(
            request, 200, page, content_type="text/html", size=35_000, wire=9_000, address=address, digest=digest
        )

    def _links(self, host: int, number: int) -> tuple[str, ...]:
        pages, fresh = self._pages, self._fresh
        numbers = [child for child in range(fresh * number + 1, fresh * number + fresh + 1) if child < pages]
        start = (number + 1) * _MIX & _WORD
        start, room = start >> 16, max(0, LINKS - 1 - len(numbers))
        numbers += [(start + step * _STRIDE) % pages for step in range(room)] if fresh < LINKS else []
        links = dict.fromkeys(_url(host, target) for target in numbers)
        links[_url(start % self._hosts, (start + 1) % pages if fresh < LINKS else 0)] = None
        return tuple(links)


def _url(host: int, number: int) -> str:
    return f"https://host-{host:05d}.example/articles/2024/some-words-of-a-title-{number:07d}"
