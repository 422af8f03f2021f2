from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import exposition, openmetrics, parser
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.openmetrics import parser as open_parser
from prometheus_client.samples import Sample

from scraper.check.model import Attempt, Verdict
from scraper.check.views import View
from scraper.check.web.metrics import HELP, Scrapes, form, samples_of
from tests.check.web.stand import HOSTILE, Facts, ask, company, result, serving, until, view

BLACKBOX = Path(__file__).with_name("blackbox.txt").read_text()
OPEN = "application/openmetrics-text; version=1.0.0"
NOT_OURS = {
    "probe_failed_due_to_cel",
    "probe_http_content_length",
    "probe_http_last_modified_timestamp_seconds",
    "probe_http_uncompressed_body_length",
    "probe_ip_addr_hash",
    "probe_ssl_last_chain_expiry_timestamp_seconds",
    "probe_ssl_last_chain_info",
    "probe_tls_cipher_info",
    "probe_tls_version_info",
}
"""What a check does not find out."""


def samples(text: str) -> list[Sample]:
    return [sample for family in parser.text_string_to_metric_families(text) for sample in family.samples]


def shapes(found: Iterable[Sample]) -> set[tuple[str, str]]:
    return {(sample.name, ",".join(sorted({*sample.labels} - {"target", "group"}))) for sample in found}


def values(text: str, **labels: str) -> dict[str, float]:
    return {
        ":".join([sample.name, *(value for name, value in sample.labels.items() if name not in ("target", "group"))]): (
            sample.value
        )
        for sample in samples(text)
        if labels.items() <= sample.labels.items()
    }


def test_names_and_labels_are_those_of_the_blackbox_exporter() -> None:
    with serving(company()) as server:
        ours = shapes(samples(ask(server, "/metrics").text))
    theirs = shapes(samples(BLACKBOX))
    assert {shape for shape in ours if shape[0].startswith("probe_")} <= theirs
    assert {name for name, _ in theirs - ours} == NOT_OURS | {"probe_timeout_seconds"}
    assert {name for name, _ in ours - theirs} == {
        "scraper_check_verdict",
        "scraper_check_own_wait_seconds",
        "scraper_check_timestamp_seconds",
    }


def test_phases_are_the_same_words() -> None:
    with serving(company()) as server:
        ours = {sample.labels.get("phase") for sample in samples(ask(server, "/metrics").text)}
    assert ours == {sample.labels.get("phase") for sample in samples(BLACKBOX)}


def test_numbers_of_one_target() -> None:
    target = view().target
    last = result(target, server_us=100_000, at=1_000.0)
    with serving(Facts([View(target, "up", 1.0, last)])) as server:
        found = values(ask(server, "/metrics").text, target="shop", group="")
    assert found["probe_success"] == 1
    assert found["probe_duration_seconds"] == pytest.approx(0.1)
    phases = [found[f"probe_http_duration_seconds:{name}"] for name in ("resolve", "connect", "tls")]
    assert phases == pytest.approx([0.004, 0.016, 0.022])
    assert found["probe_http_status_code"] == 200
    assert found["probe_http_version"] == 1.1
    assert (found["probe_http_ssl"], found["probe_ip_protocol"], found["probe_http_redirects"]) == (1, 4, 0)
    assert found["probe_ssl_earliest_cert_expiry"] == last.certificate.earliest  # type: ignore[union-attr]
    assert found["probe_dns_lookup_time_seconds"] == pytest.approx(0.004)
    assert found["scraper_check_own_wait_seconds"] == pytest.approx(0.0017)
    assert found["scraper_check_timestamp_seconds"] == 1_000
    assert [found[f"scraper_check_verdict:{verdict.value}"] for verdict in Verdict] == [1, 0, 0, 0, 0]


@pytest.mark.parametrize(("verdict", "success"), [*zip(Verdict, (1, 1, 1, 0, 0), strict=True)])
def test_what_is_a_success(verdict: Verdict, success: int) -> None:
    with serving(Facts([view(result=result(view().target, verdict))])) as server:
        found = values(ask(server, "/metrics").text)
    assert found["probe_success"] == success
    assert found[f"scraper_check_verdict:{verdict.value}"] == 1


def test_redirects_are_summed_and_counted() -> None:
    target = view().target
    last = result(target)
    (hop,) = last.attempts[0].hops
    first = msgspec.structs.replace(hop, status=301, location="https://shop.example/x", address="2001:db8::1")
    again = msgspec.structs.replace(hop, method="HEAD", status=405)
    attempt = Attempt(1.0, Verdict.UP, hops=(first, again, hop))
    with serving(Facts([view(result=msgspec.structs.replace(last, attempts=(attempt,)))])) as server:
        found = values(ask(server, "/metrics").text)
    assert found["probe_http_redirects"] == 1
    assert found["probe_duration_seconds"] == pytest.approx(0.2)  # the HEAD in vain was our own idea
    assert found["probe_dns_lookup_time_seconds"] == pytest.approx(0.004)
    assert found["probe_http_duration_seconds:resolve"] == pytest.approx(0.008)


def test_a_check_without_any_answer_has_zeros_and_no_certificate() -> None:
    silent = result(view().target, Verdict.DOWN, reason="dns", status=None)
    silent = msgspec.structs.replace(silent, attempts=(Attempt(1.0, Verdict.DOWN, "dns"),))
    with serving(Facts([view(result=silent)])) as server:
        found = values(ask(server, "/metrics").text)
    zero = {name for name, value in found.items() if value == 0}
    assert {"probe_success", "probe_http_status_code", "probe_http_version", "probe_ip_protocol"} <= zero
    assert "probe_ssl_earliest_cert_expiry" not in found


def test_a_condition_that_is_not_met() -> None:
    unmet = result(view().target, Verdict.DOWN, reason="body")
    with serving(Facts([view(result=unmet)])) as server:
        assert values(ask(server, "/metrics").text)["probe_failed_due_to_regex"] == 1


def test_what_was_never_checked_has_no_numbers() -> None:
    with serving(Facts([View(view().target)])) as server:
        assert samples(ask(server, "/metrics").text) == []


def test_any_name_is_one_label() -> None:
    with serving(Facts([view(name, group=name) for name in HOSTILE])) as server:
        plain, other = ask(server, "/metrics"), ask(server, "/metrics", headers={"Accept": OPEN})
    found = {sample.labels["target"] for sample in samples(plain.text) if sample.name == "probe_success"}
    assert found == set(HOSTILE)
    families = open_parser.text_string_to_metric_families(other.text)  # type: ignore[no-untyped-call]
    assert {one.labels["target"] for family in families for one in family.samples} == set(HOSTILE)


def theirs(views: Iterable[View], accept: str) -> bytes:
    """All samples as the library writes them."""
    families = {name: GaugeMetricFamily(name, text) for name, text in HELP.items()}
    for one in views:
        for name, label, value in samples_of(one.result) if one.result else ():
            labels = {"target": one.target.title, "group": one.target.group, **dict([label] if label else [])}
            families[name].add_sample(name, labels, float(value))

    class All:
        def collect(self) -> Iterable[GaugeMetricFamily]:
            return [family for family in families.values() if family.samples]

    encode, _ = exposition.choose_encoder(accept)
    return encode(All())


def ours(scrapes: Scrapes, views: Iterable[View], accept: str) -> bytes:
    scrapes.take(views)
    return scrapes.text(*form(accept))


FORMS = ["", OPEN, "text/plain;version=1.0.0;escaping=allow-utf-8", "application/openmetrics-text; version=1.0.0; q=.5"]


@pytest.mark.parametrize("accept", FORMS)
def test_it_is_written_as_the_library_writes_it(accept: str) -> None:
    odd = [view(name, group=name) for name in (*HOSTILE, "a\\n", "\\", "a\nb", '"')]
    views = [*company(), *odd, View(view("new").target)]
    assert ours(Scrapes(), views, accept) == theirs(views, accept)


@given(st.floats(allow_nan=False, min_value=0), st.integers(0, 10**15), st.text(max_size=20), st.text(max_size=20))
def test_any_number_is_written_as_the_library_writes_it(at: float, us: int, name: str, group: str) -> None:
    one = view(name or "x", group=group, result=result(view().target, at=at, server_us=us))
    for accept in FORMS[:2]:
        assert ours(Scrapes(), [one], accept) == theirs([one], accept)


def test_lines_are_kept_until_there_is_another_check() -> None:
    scrapes, first = Scrapes(), view("a")
    views = [first, view("b")]
    assert ours(scrapes, views, "") == theirs(views, "")
    assert ours(scrapes, views[1:], "") == theirs(views[1:], "")
    views[0] = msgspec.structs.replace(first, result=result(first.target, Verdict.DOWN))
    assert ours(scrapes, views, "") == theirs(views, "")
    moved = msgspec.structs.replace(first, target=msgspec.structs.replace(first.target, name="", url="http://b/"))
    assert ours(scrapes, [moved], "") == theirs([moved], "")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/plain; version=0.0.4"),
        ("*/*", "text/plain; version=0.0.4"),
        (OPEN, "application/openmetrics-text; version=1.0.0"),
        ("application/openmetrics-text", "application/openmetrics-text; version=1.0.0"),
        ("application/openmetrics-text; version=99.0.0", "application/openmetrics-text; version=99.0.0"),
        ("application/openmetrics-text; version=nonsense", "text/plain; version=0.0.4"),
        ("text/plain;version=1.0.0;escaping=allow-utf-8", "text/plain; version=1.0.0"),
        ("text/html;q=, ;;==" * 90, "text/plain; version=0.0.4"),
    ],
)
def test_the_form_is_what_prometheus_asks_for(accept: str, kind: str) -> None:
    with serving(Facts([view()])) as server:
        answer = ask(server, "/metrics", headers={"Accept": accept})
    assert answer.headers["Content-Type"].startswith(kind)
    assert answer.text.endswith("# EOF\n") is (openmetrics.exposition.CONTENT_TYPE_LATEST[:28] == kind[:28])


def test_numbers_follow_what_is_committed() -> None:
    facts = Facts([view()])
    with serving(facts) as server:
        assert values(ask(server, "/metrics").text)["probe_success"] == 1
        facts.put(view(result=result(view().target, Verdict.DOWN)))
        server.announce(["shop"])
        until(lambda: values(ask(server, "/metrics").text)["probe_success"] == 0)
