"""What the page wants to know of the history, as values, and who tells it.

Times are seconds since the epoch; days are those of UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from scraper.check.model import Result, Target, Verdict
from scraper.check.notices.notice import Notice, Told

__all__ = ["Incident", "Point", "Reader", "Span", "View"]


class Span(msgspec.Struct, frozen=True, gc=False):
    """What the checks of an hour or of a day came to; without those in maintenance.

    :ivar at: when it begins.
    :ivar checks: how many there were; ``up`` of them count as up.
    :ivar server_us: what an answer took in the middle (median or mean), in microseconds; 0 where there was none.
    """

    at: float
    checks: int
    up: int
    server_us: int = 0


class Point(msgspec.Struct, frozen=True):
    """An hour or a day of one target, for a line of server times.

    :ivar at: when it begins; seconds since the epoch.
    :ivar checks: how many tell whether it was up, ``up`` of them did; ``blocked`` and ``maintenance`` are apart.
    :ivar mean_us, p50_us, p95_us, least_us, most_us: the server's time of those that were answered; 0 of none.
    """

    at: float
    checks: int
    up: int
    blocked: int
    maintenance: int
    mean_us: int
    p50_us: int
    p95_us: int
    least_us: int
    most_us: int


class Incident(msgspec.Struct, frozen=True):
    """From the check that began a run of failures to the one that ended it.

    :ivar key: the target's.
    :ivar ended: None while it lasts.
    :ivar verdict, reason, detail: of the check that opened it.
    """

    key: str
    started: float
    ended: float | None
    verdict: Verdict
    reason: str = ""
    detail: str = ""


class View(msgspec.Struct, frozen=True):
    """All that a row of the page shows of one target.

    :ivar state: ``up``, ``down`` or ``unknown``: the health after hysteresis, not that of the last check.
    :ivar since: when that began; None where it is unknown.
    :ivar result: the last check, whole; None before the first.
    :ivar maintenance: whether a window of maintenance is open now.
    :ivar incident: the open one.
    :ivar days: the last 90, the oldest first, today the last; days without checks may be left out.
    :ivar hours: the last 24, likewise.
    :ivar uptime: shares between 0 and 1 of the last 24 hours, 7, 30 and 90 days; None where nothing was checked.
    """

    target: Target
    state: str = "unknown"
    since: float | None = None
    result: Result | None = None
    maintenance: bool = False
    incident: Incident | None = None
    days: tuple[Span, ...] = ()
    hours: tuple[Span, ...] = ()
    uptime: tuple[float | None, float | None, float | None, float | None] = (None, None, None, None)


class Reader(Protocol):
    """Reads what is committed; made, used and closed on one and the same thread, which is not the engine's."""

    def views(self, keys: Sequence[str] | None, now: float) -> list[View]:
        """Of the targets ``keys``, or of all that are watched, in their order; unknown keys are left out."""
        ...

    def results(self, key: str, limit: int) -> list[Result]:
        """The last checks of one target, the newest first."""
        ...

    def incidents(self, key: str | None, limit: int) -> list[Incident]:
        """Of one target, or of all; those that last first, then the newest first."""
        ...

    def series(self, key: str, by: Literal["hour", "day"], since: float, until: float) -> list[Point]:
        """How the target did, the oldest first; hours and days in which nothing was checked are left out."""
        ...

    def notices(self, limit: int) -> list[tuple[Notice, Told]]:
        """Who was told of what, or will be, the newest first."""
        ...

    def close(self) -> None:
        """Let the database go."""
        ...
