"""What a page says to robots about itself: ``<meta name=robots>`` and the ``X-Robots-Tag`` header.

There is no standard but the practice of search engines: names of directives, separated by commas, in any case; a meta
named after one robot is for that robot only, and so is what follows ``robot:`` in the header, up to the next such name.
(The values of a header that is sent twice arrive joined by commas, so the end of its line is not to be seen.) What is
said to all and what is said to us holds together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

__all__ = ["directives"]

_MOST = 20
"""Directives that are kept of one page; there are some ten in use."""

_DIRECTIVE = re.compile(r"([a-z][a-z0-9_-]{0,39}) ?(?:: ?([\x21-\x7e][\x20-\x7e]{0,59}))?")
_ADDRESSED = re.compile(r"\s*([A-Za-z0-9_-]{1,60})\s*:")
_VALUED = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
"""Directives that have a value behind a colon; before any other colon stands the name of a robot."""


def directives(metas: Iterable[tuple[str, str]], field: str | None, agent: str) -> tuple[str, ...]:
    """What holds for us, sorted, each once; ``none`` is said as ``nofollow`` and ``noindex``.

    :param metas: names, in lower case, and contents of the page's metas.
    :param field: the ``X-Robots-Tag``.
    :param agent: our name; see :func:`scraper.parse.robots.product_token`.
    """
    said = [content for name, content in metas if name == "robots" or (name == agent and agent)]
    if not said and not field:
        return ()
    found: dict[str, None] = {}
    for part in (*_parts(said), *_ours(field or "", agent)):
        for directive in ("nofollow", "noindex") if part == "none" else (part,):
            found[directive] = None
        if len(found) >= _MOST:
            break
    return tuple(sorted(found))


def _parts(contents: Iterable[str]) -> Iterator[str]:
    for content in contents:
        for part in content.split(","):
            yield from _directive(part)


def _ours(field: str, agent: str) -> Iterator[str]:
    """The directives of an ``X-Robots-Tag`` that are said to all, or to us."""
    for_us = True
    for part in field.split(","):
        addressed = _ADDRESSED.match(part)
        if addressed and addressed[1].lower() not in _VALUED:
            for_us = addressed[1].lower() == agent
            part = part[addressed.end() :]
        if for_us:
            yield from _directive(part)


def _directive(text: str) -> Iterator[str]:
    """``text`` in lower case and without needless spaces, if it is a directive at all."""
    found = _DIRECTIVE.fullmatch(" ".join(text[:200].lower().split()))
    if found:
        yield f"{found[1]}:{found[2]}" if found[2] else found[1]
