"""Conditions on a body: what meets them, and the words for what does not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.model import Probe, Response
from scraper.parse.conditions import parse_path, unmet

BODY = {
    "status": "ok",
    "items": [{"name": "a", "full name": "b"}, 7],
    "count": 3,
    "half": 0.5,
    "whole": 4.0,
    "yes": True,
    "none": None,
    "odd.key": {"": "empty"},
    "text": "17",
    "list": [1, 2, [3]],
    "object": {"a": 1, "b": True},
}


def told(body: bytes | str, content_type: str = "", **conditions: tuple[object, ...]) -> tuple[str, ...]:
    data = body if isinstance(body, bytes) else body.encode()
    response = Response("http://a.test/", 200, {"content-type": content_type} if content_type else {}, data)
    return unmet(response, Probe(**conditions))  # type: ignore[arg-type]


def value(path: str, expected: str, body: object = BODY) -> tuple[str, ...]:
    return told(json.dumps(body), values=((path, expected),))


@pytest.mark.parametrize(("path", "steps"), [
    ("$", ()),
    ("status", ("status",)),
    (" $.status ", ("status",)),
    ("a.b[0].c", ("a", "b", 0, "c")),
    ("[0]", (0,)),
    ("$[0][1]", (0, 1)),
    ("a['b.c'].d", ("a", "b.c", "d")),
    ('["full name"]', ("full name",)),
    ("a-b.c_d.0", ("a-b", "c_d", "0")),
    ("größe", ("größe",)),
    ("a b.c", ("a b", "c")),
])  # fmt: skip
def test_paths(path: str, steps: tuple[object, ...]) -> None:
    assert parse_path(path) == steps


@pytest.mark.parametrize("path", [
    "", " ", "a..b", ".a", "a.", "a[", "a[]", "a[-1]", "a[x]", "a]", "$a", "$$", "a['b", "a[1]b", "a[9999999999]",
])  # fmt: skip
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(ValueError, match="JSON path"):
        parse_path(path)


def test_the_message_says_where() -> None:
    with pytest.raises(ValueError, match=r"the JSON path 'a\.\.b' cannot be read from '\.\.b' on: it is like status"):
        parse_path("a..b")


@given(st.text())
def test_paths_are_read_or_refused(text: str) -> None:
    try:
        steps = parse_path(text)
    except ValueError as error:
        assert str(error).isprintable()  # noqa: PT017  # what it raises is one of two things that may be
    else:
        assert all(isinstance(step, str | int) for step in steps)


@pytest.mark.parametrize(("path", "expected"), [
    ("status", "ok"),
    ("status", '"ok"'),
    ("$.items[0].name", "a"),
    ('items[0]["full name"]', "b"),
    ("items[1]", "7"),
    ("items[1]", "7.0"),
    ("count", "3"),
    ("half", "0.5"),
    ("half", "5e-1"),
    ("whole", "4"),
    ("yes", "true"),
    ("none", "null"),
    ("['odd.key']['']", "empty"),
    ("text", "17"),
    ("text", '"17"'),
    ("list", "[1, 2, [3.0]]"),
    ("object", '{"b": true, "a": 1}'),
])  # fmt: skip
def test_values_that_are_there(path: str, expected: str) -> None:
    assert value(path, expected) == ()


@pytest.mark.parametrize(("path", "expected", "words"), [
    ("status", "OK", "status is 'ok', not 'OK'"),
    ("count", "4", "count is 3, not '4'"),
    ("count", '"3"', "count is 3, not '\"3\"'"),
    ("count", "true", "count is 3, not 'true'"),
    ("yes", "1", "yes is true, not '1'"),
    ("yes", "True", "yes is true, not 'True'"),
    ("none", "", "none is null, not ''"),
    ("half", "1", "half is 0.5, not '1'"),
    ("list", "[1, 2]", "list is a list, not '[1, 2]'"),
    ("object", '{"a": true, "b": 1}', "object is an object, not '{\"a\": true, \"b\": 1}'"),
    ("items[2]", "1", "there is no items[2] in the body"),
    ("items.name", "1", "there is no items.name in the body"),
    ("status[0]", "o", "there is no status[0] in the body"),
    ("missing", "null", "there is no missing in the body"),
    ("$", "1", "$ is an object, not '1'"),
])  # fmt: skip
def test_values_that_are_not(path: str, expected: str, words: str) -> None:
    assert value(path, expected) == (words,)


@pytest.mark.parametrize("body", [
    b"", b"hello", b"<p>", b"{", b"[1] 2", b"NaN", b"'a'", b"[" * 1_000_000, b'{"a":' * 100_000,
])  # fmt: skip
def test_what_is_no_json(body: bytes) -> None:
    assert told(body, values=(("a", "1"), ("b", "2"))) == ("the body is no JSON", "the body is no JSON")


def test_numbers_of_any_length() -> None:
    (words,) = told(b'{"a": ' + b"9" * 4_000 + b"}", values=(("a", "1"),))
    assert len(words) < 100
    assert told(b'{"a": ' + b"9" * 5_000 + b"}", values=(("a", "1"),))
    assert told(b'{"a": 1}', values=(("a", "9" * 5_000),))


def test_texts_stand_anywhere() -> None:
    assert told("<p>Grüße aus Köln</p>", texts=("Grüße", "Köln</p>", "")) == ()
    assert told("<p>hello", texts=("Hello", "hello", "bye")) == (
        "the body does not hold 'Hello'",
        "the body does not hold 'bye'",
    )


def test_texts_are_looked_for_in_the_text_and_not_in_the_bytes() -> None:
    assert told("привет".encode("cp1251"), "text/plain; charset=windows-1251", texts=("привет",)) == ()
    assert told(b"\xff\xfeh\0i\0", texts=("hi",)) == ()
    assert told('<meta charset="latin1">é'.encode("latin-1"), texts=("é",)) == ()
    assert told(b"caf\xe9", texts=("café",)) == ()
    assert told(b"\xef\xbb\xbf" + b'{"a": 1}', values=(("a", "1"),)) == ()
    assert told('{"a": "ä"}'.encode("utf-16"), values=(("a", "ä"),)) == ()


def test_a_body_that_was_cut_inside_a_character_keeps_its_encoding() -> None:
    whole = ("é" * 5_000).encode()
    assert told(whole[:-1], texts=("ééé",)) == ()
    assert told("日本語".encode()[:-2], texts=("日本",)) == ()


def test_patterns_match_somewhere() -> None:
    assert told("version 1.2.3\nready", patterns=(r"\d+\.\d+", "(?m)^ready$", "(?i)VERSION")) == ()
    assert told("version", patterns=(r"\d+", "^version$", "^x")) == (
        r"nothing in the body matches '\\d+'",
        "nothing in the body matches '^x'",
    )


def test_what_is_no_pattern_is_said() -> None:
    assert told("x", patterns=("(", "x")) == ("'(' is no regular expression",)


def test_the_order_is_theirs() -> None:
    found = told("{}", texts=("a", "b"), patterns=("c",), values=(("d", "1"), ("e", "2")))
    assert [word for words in found for word in ("'a'", "'b'", "'c'", "no d ", "no e ") if word in words] == [
        "'a'", "'b'", "'c'", "no d ", "no e ",
    ]  # fmt: skip


def test_nothing_asked_nothing_looked_at() -> None:
    assert told(b"\xff" * 100) == ()


HOSTILE = "\x1b[31mred\x07\r\n\u202egnp.exe\u2028<script>\0"


def test_hostile_contents_are_not_repeated() -> None:
    (words,) = value("a", "1", {"a": HOSTILE})
    assert words.isprintable()
    assert "\u202e" not in words
    (words,) = value("a", "1", {"a": "x" * 1_000_000})
    assert len(words) < 200
    (words,) = value("a", "1", {"a": "\x00" * 100_000})
    assert len(words) < 200


@given(st.binary(), st.text(), st.text())
def test_whatever_comes_is_told_in_words(body: bytes, path: str, text: str) -> None:
    response = Response("http://a.test/", 200, {}, body)
    probe = Probe(texts=(text,), patterns=(text[:3],), values=((path, text),))
    found = unmet(response, probe)
    assert all(words.isprintable() and len(words) < 500 for words in found)
    assert found == unmet(response, probe)


@pytest.mark.parametrize("pattern", ["^(a|a)*$", "^(a|aa)+$"])
def test_a_pattern_without_an_end_is_given_up(pattern: str) -> None:
    (said,) = told("a" * 100_000 + "!", patterns=(pattern,))
    assert said == f"'{pattern}' takes more than 1 s on the body: write it simpler"


def test_of_a_long_body_it_is_said_how_much_was_looked_at() -> None:
    for length, more in ((1_000, ""), (2_000_000, " (only its first 2 MB are looked at)")):
        assert told("a" * length, texts=("END",)) == (f"the body does not hold 'END'{more}",)
