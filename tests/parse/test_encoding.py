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
        (b'<meta content="text/html; charset=euc-jp">', "", "windows-1252"),
        (b"<meta content='charset=\"euc-jp' http-equiv=Content-Type>", "", "windows-1252"),
        (b"<meta content='charset; charset = \"euc-jp\"' http-equiv=Content-Type>", "", "euc-jp"),
        (b"<meta content='charset=euc-jp' http-equiv='Content-Type '>", "", "windows-1252"),
        (b"<meta content='charset=euc-jp' http-equiv=content-type charset=none>", "", "windows-1252"),
        (b"<meta charset=nonsense><meta charset=big5>", "", "big5"),
        (b"<meta charset=utf-16>", "", "utf-8"),
        (b"<meta charset=x-user-defined>", "", "windows-1252"),
        (b"<!-- <meta charset=big5> --><meta charset=gbk>", "", "gbk"),
        (b"<!--><meta charset=gbk>", "", "gbk"),
        (b'<p title="<meta charset=big5>"><meta charset=gbk>', "", "gbk"),
        (b"<?xml <meta charset=big5><meta charset=gbk>", "", "gbk"),
        (b"<metadata charset=big5>", "", "windows-1252"),
        (b"<meta charset=big5", "", "windows-1252"),
        (b"<p title='x><meta charset=big5>", "", "windows-1252"),
        (b"<?xml version='1.0' encoding='koi8-r'?><p>", "", "koi8-r"),
        (b'<?xml encoding = "UTF-16"?>', "", "utf-8"),
        (b"<?xml encoding=koi8-r?>", "", "windows-1252"),
        (b"<?xml encoding='koi8-r'?><meta charset=big5>", "", "big5"),
        (b" <?xml encoding='koi8-r'?>", "", "windows-1252"),
        (b"<\0?\0x\0m\0l\0", "", "utf-16le"),
        (b"\0<\0?\0x\0m\0l", "", "utf-16be"),
        (b" " * 1005 + b"<meta charset=big5>", "", "big5"),
        (b" " * 1020 + b"<meta charset=big5>", "", "big5"),
        (b" " * 1020 + b"<META CHARSET=BIG5>\xa7\xda", "", "big5"),
        (b" " * 1020 + b"<meta charset=big5>" + "é".encode(), "", "utf-8"),
        (b" " * 70_000 + b"<meta charset=big5>", "", "windows-1252"),
        (b"", "", "windows-1252"),
        ("é".encode(), "", "utf-8"),
        (b"\xe9", "", "windows-1252"),
        (b"\x1b[31mred", "", "windows-1252"),
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
        assert sniff(b"<p>", content_type)[0] == "windows-1252"


@pytest.mark.parametrize(
    "label",
    ["punycode", "idna", "undefined", "base64", "rot13", "utf-7", "unicode_escape", "mbcs", "", "x" * 10_000, "\0"],
)
def test_words_of_pythons_that_are_no_labels(label: str) -> None:
    assert encoding_name(label) is None
    assert parse(b"\xe9", content_type=f"text/html; charset={label}").charset == "windows-1252"


_UNDECLARED = {
    "windows-1251": "Гонки и блокировки: что это такое, и как ими управлять",
    "koi8-u": "Гонки и блокировки: что это такое, и как ими управлять",
    "shift_jis": "並行処理入門。デッドロックとは何か、どう避けるか。",
    "euc-jp": "並行処理入門。デッドロックとは何か、どう避けるか。",
    "iso-2022-jp": "並行処理入門。デッドロックとは何か、どう避けるか。",
    "gbk": "多线程编程入门。死锁是什么。怎样避免它。",
    "big5": "多執行緒程式設計入門。死結是什麼。怎樣避免它。",
    "euc-kr": "동시성 프로그래밍 입문: 교착 상태란 무엇인가",
    "windows-1250": "Žluťoučký kůň příliš úpěl ďábelské ódy",
    "windows-1252": "Größe, café, naïve: “quoted” über Straße",
    "windows-1253": "Καλημέρα κόσμε, αυτή είναι μια σελίδα",
    "windows-1256": "مرحبا بالعالم هذه صفحة",
    "utf-8": "Größe, café, naïve: “quoted” über Straße",
}


@pytest.mark.parametrize("times", [1, 20, 300])
@pytest.mark.parametrize("name", _UNDECLARED)
def test_what_nobody_declared(name: str, times: int) -> None:
    """The sample is cut out of the body, at every place that there is; no character must be cut in two."""
    text = _UNDECLARED[name]
    for more in range(3):
        raw = (f"<p>{'x' * more}" + f"<title>{text}</title>\n" * times).encode(name)
        assert sniff(raw, "text/html")[0] == name


@pytest.mark.timeout(8)
@pytest.mark.parametrize(
    "body",
    [b"<meta ", b"<meta charset=", b"<a b='", b"<!--", b"</", b"<", b"<meta a=b", b"<meta\tcontent='charset charset'>"],
)
def test_the_search_for_a_charset_is_linear(body: bytes) -> None:
    assert sniff(body * (2_000_000 // len(body)) + b"charset", "")[0] == "windows-1252"
    assert sniff(body * (2_000_000 // len(body)) + b"\xe9", "")[0] == "windows-1252"


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
