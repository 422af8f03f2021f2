"""Sitemaps: whole, packed, damaged, lying and without end (sitemaps.org)."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from typing import Any

from tests.behaviours.robots import PAGE, site
from tests.behaviours.rows import Row, Rows, here, html, later, row, typed
from tests.server import Behaviour, close, endless, ok, redirect, stall, status

__all__ = ["SITEMAPS"]

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
URLSET = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'


def local(text: str, content_type: str = "application/xml", codec: str = "utf-8", pack: bool = False) -> Behaviour:
    """An answer in which ``{base}`` is our own origin."""

    def make(base: str) -> Behaviour:
        body = text.replace("{base}", f"http://{base}").replace("{port}", base.partition(":")[2]).encode(codec)
        return typed(content_type, gzip.compress(body, mtime=0) if pack else body)

    return here(make)


def entries(*urls: str) -> str:
    return "".join(f"<url><loc>{url}</loc></url>" for url in urls)


def urlset(*urls: str) -> str:
    return f"{HEAD}{URLSET}{entries(*urls)}</urlset>"


def index(*urls: str) -> str:
    return f"{HEAD}<sitemapindex>{''.join(f'<sitemap><loc>{url}</loc></sitemap>' for url in urls)}</sitemapindex>"


def found(*paths: str) -> dict[str, Row]:
    """Pages that a sitemap leads to."""
    return {path: row(PAGE, "200", seed=False, title="page", kind="page") for path in paths}


def mapped(
    behaviour: Behaviour, *paths: str, more: Mapping[str, Row] | None = None, word: str = "200", **facts: Any
) -> Row:
    """A sitemap at its usual place, and the pages that it leads to."""
    sitemap = row(behaviour, word, seed=False, kind="sitemap", **facts)
    return site(None, sitemap=sitemap, more={**found(*paths), **(more or {})})


def named(robots: str, more: Mapping[str, Row]) -> Row:
    """Sitemaps that robots.txt names."""
    behaviour = local(robots, "text/plain")
    return site(row(behaviour, "200", seed=False, kind="robots"), more=more)


def further(behaviour: Behaviour, word: str = "200", **facts: Any) -> Row:
    return row(behaviour, word, seed=False, kind="sitemap", **facts)


def cut_gzip() -> Behaviour:
    """Its first entry is there, its second is not."""

    def make(base: str) -> Behaviour:
        packer = zlib.compressobj(0, wbits=31)
        body = urlset(f"http://{base}/a", f"http://{base}/b").encode()
        data = packer.compress(body) + packer.flush()
        return typed("application/gzip", data[: data.index(b"/b<")])

    return here(make)


def gzip_bomb() -> Behaviour:
    packed = gzip.compress(f"{HEAD}{URLSET}<url><loc>".encode() + b" " * 60_000_000, 1)
    return typed("application/gzip", packed)


def many(count: int) -> Behaviour:
    return local(urlset(*(f"{{base}}/unwanted/{n}" for n in range(count))))


def rss(body: str) -> str:
    return f'{HEAD}<rss version="2.0"><channel><link>{{base}}/no</link>{body}</channel></rss>'


def atom(body: str) -> str:
    return f'{HEAD}<feed xmlns="http://www.w3.org/2005/Atom"><link href="{{base}}/no"/>{body}</feed>'


LOL = "".join(f'<!ENTITY l{n} "{"&l" + str(n - 1) + ";" if n else "lol"}{"&l" + str(n - 1) + ";" if n else "lol"}">'
              for n in range(30))  # fmt: skip
BOMB = f"<!DOCTYPE urlset [{LOL}]>{URLSET}{entries('{base}/&l29;')}</urlset>"
XXE = f'<!DOCTYPE urlset [<!ENTITY x SYSTEM "file:///etc/passwd">]>{URLSET}{entries("{base}/&x;")}</urlset>'
PARAMETER = '<!DOCTYPE urlset [<!ENTITY % x SYSTEM "{base}/never.dtd"> %x;]>' + urlset("{base}/a")[len(HEAD) :]

ATTRIBUTES = " ".join(f"a{n}=''" for n in range(100_000))

SITEMAPS: Rows = {
    "sitemap": mapped(local(urlset("{base}/a", "{base}/b")), "/a", "/b", links=("/a", "/b"), error=None),
    "sitemap with dates": mapped(
        local(f"{URLSET}<url><loc>{{base}}/a</loc><lastmod>2024-05-01</lastmod></url></urlset>"), "/a", count=1),
    "sitemap with white space": mapped(local(urlset("\n {base}/a \n", "<![CDATA[{base}/b?x&y]]>", "{base}/c?x&amp;y")),
                                       "/a", "/b?x&y", "/c?x&y"),
    "sitemap without a namespace": mapped(local(f"<urlset>{entries('{base}/a')}</urlset>"), "/a"),
    "sitemap with a prefix": mapped(
        local("<s:urlset xmlns:s='x'><s:url><s:loc>{base}/a</s:loc></s:url></s:urlset>"), "/a"),
    "sitemap with images": mapped(
        local(f"{URLSET}<url><loc>{{base}}/a</loc><image><loc>{{base}}/no</loc></image></url></urlset>"), "/a"),
    "sitemap as a page": mapped(local(urlset("{base}/a"), "text/html"), "/a"),
    "sitemap in UTF-16": mapped(local(urlset("{base}/a"), codec="utf-16"), "/a"),
    "sitemap with a mark": mapped(local(urlset("{base}/a"), codec="utf-8-sig"), "/a"),
    "sitemap in latin-1": mapped(
        local("<?xml version='1.0' encoding='iso-8859-1'?>" + urlset("{base}/\xe9")[len(HEAD) :], codec="latin-1"),
        "/%C3%A9"),
    "sitemap in a file of gzip": mapped(local(urlset("{base}/a"), "application/gzip", pack=True), "/a"),
    "sitemap in gzip as XML": mapped(local(urlset("{base}/a"), pack=True), "/a"),
    "sitemap in gzip that is cut": mapped(cut_gzip(), "/a", links=("/a",), error="the gzip stream was cut"),
    "sitemap that is a gzip bomb": mapped(later(gzip_bomb), links=(), error="more than 52428800 bytes"),
    "sitemap that is a bomb by its coding": mapped(
        later(lambda: ok(gzip.compress(bytes(60_000_000), 1), "Content-Encoding: gzip\r\n")), links=()),
    "sitemap without an end": mapped(endless(b"HTTP/1.1 200 OK\r\n\r\n" + URLSET.encode(), b"<url></url>"), links=()),
    "sitemap with an entity bomb": mapped(local(BOMB), links=()),
    "sitemap with an external entity": mapped(local(XXE), links=()),
    "sitemap with a parameter entity": mapped(local(PARAMETER), links=()),
    "sitemap with an external DTD": mapped(
        local(f'<!DOCTYPE urlset SYSTEM "{{base}}/never.dtd">{URLSET}{entries("{base}/a")}</urlset>'), "/a"),
    "sitemap with unknown entities": mapped(local(f"{URLSET}{entries('{base}/a', '{base}/&nbsp;')}</urlset>"), "/a"),
    "sitemap cut": mapped(local(urlset("{base}/a", "{base}/b")[:-30]), "/a", links=("/a",)),
    "sitemap with junk behind": mapped(local(urlset("{base}/a") + "<junk>"), "/a"),
    "sitemap of another site": mapped(local(urlset("http://example.com/", "{base}/a", "http://localhost:{port}/")),
                                      "/a", count=3),
    "sitemap of other schemes": mapped(
        local(urlset("javascript:x()", "file:///etc/passwd", "ftp://127.0.0.1/", "data:,x", "/relative", "",
                     "{base}/a")), "/a", links=("/a",)),
    "sitemap with too long a URL": mapped(local(urlset("{base}/" + "x" * 3_000, "{base}/a")), "/a", links=("/a",)),
    "sitemap with the same URL often": mapped(local(urlset(*["{base}/a"] * 1_000)), "/a", links=("/a",)),
    "sitemap with a login": mapped(local(urlset("http://user:pass@127.0.0.1:{port}/a")), "/a", links=("/a",)),
    "sitemap of 60,000 entries": mapped(later(lambda: many(60_000)), count=50_000),
    "sitemap nested deeply": mapped(local(URLSET + "<url>" * 50_000), links=()),
    "sitemap with 100,000 attributes": mapped(
        later(lambda: local(f"<urlset {ATTRIBUTES}>{entries('{base}/a')}</urlset>")),
        "/a"),
    "sitemap that is a page": mapped(html("<!DOCTYPE html><title>none</title><a href=/no>no</a>"), links=()),
    "sitemap that is an image": mapped(typed("image/png", b"\x89PNG\r\n\x1a\n" + bytes(500)), links=()),
    "sitemap of nothing": mapped(typed("application/xml", ""), links=()),
    "sitemap as RSS": mapped(
        local(rss("<item><link>{base}/a</link></item><item><link>{base}/b</link></item>")), "/a", "/b"),
    "sitemap as RSS 1.0": mapped(
        local('<rdf:RDF xmlns:rdf="x"><channel><link>{base}/no</link></channel>'
              "<item><link>{base}/a</link></item></rdf:RDF>"),
        "/a"),
    "sitemap as Atom": mapped(
        local(atom('<entry><link rel="self" href="/no"/><link href="a"/></entry>'
                   '<entry><link href="{base}/b"/></entry>')),
        "/a", "/b"),
    "sitemap as text": mapped(local("{base}/a\r\n\n  {base}/b  \n", "text/plain"), "/a", "/b"),
    "sitemap as text of junk": mapped(typed("text/plain", "hello\nworld\n" * 1_000), links=()),
    "sitemap missing": mapped(status(404), word="404"),
    "sitemap with an error": mapped(status(500), word="500"),
    "sitemap closed": mapped(close(), word="reset"),
    "sitemap silent": mapped(stall(), word="timeout"),
    "sitemap elsewhere": mapped(redirect("/s/2.xml"), "/a", word="302",
                                more={"/s/2.xml": further(local(urlset("{base}/a")))}),
    "sitemap that leads to itself": mapped(redirect("/sitemap.xml"), word="302", location="/sitemap.xml"),
    "sitemap that leads to a file": mapped(redirect("file:///etc/passwd"), word="302", location=None),
    # more than one
    "index of sitemaps": mapped(
        local(index("{base}/1.xml", "{base}/2.xml.gz")), "/a", "/b",
        more={"/1.xml": further(local(urlset("{base}/a"))),
              "/2.xml.gz": further(local(urlset("{base}/b"), pack=True))}),
    "index that lists itself": mapped(local(index("{base}/sitemap.xml", "{base}/1.xml")), "/a",
                                      more={"/1.xml": further(local(urlset("{base}/a")))}),
    "indexes that list one another": mapped(
        local(index("{base}/1.xml")), more={"/1.xml": further(local(index("{base}/sitemap.xml")))}),
    "index of another site": mapped(local(index("http://localhost:{port}/1.xml", "http://example.com/1.xml")), count=2),
    "index without an end": mapped(
        local(index("{base}/1.xml")),
        more={f"/{n}.xml": further(local(index(f"{{base}}/{n + 1}.xml"))) for n in range(1, 4)}),
    "index of pages": mapped(local(index("{base}/1.xml")), more={"/1.xml": further(html("<a href=/no>"), links=())}),
    "sitemaps by robots.txt": named(
        "Sitemap: {base}/1.xml\nsitemap: /2.xml\nSitemap:\nSitemap: javascript:x\nSITEMAP: {base}/1.xml#x\n",
        {**found("/a", "/b"), "/1.xml": further(local(urlset("{base}/a"))),
         "/2.xml": further(local(urlset("{base}/b")))}),
    "sitemap by robots.txt on another host": named(
        "Sitemap: http://localhost:{port}/1.xml\n",
        {**found("/a"), "/1.xml": row(local(urlset("{base}/a", "http://example.com/b")), "200", seed=False,
                                      kind="sitemap", host="localhost")}),
}  # fmt: skip
