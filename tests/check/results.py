"""Results of every shape, for the tests of the outputs."""

from __future__ import annotations

from scraper.check.model import Attempt, Hop, Result, Target, Verdict
from scraper.check.outputs import Summary
from scraper.model import Certificate

AT = 1_750_000_000.125
DAY = 86_400.0

CERTIFICATE = Certificate(
    subject="shop.example",
    issuer="R11",
    names=("shop.example", "www.shop.example"),
    not_before=AT - 29 * DAY,
    not_after=AT + 61.5 * DAY,
    earliest=AT + 61.5 * DAY,
    fingerprint="9f" * 32,
)


def hop(url: str, status: int | None = 200, location: str | None = None, first_us: int = 80_000) -> Hop:
    tls_us = 12_000 if url.startswith("https:") else 0
    http = None if status is None else "1.1"
    return Hop(url, "GET", status, location, "192.0.2.7", http, 150, 90, 1_250, 3_100, tls_us, first_us, 1_500)


def attempt(verdict: Verdict, *hops: Hop, reason: str = "", detail: str = "", at: float = AT) -> Attempt:
    return Attempt(at, verdict, reason, detail, hops)


def result(target: Target, *attempts: Attempt, certificate: Certificate | None = None) -> Result:
    """What ``target`` came to by its last attempt."""
    last = attempts[-1]
    return Result(target, last.verdict, last.reason, last.detail, AT - 1, AT, attempts, certificate)


def up(number: int = 1, group: str = "", name: str = "") -> Result:
    url = f"https://shop-{number:05}.example/"
    return result(Target(url=url, name=name, group=group), attempt(Verdict.UP, hop(url)), certificate=CERTIFICATE)


def down(number: int = 1, group: str = "", name: str = "") -> Result:
    url = f"https://mail-{number:05}.example/"
    failed = attempt(Verdict.DOWN, hop(url, None), reason="timeout", detail="no answer in 10 s")
    return result(Target(url=url, name=name, group=group, place=f"shops.txt:{number}"), failed, failed, failed)


def hostile(text: str) -> Result:
    """A result with ``text`` wherever something of a server's or a list's can stand."""
    target = Target(url="http://a.test/?q=|`", name=text, group=text, place=f"{text}:7")
    shown = Certificate(text, text, (text,), AT, AT, AT, text, text)
    moved = Hop("http://a.test/", "GET", 301, text, text, text, 1, 2, 3, 4, 5, 6, 7)
    bad = Attempt(AT, Verdict.DOWN, text, text, (moved, hop("http://a.test/b", 500)))
    return Result(target, Verdict.DOWN, text, text, AT, AT, (bad,), shown)


EXPIRING = Certificate("pay.example", "R11", ("pay.example",), AT - 84 * DAY, AT + 6 * DAY, AT + 6 * DAY)
EXPIRED = Certificate("old.example", "R11", (), AT - 99 * DAY, AT - 9 * DAY, AT - 9 * DAY, "expired 9 days ago")

SHAPES = [
    up(1),
    up(2, name="second"),
    result(
        Target(url="http://flaky.example/", name="flaky", group="eu", place="shops.txt:3"),
        attempt(Verdict.DOWN, hop("http://flaky.example/", 500), reason="status", detail="500, expected 200..399"),
        attempt(Verdict.UP, hop("http://flaky.example/"), at=AT + 1),
    ),
    result(
        Target(url="https://old.example/", group="eu"),
        attempt(Verdict.SLOW, hop("https://old.example/", first_us=3_880_000), reason="slow", detail="slower than 2 s"),
        certificate=CERTIFICATE,
    ),
    down(17, "eu", "mail"),
    result(
        Target(url="https://pay.example/"),
        attempt(Verdict.CERT, hop("https://pay.example/"), reason="cert", detail="certificate expires in 6 days"),
        certificate=EXPIRING,
    ),
    result(
        Target(url="http://moved.example/"),
        attempt(
            Verdict.BLOCKED,
            hop("http://moved.example/", 301, "https://moved.example/"),
            hop("https://moved.example/", 403),
            reason="challenge",
            detail="a test for robots (Cloudflare)",
        ),
        certificate=CERTIFICATE,
    ),
    result(
        Target(url="https://expired.example/", place="shops.txt:9"),
        attempt(Verdict.DOWN, hop("https://expired.example/", None), reason="tls", detail="expired 9 days ago"),
        certificate=EXPIRED,
    ),
]
"""One of each kind, and some besides."""


def summary(results: list[Result], **more: object) -> Summary:
    """That of ``results``."""
    counts = {verdict: sum(each.verdict is verdict for each in results) for verdict in Verdict}
    return Summary(counts=counts, elapsed=33.14, started=AT - 40, command="scraper check shops.txt", **more)  # type: ignore[arg-type]
