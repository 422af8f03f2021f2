"""From the targets that stand in a page to URLs: the hot path, 80 links a page.

Most hrefs are paths as the URL standard writes them; those are put behind the base's origin, its folder or the folder
above. The others take the long way, by the standard's own parser, which costs twice as much. (To remember what hrefs
led to on other pages of a site was tried, and cost more than it spared.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import can_ada

from scraper.url import HTTP, MAX_LENGTH, canonical, names_no_host, origin, resolve, shortened

__all__ = ["MAX_TOTAL", "Joiner", "join_all"]

MAX_TOTAL = 16_000_000
"""Characters of one page's links together; those beyond are dropped. A base of 7,000 characters makes 900 MB of links
out of a 2 MB page; an honest page of that size has links of some 10 million characters at most."""

_ELSEWHERE = ("mailto:", "javascript:", "tel:", "data:")
"""How most hrefs begin that lead to no page."""

_PLAIN = re.compile(r"/?+(?=[A-Za-z0-9])[A-Za-z0-9_~/-]*+(?:\.[A-Za-z0-9]++)?+(?:\?[A-Za-z0-9_.~=&+/-]++)?+").fullmatch
"""Most hrefs: paths, at times with a query, that the standard takes as they are: no scheme nor host is in them, no dot
segment, and nothing to encode."""
_NOTHING = re.compile(r"(?!)").fullmatch


def join_all(base: str, hrefs: Iterable[str], clean: Callable[[str], str] | None = None) -> tuple[str, ...]:
    """The canonical http(s) targets of ``hrefs``, each once, in order; see :class:`Joiner`."""
    return tuple(Joiner(canonical(base) or base, clean)(hrefs))


class Joiner:
    """Joins hrefs to one canonical base, within bounds for all of them together.

    :param clean: what each URL passes through at the end, as :func:`scraper.url.stripper` makes it.
    :param most: different hrefs that are looked at.
    """

    __slots__ = ("_base", "_clean", "_folder", "_left", "_origin", "_parent", "_room", "_root")

    def __init__(self, base: str, clean: Callable[[str], str] | None = None, most: int = 1 << 62) -> None:
        self._base, self._clean, self._left, self._room = base, clean, most, MAX_TOTAL
        self._root: can_ada.URL | None = None
        self._origin = self._folder = self._parent = ""
        try:
            self._root = can_ada.parse(base)
        except (ValueError, TypeError):  # a base that only resolve() knows: all take the long way
            return
        path = base.partition("?")[0]
        self._origin = origin(base)
        self._folder = path[: path.rindex("/") + 1]
        above = self._folder[: self._folder.rindex("/", 0, -1) + 1]
        self._parent = above if len(above) > len(self._origin) else self._folder

    def __call__(self, hrefs: Iterable[str]) -> dict[str, None]:
        """The canonical http(s) targets of ``hrefs``, each once, in order."""
        found: dict[str, None] = {}
        start, folder, parent, clean = self._origin, self._folder, self._parent, self._clean
        plain, here, behind = _PLAIN if folder else _NOTHING, f"{start}/", len(start)
        unique = list(dict.fromkeys(hrefs))[: self._left]
        self._left -= len(unique)
        for href in unique:
            if self._room < 0:
                break
            bare = href.partition("#")[0] if "#" in href else href
            if plain(bare):
                url = (start if bare[0] == "/" else folder) + bare
            elif bare[:3] == "../" and bare[3:4] != "/" and plain(bare, 3):
                url = parent + bare[3:]
            elif bare.startswith(here) and plain(bare, behind):
                url = bare
            elif bare == "/" and start:
                url = here
            elif href.startswith(_ELSEWHERE):
                continue
            else:
                url = self._long_way(href)
            if clean is not None and ("?" in url or ";" in url or "(" in url):
                url = clean(url)
            if url and len(url) <= MAX_LENGTH:
                found[url] = None
                self._room -= len(url)
        return found

    def _long_way(self, href: str) -> str:
        if self._root is None or names_no_host(href):
            return canonical(href, self._base) or ""
        try:
            url = str((self._root + href).href)
        except (ValueError, TypeError):
            url = resolve(href, self._base) or ""
        return shortened(url) if url.startswith(HTTP) else ""
