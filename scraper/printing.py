"""What may go to a terminal, and into a file: text without what could steer the one or break the other."""

from __future__ import annotations

import re
from typing import overload

__all__ = ["escaped", "on_its_line", "printable", "shortened", "utf8"]

_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"
)


def printable(text: str) -> str:
    r"""``text`` with everything replaced that could steer a terminal or turn its text around.

    Control characters (C0, DEL, C1), line and paragraph separators, bidirectional controls (Unicode, UAX 9), marks
    of no width (but the joiners, which scripts and emoji need) and what UTF-8 cannot hold: lone surrogates, as in names
    of files that are no UTF-8. A tab or a newline becomes a space.

    >>> printable("a\x1b[31mb")
    'a�[31mb'
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNPRINTABLE.sub(lambda found: " " if found[0] in "\t\n\r\v\f" else "\ufffd", text)


def shortened(text: str, length: int) -> str:
    """``text`` within ``length`` characters; what is cut off is an ellipsis.

    >>> shortened("no answer", 5)
    'no a…'
    """
    return text if len(text) <= length else f"{text[: length - 1]}…"


@overload
def utf8(text: str) -> str: ...
@overload
def utf8(text: None) -> None: ...
def utf8(text: str | None) -> str | None:
    """``text`` as UTF-8 can hold it: a lone surrogate, in a title or a detail, must not end the run that met it."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "replace").decode()


def escaped(json: bytes) -> bytes:
    r"""The same JSON, in whose strings everything that :func:`printable` replaces is written as ``\uXXXX``.

    Newlines, which only stand between the lines, stay.

    >>> escaped('"\x9b31m"\n'.encode())
    b'"\\u009b31m"\n'
    """
    return _UNPRINTABLE.sub(
        lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", json.decode()
    ).encode()


def on_its_line(json: bytes) -> bytes:
    r"""The same JSON, without the characters at which some readers end a line: NEL, U+2028, U+2029.

    JSON lets them stand in strings; ``str.splitlines`` and JavaScript of before 2019 take them for line ends.

    >>> on_its_line('{"title":"a\u2028b"}'.encode())
    b'{"title":"a\\u2028b"}'
    """
    if json.isascii():
        return json
    for found, escape in _LINE_ENDS:
        if found in json:
            json = json.replace(found, escape)
    return json


_LINE_ENDS = tuple((chr(code).encode(), rb"\u%04x" % code) for code in (0x85, 0x2028, 0x2029))
