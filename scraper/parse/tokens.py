"""The reader of pages that are too heavy for a tree (see :mod:`scraper.parse.guard`): linear in the page.

Without a tree some of the standard's finer rules are unknown, such as tags that are ignored where they stand; on pages
that people wrote the findings are the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from turbohtml import Token, TokenType, tokenize

from scraper.parse.engines import Findings
from scraper.parse.gather import ATTRIBUTES, TAGS, Attribute, anchors, gather

__all__ = ["read"]

_NOSCRIPT = re.compile("<(/?)noscript", re.IGNORECASE)
"""The tokenizer takes what stands in it for text, as browsers that run scripts do; to us it is markup."""


def read(markup: bytes | str, tags: frozenset[str] = TAGS) -> Findings:
    """See :data:`scraper.parse.engines.Read`; there is no tree."""
    text = markup if isinstance(markup, str) else markup.decode("utf-8", "replace")
    reader = _Reader(tags)
    for token in tokenize(_NOSCRIPT.sub(r"<\1no-script", text)):
        reader.take(token)
    title = "".join(reader.title) if reader.title is not None else None
    return gather(title, reader.find, *anchors(reader.find), None)


class _Reader:
    """Follows the tokens: which ``<template>`` and ``<svg>`` are open, and whether the title is being read."""

    def __init__(self, tags: frozenset[str]) -> None:
        self.title: list[str] | None = None
        self._elements: dict[str, list[Attribute]] = {tag: [] for tag in tags}
        self._open = {"template": 0, "svg": 0}
        self._in_title = False

    def find(self, tag: str) -> list[Attribute]:
        return self._elements.get(tag, [])

    def take(self, token: Token) -> None:
        if token.type is TokenType.START_TAG:
            self._start(token)
        elif token.type is TokenType.END_TAG:
            self._in_title = False
            if token.tag in self._open:
                self._open[token.tag] = max(0, self._open[token.tag] - 1)
        elif self._in_title and self.title is not None and token.type is TokenType.TEXT:
            self.title.append(token.data or "")

    def _start(self, token: Token) -> None:
        if token.tag in self._open:
            self._open[token.tag] += not token.self_closing
        elif self._open["template"]:
            return
        elif token.tag == "title" and self.title is None and not self._open["svg"]:
            self.title, self._in_title = [], True
        elif token.tag in self._elements and token.attrs:
            self._elements[token.tag].append(_reader(token.attrs))


def _reader(pairs: Iterable[tuple[str, str | None]]) -> Attribute:
    attributes = {name: value or "" for name, value in pairs if name in ATTRIBUTES}
    return attributes.get
