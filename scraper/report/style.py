"""Colour, where it is wanted and understood."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TextIO

__all__ = ["paint", "wants_color"]

_CODES = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "dim": "2"}


def wants_color(mode: str, stream: TextIO, environ: Mapping[str, str] | None = None) -> bool:
    """Whether to colour what goes to ``stream``.

    :param mode: ``always``, ``never``, or ``auto``: on a terminal that is not dumb, unless ``NO_COLOR`` is set to
        anything (no-color.org).
    """
    if mode != "auto":
        return mode == "always"
    environ = os.environ if environ is None else environ
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def paint(text: str, style: str, on: bool = True) -> str:
    """``text`` in ``style`` (bold, red, green, yellow, dim) for a terminal, or as it is when not ``on``."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if on else text
