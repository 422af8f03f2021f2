"""The JSON of the page: plain values, the same words as everywhere. Times are RFC 3339 in UTC, durations milliseconds.

Hops, phases and certificates are those of :mod:`scraper.check.record`. Fields may be added; what is here keeps its name
and meaning as long as the path says ``v1``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from scraper.check.model import Result
from scraper.check.moments import utc
from scraper.check.notices.notice import Notice, Told
from scraper.check.record import certificate_record, hop_record, ms, phases_record
from scraper.check.views import Incident, Point, Span, View
from scraper.check.web.words import Standing, overall, standing
from scraper.printing import utf8

__all__ = ["Seen", "incidents", "notices", "result", "summary", "target", "targets", "whole"]


class Seen(NamedTuple):
    """What is known of the watch itself.

    :ivar last: when it last committed a check, or began; ``stale`` is whether that is too long ago.
    :ivar notices: see :func:`scraper.check.web.words.troubles`.
    """

    last: float
    stale: bool
    notices: dict[str, int]


def summary(views: Iterable[View], now: float, seen: Seen) -> dict[str, Any]:
    """``/api/v1/summary``: the state of all and its sentence, and how many targets are how."""
    counts = Counter(standing(view) for view in views)
    state, sentence = overall(counts)
    if seen.stale:
        state, sentence = Standing.UNKNOWN, f"Nothing has been checked since {utc(seen.last)}"
    return {
        "state": state.value,
        "sentence": sentence,
        "targets": sum(counts.values()),
        "counts": {one.value: counts[one] for one in Standing},
        "stale": seen.stale,
        "last_check": utc(seen.last),
        "notices": seen.notices,
        "at": utc(now),
    }


def targets(views: Iterable[View], now: float) -> dict[str, Any]:
    """``/api/v1/targets``: all of them, in the order of the page."""
    return {"targets": [target(view, now) for view in views], "at": utc(now)}


def target(view: View, now: float) -> dict[str, Any]:
    """One target: what a row of the page shows."""
    last, asked = view.result, view.target
    certificate = last and last.certificate
    return {
        "key": asked.key,
        "name": asked.title,
        "group": asked.group,
        "url": asked.url,
        "state": standing(view).value,
        "health": view.state,
        "since": utc(view.since),
        "maintenance": view.maintenance,
        "verdict": last and last.verdict.value,
        "reason": (last and last.reason) or None,
        "detail": (last and last.detail) or None,
        "status": last and last.status,
        "checked_at": last and utc(last.at),
        "server_ms": ms(last.server_us) if last and last.status is not None else None,
        "uptime": dict(zip(("24h", "7d", "30d", "90d"), view.uptime, strict=True)),
        "certificate": certificate and certificate_record(certificate, now),
        "incident": view.incident and _incident(view.incident),
    }


def whole(
    view: View,
    results: Sequence[Result],
    incidents: Sequence[Incident],
    times: Mapping[str, Sequence[Point]],
    now: float,
) -> dict[str, Any]:
    """``/api/v1/targets/KEY``: a target with its days, hours, last results and incidents.

    :param results: the newest first, as they are given out.
    :param times: the last hours and days, for the percentiles of the server's time.
    """
    return target(view, now) | {
        "days": [_span(span) for span in view.days],
        "hours": [_span(span) for span in view.hours],
        "times": {length: [_times(point) for point in points] for length, points in times.items()},
        "results": [result(one) for one in results],
        "incidents": [_incident(one) for one in incidents],
        "at": utc(now),
    }


def incidents(found: Iterable[Incident]) -> dict[str, Any]:
    """``/api/v1/incidents``: the last ones, those that are not over first."""
    return {"incidents": [_incident(one) for one in found]}


def notices(found: Iterable[tuple[Notice, Told]]) -> dict[str, Any]:
    """``/api/v1/notices``: the last ones, and how far each has come."""
    return {"notices": [_notice(*one) for one in found]}


def _notice(notice: Notice, told: Told) -> dict[str, Any]:
    change = notice.change
    return {
        "id": notice.uid,
        "receiver": notice.receiver,
        "key": change.key,
        "kind": change.kind.value,
        "opened": change.opened,
        "at": utc(change.at),
        "state": told.state.value,
        "tries": notice.tries,
        "told_at": utc(told.at or None),
        "detail": told.detail,
    }


def result(one: Result) -> dict[str, Any]:
    """What one check came to: the deciding attempt with its hops, and how many were made."""
    return {
        "checked_at": utc(one.at),
        "verdict": one.verdict.value,
        "reason": utf8(one.reason) or None,
        "detail": utf8(one.detail) or None,
        "status": one.status,
        "attempts": len(one.attempts),
        "server_ms": ms(one.server_us),
        "phases": phases_record(one),
        "hops": [hop_record(hop) for hop in one.hops],
    }


def _span(span: Span) -> dict[str, Any]:
    return {"at": utc(span.at), "checks": span.checks, "up": span.up, "server_ms": ms(span.server_us)}


def _times(point: Point) -> dict[str, Any]:
    """The server's times of one hour, or one day."""
    names = ("p50_ms", "p95_ms", "least_ms", "most_ms")
    times = (point.p50_us, point.p95_us, point.least_us, point.most_us)
    return {"at": utc(point.at)} | {name: ms(us) if us else None for name, us in zip(names, times, strict=True)}


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "key": incident.key,
        "started": utc(incident.started),
        "ended": utc(incident.ended),
        "verdict": incident.verdict.value,
        "reason": incident.reason,
        "detail": incident.detail,
    }
