"""What a user's function sees of a page: :class:`Document` and its :class:`Element` values.

::

    def parse(page: Document) -> dict[str, object]:
        return {
            "headline": page.css_first("h1").text,
            "prices": [price.text for price in page.css(".price")],
            "image": page.css_first("meta[property='og:image']").get("content"),
        }

They live on the worker's side and only as long as the function runs; what the function returns is what is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

import turbohtml

from scraper.model import Page, Response

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

__all__ = ["Document", "Element"]


class Element:
    """One element of a page. It is the same whichever engine found the links."""

    __slots__ = ("_node",)

    def __init__(self, node: turbohtml.Element) -> None:
        self._node = node

    @property
    def tag(self) -> str:
        """The name, in lower case."""
        return self._node.tag

    @property
    def text(self) -> str:
        """All text in the element, white space collapsed."""
        return " ".join(self._node.text.split())

    @property
    def html(self) -> str:
        """The element as markup."""
        return self._node.html

    @property
    def attrs(self) -> dict[str, str]:
        """The attributes; one without a value has the empty string."""
        return {name: self._node.attr(name) or "" for name in self._node.attrs}

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of an attribute, or ``default`` where it is absent."""
        return self._node.attr(name) or "" if name in self._node.attrs else default

    def css(self, selector: str) -> list[Element]:
        """The elements below this one that ``selector`` matches, in order.

        :raises ValueError: for what is no CSS selector.
        """
        return _select(self._node, selector)

    def css_first(self, selector: str) -> Element | None:
        """The first element below this one that ``selector`` matches."""
        return _select_first(self._node, selector)

    def __repr__(self) -> str:
        return f"<{self.tag} {self.attrs}>"


class Document:
    """One page, parsed once.

    :ivar url: canonical; what was asked for.
    :ivar headers: lower-case names.
    :ivar body: the bytes, decompressed.
    :ivar charset: the WHATWG name of the encoding.
    :ivar title: as in the record.
    :ivar links: as in the record: absolute, canonical, each once.
    :ivar canonical: as in the record: what the page calls its own URL.
    """

    def __init__(
        self,
        response: Response,
        page: Page,
        text: Callable[[], str],
        tree: Callable[[], turbohtml.Document],
    ) -> None:
        self.url = response.url
        self.status = response.status
        self.headers = response.headers
        self.body = response.body
        self.charset = page.charset
        self.title = page.title
        self.links = page.links
        self.canonical = page.canonical
        self._text = text
        self._make_tree = tree

    @cached_property
    def text(self) -> str:
        """The decoded markup (not the text between the tags: that is ``css_first("body").text``)."""
        return self._text()

    @cached_property
    def soup(self) -> BeautifulSoup:
        """The page for BeautifulSoup, on lxml; made when it is first asked for, and slow."""
        from scraper.parse.soup import soup

        return soup(self.text)

    def css(self, selector: str) -> list[Element]:
        """The elements that ``selector`` matches, in order.

        :raises ValueError: for what is no CSS selector.
        """
        return _select(self._tree, selector)

    def css_first(self, selector: str) -> Element | None:
        """The first element that ``selector`` matches."""
        return _select_first(self._tree, selector)

    @cached_property
    def _tree(self) -> turbohtml.Document:
        return self._make_tree()


def _select(node: turbohtml.Node, selector: str) -> list[Element]:
    return [Element(found) for found in node.select(selector)]


def _select_first(node: turbohtml.Node, selector: str) -> Element | None:
    found = node.select_one(selector)
    return None if found is None else Element(found)
