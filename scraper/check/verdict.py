"""What an attempt comes to: one table of rules, the first that applies decides.

The details are for people. They are made of facts that are the same in all backends: what an HTTP library says of its
trouble stays out of them, and so do times, which are in the evidence.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from scraper.check.model import Hop, Target, Verdict, counted
from scraper.check.steps import MOVED, strays
from scraper.model import Certificate, Evidence, Failed, Fetched, Outcome, Reason, Refused
from scraper.report.human import human_count

__all__ = ["RULES", "Case", "Finding", "certificate_of", "evidence_of", "judge", "worse"]


class Finding(NamedTuple):
    """A verdict with its reason in a word and its detail in a few; see :class:`scraper.check.model.Result`."""

    verdict: Verdict
    reason: str = ""
    detail: str = ""


class Case(NamedTuple):
    """An attempt that has ended.

    :ivar outcome: of its last request; ``hops`` are all, that one included.
    :ivar now: seconds since the epoch.
    :ivar certificate: the worst of those that its hops have shown.
    """

    target: Target
    outcome: Outcome
    hops: Sequence[Hop]
    now: float
    certificate: Certificate | None

    @property
    def answer(self) -> Fetched | None:
        """The outcome, where it is an answer."""
        return self.outcome if isinstance(self.outcome, Fetched) else None


def judge(
    target: Target, outcome: Outcome, hops: Sequence[Hop], now: float, earlier: Certificate | None = None
) -> Finding:
    """What an attempt of ``target`` that ended with ``outcome`` comes to; see :class:`Case`.

    :param earlier: the worst certificate that the hops before the last have shown.
    """
    case = Case(target, outcome, hops, now, worse(earlier, certificate_of(outcome)))
    return next((finding for rule in RULES if (finding := rule(case)) is not None), Finding(Verdict.UP))


def evidence_of(outcome: Outcome) -> Evidence | None:
    """What the probe found out besides, where it got that far."""
    return None if isinstance(outcome, Refused) else outcome.evidence


def certificate_of(outcome: Outcome) -> Certificate | None:
    """The certificate that was shown, trusted or not."""
    evidence = evidence_of(outcome)
    return None if evidence is None else evidence.certificate


def worse(one: Certificate | None, other: Certificate | None) -> Certificate | None:
    """Which of two certificates is in more trouble: one that is not trusted, else the one that ends first."""
    if one is None or other is None:
        return one or other
    return min(other, one, key=lambda shown: (shown.trouble is None, shown.earliest or shown.not_after or math.inf))


# the rules: what they make of a case, or None


def _challenged(case: Case) -> Finding | None:
    """A page that lets only people through; who expects its status on purpose, gets what they expect."""
    evidence, answer = evidence_of(case.outcome), case.answer
    if answer is None or evidence is None or evidence.challenge is None:
        return None
    if answer.status >= 400 and answer.status in case.target.expect:
        return None
    return Finding(Verdict.BLOCKED, "challenge", f"a test for robots ({evidence.challenge})")


def _turned_away(case: Case) -> Finding | None:
    answer = case.answer
    if answer is None or answer.status in case.target.expect or answer.status not in _TURNED_AWAY:
        return None
    reason, words = _TURNED_AWAY[answer.status]
    return Finding(Verdict.BLOCKED, reason, f"{answer.status}, {words}")


def _unanswered(case: Case) -> Finding | None:
    match case.outcome:
        case Failed(reason=reason) | Refused(reason=reason):
            return Finding(Verdict.DOWN, reason.value, _trouble(case.outcome))
        case _:
            return None


def _led_astray(case: Case) -> Finding | None:
    """A redirect that was not followed, though they are."""
    answer = case.answer
    if answer is None or not case.target.follow:
        return None
    if answer.location is not None:
        words = strays(case.target, answer.location, case.hops)
    else:
        words = f"{answer.status} to nowhere" if answer.status in MOVED else None
    return None if words is None else Finding(Verdict.DOWN, Reason.REDIRECTS.value, words)


def _unexpected(case: Case) -> Finding | None:
    if case.answer is None or case.answer.status in case.target.expect:
        return None
    return Finding(Verdict.DOWN, "status", f"{case.answer.status}, expected {case.target.expect}")


def _unmet(case: Case) -> Finding | None:
    evidence = evidence_of(case.outcome)
    return Finding(Verdict.DOWN, "body", evidence.unmet[0]) if evidence and evidence.unmet else None


def _untrusted(case: Case) -> Finding | None:
    certificate = certificate_of(case.outcome)
    return Finding(Verdict.DOWN, "tls", certificate.trouble) if certificate and certificate.trouble else None


def _expiring(case: Case) -> Finding | None:
    certificate, days = case.certificate, case.target.cert_days
    left = certificate.days_left(case.now) if certificate else None
    if left is None or days is None or left > days:
        return None
    whose = "" if certificate == certificate_of(case.outcome) else " of a redirect"
    return Finding(Verdict.CERT, "cert", f"certificate{whose} expires {_in_days(int(left))}")


def _slow(case: Case) -> Finding | None:
    limit = case.target.slower_than
    if limit is None or sum(hop.server_us for hop in counted(case.hops)) <= limit * 1e6:
        return None
    return Finding(Verdict.SLOW, "slow", f"slower than {limit:g} s")


RULES: tuple[Callable[[Case], Finding | None], ...] = (
    _challenged,
    _turned_away,
    _unanswered,
    _led_astray,
    _unexpected,
    _unmet,
    _untrusted,
    _expiring,
    _slow,
)
"""In the order in which they are asked: what blocks explains what is wrong, and what is down is neither slow nor
about to expire."""

_TURNED_AWAY = {
    401: ("login", "it wants a login"),
    403: ("forbidden", "not for us"),
    429: ("rate", "too many requests"),
}
"""Statuses of a server that is there, and does not let us in (RFC 9110, 15.5.2 and 15.5.4; RFC 6585, 4)."""


def _in_days(days: int) -> str:
    return "within a day" if days < 1 else f"in {human_count(days, 'day')}"


def _trouble(outcome: Failed | Refused) -> str:
    """What went wrong, in words that are the same in all backends."""
    if outcome.reason is Reason.TLS and (certificate := certificate_of(outcome)) and certificate.trouble:
        return certificate.trouble
    if outcome.reason is Reason.TIMEOUT and (evidence := evidence_of(outcome)) is not None:
        return _late(evidence, outcome.detail)
    words = _WORDS.get(outcome.reason, ())
    return next((said for pattern, said in words if pattern.search(outcome.detail)), _plain(outcome.detail))


def _late(evidence: Evidence, detail: str) -> str:
    """What had not come when the time was over; ``detail`` names the limit.

    Of limits that are equal any may be named, whichever a border looks at first: the phase says more.
    """
    limit = _SECONDS.search(detail)
    if limit is None:
        return _plain(detail)
    if evidence.body_us:
        return f"not whole after {limit[0]}"
    return f"no {'answer' if evidence.first_us else 'connection'} within {limit[0]}"


def _plain(detail: str) -> str:
    """What the border to the network says in its own words, without the name of the limit that ran out."""
    return _PHASE.sub("", detail)


_SECONDS = re.compile(r"\S+ s\Z")
_PHASE = re.compile(r"\A(?:connect|read|total): ")
_ANY = re.compile("")
_WORDS: dict[Reason, tuple[tuple[re.Pattern[str], str], ...]] = {
    Reason.DNS: ((_ANY, "name not found"),),
    Reason.CONNECT: (
        (re.compile(r"refused|Errno (?:111|61)\b"), "refused"),
        (re.compile(r"unreachable|[Nn]o route|Errno (?:101|113|51|65)\b"), "unreachable"),
        (_ANY, "no connection"),
    ),
    Reason.RESET: ((_ANY, "connection closed before the answer was whole"),),
    Reason.PROXY: ((_ANY, "the proxy refused, or was not to be reached"),),
    Reason.LOST: ((_ANY, "our own worker died of it, again and again"),),
}
"""Of troubles that the HTTP libraries and the system tell in words of their own: what to say instead. Numbers of
errors are those of Linux and of macOS."""
