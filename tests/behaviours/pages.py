"""What comes as a page: content types that lie, encodings, and markup that no person wrote."""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Sequence

from tests.behaviours.rows import HELLO, Row, Rows, encoded, head, html, later, row, typed
from tests.server import Behaviour, ok

__all__ = ["CHARSETS", "CONTENTS", "LINKS", "TYPES"]

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 20
BOMB_XML = (
    '<?xml version="1.0"?><!DOCTYPE html [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c SYSTEM "file:///etc/passwd">]><html><head><title>x &b; &c;</title></head></html>'
)


def unread(behaviour: Behaviour, **facts: object) -> Row:
    """A row whose body is counted and not parsed."""
    return row(behaviour, "200", parsed=False, title=None, **facts)  # type: ignore[arg-type]


TYPES: Rows = {
    "page": row(html("<title>hello</title><a href=/a>"), "200", title="hello", links=("/a",), type="text/html"),
    "xhtml": row(typed("application/xhtml+xml", HELLO), "200", title="hello"),
    "type in capitals": row(typed("TEXT/HTML; CHARSET=UTF-8", HELLO), "200", title="hello", type="text/html"),
    "type with odd spaces": row(typed("\t text/html \t;charset=utf-8", HELLO), "200", title="hello"),
    "type with a semicolon": row(typed("text/html;", HELLO), "200", title="hello"),
    "text that is HTML": unread(typed("text/plain", HELLO), type="text/plain"),
    "JSON that is HTML": unread(typed("application/json", HELLO)),
    "image that is HTML": unread(typed("image/png", HELLO), size=20),
    "download that is HTML": unread(typed("application/octet-stream", HELLO)),
    "stream of parts": unread(typed("multipart/x-mixed-replace; boundary=x", b"--x\r\n\r\n" + HELLO)),
    "type misspelt": unread(typed("text/htm", HELLO)),
    "type with a longer name": unread(typed("text/html5", HELLO)),
    "attached page": row(typed("text/html", HELLO, 'Content-Disposition: attachment; filename="../../x"'),
                         "200", title="hello"),
    "HTML that is an image": row(html(PNG), "200", parsed=True, title=None, links=(), size=len(PNG)),
    "HTML that is gzip": row(html(gzip.compress(HELLO)), "200", parsed=True, title=None, links=()),
    "no type, HTML": row(ok(HELLO), "200", title="hello", type=None),
    "no type, HTML behind white space": row(ok(b" \r\n\t" * 50 + HELLO), "200", title="hello"),
    "no type, text": unread(ok(b"hello"), type=None),
    "no type, image": unread(ok(PNG)),
    "no type, nothing": unread(ok(b"")),
    "empty type": row(typed("", HELLO), "200", title="hello"),
    "type of 60 KB": row(typed("text/html; " + "x" * 60_000, HELLO), "200", title="hello", type="text/html"),
    "type that goes on": unread(typed("text/" + "x" * 60_000, HELLO)),
    "type with a terminal's escape": unread(typed("text/\x1b[31mhtml", HELLO), type="text/ [31mhtml"),
    "the same type twice": row(head("Content-Type: text/html", "Content-Type: text/html"), "200", title="hello"),
    "the same type twice, with a charset": row(
        head(*["Content-Type: text/html; charset=iso-8859-2"] * 2, body=b"<title>\xb1</title>"), "200", title="\u0105"),
    "text, then HTML": row(head("Content-Type: text/plain", "Content-Type: text/html"), "200", title="hello"),
    "HTML, then text": unread(head("Content-Type: text/html", "Content-Type: text/plain")),
}  # fmt: skip


def said(charset: str, body: bytes, title: str, name: str | None = None) -> Row:
    """A page whose Content-Type says ``charset``, in which the title must be read as ``name``."""
    behaviour = typed(f"text/html; charset={charset}", b"<title>" + body + b"</title>")
    return row(behaviour, "200", title=title, charset=name) if name else row(behaviour, "200", title=title)


def declared(charset: str, text: str, codec: str, name: str) -> Row:
    """A page that says its own encoding."""
    markup = f'<meta charset="{charset}"><title>{text}</title>'
    return row(html(markup.encode(codec)), "200", title=text, charset=name)


UTF7 = b"+ADw-/title+AD4-"
JAPANESE = "\u65e5\u672c\u8a9e"

CHARSETS: Rows = {
    "utf-8": said("utf-8", "\u0105".encode(), "\u0105", "utf-8"),
    "utf-8 in quotes": said('"utf-8"', "\u0105".encode(), "\u0105", "utf-8"),
    "latin-1 is windows-1252": said("ISO-8859-1", b"\x80\xe9", "\u20ac\xe9", "windows-1252"),
    "ascii is windows-1252": said("us-ascii", b"\xe9", "\xe9", "windows-1252"),
    "windows-1251": said("cp1251", "\u043c\u0438\u0440".encode("cp1251"), "\u043c\u0438\u0440", "windows-1251"),
    "koi8-r": said("koi8-r", "\u043c\u0438\u0440".encode("koi8-r"), "\u043c\u0438\u0440", "koi8-r"),
    "shift_jis": said("Shift_JIS", JAPANESE.encode("shift_jis"), JAPANESE, "shift_jis"),
    "euc-jp": said("euc-jp", JAPANESE.encode("euc-jp"), JAPANESE, "euc-jp"),
    "iso-2022-jp": said("iso-2022-jp", JAPANESE.encode("iso2022-jp"), JAPANESE, "iso-2022-jp"),
    "gb2312 is gbk": said("gb2312", "\u4f60\u597d".encode("gbk"), "\u4f60\u597d", "gbk"),
    "big5": said("big5", "\u4f60\u597d".encode("big5"), "\u4f60\u597d", "big5"),
    "euc-kr": said("ks_c_5601-1987", "\ud55c\uae00".encode("euc-kr"), "\ud55c\uae00", "euc-kr"),
    "utf-16 without a mark":
        row(typed("text/html; charset=utf-16", "<title>\u0105</title>".encode("utf-16-le")), "200", title="\u0105"),
    "utf-8 by its mark, against the header":
        row(typed("text/html; charset=koi8-r", codecs.BOM_UTF8 + "<title>\u0105</title>".encode()), "200",
            title="\u0105", charset="utf-8"),
    "utf-16 by its mark": row(html(codecs.BOM_UTF16_LE + "<title>\u0105</title>".encode("utf-16-le")), "200",
                              title="\u0105", charset="utf-16le"),
    "utf-16, big end first, by its mark":
        row(html(codecs.BOM_UTF16_BE + "<title>\u0105</title>".encode("utf-16-be")), "200",
            title="\u0105", charset="utf-16be"),
    "utf-16 cut in a character": row(html(codecs.BOM_UTF16_LE + "<title>x</title>".encode("utf-16-le") + b"\0"), "200",
                                     title="x"),
    "charset punycode": said("punycode", "\u0105".encode(), "\u0105", "utf-8"),
    "charset undefined": said("undefined", "\u0105".encode(), "\u0105", "utf-8"),
    "charset utf-7": said("utf-7", UTF7, UTF7.decode()),
    "charset base64": said("base64", "\u0105".encode(), "\u0105", "utf-8"),
    "charset unicode_escape": said("unicode_escape", rb"\x3c\u0105", r"\x3c\u0105"),
    "charset of no name": said("x-none-such", b"\xe9", "\xe9", "windows-1252"),
    "charset of 60 KB": said("u" * 60_000, "\u0105".encode(), "\u0105", "utf-8"),
    "empty charset": said("", "\u0105".encode(), "\u0105", "utf-8"),
    "several charsets": said("iso-8859-2; charset=utf-8", b"\xb1", "\u0105", "iso-8859-2"),
    "header against meta":
        row(typed("text/html; charset=iso-8859-2", b"<meta charset=utf-8><title>\xb1</title>"), "200",
            title="\u0105", charset="iso-8859-2"),
    "meta charset": declared("iso-8859-2", "\u0105", "iso-8859-2", "iso-8859-2"),
    "meta charset, Japanese": declared("euc-jp", JAPANESE, "euc-jp", "euc-jp"),
    "meta charset utf-16 that is utf-8": declared("utf-16le", "\u0105", "utf-8", "utf-8"),
    "meta charset of no name": declared("none-such", "\u0105", "utf-8", "utf-8"),
    "meta http-equiv": row(
        html(b'<meta http-equiv=content-type content="text/html; charset=iso-8859-2"><title>\xb1</title>'), "200",
        title="\u0105", charset="iso-8859-2"),
    "meta in a comment": row(html("<!-- <meta charset=koi8-r> --><title>\u0105</title>"), "200",
                             title="\u0105", charset="utf-8"),
    "nothing said, utf-8": row(html("<title>\u0105\u0119</title>"), "200", title="\u0105\u0119", charset="utf-8"),
    "nothing said, western": row(html(b"<title>caf\xe9</title>"), "200", title="caf\xe9", charset="windows-1252"),
    "malformed utf-8": said("utf-8", b"a\xff\xc0\x80b\xe2\x82", "a\ufffd\ufffd\ufffdb\ufffd", "utf-8"),
    "surrogates in utf-8": said("utf-8", b"a\xed\xa0\x80b", "a\ufffd\ufffd\ufffdb", "utf-8"),
}  # fmt: skip


def many(make: str, count: int, *, title: str | None = None, links: Sequence[str] = ()) -> Row:
    """A page that holds ``make`` so many times, made when it is asked for."""
    return row(
        later(lambda: html("<title>many</title>" + make * count)), "200", title=title or "many", links=tuple(links)
    )


def links_page() -> Behaviour:
    """A million different links, of which 2 MB are looked at, and 50,000 kept."""
    return encoded("gzip", gzip.compress(b"".join(b"<a href=%06d>" % n for n in range(1_000_000)), 1))


CONTENTS: Rows = {
    "empty page": row(html(""), "200", parsed=True, title=None, links=(), size=0),
    "page of NULs": row(html(bytes(5_000)), "200", parsed=True, title=None, links=()),
    "NUL in a title": row(html("<title>he\0llo</title>"), "200", title="he\ufffdllo"),
    "NUL in a tag": row(html("<ti\0tle>hello</ti\0tle><a\0 href=/x>"), "200", title=None, links=()),
    "NUL in a link": row(html("<a href='/a\0b'>"), "200", links=("/a%EF%BF%BDb",)),
    "controls in a title": row(html("<title>\n he\r\nllo\t </title>"), "200", title="he llo"),
    "title of a megabyte": row(later(lambda: html(f"<title>{'x' * 1_000_000}</title>")), "200", title="x" * 500),
    "two titles": row(html("<title>one</title><title>two</title>"), "200", title="one"),
    "title of a drawing": row(html("<svg><title>no</title></svg><title>yes</title>"), "200", title="yes"),
    "title without an end": row(html("<title>hello<a href=/x>"), "200", title="hello<a href=/x>", links=()),
    "title with markup": row(html("<title><b>x</b>&lt;i&gt;&amp;&#0;&#x110000;</title>"), "200",
                             title="<b>x</b><i>&\ufffd\ufffd"),
    "entity bomb": row(typed("application/xhtml+xml", BOMB_XML), "200", title="x &b; &c;"),
    "100,000 nested tags": many("<div>", 100_000),
    "100,000 nested links": many("<a href=/x>", 100_000, links=["/x"]),
    "100,000 nested lists": many("<ul><li>", 50_000),
    "20,000 nested tables": many("<table><td>", 20_000),
    "100,000 end tags": many("</p>", 100_000),
    "formatting without an end": row(
        later(lambda: html("<title>many</title>" + "".join(f"<b {n}>" for n in range(5_000)) + "<p>x" * 20_000)),
        "200", title="many"),
    "100,000 attributes": row(
        later(lambda: html(f"<title>many</title><p {' '.join(f'a{n}=1' for n in range(100_000))}>")), "200",
        title="many"),
    "100,000 attributes of bodies": row(
        later(lambda: html("<title>many</title>" + "".join(f"<body a{n}=1>" for n in range(50_000)))), "200",
        title="many"),
    "attribute of a megabyte": row(later(lambda: html(f"<title>many</title><a href=/{'x' * 1_000_000}>")), "200",
                                   title="many", links=()),
    "a megabyte of less-than signs": many("<", 1_000_000),
    "a megabyte of open comments": many("<!--", 250_000),
    "a megabyte of doctypes": many("<!DOCTYPE ", 100_000),
    "a megabyte of entities": many("&amp;&#38;&nosuch;", 60_000),
    "a megabyte of open quotes": many("<a href='", 110_000),
    "comment without an end": row(html("<title>x</title><!-- <a href=/x>"), "200", title="x", links=()),
    "script without an end": row(html("<title>x</title><script><a href=/x>"), "200", title="x", links=()),
    "tag without an end": row(html("<title>x</title><a href=/x"), "200", title="x", links=()),
    "plaintext": row(html("<title>x</title><plaintext><a href=/x>"), "200", title="x", links=()),
    "no tag at all": row(html("hello"), "200", parsed=True, title=None, links=()),
    "a million links": row(later(links_page), "200", size=15_000_000, count=50_000),
}  # fmt: skip


def hrefs(*values: str, base: str = "") -> Behaviour:
    """A page with these links."""
    return html(base + "".join(f'<a href="{value}">x</a>' for value in values))


LINKS: Rows = {
    "links of other schemes": row(
        hrefs("javascript:x()", "JAVA\tSCRIPT:x", "data:,x", "mailto:a@b", "tel:1", "ftp://a/", "file:///",
              "about:blank", "blob:http://a/1", "ws://a/", "vbscript:x", "x:y"), "200", links=()),
    "links that are none": row(hrefs("http://[::1", "http://a:99999/", "http://", "http://a b/", "http://%00/",
                                     "http://1.2.3.256/"), "200", links=()),
    "links amid white space": row(hrefs("  /a  ", "/b\n\tc", "\t/d"), "200", links=("/a", "/bc", "/d")),
    "links to the page itself": row(hrefs("", "#top", "?", "?q#x"), "200",
                                    links=("/links-to-the-page-itself", "/links-to-the-page-itself?",
                                           "/links-to-the-page-itself?q")),
    "links with dots": row(hrefs("a/../b", "/../../c", "./d/.", "/%2e%2E/e"), "200", links=("/b", "/c", "/d/", "/e")),
    "links with backslashes": row(hrefs("\\a\\b", "/c\\d?e\\f"), "200", links=("/a/b", "/c/d?e\\f")),
    "links in other words": row(hrefs("HTTP://EXAMPLE.com:80/%7Ea", "//example.com/b#c", "http:/d",
                                      "https://b\u00fccher.example"), "200",
                                links=("http://example.com/~a", "http://example.com/b", "/d",
                                              "https://xn--bcher-kva.example/")),
    "links with a login": row(hrefs("http://user:pass@example.com/", "http://a@b@example.com/x"), "200",
                              links=("http://example.com/", "http://example.com/x")),
    "links with percent signs": row(hrefs("/100%", "/%zz", "/%c3%a9", "/\u00e9"), "200",
                                    links=("/100%", "/%zz", "/%C3%A9")),
    "links with lone surrogates": row(hrefs("/&#xD800;"), "200", links=("/%EF%BF%BD",)),
    "a link of 9,000 characters": row(hrefs("/" + "a" * 9_000), "200", links=()),
    "the same link often": row(hrefs(*["/a", "/b"] * 500), "200", links=("/a", "/b")),
    "links where they are none": row(
        html("<!--<a href=/a>--><script><a href=/b></script><textarea><a href=/c></textarea><template><a href=/d>"
             "</template><style><a href=/e></style><a>x</a><a name=f>x</a><a href=/yes>"), "200", links=("/yes",)),
    "links where one may miss them": row(html("<noscript><a href=/a></noscript><A HREF=/b><map><area href=/c></map>"),
                                         "200", links=("/a", "/b", "/c")),
    "base": row(hrefs("a", "/b", base="<base href='/deep/x'>"), "200", links=("/deep/a", "/b")),
    "base elsewhere": row(hrefs("a", base="<base href='//example.com/deep/'>"), "200",
                          links=("http://example.com/deep/a",)),
    "two bases": row(hrefs("a", base="<base target=x><base href=/one/><base href=/two/>"), "200", links=("/one/a",)),
    "base of another scheme": row(hrefs("a", base="<base href='javascript:x/'>"), "200", links=("/a",)),
    "base that is none": row(hrefs("a", base="<base href='http://[/'>"), "200", links=("/a",)),
}  # fmt: skip
