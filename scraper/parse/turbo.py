"""The default engine: turbohtml."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from turbohtml import Document, Namespace, XPath, parse

from scraper.parse.engines import Findings
from scraper.parse.gather import TAGS, Attribute, gather
from scraper.parse.guard import heavy

__all__ = ["light_tree", "read", "tree"]

_LIGHT = 16_000
"""Bytes whose tree is never too heavy."""

_HREFS = XPath("//a/@href")
_SRCS = XPath("//img/@src")


def read(markup: bytes | str, tags: frozenset[str] = TAGS) -> Findings:
    """See :data:`scraper.parse.engines.Read`."""
    document = tree(markup)

    def find(tag: str) -> Sequence[Attribute]:
        elements = document.find_all(tag) if tag in tags else ()
        return [element.attr for element in elements] if elements else ()

    images = _images(document) if "img" in tags else []
    marked = [href for link in document.select("a[rel~=nofollow i]") if (href := link.attr("href")) is not None]
    return gather(_title(document), find, cast(list[str], _HREFS(document)), marked, document, images)


def _images(document: Document) -> list[str] | None:
    """The ``src`` of all ``<img>``; None where one has a ``srcset``."""
    return None if document.select_one("img[srcset]") is not None else cast(list[str], _SRCS(document))


def tree(markup: bytes | str) -> Document:
    """The document without what stands in templates: that is no part of the page."""
    encoding = "utf-8" if isinstance(markup, bytes) else None
    document = parse(markup, encoding=encoding, positions=False, allow_declarative_shadow_roots=False)
    if document.find("template") is not None:
        for template in document.find_all("template"):
            template.clear()
    return document


def light_tree(markup: bytes | str) -> Document:
    """The document, or of a page that is too heavy for a tree that of its beginning."""
    return tree(markup[:_LIGHT] if heavy(markup) else markup)


def _title(document: Document) -> str | None:
    title = document.find("title")
    if title is not None and title.namespace is Namespace.SVG:
        title = document.select_one("title:not(svg title)")
    return None if title is None else title.text
