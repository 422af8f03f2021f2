"""What may go to a terminal: text without what could steer it."""

from __future__ import annotations

import re

__all__ = ["escaped", "printable"]

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def printable(text: str) -> str:
    r"""``text`` with everything replaced that could steer a terminal or turn its text around.

    Control characters (C0, DEL, C1), line and paragraph separators, bidirectional controls (Unicode, UAX 9) and marks
    of no width; a tab or a newline becomes a space.

    >>> printable("a\x1b[31mb")
    'a�[31mb'
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNPRINTABLE.sub(lambda found: " " if found[0] in "\t\n\r\v\f" else "\ufffd", text)


def escaped(json: bytes) -> bytes:
    r"""The same JSON, in whose strings everything that :func:`printable` replaces is written as ``\uXXXX``.

    Newlines, which only stand between the lines, stay.

    >>> escaped('"\x9b31m"\n'.encode())
    b'"\\u009b31m"\n'
    """
    return _UNPRINTABLE.sub(
        lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", json.decode()
    ).encode()
