"""A made-up web: some hosts, some pages each, all reachable from the roots, the same for the same numbers.

A page is made as pages of documentation sites are: a menu, links down, across and to other hosts, duplicates and
fragments, in the forms that pages write them, and some words to each.
"""

from __future__ import annotations

import functools
import random
from typing import NamedTuple

__all__ = ["ROBOTS", "Site", "most_links", "path"]

ROBOTS = b"""User-agent: *
Disallow: /private/
Disallow: /*?session=
Disallow: /search
Allow: /search/about
"""
"""The robots file of every host; it forbids none of the pages."""

_WORDS = ("thread", "process", "task", "queue", "lock", "event", "loop", "worker", "page", "link", "host", "crawl")
_ODD = ("#top", "mailto:info@example.com", "javascript:void(0)")
_CHILDREN, _MENU, _ABROAD = 4, 11, 3
_TEXT = 1 << 16
_BARE = 200
"""Bytes that a page without links and words takes at most."""
_LINK = 64
"""Bytes that a link takes at most, where there is no room for words."""
_FULL = len('<section class="b"><h2></h2><p> <a class="l" href=""></a></p></section>\n') + 30 + 12
"""Bytes of a block with a heading, besides its address and its words."""


class Site(NamedTuple):
    """A web of ``pages`` pages in all, which ``hosts`` loopback addresses take in turns.

    :ivar size: bytes a page, exactly, as long as its links fit in (see :func:`most_links`); ``links`` is links a page.
    :ivar seed: another one makes other words and other links.
    :ivar port: of all hosts.
    """

    hosts: int = 20
    pages: int = 2_000
    size: int = 35_000
    links: int = 80
    seed: int = 7
    port: int = 0

    def origin(self, host: int) -> str:
        """The origin of a host: 127.0.0.2 and up, all on one port."""
        return f"http://127.0.0.{host + 2}:{self.port}"

    def seeds(self) -> list[str]:
        """The root page of every host."""
        return [f"{self.origin(host)}/" for host in range(self.hosts)]

    def urls(self) -> list[str]:
        """Every page; the hosts take turns."""
        origins = [self.origin(host) for host in range(self.hosts)]
        return [origins[place % self.hosts] + path(place // self.hosts) for place in range(self.pages)]

    def count(self, host: int) -> int:
        """How many pages a host has."""
        return (self.pages - host - 1) // self.hosts + 1

    def body(self, place: int) -> bytes:
        """The HTML of the page at a ``place`` of :meth:`urls`."""
        number, host = divmod(place, self.hosts)
        rng = random.Random(f"{self.seed}/{host}/{number}")  # noqa: S311 - made-up pages keep no secret
        title = f"Page {number} of host {host}"
        top = (
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f'<link rel="stylesheet" href="/site.css"></head>\n<body><h1>{title}</h1>\n'
        )
        bottom = "</body></html>\n"
        words = _Words(self.seed, rng)
        content = _content(self._hrefs(rng, host, number), self.size - len(top) - len(bottom), words)
        return f"{top}{content}{bottom}".encode()

    def _hrefs(self, rng: random.Random, host: int, number: int) -> list[str]:
        """First what makes all pages reachable, then what is found on many pages."""
        pages = self.count(host)
        arity = min(_CHILDREN, self.links)
        children = [child for child in range(arity * number + 1, arity * number + arity + 1) if child < pages]
        fixed = [*children, *range(min(_MENU, pages)), *range(min(_MENU, pages))]
        others = max(0, self.links - len(fixed) - len(_ODD) - _ABROAD)
        hrefs = [_href(rng, target) for target in fixed + [int(rng.random() * pages) for _ in range(others)]]
        abroad = [self._anywhere(rng) for _ in range(_ABROAD)]
        return [*hrefs[: len(children)], *abroad, *_ODD, *hrefs[len(children) :]][: self.links]

    def _anywhere(self, rng: random.Random) -> str:
        number, host = divmod(rng.randrange(self.pages), self.hosts)
        return self.origin(host) + path(number)


def path(number: int) -> str:
    """The path of a page; the first is the root."""
    return f"/s{number % 10}/page-{number:05d}.html" if number else "/"


def most_links(size: int) -> int:
    """How many links fit into a page of ``size`` bytes, at least."""
    return max(0, size - _BARE) // _LINK


class _Words:
    """Words for a page, from a text that all pages of a web share: making each anew would take ten times as long."""

    def __init__(self, seed: int, rng: random.Random) -> None:
        self._text, self._rng = _text(seed), rng

    def take(self, length: int) -> str:
        """So many characters, from anywhere."""
        if length >= _TEXT // 2:
            return self._text * (length // _TEXT) + self._text[: length % _TEXT]
        start = int(self._rng.random() * (_TEXT - length))
        return self._text[start : start + length]


@functools.lru_cache(maxsize=4)
def _text(seed: int) -> str:
    rng = random.Random(f"{seed}/text")  # noqa: S311
    return " ".join(rng.choices(_WORDS, k=_TEXT))[:_TEXT]


def _href(rng: random.Random, target: int) -> str:
    form = rng.random()
    if form < 0.5:
        return path(target)
    return f"{path(target)}#s{target}" if form < 0.6 else f"../..{path(target)}"


def _content(hrefs: list[str], room: int, words: _Words) -> str:
    """A block for each link; together they take ``room`` bytes, if that is enough."""
    if not hrefs:
        return words.take(max(0, room))
    blocks, used = list[str](), 0
    for number, href in enumerate(hrefs, 1):
        block = _block(href, room * number // len(hrefs) - used, words)
        used += len(block)
        blocks.append(block)
    return "".join(blocks)


def _block(href: str, room: int, words: _Words) -> str:
    left = room - _FULL - len(href)
    if left >= 0:
        link = f'<a class="l" href="{href}">{words.take(12)}</a>'
        return f'<section class="b"><h2>{words.take(30)}</h2><p>{words.take(left)} {link}</p></section>\n'
    link = f'<a href="{href}">page</a>'
    return f"{link}{words.take(max(0, room - len(link) - 1))}\n"
