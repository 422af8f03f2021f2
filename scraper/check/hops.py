"""What one request of a check was, and where its time went."""

from __future__ import annotations

import msgspec

from scraper.check.model import Hop
from scraper.check.verdict import evidence_of
from scraper.model import Evidence, Fetched, Outcome, Refused, Request, Timings

__all__ = ["hop_of"]


def hop_of(request: Request, outcome: Outcome, waited: float) -> Hop:
    """The hop that ``request`` was, as ``outcome`` tells of it.

    :param waited: seconds until it was given to the backend; the time in the backend's own queue is added.
    """
    timings = Timings() if isinstance(outcome, Refused) else outcome.timings
    found = evidence_of(outcome) or _bare(timings)
    hop = Hop(
        request.url,
        request.probe.method if request.probe else "GET",
        address=found.address,
        http=found.http,
        waited_us=round(waited * 1e6) + timings.waited_us,
        own_us=found.own_us,
        dns_us=found.dns_us,
        connect_us=found.connect_us,
        tls_us=found.tls_us,
        first_us=found.first_us,
        body_us=found.body_us,
    )
    if not isinstance(outcome, Fetched):
        return hop
    address = found.address or outcome.address
    return msgspec.structs.replace(hop, status=outcome.status, location=outcome.location, address=address)


def _bare(timings: Timings) -> Evidence:
    """The phases of a fetch without a probe, as those of a simulated web are: all until the headers is one."""
    return Evidence(first_us=timings.server_us, body_us=timings.body_us)
