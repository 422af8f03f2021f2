"""When a watch has fallen silent: its page is still there, and nobody may take what it shows for what is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, tzinfo

from scraper.check.timing.every import read_every

__all__ = ["deadline"]

_GRACE = 180.0
"""Seconds that a check may take with all its tries, and a commit."""


def deadline(everies: Iterable[str], zone: tzinfo = UTC, jitter: float = 0.0) -> Callable[[float], float]:
    """A function that says when, after a commit at a given time, the next one should have been at the latest.

    >>> deadline(["1h", "30s"])(1_000.0)
    1210.0

    :param everies: when the targets are checked, as their ``every`` has it.
    :param jitter: seconds that a round may come late by chance.
    """
    triggers = [read_every(every, zone) for every in set(everies)]

    def after(at: float) -> float:
        moment = datetime.fromtimestamp(at, zone)
        due = math.inf
        for trigger in triggers:
            if isinstance(trigger, float):
                due = min(due, at + trigger)
            elif (then := trigger.get_next_fire_time(None, moment)) is not None:
                due = min(due, then.timestamp())
        return due + jitter + _GRACE

    return after
