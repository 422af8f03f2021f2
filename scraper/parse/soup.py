"""The third engine: BeautifulSoup on lxml, for those who know it. About fifty times slower than the others.

lxml builds its own tree out of tag soup, and drops what lies deeper than 256 elements.
"""

from __future__ import annotations

from bs4 import BeautifulSoup

from scraper.parse.engines import Findings

__all__ = ["read", "soup"]


def read(markup: bytes | str) -> Findings:
    """See :data:`scraper.parse.engines.Engine`."""
    tree = soup(markup)
    for template in tree.find_all("template"):
        template.clear()
    titles = (title.get_text() for title in tree.find_all("title") if title.find_parent("svg") is None)
    bases = (str(base["href"]) for base in tree.find_all("base", href=True))
    hrefs = [str(link["href"]) for link in tree.find_all(["a", "area"], href=True)]
    return Findings(next(titles, None), next(bases, None), hrefs, tree)


def soup(markup: bytes | str) -> BeautifulSoup:
    """The whole page as BeautifulSoup has it."""
    if isinstance(markup, bytes):
        markup = markup.decode("utf-8", "replace")
    return BeautifulSoup(f"\n{markup}", "lxml")  # the line break keeps it from warning of XML, or of a file's name
