"""Encodings: the order of the WHATWG rules, their labels only, and no codec that a stranger may choose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.parse.encoding import decode, encoding_name, sniff
from tests.parse.pages import ENGINES, parse


@pytest.mark.parametrize(
    ("body", "content_type", "name"),
    [
        (b"\xef\xbb\xbfx", "text/html; charset=windows-1251", "utf-8"),
        (b"\xff\xfex\0", "text/html; charset=utf-8", "utf-16le"),
        (b"\xfe\xff\0x", "", "utf-16be"),
        (b"x", "text/html; charset=windows-1251", "windows-1251"),
        (b"x", 'text/html; Charset="Shift_JIS"', "shift_jis"),
        (b"x", "text/html;charset='latin1'; x=y", "windows-1252"),
        (b"x", "text/html; charset = utf8", "utf-8"),
        (b"<meta charset=koi8-r>", "text/html; charset=windows-1251", "windows-1251"),
        (b"<meta charset=koi8-r>", "text/html; charset=punycode", "koi8-r"),
        (b"<meta charset=koi8-r>", "text/html", "koi8-r"),
        (b"<META CHARSET = ' KOI8-R '>", "", "koi8-r"),
        (b"<meta/charset=koi8-r />", "", "koi8-r"),
        (b'<meta content="text/html; charset=euc-jp" http-equiv=Content-Type>', "", "euc-jp"),
        (b'<meta content="text/html; charset=euc-jp">', "", "utf-8"),
        (b"<meta charset=nonsense><meta charset=big5>", "", "big5"),
        (b"<meta charset=utf-16>", "", "utf-8"),
        (b"<meta charset=x-user-defined>", "", "windows-1252"),
        (b"<!-- <meta charset=big5> --><meta charset=gbk>", "", "gbk"),
        (b"<!--><meta charset=gbk>", "", "gbk"),
        (b'<p title="<meta charset=big5>"><meta charset=gbk>', "", "gbk"),
        (b"<?xml <meta charset=big5><meta charset=gbk>", "", "gbk"),
        (b"<metadata charset=big5>", "", "utf-8"),
        (b"<meta charset=big5", "", "big5"),
        (b" " * 1005 + b"<meta charset=big5>", "", "big5"),
        (b" " * 1020 + b"<meta charset=big5>", "", "utf-8"),
        (b"", "", "utf-8"),
        ("é".encode(), "", "utf-8"),
        (b"\xe9", "", "windows-1252"),
    ],
)
def test_where_the_encoding_is_said(body: bytes, content_type: str, name: str) -> None:
    assert sniff(body, content_type)[0] == name


@pytest.mark.timeout(5)  # a quadratic pattern takes many times that
@pytest.mark.parametrize(
    "content_type",
    [
        "charset=" + " " * 64_000 + ";",
        "charset" + " " * 64_000 + ";",
        "charset='" + " " * 64_000,
        "charset=" * 8_000 + ";",
        "charset = ' " * 8_000 + ";",
        "charset=" + "x" * 64_000,
    ],
    ids=range(6),
)
def test_a_content_type_is_read_in_linear_time(content_type: str) -> None:
    for _ in range(10):
        assert sniff(b"<p>", content_type)[0] == "utf-8"


@pytest.mark.parametrize(
    "label",
    ["punycode", "idna", "undefined", "base64", "rot13", "utf-7", "unicode_escape", "mbcs", "", "x" * 10_000, "\0"],
)
def test_words_of_pythons_that_are_no_labels(label: str) -> None:
    assert encoding_name(label) is None
    assert parse(b"\xe9", content_type=f"text/html; charset={label}").charset == "windows-1252"


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("ISO-8859-1", "windows-1252"),
        ("ascii", "windows-1252"),
        ("gb2312", "gbk"),
        ("ks_c_5601-1987", "euc-kr"),
        (" UTF-8\n", "utf-8"),
    ],
)
def test_labels(label: str, name: str) -> None:
    assert encoding_name(label) == name


@pytest.mark.parametrize(
    ("raw", "name", "text"),
    [
        (b"\x80\xe9", "windows-1252", "€é"),
        (b"\xe9\xff", "utf-8", "\ufffd\ufffd"),
        ("日本".encode("cp932"), "shift_jis", "日本"),
        ("多线程".encode("gb18030"), "gbk", "多线程"),
        (b"\xd0", "koi8-r", "п"),
        (b"a\0", "utf-16le", "a"),
        (b"evil", "replacement", "\ufffd"),
    ],
)
def test_decoding(raw: bytes, name: str, text: str) -> None:
    assert decode(raw, name) == text


@given(
    body=st.binary(max_size=200),
    head=st.sampled_from([b"", b"<meta charset=", b"<meta ", b"<!--", b"\xff\xfe", b"<a b='"]),
)
def test_anything_has_an_encoding_and_decodes(body: bytes, head: bytes) -> None:
    name, mark = sniff(head + body, "")
    assert encoding_name(name) == name
    assert isinstance(decode((head + body)[mark:], name), str)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("codec", ["utf-8", "cp932", "euc-jp", "gb18030"])
def test_engines_read_what_was_declared(engine: str, codec: str) -> None:
    label = {"cp932": "shift_jis"}.get(codec, codec)
    page = parse(
        "<title>日本 ー テスト</title><a href=/日>".encode(codec),
        engine,
        f"text/html; charset={label}",
    )
    assert (page.title, page.links) == ("日本 ー テスト", ("http://x.test/%E6%97%A5",))
