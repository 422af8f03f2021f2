"""Lists and arguments become targets; what is wrong in them is told with its line."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.check.asking.keys import KEYS, REPEATABLE, read_key, read_keys
from scraper.check.asking.lines import split_line
from scraper.check.asking.targets import read_checks
from scraper.check.model import Statuses, Target
from scraper.errors import ConfigError
from scraper.lists import BadText


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def targets(text: str, **given: Any) -> list[Target]:
    return read_checks(["-"], stdin=io.BytesIO(text.encode()), given=given).targets


def target(text: str, **given: Any) -> Target:
    (only,) = targets(text, **given)
    return only


def complaint(text: str | bytes, **given: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        content = text if isinstance(text, bytes) else text.encode()
        read_checks(["-"], stdin=io.BytesIO(content), given=given)
    return str(caught.value)


def test_a_line_without_keys_has_what_is_usual() -> None:
    assert target("https://a.example/") == Target(url="https://a.example/", place="standard input:1")


def test_all_keys_of_a_line() -> None:
    line = (
        "https://a.example/x#part name=shop group=eu expect=200..299,404 match=Welcome match=/\\d+ left/ "
        'match="two words" json=status=ok json=items[0].n=1 slower-than=2s cert-days=30 method=GET tries=2 '
        'pause=500ms follow=no timeout=10 every="*/5 * * * *"  # the shop'
    ).replace("/\\d+ left/", "'/\\d+ left/'")
    assert target(line) == Target(
        url="https://a.example/x",
        name="shop",
        group="eu",
        place="standard input:1",
        expect=Statuses(((200, 299), (404, 404))),
        texts=("Welcome", "two words"),
        patterns=(r"\d+ left",),
        values=(("status", "ok"), ("items[0].n", "1")),
        slower_than=2.0,
        cert_days=30.0,
        method="get",
        tries=2,
        pause=0.5,
        follow=False,
        timeout=10.0,
        every="*/5 * * * *",
    )


@pytest.mark.parametrize(
    ("key", "value", "fields"),
    [
        ("expect", "200", {"expect": Statuses(((200, 200),))}),
        ("expect", ["200", "301..308"], {"expect": Statuses(((200, 200), (301, 308)))}),
        ("expect", [200, "301..308"], {"expect": Statuses(((200, 200), (301, 308)))}),
        ("match", "/a b/", {"texts": (), "patterns": ("a b",)}),
        ("match", "/a b/is", {"texts": (), "patterns": ("(?is)a b",)}),
        ("match", "/", {"texts": ("/",), "patterns": ()}),
        ("match", "//", {"texts": ("//",), "patterns": ()}),
        ("match", "/path/to", {"texts": ("/path/to",), "patterns": ()}),
        ("match", "", {"texts": (), "patterns": ()}),
        ("json", "a=b=c", {"values": (("a", "b=c"),)}),
        ("json", '$.c["x=y"].z=1', {"values": (('$.c["x=y"].z', "1"),)}),
        ("json", {"a": True, "b": 1.5, "c": "x"}, {"values": (("a", "true"), ("b", "1.5"), ("c", "x"))}),
        ("slower-than", "1m30s", {"slower_than": 90.0}),
        ("slower-than", 0.5, {"slower_than": 0.5}),
        ("slower-than", "off", {"slower_than": None}),
        ("slower-than", False, {"slower_than": None}),
        ("cert-days", "14", {"cert_days": 14.0}),
        ("cert-days", 14, {"cert_days": 14.0}),
        ("cert-days", "36h", {"cert_days": 1.5}),
        ("cert-days", "off", {"cert_days": None}),
        ("method", "HEAD", {"method": "head"}),
        ("follow", "yes", {"follow": True}),
        ("follow", False, {"follow": False}),
        ("every", "30s", {"every": "30s"}),
        ("every", 90, {"every": "90"}),
        ("name", "  our   shop ", {"name": "our shop"}),
    ],
)
def test_values(key: str, value: object, fields: dict[str, object]) -> None:
    assert read_key(key, value) == fields


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "expect",
            "2xx",
            "expect: '2xx' is no status and no range of them, such as 200..399; did you mean '200..299'?",
        ),
        ("expect", "200-299", "did you mean '200..299'?"),
        ("expect", "ok", "expect: 'ok' is no status and no range of them, such as 200..399"),
        ("expect", "", "expect: '' is no status"),
        ("expect", "399..200", "expect: '399..200': statuses go from 100 up to 599"),
        ("expect", "600", "statuses go from 100 up to 599"),
        ("match", "/[/", "match: '/[/' is no regular expression: unterminated character set"),
        ("json", "status", "json: 'status' is no PATH=VALUE, such as status=ok"),
        ("json", "=ok", "json: an empty JSON path"),
        ("json", "a..b=1", "json: the JSON path 'a..b' cannot be read from '..b' on"),
        ("slower-than", "fast", "slower-than: 'fast' is no duration: write 10 (seconds), 50ms, 1.5s or 2m"),
        ("slower-than", "0", "slower-than: '0' is too short"),
        ("slower-than", True, "slower-than: True is no duration"),
        ("slower-than", float("nan"), "slower-than: nan is too long"),
        ("cert-days", "soon", "cert-days: 'soon' is no duration: write 14 (days), 14d or 36h"),
        ("cert-days", "1" * 400, "is too long"),
        ("method", "post", "method: 'post' is none of get, head, auto"),
        ("tries", "0", "tries: '0' is no whole number from 1 to 100"),
        ("tries", "many", "tries: 'many' is no whole number"),
        ("tries", "1.5", "tries: '1.5' is no whole number"),
        ("follow", "maybe", "follow: 'maybe' is neither yes nor no"),
        ("timeout", "-1", "timeout: '-1' is no duration"),
        ("every", "often", "every: 'often' is neither a duration"),
        ("every", "61 * * * *", "every: '61 * * * *' is no cron line"),
        ("name", "", "name: it is empty"),
        ("name", "x" * 201, "is longer than 200 characters"),
        ("group", "a\x1b[31mb", "group: 'a\\x1b[31mb' holds a character that cannot be shown"),
        ("nothing", "x", "unknown key 'nothing': there are name, group, expect"),
    ],
)
def test_bad_values(key: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_key(key, value)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("expct", "expect"),
        ("Expect", "expect"),
        ("slower_than", "slower-than"),
        ("status", "expect"),
        ("retries", "tries"),
        ("interval", "every"),
    ],
)
def test_an_unknown_key_is_told_what_was_meant(key: str, meant: str) -> None:
    assert complaint(f"http://a/ {key}=x") == f"standard input:1: unknown key {key!r}: did you mean {meant!r}?"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("http://a/ name=a name=b", "name is there twice"),
        ("http://a/ hello", "'hello' behind the URL is no key=value, such as expect=200"),
        ("http://a/ name=two words", "'words' behind the URL is no key=value"),
        ('http://a/ name="two words', "the quotes of 'name=\"two' are not closed"),
        ('http://a/ name="a"b', "the quotes of 'name=\"a\"b' are not closed, or something follows them"),
        ("http://a/ =x", "'=x' behind the URL is no key=value"),
        ("http://a/ method=head match=x", "method: an answer to HEAD has no body for match and json: get, or auto"),
        ("htp//x expect=200", "'htp//x' is no http(s) URL; did you mean 'http://x'?"),
        ("http://me:secret@a/", "'http://a/' was given with a login"),
        ("expect=200 http://a/", "a line begins with its URL, and not with 'expect=200'"),
    ],
)
def test_bad_lines(line: str, message: str) -> None:
    said = complaint(f"http://fine/\n{line}\n")
    assert said.startswith(f"standard input:2: {message}")
    assert "secret" not in said


def test_all_that_is_wrong_is_listed_up_to_ten() -> None:
    lines = complaint("http://a/ tries=0 follow=maybe\n" + "".join(f"bad{number}\n" for number in range(12))).split(
        "\n"
    )
    assert lines[:2] == [
        "standard input:1: tries: '0' is no whole number from 1 to 100",
        "standard input:1: follow: 'maybe' is neither yes nor no",
    ]
    assert len(lines) == 11
    assert lines[-1] == "... and 4 more"


def test_skip_bad_goes_on_without_them() -> None:
    found = read_checks(["-"], stdin=io.BytesIO(b"http://a/ tries=0\nhttp://b/\n\xff\n"), skip_bad=True)
    assert [each.url for each in found.targets] == ["http://b/"]
    assert found.bad_count == 2
    assert found.complaint().splitlines()[1] == "standard input:3: not UTF-8 (byte 0xff); save the list as UTF-8"


def test_a_list_with_all_that_people_put_in(here: Path) -> None:
    Path("shops.txt").write_bytes(
        b"\xef\xbb\xbf# shops\r\n\r\n  http://a/#top expect=200 # why\r\nb.example\tname=b\r\n"
        b"http://c/?q=a=b name='# 1'#2\n"[:-3]
        + b"\nlocalhost:8000"
    )
    found = read_checks(["shops.txt"])
    assert [(each.url, each.name, each.place) for each in found.targets] == [
        ("http://a/", "", "shops.txt:3"),
        ("https://b.example/", "b", "shops.txt:4"),
        ("http://c/?q=a=b", "# 1", "shops.txt:5"),
        ("http://localhost:8000/", "", "shops.txt:6"),
    ]
    assert found.notes == ["b.example is taken as https://b.example/, and 1 more alike"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfeh\0", "standard input is UTF-16; save the list as UTF-8"),
        (b"http://a/\0\n", "standard input:1: this is no list of URLs, but looks like a binary file"),
        (b"# nothing\n\n", "standard input holds no URL"),
        (b"", "standard input holds no URL"),
    ],
)
def test_what_is_no_list(content: bytes, message: str) -> None:
    assert complaint(content) == message


def test_arguments_lists_and_standard_input_mix_in_order(here: Path) -> None:
    Path("list").write_text("http://two/\n")
    found = read_checks(["http://one/ name=uno", "list", "-"], stdin=io.BytesIO(b"http://three/"))
    assert [(each.title, each.place) for each in found.targets] == [
        ("uno", ""),
        ("http://two/", "list:1"),
        ("http://three/", "standard input:1"),
    ]


def test_what_is_given_holds_unless_the_line_says_otherwise() -> None:
    one, two = targets("http://a/\nhttp://b/ tries=5 match=b\n", tries="2", match=["a", "/c/"], expect=["200", "404"])
    assert (one.tries, one.texts, one.patterns, str(one.expect)) == (2, ("a",), ("c",), "200,404")
    assert (two.tries, two.texts, two.patterns, str(two.expect)) == (5, ("b",), (), "200,404")
    assert target("http://a/ match= slower-than=off", match=["a"], **{"slower-than": "1s"}).texts == ()


def test_what_is_given_wrongly_is_told() -> None:
    assert complaint("http://a/", tries="0", follow="x").splitlines() == [
        "tries: '0' is no whole number from 1 to 100",
        "follow: 'x' is neither yes nor no",
    ]


def test_lines_equal_in_everything_are_checked_once() -> None:
    found = read_checks(["-"], stdin=io.BytesIO(b"http://a/ tries=2\nhttp://a/#x tries=2\nhttp://a/ tries=02\n"))
    assert [each.place for each in found.targets] == ["standard input:1"]
    assert found.notes == ["standard input:2: http://a/ is there already, and checked once, and 1 more alike"]


def test_equal_names_are_told_apart_by_their_urls() -> None:
    found = targets(
        "http://a/ name=x\nhttp://b/ name=x\nhttp://b/ name=x\nhttp://b/ name=x tries=1\nhttp://b/ name=x group=g\n"
        "http://c/\nhttp://c/ tries=1\nhttp://c/ tries=2\n"
    )
    assert [each.key for each in found] == [
        "x",
        "x http://b/",
        "x http://b/ (2)",
        "g/x",
        "http://c/",
        "http://c/ (2)",
        "http://c/ (3)",
    ]


def test_ten_thousand_lines_of_one_name() -> None:
    found = targets("".join(f"http://a/ name=x match={number}\n" for number in range(10_000)))
    assert len({each.key for each in found}) == 10_000


def test_a_key_of_a_line_may_stand_in_quotes_or_not() -> None:
    assert split_line(r"""u a="x \"y\" \\ \d" b='x "y" \d' c=Joe's d="" e=a"b#c f=#1 #g=h""") == (
        "u",
        [("a", r'x "y" \ \d'), ("b", r'x "y" \d'), ("c", "Joe's"), ("d", ""), ("e", 'a"b#c'), ("f", "#1")],
    )


@given(st.text(st.characters(exclude_characters="\r\n"), max_size=60))
def test_any_line_is_pairs_or_a_bad_text(text: str) -> None:
    try:
        url, pairs = split_line(text.strip())
    except BadText:
        return
    assert text.strip().startswith(url)
    assert all(key and not set(key) & set(" =\"'") for key, _ in pairs)


@given(st.text(max_size=40))
def test_any_value_can_be_quoted(value: str) -> None:
    value = value.replace("\n", " ").replace("\r", " ")
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    assert split_line(f'u key="{quoted}" # end') == ("u", [("key", value)])


@given(st.sampled_from(sorted(KEYS)), st.text(max_size=30) | st.integers() | st.floats() | st.booleans())
def test_any_value_is_read_or_refused_in_printable_words(key: str, value: object) -> None:
    fields, wrong = read_keys({key: str(value) if key in REPEATABLE else value})
    assert bool(fields) != bool(wrong)
    assert all(text.isprintable() or "\\" in text for text in wrong)
