"""The table of verdicts: each row of it, and which wins where several hold."""

from __future__ import annotations

from typing import Any

import pytest

from scraper.check.model import Hop, Statuses, Target, Verdict
from scraper.check.verdict import RULES, Case, Finding, certificate_of, judge, worse
from scraper.model import Certificate, Evidence, Failed, Fetched, Outcome, Reason, Refused, Request

NOW = 1_800_000_000.0
DAY = 86_400.0
URL = "https://a/"
REQUEST = Request(URL)
GOOD = Certificate(subject="a", not_after=NOW + 90 * DAY, earliest=NOW + 60 * DAY)


def answer(status: int = 200, location: str | None = None, **evidence: Any) -> Fetched:
    return Fetched(REQUEST, status, location=location, evidence=Evidence(**{"certificate": GOOD, **evidence}))


def failed(reason: Reason, detail: str = "", **evidence: Any) -> Failed:
    return Failed(REQUEST, reason, detail, evidence=Evidence(**evidence))


def ending(seconds: float) -> Certificate:
    return Certificate(not_after=NOW + 400 * DAY, earliest=NOW + seconds)


def found(outcome: Outcome, *hops: Hop, **target: Any) -> str:
    """Verdict, reason and detail, as a line."""
    verdict, reason, detail = judge(Target(url=URL, **target), outcome, hops or [Hop(URL, first_us=500_000)], NOW)
    return " | ".join([verdict.value, reason, detail]) if reason else verdict.value


EXPECTED = Statuses(((200, 299), (403, 403), (429, 429)))

TABLE: list[tuple[str, Outcome, dict[str, Any], str]] = [
    ("all well", answer(), {}, "up"),
    ("no certificate, no phases", Fetched(REQUEST, 200), {}, "up"),
    ("expected on purpose", answer(404), {"expect": Statuses(((404, 404),))}, "up"),
    ("not expected", answer(404), {}, "down | status | 404, expected 200..399"),
    ("not the one expected", answer(200), {"expect": EXPECTED}, "up"),
    ("an error", answer(500), {"expect": EXPECTED}, "down | status | 500, expected 200..299,403,429"),
    ("a login", answer(401), {}, "blocked | login | 401, it wants a login"),
    ("forbidden", answer(403), {}, "blocked | forbidden | 403, not for us"),
    ("too many", answer(429), {}, "blocked | rate | 429, too many requests"),
    ("forbidden, expected", answer(403), {"expect": EXPECTED}, "up"),
    ("too many, expected", answer(429), {"expect": EXPECTED}, "up"),
    ("a challenge", answer(503, challenge="X"), {}, "blocked | challenge | a test for robots (X)"),
    ("one that says 200", answer(200, challenge="X"), {}, "blocked | challenge | a test for robots (X)"),
    ("one with 403", answer(403, challenge="X"), {}, "blocked | challenge | a test for robots (X)"),
    ("one that is expected", answer(403, challenge="X"), {"expect": EXPECTED}, "up"),
    ("a redirect as an answer", answer(301, "http://b/"), {"follow": False}, "up"),
    ("one not expected", answer(301, "http://b/"), {"follow": False, "expect": EXPECTED}, "down | status | 301, "),
    ("a redirect to nowhere", answer(301), {}, "down | redirects | 301 to nowhere"),
    ("one as an answer", answer(301), {"follow": False}, "up"),
    ("a choice for people", answer(300), {}, "up"),
    ("not modified", answer(304), {}, "up"),
    ("the wrong body", answer(unmet=("no 'x'", "no 'y'")), {}, "down | body | no 'x'"),
    ("not trusted", answer(certificate=Certificate(trouble="self-signed")), {}, "down | tls | self-signed"),
    ("ends in days", answer(certificate=ending(6.5 * DAY)), {}, "cert | cert | certificate expires in 6 days"),
    ("ends in a day", answer(certificate=ending(1.5 * DAY)), {}, "cert | cert | certificate expires in 1 day"),
    ("ends today", answer(certificate=ending(0.5 * DAY)), {}, "cert | cert | certificate expires within a day"),
    ("ends much later", answer(certificate=ending(15 * DAY)), {}, "up"),
    ("later than asked for", answer(certificate=ending(15 * DAY)), {"cert_days": 30.0}, "cert | cert | "),
    ("nobody minds", answer(certificate=ending(1.0)), {"cert_days": None}, "up"),
    ("only its own end is known", answer(certificate=Certificate(not_after=NOW + 2 * DAY)), {}, "cert | cert | "),
    ("slow", answer(), {"slower_than": 0.4}, "slow | slow | slower than 0.4 s"),
    ("not slow", answer(), {"slower_than": 0.5}, "up"),
    # which wins
    ("slow and about to expire", answer(certificate=ending(1.0)), {"slower_than": 0.1}, "cert | cert | "),
    ("down and slow", answer(500), {"slower_than": 0.1}, "down | status | "),
    ("down and about to expire", answer(500, certificate=ending(1.0)), {}, "down | status | "),
    ("blocked and about to expire", answer(403, certificate=ending(1.0)), {}, "blocked | forbidden | "),
    ("a wrong body with a wrong status", answer(500, unmet=("no 'x'",)), {}, "down | status | "),
    ("a wrong body of a challenge", answer(200, unmet=("no 'x'",), challenge="X"), {}, "blocked | challenge | "),
    # failures
    ("no name", failed(Reason.DNS, "a: Name or service not known"), {}, "down | dns | name not found"),
    ("refused", failed(Reason.CONNECT, "a:80: Connection refused"), {}, "down | connect | refused"),
    ("refused, as asyncio says", failed(Reason.CONNECT, "[Errno 111] Connect"), {}, "down | connect | refused"),
    ("no way", failed(Reason.CONNECT, "a: Network is unreachable"), {}, "down | connect | unreachable"),
    ("no way, as asyncio says", failed(Reason.CONNECT, "[Errno 113] x"), {}, "down | connect | unreachable"),
    ("not even that", failed(Reason.CONNECT, "whatever"), {}, "down | connect | no connection"),
    (
        "no connection in time",
        failed(Reason.TIMEOUT, "connect: no connection within 10 s"),
        {},
        "down | timeout | no connection within 10 s",
    ),
    (
        "no answer in time",
        failed(Reason.TIMEOUT, "read: not a byte for 20 s", connect_us=9, first_us=20_000_000),
        {},
        "down | timeout | no answer within 20 s",
    ),
    (
        "only half of it in time",
        failed(Reason.TIMEOUT, "read: not a byte for 20 s", connect_us=9, first_us=9, body_us=20_000_000),
        {},
        "down | timeout | not whole after 20 s",
    ),
    (
        "no handshake in time",
        failed(Reason.TIMEOUT, "total: the answer was not whole after 0.7 s", connect_us=9, tls_us=700_000),
        {},
        "down | timeout | no connection within 0.7 s",
    ),
    (
        "cut off",
        failed(Reason.RESET, "[Errno 104] Connection reset by peer"),
        {},
        "down | reset | connection closed before the answer was whole",
    ),
    ("no HTTP", failed(Reason.PROTOCOL, "no status line"), {}, "down | protocol | no status line"),
    ("TLS", failed(Reason.TLS, "the certificate has expired"), {}, "down | tls | the certificate has expired"),
    (
        "TLS, with the certificate",
        failed(Reason.TLS, "text", certificate=Certificate(trouble="it has expired")),
        {},
        "down | tls | it has expired",
    ),
    ("too large", failed(Reason.TOO_LARGE, "over the limit"), {}, "down | too-large | over the limit"),
    ("ours", failed(Reason.LOST, "pid 7 died"), {}, "down | lost | our own worker died of it, again and again"),
    ("the proxy", failed(Reason.PROXY, "x"), {}, "down | proxy | the proxy refused, or was not to be reached"),
    ("a failure that is slow", failed(Reason.DNS), {"slower_than": 0.1}, "down | dns | "),
    (
        "refused by us",
        Refused(REQUEST, Reason.PRIVATE_ADDRESS, "10.0.0.1 is not a public address"),
        {},
        "down | private-address | 10.0.0.1 is not a public address",
    ),
]


@pytest.mark.parametrize(("outcome", "target", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_each_row(outcome: Outcome, target: dict[str, Any], expected: str) -> None:
    said = found(outcome, **target)
    assert said == expected or (expected.endswith(" ") and said.startswith(expected))


def test_a_redirect_back_to_where_it_came_from_is_a_circle() -> None:
    hops = [Hop(URL, location="https://a/2"), Hop("https://a/2", location=URL)]
    assert found(answer(302, URL), *hops) == f"down | redirects | in a circle, back to {URL}"


def test_where_head_was_get_may_go_too() -> None:
    there = "https://a/2"
    hops = [Hop(URL, "HEAD", location=there), Hop(there, "HEAD", 405), Hop(there, "GET", location=URL)]
    assert found(answer(302, URL), *hops) == "up"


def test_too_many_redirects() -> None:
    hops = [Hop(f"https://a/{n}", location=f"https://a/{n + 1}") for n in range(3)]
    assert found(answer(302, "https://a/3"), *hops, redirects=2) == "down | redirects | more than 2"


def test_the_time_of_all_hops_counts_and_none_of_our_own() -> None:
    hops = [Hop(URL, waited_us=9_000_000, own_us=9_000_000, dns_us=300_000), Hop(URL, body_us=300_000)]
    assert found(answer(), *hops, slower_than=0.6) == "up"
    assert found(answer(), *hops, slower_than=0.59) == "slow | slow | slower than 0.59 s"


def test_a_head_that_was_in_vain_is_no_time_of_the_servers() -> None:
    """Its redirects are: a visitor goes that way too."""
    moved, there = Hop(URL, "HEAD", 301, location="https://a/2", first_us=300_000), "https://a/2"
    hops = [moved, Hop(there, "HEAD", 405, first_us=900_000), Hop(there, "GET", 200, first_us=300_000)]
    assert found(answer(), *hops, slower_than=0.6) == "up"
    assert found(answer(), *hops, slower_than=0.59).startswith("slow")


def test_the_certificate_of_a_redirect_may_end_first() -> None:
    """Also where it leads to a place without one."""
    for last in (answer(), answer(certificate=None)):
        finding = judge(Target(url=URL), last, [Hop(URL)], NOW, ending(6.5 * DAY))
        assert finding == (Verdict.CERT, "cert", "certificate of a redirect expires in 6 days")


def test_the_worse_of_two_certificates() -> None:
    bad = Certificate(trouble="self-signed", not_after=NOW + 900 * DAY)
    soon, late, unknown = ending(DAY), ending(2 * DAY), Certificate()
    for one, other, wanted in [
        (bad, soon, bad), (soon, late, soon), (unknown, late, late), (None, late, late), (None, None, None),
    ]:  # fmt: skip
        assert worse(one, other) == worse(other, one) == wanted


@pytest.mark.parametrize("reason", list(Reason), ids=lambda reason: reason.value)
def test_every_failure_is_down_with_its_own_word(reason: Reason) -> None:
    assert found(failed(reason, "why")).startswith(f"down | {reason.value} | ")


def test_every_rule_has_its_row() -> None:
    """No rule is idle: each is the first that applies to some row."""
    first = set()
    for _, outcome, target, _ in TABLE:
        case = Case(Target(url=URL, **target), outcome, [Hop(URL, first_us=500_000)], NOW, certificate_of(outcome))
        first |= {next((rule for rule in RULES if rule(case)), None)}
    assert {rule.__name__ for rule in RULES} == {rule.__name__ for rule in first if rule}


def test_a_finding_without_words_is_up() -> None:
    assert Finding(Verdict.UP) == (Verdict.UP, "", "")
