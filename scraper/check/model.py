"""The values of checks: what is asked, and what it came to.

A :class:`Target` says what is asked for and what is expected; each check of it ends in one :class:`Result`, with a
:class:`Verdict` and all that it rests on. A check makes one or more :class:`Attempt`; an attempt makes one
:class:`Hop` for each redirect, and one for the answer.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from scraper.model import Certificate, Probe

__all__ = ["TROUBLE", "WELL", "Attempt", "Hop", "Result", "Statuses", "Target", "Verdict", "counted"]


class Verdict(enum.Enum):
    """What a check came to, the best first. The values are the words of all outputs."""

    UP = "up"
    """All that is expected was there, in time."""
    SLOW = "slow"
    """All that is expected was there, but the server took longer than it may."""
    CERT = "cert"
    """All is well, but the certificate ends soon."""
    BLOCKED = "blocked"
    """The server answers, but not to us: 401, 403, 429, or a test for robots. Nothing says that it is broken."""
    DOWN = "down"
    """No answer, or not the expected one; the reason says which."""


TROUBLE = (Verdict.DOWN, Verdict.BLOCKED, Verdict.CERT, Verdict.SLOW, Verdict.UP)
"""Verdicts in the order in which people want to see them."""
WELL = frozenset({Verdict.UP, Verdict.SLOW, Verdict.CERT})
"""The verdicts of a server that does what is expected of it, be it late, or not for long any more."""


class Statuses(msgspec.Struct, frozen=True):
    """Which statuses are expected: ranges, both ends included."""

    ranges: tuple[tuple[int, int], ...] = ((200, 399),)

    def __contains__(self, status: int) -> bool:
        return any(low <= status <= high for low, high in self.ranges)

    def __str__(self) -> str:
        return ",".join(str(low) if low == high else f"{low}..{high}" for low, high in self.ranges)


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to check, complete.

    :ivar url: canonical.
    :ivar name: what people call it; together with ``group`` it is its identity in the history, so that is unique.
    :ivar place: where it was said, as ``shops.txt:17``; empty on the command line.
    :ivar expect: statuses that are expected of the last answer, after all redirects that are followed.
    :ivar method: ``get``; ``head``; or ``auto``, which asks by HEAD and, where that is not taken well, by GET; where
        the body matters it asks by GET at once.
    :ivar texts, patterns, values: conditions on the body; see :class:`scraper.model.Probe`.
    :ivar follow: whether redirects are followed; else one is the answer.
    :ivar redirects: how many of them.
    :ivar tries: attempts at most until it counts as down; ``pause`` is the seconds before the second, each later one
        waits twice as long as that before it.
    :ivar slower_than: seconds of the server's time from which on it is slow; None never.
    :ivar cert_days: days that the certificate must hold; None does not matter.
    :ivar timeout: seconds for one fetch; None as in the settings.
    :ivar every: when it is checked again, as ``30s`` or as a cron line of five fields; None as the watch has it.
    """

    url: str
    name: str = ""
    group: str = ""
    place: str = ""
    expect: Statuses = Statuses()
    method: str = "auto"
    texts: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    follow: bool = True
    redirects: int = 10
    tries: int = 3
    pause: float = 1.0
    slower_than: float | None = None
    cert_days: float | None = 14.0
    timeout: float | None = None
    every: str | None = None

    @property
    def title(self) -> str:
        """What it is called: its name, else its URL."""
        return self.name or self.url

    @property
    def key(self) -> str:
        """Its identity, in the history and for those who ask: ``group/name``, or ``name``."""
        return f"{self.group}/{self.title}" if self.group else self.title

    def probe(self, method: str | None = None) -> Probe:
        """What its requests ask for.

        :param method: in place of what the target wants to begin with.
        """
        conditions = bool(self.texts or self.patterns or self.values)
        first = "GET" if self.method == "get" or (self.method == "auto" and conditions) else "HEAD"
        return Probe(method or first, self.texts, self.patterns, self.values, self.timeout)


class Hop(msgspec.Struct, frozen=True):
    """One request of an attempt, and its answer; times are microseconds.

    :ivar status: None without an answer.
    :ivar waited_us: in our own queues, and for our own politeness, since the hop could have been made.
    :ivar own_us: while our own loop or interpreter was busy with others; never the server's.
    :ivar dns_us, connect_us, tls_us, first_us, body_us: the phases; see :class:`scraper.model.Evidence`.
    """

    url: str
    method: str = "GET"
    status: int | None = None
    location: str | None = None
    address: str | None = None
    http: str | None = None
    waited_us: int = 0
    own_us: int = 0
    dns_us: int = 0
    connect_us: int = 0
    tls_us: int = 0
    first_us: int = 0
    body_us: int = 0

    @property
    def phases_us(self) -> tuple[int, int, int, int, int]:
        """DNS, connect, TLS, first byte, body, in the order in which they come."""
        return self.dns_us, self.connect_us, self.tls_us, self.first_us, self.body_us

    @property
    def server_us(self) -> int:
        """The server's and the network's time: all phases, and nothing of our own."""
        return sum(self.phases_us)


class Attempt(msgspec.Struct, frozen=True):
    """One try: its hops in order, and what it came to.

    :ivar at: when it began, in seconds since the epoch.
    :ivar reason: one word, for a table; see :class:`Result`.
    """

    at: float
    verdict: Verdict
    reason: str = ""
    detail: str = ""
    hops: tuple[Hop, ...] = ()

    @property
    def server_us(self) -> int:
        """The server's time of all its hops that count."""
        return sum(hop.server_us for hop in counted(self.hops))


def counted(hops: Sequence[Hop]) -> Sequence[Hop]:
    """Those of an attempt's ``hops`` whose time counts.

    A HEAD that had to be asked again by GET was our own idea; what it took is no visitor's time.
    """
    return [*(hop for hop, after in pairwise(hops) if not _asked_again(hop, after)), *hops[-1:]]


def _asked_again(hop: Hop, after: Hop) -> bool:
    return (hop.method, after.method) == ("HEAD", "GET") and hop.url == after.url


class Result(msgspec.Struct, frozen=True):
    """What one check of a target came to, with the evidence.

    :ivar due: when it should have begun, in seconds since the epoch; ``at`` is when it ended.
    :ivar reason: one word: empty for up; a value of :class:`scraper.model.Reason`; ``status``, ``redirects``,
        ``body`` (a condition is not met), ``slow``, ``cert``, ``login`` (401), ``forbidden`` (403), ``rate`` (429),
        ``challenge``.
    :ivar detail: a short text for a person: ``404, expected 200..399``; ``certificate expires in 6 days``.
    :ivar attempts: all of them; the last one decides.
    :ivar certificate: that of the attempt's hops which is not trusted, else that which ends first; None without any.
    """

    target: Target
    verdict: Verdict
    reason: str
    detail: str
    due: float
    at: float
    attempts: tuple[Attempt, ...] = ()
    certificate: Certificate | None = None

    @property
    def hops(self) -> tuple[Hop, ...]:
        """Those of the attempt that decided."""
        return self.attempts[-1].hops if self.attempts else ()

    @property
    def status(self) -> int | None:
        """That of the last answer; None where the last hop had none."""
        return self.hops[-1].status if self.hops else None

    @property
    def phases_us(self) -> tuple[int, int, int, int, int]:
        """The phases of the attempt that decided, each the sum over its hops that count."""
        hops = counted(self.hops)
        dns, connect, tls, first, body = map(sum, zip((0,) * 5, *(hop.phases_us for hop in hops), strict=True))
        return dns, connect, tls, first, body

    @property
    def server_us(self) -> int:
        """The server's time of the attempt that decided."""
        return self.attempts[-1].server_us if self.attempts else 0
