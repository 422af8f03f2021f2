"""Sitemaps in all their forms, and files that were meant to take a reader's time or memory."""

from __future__ import annotations

import gzip
import random
import tracemalloc
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.demo import SITE
from scraper.join import MAX_TOTAL
from scraper.model import Page, Response
from scraper.parse.sitemap import MAX_ENTRIES, MAX_LOCATION, MAX_SIZE, read

URL = "https://example.com/maps/map.xml"
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
A, B, C = (f"https://example.com/{name}" for name in "abc")


def of(body: bytes | str, content_type: str = "application/xml") -> Page:
    """What is read of ``body``."""
    return read(Response(URL, 200, {"content-type": content_type}, body.encode() if isinstance(body, str) else body))


def urlset(*locations: str) -> str:
    """A sitemap with entries of nothing but a URL."""
    entries = "".join(f"<url><loc>{location}</loc></url>" for location in locations)
    return f"{XML}<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{entries}</urlset>"


FULL = f"""{XML}<?xml-stylesheet type="text/xsl" href="/style.xsl"?>
<!-- made by hand -->
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="urn:i" xmlns:xhtml="urn:x">
  <url>
    <loc> {A}
    </loc>
    <lastmod>2024-05-17</lastmod><changefreq>weekly</changefreq><priority>0.8</priority>
    <image:image><image:loc>https://example.com/picture.png</image:loc></image:image>
    <xhtml:link rel="alternate" hreflang="de" href="https://example.com/de"/>
  </url>
  <url><lastmod>2024-05-17T10:00:00+02:00</lastmod><loc>{B}?x=1&amp;y=%20<![CDATA[&z]]></loc></url>
  <other><url><loc>https://example.com/elsewhere</loc></url></other>
  <url><loc>{C}</loc></url>
  <url><loc>{A}</loc><lastmod>1999</lastmod></url>
</urlset>
"""


def test_a_sitemap() -> None:
    page = of(FULL)
    assert page.links == (A, f"{B}?x=1&y=%20&z", C)
    assert page.data == {
        "kind": "urlset",
        "lastmod": {A: "2024-05-17", f"{B}?x=1&y=%20&z": "2024-05-17T10:00:00+02:00"},
        "refused": 0,
    }
    assert (page.charset, page.error) == ("utf-8", None)


FORMS = {
    "index": f"{XML}<sitemapindex xmlns='x'><sitemap><loc>{A}</loc><lastmod>2024</lastmod></sitemap></sitemapindex>",
    "urlset": f"<s:urlset xmlns:s='x'><s:url><s:loc>{A}</s:loc><s:lastmod>2024</s:lastmod></s:url></s:urlset>",
    "rss": f"""{XML}<rss version="2.0"><channel><title>t</title><link>https://example.com/feed</link>
        <item><atom:link xmlns:atom="x" href="/no"/><link>{A}</link><guid>{B}</guid><pubDate>2024</pubDate></item>
        </channel></rss>""",
    "atom": """<feed xmlns="http://www.w3.org/2005/Atom"><link href="/feed"/><updated>1999</updated>
        <entry><link rel="enclosure" href="/no"/><link href="../a"/><link rel="alternate" href="/no"/>
        <updated>2024</updated><content><p><link href="/no"/></p></content></entry></feed>""",
}


@pytest.mark.parametrize("kind", FORMS)
def test_the_forms(kind: str) -> None:
    page = of(FORMS[kind])
    assert page.links == (A,)
    assert page.data == {"kind": kind, "lastmod": {A: "2024"}, "refused": 0}
    assert page.error is None


def test_the_first_version_of_rss() -> None:
    page = of(f"<r:RDF xmlns:r='r' xmlns:d='d'><channel/><item><link>{A}</link><d:date>2024</d:date></item></r:RDF>")
    assert (page.links, page.data["kind"], page.data["lastmod"]) == ((A,), "rss", {A: "2024"})


def test_a_list() -> None:
    page = of(f"\ufeff\r\n{A}\r\n  {B} \n\n/c\nc\n{C}\r{A}", "text/plain")
    assert page.links == (A, B, C)
    assert page.data == {"kind": "text", "lastmod": None, "refused": 2}


@pytest.mark.parametrize(
    "location",
    [
        "", " ", "/a", "a", "//example.com/a", "ftp://example.com/", "javascript:alert(1)", "data:,x", "http://",
        "http://a b/", "mailto:a@example.com", "file:///etc/passwd", A + "a" * MAX_LOCATION,
    ],
)  # fmt: skip
def test_what_is_no_entry(location: str) -> None:
    page = of(urlset(location, B))
    assert (page.links, page.data["refused"], page.error) == ((B,), 1, None)


def test_entries_are_canonical() -> None:
    page = of(urlset("HTTPS://Example.com:443/x/../a#top", "https://user:secret@example.com/b", "http://é.test/é"))
    assert page.links == (A, B, "http://xn--9ca.test/%C3%A9")
    longest = f"{A}{'a' * (MAX_LOCATION - len(A))}"
    assert of(urlset(longest)).links == (longest,)


def test_entries_of_other_hosts_are_the_cores_matter() -> None:
    assert of(urlset("https://other.test/")).links == ("https://other.test/",)


@pytest.mark.parametrize("date", ["ü", "\u202e2024", "20\u202824", " "])
def test_what_is_no_date(date: str) -> None:
    page = of(f"<urlset><url><loc>{A}</loc><lastmod>{date}</lastmod></url></urlset>")
    assert (page.links, page.data["lastmod"]) == ((A,), None)


def test_dates_are_short() -> None:
    page = of(f"<urlset><url><loc>{A}</loc><lastmod>{'2' * 99}</lastmod></url></urlset>")
    assert page.data["lastmod"] == {A: "2" * 40}


def test_without_an_url_an_entry_is_refused() -> None:
    page = of("<urlset><url/><url><lastmod>2024</lastmod></url></urlset>")
    assert (page.links, page.data) == ((), {"kind": "urlset", "lastmod": None, "refused": 2})


LATIN = XML.replace("UTF-8", "{}") + f"<urlset><url><loc>{A}?é</loc></url></urlset>"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (LATIN.format("utf-8").encode(), ""),
        (b"\xef\xbb\xbf" + LATIN.format("latin1").encode(), "text/xml; charset=latin1"),
        (LATIN.format("utf-16").encode("utf-16"), ""),
        (LATIN.format("utf-16").encode("utf-16le"), ""),
        (LATIN.format("utf-8").encode("utf-16be"), "text/xml; charset=utf-8"),
        (LATIN.format("iso-8859-1").encode("latin-1"), ""),
        (LATIN.format("utf-8").encode("latin-1"), "text/xml; charset=windows-1252"),
        (LATIN.format("no-such-charset").encode(), "text/xml; charset=punycode"),
        (LATIN.format("cp037").encode(), ""),  # Python knows it, the encoding standard does not
        (b" \r\n\t" + LATIN.format("utf-8").encode(), ""),
    ],
)
def test_encodings(body: bytes, content_type: str) -> None:
    page = of(body, content_type)
    assert (page.links, page.error) == ((f"{A}?%C3%A9",), None)


@pytest.mark.parametrize("wrapped", [gzip.compress, lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])])
def test_gzip_is_known_by_its_first_bytes(wrapped: object) -> None:
    assert callable(wrapped)
    page = of(wrapped(FULL.encode()), "text/xml")
    assert (page, page.error) == (of(FULL), None)
    assert of(wrapped(FULL.encode()) + b"\0\0\0", "text/xml") == page


@pytest.mark.parametrize(
    ("body", "links", "error"),
    [
        ("", (), "no sitemap: it is empty"),
        (" \n", (), "no sitemap: it is empty"),
        ("<!DOCTYPE html><html><head><title>404</title>", (), "no sitemap: its root is 'html'"),
        ("<HTML><a href='/'>", (), "no sitemap: its root is 'HTML'"),
        (f"<urls><url><loc>{A}</loc></url></urls>", (), "no sitemap: its root is 'urls'"),
        ("<!-- nothing -->", (), "line 1: no element found"),
        ("no\nlist", (), "no sitemap: neither XML nor a list of URLs"),
        ('{"urls": []}', (), "no sitemap: neither XML nor a list of URLs"),
        (urlset(A, B)[:-20], (A,), "line 2: unclosed token"),
        (f"<urlset><url><loc>{A}</loc></url>\n<url><loc>{B}</url></urlset>", (A,), "line 2: mismatched tag"),
        (urlset(A, f"{B}?x&y", C), (A,), "line 2: not well-formed (invalid token)"),
        (urlset(A, f"{B}\x01", C), (A,), "line 2: not well-formed (invalid token)"),
        (urlset(A, f"{B}&#0;", C), (A,), "line 2: reference to invalid character number"),
        (urlset(A, f"{B}&nbsp;", C), (A,), "line 2: undefined entity"),
        (urlset(A).encode() + b"\xff", (A,), "line 2: not well-formed (invalid token)"),
        (urlset(A) + urlset(B), (A,), "line 2: junk after document element"),
        (gzip.compress(urlset(A).encode())[:-9], (), "the gzip stream was cut"),
        (gzip.compress(FULL.encode())[:-4] + b"0000", (), "damaged gzip: Error -3 while decompressing data"),
        (gzip.compress(gzip.compress(FULL.encode())), (), "no sitemap: neither XML nor a list of URLs"),
    ],
)
def test_damage(body: bytes | str, links: tuple[str, ...], error: str) -> None:
    page = of(body)
    assert (page.error or "")[: len(error)] == error
    assert page.links in (links, (A,))
    assert page.links == links or error.startswith(("the gzip", "damaged"))


def test_a_wrong_charset_gives_nothing() -> None:
    page = of(urlset(A), "text/xml; charset=utf-16le")
    assert (page.links, page.data) == ((), None)
    assert page.error is not None


def test_pages_are_no_sitemaps() -> None:
    for path in SITE.rglob("*.html"):
        page = of(path.read_bytes(), "text/html")
        assert (page.links, page.data) == ((), None)
        assert page.error is not None


DTD = "a document type with declarations, such as of entities"
LAUGHS = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 20))


@pytest.mark.parametrize(
    "declarations",
    [
        f"<!ENTITY l0 'ha'>{LAUGHS}",
        f"<!ENTITY l19 '{'a' * 100_000}'>",
        "<!ENTITY l19 SYSTEM 'file:///etc/passwd'>",
        "<!ENTITY l19 SYSTEM 'http://127.0.0.1/'>",
        "<!ENTITY % p SYSTEM 'http://127.0.0.1/'> %p;",
        "<!ENTITY % p '<!ENTITY l19 \"x\">'> %p;",
        "<!ATTLIST url a CDATA 'x'>",
        "<!ELEMENT url ANY>",
    ],
    ids=["laughs", "quadratic", "file", "http", "parameter", "parameter in parameter", "attribute", "element"],
)
def test_declarations_are_refused(declarations: str) -> None:
    body = f"<!DOCTYPE urlset [{declarations}]><urlset><url><loc>http://x.test/&l19;</loc></url></urlset>"
    for charset in ("utf-8", "utf-16"):
        page = of(body.encode(charset), "")
        assert (page.links, page.error) == ((), DTD)


def test_a_document_type_alone_does_no_harm_and_is_not_loaded() -> None:
    body = f"<!DOCTYPE urlset SYSTEM 'http://127.0.0.1:1/x.dtd'><urlset><url><loc>{A}&x;</loc></url></urlset>"
    assert of(body).links == (A,)


def numbered(count: int) -> Iterable[str]:
    return (f"https://example.com/{number}" for number in range(count))


def test_no_more_entries_than_the_protocol_has() -> None:
    page = of(urlset(*numbered(60_000)))
    assert (len(page.links), page.links[-1]) == (MAX_ENTRIES, f"https://example.com/{MAX_ENTRIES - 1}")
    assert page.error == "more than 50000 entries"
    assert of(urlset(*numbered(MAX_ENTRIES))).error is None
    assert len(of("\n".join(numbered(60_000)), "text/plain").links) == MAX_ENTRIES


def test_no_more_bytes_than_the_protocol_has() -> None:
    body = urlset(A).removesuffix("</urlset>").encode()
    exact = body + b" " * (MAX_SIZE - len(body) - len("</urlset>")) + b"</urlset>"
    assert (of(exact).links, of(exact).error) == ((A,), None)
    for over in (b" " + exact, gzip.compress(exact + b"\n", 1)):
        assert (of(over).links, of(over).error) == ((A,), f"more than {MAX_SIZE} bytes")


def test_urls_stay_within_bounds() -> None:
    page = of(urlset(*(f"{url}/{'é' * 1_000}" for url in numbered(5_000))))
    assert MAX_TOTAL - 10_000 < sum(map(len, page.links)) <= MAX_TOTAL
    assert page.error == f"more than {MAX_TOTAL} characters of URLs"


HEAD = b"<urlset><url><loc>https://example.com/a</loc></url>"
HOSTILE = {
    "depth": HEAD + b"<a>" * 100_000,
    "depth in an entry": HEAD + b"<url>" + b"<loc>" * 100_000,
    "a comment": HEAD + b"<!--" + b"a" * 20_000_000,
    "an attribute": HEAD + b"<url a='" + b"a" * 20_000_000,
    "attributes": HEAD + b"<url" + b"".join(b" a%d=''" % number for number in range(1_000_000)),
    "many attributes": HEAD + (b"<a" + b"".join(b" a%d=''" % number for number in range(50_000)) + b"/>") * 50,
    "elements": HEAD + b"<a/>" * 5_000_000,
    "entries": HEAD + b"<url/>" * 4_000_000,
    "instructions": HEAD + b"<?a?>" * 4_000_000,
    "a location": HEAD + b"<url><loc>" + b"a" * 20_000_000,
    "character references": HEAD + b"<url><loc>" + b"&#97;" * 4_000_000,
    "sections": HEAD + b"<url><loc>" + b"<![CDATA[a]]>" * 1_500_000,
    "an open section": HEAD + b"<url><loc><![CDATA[" + b"]" * 20_000_000,
    "a document type": b"<!DOCTYPE " + b"a" * 20_000_000,
    "a declaration": b"<?xml " + b" " * 20_000_000,
    "spaces": b" " * 50_000_000,
    "lines of spaces": b" \n" * 10_000_000,
    "lines": b"a\n" * 10_000_000,
    "one line": b"http://x.test/" + b"a" * 50_000_000,
    "zeros": b"\0" * 50_000_000,
    "garbage": random.Random(5).randbytes(50_000_000),
    "packed zeros": gzip.compress(b"\0" * 200_000_000, 1),
    "packed spaces": gzip.compress(HEAD + b" " * 200_000_000, 1),
    "empty members": gzip.compress(b"") * 500_000,
    "utf-16": b"\xff\xfe" + b"\xd8" * 20_000_000,
}


BOUNDS = {
    "depth": "more than 100 elements inside one another",
    "depth in an entry": "more than 100 elements inside one another",
    "a comment": "line 1: a tag of more than 1000000 bytes",
    "an attribute": "line 1: a tag of more than 1000000 bytes",
    "attributes": "line 1: a tag of more than 1000000 bytes",
    "many attributes": "more than 2000000 elements and attributes",
    "elements": "more than 2000000 elements and attributes",
    "entries": "more than 50000 entries",
    "lines": "more than 50000 entries",
    "packed spaces": "more than 52428800 bytes",
    "packed zeros": "more than 52428800 bytes",
}


@pytest.mark.timeout(15)  # a second at most; unbounded, some take ten times that
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_come_to_an_end(name: str) -> None:
    page = of(HOSTILE[name], "")
    assert page.error is not None
    assert page.error == BOUNDS.get(name, page.error)
    assert page.links in ((A,), ())


@given(st.binary(max_size=200) | st.text("<>/!?[]&;='urlsetoc \n", max_size=200).map(str.encode))
def test_whatever_comes_is_read(rest: bytes) -> None:
    assert of(HEAD + rest).links[:1] == (A,)
    of(rest, "")
    of(b"\x1f\x8b\x08" + rest, "")


@given(st.integers(0, len(FULL)))
def test_what_comes_before_a_cut_counts(at: int) -> None:
    whole, page = of(FULL), of(FULL[:at])
    assert whole.links[: len(page.links)] == page.links
    assert page.error is not None or at >= len(FULL.rstrip())


def test_what_grows_in_utf_8_is_not_there_twice() -> None:
    """A file of the greatest size took 300 MB so."""
    body = b"<?xml version='1.0' encoding='windows-1252'?><urlset>" + b"\x80" * 4_000_000
    tracemalloc.start()
    of(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * len(body)
