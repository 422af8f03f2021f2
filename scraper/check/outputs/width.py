"""How wide text is in a terminal, and how it is brought to a width."""

from __future__ import annotations

import unicodedata

__all__ = ["cut", "padded", "width"]


def width(text: str) -> int:
    """Columns that printable ``text`` takes: two for wide letters (Unicode, UAX 11), none for marks upon others.

    >>> width("shop"), width("二の店")
    (4, 6)
    """
    return len(text) if text.isascii() else sum(map(_columns, text))


def cut(text: str, columns: int) -> str:
    """``text`` within ``columns``; what is cut off is an ellipsis.

    >>> cut("https://shop.example/", 12)
    'https://sho…'
    """
    if width(text) <= columns:
        return text
    kept, left = [], columns - 1
    for letter in text:
        left -= _columns(letter)
        if left < 0:
            break
        kept.append(letter)
    return "".join(kept) + "…" * (columns > 0)


def padded(text: str, columns: int) -> str:
    """``text`` with blanks behind it up to ``columns``."""
    return text + " " * (columns - width(text))


def _columns(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
