"""The JSON of the page: plain values, the same words as everywhere. Times are RFC 3339 in UTC, durations milliseconds.

Fields may be added; what is here keeps its name and meaning as long as the path says ``v1``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from scraper.check.model import Hop, Result
from scraper.check.web.model import Incident, Span, View
from scraper.check.web.words import Standing, iso, overall, standing
from scraper.model import Certificate

__all__ = ["incidents", "result", "summary", "target", "targets", "whole"]


def summary(views: Iterable[View], now: float) -> dict[str, Any]:
    """``/api/v1/summary``: the state of all and its sentence, and how many targets are how."""
    counts = Counter(standing(view) for view in views)
    state, sentence = overall(counts)
    return {
        "state": state.value,
        "sentence": sentence,
        "targets": sum(counts.values()),
        "counts": {one.value: counts[one] for one in Standing},
        "at": iso(now),
    }


def targets(views: Iterable[View], now: float) -> dict[str, Any]:
    """``/api/v1/targets``: all of them, in the order of the page."""
    return {"targets": [target(view, now) for view in views], "at": iso(now)}


def target(view: View, now: float) -> dict[str, Any]:
    """One target: what a row of the page shows."""
    last, asked = view.result, view.target
    return {
        "key": asked.key,
        "name": asked.title,
        "group": asked.group,
        "url": asked.url,
        "state": standing(view).value,
        "health": view.state,
        "since": iso(view.since),
        "maintenance": view.maintenance,
        "verdict": last and last.verdict.value,
        "reason": last and last.reason,
        "detail": last and last.detail,
        "status": last and last.status,
        "checked_at": iso(last.at) if last else None,
        "server_ms": last.server_us / 1e3 if last and last.status is not None else None,
        "uptime": dict(zip(("24h", "7d", "30d", "90d"), view.uptime, strict=True)),
        "certificate": _certificate(last.certificate, now) if last and last.certificate else None,
        "incident": _incident(view.incident) if view.incident else None,
    }


def whole(view: View, results: Sequence[Result], incidents: Sequence[Incident], now: float) -> dict[str, Any]:
    """``/api/v1/targets/KEY``: a target with its days, hours, last results and incidents.

    :param results: the newest first, as they are given out.
    """
    return target(view, now) | {
        "days": [_span(span) for span in view.days],
        "hours": [_span(span) for span in view.hours],
        "results": [result(one) for one in results],
        "incidents": [_incident(one) for one in incidents],
        "at": iso(now),
    }


def incidents(found: Iterable[Incident]) -> dict[str, Any]:
    """``/api/v1/incidents``: the last ones, those that are not over first."""
    return {"incidents": [_incident(one) for one in found]}


def result(one: Result) -> dict[str, Any]:
    """What one check came to: the deciding attempt with its hops, and how many were made."""
    hops = one.attempts[-1].hops if one.attempts else ()
    return {
        "at": iso(one.at),
        "verdict": one.verdict.value,
        "reason": one.reason,
        "detail": one.detail,
        "status": one.status,
        "attempts": len(one.attempts),
        "server_ms": one.server_us / 1e3,
        "own_ms": sum(hop.waited_us + hop.own_us for hop in hops) / 1e3,
        "hops": [_hop(hop) for hop in hops],
    }


def _hop(hop: Hop) -> dict[str, Any]:
    phases = {"dns": hop.dns_us, "connect": hop.connect_us, "tls": hop.tls_us} | {
        "first_byte": hop.first_us,
        "body": hop.body_us,
    }
    return {
        "url": hop.url,
        "method": hop.method,
        "status": hop.status,
        "location": hop.location,
        "address": hop.address,
        "http": hop.http,
        "phases_ms": {name: us / 1e3 for name, us in phases.items()},
    }


def _span(span: Span) -> dict[str, Any]:
    return {"at": iso(span.at), "checks": span.checks, "up": span.up, "server_ms": span.server_us / 1e3}


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "key": incident.key,
        "started": iso(incident.started),
        "ended": iso(incident.ended),
        "verdict": incident.verdict.value,
        "reason": incident.reason,
        "detail": incident.detail,
    }


def _certificate(certificate: Certificate, now: float) -> dict[str, Any]:
    return {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "names": certificate.names,
        "expires": iso(certificate.not_after),
        "chain_expires": iso(certificate.earliest),
        "days_left": int((certificate.earliest - now) // 86_400),
        "trouble": certificate.trouble,
    }
