"""The second engine: selectolax on lexbor, with the same tree and without holding the GIL.

lexbor is quadratic in the depth of a page (40,000 open ``<div>``, 200 KB: 6.8 s) and in the attributes of one tag
(8,000: 0.1 s; 50,000: 3.6 s and more), and reconstructs formatting elements without a limit of depth. The first is kept
away from it here, as far as counting tells; for pages of strangers who mean harm choose ``turbo``.
"""

from __future__ import annotations

from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser

from scraper.parse import tokens
from scraper.parse.engines import Findings
from scraper.parse.gather import TAGS, Attribute, anchors, gather

__all__ = ["read"]

_LARGE = 64_000
_OPEN = 10_000


def read(markup: bytes | str, tags: frozenset[str] = TAGS) -> Findings:
    """See :data:`scraper.parse.engines.Read`."""
    if _deep(markup):
        return tokens.read(markup, tags)
    tree = LexborHTMLParser(markup)
    title = tree.css_first("title:not(svg title)")

    def find(tag: str) -> Iterator[Attribute]:
        return (_reader(node.attributes) for node in (tree.css(tag) if tag in tags else ()))

    return gather(None if title is None else title.text(), find, *anchors(find), tree)


def _reader(attributes: dict[str, str | None]) -> Attribute:
    return lambda name: attributes[name] or "" if name in attributes else None


def _deep(markup: bytes | str) -> bool:
    """Whether over 10,000 more tags are opened than closed, of which most pages have some: ``<br>``, ``<img>``."""
    if len(markup) < _LARGE:
        return False
    if isinstance(markup, bytes):
        return markup.count(b"<") - 2 * markup.count(b"</") > _OPEN
    return markup.count("<") - 2 * markup.count("</") > _OPEN
