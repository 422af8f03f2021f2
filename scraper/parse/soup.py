"""The third engine: BeautifulSoup on lxml, for those who know it. About fifty times slower than the others.

lxml builds its own tree out of tag soup, and drops what lies deeper than 256 elements.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

from bs4 import BeautifulSoup, Tag

from scraper.parse.engines import Findings
from scraper.parse.gather import TAGS, Attribute, anchors, gather

__all__ = ["read", "soup"]

_TURN = threading.Lock()
"""One page at a time in each process. With every element that it hands to BeautifulSoup, lxml lets the interpreter's
lock go and takes it back: 16 threads that all did so switched 1,400 times a page and took 20 ms of CPU for it, half of
that the system's, and one after the other 7. Nothing is lost by it, since only one of them could go on anyway."""


def read(markup: bytes | str, tags: frozenset[str] = TAGS) -> Findings:
    """See :data:`scraper.parse.engines.Read`."""
    tree = soup(markup)
    for template in tree.find_all("template"):
        template.clear()
    titles = (title.get_text() for title in tree.find_all("title") if title.find_parent("svg") is None)

    def find(tag: str) -> Iterator[Attribute]:
        return map(_reader, tree.find_all(tag) if tag in tags else ())

    return gather(next(titles, None), find, *anchors(find), tree)


def _reader(element: Tag) -> Attribute:
    def attribute(name: str) -> str | None:
        value = element.get(name)
        return " ".join(value) if isinstance(value, list) else value

    return attribute


def soup(markup: bytes | str) -> BeautifulSoup:
    """The whole page as BeautifulSoup has it."""
    if isinstance(markup, bytes):
        markup = markup.decode("utf-8", "replace")
    with _TURN:
        return BeautifulSoup(f"\n{markup}", "lxml")  # the line break keeps it from warning of XML, or of a file's name
