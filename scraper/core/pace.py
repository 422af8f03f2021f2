"""How far apart the starts on one host are, adapted to what its server says and does.

Additive-increase, multiplicative-decrease the other way round: trouble doubles the delay at once, every good answer
takes a tenth of it back, and the server's own time for an answer is a floor: who needs two seconds for a page is not
asked twice in them (as Scrapy's AutoThrottle and Heritrix's delay factor have it).
"""

from __future__ import annotations

from scraper.model import Failed, Fetched, Outcome, Reason
from scraper.settings import Politeness

__all__ = ["adapted", "answered", "hold"]

_OVERLOADED = frozenset({429, 503})
"""Too Many Requests (RFC 6585, 4), Service Unavailable (RFC 9110, 15.6.4)."""
_STRAINED = frozenset({Reason.TIMEOUT, Reason.RESET, Reason.CONNECT})
_OUR_OWN = frozenset(
    {Reason.LOST, Reason.INTERNAL, Reason.PROXY, Reason.PARSE, Reason.TOO_LARGE, Reason.ENCODING, Reason.SCOPE}
)
"""Failures that say nothing against the server, or that come after it has answered. SCOPE is that of a replay, for what
was not recorded."""


def adapted(politeness: Politeness, floor: float, delay: float, outcome: Outcome) -> float:
    """The delay of a host after ``outcome``, in seconds.

    :param floor: what it began with, or what robots.txt asks for; with a fixed delay, and where nothing is asked for,
        this is all there is.
    """
    if politeness.delay is not None or not floor:
        return floor
    if _in_trouble(outcome):
        return max(floor, min(politeness.longest_delay, 2 * delay))
    if not isinstance(outcome, Fetched):
        return delay
    wanted = min(politeness.longest_delay, max(floor, outcome.timings.server_us / 1e6))
    return max(wanted, 0.9 * delay)


def hold(politeness: Politeness, outcome: Outcome) -> float:
    """Seconds for which ``outcome`` asks to leave the whole host alone (RFC 9110, 10.2.3), as far as that is kept."""
    if not politeness.paced:
        return 0.0
    if isinstance(outcome, Fetched) and outcome.retry_after and (outcome.status in _OVERLOADED or outcome.location):
        return min(politeness.longest_hold, outcome.retry_after)
    return 0.0


def answered(outcome: Outcome) -> bool | None:
    """Whether the host gave an answer at all; None where the outcome does not tell."""
    match outcome:
        case Fetched():
            return True
        case Failed(reason=reason) if reason not in _OUR_OWN:
            return False
        case _:
            return None


def _in_trouble(outcome: Outcome) -> bool:
    match outcome:
        case Fetched(status=status):
            return status in _OVERLOADED
        case Failed(reason=reason):
            return reason in _STRAINED
        case _:
            return False
