"""What the checks of an hour or of a day came to, as one value that grows. Pure.

A result in maintenance is counted apart and for nothing else. *Up* are up, slow and cert; *down* is down; of a server
that blocks us nobody can say whether it works, so blocked counts neither for nor against: uptime is up / (up + down).
Times are the server's, in microseconds, of the checks that had an answer: how long we wait for one that does not come
is our own decision.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from scraper.check.model import Verdict
from scraper.stats import Histogram

__all__ = ["Rollup", "pack", "unpack"]


class Rollup(msgspec.Struct):
    """Counts of checks by verdict, and of their times.

    :ivar up, slow, cert, blocked, down: checks with that verdict; ``maintenance`` those in it, whatever their verdict.
    :ivar answers: checks of them that had an answer; the sum, the least and the most of their times.
    :ivar times: all their times, within 6 %.
    """

    up: int = 0
    slow: int = 0
    cert: int = 0
    blocked: int = 0
    down: int = 0
    maintenance: int = 0
    answers: int = 0
    total_us: int = 0
    least_us: int = 0
    most_us: int = 0
    times: Histogram = msgspec.field(default_factory=Histogram)

    def add(self, verdict: Verdict, server_us: int | None, *, maintenance: bool = False) -> None:
        """Count one check.

        :param server_us: None without an answer.
        """
        if maintenance:
            self.maintenance += 1
            return
        setattr(self, verdict.value, getattr(self, verdict.value) + 1)
        if server_us is None:
            return
        self.least_us = min(self.least_us, server_us) if self.answers else server_us
        self.most_us = max(self.most_us, server_us)
        self.answers += 1
        self.total_us += server_us
        self.times.add(server_us)

    def row(self) -> tuple[Any, ...]:
        """Its fields in their order, as a table has them."""
        counts = (self.up, self.slow, self.cert, self.blocked, self.down, self.maintenance)
        return (*counts, self.answers, self.total_us, self.least_us, self.most_us, pack(self.times))

    @classmethod
    def of_row(cls, row: tuple[Any, ...]) -> Rollup:
        """What :meth:`row` laid out."""
        return cls(*(*row[:-1], unpack(row[-1])))


def pack(times: Histogram) -> bytes:
    """A histogram in few bytes: for each bucket in order, how far from the one before, and how many.

    Numbers are of seven bits a byte, the lowest first, the eighth bit says that more follow (LEB128).
    """
    packed, before = bytearray(), 0
    for bucket, count in sorted(times.buckets.items()):
        for number in (bucket - before, count):
            while number > 127:
                packed.append(number & 127 | 128)
                number >>= 7
            packed.append(number)
        before = bucket
    return bytes(packed)


def unpack(packed: bytes) -> Histogram:
    """What :func:`pack` made."""
    numbers, times, bucket = _numbers(packed), Histogram(), 0
    for distance, count in zip(numbers, numbers, strict=True):
        bucket += distance
        times.buckets[bucket] = count
    return times


def _numbers(packed: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in packed:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield number
            number = shift = 0
