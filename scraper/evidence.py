"""What may be wanted of a fetch besides its page, and what is told; a plain crawl asks for none of it.

These values travel in those of :mod:`scraper.model`, and are its own.
"""

from __future__ import annotations

import math

import msgspec

__all__ = ["EXCHANGE", "SPAN", "Certificate", "Evidence", "Exchange", "Probe", "Span"]

EXCHANGE = 1
SPAN = 2
"""What a request may want besides, as bits of :attr:`scraper.model.Request.wants`: its answer as it came, for a
recording; who was at work on it and when, for a comparison."""


class Probe(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a check wants to know besides, with a request of its own; a crawl asks for none of it.

    The request goes over a connection of its own, with a name lookup of its own, so that every phase is seen; its
    answer is not parsed as a page.

    :ivar method: ``GET`` or ``HEAD`` (RFC 9110, 9.3.1 and 9.3.2).
    :ivar texts: what must stand in the body, as it is decoded, in any place; each.
    :ivar patterns: regular expressions that must match somewhere in the body; each.
    :ivar values: what must stand at a path of a JSON body, as (path, expected); see :mod:`scraper.parse.conditions`.
    :ivar timeout: seconds for the whole fetch, in place of those of :class:`scraper.settings.Limits`.
    """

    method: str = "GET"
    texts: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    timeout: float | None = None


class Certificate(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a server showed to be known by, trusted or not; times are seconds since the epoch.

    :ivar subject: the common name, or the first name it is for.
    :ivar issuer: the common name of who signed it, or the organisation.
    :ivar names: whom it is for: names and addresses (RFC 5280, 4.2.1.6).
    :ivar earliest: when the first of the chain expires, the certificate itself included.
    :ivar trouble: why it is not trusted; None where it is.
    :ivar fingerprint: SHA-256 of the certificate, in hexadecimal digits.
    """

    subject: str = ""
    issuer: str = ""
    names: tuple[str, ...] = ()
    not_before: float = 0.0
    not_after: float = 0.0
    earliest: float = 0.0
    trouble: str | None = None
    fingerprint: str = ""

    def days_left(self, now: float) -> float | None:
        """Days from ``now`` until the first of the chain expires, negative after that; None where nobody said when."""
        ends = self.earliest or self.not_after
        return (ends - now) / 86_400 if ends and math.isfinite(ends) else None


class Evidence(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a probe found out besides; times are microseconds, a phase that was not come to has none.

    The phases are the server's and the network's. What passed between them while our own loop or interpreter was busy
    with others is ``own_us``: ``waited_us`` of the timings, ``own_us`` and the phases add up to the time from the
    submission to the last byte.

    :ivar first_us: from the sent request to the first byte of the answer.
    :ivar body_us: from the first byte to the last.
    :ivar http: version of the protocol, ``1.1``; None without an answer.
    :ivar address: the IP address that was connected to, or tried last.
    :ivar challenge: whose test for robots was met in place of the page, as ``Cloudflare``.
    :ivar unmet: which of the probe's conditions the body does not meet, in words, in their order.
    """

    own_us: int = 0
    dns_us: int = 0
    connect_us: int = 0
    tls_us: int = 0
    first_us: int = 0
    body_us: int = 0
    http: str | None = None
    address: str | None = None
    certificate: Certificate | None = None
    challenge: str | None = None
    unmet: tuple[str, ...] = ()


class Exchange(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An answer as the server gave it, for a recording.

    :ivar head: status line and headers, as they came, without the empty line behind them.
    :ivar body: as it was received: without its transfer coding, with its content coding.
    """

    head: bytes
    body: bytes


class Span(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Who was at work on a request, and when; times are seconds of :func:`time.perf_counter`, the machine's one clock.

    A parse asks nobody: of the time between ``fetched`` and ``parsed`` what was neither spent on a core nor waited for
    one was waited for the interpreter's lock.

    :ivar process: its id; ``thread`` the system's id of the thread.
    :ivar began: when the fetch began; ``fetched`` when the body was there, or the fetch had failed; ``parsed`` when the
        outcome was ready.
    :ivar cpu_us: microseconds that the thread spent on a core from ``fetched`` to ``parsed``.
    :ivar queued_us: microseconds that it waited for a core then, as the kernel counts them; 0 where it does not.
    """

    process: int
    thread: int
    began: float
    fetched: float
    parsed: float
    cpu_us: int = 0
    queued_us: int = 0

    @property
    def lock_us(self) -> int:
        """Microseconds of the parse that were waited for the interpreter's lock, or for what stands before it.

        That is the turn of :mod:`scraper.parse.soup`, or whatever the user's function waits for.
        """
        return max(0, int((self.parsed - self.fetched) * 1e6) - self.cpu_us - self.queued_us)
