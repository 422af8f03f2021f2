"""Which pages no tree should be built of: those that are small on the wire and huge, or endless, as a tree.

The tree that the HTML standard asks for is not linear in the page. Formatting elements (``<b>``, ``<font>`` ...) that
are left open are made anew in every paragraph that follows, so n of them and m paragraphs give n * m elements: 64 KB of
``<b 0><b 1>...<p>x<p>x...`` became 1 GB and took over a second. The standard keeps at most three alike, and turbohtml
nests at most 512 deep; what remains is bounded here by counting. The attributes of repeated ``<html>`` and ``<body>``
tags are merged into the first, each compared with all before: 128 KB took 2.4 s and 1 GB.

Pages that are too heavy are read token by token (:mod:`scraper.parse.tokens`), which is linear. The tests count what a
parser could act on, open tags, without crediting end tags: a parser may ignore an end tag, a counter would not know.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Set as AbstractSet

__all__ = ["heavy"]

_SMALL = 16_000
"""Bytes up to which nothing is looked at: they cannot hold enough tags."""
_ELEMENTS = 2_000_000
"""Elements that reconstruction may make of a page: about 270 MB and half a second."""
_DEPTH = 512
"""turbohtml nests no deeper."""
_ALIKE = 3
"""Open formatting elements with the same tag and attributes (HTML standard, 13.2.4.3, the Noah's Ark clause)."""
_ATTRIBUTES_AN_ELEMENT = 5
"""Each element made anew gets copies of its attributes: 135 million of them took 5.3 s and 1.5 GB."""
_TAGS = _ELEMENTS // _DEPTH
"""Tags up to which reconstruction stays below ``_ELEMENTS``, attributes apart."""
_TAG_BYTES = 300_000_000
"""Tags times bytes up to which the attributes stay within bounds too, wherever they are; most pages of up to 100 KB."""
_MEDIUM = 256_000
"""Bytes up to which merging attributes takes half a second at most."""
_ROOTS = 16_000
"""Bytes of ``<html>`` and ``<body>`` tags that are merged without a thought."""

# A tag with its attributes, delimited as a tokenizer does it; possessive, so that no input makes it backtrack.
_ATTRIBUTES = (
    rb"(?![^\t\n\f\r />])(?:[\t\n\f\r /]++|[^\t\n\f\r />][^\t\n\f\r />=]*+"
    rb"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:\"[^\"]*+\"|'[^']*+'|[^\t\n\f\r >\"'][^\t\n\f\r >]*+)?+)?+)*+"
)
_TELLING = re.compile(
    rb"<(?=[bcefhinstuBCEFHINSTU])(?i:[bisu]|big|code|em|font|nobr|small|strike|strong|tt|html|body)" + _ATTRIBUTES
)
"""Formatting elements, and those whose attributes are merged: both in one pass."""
_ROOT = re.compile(rb"<(?:html|body)", re.IGNORECASE)

_SEPARATOR = re.compile(rb"[\t\n\f\r />\"']")
"""One at least stands before or after each attribute."""


def heavy(markup: bytes | str) -> bool:
    """Whether a tree of ``markup`` might take over two seconds, or many hundred megabytes."""
    size = len(markup)
    if size <= _SMALL:
        return False
    tags = markup.count(b"<") if isinstance(markup, bytes) else markup.count("<")
    many = tags > _TAGS or size > _MEDIUM
    if not many and tags * size <= _TAG_BYTES:
        return False
    data = markup if isinstance(markup, bytes) else markup.encode("utf-8", "replace")
    found = Counter(_TELLING.findall(data))
    roots = [tag for tag in found if _ROOT.match(tag)]
    if many and sum(len(tag) * found[tag] for tag in roots) > _ROOTS:
        return True
    return tags * _made_anew(found.keys() - roots) > _ELEMENTS


def _made_anew(kinds: AbstractSet[bytes]) -> float:
    """How many elements one tag can call back to life at most, their attributes reckoned in.

    :param kinds: the formatting tags, each once.
    """
    attributes = sum(len(_SEPARATOR.findall(kind)) for kind in kinds)
    return min(_ALIKE * len(kinds), _DEPTH) + _ALIKE * attributes / _ATTRIBUTES_AN_ELEMENT
