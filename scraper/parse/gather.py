"""What is looked for in a page, said once for all engines: the elements, and the attributes of them, that lead on.

An engine tells how its elements are found; see :data:`Find`. The hot path, the ``<a>``, engines read themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from scraper.parse.engines import Findings

__all__ = [
    "ATTRIBUTES",
    "TAGS",
    "Attribute",
    "Find",
    "anchors",
    "candidates",
    "gather",
    "refresh_target",
    "says",
    "tags_for",
]

Attribute: TypeAlias = Callable[[str], str | None]
"""From the name of an attribute of one element to its value: empty where it has none, None where it is absent."""

Find: TypeAlias = Callable[[str], Iterable[Attribute]]
"""From the name of a tag to its elements, in the order of the document."""

TAGS = frozenset({"a", "area", "base", "form", "frame", "iframe", "img", "link", "meta", "script", "source"})
"""The tags that are asked for."""

_TAGS_OF = {
    "area": ("area",),
    "frame": ("frame", "iframe"),
    "form": ("form",),
    "img": ("img", "source"),
    "script": ("script",),
}
"""The tags of kinds of links, but for those that are asked for in any case."""

ATTRIBUTES = frozenset({"action", "content", "href", "http-equiv", "method", "name", "rel", "src", "srcset"})
"""The attributes that are asked for."""

_UNRELATED = frozenset({"canonical", "preconnect", "dns-prefetch"})
"""Relations of ``<link>`` that name no further page: the page itself, and mere hosts."""

_CANDIDATE = re.compile(r"[\t\n\f\r ,]*+([^\t\n\f\r ]++)")
_DESCRIPTORS = re.compile(r"(?:[^,(]++|\([^)]*+\)?+)*+")
_REFRESH = re.compile(
    r"[\t\n\f\r ]*+[0-9.]++(?:[\t\n\f\r ]*+[;,]|[\t\n\f\r ]++)[\t\n\f\r ]*+(?:url[\t\n\f\r ]*+=[\t\n\f\r ]*+)?+"
    r"(?:\"([^\"]*+)|'([^']*+)|(.++))",
    re.IGNORECASE | re.DOTALL,
)


def gather(
    title: str | None, find: Find, links: list[str], nofollow: list[str], tree: Any, images: list[str] | None = None
) -> Findings:
    """The findings of a page.

    :param links: the targets of its ``<a>``; ``nofollow`` those of them that are marked so.
    :param images: the ``src`` of its ``<img>``, where none has a ``srcset``: there are often many.
    """
    found, marked, canonical = {"a": links}, {"a": nofollow} if nofollow else {}, []
    for attribute in find("area"):
        _put(found, "area", attribute("href"))
        if says(attribute("rel"), "nofollow"):
            _put(marked, "area", attribute("href"))
    for tag in ("frame", "iframe"):
        for attribute in find(tag):
            _put_full(found, "frame", attribute("src"))
    metas = _metas(find, found)
    for attribute in find("form"):
        if (attribute("method") or "get").lower() not in ("post", "dialog"):
            _put_full(found, "form", attribute("action"))
            if says(attribute("rel"), "nofollow"):
                _put_full(marked, "form", attribute("action"))
    for attribute in find("link"):
        relations = (attribute("rel") or "").lower().split()
        if "canonical" in relations:
            canonical.append(attribute("href") or "")
        elif _UNRELATED.isdisjoint(relations):
            _put_full(found, "link", attribute("href"))
    _pictures(find, found, images)
    for attribute in find("script"):
        _put_full(found, "script", attribute("src"))
    bases = (href for attribute in find("base") if (href := attribute("href")) is not None)
    return Findings(title, next(bases, None), found, marked, canonical, metas, tree)


def _metas(find: Find, found: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Name and content of each ``<meta>`` that has both; a refresh is put into ``found``."""
    metas = []
    for attribute in find("meta"):
        content = attribute("content")
        if content is None:
            continue
        if (name := attribute("name")) is not None:
            metas.append((name.strip().lower(), content))
        elif (attribute("http-equiv") or "").lower() == "refresh":
            _put(found, "refresh", refresh_target(content))
    return metas


def _pictures(find: Find, found: dict[str, list[str]], images: list[str] | None) -> None:
    """Put the targets of ``<img>`` and ``<source>`` into ``found``; of the former from ``images``, where given."""
    if images:
        found["img"] = [src for src in images if src and not src.isspace()]
    for tag in ("img", "source") if images is None else ("source",):
        for attribute in find(tag):
            _put_full(found, "img", attribute("src"))
            if srcset := attribute("srcset"):
                found.setdefault("img", []).extend(candidates(srcset))


def tags_for(kinds: Iterable[str]) -> frozenset[str]:
    """The tags that must be asked for to find links of ``kinds``, of the canonical URL and all else but links."""
    return frozenset({"a", "base", "link", "meta"}).union(*(_TAGS_OF.get(kind, ()) for kind in kinds))


def anchors(find: Find) -> tuple[list[str], list[str]]:
    """The targets of all ``<a>``, and those of them that are marked as not to be followed."""
    links, nofollow = [], []
    for attribute in find("a"):
        if (href := attribute("href")) is not None:
            links.append(href)
            if says(attribute("rel"), "nofollow"):
                nofollow.append(href)
    return links, nofollow


def says(words: str | None, word: str) -> bool:
    """Whether ``word`` is one of the space-separated ``words``, in any case."""
    return words is not None and word in words.lower().split()


def candidates(srcset: str) -> list[str]:
    """The URLs of a ``srcset`` (HTML standard, 4.8.4.2.1), whatever their descriptors say.

    >>> candidates("/a.png, /b.png 2x")
    ['/a.png', '/b.png']
    """
    found, at = [], 0
    while url := _CANDIDATE.match(srcset, at):
        at = url.end()
        if url[1].endswith(","):
            found.append(url[1].rstrip(","))
        else:
            found.append(url[1])
            at = _DESCRIPTORS.match(srcset, at).end()  # type: ignore[union-attr]  # it matches the empty string
    return found


def refresh_target(text: str) -> str | None:
    """The URL in a ``Refresh`` header or ``<meta>`` (HTML standard, 4.2.5.3); None for the page itself.

    >>> refresh_target("5; url='/next'")
    '/next'
    """
    found = _REFRESH.match(text)
    return (found[1] or found[2] or (found[3] or "").strip() or None) if found else None


def _put(found: dict[str, list[str]], kind: str, href: str | None) -> None:
    if href is not None:
        found.setdefault(kind, []).append(href)


def _put_full(found: dict[str, list[str]], kind: str, href: str | None) -> None:
    """An empty target leads to the page itself where a link has it; elsewhere it is a slip."""
    if href and not href.isspace():
        found.setdefault(kind, []).append(href)
