"""Metrics for Prometheus: of all targets (``/metrics``), and of one check that was just made (``/probe``).

Names and meanings are those of the blackbox_exporter's prober for HTTP, so that its boards and alert rules work; what
it has no name for begins with ``scraper_check_``. Times are the server's and the network's alone: what we waited
ourselves, which no other exporter takes out, is ``scraper_check_own_wait_seconds``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, choose_encoder, generate_latest
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from scraper.check.model import WELL, Hop, Result, Verdict
from scraper.check.views import View

__all__ = ["HELP", "Encode", "Sample", "Scrapes", "form", "of_probe", "samples_of"]

HELP = {
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
"""All metrics, each with what it says."""
_PHASES = ("resolve", "connect", "tls", "processing", "transfer")
"""What the blackbox_exporter calls :attr:`scraper.check.model.Result.phases_us`."""


class Sample(NamedTuple):
    """One number: ``label`` is that of its ``phase`` or ``verdict``, or None."""

    name: str
    label: tuple[str, str] | None
    value: float


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


def of_probe(result: Result, seconds: float, accept: str) -> tuple[bytes, str]:
    """One check, without labels of ours: Prometheus adds the target itself.

    :param seconds: what it was given.
    """
    samples = [*samples_of(result), Sample("probe_timeout_seconds", None, seconds)]
    encode, kind = form(accept)
    return _joined([_written(samples, [])], encode, kind), kind


class Scrapes:
    """The last check of each target as text. The lines of a target are written once for each of its checks."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[View, _Lines]] = {}

    def take(self, views: Iterable[View]) -> None:
        """These are all; what is new is written."""
        self._kept = {view.target.key: (view, self._lines(view)) for view in views}

    def text(self, encode: Encode, kind: str) -> bytes:
        """What a scrape gets, in one of :func:`form`'s forms; without the targets that were not checked yet."""
        return _joined([lines for _, lines in self._kept.values()], encode, kind)

    def _lines(self, view: View) -> _Lines:
        kept = self._kept.get(view.target.key)
        if kept is not None and kept[0].result is view.result and kept[0].target == view.target:
            return kept[1]
        if view.result is None:
            return {}
        target = view.target
        labels = [f'group="{_escaped(target.group)}"', f'target="{_escaped(target.title)}"']
        return _written(samples_of(view.result), labels)


_Lines: TypeAlias = dict[str, str]
"""By the name of the metric, which is where they stand."""


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _written(samples: Iterable[Sample], labels: list[str]) -> _Lines:
    lines: _Lines = {}
    alone = _braced(labels)
    for name, label, value in samples:
        said = alone if label is None else _braced(sorted([*labels, f'{label[0]}="{label[1]}"']))
        number = floatToGoString(value)  # type: ignore[no-untyped-call]
        lines[name] = f"{lines.get(name, '')}{name}{said} {number}\n"
    return lines


def _braced(labels: list[str]) -> str:
    return f"{{{','.join(labels)}}}" if labels else ""


class _Bare(Collector):
    """A metric without samples: what is left is its head."""

    def __init__(self, name: str) -> None:
        self._name = name

    def collect(self) -> Iterator[Metric]:
        return iter([GaugeMetricFamily(self._name, HELP[self._name])])


_END = b"# EOF\n"
"""The end of OpenMetrics' form, and of nothing else."""


Encode: TypeAlias = Callable[[Collector], bytes]


def form(accept: str) -> tuple[Encode, str]:
    """How it is written, and its content type: as OpenMetrics where ``accept`` asks for it."""
    try:
        return choose_encoder(accept)
    except (TypeError, ValueError):  # a version that is none: the library compares it all the same
        return generate_latest, CONTENT_TYPE_PLAIN_0_0_4


def _joined(targets: list[_Lines], encode: Encode, kind: str) -> bytes:
    """Equal names together, as the format wants it.

    The heads are the library's. It writes the samples of hundreds of targets in a fifth of a second, in which no page
    answers; these are joined from what is kept.
    """
    parts = []
    for name in HELP:
        lines = "".join([lines[name] for lines in targets if name in lines])
        if lines:
            parts += [encode(_Bare(name)).removesuffix(_END), lines.encode("utf-8", "replace")]
    return b"".join(parts) + (_END if kind.startswith("application/openmetrics-text") else b"")
