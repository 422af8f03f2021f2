"""The header fields that say something about a page: ``Link`` (RFC 8288). All in one pass, for values of any kind."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Related", "related"]

_LINK = re.compile(r"[\t ,]*+<([^>]*+)>")
_PARAMETER = re.compile(
    r"[\t ]*+;[\t ]*+([^\t ;,=\"<]*+)(?:[\t ]*+=[\t ]*+(?:\"((?:[^\"\\]|\\.)*+)\"?+|([^\t ;,]*+)))?+"
)
_HOSTS = frozenset({"preconnect", "dns-prefetch"})


class Related(NamedTuple):
    """The targets in a ``Link`` field, relative to the URL of the page itself, not to its ``<base>``.

    :ivar links: all but canonical ones and mere hosts.
    :ivar canonical: those that the page calls its own URL (RFC 6596).
    """

    links: list[str]
    canonical: list[str]


def related(field: str) -> Related:
    """What a ``Link`` field names; not what links other resources than the page, by ``anchor`` (RFC 8288, 3.2).

    >>> related('</2>; rel=next, </a>; rel="canonical"')
    Related(links=['/2'], canonical=['/a'])
    """
    found = Related([], [])
    at = 0
    while link := _LINK.match(field, at):
        at = link.end()
        relations: set[str] | None = None
        about_the_page = True
        while parameter := _PARAMETER.match(field, at):
            at = parameter.end()
            name = parameter[1].lower()
            if name == "rel" and relations is None:  # of several the first counts (RFC 8288, 3.3)
                relations = set((parameter[2] or parameter[3] or "").lower().split())
            about_the_page = about_the_page and name != "anchor"
        if about_the_page and relations:
            _put(found, link[1], relations)
        comma = field.find(",", at)
        at = comma if comma >= 0 else len(field)
    return found


def _put(found: Related, target: str, relations: set[str]) -> None:
    if "canonical" in relations:
        found.canonical.append(target)
    elif relations.isdisjoint(_HOSTS):
        found.links.append(target)
