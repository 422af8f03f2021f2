"""What a result says to a person, in words: why, how many tries it took, how long the certificate holds."""

from __future__ import annotations

import math
from collections.abc import Iterator

from scraper.check.model import Result, Verdict
from scraper.check.moments import moment
from scraper.check.record import CertificateRecord, CheckRecord, HopRecord, TryRecord
from scraper.report.human import human_count, human_duration

__all__ = ["answer", "certificate_rows", "duration", "evidence_lines", "joined", "note", "phases", "why"]

_SAID_BY_DETAIL = frozenset({"status", "slow", "cert", "login", "forbidden", "rate", "challenge"})
"""Reasons whose details say it all."""


def note(result: Result) -> str:
    """What stands behind a target in a table: ``timeout: no answer in 10 s, 3 of 3 tries failed``."""
    return ", ".join(part for part in (why(result.reason, result.detail), _tries(result), _certificate(result)) if part)


def why(reason: str | None, detail: str | None) -> str:
    """The reason with its particulars."""
    if not reason or not detail:
        return reason or detail or ""
    said = reason in _SAID_BY_DETAIL or detail.lower().startswith(reason)
    return detail if said else f"{reason}: {detail}"


def _tries(result: Result) -> str:
    failed = sum(each.verdict is Verdict.DOWN for each in result.attempts)
    if result.verdict is not Verdict.DOWN:
        return f"after {human_count(failed, 'failed try', 'failed tries')}" if failed else ""
    return f"{failed} of {len(result.attempts)} tries failed" if len(result.attempts) > 1 else ""


def _certificate(result: Result) -> str:
    """How long it holds, where that is not what the verdict is about."""
    shown = result.certificate
    if shown is None or shown.trouble or result.verdict not in (Verdict.UP, Verdict.SLOW):
        return ""
    left = shown.days_left(result.at)
    return "" if left is None else f"cert {math.floor(left)} d"


def duration(ms: float) -> str:
    """``21.3 ms``; a dash for no time at all."""
    return human_duration(ms / 1000) if ms else "-"


def evidence_lines(record: CheckRecord) -> Iterator[str]:
    """All that a verdict rests on, as lines of text."""
    yield record.url
    if record.place:
        yield f"said in {record.place}"
    for number, attempt in enumerate(record.tries, 1):
        yield from _try_lines(number, attempt)
    if record.certificate:
        yield from _certificate_lines(record.certificate)


def _try_lines(number: int, attempt: TryRecord) -> Iterator[str]:
    reason = why(attempt.reason, attempt.detail)
    yield f"try {number}, {moment(attempt.at)}: {attempt.verdict.value}{f', {reason}' if reason else ''}"
    for hop in attempt.hops:
        yield f"  {hop.method} {hop.url}"
        yield f"    {answer(hop)}"
        yield f"    {', '.join(f'{name} {duration(ms)}' for name, ms in phases(hop) if ms) or 'no time'}"


def answer(hop: HopRecord) -> str:
    """``301 -> https://www.shop.example/, HTTP/1.1, from 192.0.2.7``."""
    what = "no answer" if hop.status is None else str(hop.status)
    return joined(
        f"{what} -> {hop.location}" if hop.location else what,
        hop.http and f"HTTP/{hop.http}",
        hop.address and f"from {hop.address}",
    )


def phases(hop: HopRecord) -> tuple[tuple[str, float], ...]:
    """The phases in their order, as (name, milliseconds); the first two are our own."""
    return (
        ("waited", hop.waited_ms),
        ("own", hop.own_ms),
        ("DNS", hop.dns_ms),
        ("connect", hop.connect_ms),
        ("TLS", hop.tls_ms),
        ("first byte", hop.first_byte_ms),
        ("body", hop.body_ms),
    )


def _certificate_lines(shown: CertificateRecord) -> Iterator[str]:
    yield "certificate"
    for name, text in certificate_rows(shown):
        yield f"  {name}: {text}"


def certificate_rows(shown: CertificateRecord) -> Iterator[tuple[str, str]]:
    """What there is to say of a certificate, as (name, text)."""
    first = "" if shown.earliest == shown.not_after else f"the chain until {_date(shown.earliest)}"
    valid = f"{_date(shown.not_before)} to {_date(shown.not_after)}"
    rows = (
        ("trouble", shown.trouble),
        ("subject", shown.subject),
        ("issuer", shown.issuer),
        ("names", ", ".join(shown.names)),
        ("valid", joined(valid, first, _left(shown.days_left))),
        ("SHA-256", shown.fingerprint),
    )
    yield from ((name, text) for name, text in rows if text)


def _date(utc: str | None) -> str:
    return utc[:10] if utc else "-"


def _left(days: float | None) -> str:
    if days is None:
        return ""
    return f"{days:.1f} days left" if days >= 0 else f"over for {-days:.1f} days"


def joined(*parts: str | None) -> str:
    """The parts that there are, with commas."""
    return ", ".join(part for part in parts if part)
