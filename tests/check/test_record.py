from __future__ import annotations

import json
import math
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.check.model import Result, Target, Verdict
from scraper.check.moments import utc
from scraper.check.record import CheckRecord, record_of, schema
from scraper.model import Certificate
from scraper.store.record import encode
from tests.check.results import AT, DAY, EXPIRED, SHAPES, attempt, down, hop, hostile, result, up
from tests.test_output_safety import HOSTILE

PUBLISHED = Path(__file__).parents[2] / "docs" / "check-result.schema.json"


def plain(value: Result) -> dict[str, object]:
    """The record of ``value`` as scripts see it."""
    return json.loads(encode(record_of(value)))  # type: ignore[no-any-return]


def test_a_record_holds_what_a_check_came_to() -> None:
    record = plain(up(3, "eu", "shop"))
    assert list(record.pop("certificate")) == list(CERTIFICATE_FIELDS)  # type: ignore[call-overload]
    assert record == {
        "schema": 1,
        "url": "https://shop-00003.example/",
        "final_url": "https://shop-00003.example/",
        "name": "shop",
        "group": "eu",
        "place": None,
        "verdict": "up",
        "reason": None,
        "detail": None,
        "status": 200,
        "attempts": 1,
        "failed_attempts": 0,
        "redirects": 0,
        "server_ms": 97.85,
        "phases": {
            "waited": 0.15,
            "own": 0.09,
            "dns": 1.25,
            "connect": 3.1,
            "tls": 12.0,
            "first_byte": 80.0,
            "body": 1.5,
        },
        "address": "192.0.2.7",
        "http": "1.1",
        "checked_at": "2025-06-15T15:06:40.125Z",
        "due": "2025-06-15T15:06:39.125Z",
        "tries": [
            {
                "at": "2025-06-15T15:06:40.125Z",
                "verdict": "up",
                "reason": None,
                "detail": None,
                "hops": [
                    {
                        "url": "https://shop-00003.example/",
                        "method": "GET",
                        "status": 200,
                        "location": None,
                        "address": "192.0.2.7",
                        "http": "1.1",
                        "waited_ms": 0.15,
                        "own_ms": 0.09,
                        "dns_ms": 1.25,
                        "connect_ms": 3.1,
                        "tls_ms": 12.0,
                        "first_byte_ms": 80.0,
                        "body_ms": 1.5,
                    }
                ],
            }
        ],
    }


CERTIFICATE_FIELDS = (
    *("subject", "issuer", "names", "not_before", "not_after", "earliest", "days_left", "trouble", "fingerprint"),
)


def test_it_counts_the_tries_that_failed() -> None:
    flaky = next(each for each in SHAPES if each.target.name == "flaky")
    assert [record_of(each).failed_attempts for each in (up(), flaky, down())] == [0, 1, 3]
    assert [record_of(each).attempts for each in (up(), flaky, down())] == [1, 2, 3]


def test_the_times_of_all_hops_of_the_try_that_decided_are_added_up() -> None:
    moved = result(
        Target(url="http://a.test/"),
        attempt(Verdict.DOWN, hop("http://a.test/", None, first_us=9_000_000)),
        attempt(Verdict.UP, hop("http://a.test/", 301, "http://b.test/"), hop("http://b.test/", first_us=1_000)),
    )
    record = record_of(moved)
    assert (record.phases.dns, record.phases.first_byte, record.phases.tls) == (2.5, 81.0, 0.0)
    assert record.server_ms == 92.7
    assert (record.final_url, record.redirects) == ("http://b.test/", 1)


def test_a_result_without_any_attempt_is_a_record_too() -> None:
    record = record_of(Result(Target(url="http://a.test/"), Verdict.DOWN, "internal", "", 0, AT))
    assert (record.status, record.tries, record.final_url, record.due) == (None, (), "http://a.test/", None)


def test_the_days_of_a_certificate_are_those_of_the_first_of_its_chain() -> None:
    chained = Certificate(not_after=AT + 50 * DAY, earliest=AT + 7.5 * DAY)
    for shown, days in ((chained, 7.5), (EXPIRED, -9.0), (Certificate(not_after=AT + DAY), 1.0), (Certificate(), None)):
        record = record_of(result(Target(url="https://a.test/"), attempt(Verdict.UP), certificate=shown))
        assert record.certificate is not None
        assert record.certificate.days_left == days


def test_the_published_schema_is_up_to_date() -> None:
    now = json.dumps(schema(), indent=2) + "\n"
    assert PUBLISHED.read_text("utf-8") == now, "run: python -m tests.check.test_record"


def test_the_schema_names_every_field_of_every_part() -> None:
    published = json.loads(PUBLISHED.read_text("utf-8"))
    assert published["$ref"] == "#/$defs/CheckRecord"
    record = plain(SHAPES[0])
    parts = {"CheckRecord": record, "Phases": record["phases"], "CertificateRecord": record["certificate"]}
    for name, part in parts.items():
        assert list(published["$defs"][name]["properties"]) == list(part)  # type: ignore[call-overload]
    assert published["$defs"]["Verdict"]["enum"] == sorted(verdict.value for verdict in Verdict)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_breaks_a_record(text: str) -> None:
    record = record_of(hostile(text))
    assert msgspec.json.decode(encode(record), type=CheckRecord) == record
    assert record.name == text.encode("utf-8", "replace").decode()


@given(st.floats())
def test_no_time_breaks_a_record(seconds: float) -> None:
    shown = Certificate(not_before=seconds, not_after=seconds, earliest=seconds)
    encode(record_of(Result(Target(url="http://a.test/"), Verdict.UP, "", "", seconds, seconds, (), shown)))
    said = utc(seconds)
    assert said is None or len(said) == len("2025-06-15T15:06:40.125Z")


def test_a_time_that_nobody_knows_is_none() -> None:
    assert [utc(0.0), utc(math.nan), utc(math.inf), utc(1e300), utc(-1e300)] == [None] * 5


if __name__ == "__main__":
    PUBLISHED.write_text(json.dumps(schema(), indent=2) + "\n", "utf-8")


def test_a_head_that_is_asked_again_by_get_is_no_redirect() -> None:
    head = msgspec.structs.replace(hop("http://a.test/", 405), method="HEAD")
    tried = head, hop("http://a.test/", first_us=1_000)
    record = record_of(result(Target(url="http://a.test/"), attempt(Verdict.UP, *tried)))
    assert (record.redirects, record.server_ms, len(record.tries[0].hops)) == (0, 6.85, 2)
