"""What comes next in a check: a redirect, the other method, another attempt."""

from __future__ import annotations

from collections.abc import Sequence

from scraper.check.model import Hop, Target, Verdict
from scraper.model import Failed, Fetched, Outcome, Reason

__all__ = ["LONGEST_WAIT", "MOVED", "next_method", "next_url", "refuses_head", "strays", "worth_another"]

LONGEST_WAIT = 30.0
"""Seconds of a Retry-After that another attempt waits for; who wants more is not asked again in this check."""

MOVED = frozenset({301, 302, 303, 307, 308})
"""Statuses of an answer that is nothing but the place to go to (RFC 9110, 15.4)."""

_BY_METHOD = frozenset({Reason.PROTOCOL, Reason.RESET})
"""Failures of a HEAD that may be the method's."""
_FINAL = frozenset({Reason.LOST, Reason.URL, Reason.PRIVATE_ADDRESS})
"""Failures that are ours, or our policy's: another attempt would end likewise. Not that we had no file left to open:
that is ours too, but it passes."""


def next_url(target: Target, outcome: Outcome, hops: Sequence[Hop]) -> str | None:
    """Where an attempt goes on after ``outcome``, the last of ``hops``; None where it leads nowhere."""
    if not (isinstance(outcome, Fetched) and target.follow) or outcome.location is None:
        return None
    return None if strays(target, outcome.location, hops) else outcome.location


def strays(target: Target, location: str, hops: Sequence[Hop]) -> str | None:
    """Why a redirect to ``location`` is not followed; ``hops`` are those until then, the redirect's included."""
    if any(hop.url == location and hop.method == hops[-1].method for hop in hops):
        return f"in a circle, back to {location}"
    if sum(hop.location is not None for hop in hops) > target.redirects:
        return f"more than {target.redirects}"
    return None


def refuses_head(target: Target, outcome: Outcome) -> bool:
    """Whether GET may come to more than the HEAD that ``outcome`` answers: many servers do not know that.

    Who asks us to come less often is not asked twice.
    """
    match outcome:
        case Fetched(status=status):
            if outcome.status in MOVED and outcome.location is None:
                return target.follow
            return status >= 400 and status not in target.expect and status != 429 and not _waits_long(outcome)
        case Failed(reason=reason):
            return reason in _BY_METHOD
        case _:
            return False


def next_method(target: Target, method: str, outcome: Outcome) -> str:
    """How an attempt begins, after one by ``method`` that ended with ``outcome``: some servers never answer a HEAD."""
    silent = isinstance(outcome, Failed) and outcome.reason is Reason.TIMEOUT
    return "GET" if silent and target.method == "auto" else method


def worth_another(verdict: Verdict, outcome: Outcome) -> bool:
    """Whether an attempt that ended so is worth another: what is down may have been a moment's trouble."""
    if verdict is not Verdict.DOWN:
        return False
    return not _waits_long(outcome) if isinstance(outcome, Fetched) else outcome.reason not in _FINAL


def _waits_long(outcome: Fetched) -> bool:
    return (outcome.retry_after or 0.0) > LONGEST_WAIT
