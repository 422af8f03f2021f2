"""How much of a body there is room for: it depends on what was asked for."""

from __future__ import annotations

from typing import NamedTuple

from scraper.model import Kind
from scraper.settings import Limits

__all__ = ["Room", "room_for"]


class Room(NamedTuple):
    """Bytes of a body, as received and decompressed, each.

    :ivar cut: whether a longer body is read so far and then left alone, instead of failing.
    """

    size: int
    cut: bool = False


_FILES = {
    Kind.ROBOTS: Room(512 * 1024, cut=True),  # RFC 9309, 2.5: at least 500 KiB must be parsed
    Kind.SITEMAP: Room(52_428_800 + 1, cut=True),  # sitemaps.org; one byte more shows that there was more
}


def room_for(kind: Kind, limits: Limits) -> Room:
    """What the body of an answer to a request of ``kind`` may take: of a page what the user says."""
    return Room(limits.size) if kind is Kind.PAGE else _FILES[kind]
