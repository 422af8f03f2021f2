"""How much of a body there is room for: it depends on what was asked for."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from scraper.model import Kind, Probe, Request
from scraper.settings import Limits

__all__ = ["Room", "limits_of", "room_for"]


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


def limits_of(probe: Probe, limits: Limits) -> Limits:
    """Those of ``limits`` that hold for ``probe``: where it has a time of its own, that is for each step too."""
    if probe.timeout is None:
        return limits
    return msgspec.structs.replace(limits, connect=probe.timeout, read=probe.timeout, total=probe.timeout)


def room_for(request: Request, limits: Limits) -> Room:
    """What the body of an answer to ``request`` may take: of a page what the user says.

    A probe looks at no more than would be parsed: that a body is long is no trouble of its server.
    """
    if request.kind is not Kind.PAGE:
        return _FILES[request.kind]
    return Room(limits.size) if request.probe is None else Room(limits.parsed, cut=True)
