"""Metrics for Prometheus: of all targets (``/metrics``), and of one check that was just made (``/probe``).

Names and meanings are those of the blackbox_exporter's prober for HTTP, so that its boards and alert rules work; what
it has no name for begins with ``scraper_check_``. Times are the server's and the network's alone: what we waited
ourselves, which no other exporter takes out, is ``scraper_check_own_wait_seconds``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, choose_encoder, generate_latest
from prometheus_client.registry import Collector

from scraper.check.model import WELL, Hop, Result, Verdict
from scraper.check.web.model import View

__all__ = ["Sample", "exposition", "of_probe", "of_targets", "samples_of"]

_HELP = {
    "probe_success": "Whether the check found what was expected: 1 for up, slow and cert, 0 for down and blocked",
    "probe_duration_seconds": "Time of the server and the network for the deciding attempt, all redirects included",
    "probe_http_duration_seconds": "The same by phase: resolve, connect, tls, processing, transfer",
    "probe_http_status_code": "Status of the last answer, 0 without one",
    "probe_http_redirects": "Redirects that were followed",
    "probe_http_ssl": "Whether the last answer came over TLS",
    "probe_http_version": "HTTP version of the last answer, 0 without one",
    "probe_ssl_earliest_cert_expiry": "When the first certificate of the chain expires, in seconds since the epoch",
    "probe_dns_lookup_time_seconds": "Time of the name's lookup",
    "probe_ip_protocol": "IP version of the address that was connected to, 0 where there was none",
    "probe_failed_due_to_regex": "Whether a condition on the body was not met",
    "probe_timeout_seconds": "Seconds that the check was given",
    "scraper_check_verdict": "1 for the verdict of the last check, 0 for the others",
    "scraper_check_own_wait_seconds": "Time that the check spent in queues and loops of our own; in no other metric",
    "scraper_check_timestamp_seconds": "When the last check ended, in seconds since the epoch",
}
_PHASES = ("resolve", "connect", "tls", "processing", "transfer")
"""What the blackbox_exporter calls :attr:`scraper.check.model.Result.phases_us`."""


class Sample(NamedTuple):
    """One number: ``label`` is that of its ``phase`` or ``verdict``, or None."""

    name: str
    label: tuple[str, str] | None
    value: float


Labelled: TypeAlias = tuple[Mapping[str, str], Iterable[Sample]]


def samples_of(result: Result) -> Iterator[Sample]:
    """All numbers of one check."""
    hops = result.hops
    yield Sample("probe_success", None, result.verdict in WELL)
    yield Sample("probe_duration_seconds", None, result.server_us / 1e6)
    for phase, us in zip(_PHASES, result.phases_us, strict=True):
        yield Sample("probe_http_duration_seconds", ("phase", phase), us / 1e6)
    yield Sample("probe_http_status_code", None, result.status or 0)
    yield Sample("probe_http_redirects", None, sum(hop.location is not None for hop in hops[:-1]))
    yield from _of_last(hops[-1] if hops else Hop(result.target.url))
    if result.certificate is not None:
        yield Sample("probe_ssl_earliest_cert_expiry", None, result.certificate.earliest)
    yield Sample("probe_dns_lookup_time_seconds", None, hops[0].dns_us / 1e6 if hops else 0)
    yield Sample("probe_failed_due_to_regex", None, result.reason == "body")
    for verdict in Verdict:
        yield Sample("scraper_check_verdict", ("verdict", verdict.value), result.verdict is verdict)
    own = sum(hop.waited_us + hop.own_us for hop in hops)
    yield Sample("scraper_check_own_wait_seconds", None, own / 1e6)
    yield Sample("scraper_check_timestamp_seconds", None, result.at)


def _of_last(hop: Hop) -> Iterator[Sample]:
    answered = hop.status is not None
    yield Sample("probe_http_ssl", None, answered and hop.url.startswith("https:"))
    yield Sample("probe_http_version", None, _version(hop.http) if answered else 0)
    yield Sample("probe_ip_protocol", None, (6 if ":" in hop.address else 4) if hop.address else 0)


def _version(http: str | None) -> float:
    try:
        return float(http or 0)
    except ValueError:
        return 0.0


class _Results(Collector):
    """Numbers as a collector; equal names stand together, as the format wants it."""

    def __init__(self, labelled: Iterable[Labelled]) -> None:
        self._labelled = labelled

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {name: GaugeMetricFamily(name, text) for name, text in _HELP.items()}
        for labels, samples in self._labelled:
            for name, label, value in samples:
                own = labels if label is None else {**labels, label[0]: label[1]}
                families[name].add_sample(name, dict(own), float(value))
        return iter([family for family in families.values() if family.samples])


def exposition(accept: str, labelled: Iterable[Labelled]) -> tuple[bytes, str]:
    """The text for a scrape, and its content type: OpenMetrics where ``accept`` asks for it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Results(labelled))
    encode: Callable[[Collector], bytes] = generate_latest
    kind = CONTENT_TYPE_PLAIN_0_0_4
    with contextlib.suppress(TypeError, ValueError):  # a version that is none: the library compares it all the same
        encode, kind = choose_encoder(accept)
    return encode(registry), kind


def of_targets(views: Iterable[View], accept: str) -> tuple[bytes, str]:
    """The last check of each target; without those that were not checked yet."""
    return exposition(
        accept,
        (
            ({"target": view.target.title, "group": view.target.group}, samples_of(view.result))
            for view in views
            if view.result is not None
        ),
    )


def of_probe(result: Result, seconds: float, accept: str) -> tuple[bytes, str]:
    """One check, without labels of ours: Prometheus adds the target itself.

    :param seconds: what it was given.
    """
    samples = [*samples_of(result), Sample("probe_timeout_seconds", None, seconds)]
    return exposition(accept, [({}, samples)])
