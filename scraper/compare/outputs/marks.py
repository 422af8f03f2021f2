"""What tells the backends apart in a chart: a colour, and a mark of another shape for whoever sees no colours."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from scraper.compare.outputs.picks import ORDER
from scraper.compare.outputs.svg import group, label, svg, tag

__all__ = ["key", "mark", "names", "spread_out", "style"]

_SHAPES = {
    "sequential": "M-4-4 4 4M-4 4 4-4",
    "threads": "M0-5.6 5.2 3.9H-5.2z",
    "processes": "M-4.4-4.4H4.4V4.4H-4.4z",
    "asyncio": "M-4.9 0a4.9 4.9 0 1 0 9.8 0a4.9 4.9 0 1 0-9.8 0z",
    "hybrid": "M0-6.2 6.2 0 0 6.2-6.2 0z",
}
_OTHER = "M0 5.6 5.2-3.9H-5.2z"


def style(backend: str) -> str:
    """The class of what belongs to ``backend``."""
    return f"b-{backend}" if backend in ORDER else "b-other"


def mark(backend: str, x: float, y: float, title: str = "", hollow: bool = False) -> Markup:
    """The backend's mark at a place."""
    shape = tag("path", d=_SHAPES.get(backend, _OTHER), transform=f"translate({x:.1f} {y:.1f})")
    return group(shape, title=title, cls=f"mark {style(backend)}{' hollow' if hollow else ''}")


def key(backend: str) -> Markup:
    """The mark alone, to stand in a text."""
    return svg(16, 16, "", mark(backend, 8, 8), cls="key")


def spread_out(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places as near to the ``wanted`` ones as can be, ``gap`` apart, from ``low`` to ``high`` if there is room.

    >>> spread_out([10, 12, 50], 14, 0, 100)
    [4.0, 18.0, 50.0]
    """
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    blocks: list[tuple[float, list[int]]] = []  # the sum of the wanted places of their first members, and the members
    for index in order:
        total, members = wanted[index], [index]
        while blocks and blocks[-1][0] / len(blocks[-1][1]) + gap * len(blocks[-1][1]) > total / len(members):
            before, earlier = blocks.pop()
            total, members = before + total - gap * len(earlier) * len(members), earlier + members
        blocks.append((total, members))
    places = [0.0] * len(wanted)
    for total, members in blocks:
        first = max(low, min(total / len(members), high - gap * (len(members) - 1)))
        for number, index in enumerate(members):
            places[index] = first + gap * number
    return places


def names(places: Sequence[tuple[float, str, str]], x: float, low: float, high: float) -> Markup:
    """Names at the ends of lines, as (y, text, class), so that none covers another."""
    moved = spread_out([y for y, _, _ in places], 16, low, high)
    return group(*(label(x, y + 4, text, cls) for y, (_, text, cls) in zip(moved, places, strict=True)))
