"""Statistics of a crawl as one mergeable value.

Workers count what each fetch cost, the engine counts what became final, and :meth:`Stats.merge` adds such values up:
it is associative and commutative, with :class:`Stats` () as its zero, so that threads, processes and machines give
the same figures in whatever order they are added. All figures are integers; times are microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from scraper.model import Failed, Fetched, Kind, Outcome, Refused
from scraper.url import host_key

__all__ = ["Histogram", "Stats", "is_failure", "is_failure_label", "label", "parse_error"]

_K = TypeVar("_K")

_REFUSED = "refused: "


class Histogram(msgspec.Struct):
    """Counts of durations in buckets that grow by a sixteenth of each power of two: within 6 % of the truth.

    The scheme is that of HdrHistogram (Tene), with 4 significant bits.
    """

    buckets: dict[int, int] = {}

    def add(self, us: int) -> None:
        """Count one duration of ``us`` microseconds; less than none, of a clock that was set back, counts as none."""
        bucket = _bucket(max(0, us))
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1

    @property
    def count(self) -> int:
        """How many durations were counted."""
        return sum(self.buckets.values())

    def percentile(self, share: float) -> int:
        """The duration in µs that ``share`` (0 to 1) of all do not exceed; 0 when nothing was counted."""
        need, seen = share * self.count, 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= need:
                return _upper(bucket)
        return 0


class Stats(msgspec.Struct):
    """What a crawl, or a part of it, has done.

    By workers, for every fetch, retries too:

    :ivar fetches: answers and failures; ``wire_bytes`` and ``body_bytes`` received and decompressed.
    :ivar server: time from the start of a fetch to its headers, of those that were answered.
    :ivar waited_us, server_us, body_us, parse_us: sums over all fetches.

    By the engine, for every final outcome of a page:

    :ivar outcomes: by label (see :func:`label`): ``200``, ``404``, ``timeout``, ...
    :ivar hosts: final outcomes by host key.
    :ivar failures: final outcomes that are failures (see :func:`is_failure`).
    :ivar parse_errors: those of them on which the user's function failed.

    By the engine, for the others:

    :ivar others: final outcomes of robots files and sitemaps, by their kind: ``robots``, ``sitemap``.
    :ivar sitemaps_named: sitemaps that robots files name.
    """

    fetches: int = 0
    wire_bytes: int = 0
    body_bytes: int = 0
    server: Histogram = msgspec.field(default_factory=Histogram)
    waited_us: int = 0
    server_us: int = 0
    body_us: int = 0
    parse_us: int = 0
    outcomes: dict[str, int] = {}
    hosts: dict[str, int] = {}
    failures: int = 0
    parse_errors: int = 0
    others: dict[str, int] = {}
    sitemaps_named: int = 0

    def count_fetch(self, outcome: Outcome) -> None:
        """Count one visit, as the worker that made it."""
        if isinstance(outcome, Refused):
            return
        self.fetches += 1
        timings = outcome.timings
        self.waited_us += timings.waited_us
        self.server_us += timings.server_us
        self.body_us += timings.body_us
        self.parse_us += timings.parse_us
        if isinstance(outcome, Fetched):
            self.wire_bytes += outcome.wire
            self.body_bytes += outcome.size
            self.server.add(timings.server_us)

    def count_final(self, outcome: Outcome) -> None:
        """Count one final outcome, as the engine."""
        if outcome.request.kind is not Kind.PAGE:
            self._count_other(outcome)
            return
        name = label(outcome)
        self.outcomes[name] = self.outcomes.get(name, 0) + 1
        host = host_key(outcome.url)
        self.hosts[host] = self.hosts.get(host, 0) + 1
        self.failures += is_failure(outcome)
        self.parse_errors += parse_error(outcome) is not None

    def _count_other(self, outcome: Outcome) -> None:
        kind = outcome.request.kind
        self.others[kind.value] = self.others.get(kind.value, 0) + 1
        if kind is Kind.ROBOTS and isinstance(outcome, Fetched) and outcome.page is not None:
            self.sitemaps_named += len(outcome.page.links)

    def add(self, other: Stats) -> None:
        """Take in the figures of ``other``, in place: what the owner does with every frame of a worker."""
        for name in self.__struct_fields__:
            ours, theirs = getattr(self, name), getattr(other, name)
            if isinstance(theirs, int):
                setattr(self, name, ours + theirs)
            elif isinstance(theirs, Histogram):
                _add(ours.buckets, theirs.buckets)
            else:
                _add(ours, theirs)

    def merge(self, other: Stats) -> Stats:
        """The statistics of both; neither is changed."""
        return Stats.total((self, other))

    @classmethod
    def total(cls, parts: Iterable[Stats]) -> Stats:
        """The statistics of all ``parts``; none is changed."""
        whole = cls()
        for part in parts:
            whole.add(part)
        return whole

    @property
    def pages(self) -> int:
        """Final outcomes of pages in all."""
        return sum(self.outcomes.values())


def label(outcome: Outcome) -> str:
    """The word that an outcome is counted under: its status, or its reason."""
    match outcome:
        case Fetched(status=status):
            return str(status)
        case Failed(reason=reason):
            return reason.value
        case Refused(reason=reason):
            return f"{_REFUSED}{reason.value}"


def is_failure(outcome: Outcome) -> bool:
    """Whether a user would call it one: no answer, a status of 400 and more, or a page that their function failed on.

    What policy refused is none.
    """
    match outcome:
        case Fetched(status=status):
            return status >= 400 or parse_error(outcome) is not None
        case Failed():
            return True
        case Refused():
            return False


def parse_error(outcome: Outcome) -> str | None:
    """Why the user's function gave nothing, as ``ValueError: boom``; None where it did not fail."""
    return outcome.page.error if isinstance(outcome, Fetched) and outcome.page is not None else None


def is_failure_label(name: str) -> bool:
    """:func:`is_failure` for the outcomes that are counted under ``name``, their pages' own errors aside."""
    return int(name) >= 400 if name.isdecimal() else not name.startswith(_REFUSED)


def _add(whole: dict[_K, int], part: dict[_K, int]) -> None:
    for name, count in list(part.items()):  # a copy: the part may be another thread's
        whole[name] = whole.get(name, 0) + count


def _bucket(us: int) -> int:
    exponent = max(0, us.bit_length() - 5)
    return (exponent << 5) | (us >> exponent)


def _upper(bucket: int) -> int:
    exponent, mantissa = bucket >> 5, bucket & 31
    return ((mantissa + 1) << exponent) - 1 if exponent else mantissa
