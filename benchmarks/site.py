"""A deterministic web for benchmarks and kill tests: some hosts, some pages each, all reachable from the roots.

A page has about 35 KB and 80 links, as pages of documentation sites have: a menu, a footer, links up, down, across and
to other hosts, duplicates and fragments, in the forms that pages write them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["ROBOTS", "Site", "path"]

ROBOTS = b"""User-agent: *
Disallow: /private/
Disallow: /*?session=
Disallow: /search
Allow: /search/about
"""
"""The robots file of every host; it forbids none of the pages."""

_WORDS = ("thread", "process", "task", "queue", "lock", "event", "loop", "worker", "page", "link", "host", "crawl")


class Site(NamedTuple):
    """``hosts`` loopback addresses with ``pages`` pages each; ``size`` is bytes a page, ``links`` links a page."""

    hosts: int = 20
    pages: int = 100
    size: int = 35_000
    links: int = 80
    port: int = 0

    def origin(self, host: int) -> str:
        """The origin of a host: 127.0.0.2 and up, all on one port."""
        return f"http://127.0.0.{host + 2}:{self.port}"

    def seeds(self) -> list[str]:
        """The root page of every host."""
        return [f"{self.origin(host)}/" for host in range(self.hosts)]

    def urls(self) -> Iterator[str]:
        """Every page."""
        return (self.origin(host) + path(number) for host in range(self.hosts) for number in range(self.pages))

    def page(self, host: int, number: int) -> bytes:
        """The HTML of one page."""
        rng = random.Random(f"{host}/{number}")
        title = f"Page {number} of host {host}: {' '.join(rng.choices(_WORDS, k=4))}"
        links = [self._href(rng, target) for target in self._targets(rng, number)]
        links += [self.origin(rng.randrange(self.hosts)) + path(rng.randrange(self.pages)) for _ in range(3)]
        links += ["#top", "mailto:info@example.com", "javascript:void(0)"]
        room = max(0, self.size - 400 - 110 * len(links)) // max(1, len(links))
        blocks = "".join(_block(rng, href, room) for href in links)
        return (
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f'<link rel="stylesheet" href="/site.css"></head>\n<body><h1>{title}</h1>\n{blocks}</body></html>\n'
        ).encode()

    def _targets(self, rng: random.Random, number: int) -> list[int]:
        children = [child for child in range(4 * number + 1, 4 * number + 5) if child < self.pages]
        menu = list(range(min(11, self.pages))) * 2
        others = max(0, self.links - len(children) - len(menu) - 6)
        return children + menu + [rng.randrange(self.pages) for _ in range(others)]

    def _href(self, rng: random.Random, target: int) -> str:
        form = rng.random()
        if form < 0.5:
            return path(target)
        return f"{path(target)}#s{target}" if form < 0.6 else f"../..{path(target)}"


def path(number: int) -> str:
    """The path of a page; the first is the root."""
    return f"/s{number % 10}/page-{number:05d}.html" if number else "/"


def _block(rng: random.Random, href: str, room: int) -> str:
    words = " ".join(rng.choices(_WORDS, k=room // 7 + 1))
    link = f'<a class="l" href="{href}">{words[:12]}</a>'
    return f'<section class="b"><h2>{words[:30]}</h2><p>{words} {link}</p></section>\n'
