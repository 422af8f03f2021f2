"""What a probe asks of a body: texts, patterns, and values at places of a JSON document.

A place is a path as in JavaScript, the way that most people write it: ``status``, ``data.items[0].name``,
``$.checks["disk space"].ok``; ``$`` is the whole document, and may be left out before a name.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from scraper.model import Probe, Response
from scraper.parse.encoding import decode, sniff
from scraper.settings import Limits

__all__ = ["PATIENCE", "parse_path", "unmet"]

PATIENCE = 1.0
"""Seconds that a pattern may take on one body: meanwhile nothing else is done by the backends of one thread."""


def parse_path(path: str) -> tuple[str | int, ...]:
    """The names and numbers along ``path``.

    :raises ValueError: for what is no path; the message is for who wrote it.

    >>> parse_path('$.items[0]["full name"]')
    ('items', 0, 'full name')
    """
    text = path.strip()
    if not text:
        raise ValueError("an empty JSON path: it is like status, data.items[0].name or $")
    at = 1 if text[0] == "$" else 0
    steps: list[str | int] = []
    while at < len(text):
        found = (_STEP if at else _FIRST).match(text, at)
        if found is None:
            raise ValueError(f"the JSON path {_shown(path)} cannot be read from {_shown(text[at:])} on: {_FORM}")
        steps.append(_step(found))
        at = found.end()
    return tuple(steps)


def unmet(response: Response, probe: Probe) -> tuple[str, ...]:
    """Which conditions of ``probe`` the body does not meet, in words, in their order; never raises."""
    if not (probe.texts or probe.patterns or probe.values):
        return ()
    text = _text(response)
    said = (*_texts(probe, text), *_patterns(probe, text), *_values(probe, text))
    return tuple(f"{each} (only its first 2 MB are looked at)" for each in said) if _cut(response) else said


def _cut(response: Response) -> bool:
    """Whether there may have been more of the body; see :func:`scraper.fetch.room.room_for`."""
    return len(response.body) >= Limits().parsed


def _texts(probe: Probe, text: str) -> Iterator[str]:
    return (f"the body does not hold {_shown(wanted)}" for wanted in probe.texts if wanted not in text)


def _patterns(probe: Probe, text: str) -> Iterator[str]:
    """By ``regex``, which reads what ``re`` does, and can be stopped: ``(a|a)*b`` on many a's ends in no lifetime."""
    if not probe.patterns:
        return
    import regex  # here: most checks, and all crawls, have no pattern

    for pattern in probe.patterns:
        try:
            if regex.search(pattern, text, timeout=PATIENCE, concurrent=True) is None:
                yield f"nothing in the body matches {_shown(pattern)}"
        except TimeoutError:
            yield f"{_shown(pattern)} takes more than {PATIENCE:g} s on the body: write it simpler"
        except (regex.error, OverflowError, RecursionError):
            yield f"{_shown(pattern)} is no regular expression"


def _values(probe: Probe, text: str) -> Iterator[str]:
    if not probe.values:
        return
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):  # the latter for a million brackets
        document = _MISSING
    for path, expected in probe.values:
        trouble = "the body is no JSON" if document is _MISSING else _differs(document, path, expected)
        if trouble is not None:
            yield trouble


def _differs(document: Any, path: str, expected: str) -> str | None:
    try:
        found = _at(document, parse_path(path))
    except ValueError as error:
        return str(error)
    if found is _MISSING:
        return f"there is no {_plain(path)} in the body"
    if _is(found, expected):
        return None
    return f"{_plain(path)} is {_told(found)}, not {_shown(expected)}"


def _at(document: Any, steps: tuple[str | int, ...]) -> Any:
    for step in steps:
        if isinstance(step, int):
            there = isinstance(document, list) and step < len(document)
        else:
            there = isinstance(document, dict) and step in document
        if not there:
            return _MISSING
        document = document[step]
    return document


def _is(found: Any, expected: str) -> bool:
    """Whether ``found`` is what ``expected`` says: as a text, or as JSON."""
    if isinstance(found, str) and found == expected:
        return True
    try:
        return _same(found, msgspec.json.decode(expected))
    except (msgspec.DecodeError, ValueError, RecursionError):
        return False


def _same(one: Any, other: Any) -> bool:
    """Equality of JSON: numbers by their value, and no number is true or false, as it is in Python."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return bool(one == other)


def _text(response: Response) -> str:
    """The body as text; of one that was cut inside a UTF-8 character, without that."""
    body = response.body
    try:
        whole = codecs.utf_8_decode(body, "strict", False)[1]
    except UnicodeDecodeError:
        whole = len(body)
    if not body[:whole].isascii():
        body = body[:whole]
    charset, mark = sniff(body, response.headers.get("content-type", ""))
    return decode(body[mark:], charset)


def _step(found: re.Match[str]) -> str | int:
    if found["number"] is not None:
        return int(found["number"])
    if found["quoted"] is not None:
        return str(found["quoted"][1:-1])
    return str(found["name"])


def _told(value: Any) -> str:
    """What was found, in short."""
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case None | bool() | float():
            return msgspec.json.encode(value).decode()
        case int():
            return str(value) if abs(value) < _LARGE else "a large number"
        case _:
            return _shown(value)


def _shown(text: str) -> str:
    """A text in quotes on one line, cut where it is long; ``repr`` writes as escapes what a terminal might obey."""
    return repr(text if len(text) <= _LENGTH else text[: _LENGTH - 1] + "…")[: 2 * _LENGTH]


def _plain(path: str) -> str:
    return _shown(path.strip())[1:-1]


_LENGTH = 80
_LARGE = 10**40
_MISSING: Any = object()
_FORM = "it is like status, data.items[0].name or $"
_BRACKETS = r"\[(?P<number>\d{1,9})\]|\[(?P<quoted>\"[^\"]*\"|'[^']*')\]"
_NAME = r"(?P<name>[^.\[\]\"'\s$][^.\[\]]*)"
_FIRST = re.compile(f"{_NAME}|{_BRACKETS}")
_STEP = re.compile(rf"\.{_NAME}|{_BRACKETS}")
