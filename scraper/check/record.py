"""The record of a check: what scripts read, in JSON, JSON lines and CSV. Flat, and every field is always there.

The same fields are published as a JSON Schema, ``docs/check-result.schema.json``, which :func:`schema` makes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from scraper.check.model import Attempt, Hop, Result, Verdict
from scraper.check.moments import utc
from scraper.model import Certificate
from scraper.printing import utf8

__all__ = [
    "CertificateRecord",
    "CheckRecord",
    "HopRecord",
    "Phases",
    "TryRecord",
    "certificate_record",
    "hop_record",
    "ms",
    "phases_record",
    "record_of",
    "schema",
]

Ms: TypeAlias = Annotated[float, Meta(description="Milliseconds, to the microsecond.")]
Utc: TypeAlias = Annotated[str, Meta(description="RFC 3339, in UTC, to the millisecond: 2026-01-31T06:15:00.125Z.")]
Count: TypeAlias = Annotated[int, Meta(ge=0)]


class Phases(msgspec.Struct, frozen=True):
    """Where the time went. ``waited`` and ``own`` are our own; the others are the server's and the network's."""

    waited: Ms = 0.0
    own: Ms = 0.0
    dns: Ms = 0.0
    connect: Ms = 0.0
    tls: Ms = 0.0
    first_byte: Ms = 0.0
    body: Ms = 0.0


class HopRecord(msgspec.Struct, frozen=True):
    """One request of a try, and its answer. Without an answer the status is null."""

    url: str
    method: str
    status: int | None
    location: str | None
    address: str | None
    http: str | None
    waited_ms: Ms
    own_ms: Ms
    dns_ms: Ms
    connect_ms: Ms
    tls_ms: Ms
    first_byte_ms: Ms
    body_ms: Ms


class TryRecord(msgspec.Struct, frozen=True):
    """One try: a request for each redirect, and one for the answer."""

    at: Utc | None
    verdict: Verdict
    reason: str | None
    detail: str | None
    hops: tuple[HopRecord, ...]


class CertificateRecord(msgspec.Struct, frozen=True):
    """What the server showed to be known by, trusted or not. Dates that are not known are null."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: Utc | None
    not_after: Utc | None
    earliest: Annotated[Utc | None, Meta(description="When the first of the chain expires.")]
    days_left: Annotated[float | None, Meta(description="Days until the first of the chain expires; negative after.")]
    trouble: Annotated[str | None, Meta(description="Why it is not trusted; null where it is.")]
    fingerprint: Annotated[str, Meta(description="SHA-256, in hexadecimal digits.")]


class CheckRecord(msgspec.Struct, frozen=True):
    """What one check of a target came to, with the evidence. What does not apply is null."""

    schema: Literal[1]
    url: Annotated[str, Meta(description="What was asked for, in canonical form.")]
    final_url: Annotated[str, Meta(description="Where the redirects led to; else the same.")]
    name: str | None
    group: str | None
    place: Annotated[str | None, Meta(description="Where the target was said: FILE:LINE.")]
    verdict: Annotated[Verdict, Meta(description="What it came to, in one word.")]
    reason: Annotated[str | None, Meta(description="Why, in one word; null for up.")]
    detail: Annotated[str | None, Meta(description="Why, for a person; its wording may change.")]
    status: Annotated[int | None, Meta(description="HTTP status of the last answer; null where there was none.")]
    attempts: Annotated[Count, Meta(description="Tries made; the last one decided.")]
    failed_attempts: Annotated[Count, Meta(description="Those of them that came to down.")]
    redirects: Annotated[Count, Meta(description="Redirects that were followed in the try that decided.")]
    server_ms: Annotated[
        Ms, Meta(description="The server's and the network's time in the try that decided, redirects included.")
    ]
    phases: Annotated[Phases, Meta(description="Of the try that decided: the sums over its requests.")]
    address: Annotated[str | None, Meta(description="The IP address that was connected to last, or tried.")]
    http: Annotated[str | None, Meta(description="Version of the protocol: 1.1.")]
    certificate: CertificateRecord | None
    checked_at: Annotated[Utc | None, Meta(description="When the check ended.")]
    due: Annotated[Utc | None, Meta(description="When it should have begun.")]
    tries: Annotated[tuple[TryRecord, ...], Meta(description="All tries, in order.")]


_NO_HOP = Hop("")


def record_of(result: Result) -> CheckRecord:
    """Lay ``result`` flat."""
    target, attempts, hops = result.target, result.attempts, result.hops
    last = hops[-1] if hops else _NO_HOP
    return CheckRecord(
        schema=1,
        url=utf8(target.url),
        final_url=utf8(last.url or target.url),
        name=utf8(target.name) or None,
        group=utf8(target.group) or None,
        place=utf8(target.place) or None,
        verdict=result.verdict,
        reason=utf8(result.reason) or None,
        detail=utf8(result.detail) or None,
        status=last.status,
        attempts=len(attempts),
        failed_attempts=sum(each.verdict is Verdict.DOWN for each in attempts),
        redirects=sum(hop.location is not None for hop in hops[:-1]),
        server_ms=ms(result.server_us),
        phases=phases_record(result),
        address=utf8(last.address),
        http=utf8(last.http),
        certificate=certificate_record(result.certificate, result.at) if result.certificate else None,
        checked_at=utc(result.at),
        due=utc(result.due),
        tries=tuple(map(_try, attempts)),
    )


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a record."""
    about = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Result of scraper check",
    }
    return about | msgspec.json.schema(CheckRecord)


def ms(us: int) -> float:
    """Microseconds as records have them."""
    return round(us / 1000, 3)


def _try(attempt: Attempt) -> TryRecord:
    return TryRecord(
        at=utc(attempt.at),
        verdict=attempt.verdict,
        reason=utf8(attempt.reason) or None,
        detail=utf8(attempt.detail) or None,
        hops=tuple(map(hop_record, attempt.hops)),
    )


def hop_record(hop: Hop) -> HopRecord:
    """Lay ``hop`` flat."""
    return HopRecord(
        url=utf8(hop.url),
        method=hop.method,
        status=hop.status,
        location=utf8(hop.location),
        address=utf8(hop.address),
        http=utf8(hop.http),
        waited_ms=ms(hop.waited_us),
        own_ms=ms(hop.own_us),
        dns_ms=ms(hop.dns_us),
        connect_ms=ms(hop.connect_us),
        tls_ms=ms(hop.tls_us),
        first_byte_ms=ms(hop.first_us),
        body_ms=ms(hop.body_us),
    )


def phases_record(result: Result) -> Phases:
    """Where the time of the try that decided went."""
    waited, own = sum(hop.waited_us for hop in result.hops), sum(hop.own_us for hop in result.hops)
    return Phases(*map(ms, (waited, own, *result.phases_us)))


def certificate_record(certificate: Certificate, now: float) -> CertificateRecord:
    """Lay ``certificate`` flat, as it is at ``now``."""
    left = certificate.days_left(now)
    return CertificateRecord(
        subject=utf8(certificate.subject),
        issuer=utf8(certificate.issuer),
        names=tuple(map(utf8, certificate.names)),
        not_before=utc(certificate.not_before),
        not_after=utc(certificate.not_after),
        earliest=utc(certificate.earliest or certificate.not_after),
        days_left=None if left is None else round(left, 2),
        trouble=utf8(certificate.trouble),
        fingerprint=utf8(certificate.fingerprint),
    )
