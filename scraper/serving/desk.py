"""What all connections of a local server share: the source of its answers, and its figures."""

from __future__ import annotations

import time
from typing import NamedTuple

from scraper.serving.alarm import Alarm
from scraper.serving.answers import Answer, Source
from scraper.stats import Histogram

__all__ = ["Desk", "Served"]


class Served(NamedTuple):
    """What a server has done in some time.

    :ivar requests: how many came.
    :ivar cpu: CPU seconds of its process.
    :ivar late: seconds that 95 of 100 of the answers with a delay were given later than they were due, at most.
    """

    requests: int
    cpu: float
    late: float


class Desk:
    """Where all requests come in.

    :ivar alarm: what tells when an answer is due.
    :ivar scale: what all delays are multiplied by.
    :ivar requests: how many came since the start.
    :ivar late: by how much answers were given later than they were due.
    :ivar log: takes the URLs asked for; None where they are not kept.
    """

    def __init__(self, source: Source, alarm: Alarm, scale: float, log: list[str] | None) -> None:
        self._answer, self.alarm, self.scale = source.answer, alarm, scale
        self.requests = 0
        self.log = log
        self._begin()

    def answer(self, url: str) -> Answer | None:
        """What to say; it is counted."""
        self.requests += 1
        if self.log is not None:
            self.log.append(url)
        turn = self._turns.get(url, 0)
        self._turns[url] = turn + 1
        return self._answer(url, turn)

    def take(self) -> Served:
        """The figures since the last time; they and the turns begin anew."""
        requests, cpu = self.requests - self._requests, time.process_time() - self._cpu
        served = Served(requests, cpu, self.late.percentile(0.95) / 1e6)
        self._begin()
        return served

    def _begin(self) -> None:
        self._requests, self._cpu = self.requests, time.process_time()
        self.late = Histogram()
        self._turns: dict[str, int] = {}
