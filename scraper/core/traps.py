"""Traps: endless rows of URLs and pages, which servers make without knowing or on purpose.

:func:`refuse` judges one URL by itself, by a table of rules, one for each field of :class:`scraper.settings.Traps`.
:class:`Queries` and :class:`Duplicates` count what came before, in bounded memory: what they have forgotten begins
anew. Which URL is one too many depends on the order of arrival, so these two may differ from run to run.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from collections.abc import Callable
from itertools import pairwise

from scraper.settings import Traps
from scraper.url import MAX_LENGTH

__all__ = ["BACK", "RULES", "Duplicates", "Queries", "judge", "refuse"]

BACK = 100
"""Years before ``this_year`` that a date may be. The past is wider than the future: archives are real, and what lies
ahead is made up by the calendar alone."""


def refuse(traps: Traps, url: str) -> str | None:
    """Why the canonical ``url`` looks like one of an endless row, in words that begin with the rule's name; or None."""
    for name, rule in RULES.items():
        if getattr(traps, name) is not None and (detail := rule(traps, url)) is not None:
            return f"{name}: {detail}"
    return None


def judge(traps: Traps) -> Callable[[str], str | None]:
    """:func:`refuse` for many URLs: made once, it lets plain ones pass in a microsecond or less."""
    length, segments, repeats, parameters = (
        MAX_LENGTH if limit is None else limit
        for limit in (traps.length, traps.segments, traps.repeats, traps.parameters)
    )
    few, many = min(segments, repeats) + 2, segments + 2

    def judged(url: str) -> str | None:
        slashes = url.count("/")
        if (
            (slashes > few and (slashes > many or _doubles(url) >= repeats))
            or len(url) > length
            or url.count("&") >= parameters
            or (_NUMBER.search(url, 8) and _has_far_year(traps, url))
        ):
            return refuse(traps, url)
        return None

    return judged


def _doubles(url: str) -> int:
    """How many parts between slashes have come before."""
    parts = url.partition("?")[0].split("/")
    return len(parts) - len(set(parts))


def _length(traps: Traps, url: str) -> str | None:
    limit = traps.length or 0
    return f"{len(url)} characters, more than {limit}" if len(url) > limit else None


def _segments(traps: Traps, url: str) -> str | None:
    limit = traps.segments or 0
    if url.count("/") - 2 <= limit:
        return None
    count = len(_path(url))
    return f"{count} path segments, more than {limit}" if count > limit else None


def _repeats(traps: Traps, url: str) -> str | None:
    limit = traps.repeats or 0
    if _doubles(url) < limit:
        return None
    path = _path(url)
    [(segment, count)] = Counter(path).most_common(1) or [("", 0)]
    if count > limit:
        return f"{count} times the path segment {segment[:40]!r}, more than {limit}"
    row = _row(path, limit) if limit > 1 else None
    return f"{limit} times in turn {'/'.join(row)[:40]!r}" if row else None


def _row(path: list[str], times: int) -> list[str] | None:
    """Two or three segments that come in turn, so many times."""
    for size in (2, 3):
        for start in range(len(path) - size * times + 1):
            row = path[start : start + size]
            if row * times == path[start : start + size * times]:
                return row
    return None


def _parameters(traps: Traps, url: str) -> str | None:
    limit = traps.parameters or 0
    if url.count("&") < limit:
        return None
    query = url.partition("?")[2]
    count = query.count("&") + bool(query)
    return f"{count} parameters, more than {limit}" if count > limit else None


def _years(traps: Traps, url: str) -> str | None:
    if not _has_far_year(traps, url):
        return None
    for form, anywhere in _DATES:
        for date in form.finditer(url, 8):
            year = int(date[1])
            if _is_far(traps, year) and (anywhere or _CALENDAR.search(url)):
                limit, side = (BACK, "before") if year < (traps.this_year or 0) else (traps.years, "after")
                return f"a date of {year}, more than {limit} years {side} {traps.this_year}"
    return None


def _has_far_year(traps: Traps, url: str) -> bool:
    """Whether there is a number that is no year of these times where a date might be."""
    return any(_is_far(traps, int(number[1])) for number in _NUMBER.finditer(url, 8))


def _is_far(traps: Traps, year: int) -> bool:
    now = traps.this_year
    return now is not None and traps.years is not None and not now - BACK <= year <= now + traps.years


_NUMBER = re.compile(r"[/=_.+-]([12][0-9]{3})(?:[/-][0-9]|[01][0-9]|(?<=[yreoYREO]=[0-9]{4})(?:&|$))")
"""What stands at least where there is a date: most URLs need no further look."""

_YEAR = "([12][0-9]{3})"
_MONTH = "(?:0[1-9]|1[0-2])"
_DAY = "(?:0[1-9]|[12][0-9]|3[01])"
_END = "(?![0-9])"
_DATES: tuple[tuple[re.Pattern[str], bool], ...] = (
    (re.compile(f"[/=_.+-]{_YEAR}-{_MONTH}-{_DAY}{_END}"), True),
    (re.compile(f"/{_YEAR}/{_MONTH}/{_DAY}{_END}"), True),
    (re.compile(f"/{_YEAR}[/-]0[1-9](?=[/?]|$)"), True),  # /2099/12 may be the twelfth page of the thread 2099
    (re.compile(f"[?&][^=&]*={_YEAR}-{_MONTH}(?=&|$)"), True),
    (re.compile(rf"(?i:[?&](?:[\w.-]*year|yr|jahr|annee|anno|ano))={_YEAR}(?=&|$)"), True),
    (re.compile(rf"(?i:[?&](?:y={_YEAR}&(?:m|mo|month)=[01]?[0-9](?=&|$)))"), True),
    (re.compile(f"(?i:[?&](?:m|ym|month|date|day))={_YEAR}{_MONTH}(?:{_DAY})?(?=&|$)"), True),
    (re.compile(f"[/=]{_YEAR}{_MONTH}{_DAY}(?=[/?&.]|$)"), False),
    (re.compile(f"/{_YEAR}[/-](?:0?[1-9]|1[0-2])(?=[/?]|$)"), False),
)
"""The forms of dates, and whether one is a date anywhere or only where the URL speaks of a calendar: numbers are more
often something else. A year alone is no date: it may be the name of a product."""

_CALENDAR = re.compile("cal|event|agenda|diary|date|day|week|month|schedule|termin|kalender", re.IGNORECASE)

RULES: dict[str, Callable[[Traps, str], str | None]] = {
    "length": _length,
    "segments": _segments,
    "repeats": _repeats,
    "parameters": _parameters,
    "years": _years,
}
"""The rules that need nothing but the URL, by the name of their field; the first that objects has the word."""


def _path(url: str) -> list[str]:
    """The segments of the path; an empty one between slashes counts, the end of a folder does not."""
    path = url.partition("?")[0].split("/")[3:]
    if path[-1] == "":
        path.pop()
    return path


class Queries:
    """How many different queries each path has had: a shop's filters make more pages than it has goods.

    :ivar detail: the words for what was one too many.
    """

    def __init__(self, limit: int, room: int = 50_000) -> None:
        """Remember ``room`` paths at most; when there are more, the half that had the fewest queries is forgotten."""
        self.detail = f"queries: more than {limit} different ones of one path"
        self._limit = limit
        self._room = room
        self._counts: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._counts)

    def admit(self, url: str) -> bool:
        """Whether one more query of the path may be asked for; tell only URLs that were not met before."""
        if "?" not in url:
            return True
        path = hash(url.partition("?")[0])
        count = self._counts[path] = self._counts.get(path, 0) + 1
        if len(self._counts) > self._room:
            self._forget()
        return count <= self._limit

    def _forget(self) -> None:
        by_count = sorted(self._counts.items(), key=lambda item: item[1])
        self._counts = dict(by_count[len(by_count) // 2 :])


class Duplicates:
    """Pages of one host with the same content, or nearly the same.

    Pages are near that differ in ``near`` bits of their fingerprints at most. They are found as in Manku, Jain and
    Das Sarma, "Detecting Near-Duplicates for Web Crawling" (2007): cut in ``near + 1`` blocks, two such fingerprints
    have at least one block in common. The first page of a cluster stands for all of it.
    """

    def __init__(self, limit: int, near: int | None = None, room: int = 10_000) -> None:
        """Admit ``limit`` pages with one content; remember the ``room`` contents that were met last."""
        self.detail = f"duplicates: more than {limit} pages with the same content"
        self._limit = limit
        self._near = near
        self._room = room
        self._counts: OrderedDict[int, int] = OrderedDict()
        self._prints: dict[int, tuple[str, int]] = {}
        self._blocks: dict[int, list[int]] = {}

    def __len__(self) -> int:
        return len(self._counts)

    def exceeds(self, host: str, digest: int | None, simhash: int | None = None) -> bool:
        """Whether this page of ``host`` (a host key) is one too many. A page without content never is."""
        if self._near is not None and simhash is not None:
            cluster = self._cluster(host, simhash, self._near)
        elif digest is not None:
            cluster = hash((host, digest))
        else:
            return False
        count = self._counts[cluster] = self._counts.get(cluster, 0) + 1
        self._counts.move_to_end(cluster)
        if len(self._counts) > self._room:
            self._forget()
        return count > self._limit

    def _cluster(self, host: str, simhash: int, near: int) -> int:
        """The cluster of the nearest fingerprint, the older one of two; a new one where none is near."""
        blocks = _blocks(host, simhash, near)
        nearest, distance = 0, near + 1
        for block in blocks:
            for cluster in self._blocks.get(block, ()):
                bits = (self._prints[cluster][1] ^ simhash).bit_count()
                if bits < distance:
                    nearest, distance = cluster, bits
        if distance <= near:
            return nearest
        cluster = hash((host, simhash, "near"))
        self._prints[cluster] = host, simhash
        for block in blocks:
            self._blocks.setdefault(block, []).append(cluster)
        return cluster

    def _forget(self) -> None:
        cluster, _ = self._counts.popitem(last=False)
        if self._near is None or cluster not in self._prints:
            return
        for block in _blocks(*self._prints.pop(cluster), self._near):
            clusters = self._blocks[block]
            clusters.remove(cluster)
            if not clusters:
                del self._blocks[block]


def _blocks(host: str, simhash: int, near: int) -> list[int]:
    """One key for each of the ``near + 1`` blocks of a fingerprint of 64 bits."""
    count = near + 1
    edges = [64 * i // count for i in range(count + 1)]
    return [hash((host, low, simhash >> low & (1 << high - low) - 1)) for low, high in pairwise(edges)]
