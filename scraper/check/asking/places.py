"""On which line of a TOML file a table or a key stands.

``tomllib`` does not tell. This reads headers and keys as people write them, one a line; of what is written in another
way (inline tables, dotted keys) nothing is known, and the message does without a line.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TypeAlias

__all__ = ["Lines", "Where"]

_PART = r"(?:[\w-]+|\"[^\"\n]*\"|'[^'\n]*')"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_PART}(?:\s*\.\s*{_PART})*)\s*\]\]?\s*(?:#.*)?\Z")
_KEY = re.compile(rf"\s*({_PART})\s*=")
_PARTS = re.compile(_PART)

Where: TypeAlias = tuple[str | int, ...]
"""Keys and numbers, from 1, that lead to a place in a document."""


class Lines:
    """Where tables and keys stand in ``text``. A path names them: ``("group", "eu", "check", 3, "expect")``."""

    def __init__(self, text: str) -> None:
        self._found: dict[Where, int] = {}
        self._counts: Counter[Where] = Counter()
        table: Where = ()
        inside: str | None = None
        for number, line in enumerate(text.split("\n"), 1):
            if inside is None:
                table = self._look(line, number, table)
            inside = _still(line, inside)

    def find(self, path: Where) -> int | None:
        """The line of ``path``, else of the nearest table around it; from 1."""
        while path:
            if path in self._found:
                return self._found[path]
            path = path[:-1]
        return None

    def count(self, path: Where) -> int:
        """How many tables stand under the header ``[[path]]``."""
        return self._counts[path]

    def _look(self, line: str, number: int, table: Where) -> Where:
        """Note what stands on a line; the table that it is in, or begins."""
        if header := _HEADER.match(line):
            table = tuple(part.strip("\"'") for part in _PARTS.findall(header[2]))
            if header[1] == "[[":
                self._counts[table] += 1
                table = (*table, self._counts[table])
            self._found.setdefault(table, number)
        elif key := _KEY.match(line):
            self._found.setdefault((*table, key[1].strip("\"'")), number)
        return table


def _still(line: str, inside: str | None) -> str | None:
    """The quotes of the text of several lines that is open behind ``line``; None where there is none."""
    for quotes in re.findall(r'"""|\'\'\'', line):
        if inside is None:
            inside = quotes
        elif inside == quotes:
            inside = None
    return inside
