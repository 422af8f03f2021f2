"""What pages ask of robots, and which of their links are followed."""

from __future__ import annotations

from typing import Any

from tests.behaviours.robots import PAGE, looked_for, site
from tests.behaviours.rows import Row, Rows, html, row
from tests.server import redirect

__all__ = ["MANNERS"]


def page(markup: str, *paths: str, headers: tuple[str, ...] = (), **facts: Any) -> Row:
    """A page on a host of its own, and the paths that are fetched because of it."""
    found = {path: row(PAGE, "200", seed=False, title="page") for path in paths}
    behaviour = html(f"<title>page</title>{markup}", *headers)
    return site(None, behaviour=behaviour, sitemap=looked_for(), more=found, **facts)


def meta(content: str, *paths: str, name: str = "robots", **facts: Any) -> Row:
    return page(f'<meta name="{name}" content="{content}"><a href=/a>', *paths, **facts)


def tag(value: str, *paths: str, **facts: Any) -> Row:
    return page("<a href=/a>", *paths, headers=(f"X-Robots-Tag: {value}",), **facts)


MANNERS: Rows = {
    "meta nofollow": meta("nofollow", directives="nofollow", cut="nofollow"),
    "meta none": meta("NONE", cut="nofollow"),
    "meta noindex, nofollow": meta("noindex , nofollow", cut="nofollow"),
    "meta noindex": meta("noindex", "/a", directives="noindex", cut=None),
    "meta for us": meta("nofollow", name="scraper", cut="nofollow"),
    "meta for others": meta("nofollow", "/a", name="otherbot", cut=None),
    "header nofollow": tag("nofollow", directives="nofollow", cut="nofollow"),
    "header none, in a list": tag("noarchive, none", cut="nofollow"),
    "header for us": tag("scraper: nofollow", cut="nofollow"),
    "header for others": tag("otherbot: noindex, nofollow", "/a", cut=None),
    "header with a date": tag("unavailable_after: 25 Jun 2010 15:00:00 PST", "/a", cut=None),
    "rel nofollow": page('<a href=/no rel="NoFollow ugc"><a href=/a>', "/a", links=("/a",)),
    "iframe": page("<iframe src=/a></iframe><a href=/b>", "/a", "/b"),
    "meta refresh": page("<meta http-equiv=refresh content='5; url=/a'>", "/a"),
    "refresh in the header": page("", "/a", headers=("Refresh: 0; url=/a",)),
    "refresh to javascript": page("", headers=("Refresh: 0; url=javascript:x()",), links=()),
    "what is not followed": page(
        "<img src=/i srcset='/j 2x'><script src=/s></script><link rel=stylesheet href=/c><form action=/f></form>",
        links=()),
    "what is not followed, in the header": page("", headers=('Link: </c>; rel=preload, </d>; rel="next"',), links=()),
    "canonical": page("<link rel=canonical href=/c><a href=/a>", "/a", canonical="/c"),
    "a page that is not there": site(
        None, behaviour=html("<title>404 Not Found</title><a href=/no>"), sitemap=looked_for(),
        cut="soft-404"),
    "a link that robots.txt forbids": site(
        row(html("User-agent: *\nDisallow: /no"), "200", seed=False), behaviour=html("<a href=/no><a href=/b>"),
        sitemap=looked_for(),
        more={"/no": row(None, "refused: robots", seed=False), "/b": row(PAGE, "200", seed=False)}),
    "a redirect that robots.txt forbids": site(
        row(html("User-agent: *\nDisallow: /no"), "200", seed=False), "302", behaviour=redirect("/no"),
        sitemap=looked_for(), more={"/no": row(None, "refused: robots", seed=False)}),
    "a link that repeats itself": page("<a href=/x/x/x/x/x/x/><a href=/a>", "/a"),
    "a link with 50 parameters": page(f"<a href='/?{'&'.join(f'p{n}=1' for n in range(50))}'><a href=/a>", "/a"),
    "a link of 3,000 characters": page(f"<a href='/{'a' * 3_000}'><a href=/a>", "/a"),
    "a link with a session": page("<a href='/a;jsessionid=0123456789ABCDEF'>", "/a"),
}  # fmt: skip
