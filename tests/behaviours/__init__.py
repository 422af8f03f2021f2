"""What servers do, and what must come of it: one table, for every backend.

A row is a behaviour of :mod:`tests.server` and the outcome that is right for it, written down and not derived from any
backend. The rows are grouped by file; :mod:`tests.behaviours.stage` runs them in one crawl.
"""

from __future__ import annotations

from tests.behaviours import codings, heads, hosts, lengths, manners, pages, redirects, robots, sitemaps, times
from tests.behaviours.rows import Row, Rows

__all__ = ["FRAMING", "TABLE", "Row"]

_FRAMING: list[Rows] = [
    heads.STATUSES,
    heads.HEADERS,
    heads.NOT_HTTP,
    lengths.LENGTHS,
    lengths.CHUNKS,
    codings.CODINGS,
    times.CUT,
]
_GROUPS: list[Rows] = [
    *_FRAMING,
    codings.BOMBS,
    times.SLOW,
    redirects.REDIRECTS,
    pages.TYPES,
    pages.CHARSETS,
    pages.CONTENTS,
    pages.LINKS,
    hosts.HOSTS,
    hosts.TLS,
    robots.ROBOTS,
    sitemaps.SITEMAPS,
    manners.MANNERS,
]

TABLE: Rows = {name: row for group in _GROUPS for name, row in group.items()}
"""Every row, by its name."""

FRAMING: Rows = {name: row for group in _FRAMING for name, row in group.items()}
"""Those that are about where an answer begins and ends."""

assert len(TABLE) == sum(map(len, _GROUPS)), "two rows have the same name"
