from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from scraper.model import LINK_KINDS, Fetched, Outcome, Page, Request
from scraper.store.record import Record, Times, decode, encode, outcome_of, record_of
from tests.store.examples import OTHERS, SHAPES, fetched

DOCUMENT = Path(__file__).parents[2] / "docs" / "records.md"


@pytest.mark.parametrize("outcome", [*SHAPES, *OTHERS], ids=lambda outcome: outcome.url.rpartition("/")[2])
def test_an_outcome_comes_back_from_its_json(outcome: Outcome) -> None:
    assert outcome_of(decode(encode(record_of(outcome)))) == outcome


def test_the_time_is_kept_to_the_millisecond() -> None:
    at = 1_750_000_000.123456
    assert record_of(Fetched(Request("http://a/"), 200, at=at)).fetched_at == 1_750_000_000.123


def test_numbers_of_64_bits_are_texts() -> None:
    record = record_of(Fetched(Request("http://a/"), 200, Page(simhash=255), digest=(1 << 64) - 1))
    assert (record.simhash, record.digest) == ("00000000000000ff", "ffffffffffffffff")


def test_a_record_has_no_place_for_cookies() -> None:
    outcome = Fetched(Request("http://a/", cookie="sid=hunter2"), 200, Page("A"), cookies=("sid=hunter2",))
    assert b"hunter2" not in encode(record_of(outcome))


def test_lone_surrogates_become_question_marks() -> None:
    record = record_of(Fetched(Request("http://a/"), 200, Page("a\udcffb ü")))
    assert decode(encode(record)).title == "a?b ü"


@pytest.mark.parametrize(
    "data", [object(), {"a": "\udcff"}, {(1, 2): 3}], ids=["an object", "a lone surrogate", "a tuple as key"]
)
def test_data_that_json_cannot_hold_is_an_error_of_its_page(data: object) -> None:
    page = outcome_of(record_of(Fetched(Request("http://a/"), 200, Page(data=data))))
    assert isinstance(page, Fetched)
    assert page.page is not None
    assert page.page.data is None
    assert str(page.page.error).startswith("the data cannot be written as JSON")


def test_every_field_is_there_in_its_order() -> None:
    keys = list(msgspec.json.decode(encode(record_of(fetched(1)))))
    assert keys == list(Record.__struct_fields__)
    assert keys[0] == "schema"


def test_every_field_is_documented() -> None:
    fields = DOCUMENT.read_text().partition("\nNumbers of 64 bits")[0]
    documented = set(re.findall(r"^\| `(\w+)`", fields, re.MULTILINE))
    assert documented == {*Record.__struct_fields__, *Times.__struct_fields__}


def test_every_kind_of_link_is_documented() -> None:
    rows = re.findall(r"^\| `(\w)` \| `(\w+)` \|", DOCUMENT.read_text(), re.MULTILINE)
    assert {word: letter for letter, word in rows} == LINK_KINDS
