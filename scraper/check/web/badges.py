"""Badges: flat SVG of two halves, for READMEs and dashboards elsewhere.

The text widths are those of Verdana at 11 pixels, which the flat badges of shields.io are drawn in; ``textLength``
makes the reader's own font as wide, whichever that is.
"""

from __future__ import annotations

import unicodedata
from html import escape

from scraper.check.views import View
from scraper.check.web.words import Standing, milliseconds, percent, standing
from scraper.printing import printable, shortened

__all__ = ["KINDS", "badge", "of_target", "width"]

_GREEN, _LIME, _YELLOW, _ORANGE, _RED = "#2f7d32", "#4f7a16", "#8f6a00", "#b4500c", "#c62828"
_GREY, _BLUE, _VIOLET = "#5f6368", "#1f63b5", "#7b3fa0"
"""White text on each of them has a contrast of at least 4.5 (WCAG 2.2, 1.4.3)."""

_COLORS = {
    Standing.UP: _GREEN,
    Standing.SLOW: _YELLOW,
    Standing.CERT: _YELLOW,
    Standing.FAILING: _ORANGE,
    Standing.BLOCKED: _VIOLET,
    Standing.DOWN: _RED,
    Standing.MAINTENANCE: _BLUE,
    Standing.UNKNOWN: _GREY,
}
_UPTIMES = {"uptime-24h": 0, "uptime-7d": 1, "uptime-30d": 2, "uptime-90d": 3}
KINDS = frozenset({*_UPTIMES, "response"})
"""What a badge can show besides the state."""

_LONGEST = 60
_WIDTHS = {
    2.95: "'|",
    3.02: "il",
    3.87: " fj",
    4.0: ".,",
    4.33: "t!",
    4.65: "rI",
    5.0: ':;()[]/\\-J"',
    5.75: "szc_`",
    6.2: "LF?",
    6.51: "kxvy",
    6.6: "aeP",
    6.7: "oTY",
    6.85: "bdgpq",
    6.97: "hnuE0123456789$*",
    7.53: "ABSVXZKCR",
    8.05: "U&",
    8.25: "HN",
    8.55: "DGOQ",
    9.0: "w+<=>~#^M",
    10.8: "mW@",
    11.84: "%",
}
_WIDTH = {character: wide for wide, characters in _WIDTHS.items() for character in characters}


def width(text: str) -> float:
    """The pixels that ``text`` takes; wide characters of East Asia and emoji count double, marks nothing."""
    return sum(map(_wide, text))


def _wide(character: str) -> float:
    if known := _WIDTH.get(character):
        return known
    if unicodedata.combining(character):
        return 0.0
    return 12.0 if unicodedata.east_asian_width(character) in "WF" else 7.5


def badge(left: str, right: str, color: str) -> str:
    """A badge that says ``right`` of ``left``; texts may hold anything.

    >>> badge("a<b", "up", "#2f7d32").count("a&lt;b")
    4
    """
    left, right = shortened(printable(left), _LONGEST), shortened(printable(right), _LONGEST)
    one, two = round(width(left)) + 12, round(width(right)) + 12
    said = escape(f"{left}: {right}")
    halves = _text(left, one / 2, one - 12) + _text(right, one + two / 2, two - 12)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{one + two}" height="20" role="img" aria-label="{said}">'
        f"<title>{said}</title>"
        '<linearGradient id="s" x2="0" y2="100%"><stop offset="0" stop-color="#bbb" stop-opacity=".1"/>'
        '<stop offset="1" stop-opacity=".1"/></linearGradient>'
        f'<clipPath id="r"><rect width="{one + two}" height="20" rx="3" fill="#fff"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{one}" height="20" fill="#444"/>'
        f'<rect x="{one}" width="{two}" height="20" fill="{color}"/>'
        f'<rect width="{one + two}" height="20" fill="url(#s)"/></g>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11">'
        f"{halves}</g></svg>"
    )


def _text(text: str, middle: float, long: int) -> str:
    """The text with its shadow, which keeps it readable on any colour."""
    text = escape(text)
    return (
        f'<text aria-hidden="true" x="{middle:g}" y="15" fill="#010101" fill-opacity=".3" textLength="{long}">{text}'
        f'</text><text x="{middle:g}" y="14" textLength="{long}">{text}</text>'
    )


def of_target(view: View, kind: str | None) -> str:
    """The badge of a target.

    :param kind: one of :data:`KINDS`; None for its state.
    """
    if kind is None:
        state = standing(view)
        return badge(view.target.title, state.value, _COLORS[state])
    if kind == "response":
        us = view.result.server_us if view.result and view.result.status is not None else 0
        return badge("response", milliseconds(us) if us else "none", _speed(us))
    share = view.uptime[_UPTIMES[kind]]
    return badge(kind.replace("-", " "), percent(share) if share is not None else "unknown", _grade(share))


def _speed(us: int) -> str:
    steps = ((1, _GREY), (300_000, _GREEN), (800_000, _LIME), (2_000_000, _YELLOW), (5_000_000, _ORANGE))
    return next((color for below, color in steps if us < below), _RED)


def _grade(share: float | None) -> str:
    if share is None:
        return _GREY
    steps = ((0.999, _GREEN), (0.99, _LIME), (0.97, _YELLOW), (0.9, _ORANGE))
    return next((color for least, color in steps if share >= least), _RED)
