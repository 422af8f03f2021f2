"""Times as programs and people read them, both in UTC."""

from __future__ import annotations

import math
from datetime import UTC, datetime

__all__ = ["moment", "utc"]


def utc(seconds: float | None) -> str | None:
    """The time ``seconds`` after the epoch as RFC 3339 has it; None for None and 0, and for what no calendar holds.

    >>> utc(1_750_000_000.125)
    '2025-06-15T15:06:40.125Z'
    """
    if not seconds or not math.isfinite(seconds):
        return None
    try:
        found = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(utc: str | None) -> str:
    """What :func:`utc` wrote, for people; a dash for nothing.

    >>> moment("2026-01-31T06:15:00.125Z")
    '2026-01-31 06:15:00 UTC'
    """
    return f"{utc[:10]} {utc[11:19]} UTC" if utc else "-"
