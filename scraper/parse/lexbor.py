"""The second engine: selectolax on lexbor, with the same tree and without holding the GIL."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser

from scraper.parse.engines import Findings

__all__ = ["read"]


def read(markup: bytes | str) -> Findings:
    """See :data:`scraper.parse.engines.Engine`."""
    tree = LexborHTMLParser(markup)
    title = tree.css_first("title:not(svg title)")
    base = tree.css_first("base[href]")
    hrefs = [node.attributes["href"] or "" for node in tree.css("a[href],area[href]")]
    return Findings(
        None if title is None else title.text(), None if base is None else base.attributes["href"], hrefs, tree
    )
