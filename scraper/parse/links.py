"""From the targets that stand in a page to URLs: which are followed, which are only noted, all within bounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import chain
from typing import NamedTuple

from scraper.join import Joiner
from scraper.model import LINK_KINDS
from scraper.parse.engines import Findings
from scraper.parse.fields import Related, related
from scraper.parse.gather import refresh_target
from scraper.settings import Discovery
from scraper.url import canonical

__all__ = ["MAX_LINKS", "Linked", "Linker"]

MAX_LINKS = 50_000
"""Targets of one page that are looked at, followed and noted together: as many as a sitemap may have. Their URLs have
:data:`scraper.join.MAX_TOTAL` characters together at most."""
_FIELD_LINKS = 100
"""The same for the ``Link`` field."""

_CANONICALS = 10
"""Of so many the first valid one is taken."""

_Groups = list[tuple[str, list[str]]]
"""Kinds with their targets as they stand in the page."""

_NO_FIELD = Related([], [])


class Linked(NamedTuple):
    """What :class:`scraper.model.Page` says of links; each field as there."""

    links: tuple[str, ...]
    kinds: str
    others: tuple[tuple[str, str], ...]
    canonical: str | None


class Linker:
    """Sorts the targets of pages by a :class:`Discovery`.

    Links come kind by kind, in the order of :data:`LINK_KINDS`, each kind in the order of the document; so do the
    others, those marked nofollow last. A URL that is followed is not among the others, whatever else leads to it.

    :param clean: what every URL passes through; see :func:`scraper.url.stripper`.
    """

    def __init__(self, discovery: Discovery, clean: Callable[[str], str] | None = None) -> None:
        self._follow = discovery.follow
        self._nofollow = discovery.nofollow
        self._note = frozenset(LINK_KINDS) - discovery.follow if discovery.all_links else frozenset[str]()
        self._clean = clean

    def __call__(self, url: str, headers: dict[str, str], findings: Findings) -> Linked:
        """The links of the page at ``url``. A base that is no http(s) URL is as good as none."""
        base = (canonical(findings.base, url) if findings.base is not None else None) or url
        field = related(headers["link"]) if "link" in headers else _NO_FIELD
        followed, noted = self._sorted(headers, field, findings)
        join = Joiner(base, self._clean, MAX_LINKS)
        of_field = Joiner(url, self._clean, _FIELD_LINKS) if field.links else join
        links: dict[str, None] = {}
        kinds = ""
        for kind, hrefs in followed:
            before, joined = len(links), (of_field if kind == "header" else join)(hrefs)
            if links:
                links.update(joined)
            else:
                links = joined
            kinds += LINK_KINDS[kind] * (len(links) - before)
        others = [
            (kind, target)
            for kind, hrefs in noted
            for target in (of_field if kind == "header" else join)(hrefs)
            if target not in links
        ]
        kinds = kinds if kinds.strip("a") else ""
        return Linked(tuple(links), kinds, tuple(others), self._own(url, base, field, findings))

    def _sorted(self, headers: dict[str, str], field: Related, findings: Findings) -> tuple[_Groups, _Groups]:
        """The targets that are followed, and those that are only noted."""
        groups, marked = findings.links, findings.nofollow if self._nofollow else {}
        if field.links:
            groups["header"] = field.links
        if "refresh" in headers and (target := refresh_target(headers["refresh"])):
            groups.setdefault("refresh", []).append(target)
        for kind in marked:
            groups[kind] = _without(groups[kind], marked[kind])
        followed = [(kind, groups[kind]) for kind in LINK_KINDS if kind in groups and kind in self._follow]
        noted = [(kind, groups[kind]) for kind in LINK_KINDS if kind in groups and kind in self._note]
        if marked:
            noted.append(("nofollow", [*chain.from_iterable(marked.values())]))
        return followed, noted

    def _own(self, url: str, base: str, field: Related, findings: Findings) -> str | None:
        """The first URL that the page validly calls its own; the field comes before the body."""
        named = [*((href, url) for href in field.canonical), *((href, base) for href in findings.canonical)]
        for href, root in named[:_CANONICALS]:
            target = url if href == url else canonical(href, root) if href.strip() else None
            if target is not None:
                return self._clean(target) if self._clean else target
        return None


def _without(hrefs: list[str], marked: list[str]) -> list[str]:
    """``hrefs`` less ``marked``, which are some of them; one that stands there unmarked too is kept."""
    out = set(marked)
    kept = [href for href in hrefs if href not in out]
    if len(kept) + len(marked) == len(hrefs):
        return kept
    surplus = Counter(hrefs)
    surplus.subtract(marked)
    return [href for href in hrefs if surplus[href] > 0]
