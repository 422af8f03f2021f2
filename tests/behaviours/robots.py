"""robots.txt: what is there instead of it, and what it says (RFC 9309)."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from typing import Any

from tests.behaviours.rows import Row, Rows, head, here, html, later, own, row, typed
from tests.server import (
    Behaviour,
    close,
    drip,
    endless,
    ok,
    raw,
    redirect,
    reset,
    stall,
    status,
)

__all__ = ["ROBOTS", "site"]

PAGE = html("<title>page</title>")
ALL = "User-agent: *\n"
NONE = b"User-agent: *\nDisallow: /\n"
TOO_SLOW = "refused: crawl-delay"
FORBIDDEN = "refused: robots"


def site(
    robots: Row | None,
    word: str = "200",
    *,
    behaviour: Behaviour = PAGE,
    pages: Mapping[str, str] | None = None,
    more: Mapping[str, Row] | None = None,
    sitemap: Row | None = None,
    scripts: Mapping[str, Behaviour] | None = None,
    **facts: Any,
) -> Row:
    """A host of its own.

    :param robots: its robots file; None where there is none.
    :param word: what becomes of the row's own page.
    :param pages: further seeds on the host, and what becomes of them.
    :param sitemap: what is at ``/sitemap.xml``, where nothing else is named; None for a 404, and none is looked for
        where the robots file cannot be had.
    """
    parts = {"/robots.txt": robots or row(None, "404", seed=False, kind="robots")}
    parts |= {path: row(PAGE, word) for path, word in (pages or {}).items()}
    parts |= more or {}
    if sitemap is not None:
        parts["/sitemap.xml"] = sitemap
    return row(behaviour, word, place=own(), more=parts, scripts=scripts, mannered=True, **facts)


def looked_for() -> Row:
    """The sitemap that is looked for at its usual place, and is not there."""
    return row(None, "404", seed=False, kind="sitemap")


def text(*lines: str) -> Behaviour:
    """A robots file."""
    return typed("text/plain", "\n".join(lines) + "\n")


def said(robots: Behaviour | str, word: str = "200", **pages: str) -> Row:
    """A robots file that is there; keywords are further paths and what becomes of them."""
    behaviour = text(ALL + robots) if isinstance(robots, str) else robots
    paths = {f"/{name}": word for name, word in pages.items()}
    sitemap = None if word == TOO_SLOW else looked_for()  # a host that is left alone is asked for nothing more
    return site(row(behaviour, "200", seed=False, kind="robots"), word, pages=paths, sitemap=sitemap)


def absent(robots: Behaviour, word: str) -> Row:
    """No robots file, and so no rules."""
    return site(row(robots, word, seed=False, kind="robots"), sitemap=looked_for())


def beyond(robots: Behaviour, word: str) -> Row:
    """A robots file that cannot be had, so that nothing may be fetched."""
    return site(row(robots, word, seed=False, kind="robots"), FORBIDDEN)


def led(count: int) -> dict[str, Row]:
    """So many redirects from one robots file to the next; the last of them forbids everything."""
    parts = {
        f"/r{n}": row(redirect(f"/r{n + 1}"), "302", seed=False, kind="robots", location=f"/r{n + 1}")
        for n in range(1, min(count, 6))
    }
    if count < 6:
        parts[f"/r{count}"] = row(typed("text/plain", NONE), "200", seed=False, kind="robots")
    return parts


def elsewhere() -> Behaviour:
    return here(lambda base: redirect(f"http://localhost:{base.partition(':')[2]}/others.txt"))


ROBOTS: Rows = {
    "no robots.txt": absent(status(404), "404"),
    "robots.txt gone": absent(status(410), "410"),
    "robots.txt behind a login": absent(status(401, "WWW-Authenticate: Basic\r\n"), "401"),
    "robots.txt forbidden": absent(status(403), "403"),
    "robots.txt for legal reasons": absent(status(451), "451"),
    "robots.txt, 404 that forbids": absent(ok(NONE, code="404 Not Found"), "404"),
    "robots.txt, 204": absent(raw(b"HTTP/1.1 204 No Content\r\n\r\n"), "204"),
    "robots.txt, 304": absent(raw(b"HTTP/1.1 304 Not Modified\r\n\r\n"), "304"),
    "robots.txt, 429": beyond(status(429), "429"),
    "robots.txt, 500": beyond(status(500), "500"),
    "robots.txt, 502": beyond(status(502), "502"),
    "robots.txt, 503 for an hour": beyond(status(503, "Retry-After: 3600\r\n"), "503"),
    "robots.txt, 599": beyond(status(599), "599"),
    "robots.txt closed": beyond(close(), "reset"),
    "robots.txt reset": beyond(reset(), "reset"),
    "robots.txt cut": beyond(close(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + NONE), "reset"),
    "robots.txt that is no HTTP": beyond(close(b"SSH-2.0-OpenSSH_9.6\r\n"), "protocol"),
    "robots.txt with two lengths": beyond(head("Content-Length: 1", "Content-Length: 2"), "protocol"),
    "robots.txt in broken gzip": beyond(ok(gzip.compress(b"")[:-5], "Content-Encoding: gzip\r\n"), "encoding"),
    "robots.txt in an unknown coding": beyond(ok(NONE, "Content-Encoding: rot13\r\n"), "encoding"),
    "robots.txt silent": beyond(stall(), "timeout"),
    "robots.txt silent in the middle": beyond(stall(b"HTTP/1.1 200 OK\r\n\r\n" + ALL.encode()), "timeout"),
    "robots.txt for ever": beyond(drip(b"HTTP/1.1 200 OK\r\n\r\n" + b"# robots\n" * 99, 0.05, 9), "timeout"),
    "robots.txt elsewhere": site(row(redirect("/r1", 301), "301", seed=False, kind="robots", location="/r1"), FORBIDDEN,
                                 more=led(1), sitemap=looked_for()),
    "robots.txt by five redirects": site(row(redirect("/r1"), "302", seed=False, kind="robots"), FORBIDDEN,
                                         more=led(5), sitemap=looked_for()),
    "robots.txt by six redirects": site(row(redirect("/r1"), "302", seed=False, kind="robots"),
                                        more=led(6), sitemap=looked_for()),
    "robots.txt of another host": site(
        row(elsewhere(), "302", seed=False, kind="robots"), FORBIDDEN, sitemap=looked_for(),
        more={"/others.txt": row(typed("text/plain", NONE), "200", seed=False, kind="robots", host="localhost")}),
    "robots.txt that leads to itself": site(
        row(redirect("/robots.txt"), "302", seed=False, kind="robots"), sitemap=looked_for()),
    "robots.txt in a loop": site(
        row(redirect("/r1"), "302", seed=False, kind="robots"), sitemap=looked_for(),
        more={"/r1": row(redirect("/robots.txt"), "302", seed=False, kind="robots")}),
    "robots.txt to nowhere": absent(status(301), "301"),
    "robots.txt to a file": absent(redirect("file:///etc/passwd"), "302"),
    "robots.txt to a page": site(row(redirect("/front"), "302", seed=False, kind="robots"), sitemap=looked_for(),
                                 more={"/front": row(html("<p>Disallow: /"), "200", seed=False, kind="robots")}),
    # what it is
    "robots.txt of nothing": said(ok(b"")),
    "robots.txt of white space": said(ok(b" \r\n\t\n" * 100)),
    "robots.txt of NULs": said(ok(bytes(10_000))),
    "robots.txt that is a page": said(html("<html><p>User-agent: *<br>Disallow: /</html>")),
    "robots.txt that is an image": said(typed("image/png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9)),
    "robots.txt as HTML": said(typed("text/html", NONE), FORBIDDEN),
    "robots.txt as an image": said(typed("image/png", NONE), FORBIDDEN),
    "robots.txt without a type": said(ok(NONE), FORBIDDEN),
    "robots.txt in gzip": said(ok(gzip.compress(NONE), "Content-Encoding: gzip\r\n"), FORBIDDEN),
    "robots.txt in gzip, unsaid": said(ok(gzip.compress(NONE))),
    "robots.txt with a mark": said(ok(b"\xef\xbb\xbf" + NONE), FORBIDDEN),
    "robots.txt with half a mark": said(ok(b"\xef\xbb" + NONE), FORBIDDEN),
    "robots.txt in UTF-16": said(ok(NONE.decode().encode("utf-16")), FORBIDDEN),
    "robots.txt with NULs": said(ok(b"User-\0agent: *\nDis\0allow: /\n"), FORBIDDEN),
    "robots.txt with CR": said(ok(NONE.replace(b"\n", b"\r")), FORBIDDEN),
    "robots.txt with CR LF": said(ok(NONE.replace(b"\n", b"\r\n")), FORBIDDEN),
    "robots.txt in capitals": said(ok(NONE.upper()), FORBIDDEN),
    "robots.txt without a last line end": said(ok(NONE[:-1]), FORBIDDEN),
    "robots.txt of 10 MB": said(later(lambda: ok(NONE + b"# much\n" * 1_500_000)), FORBIDDEN),
    "robots.txt that forbids after 10 MB": said(later(lambda: ok(b"# much\n" * 1_500_000 + NONE))),
    "robots.txt that forbids after 400 KB": said(later(lambda: ok(b"# much\n" * 60_000 + NONE)), FORBIDDEN),
    "robots.txt without an end": said(endless(b"HTTP/1.1 200 OK\r\n\r\n" + NONE, b"# robots\n"), FORBIDDEN),
    "robots.txt without an end, in chunks": said(
        endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"9\r\n# robots\n\r\n")),
    "robots.txt that is a bomb": said(
        later(lambda: ok(gzip.compress(NONE + b"\n" * 20_000_000, 1), "Content-Encoding: gzip\r\n")), FORBIDDEN),
    "robots.txt of one long line": said(later(lambda: ok(b"Disallow: /" * 100_000))),
    "robots.txt of 25,000 rules": said(
        later(lambda: ok(b"User-agent: *\n" + b"".join(b"Disallow: /%d*x\n" % n for n in range(100_000)))), n5y="200",
        n5x="200"),
    # what it says
    "robots.txt that forbids all": said("Disallow: /", FORBIDDEN, a=FORBIDDEN),
    "robots.txt that allows all": said("Disallow:", a="200"),
    "robots.txt that allows more": said("Disallow: /\nAllow: /a", FORBIDDEN, a="200", ab="200", b=FORBIDDEN),
    "robots.txt, the longer counts": said("Allow: /a\nDisallow: /ab", a="200", ab=FORBIDDEN, ac="200"),
    "robots.txt, equals allow": said("Disallow: /a\nAllow: /a", a="200"),
    "robots.txt with stars": said("Disallow: /*b*d", abcd=FORBIDDEN, abc="200"),
    "robots.txt with an end": said("Disallow: /a$", a=FORBIDDEN, ab="200"),
    "robots.txt with very many stars": said("Disallow: /" + "*a" * 1_000 + "b", **{"a" * 900: "200"}),
    "robots.txt with escapes": said("Disallow: /%61\nDisallow: /%7Eb", a=FORBIDDEN, **{"~b": FORBIDDEN}, c="200"),
    "robots.txt with comments": said("Disallow: /a # and more\n#Disallow: /b", a=FORBIDDEN, b="200"),
    "robots.txt for us": said(text("User-agent: *", "Disallow: /", "User-agent: Scraper", "Disallow: /a"), a=FORBIDDEN),
    "robots.txt for us, with a version": said(text("User-agent: scraper/2.0", "Disallow: /"), FORBIDDEN),
    "robots.txt for others": said(text("User-agent: otherbot", "Disallow: /")),
    "robots.txt for a longer name": said(text("User-agent: scraperbot", "Disallow: /")),
    "robots.txt for several": said(text("User-agent: otherbot", "User-agent: scraper", "Disallow: /a"), a=FORBIDDEN),
    "robots.txt for us twice": said(
        text("User-agent: scraper", "Disallow: /a", "User-agent: x", "Disallow: /", "User-agent: scraper",
             "Disallow: /b"),
        a=FORBIDDEN, b=FORBIDDEN),
    "robots.txt for nobody": said(text("Disallow: /")),
    "robots.txt with other lines": said("Host: example.org\nNoindex: /\nDisallow: /a\nUnknown: x", a=FORBIDDEN),
    "robots.txt with a short delay": said("Crawl-delay: 0.05", a="200", b="200"),
    "robots.txt with a delay that is none": said("Crawl-delay: never\nCrawl-delay: -5\nCrawl-delay: NaN"),
    "robots.txt with too long a delay": said("Crawl-delay: 3600", TOO_SLOW, a=TOO_SLOW),
    "robots.txt with a delay of ages": said("Crawl-delay: " + "9" * 400, TOO_SLOW),
    "robots.txt with a delay for others": said(text("User-agent: otherbot", "Crawl-delay: 3600")),
}  # fmt: skip
