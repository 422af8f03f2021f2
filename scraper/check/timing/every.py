"""How often a target is checked, as people write it: ``30s``, ``5m``, ``1h``; or a cron line of five fields.

The triggers are APScheduler's. They are functions of the time that they are given; its schedulers are left out: these
read clocks and own threads, and the core does neither.

A cron line means what crontab(5) says. APScheduler 3 differs in two things, which are put right here: its weeks begin
with Monday as 0 (crontab: Sunday as 0 and 7), and where both the day of the month and that of the week are said, it
wants both (crontab: either).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from typing import Any, Protocol

from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from scraper.errors import ConfigError
from scraper.report.human import parse_duration

__all__ = ["SHORTEST", "Trigger", "read_every"]

SHORTEST = 1.0
"""Seconds between two checks of one target at least."""

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PART = re.compile(r"(?:\*|(\w+)(?:-(\w+))?)(?:/(\d+))?", re.ASCII)
_FIRST = datetime(2024, 1, 1, tzinfo=UTC)


class Trigger(Protocol):
    """What APScheduler's triggers do: the first time of theirs after ``before``, else not before ``now``."""

    def get_next_fire_time(self, before: datetime | None, now: datetime) -> datetime | None:
        """See the class; None when there is no further one."""


def read_every(text: str, zone: tzinfo = UTC) -> float | Trigger:
    """Seconds, of an interval; a trigger, of a cron line.

    >>> read_every("5m")
    300.0

    :param zone: the time zone that a cron line is meant in. Where clocks are put forward, a time that is not there
        comes an hour later; where they are put back, one that comes twice is kept twice.
    :raises ConfigError: when it is neither, is shorter than :data:`SHORTEST`, or never comes.
    """
    fields = text.split()
    if len(fields) != 5:
        return _interval(text)
    try:
        trigger = _cron(fields, zone)
    except ValueError as error:
        raise ConfigError(f"every: {text!r} is no cron line: {error}") from error
    if trigger.get_next_fire_time(None, _FIRST) is None:
        raise ConfigError(f"every: {text!r} never comes: there is no such day")
    return trigger


def _interval(text: str) -> float:
    try:
        seconds = parse_duration(text)
    except (ConfigError, ValueError) as error:
        raise ConfigError(
            f"every: {text!r} is neither a duration, such as 30s, nor a cron line of five fields"
        ) from error
    if not SHORTEST <= seconds < float("inf"):
        raise ConfigError(f"every: {text!r} is too short: {SHORTEST:g}s is the least")
    return seconds


def _cron(fields: list[str], zone: tzinfo) -> Trigger:
    minute, hour, day, month, weekday = fields
    times = {"minute": minute, "hour": hour, "month": month, "timezone": zone}
    weekdays = ",".join(map(_weekdays, weekday.lower().split(",")))
    if day.startswith("*") or weekday.startswith("*"):
        both: Trigger = CronTrigger(day=day, day_of_week=weekdays, **times)
        return both
    either: Any = [CronTrigger(day=day, **times), CronTrigger(day_of_week=weekdays, **times)]
    days: Trigger = OrTrigger(either)
    return days


def _weekdays(part: str) -> str:
    """One part of the field of weekdays, as names, which mean the same everywhere."""
    found = _PART.fullmatch(part)
    if found is None:
        raise ValueError(f"{part!r} is no day of the week")
    first, last, step = found.groups()
    start, end = (0, 6) if first is None else (_weekday(first), _weekday(last or first, after=_weekday(first)))
    if first is not None and last is None and step:
        end = 6
    if int(step or 1) < 1:
        raise ValueError(f"the step of {part!r} must be 1 or more")
    return ",".join(_DAYS[day] for day in range(start, end + 1, int(step or 1)))


def _weekday(text: str, after: int = 0) -> int:
    number = int(text) if text.isdigit() else _DAYS.index(text) if text in _DAYS else 8
    if number == 0 and after:  # fri-sun
        number = 7
    if not after <= number <= 7:
        raise ValueError(f"{text!r} is no day of the week, or comes before the first of its range")
    return number
