"""robots.txt (RFC 9309) as the core sees it: rules that answer, and what the outcome of asking for the file means.

What the text of a file says is read on the worker's side (:mod:`scraper.parse.robots`) and comes here as a page's
``data``. A path is compared in one form (2.2.2): escapes of characters that mean the same without one are undone, the
others stand in capitals. The end of a path has a mark of its own, which ``$`` stands for, so that every pattern is a
row of pieces that must come one after the other: each is taken at the first place where it is found, which leaves the
most room for the next, and nothing is ever tried twice.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from scraper.model import Failed, Fetched, Outcome, Reason

__all__ = ["ALLOW_ALL", "DISALLOW_ALL", "MAX_REDIRECTS", "PIECES", "Rules", "Verdict", "target", "verdict"]

MAX_REDIRECTS = 5
"""Redirects in a row that are followed to a robots file, to other hosts too (2.3.1.2)."""

PIECES = 3_000
"""Pieces of patterns with a star that are looked for. They all are, in every URL of the site, and one takes some 2 µs:
a file of 20,000 such patterns took 0.1 s a URL. Honest files have some hundred."""

_FILE = "/robots.txt"
_END = "\n"  # in no canonical URL


class _Rule(NamedTuple):
    """One line; ``pieces`` must come one after the other in a path, the first one at its beginning."""

    length: int
    allow: bool
    pieces: tuple[str, ...]


class _Data(msgspec.Struct):
    """What :mod:`scraper.parse.robots` puts into a page."""

    rules: tuple[tuple[bool, str], ...] = ()
    delay: float | None = None


class Rules:
    """What a robots file allows us.

    :ivar delay: seconds between two starts on the host, as ``Crawl-delay`` asks for them.

    >>> Rules([(False, "/a"), (True, "/a/*.html$")]).allowed("http://example.com/a/b.html")
    True
    """

    __slots__ = ("_globs", "_prefixes", "_ranked", "delay")

    def __init__(self, rules: Iterable[tuple[bool, str]] = (), delay: float | None = None) -> None:
        """Take ``(allow, pattern)`` each; an empty pattern says nothing."""
        found = _bounded(_rule(allow, pattern) for allow, pattern in rules if pattern)
        barring = [rule.pieces for rule in found if not rule.allow]
        self._prefixes = tuple(pieces[0] for pieces in barring if len(pieces) == 1)
        self._globs = tuple(pieces for pieces in barring if len(pieces) > 1)
        self._ranked = tuple(sorted(found, key=_rank)) if barring else ()
        self.delay = delay

    @classmethod
    def of(cls, data: Any) -> Rules:
        """The rules in the ``data`` of a robots file's page; none where it is not what it should be."""
        try:
            found = msgspec.convert(data, _Data)
        except msgspec.ValidationError:
            return ALLOW_ALL
        delay = found.delay if found.delay is not None and 0 < found.delay < math.inf else None
        return cls(found.rules, delay) if found.rules or delay else ALLOW_ALL

    def allowed(self, url: str) -> bool:
        """Whether the canonical ``url`` may be fetched; the robots file itself always may.

        The longest pattern that matches decides, of equally long ones that which allows (2.2.2).
        """
        if not self._ranked:
            return True
        path = url[url.find("/", 8) :]
        path = (_ESCAPE.sub(_unescape, path) if "%" in path else path) + _END
        if not path.startswith(self._prefixes) and not any(_matches(path, glob) for glob in self._globs):
            return True
        if path == _FILE + _END:
            return True
        return next(rule.allow for rule in self._ranked if _matches(path, rule.pieces))


class Verdict(NamedTuple):
    """What the outcome of asking for a robots file means.

    :ivar rules: what holds from now on.
    :ivar known: False where the file cannot be had (2.3.1.4): ask again soon.
    """

    rules: Rules
    known: bool


def target(outcome: Outcome, redirects: int) -> str | None:
    """Where the robots file is to be asked for instead; None where ``outcome`` is the last word.

    :param redirects: those that led the site here; sites that share a request may have come by different ways.
    """
    if isinstance(outcome, Fetched) and 300 <= outcome.status < 400 and redirects < MAX_REDIRECTS:
        return outcome.location
    return None


def verdict(outcome: Outcome) -> Verdict:
    """What ``outcome`` means, by the table :data:`_MEANINGS`; first follow :func:`target`."""
    match outcome:
        case Fetched(status=status):
            return _MEANINGS.get(status, _MEANINGS.get(status // 100, _unreachable))(outcome)
        case Failed(reason=reason):
            return _MEANINGS.get(reason, _unreachable)(outcome)
        case _:
            return _unreachable(outcome)


def _rules(outcome: Outcome) -> Verdict:
    page = outcome.page if isinstance(outcome, Fetched) else None
    return Verdict(Rules.of(page.data) if page else ALLOW_ALL, known=True)


def _unavailable(outcome: Outcome) -> Verdict:
    return Verdict(ALLOW_ALL, known=True)


def _unreachable(outcome: Outcome) -> Verdict:
    return Verdict(DISALLOW_ALL, known=False)


_MEANINGS: dict[int | Reason, Callable[[Outcome], Verdict]] = {
    2: _rules,
    3: _unavailable,  # one redirect too many, or to nowhere (2.3.1.2)
    Reason.REDIRECTS: _unavailable,
    4: _unavailable,  # 2.3.1.3: whatever is there may be fetched, 401 and 403 included
    429: _unreachable,  # by the letter a 4xx; but it says that we ask too much, and not that there is no file
    5: _unreachable,  # 2.3.1.4: nothing may be fetched
}
"""For statuses, or their first digit, and reasons; all else is unreachable: no answer, or none that can be read."""


def _rule(allow: bool, pattern: str) -> _Rule:
    marked = pattern[:-1] + _END if pattern.endswith("$") else pattern
    first, *rest = marked.split("*")
    pieces = (first, *(piece for piece in rest if piece))
    if "%" in pattern:
        pieces = tuple(_ESCAPE.sub(_unescape, piece) for piece in pieces)
    return _Rule(sum(map(len, pieces)) + len(rest), allow, pieces)


def _bounded(rules: Iterable[_Rule]) -> list[_Rule]:
    """``rules`` with no more than :data:`PIECES` in patterns with a star; a prefix costs next to nothing.

    Of further ones that bar, what stands before the star counts, which bars more; further ones that allow are let go.
    """
    kept, left = [], PIECES
    for rule in rules:
        if len(rule.pieces) > 1:
            left -= len(rule.pieces)
            if left < 0 and rule.allow:
                continue
            rule = rule if left >= 0 else rule._replace(pieces=rule.pieces[:1])
        kept.append(rule)
    return kept


def _rank(rule: _Rule) -> tuple[int, bool]:
    return -rule.length, not rule.allow


def _matches(path: str, pieces: tuple[str, ...]) -> bool:
    if not path.startswith(pieces[0]):
        return False
    at = 0
    for piece in pieces:
        at = path.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True


_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_LOOSE = " \"'<>\\^`{|}"  # escaped or not as the URL standard has it for a path or a query; patterns rarely follow it
_SPECIAL = "*$"  # which a pattern can only name by their escapes (2.2.3)
_PLAIN = {f"%{ord(character):02X}": character for character in _UNRESERVED + _LOOSE + _SPECIAL}


def _unescape(found: re.Match[str]) -> str:
    escape = found[0].upper()
    return _PLAIN.get(escape, escape)


ALLOW_ALL = Rules()
"""No rule at all."""

DISALLOW_ALL = Rules([(False, "/")])
"""Nothing but the robots file itself."""
