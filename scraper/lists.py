"""Lists as people write them: a URL a line, read line by line, so that no more than that stays in memory.

Blank lines and ``#`` comments are passed over; Windows line ends, a byte order mark and surrounding spaces do not
matter. What a line holds is for the caller: :mod:`scraper.seeds` for crawls, :mod:`scraper.check.asking.targets` for
checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from scraper.errors import ConfigError

__all__ = ["BadText", "Text", "lines_of"]

_LONGEST = 64 * 1024


class BadText(Exception):
    """A text that is no seed; the message says why, without saying where."""


class Text(NamedTuple):
    """An argument, or a line of a list, that should begin with a URL.

    :ivar name: the list's, ``standard input``, or nothing for an argument; ``line`` is the line's number there, from 1.
    :ivar text: without surrounding spaces; a comment may stand behind a line's. Why it cannot be read, where it cannot.
    """

    name: str
    line: int
    text: str | BadText

    @property
    def place(self) -> str:
        """``urls.txt:12``; nothing for an argument."""
        return f"{self.name}:{self.line}" if self.name else ""


def lines_of(name: str, file: BinaryIO) -> Iterator[Text]:
    """The lines of the list ``name`` that hold something; a line that is no text is a bad one.

    :raises ConfigError: for a file that is no list at all, and for an empty one.
    """
    number, empty = 0, True
    while line := file.readline(_LONGEST):
        number += 1
        text = _decoded(line, number, name)
        if isinstance(text, str):
            text = text.strip()
        if isinstance(text, BadText) or (text and not text.startswith("#")):
            empty = False
            yield Text(name, number, text)
    if empty:
        raise ConfigError(f"{name} holds no URL")


def _decoded(line: bytes, number: int, name: str) -> str | BadText:
    if number == 1 and line.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ConfigError(f"{name} is UTF-16; save the list as UTF-8")
    if b"\0" in line or (len(line) == _LONGEST and not line.endswith(b"\n")):
        raise ConfigError(f"{name}:{number}: this is no list of URLs, but looks like a binary file")
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        byte = line[error.start]
        return BadText(f"not UTF-8 (byte 0x{byte:02x}); save the list as UTF-8")
