"""From the targets that stand in a page to URLs: the hot path, 80 links a page.

Most hrefs are paths as the URL standard writes them; those are put behind the base's origin, its folder or the folder
above. The others take the long way, by the standard's own parser, which costs twice as much. And most hrefs of a page
stood on others of its site before: what does not depend on the page, an origin's :data:`Memory` knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import can_ada

from scraper.url import MAX_LENGTH, canonical, names_no_host, resolve, shortened

__all__ = ["MAX_TOTAL", "Joiner", "Memory", "join_all"]

MAX_TOTAL = 16_000_000
"""Characters of one page's links together; those beyond are dropped. A base of 7,000 characters makes 900 MB of links
out of a 2 MB page; an honest page of that size has links of some 10 million characters at most."""

_HTTP = ("http://", "https://")

_PLAIN = re.compile(r"/?+(?=[A-Za-z0-9])[A-Za-z0-9_~/-]*+(?:\.[A-Za-z0-9]++)?+(?:\?[A-Za-z0-9_.~=&+/-]++)?+").fullmatch
"""Most hrefs: paths, at times with a query, that the standard takes as they are: no scheme nor host is in them, no dot
segment, and nothing to encode."""
_NOTHING = re.compile(r"(?!)").fullmatch


def join_all(base: str, hrefs: Iterable[str], clean: Callable[[str], str] | None = None) -> tuple[str, ...]:
    """The canonical http(s) targets of ``hrefs``, each once, in order; see :class:`Joiner`."""
    return tuple(Joiner(base, clean)(hrefs))


class Memory:
    """What hrefs lead to, origin by origin, of those that mean the same on all its pages; bounded, for any thread.

    :param most: hrefs that are kept; at 250 bytes each, 30,000 are 7 MB. When there are more, all begins anew.
    """

    def __init__(self, most: int = 30_000) -> None:
        self._most = most
        self._count = 0
        self._origins: dict[str, dict[str, str]] = {}

    def of(self, origin: str) -> dict[str, str]:
        """What is known of ``origin``."""
        return self._origins.get(origin) or self._origins.setdefault(origin, {})

    def grew(self, hrefs: int) -> None:
        """So many were put into what :meth:`of` gave."""
        self._count += hrefs + 1  # an origin takes room too
        if self._count > self._most:
            self._count = 0
            self._origins = {}


class Joiner:
    """Joins hrefs to one base, within bounds for all of them together.

    :param clean: what each URL passes through at the end, as :func:`scraper.url.stripper` makes it.
    :param most: different hrefs that are looked at.
    :param memory: what pages share whose URLs pass through the same ``clean``.
    """

    __slots__ = ("_base", "_clean", "_folder", "_known", "_left", "_memory", "_origin", "_parent", "_room", "_root")

    def __init__(
        self,
        base: str,
        clean: Callable[[str], str] | None = None,
        most: int = 1 << 62,
        memory: Memory | None = None,
    ) -> None:
        self._base, self._clean, self._left, self._room = base, clean, most, MAX_TOTAL
        self._memory = memory or Memory()
        self._known: dict[str, str] = {}
        self._root: can_ada.URL | None = None
        self._origin = self._folder = self._parent = ""
        try:
            self._root = can_ada.parse(base)
        except (ValueError, TypeError):  # a base that only resolve() knows: all take the long way
            return
        folder = resolve(".", base) or ""
        if folder.startswith(_HTTP) and "@" not in folder and "%" not in folder:
            self._origin, self._folder = str(self._root.origin), folder
            self._parent = folder[: folder.rindex("/", 0, -1) + 1] if folder.count("/") > 3 else folder
            self._known = self._memory.of(self._origin)

    def __call__(self, hrefs: Iterable[str]) -> dict[str, None]:
        """The canonical http(s) targets of ``hrefs``, each once, in order."""
        found: dict[str, None] = {}
        known, join, new = self._known, self._join, 0
        unique = list(dict.fromkeys(hrefs))[: self._left]
        self._left -= len(unique)
        for href in unique:
            if self._room < 0:
                break
            url = known.get(href)
            if url is None:
                url = join(href)
                if (href[:1] == "/" or href.startswith(_HTTP)) and len(href) < _SHORT:
                    known[href] = url
                    new += 1
            if url:
                found[url] = None
                self._room -= len(url)
        if new:
            self._memory.grew(new)
        return found

    def _join(self, href: str) -> str:
        """The canonical form of a target; empty if it is none."""
        plain = _PLAIN if self._folder else _NOTHING
        bare = href.partition("#")[0] if "#" in href else href
        if plain(bare):
            url = (self._origin if bare[0] == "/" else self._folder) + bare
        elif bare[:3] == "../" and bare[3:4] != "/" and plain(bare, 3):
            url = self._parent + bare[3:]
        else:
            url = self._long_way(href)
        if self._clean is not None and ("?" in url or ";" in url or "(" in url):
            url = self._clean(url)
        return url if len(url) <= MAX_LENGTH else ""

    def _long_way(self, href: str) -> str:
        if self._root is None or names_no_host(href):
            return canonical(href, self._base) or ""
        try:
            url = str((self._root + href).href)
        except (ValueError, TypeError):
            url = resolve(href, self._base) or ""
        return shortened(url) if url.startswith(_HTTP) else ""


_SHORT = 300
"""Characters of hrefs that are worth remembering: from the root of the origin, or whole URLs."""
